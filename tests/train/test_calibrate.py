"""What a probability is worth: temperatures, thresholds, precision of rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from intentclf.predict.calibration import CodeTree, sets_by_threshold, softmax, wilson_lower
from intentclf.predict.model import Head, Thresholds
from intentclf.predict.rules import Rule
from intentclf.records import RuleHit
from intentclf.respond import choose_reason
from intentclf.settings import CalibrateSettings
from intentclf.train.calibrate import accept_threshold, calibrate_head, fit_temperature, measure_rules

CLASSES = ("game", "mail", "mail.lost", "mail.slow", "none")
DEFAULTS = CalibrateSettings()


def simulated(temperature: float, *, rows: int = 4000, classes: int = 5, seed: int = 1):
    """Margins, and labels drawn with the probabilities that they have at a temperature."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(size=(rows, classes)) * temperature * 2
    drawn = rng.random((rows, 1)) > np.cumsum(softmax(margins, temperature), axis=1)
    return margins, np.minimum(drawn.sum(axis=1), classes - 1)


def hit(rule: str, code: str, book: str = "desk") -> RuleHit:
    return RuleHit(rule, book, code, None, "desk.txt:1", 0, 1)


def rule(name: str, code: str, book: str = "desk") -> Rule:
    return Rule(name, "all", book, code, name, "desk.txt:1")


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 3.0])
def test_a_known_temperature_is_recovered(temperature):
    assert fit_temperature(*simulated(temperature)) == pytest.approx(temperature, rel=0.06)


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_margins_of_another_scale_have_a_temperature_of_that_scale(factor):
    margins, target = simulated(1.0, rows=500)
    assert fit_temperature(margins * factor, target) == pytest.approx(
        factor * fit_temperature(margins, target), rel=2e-3
    )


@pytest.mark.parametrize(
    ("margins", "low", "high"),
    [([[5.0, 0.0]] * 9, 0.02, 0.2), ([[0.0, 5.0]] * 9, 19.0, 20.0)],
    ids=["always right", "always wrong"],
)
def test_a_temperature_goes_to_its_bound_and_no_further(margins, low, high):
    assert low <= fit_temperature(np.array(margins), np.zeros(9, np.int64)) <= high


