"""What can be wrong with an entry of the register of known issues: enters a plain entry, leaves faults in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from intentclf.codebooks.loader import LABEL_LANGUAGES, SHIPPED, load_shipped
from intentclf.errors import shorten
from intentclf.respond.known.safe_patterns import SafePattern, check_pattern

__all__ = ["NOTHING", "entry_faults", "read_date"]

STATUSES = ("open", "fixed", "closed")
_REQUIRED = ("id", "title", "status", "since", "workaround")
_KEYS = (*_REQUIRED, "texts", "patterns", "codes", "until", "forward")
_LONGEST = 2_000
NOTHING = ("", "null", "~")
"""How YAML writes no value."""


def entry_faults(entry: Any, ids: Sequence[str], patterns: list[SafePattern]) -> Iterator[str]:
    """Every fault of an entry.

    Parameters
    ----------
    entry : dict, list or str
        As the file has it; what could not be kept stands under the key '?'.
    ids : sequence of str
        Those of the entries before.
    patterns : list of SafePattern
        Takes the patterns that pass.
    """
    if not isinstance(entry, dict):
        yield f"an entry must be keys with values, got {shorten(entry)}"
        return
    for key in entry:
        if key == "?":
            yield f"holds {entry[key]}"
        elif key not in _KEYS:
            yield f"unknown key {shorten(key)}; known are {', '.join(_KEYS)}"
    for key in _REQUIRED:
        if entry.get(key) in (None, "", [], {}):
            yield f"{key} is missing"
    if entry.get("id") in ids:
        yield "this id stands twice"
    if not isinstance(entry.get("id", ""), str):
        yield f"id must be a text, got {shorten(entry['id'])}"
    yield from _word_faults(entry)
    yield from _date_faults(entry)
    yield from _code_faults(entry.get("codes") or {})
    yield from _sign_faults(entry, patterns)


def _word_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, allowed in (("status", STATUSES), ("forward", ("true", "false"))):
        if entry.get(key) and entry[key] not in allowed:
            yield f"{key} must be one of {', '.join(allowed)}, got {shorten(entry[key])}"
    title, workaround = entry.get("title") or "", entry.get("workaround") or {}
    if not isinstance(title, str):
        yield from _language_faults("title", title, ())
    if workaround:
        yield from _language_faults("workaround", workaround, LABEL_LANGUAGES)


def _language_faults(key: str, value: Any, wanted: Sequence[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{key} must have a text for each language, got {shorten(value)}"
        return
    for language in wanted:
        if not value.get(language):
            yield f"{key} lacks {language}"
    for language, text in value.items():
        if language not in LABEL_LANGUAGES:
            yield f"{key} has an unknown language {shorten(language)}; known are {', '.join(LABEL_LANGUAGES)}"
        elif not isinstance(text, str) or len(text) > _LONGEST:
            yield f"{key} in {language} must be a text of at most {_LONGEST} characters, got {shorten(text)}"


def _date_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    found = {}
    for key in ("since", "until"):
        value = entry.get(key) or ""
        if value in NOTHING:
            continue
        try:
            found[key] = read_date(value)
        except (TypeError, ValueError):
            yield f"{key} must be a date such as 2026-03-02, got {shorten(value)}"
    if len(found) == 2 and found["until"] < found["since"]:
        yield f"until {found['until']} is before since {found['since']}"


def read_date(value: str) -> date:
    """A date such as 2026-03-02; ValueError for anything else."""
    if len(value) != len("2026-03-02"):
        raise ValueError(value)
    return date.fromisoformat(value)


def _code_faults(codes: Any) -> Iterator[str]:
    if not isinstance(codes, dict):
        yield f"codes must be a code for each book, got {shorten(codes)}"
        return
    for book, code in codes.items():
        if book not in SHIPPED:
            yield f"codes has an unknown book {shorten(book)}; known are {', '.join(SHIPPED)}"
        elif not isinstance(code, str) or code not in load_shipped(book):
            yield f"unknown code {shorten(code)} of {book}"


def _sign_faults(entry: Mapping[str, Any], patterns: list[SafePattern]) -> Iterator[str]:
    if not entry.get("texts") and not entry.get("patterns"):
        yield "needs texts or patterns"
    for key in ("texts", "patterns"):
        values = entry.get(key) or []
        if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
            yield f"{key} must be a list of texts, got {shorten(values)}"
        elif any(len(value) > _LONGEST for value in values):
            yield f"{key} must have at most {_LONGEST} characters each"
        elif key == "patterns":
            for number, value in enumerate(values, 1):
                try:
                    patterns.append(check_pattern(value))
                except ValueError as error:
                    yield f"pattern {number} {shorten(value)} {error}"
