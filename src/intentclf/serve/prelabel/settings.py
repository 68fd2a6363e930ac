"""What `prelabel` is to do: enters options and a YAML file, leaves checked settings, or every fault of the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from intentclf.errors import Fault, FaultsError, InputError, shorten
from intentclf.serve.prelabel.address import ImapAddress, LocalAddress, parse_source
from intentclf.serve.prelabel.credentials import Credentials, read_credentials
from intentclf.serve.prelabel.labels import HEADERS, Templates
from intentclf.serve.prelabel.settings_values import CHECKS, PATHS
from intentclf.serve.prelabel.workers import AdviceOptions, Job

__all__ = ["PrelabelSettings", "load_settings", "read_config"]

_ADVICE = ("agreement", "agreements", "zone", "country", "premier", "known_issues", "speak")
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class PrelabelSettings:
    """Settings of one call.

    Attributes
    ----------
    source : ImapAddress or LocalAddress
    out, state : Path or None
        None in a dry run that names neither.
    templates : Templates
    credentials : Credentials or None
        None for a mailbox on this disk.
    job : Job
    ca_file : Path or None
    insecure, watch : bool
    poll : float
        Seconds between looks, 1 to 86,400.
    limit : int or None
    since : date or None
    log_format : {'text', 'json'}
    workers : int
        Processes, 1 to 64.
    largest : int
        Bytes of a message up to which it is read whole.
    """

    source: ImapAddress | LocalAddress
    out: Path | None
    state: Path | None
    templates: Templates
    credentials: Credentials | None
    job: Job
    ca_file: Path | None = None
    insecure: bool = False
    watch: bool = False
    poll: float = 60.0
    limit: int | None = None
    since: date | None = None
    log_format: str = "text"
    workers: int = field(default_factory=lambda: min(64, os.cpu_count() or 1))
    largest: int = 40 * _MEGABYTE


def load_settings(
    options: Mapping[str, object], *, config: Path | None = None, dry_run: bool = False
) -> PrelabelSettings:
    """Join the command line and a file, and check both.

    Parameters
    ----------
    options : mapping of str to object
        By name; those that are None or empty were not given. What is given wins over the file.
    config : Path, optional
    dry_run : bool
        Then no output file is needed.

    Raises
    ------
    FaultsError
        With every fault of the file.
    InputError
        For an option, or for settings that do not go together.
    """
    values = read_config(config) if config else {}
    for name, value in options.items():
        if value is not None and value != []:
            try:
                values[name] = CHECKS[name](value)
            except ValueError as error:
                raise InputError(f"--{name.replace('_', '-')} {error}") from None
    return _settings(values, config, dry_run=dry_run)


def read_config(path: Path) -> dict[str, Any]:
    """Read and check a YAML file; relative paths start from its folder.

    Raises
    ------
    FaultsError
        With every unknown key, wrong value and bad template, by line.
    InputError
        If the file cannot be read as YAML.
    """
    import yaml

    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"is not YAML in UTF-8{where}", file=path) from None  # its excerpt might show a password
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise InputError("must hold settings as 'name: value'", file=path)
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = str(key.value)
        try:
            if name in values:
                raise ValueError("stands twice")
            values[name] = _checked(name, loader.construct_object(value, deep=True), path.parent)
        except (ValueError, yaml.YAMLError) as error:
            said = str(error) if isinstance(error, ValueError) else "cannot be read"
            faults.append(Fault(line, f"{name} {said}"))
    if faults:
        raise FaultsError(path, faults)
    return values


def _checked(name: str, value: object, folder: Path) -> Any:
    if name not in CHECKS:
        raise ValueError(f"is unknown; known are {', '.join(CHECKS)}")
    checked = CHECKS[name](value)
    return folder / Path(checked).expanduser() if name in PATHS else checked


def _settings(values: dict[str, Any], config: Path | None, *, dry_run: bool) -> PrelabelSettings:
    if "source" not in values:
        raise InputError("SOURCE is missing: an address such as imaps://user@host/Folder, a Maildir or an mbox")
    base = config.parent if config else None
    source = parse_source(values["source"], base=base)
    templates = Templates(
        tuple(values.get("keyword", ())),
        values.get("move"),
        values.get("copy_to"),
        values.get("header", HEADERS),
        values.get("automatic_keyword"),
    )
    _check_labels(source, templates, has_headers="header" in values)
    out, state = _files(values, dry_run=dry_run)
    advice = AdviceOptions(**{name: values[name] for name in _ADVICE if name in values})
    job = Job(values.get("model"), advice, values.get("words", 0), values.get("book"), values.get("redact", False))
    plain = ("ca_file", "insecure", "watch", "poll", "limit", "since", "log_format", "workers")
    settings = {name: values[name] for name in plain if name in values}
    if "largest_mb" in values:
        settings["largest"] = int(values["largest_mb"] * _MEGABYTE)
    return PrelabelSettings(source, out, state, templates, _credentials(source, values), job, **settings)


def _files(values: Mapping[str, Any], *, dry_run: bool) -> tuple[Path | None, Path | None]:
    out: Path | None = values.get("out")
    if out is None and not dry_run:
        raise InputError("--out is missing: the file that gets a line of JSON for each message")
    state = values.get("state") or (out.with_name(out.name + ".state") if out else None)
    if out and state and out.absolute() == state.absolute():
        raise InputError("--out and --state must be two files")
    return out, state


def _check_labels(source: ImapAddress | LocalAddress, templates: Templates, *, has_headers: bool) -> None:
    if has_headers and not templates.copy_to:
        raise InputError("--header says what a copy gets: it needs --copy-to")
    if isinstance(source, ImapAddress):
        if templates.copy_to is not None and templates.copy_to == source.folder:
            raise InputError("--copy-to must be another folder than the mailbox itself")
        return
    asked = _given({"--keyword": templates.keywords, "--copy-to": templates.copy_to, "--move": templates.move})
    if templates.automatic_keyword:
        asked.append("--automatic-keyword")
    lost = [name for name in asked if name != "--move" or not source.is_maildir]
    if lost:
        kind = "a Maildir" if source.is_maildir else "an mbox"
        raise InputError(f"{' and '.join(lost)} cannot be done in {kind}", file=source.path)


def _credentials(source: ImapAddress | LocalAddress, values: Mapping[str, Any]) -> Credentials | None:
    proofs = ("password_env", "password_file", "keyring", "token_command")
    given = {name: values[name] for name in proofs if name in values}
    if isinstance(source, LocalAddress):
        lost = _given({f"--{name.replace('_', '-')}": values.get(name) for name in (*proofs, "ca_file", "insecure")})
        if lost:
            raise InputError(f"{' and '.join(lost)} is for a mailbox on a server", file=source.path)
        return None
    if values.get("insecure") and source.scheme != "imap":
        raise InputError(f"--insecure is for imap:// only, got {shorten(source.scheme + '://')}")
    return read_credentials(source.user, **given)


def _given(named: Mapping[str, object]) -> list[str]:
    return [name for name, value in named.items() if value]
