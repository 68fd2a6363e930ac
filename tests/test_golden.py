"""Whole answers, as they were last read and agreed to."""

from collections import Counter

import pytest

from tests.golden import answer_texts, read_answers, read_texts

TEXTS = read_texts()


@pytest.fixture(scope="module")
def answers():
    return {answer["id"]: answer for answer in answer_texts()}


@pytest.mark.parametrize("expected", read_answers(), ids=lambda answer: answer["id"])
def test_the_answer_is_the_one_agreed_to(answers, expected):
    assert answers[expected["id"]] == expected


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row["id"])
def test_the_action_is_the_one_that_the_text_stands_for(answers, row):
    assert (answers[row["id"]]["decision"]["action"], answers[row["id"]]["language"]["code"]) == (
        row["action"],
        row["language"],
    )


def test_every_language_has_five_texts_for_each_action():
    counts = Counter((row["language"], row["action"]) for row in TEXTS)
    assert {key: n for key, n in counts.items() if n < 5} == {}
    assert len(counts) == 12
