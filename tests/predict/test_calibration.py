"""Margins to probabilities, and probabilities over a tree of codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from intentclf.codebooks.loader import Code, Codebook
from intentclf.predict.calibration import PARENT_WORTH, CodeTree, sets_by_threshold, softmax, wilson_lower

# Two parents; texts were labelled with `a` itself, never with `b`.
BOOK = Codebook(
    "desk",
    {code: Code(code, code.rpartition(".")[0], 1 + code.count(".")) for code in "a a.x a.y a.y.z b b.x b.y c".split()},
    "",
)
CLASSES = ("a", "a.x", "a.y.z", "b.x", "b.y", "none")
TREE = CodeTree(BOOK, CLASSES)

MARGINS = arrays(np.float64, st.tuples(st.integers(1, 5), st.just(6)), elements=st.floats(-50, 50))
ROWS = MARGINS.map(lambda margins: softmax(margins, 1.0))


def by_code(*row: float) -> dict[str, float]:
    return dict(zip(TREE.codes, TREE.code_probabilities(np.array([row]))[0].tolist(), strict=True))


def by_leaf(*row: float) -> dict[str, float]:
    return dict(zip(TREE.leaves, TREE.leaf_probabilities(np.array([row]))[0].tolist(), strict=True))


@given(MARGINS, st.floats(0.02, 20))
def test_softmax_rows_sum_to_one(margins, temperature):
    rows = softmax(margins, temperature)
    assert rows.sum(axis=1) == pytest.approx(1.0)
    assert np.all(rows >= 0)


@pytest.mark.parametrize(
    ("margins", "temperature", "expected"),
    [
        pytest.param([0, 0], 1.0, [0.5, 0.5], id="alike"),
        pytest.param([np.log(3), 0], 1.0, [0.75, 0.25], id="odds of three"),
        pytest.param([np.log(3), 0], 0.5, [0.9, 0.1], id="half the temperature squares the odds"),
        pytest.param([np.log(9), 0], 2.0, [0.75, 0.25], id="twice the temperature takes their root"),
        pytest.param([1e5, -1e5], 0.02, [1.0, 0.0], id="huge margins do not overflow"),
    ],
)
def test_softmax_gives_the_odds_that_the_margins_say(margins, temperature, expected):
    assert softmax(np.array([margins], float), temperature)[0] == pytest.approx(expected)


def test_softmax_of_no_rows_has_no_rows():
    assert softmax(np.empty((0, 3)), 1.0).shape == (0, 3)


def test_a_tree_holds_its_classes_and_the_codes_above_them():
    assert TREE.codes == ("a", "a.x", "a.y", "a.y.z", "b", "b.x", "b.y", "none")
    assert TREE.leaves == ("a.x", "a.y.z", "b.x", "b.y", "none")


def test_a_class_whose_children_are_no_classes_is_a_leaf():
    assert CodeTree(BOOK, ("a", "b", "b.x")).leaves == ("a", "b.x")


def test_a_parent_has_its_own_class_and_its_children():
    codes = by_code(0.1, 0.2, 0.3, 0.15, 0.05, 0.2)
    assert codes["a"] == pytest.approx(0.1 + 0.2 + 0.3)
    assert codes["a.y"] == pytest.approx(0.3)


def test_a_parent_without_a_class_of_its_own_equals_the_sum_of_its_leaves():
    codes = by_code(0.1, 0.2, 0.3, 0.15, 0.05, 0.2)
    leaves = by_leaf(0.1, 0.2, 0.3, 0.15, 0.05, 0.2)
    assert codes["b"] == pytest.approx(leaves["b.x"] + leaves["b.y"])


def test_what_a_parent_has_of_its_own_is_spread_over_its_leaves():
    expected = {"a.x": 0.25, "a.y.z": 0.35, "b.x": 0.15, "b.y": 0.05, "none": 0.2}
    assert by_leaf(0.1, 0.2, 0.3, 0.15, 0.05, 0.2) == pytest.approx(expected)


@given(ROWS)
def test_leaf_shares_sum_to_one(rows):
    assert TREE.leaf_probabilities(rows).sum(axis=1) == pytest.approx(1.0)


@given(ROWS)
def test_no_code_is_likelier_than_its_parent_or_than_certain(rows):
    codes = TREE.code_probabilities(rows)
    parents = [TREE.codes.index(BOOK.codes[code].parent) for code in ("a.x", "a.y", "b.x", "b.y")]
    children = [TREE.codes.index(code) for code in ("a.x", "a.y", "b.x", "b.y")]
    assert np.all(codes[:, children] <= codes[:, parents] + 1e-12)
    assert codes.max() <= 1.0


def test_rounding_makes_no_code_likelier_than_certain():
    book = Codebook("b", {code: Code(code, code[:-2], 1 + code.count(".")) for code in ("p", "p.x", "p.y", "p.z")}, "")
    tree = CodeTree(book, ("p", "p.x", "p.y", "p.z"))
    row = np.array([[0.7, 0.1, 0.1, 0.1 + 6e-16]])  # sums to a little more than 1
    assert row.sum() > 1.0
    assert tree.code_probabilities(row)[0, 0] == 1.0


@pytest.mark.parametrize(
    ("code", "expected"),
    [("a", [1, 1, 1, 0, 0, 0]), ("a.y", [0, 0, 1, 0, 0, 0]), ("b", [0, 0, 0, 1, 1, 0]), ("none", [0, 0, 0, 0, 0, 1])],
)
def test_membership_marks_the_classes_under_a_code(code, expected):
    assert TREE.membership(code).tolist() == expected


@pytest.mark.parametrize(
    ("row", "threshold", "expected"),
    [
        pytest.param([0, 0.9, 0.1, 0, 0, 0], 0.5, "a.x", id="sure of a leaf"),
        pytest.param([0, 0.1, 0.9, 0, 0, 0], 0.5, "a.y.z", id="through a code without a class"),
        pytest.param([0, 0, 0, 0.4, 0.4, 0.2], 0.5, "b", id="a leaf that is not likely enough gives its parent"),
        pytest.param([0, 0, 0, 0.4, 0.4, 0.2], 0.81, None, id="not even the parent"),
        pytest.param([0, 0, 0, 0.5, 0.3, 0.2], 0.5, "b.x", id="reaching the threshold exactly"),
        pytest.param([0, 0.1, 0, 0, 0, 0.9], 0.5, "none", id="none is an answer"),
        pytest.param([0, 0.1, 0, 0, 0, 0.9], 0.91, None, id="none that is not likely enough"),
        pytest.param([0.2, 0.2, 0.2, 0.2, 0.1, 0.1], 0.7, None, id="nothing is likely"),
        pytest.param([0.6, 0.3, 0.1, 0, 0, 0], 0.2, "a", id="stay where the parent's own class wins"),
        pytest.param([0.3, 0.6, 0.1, 0, 0, 0], 0.2, "a.x", id="go down where a child wins"),
        pytest.param([0.25, 0.35, 0.3, 0, 0, 0.1], 0.2, "a", id="a parent worth more than its likeliest child"),
        pytest.param([0.1, 0.25, 0.2, 0.35, 0.1, 0], 0.2, "b.x", id="likeliest leaf under a less likely parent"),
        pytest.param([0, 0.2, 0, 0.35, 0.35, 0.1], 0.3, "b.x", id="first of two alike"),
        pytest.param([0, 1, 0, 0, 0, 0], 1.0, "a.x", id="certain"),
    ],
)
def test_the_code_worth_most_that_is_likely_enough(row, threshold, expected):
    assert TREE.best(TREE.code_probabilities(np.array([row], float))[0], threshold) == expected


@given(ROWS, st.floats(0, 1))
def test_the_best_code_and_all_above_it_reach_the_threshold(rows, threshold):
    codes = TREE.code_probabilities(rows)[0]
    chosen = TREE.best(codes, threshold)
    path = BOOK.path(chosen) if chosen else ()
    assert all(codes[TREE.codes.index(step)] >= threshold for step in path)


@given(ROWS)
def test_no_code_has_a_higher_expected_worth(rows):
    def worth(code):
        exact = rows[0, CLASSES.index(code)] if code in CLASSES else 0.0
        under = sum(
            p for label, p in zip(CLASSES, rows[0], strict=True) if label != code and BOOK.is_under(label, code)
        )
        return exact + PARENT_WORTH * under

    chosen = TREE.best(TREE.code_probabilities(rows)[0], 0.0)
    assert worth(chosen) == pytest.approx(max(worth(code) for code in TREE.codes))


@given(ROWS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_gives_the_same_code_or_one_above_it(rows, one, other):
    codes = TREE.code_probabilities(rows)[0]
    high, low = TREE.best(codes, max(one, other)), TREE.best(codes, min(one, other))
    assert high is None or (low is not None and BOOK.is_under(low, high))


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.0, "bacd"), (0.1, "bac"), (0.3, "ba"), (0.31, "b"), (0.9, "")],
)
def test_a_set_holds_the_leaves_that_reach_the_threshold_likeliest_first(threshold, expected):
    assert sets_by_threshold("abcd", np.array([0.3, 0.55, 0.1, 0.05]), threshold) == tuple(expected)


# Newcombe, Statistics in Medicine 1998, table I, method 3: two-sided 95 %, which is one-sided 97.5 %.
@pytest.mark.parametrize(
    ("right", "total", "expected"),
    [(81, 263, 0.2553), (15, 148, 0.0624), (0, 20, 0.0000), (1, 29, 0.0061)],
)
def test_the_wilson_bound_has_the_published_values(right, total, expected):
    assert wilson_lower(right, total, 0.975) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_the_wilson_bound_lies_between_nothing_and_the_share(counts, confidence):
    right, total = counts
    assert 0.0 <= wilson_lower(right, total, confidence) <= right / total + 1e-12


@given(st.integers(1, 200), st.data(), st.floats(0.5, 0.999))
def test_the_wilson_bound_never_falls_with_one_more_success(total, data, confidence):
    right = data.draw(st.integers(0, total - 1))
    assert wilson_lower(right, total, confidence) <= wilson_lower(right + 1, total, confidence)


def test_the_wilson_bound_without_trials_is_nothing():
    assert wilson_lower(0, 0, 0.9) == 0.0
