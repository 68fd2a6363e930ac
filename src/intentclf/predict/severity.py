"""Severity from everything that is known of a text: what its words say, its codes, the signals found in it.

A multinomial logistic regression (stacking: Wolpert, Neural Networks 1992) over the log-probabilities of the severity
head, the probabilities of all codes, and signals; fitted on calibration rows, so that what comes out is calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.calibration import CodeTree, softmax

__all__ = ["LEVELS", "SeverityWeights", "evidence_matrix", "evidence_names"]

Floats = NDArray[np.float64]

LEVELS = ("A", "B", "C")
_LEAST = 1e-4  # a level that the head holds for impossible must stay within reach of the rest


@dataclass(frozen=True)
class SeverityWeights:
    """What each piece of evidence adds to the score of each level.

    Attributes
    ----------
    names : tuple of str
        `text:<level>`, `<book>:<code>` and `signal:<signal>=<value>`, in the order of the columns of the evidence.
    levels : tuple of str
        Those of the severity head.
    weights : ndarray of shape (n_names, n_levels), float32
    bias : ndarray of shape (n_levels,), float32
    """

    names: tuple[str, ...]
    levels: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def probabilities(self, evidence: Floats) -> Floats:
        """Probability of each level, shape (n_texts, n_levels), from evidence of shape (n_texts, n_names)."""
        rows = np.empty((len(evidence), len(self.levels)))
        weights, bias = self.weights.astype(np.float64), self.bias.astype(np.float64)
        for k, row in enumerate(evidence):  # one by one: a product of matrices rounds differently for a batch
            rows[k] = row @ weights + bias
        return softmax(rows)


def evidence_names(levels: Sequence[str], trees: Mapping[str, CodeTree], signals: Sequence[str]) -> tuple[str, ...]:
    """The names of the columns of `evidence_matrix`."""
    text = (f"text:{level}" for level in levels)
    codes = (f"{book}:{code}" for book, tree in trees.items() for code in tree.codes)
    return (*text, *codes, *(f"signal:{signal}" for signal in signals))


def evidence_matrix(text: Floats, likely: Mapping[str, Floats], trees: Mapping[str, CodeTree], found: Floats) -> Floats:
    """Evidence on severity, shape (n_texts, n_names).

    Parameters
    ----------
    text : ndarray of shape (n_texts, n_levels)
        Probabilities of the severity head.
    likely : mapping of book to ndarray of shape (n_texts, n_classes)
        Probabilities of the classes of each book.
    trees : mapping of book to CodeTree
    found : ndarray of shape (n_texts, n_signals)
        1 where a signal was found.
    """
    sizes = [text.shape[1], *(len(tree.codes) for tree in trees.values()), found.shape[1]]
    matrix = np.empty((len(text), sum(sizes)))
    for k, row in enumerate(matrix):  # one by one, see above
        codes = (tree.code_probabilities(likely[book][k : k + 1])[0] for book, tree in trees.items())
        row[:] = np.concatenate([np.log(np.maximum(text[k], _LEAST)), *codes, found[k]])
    return matrix
