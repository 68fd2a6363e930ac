"""Scores to probabilities, probabilities over classes to probabilities over a tree of codes.

A head's classes are codes and `none`. A parent can be a class itself: the text did not tell its children apart. The
probability of a parent is therefore that of its own class plus that of all its leaves, and equals the sum of its
leaves where no text was ever labelled with the parent alone. Nothing here depends on the other texts of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import NONE, Codebook

__all__ = ["PARENT_WORTH", "CodeTree", "sets_by_threshold", "softmax", "wilson_lower"]

PARENT_WORTH = 0.25
"""What a code above the right one is worth to an agent, who has to go on from there; the right one is worth 1."""

Floats = NDArray[np.float64]


def softmax(scores: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
    """Probabilities from scores, softened by a temperature (Guo et al., ICML 2017).

    Parameters
    ----------
    scores : ndarray of shape (n_queries, n_classes)
    temperature : float
        Over 0; fitted on held-out rows.

    Returns
    -------
    ndarray of shape (n_queries, n_classes)
        Rows sum to 1; of the type of `scores`.
    """
    scaled = scores / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    exponent = np.exp(scaled)
    probabilities: NDArray[Any] = exponent / exponent.sum(axis=1, keepdims=True)
    return probabilities


class CodeTree:
    """The codes of one head as arrays: which class counts towards which code.

    Parameters
    ----------
    book : Codebook
    classes : sequence of str
        The head's classes: codes of the book (leaves or parents) and perhaps `none`.

    Attributes
    ----------
    codes : tuple of str
        Every class and every code above one, parents before children, `none` last.
    leaves : tuple of str
        The classes and codes with none of the head's codes below them, `none` included.
    """

    def __init__(self, book: Codebook, classes: Sequence[str]) -> None:
        self.book = book
        self.classes = tuple(classes)
        used = {step for label in classes for step in book.path(label)}
        self.codes = (*(code.code for code in book if code.code in used), *((NONE,) if NONE in used else ()))
        parents = {book.codes[code].parent for code in used if code in book.codes}
        self.leaves = tuple(code for code in self.codes if code not in parents)
        place = {code: k for k, code in enumerate(self.codes)}
        self._member = np.zeros((len(self.classes), len(self.codes)))
        self._to_leaf = np.zeros((len(self.classes), len(self.leaves)))
        for k, label in enumerate(self.classes):
            for step in book.path(label):
                self._member[k, place[step]] = 1.0
            below = [j for j, leaf in enumerate(self.leaves) if book.is_under(leaf, label)]
            self._to_leaf[k, below] = 1.0 / len(below)
        self._place = place
        self._is_child = np.zeros((len(self.codes), len(self.codes)))
        for code in self.codes:
            if code in book.codes and book.codes[code].parent:
                self._is_child[place[code], place[book.codes[code].parent]] = 1.0

    def code_probabilities(self, classes: Floats) -> Floats:
        """Probability that the right label is a code or under it, shape (n_queries, n_codes), from class ones."""
        summed: Floats = classes @ self._member
        return np.minimum(summed, 1.0)

    def leaf_probabilities(self, classes: Floats) -> Floats:
        """Share of each leaf, shape (n_queries, n_leaves): what a parent has of its own is spread over its leaves."""
        shares: Floats = classes @ self._to_leaf
        return shares

    def membership(self, code: str) -> Floats:
        """1 for each class that is `code` or under it, shape (n_classes,)."""
        column: Floats = self._member[:, self._place[code]]
        return column

    def best(self, codes: Floats, threshold: float) -> str | None:
        """The code worth most to an agent, or the next one above it that is likely enough; None without one.

        A code is worth 1 where it is the label, `PARENT_WORTH` where it is above the label. By expected worth a leaf is
        answered as soon as it pays, and its parent where the leaves are too much alike.

        Parameters
        ----------
        codes : ndarray of shape (n_codes,)
            A row of `code_probabilities`.
        threshold : float
            0 to 1.
        """
        below = codes @ self._is_child  # how likely the label is somewhere under each code
        worth = codes - (1.0 - PARENT_WORTH) * below
        chosen: str | None = self.codes[int(worth.argmax())]
        while chosen and codes[self._place[chosen]] < threshold:
            chosen = self.book.codes[chosen].parent or None if chosen in self.book.codes else None
        return chosen


def sets_by_threshold(leaves: Sequence[str], shares: Floats, threshold: float) -> tuple[str, ...]:
    """The leaves of a prediction set (least ambiguous classifier, Sadinle et al., JASA 2019), likeliest first.

    Parameters
    ----------
    leaves : sequence of str, length n_leaves
    shares : ndarray of shape (n_leaves,)
    threshold : float
        1 minus the conformal quantile; leaves with at least this share belong to the set.
    """
    order = np.argsort(-shares, kind="stable")
    return tuple(leaves[k] for k in order if shares[k] >= threshold)


def wilson_lower(right: int, total: int, confidence: float) -> float:
    """One-sided lower bound of a share (Wilson, JASA 1927).

    Parameters
    ----------
    right, total : int
        Successes and trials.
    confidence : float
        0.5 to 1.

    Examples
    --------
    >>> round(wilson_lower(9, 10, 0.9), 3)
    0.718
    >>> wilson_lower(0, 0, 0.9)
    0.0
    """
    if not total:
        return 0.0
    from statistics import NormalDist

    z = NormalDist().inv_cdf(confidence)
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    return max(0.0, float(centre - spread) / (1 + z * z / total))
