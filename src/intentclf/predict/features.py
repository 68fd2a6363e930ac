"""Texts in, hashed n-grams out: the words of a text, pairs of them, and characters inside words.

Everything is done on arrays of code points for a whole batch at once: one polynomial hash per n-gram, mixed to
64 bits (the finaliser of splitmix64, Steele et al., OOPSLA 2014). No vocabulary of strings is kept, so that a model
file holds none of the words of the texts it was trained on, and the same arithmetic can be done in any language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHAR", "WORD", "Grams", "hash_grams", "normalize", "tokens"]

WORD, CHAR = 0, 1
"""The two kinds of n-gram; each is weighted and normalised by itself."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LONGEST_TOKEN = 64
_SPACE = 32
# ё is written е by most; the rest of case and width is left to str.lower and to intake, which makes NFC.
_FOLD = str.maketrans({"ё": "е"})

_POWERS = np.empty(_LONGEST_TOKEN, dtype=np.uint64)
_POWERS[0] = 1
for _i in range(1, _LONGEST_TOKEN):
    with np.errstate(over="ignore"):
        _POWERS[_i] = _POWERS[_i - 1] * _PRIME


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of a batch, one entry for each occurrence.

    Attributes
    ----------
    document : ndarray of shape (n_grams,), int64
        Index of the text that the n-gram stands in.
    hash : ndarray of shape (n_grams,), uint64
        Identity of the n-gram; words and characters never share one but by chance (2**-64).
    kind : ndarray of shape (n_grams,), uint8
        `WORD` or `CHAR`.
    start, end : ndarray of shape (n_grams,), int64
        Half-open span of code points in the text as given.
    """

    document: NDArray[np.int64]
    hash: NDArray[np.uint64]
    kind: NDArray[np.uint8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def by_text(self, n_texts: int) -> list[Grams]:
        """The n-grams of each text by themselves, in the order in which that text alone would give them."""
        order = np.argsort(self.document, kind="stable")
        bounds = np.searchsorted(self.document[order], np.arange(n_texts + 1))
        return [self._at(order[a:b]) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def _at(self, places: NDArray[np.int64]) -> Grams:
        return Grams(self.document[places], self.hash[places], self.kind[places], self.start[places], self.end[places])


def normalize(text: str) -> str:
    """Lower-case a text without changing its length, so that spans stay true.

    Examples
    --------
    >>> normalize("Ёлка ДОМ Åse")
    'елка дом åse'
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # 'İ'.lower() has two code points
        lowered = "".join(character.lower()[:1] or character for character in text)
    return lowered.translate(_FOLD)


def tokens(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the words and single punctuation marks of a text; very long words are cut.

    Examples
    --------
    >>> tokens("e-mail?")
    [(0, 1), (1, 2), (2, 6), (6, 7)]
    """
    return [(m.start(), min(m.end(), m.start() + _LONGEST_TOKEN)) for m in _TOKEN.finditer(text)]


def hash_grams(texts: Sequence[str], *, words: int = 2, chars: tuple[int, int] = (2, 5)) -> Grams:
    """Hash the n-grams of a batch of texts.

    Parameters
    ----------
    texts : sequence of str
        Cleaned texts; case is folded here.
    words : int
        Longest run of words that counts as one n-gram, 1 or 2.
    chars : tuple of int
        Shortest and longest run of characters inside a word, its two edges counted as a blank each.

    Returns
    -------
    Grams
        In the order of kind, length, text and place.
    """
    starts, ends, owner, buffer = _tokenize(texts)
    if not starts.size:
        empty = np.empty(0, dtype=np.int64)
        return Grams(empty, empty.astype(np.uint64), empty.astype(np.uint8), empty, empty)
    parts = [*_word_grams(buffer, starts, ends, owner, words), *_char_grams(buffer, starts, ends, owner, chars)]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Grams(columns[0], columns[1], columns[2].astype(np.uint8), columns[3], columns[4])


Part = tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]


def _tokenize(
    texts: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Spans of all tokens in their texts, the text each belongs to, and the code points of the tokens in a row."""
    spans: list[tuple[int, int]] = []
    counts: list[int] = []
    pieces: list[str] = []
    for text in texts:
        folded = normalize(text)
        found = tokens(folded)
        spans += found
        counts.append(len(found))
        pieces += [folded[a:b] for a, b in found]
    flat = np.array(spans, dtype=np.int64).reshape(-1, 2)
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), counts)
    points = np.frombuffer("".join(pieces).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    return flat[:, 0], flat[:, 1], owner, points.astype(np.uint64)


def _word_grams(
    points: NDArray[np.uint64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    owner: NDArray[np.int64],
    longest: int,
) -> list[Part]:
    lengths = ends - starts
    first = np.cumsum(lengths) - lengths
    place = np.arange(points.size, dtype=np.int64) - np.repeat(first, lengths)
    single = np.add.reduceat(points * _POWERS[place], first)
    parts: list[Part] = [(owner, _mix(single, 1), np.full(owner.size, WORD, np.uint8), starts, ends)]
    if longest >= 2 and owner.size > 1:
        same = owner[1:] == owner[:-1]
        pair = _mix(single[:-1], 2)[same] * _PRIME + single[1:][same]
        parts.append(
            (owner[:-1][same], _mix(pair, 3), np.full(pair.size, WORD, np.uint8), starts[:-1][same], ends[1:][same])
        )
    return parts


def _char_grams(
    points: NDArray[np.uint64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    owner: NDArray[np.int64],
    lengths: tuple[int, int],
) -> list[Part]:
    """Runs inside ' token ': every token gets a blank of its own on both sides, and no run crosses a blank."""
    sizes = ends - starts
    edges = np.cumsum(sizes + 2) - 2
    padded = np.full(int(sizes.sum()) + 2 * sizes.size, _SPACE, dtype=np.uint64)
    token = np.repeat(np.arange(sizes.size, dtype=np.int64), sizes + 2)
    left = edges - sizes  # index of the blank before each token
    inside = np.arange(padded.size, dtype=np.int64) - left[token]
    padded[(inside > 0) & (inside <= sizes[token])] = points
    parts: list[Part] = []
    rolled = np.zeros(padded.size + 1, dtype=np.uint64)
    for n in range(1, lengths[1] + 1):
        if rolled.size < 2:
            break
        rolled = rolled[:-1] * _PRIME + padded[n - 1 :]
        if n < lengths[0]:
            continue
        at = np.flatnonzero(token[: rolled.size] == token[n - 1 :])
        who = token[at]
        begin = starts[who] + np.maximum(inside[at] - 1, 0)
        finish = starts[who] + np.minimum(inside[at] - 1 + n, sizes[who])
        parts.append((owner[who], _mix(rolled[at], 3 + n), np.full(at.size, CHAR, np.uint8), begin, finish))
    return parts


def _mix(value: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Spread the bits of a hash; `salt` keeps kinds and lengths apart."""
    z = value + np.uint64(int(_PRIME) * salt % 2**64)
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed
