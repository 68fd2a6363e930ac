"""Stage 3: what a probability is worth, on rows that the weights have not seen.

For each head how much each view counts, the thresholds of the answer, the precision of every keyword rule. Where the
calibration rows are more than a few, both views are then fitted again on the training and calibration rows together,
with everything found here kept. The test part stays untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor
from typing import Literal

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.optimize import minimize

from intentclf.codebooks.loader import Codebook
from intentclf.intake.reading import read
from intentclf.predict.calibration import PARENT_WORTH, CodeTree, wilson_lower
from intentclf.predict.model import SEVERITY, VAGUE, Head, HeldOut, Model, Thresholds, Views
from intentclf.predict.rules import Rule, RuleMatcher
from intentclf.records import Reading, RuleHit
from intentclf.respond import choose_code, judge_severity
from intentclf.respond.severity.signals import find_signals
from intentclf.settings import CalibrateSettings, FitSettings
from intentclf.train.fit import Start, fit
from intentclf.train.prepare import LabelledTexts, alternatives
from intentclf.train.severity import fit_severity
from intentclf.train.tune import tune

__all__ = ["calibrate", "calibrate_head", "fit_weights", "measure_rules", "train", "weigh_head"]

_GRID = np.round(np.arange(0.05, 0.96, 0.05), 2)

_PIECE = 4000

Floats = NDArray[np.float64]


def train(
    texts: LabelledTexts,
    fit_settings: FitSettings,
    calibrate_settings: CalibrateSettings,
    start: Start,
    rules: Sequence[Rule] = (),
) -> Model:
    """Fit on the training part, calibrate on the calibration part, fit again on both where `refit_share` says so."""
    fitted = fit(texts, ["train"], fit_settings, start)
    return calibrate(fitted, texts, fit_settings, calibrate_settings, start, rules)


def calibrate(
    fitted: Model,
    texts: LabelledTexts,
    fit_settings: FitSettings,
    settings: CalibrateSettings,
    start: Start,
    rules: Sequence[Rule] = (),
) -> Model:
    """Calibrate a model on the calibration part, and fit its weights again where that part is large.

    Parameters
    ----------
    fitted : Model
        Fitted on the part 'train' alone.
    texts : LabelledTexts
        Prepared.
    fit_settings, settings
    start : Start
        What training starts from.
    rules : sequence of Rule
        Those for books of the model are measured on all rows but the test part.

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
    views = fitted.views(fitted.read([readings[k].core for k in own]))
    truths = {label: [alternatives(cells[k]) for k in own] for label, cells in labels.items()}
    weighed = replace(fitted, heads=tuple(weigh_head(head, views, truths[head.name]) for head in fitted.heads))
    likely = weighed.probabilities(views)
    severity = None
    if SEVERITY in likely:
        signals = [find_signals(readings[k]) for k in own]
        groups = [seen.column("group")[k] for k in own]
        levels = next(head.classes for head in fitted.heads if head.name == SEVERITY)
        severity = fit_severity(levels, likely, weighed.trees, signals, truths[SEVERITY], groups, head=SEVERITY)
        likely |= {SEVERITY: severity[1]} if severity else {}
    heads: list[Head] = []
    outcomes: dict[str, tuple[Floats, NDArray[np.bool_]]] = {}
    for head in weighed.heads:
        book, rows, truth = fitted.books.get(head.name), likely[head.name], truths[head.name]
        mine_hits = [_measured(hits[k], head.name, precision) for k in own]
        heads.append(calibrate_head(head, book, rows, truth, mine_hits, settings))
        if head.name != VAGUE:
            outcomes[head.name] = _outcome(heads[-1], book, rows, truth, mine_hits)
    held_out = _held_out(outcomes, [readings[k].language.code for k in own])
    tuned = replace(fitted, heads=tuple(heads), held_out=held_out, severity=severity[0] if severity else None)
    tuned = tune(tuned, settings.target_precision) if held_out else tuned
    if len(own) <= settings.refit_share * len(readings):
        return replace(tuned, rules=measured)
    final = fit(texts, ["train", "calibration"], fit_settings, start, measured)
    transferred = tuple(_transfer(head, tuned.head(head.name) or head) for head in final.heads)
    return replace(final, heads=transferred, accept=tuned.accept, held_out=held_out, severity=tuned.severity)


def weigh_head(head: Head, views: Views, truth: Sequence[tuple[str, ...]]) -> Head:
    """How much each view counts for a head, see `fit_weights`.

    Parameters
    ----------
    head : Head
    views : Views
        Of rows that the weights have not seen.
    truth : sequence of tuple of str
        Labels that are right, for each row.
    """
    place = {name: k for k, name in enumerate(head.classes)}
    target = np.array([next((place[label] for label in labels if label in place), -1) for labels in truth])
    known = target >= 0
    if not known.any():
        return head
    margins, logits = views.margins[known, head.columns], views.logits[known, head.columns]
    linear, pooled = fit_weights(margins, logits, target[known])
    return replace(head, linear=linear, pooled=pooled)


