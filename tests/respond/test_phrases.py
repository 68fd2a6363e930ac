"""Phrases: what a pattern finds in a text, and every fault of a table."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.errors import FaultsError
from intentclf.respond.phrases import Phrases, load_phrases

HEADER = "pattern,language,kind,weight,source,line"
GOOD = "niet zo technisch,nl,novice,2,doc.txt,3"


def found(pattern, text):
    return [text[hit.start : hit.end] for hit in Phrases([{"pattern": pattern}]).find(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("niet ~ technisch", "ik ben NIET zo heel erg technisch", ["NIET zo heel erg technisch"]),
        ("niet ~ technisch", "niet een twee drie vier technisch", []),
        ("niet ~ technisch", "niet-technisch", ["niet-technisch"]),
        ("чайник*", "я «чайником» был, чайничек", ["чайником"]),
        ("елка", "моя ёлка", ["ёлка"]),
        ("mail|post", "mailbox post", ["post"]),
        ("c#|.net", "C# en .NET, niet example.net", ["C#", ".NET"]),
        ("step by step", "step\nby  step", ["step\nby  step"]),
        ("a b", "a b a b", ["a b", "a b"]),
        ("x", "", []),
    ],
)
def test_a_pattern_finds(pattern, text, expected):
    assert found(pattern, text) == expected


def test_the_longest_phrase_wins_at_a_place():
    table = Phrases(
        [{"pattern": name} for name in ("sql|database", "sql server", "outlook|outlook-programma", "outlook.com")]
    )
    hits = table.find("SQL Server, outlook.com, sql")
    assert [hit.row["pattern"] for hit in hits] == ["sql server", "outlook.com", "sql|database"]


def test_a_phrase_within_a_longer_one_is_not_found_again():
    hits = Phrases([{"pattern": "a b"}, {"pattern": "b"}]).find("a b, b")
    assert [(hit.start, hit.end) for hit in hits] == [(0, 3), (5, 6)]


@given(st.text(max_size=200))
def test_what_is_found_lies_in_the_text_and_does_not_overlap(text):
    hits = Phrases([{"pattern": name} for name in ("a*", "b ~ c", "ж|z")]).find(text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)
    assert all(one.end <= two.start for one, two in zip(hits, hits[1:], strict=False))


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("pattern", "", "pattern must be words, word*, a|b or ~ between words, got ''"),
        ("pattern", "~ b", "pattern must be words, word*, a|b or ~ between words, got '~ b'"),
        ("pattern", "a* *", "pattern must be words"),
        ("pattern", "...", "pattern must be words"),
        ("language", "de", "language must be one of nl, nb, ru, en, all, got 'de'"),
        ("kind", "guru", "kind must be one of novice, expert, got 'guru'"),
        ("kind", "", "kind must be one of novice, expert, got ''"),
        ("weight", "0", "weight must be a number above 0, at most 5, got '0'"),
        ("weight", "9", "weight must be a number above 0, at most 5, got '9'"),
        ("weight", "-1", "weight must be a number above 0"),
        ("weight", "nan", "weight must be a number above 0"),
        ("weight", "²", "weight must be a number above 0"),
        ("line", "x", "line must be a whole number, got 'x'"),
        ("line", "3,4", "row has more fields than the header"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, column, value, message):
    row = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {column: value}
    path = tmp_path / "phrases.csv"
    path.write_text(f"{HEADER}\n{','.join(row.values())}\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=rf"phrases\.csv:2: {re.escape(message)}"):
        load_phrases(path, {"kind": ("novice", "expert")}, numbers=("weight",))


def test_a_pattern_stands_once(tmp_path):
    path = tmp_path / "phrases.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n{GOOD.upper().replace('NL', 'nl').replace('NOVICE', 'novice')}\n", "utf-8")
    with pytest.raises(FaultsError, match=r"csv:3: pattern 'NIET ZO TECHNISCH' stands twice"):
        load_phrases(Path(path), {"kind": ("novice",)}, numbers=("weight",))
