import csv
import gzip
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intentclf.errors import InputError
from intentclf.intake import read
from intentclf.intake.cleaning import LONGEST_TEXT
from intentclf.intake.tables import Columns, known_language, read_queries, read_table, table_kind

ROWS = [("01", "mijn mail, weg"), ("NA", "почта"), ("007", "NA"), ("null", "får ikke"), ("1e5", "")]


def delimited(delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("id", "text"), *ROWS])
    return text.getvalue().encode()


def parquet(table):
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


JSONL = b"""{"id": "01", "text": "mijn mail, weg"}
{"id": "NA", "text": "\\u043f\\u043e\\u0447\\u0442\\u0430"}

{"text": "NA", "id": "007"}
{"id": "null", "text": "f\xc3\xa5r ikke"}
{"id": "1e5", "text": null}
"""
CONTENTS = [
    ("rows.csv", delimited(",")),
    ("rows.tsv", delimited("\t")),
    ("semicolon.csv", delimited(";")),
    ("bom.csv", b"\xef\xbb\xbf" + delimited(",")),
    ("ROWS.CSV", delimited(",")),
    ("rows.v2.csv", delimited(",")),
    ("rows.jsonl", JSONL),
    ("rows.ndjson", JSONL.replace(b"\n", b"\r\n")),
    ("rows.parquet", parquet(pa.table({"id": [i for i, _ in ROWS], "text": [t for _, t in ROWS]}))),
]


@pytest.fixture
def queries(tmp_path):
    """Writes a file and reads all its queries."""

    def read_all(name, content, **columns):
        (tmp_path / name).write_bytes(content)
        return list(read_queries(tmp_path / name, Columns(**columns)))

    return read_all


@pytest.mark.parametrize(
    ("name", "content"),
    [pytest.param(name, content, id=name) for name, content in CONTENTS]
    + [pytest.param(name + ".gz", gzip.compress(content), id=name + ".gz") for name, content in CONTENTS],
)
def test_every_value_of_a_table_is_text(queries, name, content):
    assert [(query.id, query.text) for query in queries(name, content)] == ROWS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("a.tsv.gz", "tsv"),
        ("a.ndjson", "jsonl"),
        ("a.PARQUET", "parquet"),
        ("a.csv.txt", None),
        ("a.gz", None),
        ("csv", None),
    ],
)
def test_the_kind_of_a_table_is_told_by_its_ending(tmp_path, name, kind):
    assert table_kind(tmp_path / name) == kind


@pytest.mark.parametrize(
    ("columns", "ids"),
    [
        pytest.param({}, ["7", "8"], id="column_named_id"),
        pytest.param({"id": "ticket"}, ["T1", "T2"], id="column_that_was_asked_for"),
    ],
)
def test_ids_are_taken_from_a_column(queries, columns, ids):
    assert [query.id for query in queries("a.csv", b"id,ticket,text\n7,T1,x\n8,T2,y\n", **columns)] == ids


def test_rows_without_ids_are_numbered_from_nought(queries):
    assert [query.id for query in queries("a.csv", b"text\nx\n\ny\n")] == ["0", "1"]


