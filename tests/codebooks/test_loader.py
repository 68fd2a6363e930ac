import csv
import shutil
from pathlib import Path

import pytest

from intentclf.codebooks import NONE, Codebook, load_codebook, load_shipped, shipped_codebooks
from intentclf.codebooks.loader import LABEL_LANGUAGES, SHIPPED
from intentclf.errors import FaultsError, InputError

ROOT = Path(__file__).parents[2]
PACKAGED = ROOT / "src" / "intentclf" / "codebooks"
SHARED = ROOT.parent / "shared" / "codebooks"
SEEDS = ROOT.parent / "shared" / "seeds"
HEADER = "code,parent,level,label_en,definition"

# Lines of the source where the languages contradict each other, or where the Russian label is not what is meant.
CONTRADICTIONS = {
    "contact_reason": (51, 52, 58, 62, 71, 72, 194, 196, 197, 203, 204, 211, 212),
    "outlook_com": (30, 57),
    "service_request": (61, 84),
    "csp_escalation": (17, 18),
}

ALL_CODES = [
    pytest.param(book, code, id=f"{book}-{code.code}") for book in shipped_codebooks() for code in load_shipped(book)
]


@pytest.fixture
def book_file(tmp_path):
    """Writes a code book from its lines and gives its path."""

    def write(*lines, header=HEADER):
        path = tmp_path / "desk.csv"
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in (header, *lines)))
        return path

    return write


@pytest.mark.parametrize(
    ("name", "codes", "leaves"),
    [("outlook_com", 14, 11), ("contact_reason", 231, 199), ("service_request", 24, 19), ("csp_escalation", 10, 8)],
)
def test_shipped_books_have_all_their_codes_and_leaves(name, codes, leaves):
    book = load_shipped(name)
    assert (len(book.codes), len(book.leaves)) == (codes, leaves)


def test_shipped_books_come_in_one_order_under_their_own_names():
    assert [book.name for book in shipped_codebooks().values()] == list(shipped_codebooks()) == list(SHIPPED)


@pytest.mark.parametrize(("book", "code"), ALL_CODES)
def test_every_shipped_code_is_fully_described(book, code):
    assert set(code.labels) == set(code.names) == set(LABEL_LANGUAGES), book
    assert len(code.definition) >= 40
    assert code.source.endswith(".txt")
    assert code.line > 0


