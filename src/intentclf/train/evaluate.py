"""Stage 4: how good is it, for each head and each language, on labelled texts that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import Codebook
from intentclf.errors import InputError
from intentclf.predict.model import SEVERITY, VAGUE, Model
from intentclf.records import Answer, Query
from intentclf.train.prepare import LabelledTexts, alternatives
from intentclf.triage import triage_many

__all__ = ["ALL", "Said", "Scores", "accept_curve", "evaluate", "expected_calibration_error", "reliability", "said"]

ALL = "all"
_BATCH = 512


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about one row by one head.

    Attributes
    ----------
    language : str
        Of the row, as labelled.
    label : str or None
        The answer.
    confidence : float
    accepted : bool
    truth : tuple of str
        Labels that are right.
    """

    language: str
    label: str | None
    confidence: float
    accepted: bool
    truth: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of one head on one set of rows; shares from 0 to 1, None where there is nothing to measure.

    Attributes
    ----------
    n : int
        Rows.
    accuracy : float
        Share of exactly right labels.
    level_1, level_2 : float or None
        The same for labels cut to one or two levels; None for severity and vague.
    macro_f1 : float
        Mean F1 of all labels that occur or were given.
    positive_f1 : float or None
        F1 of '1'; for vague only.
    majority : float
        Accuracy of always giving the most frequent label of these rows.
    calibration_error : float
        Expected calibration error, bins of equal mass.
    accepted : float
        Share of rows whose answer was accepted.
    accepted_precision : float or None
        Share of these that were exactly right.
    """

    n: int
    accuracy: float
    level_1: float | None
    level_2: float | None
    macro_f1: float
    positive_f1: float | None
    majority: float
    calibration_error: float
    accepted: float
    accepted_precision: float | None


def evaluate(
    model: Model, texts: LabelledTexts, *, bins: int = 15
) -> tuple[dict[str, dict[str, Scores]], dict[str, list[Said]]]:
    """Answer every text and compare.

    Parameters
    ----------
    model : Model
    texts : LabelledTexts
        All its rows are used; label cells may hold alternatives, any of which is right.
    bins : int
        Of the calibration error.

    Returns
    -------
    scores : dict of head to language to Scores
        Language 'all' first.
    answers : dict of head to list of Said

    Raises
    ------
    InputError
        If the table has no label that the model predicts.
    """
    shared = [label for label in texts.labels if model.head(label)]
    if not shared:
        raise InputError(
            f"none of the label columns {', '.join(texts.labels)} is predicted by this model, "
            f"which knows {', '.join(head.name for head in model.heads)}"
        )
    answers = [answer for batch in _batches(texts.queries()) for answer in triage_many(batch, model, words=0)]
    found = {label: said(label, answers, texts.column("lang"), texts.column(label)) for label in shared}
    return {label: _by_language(rows, model.books.get(label), bins) for label, rows in found.items()}, found


def said(label: str, answers: Sequence[Answer], languages: Iterable[str], cells: Iterable[str]) -> list[Said]:
    """What the answers say for one head, beside the truth."""
    rows = []
    for answer, language, cell in zip(answers, languages, cells, strict=True):
        given, confidence, accepted = _label_of(label, answer)
        rows.append(Said(language, given, confidence, accepted, alternatives(cell)))
    return rows


def _label_of(label: str, answer: Answer) -> tuple[str | None, float, bool]:
    if label in answer.reasons:
        reason = answer.reasons[label]
        return reason.code, reason.confidence, reason.accepted
    if label == SEVERITY:
        return answer.severity.level, answer.severity.confidence, answer.severity.accepted
    assert label == VAGUE, label
    return str(int(answer.vague.is_vague)), answer.vague.confidence, False


def _by_language(rows: Sequence[Said], book: Codebook | None, bins: int) -> dict[str, Scores]:
    languages = sorted({row.language for row in rows})
    parts = {ALL: list(rows)} | {code: [row for row in rows if row.language == code] for code in languages}
    return {name: _scores(part, book, bins) for name, part in parts.items()}


def _scores(rows: Sequence[Said], book: Codebook | None, bins: int) -> Scores:
    exact = np.array([row.label in row.truth for row in rows])
    right = np.array([_carries(row, book) for row in rows])
    accepted = np.array([row.accepted for row in rows])
    truth = [row.label if row.label in row.truth else row.truth[0] for row in rows]
    given = [row.label or "" for row in rows]
    counts = np.unique([row.truth[0] for row in rows], return_counts=True)[1]
    closed = book is None
    return Scores(
        n=len(rows),
        accuracy=float(exact.mean()),
        level_1=None if closed else _level(rows, book, 1),
        level_2=None if closed else _level(rows, book, 2),
        macro_f1=float(np.mean(list(_f1_by_label(truth, given).values()))),
        positive_f1=_f1_by_label(truth, given).get("1") if closed and "1" in {*truth, *given} else None,
        majority=float(counts.max() / len(rows)),
        calibration_error=expected_calibration_error(np.array([row.confidence for row in rows]), right, bins),
        accepted=float(accepted.mean()),
        accepted_precision=float(exact[accepted].mean()) if accepted.any() else None,
    )


def _carries(row: Said, book: Codebook | None) -> bool:
    """Whether what the confidence speaks of is so: the code, or a code under it, is right."""
    if row.label in row.truth:
        return True
    return book is not None and row.label is not None and any(book.is_under(label, row.label) for label in row.truth)


def _level(rows: Sequence[Said], book: Codebook | None, depth: int) -> float:
    def cut(label: str | None) -> tuple[str, ...]:
        return book.path(label)[:depth] if book is not None and label else ()

    return float(np.mean([cut(row.label) in [cut(label) for label in row.truth] for row in rows]))


def _f1_by_label(truth: Sequence[str], given: Sequence[str]) -> dict[str, float]:
    scores = {}
    for label in sorted({*truth, *given} - {""}):
        hits = sum(1 for a, b in zip(truth, given, strict=True) if a == b == label)
        total = sum(1 for a in truth if a == label) + sum(1 for b in given if b == label)
        scores[label] = 2 * hits / total
    return scores


def expected_calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> float:
    """Mean distance between confidence and share of right answers over bins of equal mass (Nguyen & O'Connor 2015).

    Parameters
    ----------
    confidence : ndarray of shape (n_rows,)
    right : ndarray of shape (n_rows,), bool
    bins : int

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.5, 0.5, 1.0, 1.0]), np.array([True, False, True, True]), 2)
    0.0
    """
    table = reliability(confidence, right, bins)
    return float(sum(n * abs(mean - share) for n, mean, share in table) / max(confidence.size, 1))


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> list[tuple[int, float, float]]:
    """Rows, mean confidence and share of right answers for each bin of equal mass, least confident first."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, max(order.size, 1)))
    return [(part.size, float(confidence[part].mean()), float(right[part].mean())) for part in parts if part.size]


def accept_curve(rows: Sequence[Said]) -> list[tuple[float, float]]:
    """Share accepted and their precision, for every threshold, the surest answers first; 100 points at most."""
    order = sorted(rows, key=lambda row: -row.confidence)
    precision = np.cumsum([row.label in row.truth for row in order]) / np.arange(1, len(order) + 1)
    picked = np.unique(np.linspace(0, len(order) - 1, 100).astype(int))
    return [((int(k) + 1) / len(order), float(precision[k])) for k in picked]


def as_dict(scores: Mapping[str, Mapping[str, Scores]]) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Scores as plain numbers, rounded to four places."""
    return {
        head: {
            language: {
                key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(row).items()
            }
            for language, row in languages.items()
        }
        for head, languages in scores.items()
    }


def _batches(queries: Sequence[Query]) -> Iterable[Sequence[Query]]:
    for start in range(0, len(queries), _BATCH):
        yield queries[start : start + _BATCH]
