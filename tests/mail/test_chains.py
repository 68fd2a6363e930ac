"""Authored reply chains: 320 messages as mail programs lay them out, each beside what its customer wrote this time.

`chains/chains.csv` says of each its program, what is tricky, and its part: the splitter was built on `first`, mended on
`unseen first`, which it had not seen until then, and never on `second`.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest
from bench.reply_chains import tidy

from intentclf.intake.mail.message import customer_text, read_message, split_bodies

CHAINS = Path(__file__).parent / "chains"
KNOWN_WRONG = {
    "nl-77": "an answer under a quote without marks, between Horde's two lines",
    "en-79": "the same in English",
    "ru-70": "a bare name in Proton's signature block",
    "en-69": "nothing but a signature, with a picture's name in it",
}


def rows():
    with (CHAINS / "chains.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cases():
    for row in rows():
        wrong = KNOWN_WRONG.get(row["id"])
        marks = [pytest.mark.xfail(strict=True, reason=wrong)] if wrong else []
        yield pytest.param(row, id=row["id"], marks=marks)


@pytest.mark.parametrize("row", list(cases()))
def test_a_chain_leaves_what_the_customer_wrote_this_time(row):
    path = CHAINS / row["id"][:2] / f"{row['id']}.eml"
    bodies = split_bodies(read_message(path.read_bytes()))
    assert tidy(customer_text(bodies)) == path.with_suffix(".txt").read_text(encoding="utf-8").strip("\n")
    assert bodies[0].raised_before is (row["raised_before"] == "true")
    assert "".join(part.text for part in bodies[0].parts) == read_message(path.read_bytes()).body


def test_there_are_enough_of_every_language_and_part():
    languages = Counter(row["id"][:2] for row in rows())
    assert min(languages[code] for code in ("nl", "nb", "ru", "en")) >= 40
    assert Counter(row["part"] for row in rows()) == {"first": 160, "unseen first": 80, "second": 80}
    assert {path.stem for path in CHAINS.glob("*/*.eml")} == {row["id"] for row in rows()}