def steps(*groups: tuple[int, float, int]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences and whether they were right, from groups of (rows, confidence, right ones)."""
    confidence = np.concatenate([np.full(n, c) for n, c, _ in groups])
    right = np.concatenate([np.arange(n) < k for n, _, k in groups])
    return confidence, right


@pytest.mark.parametrize(
    ("groups", "target", "expected"),
    [
        pytest.param([(20, 0.9, 19)], 0.95, 0.9, id="one group, just good enough"),
        pytest.param([(20, 0.9, 18)], 0.95, 2.0, id="one group, not good enough"),
        pytest.param([(19, 0.9, 19)], 0.95, 2.0, id="too few to tell"),
        pytest.param([(19, 0.9, 19), (1, 0.8, 1)], 0.95, 0.8, id="twenty are enough"),
        pytest.param([(40, 0.9, 40), (10, 0.5, 0)], 0.95, 0.9, id="a bad group ends it"),
        pytest.param([(40, 0.9, 40), (10, 0.5, 9)], 0.95, 0.5, id="a group that still fits"),
        pytest.param([(20, 0.9, 17), (80, 0.6, 80)], 0.95, 0.6, id="good only from further down"),
        pytest.param([(30, 0.9, 30), (20, 0.7, 10)], 0.95, 0.9, id="a tie is taken whole or not at all"),
        pytest.param([(30, 0.5, 29)], 0.95, 0.5, id="all alike"),
        pytest.param([(50, 0.9, 0)], 0.95, 2.0, id="never right"),
        pytest.param([(0, 0.9, 0)], 0.95, 2.0, id="no rows"),
    ],
)
def test_the_least_confidence_that_meets_the_target(groups, target, expected):
    assert accept_threshold(*steps(*groups), target) == expected


def test_shares_of_right_labels_count_like_right_answers():
    confidence, share = np.full(20, 0.6), np.full(20, 0.96)
    assert accept_threshold(confidence, share, 0.95) == 0.6
    assert accept_threshold(confidence, share, 0.97) == 2.0


def test_the_order_of_the_rows_does_not_matter():
    confidence, right = steps((30, 0.9, 30), (20, 0.7, 10), (5, 0.8, 5))
    turned = np.random.default_rng(0).permutation(confidence.size)
    assert accept_threshold(confidence[turned], right[turned], 0.95) == 0.8


def test_a_row_at_the_threshold_is_accepted():
    assert accept_threshold(np.full(20, 2 / 3), np.ones(20, bool), 0.95) <= 2 / 3


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60), st.floats(0.5, 0.99))
def test_accepted_answers_meet_the_target(rows, target):
    confidence = np.array([p for p, _ in rows])
    right = np.array([yes for _, yes in rows], dtype=bool)
    accepted = right[confidence >= accept_threshold(confidence, right, target)]
    assert accepted.size == 0 or (accepted.size >= 20 and accepted.mean() >= target)


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
    head = Head("desk", CLASSES, 0, 1.5, Thresholds(answer=0.33))
    assert calibrate_head(head, desk, np.zeros((len(truth), 5)), truth, [[]] * len(truth), DEFAULTS) == head


def labelled(temperature: float = 0.5, rows: int = 600):
    margins, target = simulated(temperature, rows=rows)
    return margins, [(CLASSES[k],) for k in target], [[]] * rows


def test_a_calibrated_head_has_the_temperature_of_its_known_rows(desk):
    margins, truth, hits = labelled()
    found = calibrate_head(Head("desk", CLASSES, 0), desk, margins, truth, hits, DEFAULTS)
    assert found.temperature == pytest.approx(0.5, rel=0.15)
    with_strangers = np.vstack([margins, np.full((50, 5), 9.0)]), [*truth, *[("pay",)] * 50], [*hits, *[[]] * 50]
    assert calibrate_head(Head("desk", CLASSES, 0), desk, *with_strangers, DEFAULTS).temperature == found.temperature


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_prediction_sets_of_the_calibration_rows_hold_the_right_leaf_as_often_as_asked(desk, coverage):
    margins, truth, hits = labelled()
    head = calibrate_head(Head("desk", CLASSES, 0), desk, margins, truth, hits, CalibrateSettings(coverage=coverage))
    tree = CodeTree(desk, CLASSES)
    shares = tree.leaf_probabilities(softmax(margins, head.temperature))
    sets = [sets_by_threshold(tree.leaves, row, head.thresholds.member) for row in shares]
    held = np.mean([any(desk.is_under(leaf, row[0]) for leaf in each) for each, row in zip(sets, truth, strict=True)])
    assert coverage <= held <= coverage + 0.02


@pytest.mark.parametrize(("coverage", "rank"), [(0.75, 4), (0.5, 8), (0.9, 1), (0.95, 0)])
def test_the_least_share_of_a_set_is_the_conformal_quantile(desk, coverage, rank):
    margins, truth, hits = labelled(rows=15)  # (1 - coverage) x 16, rounded down, rows may be missed or at the limit
    head = calibrate_head(Head("desk", CLASSES, 0), desk, margins, truth, hits, CalibrateSettings(coverage=coverage))
    tree = CodeTree(desk, CLASSES)
    shares = tree.leaf_probabilities(softmax(margins, head.temperature))
    under = [[desk.is_under(leaf, row[0]) for leaf in tree.leaves] for row in truth]
    best = sorted(max(share[mine]) for share, mine in zip(shares, np.array(under), strict=True))
    assert head.thresholds.member == (best[rank - 1] if rank else 0.0)


def test_a_target_that_is_never_met_accepts_nothing(desk):
    truth = [("game",), ("none",)] * 30  # alike for every row
    found = calibrate_head(Head("desk", CLASSES, 0), desk, np.zeros((60, 5)), truth, [[]] * 60, DEFAULTS)
    assert found.thresholds.accept == 2.0


def test_a_book_whose_rows_are_told_apart_is_accepted(desk):
    truth = [("game",), ("none",)] * 30
    margins = np.array([[3.0, 0, 0, 0, 0], [0, 0, 0, 0, 3.0]] * 30)
    found = calibrate_head(Head("desk", CLASSES, 0), desk, margins, truth, [[]] * 60, DEFAULTS)
    assert 0.9 < found.thresholds.accept <= 1.0


def test_rules_are_heard_where_they_are_better_than_the_model(desk):
    truth = [("game",), ("none",)] * 30
    hits = [[RuleHit("r", "desk", row[0], 0.9, "desk.txt:1", 0, 1)] for row in truth]
    found = calibrate_head(Head("desk", CLASSES, 0), desk, np.zeros((60, 5)), truth, hits, DEFAULTS)
    reason, _ = choose_reason(found, CodeTree(desk, CLASSES), np.full(5, 0.2), hits[0])
    assert (reason.code, reason.decided_by, reason.accepted) == ("game", "rule", True)


def test_bad_rules_are_not_heard_where_the_model_is_right(desk):
    truth = [("game",), ("none",)] * 30
    margins = np.array([[2.0, 0, 0, 0, 0], [0, 0, 0, 0, 2.0]] * 30)
    hits = [[RuleHit("r", "desk", "pay", 0.999, "desk.txt:1", 0, 1)]] * 60
    found = calibrate_head(Head("desk", CLASSES, 0), desk, margins, truth, hits, DEFAULTS)
    row = softmax(margins, found.temperature)[0]
    assert choose_reason(found, CodeTree(desk, CLASSES), row, hits[0])[0].code == "game"


def test_severity_is_calibrated_without_a_book():
    margins, target = simulated(0.5, rows=600, classes=3)
    truth = [("ABC"[k],) for k in target]
    found = calibrate_head(Head("severity", tuple("ABC"), 0), None, margins, truth, [[]] * 600, DEFAULTS)
    assert found.temperature == pytest.approx(0.5, rel=0.2)
    assert 0.5 < found.thresholds.accept <= 1.0


def test_vagueness_gets_a_threshold_near_one_half():
    margins, target = simulated(0.5, rows=600, classes=2)
    truth = [(str(k),) for k in target]
    found = calibrate_head(Head("vague", ("0", "1"), 0), None, margins, truth, [[]] * 600, DEFAULTS)
    assert 0.35 <= found.thresholds.answer <= 0.65
