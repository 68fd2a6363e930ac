"""The question to put to the customer."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import intentclf.respond.question as module
from intentclf.records import LanguageGuess, Query, Reading, Reason
from intentclf.respond.question import question_for

LANGUAGES = ("nl", "nb", "nn", "ru", "en")
SITUATIONS: dict[str, dict[str, str | None]] = {
    "nothing": {"outlook_com": "none", "contact_reason": None},
    "product": {"outlook_com": "none", "contact_reason": "post_sales"},
    "symptom": {"outlook_com": "outlook_com", "contact_reason": None},
}

with (Path(module.__file__).parent / "questions.csv").open(encoding="utf-8", newline="") as file:
    TABLE = {row["situation"]: row for row in csv.DictReader(file)}


def ask(language: str, codes: dict[str, str | None], text: str = "hm") -> str:
    reading = Reading(Query("1", text), text, None, LanguageGuess(language, 1.0))
    return question_for(reading, {book: Reason(code, 0.5, "model", (), ()) for book, code in codes.items()})


def test_every_situation_has_a_question_of_its_own_in_every_language():
    questions = [TABLE[situation][language] for situation in SITUATIONS for language in LANGUAGES]
    assert set(TABLE) == set(SITUATIONS)
    assert len(set(questions)) == len(questions)
    assert [question for question in questions if not question.strip().endswith(("?", "."))] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_customer_is_asked_in_his_language(situation, language):
    assert ask(language, SITUATIONS[situation]) == TABLE[situation][language]


@pytest.mark.parametrize("language", ["und", "de", ""])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_customer_of_unknown_language_is_asked_in_english(situation, language):
    assert ask(language, SITUATIONS[situation]) == TABLE[situation]["en"]


@pytest.mark.parametrize("language", ["source", "situation", "line"])
def test_other_columns_of_the_table_are_no_languages(language):
    assert ask(language, SITUATIONS["product"]) == TABLE["product"]["en"]


@pytest.mark.parametrize(
    ("codes", "text", "situation"),
    [
        pytest.param({}, "hm", "nothing", id="no books"),
        pytest.param({"a": None}, "hm", "nothing", id="no code"),
        pytest.param({"a": "none", "b": "none"}, "hm", "nothing", id="none everywhere"),
        pytest.param({"a": None, "b": "x"}, "hm", "product", id="first book without a code"),
        pytest.param({"a": "x", "b": None}, "hm", "symptom", id="first book with a code"),
        pytest.param({"a": "x", "b": "y"}, "", "nothing", id="empty text"),
    ],
)
def test_the_question_asks_for_what_is_missing(codes, text, situation):
    assert ask("nl", codes, text) == TABLE[situation]["nl"]
