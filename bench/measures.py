"""Gold labels and predictions in, figures out. Every measure is a function of arrays and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "Floats", "Predictions", "Scores", "auroc", "calibration_error", "macro_f1", "score"]

BINS = 15
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a system says of some texts.

    Attributes
    ----------
    labels : list of str
    confidence : ndarray of shape (n_texts,)
        Probability, 0 to 1, that the system gives its own label.
    out_of_scope : ndarray of shape (n_texts,)
        The higher, the less the text belongs to any label but `none`.
    """

    labels: list[str]
    confidence: Floats
    out_of_scope: Floats


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of one system on some rows, 0 to 1 each but n; AUROC is None where there is nothing to tell apart."""

    n: int
    accuracy: float
    macro_f1: float
    ece: float
    auroc: float | None


def score(gold: Sequence[str], said: Predictions, keep: NDArray[np.bool_], *, none: str) -> Scores:
    """Measure the rows that are kept.

    Parameters
    ----------
    gold : sequence of str
        Of all rows.
    said : Predictions
        Of all rows.
    keep : ndarray of shape (n_texts,), bool
    none : str
        The label of rows that are out of scope.
    """
    truth, labels = np.array(gold, dtype=object)[keep], np.array(said.labels, dtype=object)[keep]
    right = np.array(truth == labels, dtype=bool)
    return Scores(
        n=int(keep.sum()),
        accuracy=float(right.mean()),
        macro_f1=macro_f1(list(truth), list(labels)),
        ece=calibration_error(said.confidence[keep], right),
        auroc=auroc(np.array(truth == none, dtype=bool), said.out_of_scope[keep]),
    )


def macro_f1(gold: Sequence[str], labels: Sequence[str]) -> float:
    """Mean F1 of all labels that occur or were given, as scikit-learn counts it.

    Examples
    --------
    >>> round(macro_f1(["a", "a", "b", "b"], ["a", "b", "b", "b"]), 4)  # (2/3 + 4/5) / 2
    0.7333
    """
    from sklearn.metrics import f1_score

    return float(f1_score(gold, labels, average="macro", zero_division=0))


def calibration_error(confidence: Floats, right: NDArray[np.bool_], *, bins: int = BINS) -> float:
    """Expected calibration error over bins of equal mass.

    Rows are ordered by confidence and cut into bins that differ by one row at most; the error is the mean over rows of
    the distance between the bin's mean confidence and its share of right labels. Rows of equal confidence each count
    with the share of right labels among them, so that the order of the rows makes no difference.

    Parameters
    ----------
    confidence : ndarray of shape (n_texts,)
        0 to 1.
    right : ndarray of shape (n_texts,), bool
    bins : int

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> calibration_error(np.array([0.75, 1.0, 0.5, 0.75]), np.array([True, True, False, False]), bins=2)
    0.25
    """
    _, tied = np.unique(confidence, return_inverse=True)
    share = (np.bincount(tied, weights=right) / np.bincount(tied))[tied]
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, order.size))
    gaps = (part.size * abs(confidence[part].mean() - share[part].mean()) for part in parts)
    return float(sum(gaps) / order.size)


def auroc(positive: NDArray[np.bool_], scores: Floats) -> float | None:
    """Chance that a positive row has a higher score than a negative one, ties counting half; None without both kinds.

    Examples
    --------
    >>> auroc(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.4, 0.1]))  # (1 + 1 + 0.5 + 1) / 4
    0.875
    """
    from sklearn.metrics import roc_auc_score

    if positive.all() or not positive.any():
        return None
    return float(roc_auc_score(positive, scores))
