"""All private data of a text: enters a text as `fold` leaves it, leaves spans and kinds.

Most forms hold a digit, an '@' or the like, so only the surroundings of those are searched; a form that needs a word
of `cues.csv` is searched for only where such a word stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from intentclf.intake.redaction.cues import Words, cued_stretches, find_words
from intentclf.intake.redaction.folding import KEPT, read_as_latin
from intentclf.intake.redaction.forms import KEEP, Form, forms, sign_of
from intentclf.intake.redaction.verdicts import Span, item_span, refused_iban

__all__ = ["Found", "find_items"]

Found = tuple[int, int, str]
"""Half-open span and kind."""

_BEFORE = 300  # characters of a URL or an address before its number
_BEHIND = 160
_GROUP = re.compile(r"\W*\w*")


def find_items(text: str) -> list[Found]:
    """Half-open spans and kinds of all items, form by form; they do not overlap."""
    found: list[Found] = []
    words = find_words(text)
    cued = cued_stretches(text, words)
    surroundings: dict[str, list[Span]] = {}
    for form in forms():
        if form.cue == "needed":
            zones = cued.get(form.kind, [])
        else:
            if form.near not in surroundings:
                surroundings[form.near] = _surroundings(text, form.near)
            zones = surroundings[form.near]
        spans, kept = _spans(form, text, words, zones)
        if form.kind != KEEP:
            found += [(start, end, form.kind) for start, end in spans]
        text = _covered(text, spans, sign_of(form.kind))
        text = _covered(text, kept, KEPT)
    return found


def _surroundings(text: str, near: str) -> list[Span]:
    """Stretches of the text around all signs of a class, joined where they meet; the whole of it for no class."""
    if not near:
        return [(0, len(text))]
    found = _clusters(near).finditer(text)
    return [(max(0, match.start() - _BEFORE), min(len(text), match.end() + _BEHIND)) for match in found]


@cache
def _clusters(near: str) -> re.Pattern[str]:
    """Signs of a class with less than two surroundings between them."""
    return re.compile(rf"{near}(?:(?:(?!{near}).){{0,{_BEFORE + _BEHIND}}}+{near})*+", re.DOTALL)


def _spans(form: Form, text: str, words: Words, zones: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """Spans of the items of a form, and of what must be left alone although it is none."""
    seen = read_as_latin(text) if zones and form.script == "look-alike" else text
    spans: list[Span] = []
    kept: list[Span] = []
    for zone in zones:
        for match in _matches(form, seen, zone, spans):
            span = item_span(form, match, text, words)
            if span is not None:
                spans.append(span)
            elif form.kind == "IBAN" and (refused := refused_iban(match)):
                kept.append(refused)
    return spans, kept


def _matches(form: Form, text: str, zone: Span, taken: Sequence[Span]) -> Iterator[re.Match[str]]:
    """Matches from left to right; behind one that was not taken the next may start at its second group."""
    match = form.expression.search(text, *zone)
    while match is not None:
        yield match
        if taken and taken[-1][1] > match.start():
            place = taken[-1][1]
        else:
            group = _GROUP.match(text, match.start())
            place = max(match.start() + 1, group.end() if group else 0)
        match = form.expression.search(text, place, zone[1])


def _covered(text: str, spans: Sequence[Span], sign: str) -> str:
    if not spans:
        return text
    parts: list[str] = []
    done = 0
    for start, end in sorted(spans):
        parts += text[done:start], sign * (end - start)
        done = end
    return "".join([*parts, text[done:]])
