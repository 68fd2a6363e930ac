from collections import Counter
from pathlib import Path

import pytest

from intentclf.codebooks import shipped_codebooks
from intentclf.errors import FaultsError, InputError
from intentclf.predict.rules import FLAGS, load_rules, shipped_rules

FOLDER = Path(__file__).parents[2] / "src" / "intentclf" / "codebooks" / "rules"
SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
HEADER = "id,book,code,pattern,source,line"


def rule_file(folder, *lines, name="en.csv", header=HEADER):
    path = folder / name
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["all", "en", "nb", "nl", "ru"])
def test_a_shipped_rule_file_loads_in_its_language(name):
    rules = load_rules(FOLDER / f"{name}.csv", shipped_codebooks())
    assert {rule.language for rule in rules} == {name}
    assert len(rules) > 50


def test_no_rule_file_is_left_out():
    assert {path.stem for path in FOLDER.iterdir()} == {rule.language for rule in shipped_rules()}


def test_rule_ids_are_unique_over_all_files():
    assert [name for name, times in Counter(rule.id for rule in shipped_rules()).items() if times > 1] == []


def test_rule_ids_begin_with_their_language():
    assert [rule.id for rule in shipped_rules() if not rule.id.startswith(rule.language + "-")] == []


def test_every_rule_says_a_code_of_a_book_or_a_flag():
    known = {name: set(book.codes) for name, book in shipped_codebooks().items()}
    known |= {name: set(values) for name, values in FLAGS.items()}
    assert [rule.id for rule in shipped_rules() if rule.code not in known[rule.book]] == []


def test_no_rule_is_shipped_with_a_precision_nobody_measured():
    assert {(rule.hits, rule.right, rule.precision) for rule in shipped_rules()} == {(0, 0, None)}


def test_no_pattern_of_a_language_says_the_same_thing_twice():
    said = Counter((rule.language, rule.book, rule.code, rule.pattern.casefold()) for rule in shipped_rules())
    assert [entry for entry, times in said.items() if times > 1] == []


def test_rules_point_to_lines_that_are_written_on():
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not there: the source documents stand beside the repository only at the desk")
    lines = {path.name: path.read_text(encoding="utf-8").split("\n") for path in SEEDS.glob("*.txt")}
    places = {rule.id: rule.source.rsplit(":", 1) for rule in shipped_rules()}
    assert [name for name, (source, line) in places.items() if not lines[source][int(line) - 1].strip()] == []


FAULTY = (
    "en-1,severity,A,everything ~ down,doc.txt,1",
    "en-1,severity,D,all down,doc.txt,2",
    ",vague,2,hello,doc.txt,3",
    "en-4,no_book,x,hello,doc.txt,4",
    "en-5,outlook_com,no.such.code,hello,doc.txt,5",
    "en-6,severity,B,,doc.txt,6",
    "en-7,severity,B,~ password,doc.txt,7",
    "en-8,severity,B,password ~,doc.txt,8",
    "en-9,severity,B,pass*word,doc.txt,9",
    "en-10,severity,B,a||b,doc.txt,10",
    "en-11,severity,B,password,doc.txt,eleven",
)
FAULTS_MESSAGE = """\
{path}: 12 faults
  {path}:3: id must be given and unique, got 'en-1'
  {path}:3: code for severity must be one of A, B, C, got 'D'
  {path}:4: id must be given and unique, got ''
  {path}:4: code for vague must be one of 1, got '2'
  {path}:5: unknown book 'no_book'
  {path}:6: unknown code 'no.such.code' of outlook_com
  {path}:7: pattern must be words, word*, a|b or ~ between words, got ''
  {path}:8: pattern must be words, word*, a|b or ~ between words, got '~ password'
  {path}:9: pattern must be words, word*, a|b or ~ between words, got 'password ~'
  {path}:10: pattern must be words, word*, a|b or ~ between words, got 'pass*word'
  {path}:11: pattern must be words, word*, a|b or ~ between words, got 'a||b'
  {path}:12: line must be a whole number, got 'eleven'"""


def test_every_fault_of_a_rule_file_is_told_at_once_with_its_line(tmp_path):
    path = rule_file(tmp_path, *FAULTY)
    with pytest.raises(FaultsError, match="12 faults") as caught:
        load_rules(path, shipped_codebooks())
    assert str(caught.value) == FAULTS_MESSAGE.format(path=path)


def test_a_rule_file_is_named_after_a_language(tmp_path):
    path = rule_file(tmp_path, "x-1,severity,A,all down,doc.txt,1", name="klingon.csv")
    with pytest.raises(FaultsError, match="the file's name must be one of nl, nb, nn, ru, en, all, got 'klingon'"):
        load_rules(path, shipped_codebooks())


@pytest.mark.parametrize("missing", ["id", "book", "code", "pattern", "source", "line"])
def test_a_missing_column_is_named(tmp_path, missing):
    path = rule_file(tmp_path, "a,b,c,d,e", header=",".join(c for c in HEADER.split(",") if c != missing))
    with pytest.raises(InputError, match=rf"en\.csv: column '{missing}' is missing; the header is "):
        load_rules(path, shipped_codebooks())


@pytest.mark.parametrize(
    "pattern",
    ["password", "forgot password", "parol*", "mail|e-mail", "забыл*|потерял* ~ парол*", "wachtwoord* ~ kwijt"],
)
def test_words_stems_alternatives_and_gaps_are_patterns(tmp_path, pattern):
    (rule,) = load_rules(rule_file(tmp_path, f"en-1,severity,B,{pattern},doc.txt,7"), shipped_codebooks())
    assert (rule.pattern, rule.source, rule.precision) == (pattern, "doc.txt:7", None)
