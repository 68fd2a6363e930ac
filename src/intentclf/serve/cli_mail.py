"""The command `intentclf prelabel`: labels on inbound e-mail, in a mailbox on a server or on this disk."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intentclf.serve.cli_respond import AgreementOption, AgreementsOption, CountryOption, KnownIssuesOption, ZoneOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from intentclf.serve.prelabel.preview import Preview

__all__ = ["prelabel"]

PremierOption = Annotated[
    bool | None, typer.Option("--premier", help="The customer holds the extended agreement that level A asks for.")
]
SpeakOption = Annotated[
    str | None, typer.Option("--speak", help="Language of what is said to the agent: nl, nb, ru or en.")
]


def prelabel(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE", help="imaps://user@host[:port]/Folder, imap://… (STARTTLS), a Maildir or an mbox."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File that gets a line of JSON for each message.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file of settings, named as the options; options win.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option("--state", help="What was done already; by default beside --out, with .state.")
    ] = None,
    keyword: Annotated[
        list[str] | None,
        typer.Option("--keyword", help="Flag to set, such as intentclf-{severity}; may be repeated."),
    ] = None,
    move: Annotated[str | None, typer.Option("--move", help="Folder to move to, such as Desk/{team}.")] = None,
    copy_to: Annotated[
        str | None, typer.Option("--copy-to", help="Folder that gets a copy with X-Intentclf-… headers.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", help="NAME=TEMPLATE: headers of the copy; may be repeated.")
    ] = None,
    automatic_keyword: Annotated[
        str | None, typer.Option("--automatic-keyword", help="Flag for messages that a program wrote.")
    ] = None,
    book: Annotated[
        str | None, typer.Option("--book", help="Code book of {code}; by default the one that the route puts first.")
    ] = None,
    watch: Annotated[bool | None, typer.Option("--watch/--once", help="Stay and label what comes (IDLE).")] = None,
    poll: Annotated[
        float | None, typer.Option("--poll", help="Seconds between looks where the server has no IDLE; 60.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing anywhere; show what would be done.")
    ] = False,
    redact: Annotated[
        bool | None, typer.Option("--redact/--no-redact", help="Take private data out before anything else is done.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Messages to handle at most.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Leave what came before this date, 2026-11-21.")] = None,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", help="Certificate of your own authority, PEM; the only one trusted.")
    ] = None,
    insecure: Annotated[
        bool | None, typer.Option("--insecure", help="With imap://: no encryption, for a server on this machine.")
    ] = None,
    password_env: Annotated[
        str | None, typer.Option("--password-env", help="Variable of the password; INTENTCLF_IMAP_PASSWORD.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="File of the password, readable by its owner alone.")
    ] = None,
    keyring: Annotated[
        str | None, typer.Option("--keyring", help="Service in the system's keyring that holds the password.")
    ] = None,
    token_command: Annotated[
        str | None, typer.Option("--token-command", help="Command that prints an OAuth 2.0 access token (XOAUTH2).")
    ] = None,
    log_format: Annotated[str | None, typer.Option("--log-format", help="text or json, on the error output.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Processes; as many as processors.")] = None,
    words: Annotated[
        int | None, typer.Option("--words", help="Words of evidence for each code; 0, as they halve the speed.")
    ] = None,
    largest_mb: Annotated[
        float | None, typer.Option("--largest-mb", help="Of larger messages only the beginning is read; 40.")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped model by default.")] = None,
    agreement: AgreementOption = None,
    agreements: AgreementsOption = None,
    zone: ZoneOption = None,
    country: CountryOption = None,
    premier: PremierOption = None,
    known_issues: KnownIssuesOption = None,
    speak: SpeakOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: lines of JSON, not a table.")] = False,
) -> None:
    """Label inbound e-mail once, each message: keywords, folders, copies with headers, and a line of JSON."""
    from intentclf.serve.prelabel.service import serve, shown
    from intentclf.serve.prelabel.settings import load_settings
    from intentclf.serve.prelabel.settings_values import CHECKS

    told = locals()
    settings = load_settings({name: told[name] for name in CHECKS}, config=config, dry_run=dry_run)
    if dry_run:
        with closing(shown(settings)) as previews:
            _show(previews, as_json=as_json)
        return
    code = serve(settings)
    if code:
        raise typer.Exit(code)


def _show(previews: Iterable[Preview], *, as_json: bool) -> None:
    if as_json:
        for each in previews:
            print(json.dumps(each.to_dict(), ensure_ascii=False), flush=True)
        return
    from intentclf.serve.render import show_table

    header = ("uid", "would be", "code", "severity", "action", "team", "labels")
    show_table(header, (each.row() for each in previews))
