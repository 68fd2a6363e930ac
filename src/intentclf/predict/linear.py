"""The linear view of a text: its weighted n-grams times the weights of one machine for each class.

Most weights of such machines are next to nothing. Only the largest were kept when the model was saved, one byte each
with its column, so that a text's margins cost what its own n-grams hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.features import CHAR, WORD, Grams

__all__ = ["Features", "Linear", "Vocabulary"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Features:
    """The weighted n-grams of one text.

    Attributes
    ----------
    index : ndarray of shape (n_features_of_the_text,), int64
        Places in the vocabulary, rising.
    value : ndarray of shape (n_features_of_the_text,), float64
        Sublinear tf-idf; words and characters have length 1 each.
    encoded : ndarray of shape (n_dimensions,), float32, or None
        By the encoder, where the model has one.
    """

    index: NDArray[np.int64]
    value: Floats
    encoded: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Vocabulary:
    """Known n-grams and their weights.

    Attributes
    ----------
    hashes : ndarray of shape (n_features,), uint64
        Rising.
    idf : ndarray of shape (n_features,), float32
    kind : ndarray of shape (n_features,), uint8
        Words or characters, see `predict.features`.
    words, chars
        The n-gram lengths it was made with.
    """

    hashes: NDArray[np.uint64]
    idf: NDArray[np.float32]
    kind: NDArray[np.uint8]
    words: int
    chars: tuple[int, int]

    def features(self, grams: Grams, n_texts: int) -> list[Features]:
        """Weighted n-grams of each text of a batch."""
        place, known = self.lookup(grams)
        key = grams.document[known] * self.hashes.size + place
        unique, counts = np.unique(key, return_counts=True)
        document, index = np.divmod(unique, max(self.hashes.size, 1))
        value = (1.0 + np.log(counts)) * self.idf[index].astype(np.float64)
        kind = self.kind[index]
        for block in (WORD, CHAR):
            norm = np.sqrt(np.bincount(document, np.where(kind == block, value**2, 0.0), minlength=n_texts))
            value = np.where(kind == block, value / np.maximum(norm[document], 1e-12), value)
        bounds = np.searchsorted(document, np.arange(n_texts + 1))
        return [Features(index[a:b], value[a:b]) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def lookup(self, grams: Grams) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Places of the known n-grams, and which ones are known, shape (n_grams,)."""
        if not self.hashes.size:
            return np.empty(0, np.int64), np.zeros(grams.hash.size, np.bool_)
        place = np.searchsorted(self.hashes, grams.hash)
        place[place == self.hashes.size] = 0
        known = self.hashes[place] == grams.hash
        return place[known], known


@dataclass(frozen=True)
class Linear:
    """Sparse quantised weights, those of one n-gram after the other.

    Attributes
    ----------
    start : ndarray of shape (n_features + 1,), uint32
        The weights of n-gram `k` are those from `start[k]` to `start[k + 1]`.
    column : ndarray of shape (n_weights,), uint16
        The class that a weight belongs to, over all heads.
    weight : ndarray of shape (n_weights,), int8
        Multiply by the scale of its column.
    scale, bias : ndarray of shape (n_columns,), float32
    dense : ndarray of shape (n_dimensions, n_columns), float32
        Weights of an encoder's vectors; no rows where the model has no encoder.
    """

    start: NDArray[np.uint32]
    column: NDArray[np.uint16]
    weight: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    dense: NDArray[np.float32]

    def margins(self, features: Sequence[Features]) -> Floats:
        """Signed distances, shape (n_texts, n_columns); every text by itself, so that batches change nothing."""
        rows = np.zeros((len(features), self.scale.size))
        for k, feature in enumerate(features):
            at, owner = self._weights_of(feature.index)
            spoken = feature.value[owner] * self.weight[at]
            rows[k] = np.bincount(self.column[at], spoken, minlength=self.scale.size) * self.scale
            if feature.encoded is not None:
                rows[k] += feature.encoded @ self.dense
        return rows + self.bias

    def shares(self, feature: Features, factors: Floats) -> Floats:
        """What each n-gram adds to weighted sums of the margins, shape (n_features_of_the_text, n_sums).

        Parameters
        ----------
        feature : Features
        factors : ndarray of shape (n_columns, n_sums)
            Weights of each sum.
        """
        at, owner = self._weights_of(feature.index)
        column, weight = self.column[at], self.weight[at]
        shares = np.empty((feature.index.size, factors.shape[1]))
        for k, scaled in enumerate((self.scale[:, None] * factors).T):
            mine = np.flatnonzero((scaled != 0)[column])  # a sum is mostly of one head's columns
            spoken = weight[mine] * scaled[column[mine]]
            shares[:, k] = np.bincount(owner[mine], spoken, minlength=feature.index.size) * feature.value
        return shares

    def _weights_of(self, index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the weights of some n-grams, and which of these n-grams each belongs to."""
        first, last = self.start[index].astype(np.int64), self.start[index + 1].astype(np.int64)
        count = last - first
        owner = np.repeat(np.arange(index.size), count)
        before = np.cumsum(count) - count
        return np.arange(owner.size) - np.repeat(before - first, count), owner
