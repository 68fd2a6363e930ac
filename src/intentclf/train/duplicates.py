"""Finds texts that nearly repeat each other, so that they can be kept on one side of a split.

MinHash over hashed character 5-grams with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3);
pairs that share a band are compared exactly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.features import normalize

__all__ = ["near_duplicate_groups", "near_duplicate_pairs", "overlaps", "shingles"]

_PERMUTATIONS, _BANDS = 64, 16
_LENGTH = 5
_PRIME = np.uint64(0x100000001B3)


def shingles(text: str) -> NDArray[np.uint64]:
    """Hashes of the different character 5-grams of a text, blanks folded; the whole text where it is shorter.

    Examples
    --------
    >>> shingles("abcdef").size, shingles("  ABCDE ").size
    (2, 1)
    """
    plain = " ".join(normalize(text).split())
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    if points.size <= _LENGTH:
        points = np.pad(points, (0, _LENGTH - points.size))
    rolled = np.zeros(points.size - _LENGTH + 1, dtype=np.uint64)
    for k in range(_LENGTH):
        rolled = rolled * _PRIME + points[k : k + rolled.size]
    unique: NDArray[np.uint64] = np.unique(rolled * np.uint64(0x9E3779B97F4A7C15))
    return unique


def near_duplicate_pairs(texts: Sequence[str], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of texts (first < second) whose Jaccard similarity reaches the threshold, with the similarity.

    Pairs under 0.6 may be missed; at 0.7 about one in a hundred is, at 0.8 none in ten thousand.
    """
    sets = [shingles(text) for text in texts]
    generator = np.random.default_rng(0)
    factors = generator.integers(1, 2**63, _PERMUTATIONS, dtype=np.uint64) | np.uint64(1)
    signatures = np.empty((len(sets), _PERMUTATIONS), dtype=np.uint64)
    for k, hashes in enumerate(sets):
        signatures[k] = _mixed(hashes[:, None] * factors).min(axis=0)
    seen: set[tuple[int, int]] = set()
    for band in np.split(signatures, _BANDS, axis=1):
        buckets: dict[bytes, list[int]] = defaultdict(list)
        for k in range(len(sets)):
            buckets[band[k].tobytes()].append(k)
        for members in buckets.values():
            for at, first in enumerate(members[:200]):
                for second in members[at + 1 : 200]:
                    if (first, second) in seen:
                        continue
                    seen.add((first, second))
                    similarity = _jaccard(sets[first], sets[second])
                    if similarity >= threshold:
                        yield first, second, similarity


def overlaps(texts: Sequence[str], others: Sequence[str], threshold: float) -> Iterator[tuple[int, int, float]]:
    """For each text the one of the others that it is most like, where their Jaccard similarity reaches the threshold.

    Nothing is missed at any threshold: every text that shares a 5-gram is compared.

    Parameters
    ----------
    texts, others : sequence of str
    threshold : float
        Over 0, up to 1.

    Yields
    ------
    index of the text, index of the other, similarity

    Examples
    --------
    >>> list(overlaps(["geheel anders", "Mail werkt  niet"], ["mail werkt niet", "iets"], 0.5))
    [(1, 0, 1.0)]
    """
    sets = [shingles(text) for text in others]
    places: dict[int, list[int]] = defaultdict(list)
    for at, hashes in enumerate(sets):
        for value in hashes.tolist():
            places[value].append(at)
    for k, text in enumerate(texts):
        mine = shingles(text)
        common = Counter(at for value in mine.tolist() for at in places.get(value, ()))
        alike = ((count / (mine.size + sets[at].size - count), -at) for at, count in common.items())
        similarity, at = max(alike, default=(0.0, 0))
        if similarity >= threshold:
            yield k, -at, similarity


def near_duplicate_groups(texts: Sequence[str], groups: Sequence[str], threshold: float) -> list[str]:
    """Join groups that hold near-duplicates of each other; each takes the name that sorts first.

    Examples
    --------
    >>> near_duplicate_groups(["mail werkt niet meer", "mail werkt niet meer!", "iets anders"], ["b", "a", "c"], 0.7)
    ['a', 'a', 'c']
    """
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for first, second, _ in near_duplicate_pairs(texts, threshold):
        a, b = sorted((root(groups[first]), root(groups[second])))
        parent[b] = a
    return [root(group) for group in groups]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed: NDArray[np.uint64] = values ^ (values >> np.uint64(29))
    return mixed * np.uint64(0xBF58476D1CE4E5B9)


def _jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    common = np.intersect1d(first, second, assume_unique=True).size
    return common / (first.size + second.size - common)
