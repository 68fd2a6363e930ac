"""Which labels deserve a second look: every row is judged by a model that has not seen its group.

A row is flagged where another label reaches what rows of that label get on average (confident learning, Northcutt et
al., JAIR 2021) and the model is as good as certain of it. With hundreds of codes and a handful of texts for most, the
first condition alone would flag half of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.calibration import softmax
from intentclf.settings import FitSettings
from intentclf.train.calibrate import fit_weights
from intentclf.train.estimators import MarginClassifier, NgramTfidf
from intentclf.train.prepare import LabelledTexts, alternatives, position

__all__ = ["Flag", "audit", "confident_disagreements", "read_verdicts", "write_flags"]

FOLDS = 5
SUREST = 0.985
"""Probability of the other label from which a row is flagged."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One doubtful label: the row's id, the column, its label, the label suggested, the probabilities of both."""

    id: str
    label: str
    given: str
    suggested: str
    own: float
    other: float


def audit(texts: LabelledTexts, settings: FitSettings, seed: int) -> list[Flag]:
    """Flag doubtful labels in all columns, the most doubtful first."""
    groups = texts.column("group")
    fold = np.array([int(position(f"audit:{group}", seed) * FOLDS) for group in groups])
    matrix = NgramTfidf(
        min_documents=settings.min_documents,
        max_features=60_000,
    ).fit_transform(texts.column("text"))
    ids = texts.column("id")
    flags: list[Flag] = []
    for label in texts.labels:
        given = np.array([alternatives(cell)[0] for cell in texts.column(label)])
        names, rows = _out_of_fold(matrix, given, fold, settings)
        flags += [
            Flag(ids[row], label, str(given[row]), str(names[other]), float(rows[row, own]), float(rows[row, other]))
            for row, own, other in confident_disagreements(rows, given, names)
        ]
    return sorted(flags, key=lambda flag: flag.own - flag.other)


def _out_of_fold(
    matrix: object, given: NDArray[np.str_], fold: NDArray[np.int64], settings: FitSettings
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Probabilities of every row by a model that has not seen its fold, shape (n_rows, n_classes)."""
    names, place = np.unique(given, return_inverse=True)
    margins = np.full((given.size, names.size), -3.0)
    for k in range(FOLDS):
        seen, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        machine = MarginClassifier(c=settings.c, seed=settings.seed).fit(matrix[seen], given[seen])  # type: ignore[index]
        found = machine.decision_function(matrix[held])  # type: ignore[index]
        found = found if found.ndim == 2 else np.stack([-found, found], axis=1)
        margins[np.ix_(held, np.searchsorted(names, machine.classes_))] = found
    weight, _ = fit_weights(margins, np.zeros_like(margins), place)
    return names, softmax(weight * margins)


def confident_disagreements(
    rows: NDArray[np.float64], given: NDArray[np.str_], names: NDArray[np.str_], surest: float = SUREST
) -> list[tuple[int, int, int]]:
    """Rows whose label is doubtful: row, index of its label, index of the likelier one.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_classes)
        Probabilities by models that have not seen the row.
    given : ndarray of shape (n_rows,)
    names : ndarray of shape (n_classes,)
        Sorted.
    surest : float
        Least probability of the other label.
    """
    place = np.searchsorted(names, given)
    average = np.array([rows[place == k, k].mean() for k in range(names.size)])
    passed = np.where(rows >= average, rows, -1.0)
    best = passed.argmax(axis=1)
    doubtful = (best != place) & (passed.max(axis=1) >= surest)
    return [(int(row), int(place[row]), int(best[row])) for row in np.flatnonzero(doubtful)]


def write_flags(flags: Sequence[Flag], texts: LabelledTexts, path: Path) -> None:
    """Write flags with their texts, for a person to read."""
    bodies = dict(zip(texts.column("id"), texts.column("text"), strict=True))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "column", "given", "suggested", "own", "other", "text"])
        for flag in flags:
            numbers = (f"{flag.own:.3f}", f"{flag.other:.3f}")
            writer.writerow([flag.id, flag.label, flag.given, flag.suggested, *numbers, bodies[flag.id]])


def read_verdicts(path: Path) -> Mapping[tuple[str, str], str]:
    """Verdicts by row and column, 'kept' or 'mended', from a file with the columns id, column, verdict, note."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["id"], row["column"]): row["verdict"] for row in csv.DictReader(file)}
