"""Stage 3: what a probability is worth, on rows that the weights have not seen.

A temperature for each head, the thresholds of the answer, the precision of every keyword rule; then the weights are
fitted again on the training and calibration rows together, with everything found here kept. The test part stays
untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from intentclf.codebooks.loader import Codebook
from intentclf.intake.reading import read
from intentclf.predict.calibration import CodeTree, softmax, wilson_lower
from intentclf.predict.model import VAGUE, Head, Model, Thresholds
from intentclf.predict.rules import Rule, RuleMatcher
from intentclf.records import Reading, RuleHit
from intentclf.respond import choose_reason, judge_severity
from intentclf.settings import CalibrateSettings, FitSettings
from intentclf.train.fit import fit
from intentclf.train.prepare import LabelledTexts, alternatives

__all__ = ["calibrate", "calibrate_head", "fit_temperature", "measure_rules", "train"]

_GRID = np.round(np.arange(0.05, 0.96, 0.05), 2)
_FEWEST_ACCEPTED = 20
_NEVER = 2.0

Floats = NDArray[np.float64]


def train(
    texts: LabelledTexts, fit_settings: FitSettings, calibrate_settings: CalibrateSettings, rules: Sequence[Rule] = ()
) -> Model:
    """Fit on the training part, calibrate on the calibration part, fit again on both."""
    fitted = fit(texts, ["train"], fit_settings)
    return calibrate(fitted, texts, fit_settings, calibrate_settings, rules)


def calibrate(
    fitted: Model,
    texts: LabelledTexts,
    fit_settings: FitSettings,
    settings: CalibrateSettings,
    rules: Sequence[Rule] = (),
) -> Model:
    """Calibrate a model on the calibration part and fit its weights again.

    Parameters
    ----------
    fitted : Model
        Fitted on the part 'train' alone.
    texts : LabelledTexts
        Prepared.
    fit_settings, settings
    rules : sequence of Rule
        Those for books of the model are measured on all rows but the test part: they were not written from them.

    Returns
    -------
    Model
    """
    mine = [rule for rule in rules if fitted.head(rule.book)]
    seen = texts.of("train", "calibration")
    readings = [read(query) for query in seen.queries()]
    hits = _find(mine, readings)
    labels = {label: seen.column(label) for label in texts.labels}
    measured = measure_rules(mine, hits, labels, fitted.books, settings.rule_bound)
    precision = {rule.id: rule.precision for rule in measured}
    own = [k for k, part in enumerate(seen.column("split")) if part == "calibration"]
    features = fitted.vocabulary.features([readings[k].text for k in own])
    margins = fitted.margins(features)
    heads: dict[str, Head] = {}
    sure: list[Floats] = []
    right: list[NDArray[np.bool_]] = []
    for head in fitted.heads:
        truth = [alternatives(labels[head.name][k]) for k in own]
        mine_hits = [_measured(hits[k], head.name, precision) for k in own]
        book = fitted.books.get(head.name)
        heads[head.name] = calibrate_head(head, book, margins[:, head.columns], truth, mine_hits, settings)
        if head.name != VAGUE:
            confidence, exact = _outcome(heads[head.name], book, margins[:, head.columns], truth, mine_hits)
            sure.append(confidence)
            right.append(exact)
    accept = accept_threshold(np.min(sure, axis=0), np.mean(right, axis=0), settings.target_precision)
    final = fit(texts, ["train", "calibration"], fit_settings, measured)
    return replace(final, heads=tuple(_transfer(head, heads[head.name]) for head in final.heads), accept=accept)


def calibrate_head(
    head: Head,
    book: Codebook | None,
    margins: Floats,
    truth: Sequence[tuple[str, ...]],
    hits: Sequence[Sequence[RuleHit]],
    settings: CalibrateSettings,
) -> Head:
    """Temperature and thresholds of one head.

    Parameters
    ----------
    head : Head
    book : Codebook or None
        None for severity and vague.
    margins : ndarray of shape (n_rows, n_classes)
        Of rows that the weights have not seen.
    truth : sequence of tuple of str
        Labels that are right, for each row.
    hits : sequence of sequence of RuleHit
        Rules of this head that fired, for each row.
    """
    place = {name: k for k, name in enumerate(head.classes)}
    target = np.array([next((place[label] for label in labels if label in place), -1) for labels in truth])
    known = target >= 0
    if not known.any():
        return head
    temperature = fit_temperature(margins[known], target[known])
    rows = softmax(margins, temperature)
    scaled = replace(head, temperature=temperature)
    if book is None:
        scaled = _flat_thresholds(scaled, rows, truth, hits)
    else:
        scaled = _tree_thresholds(scaled, CodeTree(book, head.classes), rows, truth, hits, settings)
    if head.name == VAGUE:
        return scaled
    confidence, exact = _outcome(scaled, book, margins, truth, hits)
    accept = accept_threshold(confidence, exact, settings.target_precision)
    return replace(scaled, thresholds=replace(scaled.thresholds, accept=accept))


def fit_temperature(margins: Floats, target: NDArray[np.int64]) -> float:
    """The temperature with the least negative log-likelihood (Guo et al., ICML 2017), from 0.02 to 20.

    Parameters
    ----------
    margins : ndarray of shape (n_rows, n_classes)
    target : ndarray of shape (n_rows,)
        Index of the right class.
    """

    def loss(log_temperature: float) -> float:
        row = softmax(margins, float(np.exp(log_temperature)))[np.arange(target.size), target]
        return float(-np.log(np.maximum(row, 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.02), np.log(20.0)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def measure_rules(
    rules: Sequence[Rule],
    hits: Sequence[Sequence[RuleHit]],
    labels: Mapping[str, Sequence[str]],
    books: Mapping[str, Codebook],
    bound: float,
) -> tuple[Rule, ...]:
    """Count how often each rule fired and was right, and give it the lower bound of its precision.

    Parameters
    ----------
    rules : sequence of Rule
    hits : sequence of sequence of RuleHit, length n_rows
    labels : mapping of head to its label cells, each of length n_rows
    books : mapping of str to Codebook
    bound : float
        Confidence of the one-sided bound.

    Returns
    -------
    tuple of Rule
        A rule that never fired has no precision and stays silent.
    """
    fired = {rule.id: 0 for rule in rules}
    right = dict(fired)
    for row, found in enumerate(hits):
        for hit in found:
            fired[hit.rule] += 1
            right[hit.rule] += any(
                _is_under(books.get(hit.book), label, hit.code) for label in alternatives(labels[hit.book][row])
            )
    return tuple(
        replace(
            rule,
            hits=fired[rule.id],
            right=right[rule.id],
            precision=round(wilson_lower(right[rule.id], fired[rule.id], bound), 4) if fired[rule.id] else None,
        )
        for rule in rules
    )


def _is_under(book: Codebook | None, label: str, code: str) -> bool:
    return label == code if book is None else book.is_under(label, code)


def _find(rules: Sequence[Rule], readings: Sequence[Reading]) -> list[tuple[RuleHit, ...]]:
    matcher = RuleMatcher(rules)
    return [matcher.find(reading) for reading in readings]


def _measured(hits: Sequence[RuleHit], book: str, precision: Mapping[str, float | None]) -> list[RuleHit]:
    return [replace(hit, precision=precision[hit.rule]) for hit in hits if hit.book == book and precision[hit.rule]]


def _tree_thresholds(
    head: Head,
    tree: CodeTree,
    rows: Floats,
    truth: Sequence[tuple[str, ...]],
    hits: Sequence[Sequence[RuleHit]],
    settings: CalibrateSettings,
) -> Head:
    """Member for the coverage, answer and sure for the most useful answers."""
    head = replace(head, thresholds=Thresholds(member=_member(tree, rows, truth, settings.coverage)))

    def useful(limits: Thresholds) -> float:
        trial = replace(head, thresholds=limits)
        reasons = [choose_reason(trial, tree, row, found)[0] for row, found in zip(rows, hits, strict=True)]
        return sum(_use(tree.book, reason.code, labels) for reason, labels in zip(reasons, truth, strict=True))

    for name in ("answer", "sure"):
        limits = head.thresholds
        tried = {float(value): useful(replace(limits, **{name: float(value)})) for value in _GRID}
        head = replace(head, thresholds=replace(limits, **{name: max(tried, key=lambda v: (tried[v], -v))}))
    return head


def _flat_thresholds(
    head: Head,
    rows: Floats,
    truth: Sequence[tuple[str, ...]],
    hits: Sequence[Sequence[RuleHit]],
) -> Head:
    limits = Thresholds()
    if head.name == VAGUE:
        yes = rows[:, head.classes.index("1")]
        near_half = _GRID[(_GRID >= 0.35) & (_GRID <= 0.65)]  # a verdict must be likelier than not, or nearly
        scores = {float(value): _f1(yes >= value, truth) for value in near_half}
        return replace(head, thresholds=replace(limits, answer=max(scores, key=lambda v: (scores[v], -abs(v - 0.5)))))
    tried = {}
    for value in _GRID:
        trial = replace(head, thresholds=replace(limits, sure=float(value)))
        levels = [judge_severity(trial, row, found).level for row, found in zip(rows, hits, strict=True)]
        tried[float(value)] = sum(level in labels for level, labels in zip(levels, truth, strict=True))
    return replace(head, thresholds=replace(limits, sure=max(tried, key=lambda v: (tried[v], -v))))


def _outcome(
    head: Head,
    book: Codebook | None,
    margins: Floats,
    truth: Sequence[tuple[str, ...]],
    hits: Sequence[Sequence[RuleHit]],
) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidence of the answers that a calibrated head gives, and whether they are exactly right."""
    rows = softmax(margins, head.temperature)
    given: list[tuple[str | None, float]]
    if book is None:
        judged = [judge_severity(head, row, found) for row, found in zip(rows, hits, strict=True)]
        given = [(severity.level, severity.confidence) for severity in judged]
    else:
        tree = CodeTree(book, head.classes)
        reasons = [choose_reason(head, tree, row, found)[0] for row, found in zip(rows, hits, strict=True)]
        given = [(reason.code, reason.confidence) for reason in reasons]
    exact = np.array([label in labels for (label, _), labels in zip(given, truth, strict=True)])
    return np.array([confidence for _, confidence in given]), exact


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
    >>> accept_threshold(np.linspace(0, 1, 101), np.arange(101) >= 40, 0.95)
    0.37
    """
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order].astype(np.float64)) / np.arange(1, order.size + 1)
    last_of_tie = np.append(np.diff(confidence[order]) < 0, True)
    good = np.flatnonzero((precision >= target) & last_of_tie & (np.arange(order.size) >= _FEWEST_ACCEPTED - 1))
    return floor(float(confidence[order][good[-1]]) * 1e6) / 1e6 if good.size else _NEVER


def _member(tree: CodeTree, rows: Floats, truth: Sequence[tuple[str, ...]], coverage: float) -> float:
    """Least share of a set's leaves: the conformal quantile of the right leaf's share (Sadinle et al., JASA 2019).

    A row labelled with a parent is covered by any leaf under it.
    """
    shares = tree.leaf_probabilities(rows)
    best = np.zeros(len(truth))
    for k, labels in enumerate(truth):
        under = [j for j, leaf in enumerate(tree.leaves) if any(tree.book.is_under(leaf, label) for label in labels)]
        best[k] = shares[k, under].max() if under else 0.0
    rank = floor((1 - coverage) * (best.size + 1) + 1e-9)
    return float(np.sort(best)[max(rank - 1, 0)]) if rank else 0.0


def _use(book: Codebook, code: str | None, labels: Sequence[str]) -> float:
    """What an answer is worth to an agent: 1 for the right code, half for a parent of it, else nothing."""
    if code in labels:
        return 1.0
    return 0.5 if code and any(book.is_under(label, code) for label in labels) else 0.0


def _f1(said: NDArray[np.bool_], truth: Sequence[tuple[str, ...]]) -> float:
    hit = sum(1 for yes, labels in zip(said, truth, strict=True) if yes and "1" in labels)
    wrong = sum(1 for yes, labels in zip(said, truth, strict=True) if yes and "1" not in labels)
    missed = sum(1 for yes, labels in zip(said, truth, strict=True) if not yes and "0" not in labels)
    return 2 * hit / max(2 * hit + wrong + missed, 1)


def _transfer(fresh: Head, calibrated: Head) -> Head:
    return replace(fresh, temperature=calibrated.temperature, thresholds=calibrated.thresholds)
