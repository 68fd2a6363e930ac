"""Closing formulas and thanks, alone on a line or with a name: 'Mvh Kari', 'Thanks and regards,'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from intentclf.intake.mail.reply.names import EDGE, is_name
from intentclf.intake.mail.reply.patterns import rows, union

__all__ = ["Formula", "formula_of"]

_LONGEST_FORMULA = 120
_MOST_FORMULAS = 4
_JOINT = re.compile(r"[\s,.!/|&+–—-]*(?:(?:en|og|и|and|und)\s)?[\s/|–—-]*")


@dataclass(frozen=True, slots=True)
class Formula:
    """A closing formula: whether it is formal rather than thanks, and whether a name stands beside it."""

    formal: bool
    named: bool


def formula_of(text: str) -> Formula | None:
    """The formula, or formulas, that a whole line is, with or without a name: 'Alvast bedankt en groeten, Piet'."""
    if len(text) > _LONGEST_FORMULA or text.endswith((":", "?")):
        return None
    text = text.strip("*_ ")
    place, formal, found = 0, False, False
    for _ in range(_MOST_FORMULAS):
        joint = _JOINT.match(text, place)
        end, kind = _longest_formula(text, joint.end() if joint and found else place)
        if not kind:
            break
        place, found = end, True
        formal = formal or kind == "closing"
    rest = text[place:].strip(EDGE)
    if not found or not rest:
        return Formula(formal, False) if found else None
    short = formal and len(rest.split()) <= 2 and rest.replace(" ", "").isalpha()
    return Formula(formal, True) if is_name(rest) or short else None


def _longest_formula(text: str, place: int) -> tuple[int, str]:
    """End and kind of the longest formula at a place: 'Thanks' is written in Dutch too, 'Thanks in advance' not."""
    if not _any_formula().match(text, place):
        return place, ""
    return max((match.end(), kind) for kind, pattern in _formulas() if (match := pattern.match(text, place)))


@cache
def _formulas() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (kind, re.compile(rf"(?:{row.pattern})(?!\w)", re.IGNORECASE))
        for kind in ("closing", "thanks")
        for row in rows(kind)
    )


@cache
def _any_formula() -> re.Pattern[str]:
    return re.compile(rf"(?:{union('closing').pattern}|{union('thanks').pattern})(?!\w)", re.IGNORECASE)
