"""What a value of a setting must be: enters what a file or an option says, leaves the value, or ValueError why not.

A message begins where the name of the setting ends: 'must be …, got …'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from intentclf.errors import shorten
from intentclf.serve.prelabel.journal import FORMATS
from intentclf.serve.prelabel.labels import header_name_faults, template_faults

__all__ = ["CHECKS", "PATHS"]

Check = Callable[[object], Any]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be text, got {shorten(value)}")
    return value


def _source(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be an address or a path")  # not repeated: it may hold a password
    return value


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    return Path(_text(value))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, got {shorten(value)}")
    return value


def _number(low: float, high: float, *, whole: bool) -> Check:
    kind: type[int] | tuple[type[int], type[float]] = int if whole else (int, float)

    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
            what = "a whole number" if whole else "a number"
            raise ValueError(f"must be {what} from {low:,} to {high:,}, got {shorten(value)}")
        return value

    return check


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"must be a date such as 2026-11-21, got {shorten(value)}") from None


def _one_of(choices: Sequence[str]) -> Check:
    def check(value: object) -> object:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, got {shorten(value)}")
        return value

    return check


def _template(kind: str) -> Check:
    def check(value: object) -> str:
        template = _text(value)
        faults = list(template_faults(kind, template))
        if faults:
            raise ValueError("is wrong: " + "; ".join(faults))
        return template

    return check


def _keywords(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be one or several templates, got {shorten(value)}")
    return tuple(_template("keyword")(each) for each in value)


def _plain_keyword(value: object) -> str:
    template: str = _template("keyword")(value)
    if "{" in template:
        raise ValueError(f"must be a plain keyword: a program's message has no answer, got {shorten(template)}")
    return template


def _headers(value: object) -> dict[str, str]:
    """A mapping in a file, NAME=TEMPLATE options on the command line."""
    if isinstance(value, list | tuple):
        value = dict(str(each).partition("=")[::2] for each in value)
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"must be names with templates, got {shorten(value)}")
    faults = [fault for name in value for fault in header_name_faults(str(name))]
    if faults:
        raise ValueError("is wrong: " + "; ".join(faults))
    return {str(name): _template("header")(template) for name, template in value.items()}


PATHS = ("out", "state", "ca_file", "password_file", "model", "agreements", "known_issues")
"""Settings that are paths; in a file they start from its folder."""

CHECKS: Mapping[str, Check] = {
    "source": _source,
    "out": _path,
    "state": _path,
    "keyword": _keywords,
    "move": _template("folder"),
    "copy_to": _template("folder"),
    "header": _headers,
    "automatic_keyword": _plain_keyword,
    "book": _text,
    "watch": _flag,
    "poll": _number(1, 86_400, whole=False),
    "ca_file": _path,
    "insecure": _flag,
    "password_env": _text,
    "password_file": _path,
    "keyring": _text,
    "token_command": _text,
    "redact": _flag,
    "limit": _number(1, 10**9, whole=True),
    "since": _date,
    "log_format": _one_of(FORMATS),
    "workers": _number(1, 64, whole=True),
    "words": _number(0, 50, whole=True),
    "largest_mb": _number(0.1, 1_000, whole=False),
    "model": _path,
    "agreement": _text,
    "agreements": _path,
    "zone": _text,
    "country": _text,
    "premier": _flag,
    "known_issues": _path,
    "speak": _text,
}
"""Every setting by its name, which is also that of its option."""
