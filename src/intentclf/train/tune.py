"""From which confidence on an answer may be accepted: thresholds for each head and language, by target precision.

They are chosen from what the model said of rows that it had not seen (`predict.model.HeldOut`): the least confidence
above which the share of right answers meets the target, not as measured alone, but with its one-sided lower bound, so
that a handful of lucky rows does not lower a threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import floor
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import InputError
from intentclf.predict.model import VAGUE, HeldOut, Model
from intentclf.records import AcceptPoint

__all__ = ["ALL", "QUERY", "accept_threshold", "curve", "tune"]

ALL = "all"
QUERY = "query"
"""Name, beside those of the heads, of the whole query: its least sure label and the share of its labels right."""

_FEWEST_ACCEPTED = 20
_FEWEST_ROWS = 150
_BOUND = 0.9
_NEVER = 2.0
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

Floats = NDArray[np.float64]


def tune(model: Model, target: float, held_out: HeldOut | None = None) -> Model:
    """Choose the thresholds of acceptance of every head, for all languages together and for each.

    Parameters
    ----------
    model : Model
    target : float
        Share of accepted answers that is to be right, over 0 and under 1.
    held_out : HeldOut, optional
        By default those that the model was calibrated on.

    Returns
    -------
    Model
        With new thresholds, otherwise the same.

    Raises
    ------
    InputError
        If the model was never calibrated, or the target is out of range.
    """
    rows = held_out or model.held_out
    if rows is None or not rows.confidence.size:
        raise InputError("this model holds no calibration rows; train it, or give labelled texts with --data")
    if not 0 < target < 1:
        raise InputError(f"--target-precision must be over 0 and under 1, got {target}")
    heads = []
    for head in model.heads:
        if head.name in rows.heads:
            confidence, right = _of(rows, head.name)
            limits = replace(
                head.thresholds,
                accept=accept_threshold(confidence, right, target),
                accept_in=_by_language(rows, confidence, right, target),
            )
            head = replace(head, thresholds=limits)
        heads.append(head)
    told = {head.name for head in model.heads if head.name != VAGUE}
    # The whole query is accepted by its least sure label: rows that tell of some labels only say nothing of it.
    accept = accept_threshold(*_of(rows, QUERY), target) if told == set(rows.heads) else model.accept
    return replace(model, heads=tuple(heads), accept=accept)


def curve(held_out: HeldOut) -> list[AcceptPoint]:
    """Precision of the surest tenth, two tenths, … of the answers, for each head and the query, in each language."""
    points = []
    for name in (*held_out.heads, QUERY):
        confidence, right = _of(held_out, name)
        for language, mine in {ALL: np.ones(right.size, bool), **_languages(held_out)}.items():
            order = np.argsort(-confidence[mine], kind="stable")
            for share in _SHARES if mine.sum() >= _FEWEST_ACCEPTED else ():
                kept = order[: max(1, round(share * order.size))]
                points.append(
                    AcceptPoint(
                        name,
                        language,
                        float(confidence[mine][kept[-1]]),
                        kept.size / order.size,
                        float(right[mine][kept].mean()),
                    )
                )
    return points


def accept_threshold(confidence: Floats, right: NDArray[np.bool_] | Floats, target: float) -> float:
    """The least confidence from which on the answers meet a target precision; 2 where none does.

    Parameters
    ----------
    confidence : ndarray of shape (n_rows,)
    right : ndarray of shape (n_rows,)
        Whether an answer is right, or which share of its labels.
    target : float
        0 to 1.

    Examples
    --------
    >>> accept_threshold(np.linspace(0, 1, 1001), np.arange(1001) >= 400, 0.95)
    0.376
    """
    order = np.argsort(-confidence, kind="stable")
    number = np.arange(1, order.size + 1)
    precision = _lower_bound(np.cumsum(right[order].astype(np.float64)) / number, number)
    last_of_tie = np.append(np.diff(confidence[order]) < 0, True)
    good = np.flatnonzero((precision >= target) & last_of_tie & (number >= _FEWEST_ACCEPTED))
    return floor(float(confidence[order][good[-1]]) * 1e6) / 1e6 if good.size else _NEVER


def _lower_bound(share: Floats, number: NDArray[np.int64]) -> Floats:
    """Wilson's one-sided lower bound of shares of so many rows."""
    z = NormalDist().inv_cdf(_BOUND)
    centre = share + z * z / (2 * number)
    spread = z * np.sqrt(share * (1 - share) / number + z * z / (4 * number**2))
    bound: Floats = (centre - spread) / (1 + z * z / number)
    return bound


def _by_language(rows: HeldOut, confidence: Floats, right: Floats, target: float) -> Mapping[str, float]:
    return {
        language: accept_threshold(confidence[mine], right[mine], target)
        for language, mine in _languages(rows).items()
        if mine.sum() >= _FEWEST_ROWS
    }


def _languages(rows: HeldOut) -> dict[str, NDArray[np.bool_]]:
    return {language: rows.language == k for k, language in enumerate(rows.languages)}


def _of(rows: HeldOut, name: str) -> tuple[Floats, Floats]:
    """Confidence and rightness of a head, or of the query: its least sure label and the share of its labels right."""
    confidence, right = rows.confidence.astype(np.float64), rows.right.astype(np.float64)
    if name == QUERY:
        return confidence.min(axis=1), right.mean(axis=1)
    column = rows.heads.index(name)
    return confidence[:, column], right[:, column]
