"""What a probability is worth: weights of the views, thresholds, precision of rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intentclf.codebooks.loader import Codebook
from intentclf.predict.calibration import CodeTree, sets_by_threshold, softmax, wilson_lower
from intentclf.predict.model import Head, Thresholds, Views
from intentclf.predict.rules import Rule
from intentclf.records import RuleHit
from intentclf.respond import choose_reason
from intentclf.settings import CalibrateSettings
from intentclf.train.calibrate import calibrate_head, fit_weights, measure_rules, weigh_head
from intentclf.train.tune import accept_threshold

CLASSES = ("game", "mail", "mail.lost", "mail.slow", "none")
DEFAULTS = CalibrateSettings()


def simulated(linear: float, pooled: float, *, rows: int = 4000, classes: int = 5, seed: int = 1):
    """Views of the same spread, and labels drawn with the probabilities that they have at these weights."""
    rng = np.random.default_rng(seed)
    views = Views(rng.normal(size=(rows, classes)) * 2, rng.normal(size=(rows, classes)) * 2)
    probabilities = softmax(linear * views.margins + pooled * views.logits)
    drawn = rng.random((rows, 1)) > np.cumsum(probabilities, axis=1)
    return views, np.minimum(drawn.sum(axis=1), classes - 1)


def calibrated(
    head: Head, book: Codebook | None, views: Views, truth: Any, hits: Any, settings: CalibrateSettings
) -> Head:
    """A head weighed and given its thresholds on the same rows, as `calibrate` does."""
    weighed = weigh_head(head, views, truth)
    return calibrate_head(weighed, book, weighed.probabilities(views), truth, hits, settings)


def alone(margins: NDArray[np.float64]) -> Views:
    """Views of which the pooled one is silent."""
    return Views(margins, np.zeros_like(margins))


def weights_of(views: Views, target: NDArray[np.int64]) -> tuple[float, float]:
    return fit_weights(views.margins, views.logits, target)


def loss(views: Views, target: NDArray[np.int64], weights: tuple[float, float]) -> float:
    """Mean negative log-likelihood, written out anew."""
    scores = weights[0] * views.margins + weights[1] * views.logits
    return float((np.logaddexp.reduce(scores, axis=1) - scores[np.arange(target.size), target]).mean())


def hit(rule: str, code: str, book: str = "desk") -> RuleHit:
    return RuleHit(rule, book, code, None, "desk.txt:1", 0, 1)


def rule(name: str, code: str, book: str = "desk") -> Rule:
    return Rule(name, "all", book, code, name, "desk.txt:1")


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.5, 2.0), (3.0, 0.25), (2.0, 2.0), (0.1, 0.1)], ids=str)
def test_known_weights_of_two_views_are_recovered(weights):
    assert weights_of(*simulated(*weights)) == pytest.approx(weights, rel=0.06)


@pytest.mark.parametrize("weight", [0.3, 1.0, 2.0])
def test_a_view_of_noise_weighs_next_to_nothing(weight):
    for number, weights in enumerate([(weight, 0.0), (0.0, weight)]):
        found = weights_of(*simulated(*weights))
        assert found[number] == pytest.approx(weight, rel=0.06)
        assert found[1 - number] == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 3.0])
def test_the_weight_of_one_view_alone_is_the_reciprocal_of_the_known_temperature(temperature):
    views, target = simulated(1.0, 0.0)
    assert weights_of(alone(views.margins * temperature), target)[0] == pytest.approx(1 / temperature, rel=0.06)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.2, 2.0), (4.0, 0.0), (0.0, 0.0)], ids=str)
def test_no_other_weights_make_the_labels_likelier(weights):
    views, target = simulated(*weights, rows=500)
    found = weights_of(views, target)
    others = [(a, b) for a in np.linspace(0, 6, 25) for b in np.linspace(0, 6, 25)]
    near = [(max(0.0, found[0] + a), max(0.0, found[1] + b)) for a in (-0.05, 0, 0.05) for b in (-0.05, 0, 0.05)]
    assert loss(views, target, found) <= min(loss(views, target, each) for each in [*others, *near]) + 1e-7


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_views_of_another_scale_have_weights_of_that_scale(factor):
    views, target = simulated(1.0, 1.0, rows=500)
    linear, pooled = weights_of(views, target)
    scaled = Views(views.margins * factor, views.logits)
    assert weights_of(scaled, target) == pytest.approx((linear / factor, pooled), rel=2e-3)


def test_two_views_that_say_the_same_count_together_as_much_as_one():
    views, target = simulated(1.5, 0.0, rows=500)
    alike = Views(views.margins, views.margins)
    assert sum(weights_of(alike, target)) == pytest.approx(weights_of(alone(views.margins), target)[0], rel=2e-3)


@pytest.mark.parametrize(
    ("margins", "low", "high"),
    [
        pytest.param([[5.0, 0.0]] * 9, 1.5, 50.0, id="always right"),
        pytest.param([[0.02, 0.0]] * 9, 50.0, 50.0, id="always right, small numbers"),
        pytest.param([[0.0, 5.0]] * 9, 0.0, 0.0, id="always wrong"),
    ],
)
def test_a_weight_goes_to_its_bound_and_no_further(margins, low, high):
    views, target = alone(np.array(margins)), np.zeros(9, np.int64)
    assert low <= fit_weights(views.margins, views.logits, target)[0] <= high
    assert low <= fit_weights(views.logits, views.margins, target)[1] <= high


def test_a_view_that_is_wildly_sure_and_sometimes_wrong_weighs_little():
    # Right nine times of ten: odds of nine are what 100 is worth.
    margins, target = np.array([[100.0, 0.0]] * 10), np.repeat([0, 1], [9, 1])
    assert fit_weights(margins, np.zeros_like(margins), target)[0] == pytest.approx(np.log(9) / 100, rel=1e-2)


def test_rules_are_counted_on_the_rows_they_fired_on(desk):
    rules = [rule("lost", "mail.lost"), rule("mail", "mail"), rule("silent", "pay")]
    labels = {"desk": ["mail.lost", "mail.slow", "game", "mail|pay", "none"]}
    hits = [[hit("lost", "mail.lost"), hit("mail", "mail")], [hit("mail", "mail")], [hit("lost", "mail.lost")], []]
    measured = measure_rules(rules, [*hits, [hit("mail", "mail")]], labels, {"desk": desk}, 0.9)
    assert [(each.id, each.hits, each.right) for each in measured] == [("lost", 2, 1), ("mail", 3, 2), ("silent", 0, 0)]


@pytest.mark.parametrize(
    ("code", "label", "right"),
    [
        ("mail", "mail", 1),
        ("mail", "mail.lost", 1),
        ("mail.lost", "mail", 0),
        ("mail.lost", "mail.slow", 0),
        ("mail.lost", "game|mail.lost", 1),
        ("mail.lost", "game | mail.lost", 1),
        ("none", "none", 1),
        ("mail", "none", 0),
    ],
)
def test_a_rule_is_right_where_the_label_is_its_code_or_under_it(desk, code, label, right):
    measured = measure_rules([rule("r", code)], [[hit("r", code)]], {"desk": [label]}, {"desk": desk}, 0.9)
    assert (measured[0].hits, measured[0].right) == (1, right)


@pytest.mark.parametrize(("label", "right"), [("A", 1), ("A|B", 1), ("B", 0)])
def test_a_rule_for_severity_is_right_where_the_level_is_its_own(label, right):
    hits = [[hit("r", "A", "severity")]]
    assert measure_rules([rule("r", "A", "severity")], hits, {"severity": [label]}, {}, 0.9)[0].right == right


def test_the_precision_of_a_rule_is_the_lower_bound_of_what_was_counted(desk):
    labels = {"desk": ["mail"] * 9 + ["game"]}
    measured = measure_rules([rule("r", "mail")], [[hit("r", "mail")]] * 10, labels, {"desk": desk}, 0.9)
    assert measured[0].precision == round(wilson_lower(9, 10, 0.9), 4) == 0.7176


def test_a_rule_that_never_fired_has_no_precision(desk):
    assert measure_rules([rule("r", "mail")], [[]], {"desk": ["mail"]}, {"desk": desk}, 0.9)[0].precision is None


@pytest.mark.parametrize("truth", [[], [("pay",)] * 9], ids=["no rows", "labels that are no classes"])
def test_a_head_of_which_nothing_is_known_is_kept(desk, truth):
    head = Head("desk", CLASSES, 0, 1.5, 0.25, Thresholds(answer=0.33))
    views = alone(np.zeros((len(truth), 5)))
    assert calibrated(head, desk, views, truth, [[]] * len(truth), DEFAULTS) == head


def labelled(linear: float = 2.0, pooled: float = 0.0, *, rows: int = 600):
    views, target = simulated(linear, pooled, rows=rows)
    return views, [(CLASSES[k],) for k in target], [[]] * rows


def test_a_calibrated_head_has_the_weights_that_its_labels_were_drawn_with(desk):
    views, truth, hits = labelled(1.0, 0.5)
    found = calibrated(Head("desk", CLASSES, 0), desk, views, truth, hits, DEFAULTS)
    assert (found.linear, found.pooled) == pytest.approx((1.0, 0.5), rel=0.15)


def test_a_calibrated_head_has_the_weights_of_its_known_rows(desk):
    views, truth, hits = labelled(1.0, 0.5, rows=100)
    found = calibrated(Head("desk", CLASSES, 0), desk, views, truth, hits, DEFAULTS)
    strange = Views(*(np.vstack([view, np.full((50, 5), 9.0)]) for view in (views.margins, views.logits)))
    with_strangers = strange, [*truth, *[("pay",)] * 50], [*hits, *[[]] * 50]
    again = calibrated(Head("desk", CLASSES, 0), desk, *with_strangers, DEFAULTS)
    assert (again.linear, again.pooled) == (found.linear, found.pooled)


def test_a_head_is_calibrated_on_its_own_columns(desk):
    views, truth, hits = labelled(1.0, 0.5, rows=100)
    wide = Views(*(np.hstack([np.full((100, 3), 9.0), view]) for view in (views.margins, views.logits)))
    found = calibrated(Head("desk", CLASSES, 0), desk, views, truth, hits, DEFAULTS)
    assert calibrated(Head("desk", CLASSES, 3), desk, wide, truth, hits, DEFAULTS) == replace(found, start=3)


def test_the_first_label_that_is_a_class_counts(desk):
    views, truth, hits = labelled(rows=100)
    several = [("pay", *row, "none") for row in truth]
    found, again = (
        calibrated(Head("desk", CLASSES, 0), desk, views, each, hits, DEFAULTS) for each in (truth, several)
    )
    assert (again.linear, again.pooled) == (found.linear, found.pooled)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_prediction_sets_of_the_calibration_rows_hold_the_right_leaf_as_often_as_asked(desk, coverage):
    views, truth, hits = labelled(1.0, 0.5)
    head = calibrated(Head("desk", CLASSES, 0), desk, views, truth, hits, CalibrateSettings(coverage=coverage))
    tree = CodeTree(desk, CLASSES)
    shares = tree.leaf_probabilities(head.probabilities(views))
    sets = [sets_by_threshold(tree.leaves, row, head.thresholds.member) for row in shares]
    held = np.mean([any(desk.is_under(leaf, row[0]) for leaf in each) for each, row in zip(sets, truth, strict=True)])
    assert coverage <= held <= coverage + 0.02


@pytest.mark.parametrize(("coverage", "rank"), [(0.75, 4), (0.5, 8), (0.9, 1), (0.95, 0)])
def test_the_least_share_of_a_set_is_the_conformal_quantile(desk, coverage, rank):
    views, truth, hits = labelled(rows=15)  # (1 - coverage) x 16, rounded down, rows may be missed or at the limit
    head = calibrated(Head("desk", CLASSES, 0), desk, views, truth, hits, CalibrateSettings(coverage=coverage))
    tree = CodeTree(desk, CLASSES)
    shares = tree.leaf_probabilities(head.probabilities(views))
    under = [[desk.is_under(leaf, row[0]) for leaf in tree.leaves] for row in truth]
    best = sorted(max(share[mine]) for share, mine in zip(shares, np.array(under), strict=True))
    assert head.thresholds.member == (best[rank - 1] if rank else 0.0)


def test_a_target_that_is_never_met_accepts_nothing(desk):
    truth = [("game",), ("none",)] * 30  # alike for every row
    views = alone(np.zeros((60, 5)))
    found = calibrated(Head("desk", CLASSES, 0), desk, views, truth, [[]] * 60, DEFAULTS)
    confidence = found.probabilities(views).max(axis=1)
    assert accept_threshold(confidence, np.arange(60) % 2 == 0, DEFAULTS.target_precision) == 2.0


def test_a_book_whose_rows_are_told_apart_is_accepted(desk):
    truth = [("game",), ("none",)] * 30
    views = alone(np.array([[3.0, 0, 0, 0, 0], [0, 0, 0, 0, 3.0]] * 30))
    found = calibrated(Head("desk", CLASSES, 0), desk, views, truth, [[]] * 60, DEFAULTS)
    confidence = found.probabilities(views).max(axis=1)
    assert 0.9 < accept_threshold(confidence, np.ones(60, bool), DEFAULTS.target_precision) <= 1.0


def test_rules_are_heard_where_they_are_better_than_the_model(desk):
    truth = [("game",), ("none",)] * 30
    hits = [[RuleHit("r", "desk", row[0], 0.9, "desk.txt:1", 0, 1)] for row in truth]
    found = calibrated(Head("desk", CLASSES, 0), desk, alone(np.zeros((60, 5))), truth, hits, DEFAULTS)
    sure = replace(found, thresholds=replace(found.thresholds, accept=0.9))
    reason, _ = choose_reason(sure, CodeTree(desk, CLASSES), np.full(5, 0.2), hits[0], language="en")
    assert (reason.code, reason.decided_by, reason.accepted) == ("game", "rule", True)


def test_bad_rules_are_not_heard_where_the_model_is_right(desk):
    truth = [("game",), ("none",)] * 30
    views = alone(np.array([[2.0, 0, 0, 0, 0], [0, 0, 0, 0, 2.0]] * 30))
    hits = [[RuleHit("r", "desk", "pay", 0.999, "desk.txt:1", 0, 1)]] * 60
    found = calibrated(Head("desk", CLASSES, 0), desk, views, truth, hits, DEFAULTS)
    row = found.probabilities(views)[0]
    assert choose_reason(found, CodeTree(desk, CLASSES), row, hits[0])[0].code == "game"


def test_severity_is_calibrated_without_a_book():
    views, target = simulated(2.0, 0.0, rows=600, classes=3)
    truth = [("ABC"[k],) for k in target]
    found = calibrated(Head("severity", tuple("ABC"), 0), None, views, truth, [[]] * 600, DEFAULTS)
    assert found.linear == pytest.approx(2.0, rel=0.2)
    assert found.pooled == pytest.approx(0.0, abs=0.1)


def test_vagueness_gets_a_threshold_near_one_half():
    views, target = simulated(2.0, 0.0, rows=600, classes=2)
    truth = [(str(k),) for k in target]
    found = calibrated(Head("vague", ("0", "1"), 0), None, views, truth, [[]] * 600, DEFAULTS)
    assert 0.35 <= found.thresholds.answer <= 0.65
