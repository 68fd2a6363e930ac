"""The pooled view, fitted: hashed n-grams of texts to the classes of one label or of several at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from intentclf.predict.calibration import softmax
from intentclf.predict.network import unit_rows

__all__ = ["PooledNetwork"]

Floats = NDArray[np.float32]

_DECAY, _SQUARE_DECAY, _EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-8)
_SLOWEST = 0.02


class PooledNetwork(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Sums the vectors of a text's n-grams; one hidden layer and a direct path lead to a softmax for each label.

    A deep averaging network (Iyyer et al., ACL 2015) on hashed n-grams, with dropout of whole n-grams as there. All
    labels share the vectors and the hidden layer. Vectors are moved by Adagrad, the rest by Adam, both slowing down
    evenly to the end.

    Parameters
    ----------
    table : ndarray of shape (n_buckets, n_dimensions), optional
        Vectors to start from; random ones of 64 dimensions by default.
    hidden : int, default=256
        Hidden units.
    epochs : int, default=15
    batch : int, default=256
        Texts at a time.
    dropout : float, default=0.5
        Share of hidden units left out of a step, 0 to 0.9; half of it for the dimensions of the pooled vector.
    gram_dropout : float, default=0.3
        Share of a text's n-grams left out of a step, 0 to 0.9.
    gain : float, default=16.0
        Length that every pooled vector is given.
    table_rate, rate : float, default=0.07 and 0.003
        Steps at the beginning.
    seed : int, default=17
    missing : optional
        Value in `y` of a label that is not told of a text: the text teaches the other labels only.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of one such array for each label
    table_, hidden_, hidden_bias_, output_, direct_, output_bias_ : ndarray, float32
        See `predict.network.Network`.

    Examples
    --------
    >>> PooledNetwork(epochs=40).fit([[2.0, 0.0], [0.0, 2.0]] * 8, ["a", "b"] * 8).predict([[3.0, 0.5]]).tolist()
    ['a']
    """

    def __init__(
        self,
        table: Floats | None = None,
        hidden: int = 256,
        epochs: int = 15,
        batch: int = 256,
        dropout: float = 0.5,
        gram_dropout: float = 0.3,
        gain: float = 16.0,
        table_rate: float = 0.07,
        rate: float = 0.003,
        seed: int = 17,
        missing: Any = None,
    ) -> None:
        self.table = table
        self.hidden = hidden
        self.epochs = epochs
        self.batch = batch
        self.dropout = dropout
        self.gram_dropout = gram_dropout
        self.gain = gain
        self.table_rate = table_rate
        self.rate = rate
        self.seed = seed
        self.missing = missing

    def fit(self, X: Any, y: Any) -> PooledNetwork:  # noqa: N803
        """Fit to one label, or to several at once.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_buckets)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)

        Raises
        ------
        ValueError
            If a label has only one class, or the table is for another number of buckets.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float32, multi_output=True)  # noqa: N806
        check_classification_targets(y)
        labels = y.reshape(len(y), -1)
        told = np.ones(labels.shape, dtype=np.bool_) if self.missing is None else labels != self.missing
        found = [np.unique(labels[mine, k], return_inverse=True) for k, mine in enumerate(told.T)]
        for classes, _ in found:
            if classes.size < 2:
                raise ValueError(
                    f"needs two classes at least, got {classes.size} class: {', '.join(map(repr, map(str, classes)))}"
                )
        self._several = y.ndim == 2
        self.classes_ = [classes for classes, _ in found] if self._several else found[0][0]
        bounds = np.cumsum([0, *(classes.size for classes, _ in found)])
        self._columns = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
        target = np.zeros((len(y), int(bounds[-1])), dtype=np.bool_)
        for columns, (_, place), mine in zip(self._columns, found, told.T, strict=True):
            target[np.flatnonzero(mine), columns.start + place] = True
        self._run(sp.csr_matrix(X, dtype=np.float32), target)
        return self

    def _run(self, bags: sp.csr_matrix, target: NDArray[np.bool_]) -> None:
        generator = np.random.default_rng(self.seed)
        self._begin(generator, bags.shape[1], target.shape[1])
        squares = np.full(self.table_.shape[0], 1e-8, dtype=np.float32)
        adam = {name: (np.zeros_like(w), np.zeros_like(w)) for name, w in self._weights().items()}
        steps, step = -(-bags.shape[0] // self.batch), 0
        for _ in range(self.epochs):
            order = generator.permutation(bags.shape[0])
            for k in range(steps):
                rows = order[k * self.batch : (k + 1) * self.batch]
                pace = np.float32(max(_SLOWEST, 1 - step / (steps * self.epochs)))
                step += 1
                used, moved, slopes = self._slopes(generator, bags[rows], target[rows])
                squares[used] += (moved * moved).mean(axis=1)
                self.table_[used] -= np.float32(self.table_rate) * pace * moved / np.sqrt(squares[used])[:, None]
                for name, weights in self._weights().items():
                    weights -= np.float32(self.rate) * pace * _adam(adam[name], slopes[name], step)

    def _begin(self, generator: np.random.Generator, buckets: int, columns: int) -> None:
        if self.table is None:
            self.table_ = generator.standard_normal((buckets, 64), dtype=np.float32) * np.float32(0.03)
        else:
            self.table_ = np.array(self.table, dtype=np.float32)
            if self.table_.ndim != 2 or len(self.table_) != buckets:
                raise ValueError(f"table must have a row for each of the {buckets} buckets, got {self.table_.shape}")
        dimensions = self.table_.shape[1]

        def small(shape: tuple[int, int], size: float) -> Floats:
            return generator.standard_normal(shape, dtype=np.float32) * np.float32(size)

        self.hidden_ = small((dimensions, self.hidden), 1 / np.sqrt(dimensions))
        self.hidden_bias_ = np.zeros(self.hidden, dtype=np.float32)
        self.output_ = small((self.hidden, columns), 0.01)
        self.direct_ = small((dimensions, columns), 0.01)
        self.output_bias_ = np.zeros(columns, dtype=np.float32)

    def _weights(self) -> dict[str, Floats]:
        return {
            "hidden": self.hidden_,
            "hidden_bias": self.hidden_bias_,
            "output": self.output_,
            "direct": self.direct_,
            "output_bias": self.output_bias_,
        }

    def _slopes(
        self, generator: np.random.Generator, bags: sp.csr_matrix, target: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], Floats, dict[str, Floats]]:
        """Gradients of the mean cross-entropy, summed over labels: the buckets used, theirs, and the weights'."""
        used, place = np.unique(bags.indices, return_inverse=True)
        kept = _mask(generator, bags.data.shape, self.gram_dropout)
        local = sp.csr_matrix((bags.data * kept, place, bags.indptr), shape=(bags.shape[0], used.size))
        unit, length = unit_rows(local @ self.table_[used])
        text_mask = _mask(generator, unit.shape, self.dropout / 2) * np.float32(self.gain)
        text = unit * text_mask
        before = text @ self.hidden_ + self.hidden_bias_
        unit_mask = _mask(generator, before.shape, self.dropout) * (before > 0)
        active = before * unit_mask
        error = self._shares(active @ self.output_ + text @ self.direct_ + self.output_bias_)
        error[target] -= 1.0
        if self.missing is not None:
            for columns in self._columns:
                error[~target[:, columns].any(axis=1), columns] = 0.0
        error /= np.float32(bags.shape[0])
        back = (error @ self.output_.T) * unit_mask
        slope = (back @ self.hidden_.T + error @ self.direct_.T) * text_mask
        slope = (slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / length
        weights = {
            "hidden": text.T @ back,
            "hidden_bias": back.sum(axis=0),
            "output": active.T @ error,
            "direct": text.T @ error,
            "output_bias": error.sum(axis=0),
        }
        return used.astype(np.int64), local.T @ slope, weights

    def _shares(self, logits: Floats) -> Floats:
        for columns in self._columns:
            logits[:, columns] = softmax(logits[:, columns])
        return logits

    def logits(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Unnormalised log-probabilities of all classes of all labels side by side, shape (n_samples, n_columns)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)  # noqa: N806
        unit, _ = unit_rows(np.asarray(X @ self.table_.astype(np.float64)))
        text = unit * self.gain
        active = np.maximum(text @ self.hidden_ + self.hidden_bias_, 0.0)
        found: NDArray[np.float64] = active @ self.output_ + text @ self.direct_ + self.output_bias_
        return found

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Probabilities, shape (n_samples, n_classes), uncalibrated; a list of such arrays for several labels."""
        logits = self.logits(X)
        shares = [softmax(logits[:, columns]) for columns in self._columns]
        return shares if self._several else shares[0]

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The likeliest class, shape (n_samples,) or (n_samples, n_labels)."""
        shares = self.predict_proba(X)
        if not self._several:
            chosen: NDArray[Any] = self.classes_[shares.argmax(axis=1)]
            return chosen
        pairs = zip(self.classes_, shares, strict=True)
        return np.stack([classes[share.argmax(axis=1)] for classes, share in pairs], axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        tags.classifier_tags.multi_label = False
        return tags


def _mask(generator: np.random.Generator, shape: tuple[int, ...], share: float) -> Floats:
    """Zeros for about that share of places, elsewhere what makes up for them."""
    kept = generator.random(shape, dtype=np.float32) >= share
    return kept.astype(np.float32) / np.float32(1 - share)


def _adam(memory: tuple[Floats, Floats], slope: Floats, step: int) -> Floats:
    """The direction of Adam (Kingma and Ba, ICLR 2015); `memory` is updated in place."""
    mean, square = memory
    mean += (1 - _DECAY) * (slope - mean)
    square += (1 - _SQUARE_DECAY) * (slope * slope - square)
    fresh = mean / (1 - _DECAY**step)
    direction: Floats = fresh / (np.sqrt(square / (1 - _SQUARE_DECAY**step)) + _EPSILON)
    return direction
