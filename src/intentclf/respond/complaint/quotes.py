"""Sentences worth quoting: enters a text with places that carry its feeling, leaves their sentences, masked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from intentclf.records import Reading
from intentclf.respond.complaint.private_data import mask_private, private_spans

__all__ = ["Place", "Quote", "choose_quotes"]

Place = tuple[int, int, float]
"""Half-open span of the cleaned text, and how much it weighs."""

_END = re.compile(r"[.!?\u2026]+[)\u00bb\u201d\"']*(?=\s|$)|\n+")
_LONGEST = 240
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of the customer's.

    Attributes
    ----------
    start, end : int
        Half-open span of the original text.
    text : str
        The words with private data masked, on one line, at most 240 characters and an ellipsis at either end.
    masked : bool
        Whether anything was.
    """

    start: int
    end: int
    text: str
    masked: bool


def choose_quotes(reading: Reading, places: Sequence[Place], *, most: int = 2) -> tuple[Quote, ...]:
    """The sentences that carry most weight, in the order of the text; the first that says anything where none does.

    Parameters
    ----------
    reading : Reading
    places : sequence of Place
    most : int
        How many sentences.
    """
    sentences = [span for span in _sentences(reading.text) if _WORD.search(reading.text[slice(*span)])]
    weighed = [(sum(weight for start, _, weight in places if first <= start < last), first, last)
               for first, last in sentences]  # fmt: skip
    best = sorted((each for each in weighed if each[0] > 0), key=lambda each: (-each[0], each[1]))[:most]
    chosen = sorted((first, last) for _, first, last in best)
    if not chosen:
        # What is left of a text without greetings and thanks, else whatever there is.
        chosen = [span for span in sentences if _WORD.search(reading.core[slice(*span)])][:1] or sentences[:1]
    return tuple(_quote(reading, *span, places) for span in chosen)


def _sentences(text: str) -> list[tuple[int, int]]:
    ends = [match.end() for match in _END.finditer(text)]
    bounds = [0, *ends, len(text)]
    spans = zip(bounds[:-1], bounds[1:], strict=True)
    return [_stripped(text, *span) for span in spans if text[slice(*span)].strip()]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())


def _quote(reading: Reading, start: int, end: int, places: Sequence[Place]) -> Quote:
    first, last = _cut(reading.text, start, end, places)
    head, tail = ("…" if first > start else ""), ("…" if last < end else "")
    plain = reading.text[first:last]
    hidden = mask_private(plain)
    shown = " ".join(hidden.split()).replace("“", "'").replace("”", "'").replace('"', "'")
    return Quote(*reading.original_span(first, last), f"{head}{shown}{tail}", hidden != plain)


def _cut(text: str, start: int, end: int, places: Sequence[Place]) -> tuple[int, int]:
    """At most 240 characters of a long sentence, around its weightiest place, between blanks."""
    if end - start <= _LONGEST:
        return start, end
    inside = [place for place in places if start <= place[0] < end]
    middle = max(inside, key=lambda place: place[2])[0] if inside else start
    first = max(start, min(middle - _LONGEST // 3, end - _LONGEST))
    last = min(end, first + _LONGEST)
    while first > start and not text[first - 1].isspace() and first < middle:
        first += 1
    while last < end and not text[last].isspace() and last > middle + 1:
        last -= 1
    # Never through an address or a number: its other half would escape the mask.
    for begin, behind, _ in private_spans(text[start:end]):
        first = start + begin if start + begin < first < start + behind else first
        last = start + behind if start + begin < last < start + behind else last
    return _stripped(text, first, last)
