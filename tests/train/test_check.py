"""The checker lists every planted fault with its row, and changes nothing."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from intentclf.codebooks.loader import shipped_codebooks
from intentclf.train.check import check_rows, held_out_faults, implications, opening
from intentclf.train.prepare import LabelColumns, alternatives, read_labelled

ROOT = Path(__file__).parents[2]
SEED = ROOT / "data" / "seed_labels.csv"
HEADER = [
    *("id", "group", "text", "lang", "outlook_com", "contact_reason", "service_request", "csp_escalation"),
    *("severity", "vague", "origin", "note"),
]
MAIL = ["troubleshooting.one_off", "post_sales.tech_support_new.connectivity_email", "technical.general_usage"]
GOOD = [*MAIL, "partner.configuration", "B", "0", "written", ""]


def seed(tmp_path, rows):
    path = tmp_path / "seed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])
    return path


def row(number, text, *, group="", lang="nl", labels=None, note=""):
    return [str(number), group or f"g{number}", text, lang, *(labels or GOOD)[:-1], note]


def faults(tmp_path, rows):
    return [(f.line, f.message) for f in check_rows(read_labelled(seed(tmp_path, rows), LabelColumns()))]


def changed(**columns):
    labels = dict(zip(HEADER[4:], GOOD, strict=True))
    return list((labels | columns).values())


LONG = "gisteren na het eten wilde ik nog even snel een foto van de hond naar mijn zus in Gent sturen"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [row(1, "bijlage opent niet in mail"), row(2, "Bijlage opent niet in mail!")],
            [(2, r"nearly repeats row 1 of another group \(similarity 0\.\d\d\)")],
            id="near-duplicate",
        ),
        pytest.param(
            [
                row(1, "bijlage opent niet in mail", group="g"),
                row(2, "bijlage opent niet in mail.", group="g", labels=changed(severity="C")),
            ],
            [(2, "is like row 1 but labelled apart in severity")],
            id="labelled apart",
        ),
        pytest.param(
            [
                row(1, f"{LONG} en dat ging mis"),
                row(2, f"hallo beste mensen, {LONG} maar helaas, geen verbinding te krijgen"),
            ],
            [(2, "shares 12 words with row 1: gisteren na het eten wilde ik …")],
            id="long run",
        ),
        pytest.param(
            [row(1, "ik krijg mijn agenda niet meer open in de browser", lang="en")],
            [(1, "language is stated as en but reads as nl")],
            id="wrong language",
        ),
        pytest.param(
            [
                row(k, f"sinds vanmorgen kan ik niet {word}")
                for k, word in enumerate(("printen", "mailen", "bellen"), 1)
            ],
            [(k, r"opening 'sinds vanmorgen kan ik niet' is used 3 times in nl") for k in (1, 2, 3)],
            id="repeated opening",
        ),
        pytest.param(
            [row(1, "Windows start niet", labels=changed(outlook_com="not_outlook.windows"))],
            [
                (1, "outlook_com not_outlook.windows asks for csp_escalation none, got partner.configuration"),
                (1, "outlook_com not_outlook.windows asks for service_request none, got technical.general_usage"),
            ],
            id="implication",
        ),
        pytest.param([row(1, "pochta ne rabotaet", lang="ru", note="translit")], [], id="excused variety"),
        pytest.param([row(1, "de mail hapert"), row(2, "bijlage weg")], [], id="nothing"),
    ],
)
def test_a_planted_fault_is_listed_with_row_and_reason(tmp_path, rows, expected):
    found = faults(tmp_path, rows)
    assert [line for line, _ in found] == [line for line, _ in expected]
    assert all(re.match(pattern, message) for (_, message), (_, pattern) in zip(found, expected, strict=True)), found


def test_the_command_lists_all_faults_ends_with_2_and_changes_nothing(tmp_path):
    rows = [row(1, "bijlage opent niet in mail"), row(2, "Bijlage opent niet in mail!", lang="en")]
    path = seed(tmp_path, rows)
    before = path.read_bytes()
    command = [sys.executable, "-m", "intentclf.serve.cli", "data", "check", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (result.returncode, result.stdout, path.read_bytes()) == (2, "", before)
    assert f"{path}: 2 faults" in result.stderr
    assert f"{path}:2: language is stated as en" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["seed.csv"]


def test_one_file_with_every_fault_has_them_all_listed_in_one_run(tmp_path):
    rows = [
        row(1, "bijlage opent niet in mail"),
        row(2, "Bijlage opent niet in mail!", labels=changed(severity="C")),
        row(3, "ik krijg mijn agenda niet meer open in de browser", lang="en"),
        row(4, "Windows start niet", labels=changed(outlook_com="not_outlook.windows")),
        row(5, f"{LONG} en dat ging mis"),
        row(6, f"hallo beste mensen, {LONG} maar helaas, geen verbinding te krijgen"),
        row(6, "printer hapert", labels=changed(contact_reason="no.such.code")),
        row(8, "teams valt uit", lang="xx", labels=changed(severity="D", vague="")),
        row(9, "sinds vanmorgen kan ik niet printen"),
        row(10, "sinds vanmorgen kan ik niet bellen"),
    ]
    path = seed(tmp_path, rows)
    command = [sys.executable, "-m", "intentclf.serve.cli", "data", "check", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    expected = [
        (2, "nearly repeats row 1 of another group"),
        (2, "is like row 1 but labelled apart in severity"),
        (3, "language is stated as en but reads as nl"),
        (4, "outlook_com not_outlook.windows asks for service_request none"),
        (6, "shares 12 words with row 5"),
        (7, "id '6' stands twice, first in row 6"),
        (7, "unknown code 'no.such.code' in contact_reason"),
        (8, "lang must be nl, nb, nn, ru, en or und, got 'xx'"),
        (8, "unknown code 'D' in severity"),
        (8, "vague is empty"),
        (9, "opening 'sinds vanmorgen kan ik niet' is used 2 times in nl"),
    ]
    assert result.returncode == 2
    assert [(line, text) for line, text in expected if f"seed.csv:{line}: {text}" not in result.stderr] == []


def held_out(tmp_path, text):
    path = tmp_path / "kept.csv"
    path.write_text(text, encoding="utf-8")
    return path


def check(*arguments):
    command = [sys.executable, "-m", "intentclf.serve.cli", "data", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ("text\niets anders\nBijlage  opent niet in mail!\n", ["1: repeats row 2 of kept.csv (similarity 0.96)"]),
        ("text\nbijlage opent niet in mailprogramma\n", ["1: repeats row 1 of kept.csv (similarity 0.71)"]),
        ("text\nвложение не открывается\nагенда leeg\n", []),
    ],
)
def test_rows_that_repeat_a_held_out_text_are_faults(tmp_path, kept, expected):
    path = seed(tmp_path, [row(1, "bijlage opent niet in mail"), row(2, "windows start niet op sinds de update")])
    result = check(path, "--held-out", held_out(tmp_path, kept))
    assert result.returncode == (2 if expected else 0)
    assert [line for line in expected if f"{path}:{line}" not in result.stderr] == []


def test_several_columns_of_a_held_out_file_are_compared(tmp_path):
    path = seed(tmp_path, [row(1, "bijlage opent niet in mail")])
    kept = held_out(tmp_path, "nl,en\nbijlage opent niet in mail,attachment does not open\n")
    assert check(path, "--held-out", kept, "--held-out-column", "en").returncode == 0
    result = check(path, "--held-out", kept, "--held-out-column", "en", "--held-out-column", "nl")
    assert "repeats row 1 of kept.csv (similarity 1.00)" in result.stderr


def test_a_held_out_file_without_the_column_is_one_sentence(tmp_path):
    result = check(seed(tmp_path, [row(1, "bijlage opent niet")]), "--held-out", held_out(tmp_path, "body\nx\n"))
    assert (result.returncode, "has no column 'text'" in result.stderr) == (2, True)


@pytest.mark.parametrize(("name", "columns"), [("cases.csv", ["text"]), ("titles.csv", ["nl", "nb", "ru", "en"])])
def test_no_seed_row_repeats_a_text_that_figures_are_measured_on(name, columns):
    kept = ROOT.parent / "shared" / "dev" / name
    if not kept.is_file():
        pytest.skip(f"{kept} is not there: figures on it cannot be measured either")
    with kept.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = read_labelled(SEED, LabelColumns())
    assert [f for column in columns for f in held_out_faults(texts, [line[column] for line in rows], name)] == []


def test_an_opening_has_five_words_and_something_after_them():
    assert opening(["een", "twee", "drie", "vier", "vijf"]) is None


def test_implications_name_known_books_and_codes():
    books = shipped_codebooks()
    closed = {"severity": {"A", "B", "C"}, "vague": {"0", "1"}}
    for rule in implications():
        for name, codes in ((rule.book, (rule.code,)), (rule.implies, rule.allowed)):
            assert [code for code in codes if code not in (books.get(name) or closed[name])] == [], rule


def test_the_seed_file_has_no_faults():
    assert [(fault.line, fault.message) for fault in check_rows(read_labelled(SEED, LabelColumns()))] == []


def test_every_seed_row_says_how_it_came_about():
    with SEED.open(encoding="utf-8", newline="") as file:
        origins = {line["origin"] for line in csv.DictReader(file)}
    assert origins == {"written", "rewritten"}


def test_seed_labels_are_single_labels():
    texts = read_labelled(SEED, LabelColumns())
    assert all(len(alternatives(cell)) == 1 for label in texts.labels for cell in texts.column(label))