def test_the_number_of_a_row_without_an_id_does_not_clash_with_the_id_of_another(queries):
    content = b'{"id": "1", "text": "x"}\n{"text": "y"}\n'
    assert [query.text for query in queries("a.jsonl", content)] == ["x", "y"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("5", "5", id="number"),
        pytest.param("true", "true", id="truth"),
        pytest.param('["één", 2]', '["één", 2]', id="list"),
        pytest.param('{"a": null}', '{"a": null}', id="object"),
        pytest.param('"a\\u2028b"', "a\u2028b", id="line_separator"),
        pytest.param('"\\ud83d"', "\ud83d", id="half_a_smiley"),
    ],
)
def test_json_values_are_kept_as_text(queries, value, text):
    assert queries("a.jsonl", f'{{"text": {value}}}'.encode())[0].text == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(pa.array([None], pa.string()), "", id="null"),
        pytest.param(pa.array([7]), "7", id="number"),
        pytest.param(pa.array(["één".encode()]), "één", id="bytes"),
        pytest.param(pa.array([b"\xe9n"]), "\ufffdn", id="latin_1_bytes"),
        pytest.param(pa.array(["почта"]).dictionary_encode(), "почта", id="dictionary"),
    ],
)
def test_parquet_values_are_kept_as_text(queries, values, text):
    assert queries("a.parquet", parquet(pa.table({"text": values})))[0].text == text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.csv", b"", r"is empty$", id="empty"),
        pytest.param("a.csv.gz", gzip.compress(b""), r"has no header$", id="empty_inside"),
        pytest.param("a.csv", b"text,id\n", r"has a header but no rows$", id="header_only"),
        pytest.param("a.jsonl", b"\n\n", r"has a header but no rows$", id="blank_lines"),
        pytest.param("a.csv", b"\nx\n", r"has no header$", id="blank_header"),
        pytest.param("a.csv", b"a,b\n1,2\n", r"has no column 'text'; its columns are a, b$", id="wrong_column"),
        pytest.param("a.csv", b"text,text\n1,2\n", r"has two columns named 'text'$", id="column_twice"),
        pytest.param("a.csv", "text\nhallo\n".encode("utf-16"), r"looks like UTF-16\); save it as UTF-8$", id="utf_16"),
        pytest.param("a.jsonl", ('{"text": "x"}\n' * 9).encode("utf-16-be"), "looks like UTF-16", id="utf_16_no_mark"),
        pytest.param("a.csv.gz", gzip.compress("text\nx\n".encode("utf-16")), "looks like UTF-16", id="utf_16_gzipped"),
        pytest.param("a.docx", b"PK", r"is of no known kind: it must be \.csv, \.tsv, \.jsonl, ", id="unknown_ending"),
        pytest.param("a.csv.zip", b"PK", "is of no known kind", id="zipped"),
        pytest.param("a", b"hallo", r"is not an mbox: its first line must start with 'From '$", id="no_ending"),
        pytest.param("a.mbox", b"", "is not an mbox", id="empty_mbox"),
    ],
)
def test_a_file_that_is_not_what_it_claims_to_be_is_refused(queries, name, content, message):
    with pytest.raises(InputError, match=rf"{re.escape(name)}: .*{message}"):
        queries(name, content)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("{oops", r"is not JSON \(Expecting property name.*\): '\{oops'$", id="no_json"),
        pytest.param('{"text": "x"', r"is not JSON \(Expecting ',' delimiter\)", id="cut_off"),
        pytest.param("[1, 2]", r"must be a JSON object, got '\[1, 2\]'$", id="list"),
        pytest.param('"text"', r"must be a JSON object, got '\"text\"'$", id="bare_string"),
        pytest.param('{"tekst": "x"}', r"has no column 'text'; its columns are tekst$", id="other_column"),
        # A plain ValueError and a RecursionError of the json module, not its own JSONDecodeError.
        pytest.param('{"text": "x", "n": ' + "9" * 5000 + "}", "is not JSON", id="5000_digits"),
        pytest.param('{"text": ' + "[" * 100_000, "is not JSON", id="nested_100000"),
    ],
)
def test_a_bad_json_line_is_refused_with_its_row(queries, line, message):
    with pytest.raises(InputError, match=rf"a\.jsonl, row 3: {message}"):
        queries("a.jsonl", f'{{"text": "x"}}\n\n{{"text": "y"}}\n{line}\n'.encode())


def damaged(content, *places):
    """The bytes with those at some places (shares of the length, 0 to 1) turned round."""
    changed = bytearray(content)
    for place in places:
        changed[int(place * len(changed))] ^= 0xFF
    return bytes(changed)


PARQUET = parquet(pa.table({"text": [f"bericht {number * 7919}" for number in range(2000)]}))
CSV = b"text\n" + b"".join(b"bericht %d\n" % (number * 7919) for number in range(2000))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.csv.gz", CSV, id="not_gzipped"),
        pytest.param("a.csv.gz", gzip.compress(CSV)[:-200], id="gzip_cut_off"),
        pytest.param("a.csv.gz", damaged(gzip.compress(CSV), 0.3, 0.5, 0.7), id="gzip_damaged"),
        pytest.param("a.jsonl.gz", gzip.compress(b'{"text": "x"}\n')[:-4], id="jsonl_gzip_cut_off"),
        pytest.param("a.parquet", b"no parquet at all", id="not_parquet"),
        pytest.param("a.parquet", PARQUET[:-100], id="parquet_cut_off"),
        pytest.param("a.parquet", damaged(PARQUET, 0.1, 0.2, 0.3), id="parquet_damaged"),
        pytest.param("a.parquet.gz", PARQUET, id="parquet_not_gzipped"),
        pytest.param("a.parquet.gz", gzip.compress(PARQUET)[:-200], id="parquet_gzip_cut_off"),
        *(
            pytest.param(
                "a.parquet.gz", damaged(gzip.compress(PARQUET), *places), id=f"parquet_gzip_damaged_{places[0]}"
            )
            for places in [(0.02,), (0.3,), (0.5, 0.6)]
        ),
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(queries, name, content):
    with pytest.raises(InputError, match=rf"{re.escape(name)}(, row \d+)?: cannot be read"):
        queries(name, content)


def test_a_parquet_string_that_is_not_utf_8_is_kept(queries):
    offsets = pa.array([0, 3, 6], pa.int32()).buffers()[1]
    broken = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"a\xffbcde"))
    assert [query.text for query in queries("a.parquet", parquet(pa.table({"text": broken})))] == ["a\ufffdb", "cde"]


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.parquet", "nowhere.eml", "nowhere"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(InputError, match=rf"{re.escape(name)}: no such file or folder$"):
        read_queries(tmp_path / name, Columns())


