"""The commands `intentclf respond …`, and the options in which a desk tells of itself, shared by all that answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intentclf.errors import InputError

if TYPE_CHECKING:
    from intentclf.predict.model import Model
    from intentclf.respond.advice import AdviceSettings
    from intentclf.respond.due.agreements import Agreement

__all__ = [
    "AdviceOption",
    "AgreementOption",
    "AgreementsOption",
    "CountryOption",
    "ExtraOption",
    "KnownIssuesOption",
    "PremierOption",
    "SpeakOption",
    "ZoneOption",
    "advice_settings",
    "extra_values",
    "respond_app",
]

respond_app = typer.Typer(no_args_is_help=True, help="Due times, and what follows when a customer does not answer.")

AdviceOption = Annotated[
    bool, typer.Option("--advice/--no-advice", help="Say what to do next: signals, due time, route, draft, question …")
]
AgreementOption = Annotated[
    str | None, typer.Option("--agreement", help="Agreement whose response times hold, such as office365_business.")
]
AgreementsOption = Annotated[
    Path | None, typer.Option("--agreements", help="CSV of the desk's own agreements, in the form of the shipped one.")
]
ZoneOption = Annotated[str | None, typer.Option("--zone", help="The customer's time zone, such as Europe/Oslo.")]
CountryOption = Annotated[
    str | None, typer.Option("--country", help="The customer's country (NL, NO, RU, CN), for public holidays.")
]
PremierOption = Annotated[
    bool, typer.Option("--premier", help="The customer holds the extended agreement that level A asks for.")
]
KnownIssuesOption = Annotated[Path | None, typer.Option("--known-issues", help="YAML file of known issues.")]
SpeakOption = Annotated[str, typer.Option("--speak", help="Language of what is said to the agent: nl, nb, ru or en.")]
ExtraOption = Annotated[
    list[str] | None,
    typer.Option("--extra", help="NAME=VALUE: channel, browser, account_type, role, received …; may be repeated."),
]
MomentOption = Annotated[str | None, typer.Option("--now", help="Moment to reckon from; by default the clock's.")]


def advice_settings(
    model: Model,
    advice: bool,
    agreement: str | None,
    agreements: Path | None,
    zone: str | None,
    country: str | None,
    premier: bool,
    known_issues: Path | None,
    speak: str,
) -> AdviceSettings | None:
    """The settings that options say; None where advice is switched off.

    Known issues are read with the vectors of the model, as queries are compared with them there.

    Raises
    ------
    InputError
        If an agreement, a zone or a country does not exist, or advice is switched off and asked for at once.
    """
    from intentclf.respond.sentences import check_spoken

    check_spoken(speak)
    if not advice:
        if agreement or agreements or known_issues:
            raise InputError("--no-advice leaves out what --agreement, --agreements and --known-issues are for")
        return None
    from intentclf.respond.advice import AdviceSettings

    chosen = _agreement(agreement, agreements) if agreement or agreements else None
    if zone:
        from intentclf.respond.due.moments import find_zone

        find_zone(zone)
    if country:
        from intentclf.respond.due.service_calendar import check_country

        check_country(country)
    register = None
    if known_issues:
        from intentclf.respond.known.issue_register import load_register

        register = load_register(known_issues, model.network.vectors.encode)
    return AdviceSettings(agreement=chosen, zone=zone, country=country, premier=premier, register=register, speak=speak)


def extra_values(options: list[str] | None) -> dict[str, str]:
    """NAME=VALUE options as a mapping.

    Raises
    ------
    InputError
        If one is of another form, or a name stands twice.
    """
    values: dict[str, str] = {}
    for option in options or []:
        name, sign, value = option.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise InputError(f"--extra must be NAME=VALUE, got {option!r}")
        if name in values:
            raise InputError(f"--extra {name} stands twice")
        values[name.strip()] = value.strip()
    return values


@respond_app.command(
    "due",
    epilog="Example: `intentclf respond due --agreement office365_business --severity B --received 2026-11-21T09:00Z`",
)
def due(
    received: Annotated[str, typer.Option("--received", help="ISO 8601 or the date of an e-mail.")],
    severity: Annotated[str, typer.Option("--severity", help="A, B or C.")],
    agreement: AgreementOption = None,
    agreements: AgreementsOption = None,
    zone: ZoneOption = None,
    country: CountryOption = None,
    premier: PremierOption = False,
    now: MomentOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """When the first response is due, by an agreement, and how much time remains."""
    from intentclf.respond.due.deadline import parse_moment, respond_by

    found = respond_by(
        parse_moment(received, zone),
        severity,
        _agreement(agreement, agreements),
        now=_now(now, zone),
        zone=zone,
        country=country,
        premier=premier,
    )
    values = {
        "respond_by": found.due_by.isoformat() if found.due_by else None,
        "remaining": str(found.remaining) if found.remaining is not None else None,
        "severity": found.applied,
        "agreement": found.agreement,
        "why": list(found.why),
        "source": found.source,
    }
    _show(values, as_json=as_json)


@respond_app.command(
    "lower",
    epilog="Example: `intentclf respond lower --agreement office365_business --severity B --asked 2026-11-20T08:00Z`",
)
def lower(
    asked: Annotated[str, typer.Option("--asked", help="When the customer was asked for something.")],
    severity: Annotated[str, typer.Option("--severity", help="A, B or C.")],
    agreement: AgreementOption = None,
    agreements: AgreementsOption = None,
    answered: Annotated[bool, typer.Option("--answered", help="The customer has answered since.")] = False,
    hours: Annotated[
        float | None, typer.Option("--hours", help="What counts as reasonable; by default the first response time.")
    ] = None,
    zone: ZoneOption = None,
    country: CountryOption = None,
    premier: PremierOption = False,
    now: MomentOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Propose a lower severity where the customer does not answer; nothing is changed."""
    from intentclf.respond.due.deadline import parse_moment
    from intentclf.respond.due.lowering import propose_lower

    found = propose_lower(
        severity,
        parse_moment(asked, zone),
        _now(now, zone),
        answered=answered,
        agreement=_agreement(agreement, agreements),
        reasonable=None if hours is None else timedelta(hours=hours),
        zone=zone,
        country=country,
        premier=premier,
    )
    values = {
        "current": found.current,
        "proposed": found.proposed,
        "since": found.since.isoformat() if found.since else None,
        "why": list(found.why),
        "source": found.source,
    }
    _show(values, as_json=as_json)


def _agreement(name: str | None, path: Path | None) -> str | Agreement:
    """A shipped agreement by its name, or one of a file: the named, or the only one."""
    if path is None:
        if name is None:
            raise InputError("--agreement is missing; it names the response times that hold")
        from intentclf.respond.due.agreements import find_agreement

        find_agreement(name)
        return name
    from intentclf.respond.due.agreements import load_agreements

    own = load_agreements(path)
    if name is None and len(own) == 1:
        return next(iter(own.values()))
    if name is None or name not in own:
        raise InputError(f"--agreement must be one of {', '.join(own)}, got {name!r}", file=path)
    return own[name]


def _now(written: str | None, zone: str | None) -> datetime:
    if written is None:
        return datetime.now(UTC)
    from intentclf.respond.due.deadline import parse_moment

    return parse_moment(written, zone)


def _show(values: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(values, ensure_ascii=False))
        return
    from intentclf.serve.render import show_table

    lines = [(name, "-" if value is None else str(value)) for name, value in values.items() if name != "why"]
    show_table(("", "value"), [*lines, *(("why", text) for text in values["why"])])
