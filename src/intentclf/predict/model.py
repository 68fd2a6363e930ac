"""The trained model as plain arrays: a text becomes two views, two views become probabilities, words become evidence.

Nothing here needs scikit-learn. Both views read the same n-grams: the linear one knows those it was trained on, the
pooled one (`network`) also those that share a bucket of sub-word vectors with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import Codebook
from intentclf.predict.calibration import CodeTree, softmax
from intentclf.predict.encoder import Encoder
from intentclf.predict.features import Grams, hash_grams
from intentclf.predict.linear import Features, Linear, Vocabulary
from intentclf.predict.network import Network
from intentclf.predict.rules import Rule, RuleMatcher
from intentclf.predict.severity import SeverityWeights
from intentclf.predict.vectors import Bag
from intentclf.records import ModelId

__all__ = ["SEVERITY", "VAGUE", "Head", "HeldOut", "Model", "Text", "Thresholds", "Views"]

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
    accept_in : mapping of str to float
        The same as `accept` for texts of one language, where it was chosen for that language.
    """

    answer: float = 0.5
    sure: float = 0.5
    accept: float = 2.0
    member: float = 0.05
    accept_in: Mapping[str, float] = field(default_factory=dict)

    def accept_for(self, language: str) -> float:
        """The threshold of a language, else that of all."""
        return self.accept_in.get(language, self.accept)


@dataclass(frozen=True, slots=True)
class Head:
    """One thing that is predicted: its name, its classes (columns `start` to `start + len(classes)`), calibration.

    Attributes
    ----------
    name : str
    classes : tuple of str
    start : int
    linear, pooled : float
        How much each view counts: the probabilities are the softmax of `linear` times the margins plus `pooled` times
        the logits. With one view alone, its weight is the reciprocal of a temperature.
    thresholds : Thresholds
    """

    name: str
    classes: tuple[str, ...]
    start: int
    linear: float = 1.0
    pooled: float = 0.0
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def columns(self) -> slice:
        """Its columns among those of all heads."""
        return slice(self.start, self.start + len(self.classes))

    def scores(self, views: Views) -> Floats:
        """Both views together, shape (n_texts, n_classes)."""
        return self.linear * views.margins[:, self.columns] + self.pooled * views.logits[:, self.columns]

    def probabilities(self, views: Views) -> Floats:
        """Calibrated, shape (n_texts, n_classes); rows sum to 1."""
        return softmax(self.scores(views))


@dataclass(frozen=True, slots=True)
class Text:
    """What the two views read of one text, and the n-grams that they read it from."""

    features: Features
    bag: Bag
    grams: Grams


@dataclass(frozen=True, slots=True)
class Views:
    """What the two views say of a batch.

    Attributes
    ----------
    margins, logits : ndarray of shape (n_texts, n_columns)
    """

    margins: Floats
    logits: Floats

    def __getitem__(self, rows: slice | Sequence[int] | NDArray[np.bool_]) -> Views:
        return Views(self.margins[rows], self.logits[rows])


@dataclass(frozen=True)
class HeldOut:
    """What the model said of the calibration rows before it was fitted on them too; thresholds are chosen from it.

    Attributes
    ----------
    heads : tuple of str
        Books and severity.
    languages : tuple of str
    language : ndarray of shape (n_rows,), uint8
        Index into `languages`.
    confidence : ndarray of shape (n_rows, n_heads), float32
        Of the answer, 0 to 1.
    right : ndarray of shape (n_rows, n_heads), uint8
        1 where the answer is exactly right.
    """

    heads: tuple[str, ...]
    languages: tuple[str, ...]
    language: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    right: NDArray[np.uint8]


@dataclass(frozen=True)
class Model:
    """Everything needed to answer: vocabulary, weights, heads, code books, rules.

    Attributes
    ----------
    id : ModelId
    vocabulary : Vocabulary
    linear : Linear
    network : Network
    heads : tuple of Head
    books : mapping of str to Codebook
        For every head that is a code book.
    rules : tuple of Rule
        With their measured precision.
    accept : float
        A query whose least sure label reaches this confidence is accepted: of the labels of such calibration rows,
        the target share was right. 2: never.
    held_out : HeldOut or None
        None for a model that was not calibrated.
    encoder : Encoder or None
        Whose vectors join the linear view.
    severity : SeverityWeights or None
        How text, codes and signals are weighed to a severity; None: the text alone tells.
    """

    id: ModelId
    vocabulary: Vocabulary
    linear: Linear
    network: Network
    heads: tuple[Head, ...]
    books: Mapping[str, Codebook]
    rules: tuple[Rule, ...] = ()
    accept: float = 2.0
    held_out: HeldOut | None = None
    encoder: Encoder | None = None
    severity: SeverityWeights | None = None

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

    def read(self, texts: Sequence[str]) -> list[Text]:
        """What the two views read of each text."""
        grams = hash_grams(texts, words=self.vocabulary.words, chars=self.vocabulary.chars)
        features = self.vocabulary.features(grams, len(texts))
        bags = self.network.vectors.bags(grams, len(texts))
        if self.encoder and texts:
            rows = self.encoder.encode(texts)
            features = [replace(feature, encoded=row) for feature, row in zip(features, rows, strict=True)]
        return [Text(*parts) for parts in zip(features, bags, grams.by_text(len(texts)), strict=True)]

    def views(self, texts: Sequence[Text]) -> Views:
        """What the two views say of each text; every text by itself, so that batches change nothing."""
        return Views(
            self.linear.margins([text.features for text in texts]), self.network.logits([text.bag for text in texts])
        )

    def probabilities(self, views: Views) -> dict[str, Floats]:
        """Calibrated probabilities of each head, shape (n_texts, n_classes of the head)."""
        return {head.name: head.probabilities(views) for head in self.heads}

    def influence(self, head: Head, chosen: Floats, row: Floats) -> Floats:
        """How the score of each column moves the log-probability of a code: gradient, shape (n_columns,).

        Parameters
        ----------
        head : Head
        chosen : ndarray of shape (n_classes,)
            1 for the classes that are the code or under it.
        row : ndarray of shape (n_classes,)
            Probabilities of the head for this text.
        """
        inside = row * chosen
        slope = np.zeros(self.linear.bias.size)
        slope[head.columns] = inside / max(float(inside.sum()), 1e-12) - row
        return slope
