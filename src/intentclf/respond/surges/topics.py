"""What a query is about as one row of numbers: text vectors and predicted codes blended, so that alike lies close."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.records import CodeScore

__all__ = ["CODE_WIDTH", "TopicSpace", "code_paths", "code_row", "unit"]

Floats = NDArray[np.float32]

CODE_WIDTH = 32
_TEXT_WIDTH = 96
_CODE_WEIGHT = 0.15
# Directions that all texts share say little of what one is about; to the -0.5 they would count no more than noise.
_POWER = 0.35
_FLOOR = 1e-3
_SMALLEST = 1e-9


def code_paths(codes: Iterable[CodeScore]) -> list[tuple[str, float]]:
    """Each code and those above it, as 'book:code', with the confidence.

    Examples
    --------
    >>> code_paths([CodeScore("desk", "mail.lost", 0.7)])
    [('desk:mail', 0.7), ('desk:mail.lost', 0.7)]
    """
    found = []
    for each in codes:
        steps = each.code.split(".")
        found += [(f"{each.book}:{'.'.join(steps[:k])}", each.confidence) for k in range(1, len(steps) + 1)]
    return found


def code_row(codes: Iterable[CodeScore]) -> Floats:
    """Codes as a row of length 1, or of zeros; a code and its parent lie closer than strangers.

    Every code has a random direction of its own, made from its name, so that nothing has to be known of the books.
    """
    total = np.zeros(CODE_WIDTH)
    for name, confidence in code_paths(codes):
        total += confidence * _direction(name)
    return unit(total).astype(np.float32)


@lru_cache(maxsize=4096)
def _direction(name: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return unit(np.random.default_rng(seed).standard_normal(CODE_WIDTH))


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows of length 1; rows of zeros stay."""
    found: NDArray[Any] = rows / np.maximum(np.sqrt((rows * rows).sum(axis=-1, keepdims=True)), _SMALLEST)
    return found


@dataclass(frozen=True)
class TopicSpace:
    """Text vectors centred and evened out, beside the codes; the inner product of two rows is their likeness, to 1.

    Attributes
    ----------
    mean : ndarray of shape (n_dimensions,), float32
    matrix : ndarray of shape (n_dimensions, n_kept), float32
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def of(cls, vectors: NDArray[Any]) -> TopicSpace:
        """Fit on vectors of shape (n_texts, n_dimensions) of the desk's history: principal directions, evened out."""
        rows = vectors.astype(np.float64)
        mean = rows.mean(axis=0)
        centred = rows - mean
        values, directions = np.linalg.eigh(centred.T @ centred / len(rows))
        kept = slice(None, -min(_TEXT_WIDTH, values.size) - 1, -1)
        values, directions = values[kept], directions[:, kept]
        scale = np.maximum(values, _FLOOR * max(float(values[0]), _SMALLEST)) ** -_POWER
        return cls(mean.astype(np.float32), (directions * scale).astype(np.float32))

    def rows(self, vectors: NDArray[Any], codes: NDArray[Any]) -> Floats:
        """Place texts, shape (n_texts, n_kept + CODE_WIDTH), from their vectors and rows of `code_row`."""
        texts = unit((vectors - self.mean) @ self.matrix)
        both = [np.sqrt(1 - _CODE_WEIGHT) * texts, np.sqrt(_CODE_WEIGHT) * codes]
        placed: Floats = np.concatenate(both, axis=-1).astype(np.float32)
        return placed
