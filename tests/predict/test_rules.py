"""Keyword rules: the pattern language, the languages, the files."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentclf.codebooks.loader import shipped_codebooks
from intentclf.errors import FaultsError
from intentclf.predict.rules import Rule, RuleMatcher, load_rules, shipped_rules
from intentclf.records import LanguageGuess, Query, Reading, RuleHit
from intentclf.train.spacy_rules import SpacyRuleMatcher

ROOT = Path(__file__).parents[2]


def reading(text: str, language: str = "nl") -> Reading:
    return Reading(Query("1", text), text, None, LanguageGuess(language, 1.0))


def rule(pattern: str, language: str = "nl", name: str = "r") -> Rule:
    return Rule(name, language, "desk", "mail", pattern, "desk.txt:1", 10, 9, 0.7)


# spaCy's matchers warn of a kind of pattern that no rule has; that is tested once, below.
QUIET = [rule("zzplain", "all", "quiet-1"), rule("zzstem*", "all", "quiet-2")]


def find(rules: list[Rule], text: str, language: str = "nl") -> tuple[RuleHit, ...]:
    found = RuleMatcher([*rules, *QUIET]).find(reading(text, language))
    assert SpacyRuleMatcher([*rules, *QUIET]).find(reading(text, language)) == found
    return found


PATTERNS = [
    # language, pattern, text, fires
    ("nl", "wachtwoord", "Mijn Wachtwoord doet het niet", True),
    ("nl", "wachtwoord", "mijn wachtwoorden", False),
    ("nl", "wachtwoord*", "mijn wachtwoorden", True),
    ("nl", "wachtwoord*", "mijn wachtwoord", True),
    ("nl", "wachtwoord*", "nieuwwachtwoord", False),
    ("nl", "vergeten wachtwoord", "vergeten wachtwoord", True),
    ("nl", "vergeten wachtwoord", "wachtwoord vergeten", False),
    ("nl", "vergeten wachtwoord", "vergeten mijn wachtwoord", False),
    ("nl", "vergeten wachtwoord", "vergeten, wachtwoord!", True),
    ("nl", "vergeten wachtwoord", "vergeten\n\nwachtwoord", True),
    ("nl", "wachtwoord* ~ vergeten|kwijt", "wachtwoord kwijt", True),
    ("nl", "wachtwoord* ~ vergeten|kwijt", "wachtwoord ben ik weer vergeten", True),
    ("nl", "wachtwoord* ~ vergeten|kwijt", "wachtwoord - dat is: nu - vergeten", True),
    ("nl", "wachtwoord* ~ vergeten|kwijt", "wachtwoord ben ik nu weer vergeten", False),
    ("nl", "wachtwoord* ~ vergeten|kwijt", "vergeten wachtwoord", False),
    ("nl", "e-mail", "mijn e-mail", True),
    ("nl", "e-mail", "mijn E mail", True),
    ("nl", "e-mail", "mijn email", False),
    ("nl", "e mail", "mijn e-mail", True),
    ("nl", "e-mail*", "mijn e-mails", True),
    ("nl", "e-mail|mail weg", "mijn e-mail weg", True),
    ("nb", "glemt|glømt ~ passord*", "jeg har glemt det nye passordet", True),
    ("nb", "glemt|glømt ~ passord*", "GLØMT PASSORD", True),
    ("nb", "får ikke", "jeg får ikke logget inn", True),
    ("nb", "får ikke", "jeg far ikke", False),
    ("ru", "парол* ~ забыл*", "пароль я опять забыла", True),
    ("ru", "парол* ~ забыл*", "Пароль забыл.", True),
    ("ru", "парол* ~ забыл*", "забыл пароль", False),
    ("ru", "зашёл", "никто не зашел", True),
    ("ru", "зашел", "никто не ЗАШЁЛ", True),
    ("ru", "ещё|подождём раз*", "подождем разок", True),
    ("ru", "почта", "почты", False),
    ("en", "can't log in", "I can't log in", True),
    ("en", "can't log in", "I can’t log in", True),
    ("en", "can't log in", "I cant log in", False),
    ("en", "c++ app", "my C app", True),  # punctuation is no part of a word, in patterns either
    ("en", "lost|forgot ~ password", "I forgot my (old) password", True),
    ("en", "lost|forgot ~ password", "password lost", False),
]


@pytest.mark.parametrize(
    ("language", "pattern", "text", "fires"), [pytest.param(*row, id=f"{row[1]} on {row[2]}") for row in PATTERNS]
)
def test_a_pattern_fires_where_its_words_stand(language, pattern, text, fires):
    assert [hit.rule for hit in find([rule(pattern, language)], text, language)] == ["r"] * fires


@pytest.mark.parametrize(
    ("rules_language", "text_language", "fires"),
    [
        ("nl", "nl", True),
        ("nb", "nn", True),
        ("nn", "nb", True),
        ("nl", "nb", False),
        ("nb", "en", False),
        ("en", "nl", False),
        ("ru", "und", False),
        ("en", "und", False),
        ("all", "und", True),
        ("all", "nl", True),
        ("all", "nn", True),
        ("all", "ru", True),
        ("all", "de", True),
        ("en", "de", False),
    ],
)
def test_a_rule_is_for_its_language_and_bokmal_serves_nynorsk(rules_language, text_language, fires):
    for pattern in ("xbox", "xbo*"):
        assert bool(find([rule(pattern, rules_language)], "min xbox", text_language)) is fires


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("mail", "  (mail), help", "mail"),
        ("e-mail", "mijn: e - mail!", "e - mail"),
        ("wachtwoord* ~ kwijt", "«Wachtwoorden», ben ik: kwijt?!", "Wachtwoorden», ben ik: kwijt"),
        ("kwijt", "😀😀 ben 𝒙 kwijt…", "kwijt"),
        ("ijs", "İİ ijs", "ijs"),
    ],
)
def test_the_span_of_a_hit_is_right_among_punctuation(pattern, text, expected):
    (hit,) = find([rule(pattern)], text)
    assert text[hit.start : hit.end] == expected


@pytest.mark.parametrize("pattern", ["mail", "mail*", "mail ~ mail"])
def test_a_rule_counts_once_where_it_stands_first(pattern):
    hits = find([rule(pattern)], "geen mail, mail, mail en mail")
    assert [(hit.rule, hit.start) for hit in hits] == [("r", 5)]


def test_hits_come_by_place_and_then_by_id():
    rules = [rule("kwijt", name="c"), rule("mail", name="b"), rule("mail*", name="a"), rule("mail kwijt", name="d")]
    assert [hit.rule for hit in find(rules, "mail kwijt")] == ["a", "b", "d", "c"]


def test_a_hit_carries_what_its_rule_says():
    assert find([rule("mail")], "de mail") == (RuleHit("r", "desk", "mail", 0.7, "desk.txt:1", 3, 7),)


@pytest.mark.parametrize("text", ["", " ", "?!", "\n", "😀"])
def test_a_text_without_words_fires_nothing(text):
    assert find([rule("mail")], text) == ()


def test_no_rules_find_nothing():
    assert RuleMatcher([]).find(reading("mail")) == ()


def test_the_shipped_rules_fire_where_those_of_spacy_do():
    rules = shipped_rules()
    quick, reference = RuleMatcher(rules), SpacyRuleMatcher(rules)
    with (ROOT / "data" / "seed_labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::60]
    texts = [reading(row["text"], "nb" if row["lang"] == "nn" else row["lang"]) for row in rows]
    found = [quick.find(text) for text in texts]
    assert sum(bool(hits) for hits in found) > 100
    assert found == [reference.find(text) for text in texts]


PIECES = st.sampled_from(["a", "b*", "a|b", "~", "a-b|c", "ab*|b", "c"])
PHRASES = st.lists(PIECES, min_size=1, max_size=5).map(" ".join).filter(lambda p: p[0] != "~" and p[-1] != "~")


@settings(max_examples=150, deadline=None)
@given(st.lists(PHRASES, min_size=1, max_size=4), st.text(alphabet="abcd -", max_size=30))
def test_any_patterns_fire_where_those_of_spacy_do(patterns, text):
    rules = [rule(pattern, "nl", f"r{k}") for k, pattern in enumerate(patterns)]
    find(rules, text)


@pytest.mark.parametrize("pattern", ["mail", "mail*"])
def test_rules_of_one_kind_alone_raise_no_warning(pattern):
    assert len(SpacyRuleMatcher([rule(pattern)]).find(reading("mail"))) == 1


def test_one_matcher_serves_texts_of_all_languages_in_turn():
    matcher = RuleMatcher(
        [rule(word, code, code) for word, code in [("een", "nl"), ("en", "nb"), ("раз", "ru")]] + QUIET
    )
    texts = [("een", "nl"), ("en", "nb"), ("раз", "ru"), ("een", "en"), ("en", "nn"), ("een", "nl")]
    found = [[hit.rule for hit in matcher.find(reading(*text))] for text in texts]
    assert found == [["nl"], ["nb"], ["ru"], [], ["nb"], ["nl"]]


def test_rules_without_a_measured_precision_stay_silent_in_a_model(tiny):
    assert "guess-1" in {rule.id for rule in tiny.rules}
    assert [hit.rule for hit in tiny.matcher.find(reading("a guess, slow", "en"))] == ["slow-1"]


@pytest.mark.parametrize("precision", [None, 0.0])
def test_a_rule_that_was_never_right_stays_silent_in_a_model(tiny, precision):
    mute = replace(tiny, rules=(*QUIET, replace(rule("mail"), precision=precision)))
    assert mute.matcher.find(reading("mail")) == ()


def test_shipped_rules_have_ids_of_their_own_and_a_source_line():
    rules = shipped_rules()
    assert len({rule.id for rule in rules}) == len(rules) > 500
    assert {rule.source.rpartition(":")[2].isdecimal() for rule in rules} == {True}


def test_shipped_rules_serve_four_languages_and_those_of_no_language():
    assert {rule.language for rule in shipped_rules()} == {"all", "en", "nb", "nl", "ru"}


def test_every_shipped_rule_fires_on_its_own_words():
    rules = shipped_rules()
    deaf = []
    for language in ("nl", "nb", "ru", "en", "all"):
        matcher = RuleMatcher([rule for rule in rules if rule.language in (language, "all")])
        for one in rules:
            words = " ".join(piece.split("|")[0].rstrip("*") for piece in one.pattern.split() if piece != "~")
            if one.language == language and one.id not in {hit.rule for hit in matcher.find(reading(words, language))}:
                deaf.append(one.id)
    assert deaf == []


HEADER = "id,book,code,pattern,source,line\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",outlook_com,not_outlook,xbox,a.txt,1", "id must be given and unique, got ''"),
        ("r,desk,mail,xbox,a.txt,1", "unknown book 'desk'"),
        ("r,outlook_com,mail,xbox,a.txt,1", "unknown code 'mail' of outlook_com"),
        ("r,severity,D,xbox,a.txt,1", "code for severity must be one of A, B, C, got 'D'"),
        ("r,vague,0,xbox,a.txt,1", "code for vague must be one of 1, got '0'"),
        ("r,outlook_com,not_outlook,,a.txt,1", "pattern must be words"),
        ("r,outlook_com,not_outlook,~ xbox,a.txt,1", "got '~ xbox'"),
        ("r,outlook_com,not_outlook,xbox ~,a.txt,1", "got 'xbox ~'"),
        ("r,outlook_com,not_outlook,x*box,a.txt,1", "got 'x[*]box'"),
        ("r,outlook_com,not_outlook,xbox|,a.txt,1", "got 'xbox[|]'"),
        ("r,outlook_com,not_outlook,?!,a.txt,1", "pattern must be words"),
        ("r,outlook_com,not_outlook,xbox,a.txt,", "line must be a whole number, got ''"),
        ("r,outlook_com,not_outlook,xbox,a.txt,l. 7", "line must be a whole number, got 'l. 7'"),
    ],
)
def test_a_rules_file_with_a_fault_is_refused_by_line(tmp_path, row, message):
    path = tmp_path / "nl.csv"
    path.write_text(HEADER + row + "\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=rf"nl\.csv:2: .*{message}"):
        load_rules(path, shipped_codebooks())


def test_all_faults_of_a_rules_file_are_reported_at_once(tmp_path):
    path = tmp_path / "fr.csv"
    path.write_text(HEADER + "r,vague,1,hm,a.txt,1\nr,vague,2,hm,a.txt,1\n", encoding="utf-8")
    with pytest.raises(FaultsError, match="3 faults") as caught:
        load_rules(path, {})
    assert [fault.line for fault in caught.value.faults] == [0, 3, 3]


def test_a_rules_file_says_its_language_by_its_name(tmp_path):
    path = tmp_path / "nb.csv"
    path.write_text(HEADER + "r,severity,A,nede,a.txt,12\n", encoding="utf-8")
    assert load_rules(path, {}) == (Rule("r", "nb", "severity", "A", "nede", "a.txt:12"),)
