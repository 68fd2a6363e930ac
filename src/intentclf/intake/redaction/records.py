"""What is left of a text when its private data are out: the text, the items, the way back to the original."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Literal, get_args

__all__ = ["KINDS", "Kind", "Piece", "Redacted", "RedactedItem"]

Kind = Literal[
    "ADDRESS",
    "BSN",
    "CARD",
    "EMAIL",
    "FODSELSNUMMER",
    "IBAN",
    "INN",
    "IP",
    "MFA_CODE",
    "PASSPORT",
    "PHONE",
    "PRODUCT_KEY",
    "SECRET",
    "SNILS",
]
"""Kinds of private data; the placeholder of one is its name in square brackets."""

KINDS: frozenset[str] = frozenset(get_args(Kind))

Piece = tuple[int, int, int, int]
"""Half-open span of the redacted text, then the half-open span of the original that it stands for."""


@dataclass(frozen=True, slots=True)
class RedactedItem:
    """A place where private data stood; the data themselves are not kept.

    Attributes
    ----------
    kind : Kind
    start, end : int
        Half-open span of the original text, in code points.
    new_start, new_end : int
        Half-open span of the placeholder in the redacted text.
    placeholder : str
        Such as '[EMAIL]'.
    """

    kind: Kind
    start: int
    end: int
    new_start: int
    new_end: int
    placeholder: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its private data.

    Attributes
    ----------
    text : str
        The original with placeholders; kept out of the repr, as every customer's text.
    items : tuple of RedactedItem
        In the order of the text.
    spans : tuple of Piece
        The redacted text in pieces without gaps, stretches left as they were and placeholders, each with its span in
        both texts.
    """

    text: str = field(repr=False)
    items: tuple[RedactedItem, ...]
    spans: tuple[Piece, ...] = field(repr=False)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Half-open span of the original for one of the redacted text; a placeholder touched is covered whole.

        Raises
        ------
        ValueError
            If the span does not lie in the redacted text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"span must lie within 0 to {len(self.text)}, got {start} to {end}")
        return self._original(start, 2), self._original(end, 3)

    def _original(self, place: int, side: Literal[2, 3]) -> int:
        """Place in the original; within a placeholder its start (2) or its end (3) there."""
        number = bisect_right(self.spans, place, key=_new_start) - 1
        if number < 0:
            return 0
        new_start, new_end, start, end = self.spans[number]
        if place == new_start:
            return start
        if place == new_end:
            return end
        return self.spans[number][side] if self._within(place) else start + place - new_start

    def _within(self, place: int) -> bool:
        """Whether a place lies inside a placeholder, its edges not counted."""
        number = bisect_left(self.items, place, key=_item_start) - 1
        return number >= 0 and place < self.items[number].new_end


def _new_start(piece: Piece) -> int:
    return piece[0]


def _item_start(item: RedactedItem) -> int:
    return item.new_start
