"""Sentences about writers, known issues and complaints: four languages, the same placeholders, every key in use."""

import csv
import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import intentclf.respond.sentences as module
from intentclf.respond.complaint.complaint import KINDS, Result
from intentclf.respond.writer.writer_level import LEVELS

LANGUAGES = ("nl", "nb", "ru", "en")
FOLDER = Path(module.__file__).parent
# Keys that the code composes.
COMPOSED = {
    "writer": {f"writer.{level}" for level in LEVELS},
    "known": {"known.fixed", "known.closed"},
    "complaint": {f"complaint.{result}" for result in get_args(Result)}
    | {f"complaint.{part}_{kind}" for part in ("details", "about") for kind in KINDS},
}


def rows(topic):
    with (FOLDER / f"sentences_{topic}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = [row for topic in COMPOSED for row in rows(topic)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["key"])
def test_a_sentence_is_written_in_four_languages_with_the_same_placeholders(row):
    names = [{name for _, name, _, _ in Formatter().parse(row[code]) if name} for code in LANGUAGES]
    assert names.count(names[0]) == len(LANGUAGES)
    assert row["key"] == "complaint.codes" or len({row[code] for code in LANGUAGES}) == len(LANGUAGES)
    assert re.search("[а-я]", row["ru"])
    assert all(row[code].endswith((".", "}")) for code in LANGUAGES)


@pytest.mark.parametrize("topic", COMPOSED)
def test_every_key_is_in_use_and_in_the_table(topic):
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    written = set(re.findall(rf"[\"']({topic}\.[a-z_]+)[\"']", code))
    assert written | COMPOSED[topic] == {row["key"] for row in rows(topic)}