@pytest.mark.parametrize("name", SHIPPED)
def test_russian_labels_and_names_are_in_cyrillic(name):
    texts = [text for code in load_shipped(name) for text in (code.labels["ru"], code.names["ru"])]
    assert [text for text in texts if not any("а" <= letter <= "я" for letter in text.lower())] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_books_hold_every_row_of_the_shared_ones(name):
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there: the shared code books stand beside the repository only at the desk")
    with (SHARED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        shared = [(r["code"], r["parent"], int(r["level"]), r["source"], int(r["line"])) for r in csv.DictReader(file)]
    assert [(c.code, c.parent, c.level, c.source, c.line) for c in load_shipped(name)] == shared


@pytest.mark.parametrize("name", SHIPPED)
def test_source_lines_of_shipped_codes_are_written_on(name):
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not there: the source documents stand beside the repository only at the desk")
    lines = {path.name: path.read_text(encoding="utf-8").split("\n") for path in SEEDS.glob("*.txt")}
    assert [code.code for code in load_shipped(name) if not lines[code.source][code.line - 1].strip()] == []


@pytest.mark.parametrize(
    ("name", "line"),
    [pytest.param(name, line, id=f"{name}-{line}") for name in SHIPPED for line in CONTRADICTIONS[name]],
)
def test_known_contradictions_of_the_source_carry_a_note(name, line):
    assert any(code.note for code in load_shipped(name) if code.line == line)


@pytest.mark.parametrize(
    ("kit", "period", "wrong"),
    [
        (kit, period, wrong)
        for kit in ("monthly_mailer", "quarterly_update", "welcome_kit")
        for period, wrong in (("under", "more than 6 weeks"), ("over", "within 6 weeks"))
    ],
)
def test_six_week_codes_follow_the_english_and_say_so(kit, period, wrong):
    code = load_shipped("contact_reason").codes[f"subscription.fulfillment_{kit}.not_received_{period}_6_weeks"]
    assert wrong in code.note
    assert ("<" if period == "under" else ">") in code.note


@pytest.mark.parametrize(
    ("code", "path"),
    [
        pytest.param("not_outlook", ("not_outlook",), id="top"),
        pytest.param("not_outlook.windows", ("not_outlook", "not_outlook.windows"), id="second"),
        pytest.param(
            "not_outlook.microsoft_other.password",
            ("not_outlook", "not_outlook.microsoft_other", "not_outlook.microsoft_other.password"),
            id="third",
        ),
        pytest.param(NONE, (NONE,), id="none"),
        pytest.param("no.such.code", ("no.such.code",), id="unknown"),
    ],
)
def test_path_leads_from_the_top_to_the_code(code, path):
    assert load_shipped("outlook_com").path(code) == path


@pytest.mark.parametrize("name", SHIPPED)
def test_every_code_is_among_the_children_of_its_parent(name):
    book = load_shipped(name)
    assert [code.code for code in book if code.code not in book.children(code.parent)] == []


def test_children_of_the_empty_code_are_the_top_and_leaves_have_none():
    book = Codebook.from_labels("desk", ["billing.refund", "billing.invoice", "mail"])
    assert book.children("") == ("billing", "mail")
    assert book.children("billing") == ("billing.invoice", "billing.refund")
    assert book.children("mail") == ()


@pytest.mark.parametrize(
    ("code", "ancestor", "under"),
    [
        ("billing.refund.double", "billing", True),
        ("billing.refund.double", "billing.refund", True),
        ("billing.refund", "billing.refund", True),
        ("billing", "billing.refund", False),
        ("billing_other", "billing", False),
        (NONE, "billing", False),
        (NONE, NONE, True),
    ],
)
def test_a_code_is_under_itself_and_all_above_it(code, ancestor, under):
    book = Codebook.from_labels("desk", ["billing.refund.double", "billing_other"])
    assert book.is_under(code, ancestor) is under


@pytest.mark.parametrize("name", SHIPPED)
def test_none_may_be_answered_but_is_no_row(name):
    book = load_shipped(name)
    assert NONE in book
    assert NONE not in [code.code for code in book]
    assert "no_such_code" not in book


@pytest.mark.parametrize(
    ("language", "label"),
    [("nl", "Rekening"), ("nb", "Regning"), ("nn", "Regning"), ("ru", "Billing"), ("und", "Billing")],
)
def test_label_falls_back_to_english_and_nynorsk_reads_bokmal(book_file, language, label):
    path = book_file("a,,1,Billing,About money,Rekening,Regning,", header=HEADER + ",label_nl,label_nb,label_ru")
    assert load_codebook(path).codes["a"].label(language) == label


def test_label_of_a_code_made_from_labels_is_the_code():
    assert Codebook.from_labels("desk", ["refund"]).codes["refund"].label("en") == "refund"


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        pytest.param(["refund", "password"], ["password", "refund"], id="flat"),
        pytest.param(["mail.sync", "mail"], ["mail", "mail.sync"], id="dotted"),
        pytest.param(["a.b.c"], ["a", "a.b", "a.b.c"], id="parents_added"),
        pytest.param(["refund", "refund", NONE], ["refund"], id="repeated_and_none"),
        pytest.param(["Terug betalen.Te laat"], ["Terug betalen", "Terug betalen.Te laat"], id="words_with_blanks"),
        pytest.param(["почта.пароль"], ["почта", "почта.пароль"], id="cyrillic"),
        pytest.param([], [], id="no_labels"),
    ],
)
def test_a_book_is_made_from_labels(labels, codes):
    book = Codebook.from_labels("desk", labels)
    assert list(book.codes) == codes
    assert [code.level for code in book] == [code.count(".") + 1 for code in codes]
    assert all(code.parent in ("", *codes) for code in book)


