"""The patterns of `reply_patterns.csv`, compiled: what mail programs and their writers put around a message.

Kinds of rows: `attribution` ('On … Jan wrote'), `attribution_bare` (without a date: only right above marked lines),
`verb` (what an attribution of the language must hold), `label_…` (of a header block), `trace` (header lines that
programs do not show), `original`, `forwarded`, `marker_from` (who stands in them), `message_end`, `reply_line`,
`line_above`, `closing`, `thanks`, `device`, `device_start`, `banner`, `banner_more`, `banner_subject`, `disclaimer`,
`notice_subject` and `notice_cue` (what disclaimers speak of, and say), `postscript`, `person` (words of the first
person), `greeting`, `subject_reply`, `subject_forward`.

Capital words stand for pieces that all languages share: WHEN a date, WHO a sender, WHO@ one with an address, WHAT
anything short, DEVICE a telephone or a mail program.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

__all__ = ["Row", "expanded", "label_of", "rows", "templates", "union"]

_LABEL = re.compile(r"[*_]{0,3}([^\W\d_][\w' -]{0,24}?)\s?[*_]{0,3}\s?:\s?[*_]{0,3}\s*(.{0,500})")
_ZONE = r"(?:GMT|UTC|CES?T|MSK|E[SD]T|P[SD]T|BST|МСК|WES?T|EES?T|Z|Uhr)\b"
_OFFSET = r"\(?(?:UTC|GMT)?\s?[+-]\d{1,2}(?::?\d{2})?\)?"
_CLOCK = rf"\d{{1,2}}[:.h]\d{{2}}(?:[:.]\d{{2}})?(?:\s?[ap]\.?m\b\.?)?(?:\s?{_ZONE})?(?:\s?{_OFFSET})?"
_YEAR = r"(?<!\d)(?:19|20)\d{2}(?!\d)(?:\s?(?:г|р|год|года)(?!\w)\.?)?"
_NUMBERS = r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)"
_DAY = r"(?<![:.\d])\d{1,2}(?:\.|st|nd|rd|th)?\s[^\W\d]{3,10}\.?"
_PIECES = {
    # The date ends with the last clock time, year or day: what follows it is the sender.
    "WHEN": rf'(?P<date>[^<>@"\n]{{0,45}}(?:{_CLOCK}|{_YEAR}|{_NUMBERS}|{_DAY}))\s?[,;:)–—-]?(?!\w)\s{{0,3}}',
    "WHO@": r"(?P<sender>[^\n]{0,160}?[\w.+'-]{1,64}@[\w.-]{1,120}[>)\]]*)",
    "WHO": r"(?P<sender>[^\n]{1,200}?),?",
    "WHAT": r"[^\n]{2,60}?",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: `pattern` as written there, and an `example` that it matches."""

    kind: str
    language: str
    pattern: str
    example: str


@cache
def rows(kind: str) -> tuple[Row, ...]:
    """Rows of one kind, in the order of the table."""
    return tuple(row for row in _table() if row.kind == kind)


@cache
def union(kind: str) -> re.Pattern[str]:
    """One pattern for all languages of a kind; case does not count."""
    return re.compile("|".join(f"(?:{expanded(row.pattern)})" for row in rows(kind)), re.IGNORECASE)


@cache
def templates(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Language and pattern of the rows of a kind, with groups `date` and `sender` where they have them."""
    return tuple((row.language, re.compile(expanded(row.pattern), re.IGNORECASE)) for row in rows(kind))


def label_of(text: str) -> tuple[str, str] | None:
    """Kind ('from', 'sent', 'date', 'to', 'subject', 'other') and value of a header line such as '*Van:* Jan'."""
    if ":" not in text[:34]:
        return None
    found = _LABEL.match(text)
    kind = _label_kind(" ".join(found.group(1).lower().split())) if found else ""
    return (kind, found.group(2)) if found and kind else None


@lru_cache(maxsize=1000)
def _label_kind(label: str) -> str:
    for kind in ("from", "sent", "date", "to", "subject", "other"):
        if union(f"label_{kind}").fullmatch(label):
            return kind
    return ""


def expanded(pattern: str) -> str:
    """A pattern with the pieces of all languages put in for its capital words."""
    for name, piece in _PIECES.items():
        pattern = pattern.replace(name, piece)
    return pattern.replace("DEVICE", _devices()) if "DEVICE" in pattern else pattern


@cache
def _devices() -> str:
    name, more = ("|".join(row.pattern for row in rows(kind)) for kind in ("device_name", "device_more"))
    return rf"(?:{name})(?!\w)(?:[ -](?>(?:{name}|{more})(?!\w))){{0,6}}+"


@cache
def _table() -> tuple[Row, ...]:
    with (Path(__file__).parent / "reply_patterns.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Row(**row) for row in csv.DictReader(file))
