"""Figures that can be worked out by hand."""

import numpy as np
import pytest

from intentclf.codebooks.loader import Codebook
from intentclf.train.evaluate import Said, _scores, accept_curve, expected_calibration_error, reliability

BOOK = Codebook.from_labels("b", ["mail.slow", "mail.lost", "key"])


def said(label, truth, confidence=0.8, accepted=False):
    return Said("nl", label, confidence, accepted, tuple(truth.split("|")))


def test_either_of_two_labels_counts_as_right():
    scores = _scores([said("key", "key|mail"), said("mail", "key|mail"), said("none", "key|mail")], BOOK, 15)
    assert scores.accuracy == pytest.approx(2 / 3)


def test_accuracy_by_level_cuts_answer_and_truth_alike():
    rows = [said("mail.slow", "mail.lost"), said("mail", "mail.slow"), said("key", "mail"), said(None, "key")]
    scores = _scores(rows, BOOK, 15)
    assert (scores.accuracy, scores.level_1, scores.level_2) == (0.0, 0.5, 0.0)


def test_macro_f1_is_the_mean_over_labels_and_majority_the_most_frequent():
    rows = [said("key", "key"), said("key", "key"), said("key", "mail"), said("mail", "mail")]
    scores = _scores(rows, BOOK, 15)
    assert scores.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert scores.majority == 0.5


def test_confidence_of_a_parent_is_right_where_a_child_is():
    scores = _scores([said("mail", "mail.slow", confidence=1.0)], BOOK, 15)
    assert (scores.accuracy, scores.calibration_error) == (0.0, 0.0)


def test_accepted_answers_are_counted_by_their_exact_labels():
    rows = [said("key", "key", accepted=True), said("mail", "mail.slow", accepted=True), said("key", "mail")]
    scores = _scores(rows, BOOK, 15)
    assert scores.accepted == pytest.approx(2 / 3)
    assert scores.accepted_precision == 0.5


def test_nothing_accepted_has_no_precision():
    assert _scores([said("key", "key")], BOOK, 15).accepted_precision is None


def test_f1_of_vague_is_that_of_1():
    rows = [said("1", "1"), said("1", "0"), said("0", "0")]
    assert _scores(rows, None, 15).positive_f1 == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("confidence", "right", "bins", "error"),
    [
        ([1.0, 1.0], [True, True], 1, 0.0),
        ([1.0, 1.0], [True, False], 1, 0.5),
        ([0.2, 0.8], [False, True], 2, 0.2),
        ([0.5], [True], 15, 0.5),
        ([], [], 15, 0.0),
    ],
)
def test_calibration_error_by_hand(confidence, right, bins, error):
    value = expected_calibration_error(np.array(confidence), np.array(right, dtype=bool), bins)
    assert value == pytest.approx(error)


def test_bins_hold_equal_numbers_of_rows():
    table = reliability(np.linspace(0, 1, 30), np.ones(30, dtype=bool), 15)
    assert [n for n, _, _ in table] == [2] * 15


def test_the_accept_curve_takes_the_surest_first():
    rows = [said("key", "key", 0.9), said("key", "mail", 0.1)]
    assert accept_curve(rows) == [(0.5, 1.0), (1.0, 0.5)]