def test_a_folder_without_mail_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hallo")
    with pytest.raises(InputError, match=r": holds no \.eml files$"):
        list(read_queries(tmp_path, Columns()))


def test_an_id_that_stands_twice_is_refused_with_both_rows(queries):
    with pytest.raises(InputError, match=r"a\.csv, row 3: id '7' stands twice, first in row 1$"):
        queries("a.csv", b"id,text\n7,x\n8,y\n7,z\n")


@pytest.mark.parametrize("column", ["text", "id", "language"])
def test_a_column_that_was_asked_for_must_be_there(queries, column):
    with pytest.raises(InputError, match=r"a\.csv: has no column 'nope'; its columns are id, text$"):
        queries("a.csv", b"id,text\n1,x\n", **{column: "nope"})


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        pytest.param(b"text\nh\xe9l\xe9\n", "undecodable bytes", id="latin_1"),
        pytest.param(b"text\nhal\x00lo\n", "NUL characters removed", id="nul"),
        pytest.param(
            b"text\n" + b"mail " * 1_000_000, "truncated: 5000000 characters, the first 20000 are read", id="5_mb"
        ),
        pytest.param(b"text,id\nhallo,1,2,3\n", "the row has 4 fields, the header 2", id="too_many_fields"),
        pytest.param(b"text,other\nhallo\n", "the row has 1 fields, the header 2", id="too_few_fields"),
        pytest.param(b'text,other\n"hallo,1\n', "the row has 1 fields, the header 2", id="quote_never_closed"),
    ],
)
def test_an_odd_row_is_kept_with_a_warning(queries, content, warning):
    (query,) = queries("a.csv", content)
    reading = read(query)
    assert warning in reading.warnings
    assert 0 < len(reading.text) <= LONGEST_TEXT


@pytest.mark.parametrize(
    ("stated", "language", "warned"),
    [
        ("nl", "nl", False),
        ("no", "nb", False),
        ("NN", "nn", False),
        ("en-GB", "en", False),
        ("ru_RU", "ru", False),
        ("rus", "ru", False),
        ("und", "und", False),
        ("", None, False),
        (" ", None, False),
        ("xx", None, True),
        ("de", None, True),
        ("Nederlands", None, True),
    ],
)
def test_a_stated_language_is_read_or_warned_of(queries, stated, language, warned):
    (query,) = queries("a.csv", f"text,lang\nhallo,{stated}\n".encode(), language="lang")
    assert query.language == language
    assert bool(query.warnings) is warned


def test_an_unknown_language_code_is_quoted(queries):
    (query,) = queries("a.csv", b"text,lang\nhallo,klingon\n", language="lang")
    assert query.warnings == ("unknown language code 'klingon', language detected instead",)


@pytest.mark.parametrize(
    ("code", "known"),
    [("nob", "nb"), ("nno", "nn"), ("nld", "nl"), ("eng", "en"), (" NL ", "nl"), ("da", None), ("", None)],
)
def test_other_codes_of_our_languages_are_known(code, known):
    assert known_language(code) == known


def test_cells_may_hold_lines_quotes_and_separators(queries):
    content = b'id,text\n1,"een\ntwee ""drie"", vier"\n2,vijf\n'
    assert [query.text for query in queries("a.csv", content)] == ['een\ntwee "drie", vier', "vijf"]


def test_a_header_with_commas_and_semicolons_is_parted_at_commas(queries):
    assert queries("a.csv", b"text,a;b\nhallo; daar,1\n")[0].text == "hallo; daar"


def test_a_table_is_read_row_by_row(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "x"}\n{oops\n')
    rows = read_table(path)
    assert next(rows).values == {"text": "x"}
    with pytest.raises(InputError, match="row 2"):
        next(rows)


def test_a_table_of_another_ending_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("text\nhallo\n")
    with pytest.raises(InputError, match=r"a\.txt: must end in \.csv, \.tsv, \.jsonl or \.parquet \(also \.gz\)$"):
        list(read_table(tmp_path / "a.txt"))


def test_mail_is_read_from_a_file_a_folder_and_an_mbox(tmp_path):
    message = b"Subject: Hulp\n\nmail weg\n"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.EML").write_bytes(message)
    (tmp_path / "in.mbox").write_bytes(b"From x@example.org Mon Jan  1 00:00:00 2024\n" + message)
    sources = ("in/1.EML", "in", "in.mbox")
    found = [(query.id, query.text) for source in sources for query in read_queries(tmp_path / source, Columns())]
    assert found == [(name, "Hulp\n\nmail weg") for name in ("1.EML", "1.EML", "0")]
