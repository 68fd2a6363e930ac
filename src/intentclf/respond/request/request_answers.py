"""What a text already answers of a service request: enters a text, leaves spans; and the table of the fields."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from intentclf.codebooks.loader import read_rows
from intentclf.errors import Fault, FaultsError, shorten
from intentclf.respond.patterns import Found, Pattern, find_patterns, load_patterns, place_faults

__all__ = ["REQUEST_KINDS", "find_answers", "request_fields"]

REQUEST_KINDS = (
    ("error_code", "error_message", "since", "date", "users", "email", "phone", "product")
    + ("file", "mention", "tried", "impact")
)  # fmt: skip
"""What is found in a text."""

_FOLDER = Path(__file__).parent
_REQUIRED = ("always", "technical", "technical_a", "never")


def find_answers(text: str, language: str) -> tuple[Found, ...]:
    """What a text already answers, by the kinds of `REQUEST_KINDS`; a date within a 'since' or a code is none.

    Parameters
    ----------
    text : str
    language : str
        Patterns of this language are tried; those of all languages where it is not known.

    Examples
    --------
    >>> [(hit.field, hit.text) for hit in find_answers("fout 0x80070005 sinds gisteren", "nl")]
    [('error_code', '0x80070005'), ('since', 'sinds gisteren')]
    """
    found = find_patterns(_patterns(), text, language)
    taken = [hit for hit in found if hit.field in ("since", "error_code")]
    return tuple(hit for hit in found if hit.field != "date" or not any(hit.overlaps(other) for other in taken))


@cache
def request_fields() -> Mapping[str, str]:
    """The fields in their order, and when each is needed: always, technical, technical_a or never."""
    path = _FOLDER / "request_fields.csv"
    rows, _ = read_rows(path, ("field", "required", "source", "line"))
    faults = [Fault(line, message) for line, row in rows for message in place_faults(row)]
    faults += [
        Fault(line, f"required must be one of {', '.join(_REQUIRED)}, got {shorten(row['required'])}")
        for line, row in rows
        if row["required"] not in _REQUIRED
    ]
    if faults:
        raise FaultsError(path, faults)
    return {row["field"]: row["required"] for _, row in rows}


@cache
def _patterns() -> tuple[Pattern, ...]:
    return load_patterns(_FOLDER / "request_patterns.csv", REQUEST_KINDS)
