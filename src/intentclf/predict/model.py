"""The trained model as plain arrays: a text becomes margins, margins become probabilities, words become evidence.

Nothing here needs scikit-learn: the weights of its linear machines were quantised to one byte each when the model was
saved, and one product of a text's n-grams with them serves all heads at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import Codebook
from intentclf.predict.calibration import CodeTree, softmax
from intentclf.predict.features import CHAR, WORD, Grams, hash_grams
from intentclf.predict.rules import Rule, RuleMatcher
from intentclf.records import ModelId

__all__ = ["SEVERITY", "VAGUE", "Features", "Head", "Model", "Thresholds", "Vocabulary"]

SEVERITY, VAGUE = "severity", "vague"
"""Names of the two heads that are not code books."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a head is sure, from calibration rows; all 0 to 1.

    Attributes
    ----------
    answer : float
        Least probability of the code that is given as the answer; below it the parent is given, or nothing.
    sure : float
        From here on the model is not questioned by rules.
    accept : float
        From here on the answers of this head alone meet the target precision; 2 where no threshold does.
    member : float
        Least share of a leaf in the prediction set.
    """

    answer: float = 0.5
    sure: float = 0.5
    accept: float = 2.0
    member: float = 0.05


@dataclass(frozen=True, slots=True)
class Head:
    """One thing that is predicted: its name, its classes (columns `start` to `start + len(classes)`), calibration."""

    name: str
    classes: tuple[str, ...]
    start: int
    temperature: float = 1.0
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def columns(self) -> slice:
        """Columns of the joint weight matrix."""
        return slice(self.start, self.start + len(self.classes))


@dataclass(frozen=True, slots=True)
class Features:
    """The weighted n-grams of one text.

    Attributes
    ----------
    index : ndarray of shape (n_features,), int64
        Rows of the weight matrix, rising.
    value : ndarray of shape (n_features,), float64
        Sublinear tf-idf; words and characters have length 1 each.
    """

    index: NDArray[np.int64]
    value: Floats


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

    def features(self, texts: Sequence[str]) -> list[Features]:
        """Weighted n-grams of each text."""
        grams = hash_grams(texts, words=self.words, chars=self.chars)
        place, known = self.lookup(grams)
        key = grams.document[known] * self.hashes.size + place
        unique, counts = np.unique(key, return_counts=True)
        document, index = np.divmod(unique, max(self.hashes.size, 1))
        value = (1.0 + np.log(counts)) * self.idf[index].astype(np.float64)
        kind = self.kind[index]
        for block in (WORD, CHAR):
            norm = np.sqrt(np.bincount(document, np.where(kind == block, value**2, 0.0), minlength=len(texts)))
            value = np.where(kind == block, value / np.maximum(norm[document], 1e-12), value)
        bounds = np.searchsorted(document, np.arange(len(texts) + 1))
        return [Features(index[a:b], value[a:b]) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def lookup(self, grams: Grams) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Rows of the known n-grams, and which ones are known, shape (n_grams,)."""
        if not self.hashes.size:
            return np.empty(0, np.int64), np.zeros(grams.hash.size, np.bool_)
        place = np.searchsorted(self.hashes, grams.hash)
        place[place == self.hashes.size] = 0
        known = self.hashes[place] == grams.hash
        return place[known], known


@dataclass(frozen=True)
class Model:
    """Everything needed to answer: vocabulary, weights, heads, code books, rules.

    Attributes
    ----------
    id : ModelId
    vocabulary : Vocabulary
    weights : ndarray of shape (n_features, n_columns), int8
        Quantised; multiply by `scale`.
    scale, bias : ndarray of shape (n_columns,), float32
    heads : tuple of Head
    books : mapping of str to Codebook
        For every head that is a code book.
    rules : tuple of Rule
        With their measured precision.
    accept : float
        A query whose least sure label reaches this confidence is accepted: of the labels of such calibration rows,
        the target share was right. 2: never.
    """

    id: ModelId
    vocabulary: Vocabulary
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    heads: tuple[Head, ...]
    books: Mapping[str, Codebook]
    rules: tuple[Rule, ...] = ()
    accept: float = 2.0

    @cached_property
    def matcher(self) -> RuleMatcher:
        """Finds the rules; built when first asked for."""
        return RuleMatcher([rule for rule in self.rules if rule.precision])

    @cached_property
    def trees(self) -> Mapping[str, CodeTree]:
        """Code trees of the heads that are code books."""
        return {
            head.name: CodeTree(self.books[head.name], head.classes) for head in self.heads if head.name in self.books
        }

    def head(self, name: str) -> Head | None:
        """The head of that name, None where the model has none."""
        return next((head for head in self.heads if head.name == name), None)

    def margins(self, features: Sequence[Features]) -> Floats:
        """Signed distances, shape (n_queries, n_columns): every text by itself, so that batches change nothing."""
        rows = np.zeros((len(features), self.scale.size))
        for k, feature in enumerate(features):
            if feature.index.size:
                rows[k] = feature.value.astype(np.float32) @ self.weights[feature.index].astype(np.float32)
        return rows * self.scale + self.bias

    def probabilities(self, margins: Floats) -> dict[str, Floats]:
        """Calibrated probabilities of each head, shape (n_queries, n_classes of the head)."""
        return {head.name: softmax(margins[:, head.columns], head.temperature) for head in self.heads}

    def influence(self, head: Head, chosen: Floats, row: Floats) -> Floats:
        """How each feature moves the log-probability of a code: gradient, shape (n_features of the model,) per unit.

        Parameters
        ----------
        head : Head
        chosen : ndarray of shape (n_classes,)
            1 for the classes that are the code or under it.
        row : ndarray of shape (n_classes,)
            Probabilities of the head for this text.

        Returns
        -------
        ndarray of shape (n_columns of the head,)
            Factors of the head's columns; a feature's influence is its value times its weights times these.
        """
        inside = row * chosen
        return (inside / max(float(inside.sum()), 1e-12) - row) / head.temperature