@pytest.mark.parametrize(
    "label", ["", ".", "a..b", ".a", "a.", "a|b", "a,b", "a;b", " a", "a ", "a  b", "a\nb", "a. b"]
)
def test_a_label_that_is_no_code_is_refused_by_name(label):
    with pytest.raises(InputError, match=r"^label '.*' of 'desk' is not a code: parts between dots must be words$"):
        Codebook.from_labels("desk", ["good", label])


def test_hash_of_a_book_from_labels_tells_its_codes_apart_and_not_their_order():
    one, same, other = (Codebook.from_labels("desk", labels).sha256 for labels in (["a", "b"], ["b", "a"], ["a", "c"]))
    assert one == same != other


FAULTY = """\
code,parent,level,label_en,definition,label_nl,name_nl,line
mail,,1,Mail,Everything about mail,Post,Uw post,1
mail.sync,mail,3,Sync,Devices differ,Gelijk,Gelijk lopen,2
mail.lost,post,2,Lost,Mail is gone,Weg,Weg zijn,3
mail.sync,mail,2,Twice,Written a second time,Dubbel,Dubbel op,4
mail..x,mail,2,Hole,An empty part,Gat,Een gat,5
,,1,Empty,No code at all,Leeg,Niets,6
none,,1,None,Nothing fits,Geen,Niets past,7
orphan.child,orphan,2,Orphan,Its parent is missing,Wees,Alleen,8
bare,,1,,,Kaal,Kaal zijn,9
long,,1,{long},Too long a label,Lang,Heel lang,10
line,,1,Line,A line that is no number,Regel,De regel,ten
twin,,1,MAIL,A label of its sibling,POST,uw POST,12
echo,,1,Echo,everything about MAIL,Echo,Nog eens,13
""".format(long="x" * 121)

FAULTS_MESSAGE = """\
{path}: 16 faults
  {path}:3: level of 'mail.sync' must be 2, got '3'
  {path}:4: parent of 'mail.lost' must be 'mail', got 'post'
  {path}:4: parent 'post' of 'mail.lost' is not in the book
  {path}:5: code 'mail.sync' stands twice
  {path}:6: code must be words parted by dots, got 'mail..x'
  {path}:7: code must be words parted by dots, got ''
  {path}:8: code 'none' is reserved: it says that nothing in the book fits
  {path}:9: parent 'orphan' of 'orphan.child' is not in the book
  {path}:10: label_en of 'bare' is empty
  {path}:10: definition of 'bare' is empty
  {path}:11: label_en of 'long' must be at most 120 characters, got 121
  {path}:12: line of 'line' must be a whole number, got 'ten'
  {path}:13: label_nl 'POST' of 'twin' is also that of its sibling 'mail'
  {path}:13: label_en 'MAIL' of 'twin' is also that of its sibling 'mail'
  {path}:13: name_nl 'uw POST' of 'twin' is also that of its sibling 'mail'
  {path}:14: definition of 'echo' is also that of 'mail'"""


