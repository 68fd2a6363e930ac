"""Hundreds of phrases looked for in a text at once: by its words, each looked up where a phrase may begin.

A phrase is words parted by blanks: ``word*`` is any word that begins so, ``a|b`` one of several, ``~`` up to three
words between. spaCy's matchers find the same (`train.spacy_rules`) and take some hundred times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from intentclf.predict.features import normalize

__all__ = ["GAP", "PhraseIndex", "sequences"]

GAP = 3
"""Words that ``~`` stands for at most."""

_WORD = re.compile(r"\w+")
_STEM = re.compile(r"\w+\*?")


@dataclass(frozen=True, slots=True)
class _Token:
    """One word of a phrase: any of some words, or any that begins with one of some stems."""

    words: frozenset[str]
    stems: tuple[str, ...]

    def holds(self, word: str) -> bool:
        return word in self.words or word.startswith(self.stems)


_Sequence = tuple[_Token | None, ...]  # None is a gap
_Row = list[list[str] | None]


def sequences(pattern: str) -> Iterator[_Row]:
    """A pattern as rows of tokens: the alternatives of each, None for a gap; several rows where alternatives differ
    in their number of words (`e-mail|mail`).
    """
    gap: list[_Row] = [[None]]
    pieces = [gap if piece == "~" else _alternatives(piece) for piece in normalize(pattern).split()]
    for choice in product(*pieces):
        yield [token for option in choice for token in option]


def _alternatives(piece: str) -> list[_Row]:
    """The alternatives of a piece as tokens; those of one word each share one token."""
    found = [_STEM.findall(part) for part in piece.split("|")]
    single = [words[0] for words in found if len(words) == 1]
    rows: list[_Row] = [[single]] if single else []
    return rows + [[[word] for word in words] for words in found if len(words) > 1]


class PhraseIndex:
    """Phrases by the word that they begin with.

    Parameters
    ----------
    phrases : iterable of (str, str)
        Name and pattern.

    Examples
    --------
    >>> PhraseIndex([("r1", "wachtwoord* ~ kwijt|vergeten")]).find("wachtwoorden ben ik kwijt")
    {'r1': (0, 25)}
    """

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._by_word: dict[str, list[tuple[str, _Sequence]]] = {}
        self._by_stem: dict[str, list[tuple[str, _Sequence]]] = {}
        for name, pattern in phrases:
            for tokens in sequences(pattern):
                sequence = tuple(None if token is None else _token(token) for token in tokens)
                first = sequence[0]
                if first is None:
                    continue  # a pattern never begins with a gap, see `rules.load_rules`
                for word in first.words:
                    self._by_word.setdefault(word, []).append((name, sequence))
                for stem in first.stems:
                    self._by_stem.setdefault(stem, []).append((name, sequence))
        self._lengths = sorted({len(stem) for stem in self._by_stem})

    def find(self, folded: str) -> dict[str, tuple[int, int]]:
        """Where each phrase stands first in a text folded by `normalize`: the half-open span, the shortest of several
        that begin at the same word.
        """
        spans = [word.span() for word in _WORD.finditer(folded)]
        words = [folded[start:end] for start, end in spans]
        found: dict[str, tuple[int, int]] = {}
        for place, word in enumerate(words):
            for name, sequence in self._beginning(word):
                start = spans[place][0]
                if name in found and found[name][0] < start:
                    continue
                last = _last(sequence, words, place)
                if last is not None:
                    span = (start, spans[last][1])
                    found[name] = min(found.get(name, span), span)
        return found

    def _beginning(self, word: str) -> Iterator[tuple[str, _Sequence]]:
        yield from self._by_word.get(word, ())
        for length in self._lengths:
            if length > len(word):
                break
            yield from self._by_stem.get(word[:length], ())


def _token(choices: Sequence[str]) -> _Token:
    stems = tuple(choice[:-1] for choice in choices if choice.endswith("*"))
    return _Token(frozenset(choice for choice in choices if not choice.endswith("*")), stems)


def _last(sequence: _Sequence, words: Sequence[str], place: int) -> int | None:
    """Index of the last word of the shortest match whose first word stands at `place`; None where there is none."""
    ends = {place}  # where the tokens so far may end
    loose = 0
    for token in sequence[1:]:
        if token is None:
            loose += GAP
            continue
        reach = {k for end in ends for k in range(end + 1, min(end + 2 + loose, len(words)))}
        ends = {k for k in reach if token.holds(words[k])}
        if not ends:
            return None
        loose = 0
    return min(ends)
