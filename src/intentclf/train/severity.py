"""Weights of the evidence on severity, from calibration rows; see `predict.severity`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from intentclf.predict.calibration import CodeTree
from intentclf.predict.severity import SeverityWeights
from intentclf.respond.severity.grounds import evidence_of, ground_names
from intentclf.respond.severity.signals import Signals

__all__ = ["fit_severity", "severity_weights"]

Floats = NDArray[np.float64]

_FEWEST_ROWS, _FEWEST_OF_A_LEVEL, _FOLDS = 300, 10, 5
_INVERSE_STRENGTH = 0.01
_DIGITS = 6  # what differs from one processor to the next stays below


def fit_severity(
    levels: Sequence[str],
    likely: Mapping[str, Floats],
    trees: Mapping[str, CodeTree],
    signals: Sequence[Signals],
    truth: Sequence[tuple[str, ...]],
    groups: Sequence[str],
    *,
    head: str,
) -> tuple[SeverityWeights, Floats] | None:
    """Fit the weights, and say what such weights make of rows that they were not fitted on.

    Parameters
    ----------
    levels : sequence of str
        Classes of the severity head.
    likely : mapping of head to ndarray of shape (n_rows, n_classes)
        Calibrated probabilities of rows that the views have not seen.
    trees : mapping of book to CodeTree
    signals : sequence of Signals, length n_rows
    truth : sequence of tuple of str, length n_rows
        Levels that are right; the first is learnt.
    groups : sequence of str, length n_rows
        Rows of one group stay on one side of a fold.
    head : str
        Name of the severity head.

    Returns
    -------
    weights : SeverityWeights
    rows : ndarray of shape (n_rows, n_levels)
        Probabilities by weights fitted on the other folds: thresholds are chosen from these.

    None where there are too few rows, or too few of a level.
    """
    known = np.array([labels[0] in levels for labels in truth])
    target = np.array([labels[0] for labels in truth])
    counts = [int((target[known] == level).sum()) for level in levels]
    if known.sum() < _FEWEST_ROWS or min(counts) < _FEWEST_OF_A_LEVEL or len(set(groups)) < _FOLDS:
        return None
    names = ground_names(levels, trees)
    evidence = evidence_of(likely[head], likely, trees, signals)
    rows = np.empty((len(target), len(levels)))
    for train, test in GroupKFold(_FOLDS).split(evidence, groups=groups):
        rows[test] = severity_weights(
            names, levels, evidence[train][known[train]], target[train][known[train]]
        ).probabilities(evidence[test])
    return severity_weights(names, levels, evidence[known], target[known]), rows


def severity_weights(
    names: tuple[str, ...], levels: Sequence[str], evidence: Floats, target: NDArray[np.str_]
) -> SeverityWeights:
    """The weights of evidence of shape (n_rows, n_names) on the levels in `target`, of shape (n_rows,)."""
    machine = LogisticRegression(C=_INVERSE_STRENGTH, max_iter=2000, tol=1e-6).fit(evidence, target)
    weights, bias = np.zeros((len(names), len(levels))), np.full(len(levels), -50.0)
    for column, level in enumerate(levels):
        place = np.flatnonzero(machine.classes_ == level)
        if place.size:  # a fold may lack a level that is rare
            weights[:, column], bias[column] = machine.coef_[place[0]], machine.intercept_[place[0]]
    return SeverityWeights(
        names, tuple(levels), np.round(weights, _DIGITS).astype(np.float32), np.round(bias, _DIGITS).astype(np.float32)
    )
