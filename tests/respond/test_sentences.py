"""The sentences about deadlines: four languages, the same placeholders, every key in use."""

import csv
import re
from pathlib import Path
from string import Formatter

import pytest

import intentclf.respond.sentences as module
from intentclf.respond.sentences import SPOKEN, say

LANGUAGES = ("nl", "nb", "ru", "en")
FOLDER = Path(module.__file__).parent

with (FOLDER / "sentences_due.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def placeholders(sentence):
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["key"])
def test_the_languages_have_the_same_placeholders(row):
    assert len({frozenset(placeholders(row[language])) for language in LANGUAGES}) == 1


def test_the_sentences_differ_and_end():
    sentences = [row[language] for row in ROWS for language in LANGUAGES]
    assert len(set(sentences)) == len(sentences)
    assert [sentence for sentence in sentences if not sentence.endswith(".")] == []


def test_russian_is_written_in_cyrillic():
    assert [row["key"] for row in ROWS if not re.search("[а-я]", row["ru"])] == []


def test_every_key_is_in_use_and_in_the_table():
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    assert set(re.findall(r'"((?:due|lower)\.[a-z_]+)"', code)) == {row["key"] for row in ROWS}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", "De klant heeft geantwoord; niveau B blijft."),
        ("nb", "Kunden har svart; alvorlighetsgrad B beholdes."),
        ("nn", "Kunden har svart; alvorlighetsgrad B beholdes."),
        ("ru", "Клиент ответил; уровень B сохраняется."),
        ("en", "The customer has answered; level B stays."),
        ("und", "The customer has answered; level B stays."),
    ],
)
def test_a_sentence_is_written_in_the_language_asked_for(language, expected):
    assert say("lower.answered", asked="B").text(language) == expected


TABLES = sorted(FOLDER.glob("sentences_*.csv"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_sentence_stands_in_four_languages_with_the_same_places_to_fill(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    topic = path.stem.partition("_")[2]
    for row in rows:
        assert row["key"].partition(".")[0] in ({"due", "lower"} if topic == "due" else {topic}), row["key"]
        places = [sorted(re.findall(r"{(\w+)}", row[language])) for language in SPOKEN]
        assert all(row[language].strip() for language in SPOKEN), row["key"]
        assert places == [places[0]] * len(SPOKEN), row["key"]
        assert bool(row["source"]) == bool(row["line"]), row["key"]


def test_no_key_stands_in_two_tables():
    keys = [row["key"] for path in TABLES for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    assert len(keys) == len(set(keys)) > 100