def calibrate_head(
    head: Head,
    book: Codebook | None,
    rows: Floats,
    truth: Sequence[tuple[str, ...]],
    hits: Sequence[Sequence[RuleHit]],
    settings: CalibrateSettings,
) -> Head:
    """Thresholds of one head.

    Parameters
    ----------
    head : Head
    book : Codebook or None
        None for severity and vague.
    rows : ndarray of shape (n_rows, n_classes)
        Calibrated probabilities.
    truth : sequence of tuple of str
        Labels that are right, for each row.
    hits : sequence of sequence of RuleHit
        Rules of this head that fired, for each row.
    """
    if not any(label in head.classes for labels in truth for label in labels):
        return head
    if book is None:
        return _flat_thresholds(head, rows, truth, hits)
    return _tree_thresholds(head, CodeTree(book, head.classes), rows, truth, hits, settings)


def fit_weights(margins: Floats, logits: Floats, target: NDArray[np.int64]) -> tuple[float, float]:
    """How much each view counts: the two weights with the least negative log-likelihood.

    Temperature scaling (Guo et al., ICML 2017) for a mixture of two views: a stacking of them with two numbers, which a
    few hundred rows can carry.

    Parameters
    ----------
    margins, logits : ndarray of shape (n_rows, n_classes)
    target : ndarray of shape (n_rows,)
        Index of the right class.

    Returns
    -------
    linear, pooled : float
        From 0 to 50.
    """

    def loss(weights: Floats) -> float:
        scores = weights[0] * margins + weights[1] * logits
        top = scores.max(axis=1)
        total = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        return float((total - scores[np.arange(target.size), target]).mean())

    found = minimize(loss, np.array([2.0, 0.5]), method="L-BFGS-B", bounds=[(0.0, 50.0), (0.0, 50.0)])
    return round(float(found.x[0]), 6), round(float(found.x[1]), 6)


def _held_out(outcomes: Mapping[str, tuple[Floats, NDArray[np.bool_]]], languages: Sequence[str]) -> HeldOut | None:
    names, language = np.unique(languages, return_inverse=True)
    if not outcomes:  # a table of vagueness alone: nothing is ever accepted by it
        return None
    return HeldOut(
        tuple(outcomes),
        tuple(str(name) for name in names),
        language.astype(np.uint8),
        np.stack([confidence for confidence, _ in outcomes.values()], axis=1).astype(np.float32),
        np.stack([right for _, right in outcomes.values()], axis=1).astype(np.uint8),
    )


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
    """The rules that fire in each reading; several processes share a long list."""
    pieces = [readings[k : k + _PIECE] for k in range(0, len(readings), _PIECE)]
    found = Parallel(n_jobs=-1 if len(pieces) > 1 else 1)(delayed(_find_in)(rules, piece) for piece in pieces)
    return [hits for piece in found for hits in piece]


def _find_in(rules: Sequence[Rule], readings: Sequence[Reading]) -> list[tuple[RuleHit, ...]]:
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
    codes = tree.code_probabilities(rows)

    def useful(limits: Thresholds) -> float:
        chosen = (choose_code(limits, tree, row, found)[0] for row, found in zip(codes, hits, strict=True))
        return sum(_use(tree.book, code, labels) for code, labels in zip(chosen, truth, strict=True))

    names: tuple[Literal["answer", "sure"], ...] = ("answer", "sure")
    for name in names:
        limits = head.thresholds
        tried = {float(value): useful(_with(limits, name, float(value))) for value in _GRID}
        head = replace(head, thresholds=_with(limits, name, max(tried, key=lambda v: (tried[v], -v))))
    return head


def _with(limits: Thresholds, name: Literal["answer", "sure"], value: float) -> Thresholds:
    return replace(limits, answer=value) if name == "answer" else replace(limits, sure=value)


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
    rows: Floats,
    truth: Sequence[tuple[str, ...]],
    hits: Sequence[Sequence[RuleHit]],
) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidence of the answers that a calibrated head gives, and whether they are exactly right."""
    given: list[tuple[str | None, float]]
    if book is None:
        judged = [judge_severity(head, row, found) for row, found in zip(rows, hits, strict=True)]
        given = [(severity.level, severity.confidence) for severity in judged]
    else:
        tree = CodeTree(book, head.classes)
        codes = tree.code_probabilities(rows)
        given = [choose_code(head.thresholds, tree, row, found)[:2] for row, found in zip(codes, hits, strict=True)]
    exact = np.array([label in labels for (label, _), labels in zip(given, truth, strict=True)])
    return np.array([confidence for _, confidence in given]), exact


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
    """What an answer is worth to an agent: 1 for the right code, `PARENT_WORTH` for a parent of it, else nothing."""
    if code in labels:
        return 1.0
    return PARENT_WORTH if code and any(book.is_under(label, code) for label in labels) else 0.0


def _f1(said: NDArray[np.bool_], truth: Sequence[tuple[str, ...]]) -> float:
    hit = sum(1 for yes, labels in zip(said, truth, strict=True) if yes and "1" in labels)
    wrong = sum(1 for yes, labels in zip(said, truth, strict=True) if yes and "1" not in labels)
    missed = sum(1 for yes, labels in zip(said, truth, strict=True) if not yes and "0" not in labels)
    return 2 * hit / max(2 * hit + wrong + missed, 1)


def _transfer(fresh: Head, calibrated: Head) -> Head:
    return replace(fresh, linear=calibrated.linear, pooled=calibrated.pooled, thresholds=calibrated.thresholds)
