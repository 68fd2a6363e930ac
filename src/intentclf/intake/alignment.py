"""Where every character of a mended text came from.

The original is read as units: a character, an entity as the character it stands for, a tag as a blank, an invisible
character as nothing. Words are matched as a longest common sequence of words would have it, and characters inside them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["Span", "align"]

Span = tuple[int, int]

_WORD = re.compile(r"\S+")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#[xX][0-9a-fA-F]{2,6});")


class _Unit(NamedTuple):
    """A piece of the original and the character that it shows; '' for what cannot be seen."""

    start: int
    end: int
    character: str


class _Word(NamedTuple):
    """A word: its text, and where each of its characters stands."""

    text: str
    places: tuple[Span, ...]


def align(original: str, text: str, *, mark_up: re.Pattern[str], unseen: re.Pattern[str]) -> tuple[Span, ...]:
    """Spans of `original` for each code point of `text`.

    Parameters
    ----------
    original, text : str
        A text and what became of it.
    mark_up : pattern
        What counts as a blank in the original.
    unseen : pattern
        Characters of the original that show nothing.

    Returns
    -------
    tuple of (int, int), of the length of `text`
        Half-open and never falling. A word that was mended shows the whole of the word it was; a blank shows what
        lies between its neighbours.

    Examples
    --------
    >>> align("x&lt;y", "x<y", mark_up=re.compile("<b>"), unseen=re.compile("~"))
    ((0, 1), (1, 5), (5, 6))
    """
    theirs = list(_words(list(_units(original, mark_up, unseen))))
    ours = [(word.start(), word.group()) for word in _WORD.finditer(text)]
    places: list[Span | None] = [None] * len(text)
    matcher = SequenceMatcher(None, [word.text for word in theirs], [word for _, word in ours], autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        if b - a == d - c:  # the same words, or as many mended ones
            pairs = [([theirs[a + k]], [ours[c + k]]) for k in range(b - a)]
        else:
            pairs = [(theirs[a:b], ours[c:d])]
        for source, target in pairs:
            _spread(source, target, places)
    return tuple(_filled(places, len(original)))


def _units(original: str, mark_up: re.Pattern[str], unseen: re.Pattern[str]) -> Iterator[_Unit]:
    place = 0
    while place < len(original):
        found = None
        if original[place] in "<&":
            found = mark_up.match(original, place) or _ENTITY.match(original, place)
        if found:
            shown = html.unescape(found.group())[:1] if found.group().startswith("&") else " "
            yield _Unit(place, found.end(), "" if unseen.match(shown) else shown)
            place = found.end()
        else:
            yield _Unit(place, place + 1, "" if unseen.match(original, place) else original[place])
            place += 1


def _words(units: list[_Unit]) -> Iterator[_Word]:
    """Words of the original; what cannot be seen belongs to a word where it stands inside it."""
    characters: list[str] = []
    places: list[Span] = []
    for unit in [*units, _Unit(0, 0, " ")]:
        if unit.character.isspace():
            if characters:
                yield _Word("".join(characters), tuple(places))
            characters, places = [], []
        elif unit.character:
            characters.append(unit.character)
            places.append((unit.start, unit.end))


def _spread(source: list[_Word], target: list[tuple[int, str]], places: list[Span | None]) -> None:
    """Give the characters of some words their spans: one for one where they are as many, else in proportion."""
    spans = [span for word in source for span in word.places]
    characters = [start + step for start, word in target for step in range(len(word))]
    if not spans:
        return
    for k, character in enumerate(characters):
        first = k * len(spans) // len(characters)
        last = max(first, -(-(k + 1) * len(spans) // len(characters)) - 1)
        places[character] = (spans[first][0], spans[last][1])


def _filled(places: list[Span | None], size: int) -> Iterator[Span]:
    """Blanks and what has no counterpart lie between their neighbours."""
    following = size
    starts: list[int] = []
    for span in reversed(places):
        following = span[0] if span else following
        starts.append(following)
    before = 0
    for span, start in zip(places, reversed(starts), strict=True):
        yield span or (min(before, start), max(before, start))
        before = span[1] if span else before
