"""Unlabelled text becomes units of one meaning: translations, documents, mail; what cannot be read is named."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from intentclf.errors import InputError
from intentclf.train.corpus import Corpus, all_texts, read_corpus

OWN = Path(__file__).parent / "corpus" / "own.jsonl"
PASSWORD = {"nl": "wachtwoord vergeten", "nb": "glemt passord", "ru": "забыл пароль", "en": "forgot password"}


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write(folder: Path, content: str | bytes, name: str = "corpus.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def units(folder: Path, *rows: object) -> list[tuple[str, ...]]:
    return read_corpus(write(folder, lines(*rows))).units


# --- translations and documents


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(PASSWORD, [tuple(PASSWORD.values())], id="four languages"),
        pytest.param({"nl": "map", "en": "folder"}, [("map", "folder")], id="two languages"),
        pytest.param({"no": "mappe", "nn": "mappe til"}, [("mappe", "mappe til")], id="Norwegian by its older code"),
        pytest.param({"en-GB": "folder", "nl_NL": "map"}, [("folder", "map")], id="codes with a country"),
        pytest.param(
            {"nl": "fout", "de": "Fehler", "en": "error"}, [("fout", "error")], id="a language we do not know"
        ),
        pytest.param({"nl": "e-mail", "nb": "e-mail", "en": "mail"}, [("e-mail", "mail")], id="the same text twice"),
        pytest.param({"nl": "fout", "en": "error", "id": 7, "ru": None}, [("fout", "error")], id="what is no text"),
        pytest.param({"nl": " een \n fout ", "en": "error"}, [("een fout", "error")], id="blanks are one"),
        pytest.param({"nl": "fout", "nb": "  ", "en": "error"}, [("fout", "error")], id="an empty text"),
        pytest.param({"nl": "x" * 600, "en": "y"}, [("x" * 500, "y")], id="a text of more than 500 characters"),
        pytest.param(
            {"title": {"nl": "Fout", "en": "Error"}, "body": {"nl": "Er is iets mis.", "en": "It is wrong."}},
            [
                ("Fout", "Error"),
                ("Er is iets mis.", "It is wrong."),
                ("Fout", "Error", "Er is iets mis.", "It is wrong."),
            ],
            id="a document: title, body, and both beside each other",
        ),
        pytest.param(
            {"title": {"ru": "Ошибка"}, "body": {"ru": "Не открывается."}},
            [("Ошибка", "Не открывается.")],
            id="a document in one language: title beside body",
        ),
        pytest.param(
            {"nl": "Fout", "body": {"en": "It is wrong."}}, [("Fout", "It is wrong.")], id="a text beside a part"
        ),
        pytest.param(
            {"en": "one two three four five six seven eight nine"},
            [("one two three four", "five six seven eight nine")],
            id="one text alone is halved",
        ),
    ],
)
def test_units_are_those_written_down(tmp_path, row, expected):
    assert units(tmp_path, row) == expected


@pytest.mark.parametrize(
    "row",
    [
        {"en": "one two three four five six seven"},
        {"en": "error"},
        {"id": "7", "text": 3},
        {},
        {"nl": "e-mail", "en": "e-mail"},
    ],
    ids=["seven words", "one word", "no language", "nothing", "one text in two languages"],
)
def test_a_line_without_two_texts_gives_no_unit(tmp_path, row):
    assert units(tmp_path, PASSWORD, row) == [tuple(PASSWORD.values())]


def test_empty_lines_are_passed_over(tmp_path):
    path = write(tmp_path, "\n" + lines(PASSWORD) + "\n  \n" + lines({"nl": "ja", "en": "yes"}))
    assert len(read_corpus(path).units) == 2


def test_units_are_counted_by_source(tmp_path):
    rows = [{**PASSWORD, "source": "b"}, PASSWORD, {**PASSWORD, "source": "a"}, {**PASSWORD, "source": "b"}]
    corpus = read_corpus(write(tmp_path, lines(*rows)))
    assert list(corpus.sources.items()) == [("-", 1), ("a", 1), ("b", 2)]


def test_the_name_of_a_source_is_no_text(tmp_path):
    assert units(tmp_path, {"nl": "map", "en": "folder", "source": "mozilla"}) == [("map", "folder")]


def test_the_corpus_of_the_tests_is_what_it_says():
    rows = [json.loads(line) for line in OWN.read_text(encoding="utf-8").splitlines()]
    corpus = read_corpus(OWN)
    assert all(list(row) == ["nl", "nb", "ru", "en"] for row in rows)
    assert [list(unit) for unit in corpus.units] == [list(row.values()) for row in rows]
    assert len(corpus.units) >= 40


# --- kinds of file


def test_a_gzipped_file_gives_the_same_units(tmp_path):
    content = OWN.read_bytes()
    packed = read_corpus(write(tmp_path, gzip.compress(content), "own.jsonl.gz"))
    plain = read_corpus(write(tmp_path, content, "own.jsonl"))
    assert packed.units == plain.units
    assert (packed.name, plain.name) == ("own.jsonl.gz", "own.jsonl")
    assert packed.sha256 != plain.sha256


def message(body: str, subject: str = "vraag") -> str:
    head = f"From: kari@example.org\nSubject: {subject}\nMIME-Version: 1.0\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}\n"


LONG = "mijn mail komt sinds gisteren niet meer aan op mijn telefoon"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("mail/one.eml", message(LONG), id="a folder of mail"),
        pytest.param("one.eml", message(LONG), id="one mail"),
        pytest.param("archive.mbox", "From kari Thu Jan  1 00:00:00 2026\n" + message(LONG), id="mbox"),
        pytest.param("desk.csv", f"id,text\n7,{LONG}\n", id="table"),
        pytest.param("desk.tsv", f"id\ttext\n7\t{LONG}\n", id="table with tabs"),
    ],
)
def test_the_halves_of_a_desks_own_text_are_about_the_same_thing(tmp_path, name, content):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    path = write(tmp_path, content, name)
    corpus = read_corpus(path.parent if name.startswith("mail/") else path)
    (unit,) = corpus.units
    assert " ".join(" ".join(unit).split()[-11:]) == LONG
    assert len(unit) == 2
    assert abs(len(unit[0].split()) - len(unit[1].split())) <= 1
    assert corpus.sources == {"-": 1}


def test_mail_of_a_few_words_is_passed_over(tmp_path):
    write(tmp_path, message(LONG), "a.eml")
    write(tmp_path, message("kapot", subject="help"), "b.eml")
    assert len(read_corpus(tmp_path).units) == 1


def test_a_desks_own_text_is_cleaned(tmp_path):
    spoilt = "één woord dat verkeerd is opgeslagen en weer goed komt".encode().decode("cp1252")
    (unit,) = read_corpus(write(tmp_path, f"text\n{spoilt}\n", "desk.csv")).units
    assert unit == ("één woord dat verkeerd is", "opgeslagen en weer goed komt")


WROTE = "Op ma 3 mei 2021 om 10:12 schreef Jan <jan@example.org>:"


def test_quoted_history_of_a_mail_is_not_learnt_from(tmp_path):
    write(tmp_path, message(f"{LONG}\n\n{WROTE}\n> oude tekst van iemand anders die hier niet hoort\n"), "a.eml")
    assert "iemand anders" not in " ".join(read_corpus(tmp_path).units[0])


def test_json_lines_of_a_desks_own_texts_are_halved_like_those_of_a_table(tmp_path):
    assert len(units(tmp_path, {"id": "7", "text": LONG})) == 1


# --- the hash


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    path = write(tmp_path, lines(PASSWORD))
    assert read_corpus(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_hash_of_a_folder_hangs_on_what_its_files_hold(tmp_path):
    write(tmp_path, message(LONG), "a.eml")
    first = read_corpus(tmp_path).sha256
    assert read_corpus(tmp_path).sha256 == first == hashlib.sha256(message(LONG).encode()).hexdigest()
    write(tmp_path, message(LONG + " en laptop"), "a.eml")
    assert read_corpus(tmp_path).sha256 != first


# --- what cannot be read


@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        pytest.param('{"nl": "map"', '\'{"nl": "map"', id="half a line"),
        pytest.param("[1, 2]", r"'\[1, 2\]", id="a list"),
        pytest.param("7", "'7", id="a number"),
        pytest.param("null", "'null", id="null"),
        pytest.param("wachtwoord vergeten", "'wachtwoord vergeten", id="plain text"),
        pytest.param("[" * 100_000, r"'\[\[", id="nested without end"),
    ],
)
@pytest.mark.parametrize("name", ["own.jsonl", "own.jsonl.gz"])
def test_a_line_that_is_no_object_is_named_with_file_and_row(tmp_path, bad, shown, name):
    content = (lines(PASSWORD) * 2 + bad + "\n").encode()
    path = write(tmp_path, gzip.compress(content) if name.endswith(".gz") else content, name)
    with pytest.raises(InputError, match=rf"{name}, row 3: is no JSON object: {shown}") as caught:
        read_corpus(path)
    assert len(str(caught.value)) < len(str(path)) + 120


@pytest.mark.parametrize(
    "content",
    ["", "\n\n", lines({"de": "Fehler"}), lines({"en": "error"}), lines({})],
    ids=["empty", "empty lines", "another language", "one word", "empty objects"],
)
def test_a_file_with_nothing_to_learn_from_is_refused(tmp_path, content):
    with pytest.raises(InputError, match=r"corpus\.jsonl: holds no two texts that mean the same, and no text long"):
        read_corpus(write(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(b'{"nl": "\xff\xfe"}\n', "c.jsonl", id="bytes that are not UTF-8"),
        pytest.param(lines(PASSWORD).encode("utf-16"), "c.jsonl", id="UTF-16"),
        pytest.param(lines(PASSWORD).encode(), "c.jsonl.gz", id="not gzipped though it says so"),
        pytest.param(gzip.compress(lines(PASSWORD).encode())[:-9], "c.jsonl.gz", id="gzip cut short"),
        pytest.param(gzip.compress(b"\xff" * 9), "c.jsonl.gz", id="bytes that are not UTF-8, gzipped"),
    ],
)
def test_bytes_that_cannot_be_read_are_refused_by_file(tmp_path, content, name):
    with pytest.raises(InputError, match=rf"{name}: cannot be read \("):
        read_corpus(write(tmp_path, content, name))


def spoilt_gzip() -> bytes:
    content = bytearray(gzip.compress(OWN.read_bytes()))
    content[500] ^= 255
    return bytes(content)


def test_a_gzip_file_with_a_spoilt_byte_is_refused_by_file(tmp_path):
    with pytest.raises(InputError, match=r"c\.jsonl\.gz: cannot be read"):
        read_corpus(write(tmp_path, spoilt_gzip(), "c.jsonl.gz"))


def test_a_byte_order_mark_does_not_matter(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + lines(PASSWORD).encode())
    assert read_corpus(path).units == [tuple(PASSWORD.values())]


def test_every_unit_holds_two_texts_at_least(tmp_path):
    document = {"title": {"en": "Error"}, "body": {"en": "Error"}}
    assert all(len(unit) >= 2 for unit in units(tmp_path, PASSWORD, document))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.jsonl", "no such file or folder"),
        ("nowhere", "no such file or folder"),
        ("empty", "holds no .eml files"),
        ("notes.docx", "is of no known kind"),
        ("columns.csv", "has no column 'text'; its columns are a, b"),
    ],
)
def test_a_path_that_is_none_is_refused_by_name(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    write(tmp_path, "x", "notes.docx")
    write(tmp_path, "a,b\n1,2\n", "columns.csv")
    with pytest.raises(InputError, match=f"{name}: {message}"):
        read_corpus(tmp_path / name)


# --- all of them in a row


@pytest.mark.parametrize(
    ("sizes", "numbers"),
    [([[2, 3]], [0, 0, 1, 1, 1]), ([[2], [3, 2]], [0, 0, 1, 1, 1, 2, 2]), ([[], [2]], [0, 0]), ([], [])],
    ids=["one corpus", "two", "one without units", "none"],
)
def test_texts_of_one_unit_share_a_number_over_all_corpora(sizes: Sequence[Any], numbers):
    corpora = [
        Corpus("c", "", [tuple(f"text {i} {k}" for k in range(size)) for i, size in enumerate(each)], {})
        for each in sizes
    ]
    texts, found = all_texts(corpora)
    assert found == numbers
    assert texts == [text for corpus in corpora for unit in corpus.units for text in unit]