def test_every_fault_of_a_book_is_told_at_once_with_its_line(tmp_path):
    path = tmp_path / "desk.csv"
    path.write_text(FAULTY, encoding="utf-8")
    with pytest.raises(FaultsError, match="16 faults") as caught:
        load_codebook(path)
    assert str(caught.value) == FAULTS_MESSAGE.format(path=path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param("A..B,,1,A,Some text", "code must be words parted by dots, got 'A..B'", id="empty_part"),
        pytest.param("a|b,,1,A,Some text", r"code must be words parted by dots, got 'a\|b'", id="bar_in_code"),
        pytest.param("a;b,,1,A,Some text", "code must be words parted by dots, got 'a;b'", id="semicolon_in_code"),
        pytest.param("a.b,a,2,A,Some text", "parent 'a' of 'a.b' is not in the book", id="orphan"),
        pytest.param("a,,one,A,Some text", "level of 'a' must be 1, got 'one'", id="level_in_words"),
        pytest.param("a,,,A,Some text", "level of 'a' must be 1, got ''", id="no_level"),
        pytest.param("a,,1", "definition of 'a' is empty", id="short_row"),
        # A comma that was not quoted: half of the definition would be lost without a word.
        pytest.param("a,,1,A,Asks for money, not for goods", "fields", id="long_row"),
    ],
)
def test_a_faulty_row_is_named_with_its_line(book_file, row, message):
    path = book_file("fine,,1,Fine,Nothing wrong here", row)
    with pytest.raises(FaultsError, match=rf"desk\.csv:3: .*{message}"):
        load_codebook(path)


def test_siblings_of_different_parents_may_share_a_label(book_file):
    path = book_file("a,,1,A,One", "b,,1,B,Two", "a.x,a,2,Other,Three", "b.x,b,2,Other,Four")
    assert load_codebook(path).leaves == ("a.x", "b.x")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv: no such file$"):
        load_codebook(tmp_path / "nowhere.csv")


def test_a_folder_is_no_book(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)$"):
        load_codebook(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", r"column 'code' is missing; the header is ''$", id="empty"),
        pytest.param(
            b"code,parent,label_en\na,,A", r"column 'level' is missing; the header is 'code,parent,", id="column"
        ),
        pytest.param(HEADER.encode(), "has a header but no rows$", id="header_only"),
        pytest.param(HEADER.encode() + b"\n\n\n", "has a header but no rows$", id="blank_lines"),
        pytest.param(HEADER.encode() + b"\na,,1,A,Caf\xe9", r"line 2 is not UTF-8 \(byte 0xE9\)$", id="latin_1"),
        pytest.param(HEADER.encode() + b"\na,,1,A,B\n\n\xff,", r"line 4 is not UTF-8 \(byte 0xFF\)$", id="fourth_line"),
        pytest.param(HEADER.encode("utf-16"), r"line 1 is not UTF-8 \(byte 0xFF\)$", id="utf_16"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(tmp_path, content, message):
    (tmp_path / "desk.csv").write_bytes(content)
    with pytest.raises(InputError, match=rf"desk\.csv: {message}"):
        load_codebook(tmp_path / "desk.csv")


def test_a_cell_larger_than_the_csv_module_takes_is_refused_in_one_sentence(book_file):
    limit = csv.field_size_limit(131_072)  # what a fresh process has; reading a table raises it
    path = book_file("a,,1,A," + "x" * 140_000)
    try:
        with pytest.raises(InputError, match=r"desk\.csv"):
            load_codebook(path)
    finally:
        csv.field_size_limit(limit)


def test_a_byte_order_mark_is_no_part_of_the_first_column(book_file):
    path = book_file("a,,1,A,About a", header=b"\xef\xbb\xbf" + HEADER.encode())
    assert load_codebook(path).leaves == ("a",)


def test_a_book_is_named_after_its_file_unless_told_otherwise(book_file):
    path = book_file("a,,1,A,About a")
    assert (load_codebook(path).name, load_codebook(path, name="reason").name) == ("desk", "reason")


def test_one_changed_byte_changes_the_hash(tmp_path):
    path = Path(shutil.copy(PACKAGED / "csp_escalation.csv", tmp_path))
    before = load_codebook(path)
    path.write_bytes(path.read_bytes().replace(b"Microsoft", b"Mikrosoft", 1))
    assert before.sha256 == load_shipped("csp_escalation").sha256
    assert load_codebook(path).sha256 != before.sha256


def test_an_unknown_shipped_book_is_answered_with_the_known_ones():
    with pytest.raises(
        InputError, match=r"^there is no shipped code book 'sales'; shipped are outlook_com, contact_reason"
    ):
        load_shipped("sales")
