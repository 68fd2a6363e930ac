"""What is fitted, with scikit-learn's interface: texts to weighted n-grams, weighted n-grams to margins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.svm import LinearSVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from intentclf.predict.features import hash_grams
from intentclf.predict.linear import Vocabulary

__all__ = ["MarginClassifier", "NgramTfidf"]

_TOLERANCE = 0.1
"""Of the solver: ten times finer costs half as much again and moves no figure."""

_CHUNK = 24
"""Classes that one call of the solver fits: enough that it copies the rows seldom, few enough for several processes."""


class NgramTfidf(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Weighs the hashed n-grams of texts by sublinear term frequency and inverse document frequency.

    Parameters
    ----------
    words : int, default=2
        Longest run of words, 1 or 2.
    chars : tuple of int, default=(2, 5)
        Shortest and longest run of characters inside words.
    min_documents : int, default=2
        Texts that must hold an n-gram.
    max_features : int or None, default=None
        Keep the most frequent ones only; None keeps all.

    Attributes
    ----------
    vocabulary_ : Vocabulary

    Examples
    --------
    >>> NgramTfidf(min_documents=1, words=1, chars=(2, 2)).fit_transform(["ja", "nee ja"]).shape
    (2, 9)
    """

    def __init__(
        self,
        words: int = 2,
        chars: tuple[int, int] = (2, 5),
        min_documents: int = 2,
        max_features: int | None = None,
    ) -> None:
        self.words = words
        self.chars = chars
        self.min_documents = min_documents
        self.max_features = max_features

    def fit(self, texts: Sequence[str], y: object = None) -> NgramTfidf:
        """Choose the n-grams and weigh them.

        Parameters
        ----------
        texts : sequence of str, length n_texts
        y : ignored

        Raises
        ------
        ValueError
            If no n-gram stands in enough texts.
        """
        grams = hash_grams(texts, words=self.words, chars=self.chars)
        order = np.lexsort((grams.document, grams.hash))
        hashes, documents, kinds = grams.hash[order], grams.document[order], grams.kind[order]
        fresh = np.ones(hashes.size, dtype=bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (documents[1:] != documents[:-1])
        unique, first, counts = np.unique(hashes[fresh], return_index=True, return_counts=True)
        keep = np.flatnonzero(counts >= self.min_documents)
        if not keep.size:
            raise ValueError(f"no n-gram stands in {self.min_documents} of the {len(texts)} texts")
        if self.max_features is not None and keep.size > self.max_features:
            keep = np.sort(keep[np.argsort(-counts[keep], kind="stable")[: self.max_features]])
        idf = np.log((1 + len(texts)) / (1 + counts[keep])) + 1
        self.vocabulary_ = Vocabulary(
            unique[keep], idf.astype(np.float32), kinds[fresh][first][keep], self.words, (self.chars[0], self.chars[1])
        )
        return self

    def transform(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Weigh the n-grams of texts.

        Returns
        -------
        csr_matrix of shape (n_texts, n_features), float64
        """
        check_is_fitted(self)
        grams = hash_grams(texts, words=self.vocabulary_.words, chars=self.vocabulary_.chars)
        features = self.vocabulary_.features(grams, len(texts))
        bounds = np.cumsum([0, *(feature.index.size for feature in features)])
        index = np.concatenate([feature.index for feature in features]) if features else np.empty(0, np.int64)
        value = np.concatenate([feature.value for feature in features]) if features else np.empty(0)
        return sp.csr_matrix((value, index, bounds), shape=(len(features), self.vocabulary_.hashes.size))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class MarginClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One linear support vector machine for each class against the rest, fitted side by side.

    The same machines as scikit-learn's ``LinearSVC``; it fits them one after another.

    Parameters
    ----------
    c : float, default=0.5
        Inverse strength of regularisation.
    seed : int, default=17
        Order in which the solver visits the rows.
    n_jobs : int, default=-1
        Processes, as joblib counts them; the result does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (n_classes, n_features)
    intercept_ : ndarray of shape (n_classes,)

    Examples
    --------
    >>> MarginClassifier().fit([[0.0], [1.0], [5.0], [6.0]], ["a", "a", "b", "b"]).predict([[5.5]]).tolist()
    ['b']
    """

    def __init__(self, c: float = 0.5, seed: int = 17, n_jobs: int = -1) -> None:
        self.c = c
        self.seed = seed
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike) -> MarginClassifier:  # noqa: N803
        """Fit one machine for each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Raises
        ------
        ValueError
            If there is only one class.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)  # noqa: N806
        check_classification_targets(y)
        self.classes_, place = np.unique(y, return_inverse=True)
        if self.classes_.size < 2:
            raise ValueError(f"needs two classes at least, got 1 class: {str(self.classes_[0])!r}")
        # Processes, not threads: the solver draws from one generator for the whole process, and two threads that share
        # it would give other weights on every run.
        chunks = [range(k, min(k + _CHUNK, self.classes_.size)) for k in range(0, self.classes_.size, _CHUNK)]
        fitted = Parallel(n_jobs=self.n_jobs, prefer="processes")(
            delayed(self._fit_chunk)(X, place, chunk) for chunk in chunks
        )
        self.coef_ = np.concatenate([weights for weights, _ in fitted])
        self.intercept_ = np.concatenate([bias for _, bias in fitted])
        return self

    def _fit_chunk(
        self,
        X: Any,  # noqa: N803
        place: NDArray[np.int64],
        chunk: range,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Machines of some classes: all other classes are one, whose machine is thrown away."""
        machine = LinearSVC(C=self.c, tol=_TOLERANCE, random_state=self.seed)
        inside = (place >= chunk.start) & (place < chunk.stop)
        if inside.all() and len(chunk) == 2:
            machine.fit(X, place)
            return np.concatenate([-machine.coef_, machine.coef_]), np.array([-1.0, 1.0]) * machine.intercept_
        if len(chunk) == 1:
            machine.fit(X, inside)
            return machine.coef_, machine.intercept_
        machine.fit(X, np.where(inside, place, chunk.stop))
        return machine.coef_[: len(chunk)], machine.intercept_[: len(chunk)]

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Margins, shape (n_samples, n_classes); of the second class alone, shape (n_samples,), where there are two."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)  # noqa: N806
        margins = np.asarray(X @ self.coef_.T) + self.intercept_
        chosen: NDArray[np.float64] = margins if self.classes_.size > 2 else margins[:, 1]
        return chosen

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The class with the largest margin, shape (n_samples,)."""
        margins = self.decision_function(X)
        place = margins.argmax(axis=1) if margins.ndim == 2 else (margins > 0).astype(int)
        chosen: NDArray[Any] = self.classes_[place]
        return chosen

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
