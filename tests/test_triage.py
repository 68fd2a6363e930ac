"""Whole answers: their keys, their offsets, their order, their warnings."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentclf.intake import read
from intentclf.intake.cleaning import LONGEST_TEXT
from intentclf.predict.model import Model
from intentclf.predict.rules import Rule
from intentclf.records import Answer, Query
from intentclf.triage import triage, triage_many

TEXTS = {
    "nl": "Mijn wachtwoord is kwijt en ik kan niet meer inloggen op Outlook",
    "nl, HTML": "<html><body><p>Ik kan <b>geen mail</b> versturen</p><br>help&nbsp;mij</body></html>",
    "nl, mojibake": "Ik kan er niet in, cafÃ© Ã©Ã©n is geblokkeerd",
    "nb": "Jeg får ikke logget inn på e-posten min, har glemt passordet",
    "nb, HTML": "<div>Får ikke <i>sendt</i> e-post &amp; vedlegg</div>",
    "nb, mojibake": "Jeg fÃ¥r ikke logget inn pÃ¥ e-posten",
    "nn": "Eg får ikkje logga inn på e-posten min",
    "ru": "Почта не приходит, пароль забыл ещё вчера",
    "ru, HTML": "<table><tr><td>Не могу</td><td>войти в&nbsp;почту</td></tr></table>",
    "ru, mojibake": "Ð½Ðµ Ð¿Ñ€Ð¸Ñ…Ð¾Ð´Ð¸Ñ‚ Ð¿Ð¾Ñ‡Ñ‚Ð°, password",
    "en": "I forgot my password and my account has been hacked 😀",
    "en, HTML": "<style>p {color: red}</style><p title='password'>I forgot my password</p>",
    "en, controls": "my\u00ad mail\x00 is \u200bgone\r\n\r\nhelp",
    "en, decomposed": "my cafe\u0301 mail is gone, résumé",
    "und": "12345 ???",
    "empty": "",
}
FOUR = ("nl", "nb", "ru", "en")
FORM = {
    "": "id language reasons severity vague decision model warnings",
    "language": "code confidence",
    "severity": "level confidence probabilities decided_by accepted",
    "vague": "is_vague confidence",
    "decision": "action why question",
    "model": "name version sha256",
}
REASON = "code confidence decided_by candidates prediction_set evidence accepted"
EVIDENCE = "start end text weight rule source"

each_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


def answer(model: Model, text: str, language: str | None = None) -> Answer:
    return triage(Query("7", text, language), model, words=5)


@each_text
def test_an_answer_has_exactly_the_keys_of_the_output_form(model, text):
    found = json.loads(json.dumps(answer(model, text).to_dict()))
    assert {key: " ".join(found[key] if key else found) for key in FORM} == FORM
    assert list(found["severity"]["probabilities"]) == ["A", "B", "C"]
    assert list(found["reasons"]) == [head.name for head in model.heads if head.name in model.books]
    for reason in found["reasons"].values():
        assert " ".join(reason) == REASON
        assert {" ".join(each) for each in reason["candidates"]} <= {"code confidence"}
        assert {" ".join(each) for each in reason["evidence"]} <= {EVIDENCE}


@each_text
def test_offsets_of_evidence_slice_the_original_text(model, text):
    for reason in answer(model, text).reasons.values():
        for each in reason.evidence:
            assert 0 <= each.start < each.end <= len(text)
            assert text[each.start : each.end] == each.text != ""


@each_text
def test_evidence_shows_whole_words(model, text):
    shown = {each for reason in answer(model, text).reasons.values() for each in reason.evidence}
    ends = {place for each in shown for place in (each.start, each.end) if 0 < place < len(text)}
    assert [text[:place] for place in ends if text[place - 1 : place + 1].isalnum()] == []  # cut between two letters


@each_text
def test_candidates_are_leaves_most_probable_first_and_five_at_most(model, text):
    for book, reason in answer(model, text).reasons.items():
        confidences = [each.confidence for each in reason.candidates]
        assert confidences == sorted(confidences, reverse=True)
        assert len(confidences) <= 5
        assert {each.code for each in reason.candidates} <= set(model.trees[book].leaves)


@each_text
def test_the_prediction_set_holds_leaves_once_each(model, text):
    for book, reason in answer(model, text).reasons.items():
        assert len(set(reason.prediction_set)) == len(reason.prediction_set)
        assert set(reason.prediction_set) <= set(model.trees[book].leaves)


@each_text
def test_codes_stand_in_their_books_and_confidences_between_0_and_1(model, text):
    found = answer(model, text)
    assert all(reason.code is None or reason.code in model.books[book] for book, reason in found.reasons.items())
    sure = [reason.confidence for reason in found.reasons.values()] + [
        found.severity.confidence,
        found.vague.confidence,
    ]
    assert all(0.0 <= confidence <= 1.0 for confidence in sure)
    assert sum(found.severity.probabilities.values()) == pytest.approx(1.0)


@each_text
def test_there_is_a_question_exactly_where_the_action_is_to_ask(model, text):
    decision = answer(model, text).decision
    assert (decision.question is not None) == (decision.action == "ask")
    assert decision.why


@pytest.mark.parametrize(
    ("text", "language"),
    [pytest.param(text, name[:2], id=name) for name, text in TEXTS.items() if name[:2] in "nlnbruen"],
)
def test_the_language_of_a_text_is_told(model, text, language):
    assert answer(model, text).language.code == language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ("empty text",), id="empty"),
        pytest.param(" \n\t ", ("empty text",), id="blank"),
        pytest.param("<p></p>", ("empty after cleaning",), id="mark-up alone"),
        pytest.param("\u200b\u200b", ("empty after cleaning",), id="invisible"),
        pytest.param("12345", ("unknown language",), id="digits"),
        pytest.param("ich kann mich nicht anmelden, bitte helfen Sie mir", ("unknown language",), id="German"),
        pytest.param("my mail is gone", (), id="nothing odd"),
        pytest.param("my mail\x00 is gone", ("NUL characters removed",), id="NUL"),
        pytest.param(
            "my mail is gone. " * 2000,
            (f"truncated: 34000 characters, the first {LONGEST_TEXT} are read",),
            id="truncated",
        ),
    ],
)
def test_odd_texts_are_answered_with_a_warning(model, text, expected):
    assert tuple(answer(model, text).warnings) == expected


def test_warnings_of_the_source_come_first(model):
    found = triage(Query("1", "", None, ("read as windows-1251",)), model)
    assert found.warnings == ("read as windows-1251", "empty text")


def test_a_text_is_truncated_at_its_limit_and_not_before(model):
    text = ("my mail is gone. " * 2000)[: LONGEST_TEXT - 1] + "."
    assert answer(model, text).warnings == ()
    assert answer(model, text).reasons == answer(model, text + " mail").reasons


@pytest.mark.parametrize("text", ["", " \n", "<br>", "\u200b"])
def test_an_empty_text_has_no_codes_and_is_asked_about(model, text):
    found = answer(model, text)
    assert {(reason.code, reason.decided_by, reason.evidence) for reason in found.reasons.values()} == {
        (None, "none", ())
    }
    assert (found.decision.action, found.vague.is_vague) == ("ask", True)


def test_a_stated_language_is_believed(model):
    assert answer(model, "my mail is gone", "ru").language.code == "ru"


@pytest.mark.parametrize(("words", "rule_only"), [(0, True), (3, False)])
def test_words_of_evidence_are_left_out_on_request(model, words, rule_only):
    found = triage(Query("1", TEXTS["nl"]), model, words=words)
    sources = [each.rule for reason in found.reasons.values() for each in reason.evidence]
    assert (None not in sources) is rule_only


def test_evidence_of_a_rule_names_its_source_and_supports_the_code(model):
    found = answer(model, "mijn laptop geeft een blauw scherm en windows start niet op")
    rules = {rule.id: rule for rule in model.rules}
    shown = [(reason, e) for reason in found.reasons.values() for e in reason.evidence if e.rule]
    assert shown
    for reason, each in shown:
        rule = rules[str(each.rule)]
        assert (each.source, each.weight) == (rule.source, rule.precision)
        assert model.books[rule.book].is_under(rule.code, str(reason.code))


def test_a_rule_that_speaks_for_another_code_is_no_evidence(tiny):
    # The tiny model is sure of `game`; the rule for 'slow' says mail.slow.
    assert [each.text for each in triage(Query("1", "slow xbox", "en"), tiny).reasons["desk"].evidence] == ["xbox"]


@pytest.mark.parametrize(
    ("curt", "polite", "language"),
    [
        pytest.param("my xbox", "Hello,\nmy xbox\nKind regards, Anna", "en", id="en"),
        pytest.param("mail lost", "mail please lost", "en", id="en, between two words that count as a pair"),
        pytest.param("mail lost", "Beste collega, mail lost. Bedankt alvast!", "nl", id="nl"),
        pytest.param("mail lost", "Hei!\nmail lost\nMed vennlig hilsen Kari", "nb", id="nb"),
        pytest.param("mail lost", "Здравствуйте! mail lost. Заранее спасибо!", "ru", id="ru"),
    ],
)
def test_a_polite_customer_and_a_curt_one_get_the_same_answer(tiny, curt, polite, language):
    found = [triage(Query("1", text, language), tiny) for text in (curt, polite)]
    assert found[0].reasons["desk"].candidates == found[1].reasons["desk"].candidates
    assert (found[0].severity, found[0].vague, found[0].decision) == (
        found[1].severity,
        found[1].vague,
        found[1].decision,
    )


def test_evidence_of_a_polite_text_points_into_the_text_as_it_came(tiny):
    text = "<p>Hello,</p><p>my &quot;xbox&quot;</p>Kind regards, Anna"
    (found,) = triage(Query("1", text, "en"), tiny).reasons["desk"].evidence
    assert (found.text, text[found.start : found.end]) == ("xbox", "xbox")


def test_rules_read_the_whole_text_and_not_what_is_left_without_courtesy(tiny):
    greeted = replace(tiny, rules=(Rule("hello-1", "all", "desk", "pay", "hello", "desk.txt:1", 9, 9, 0.9),))
    reading = read(Query("1", "Hello, zzz", "en"))
    assert "Hello" not in reading.core
    assert [hit.rule for hit in greeted.matcher.find(reading)] == ["hello-1"]
    assert triage(reading.query, greeted).reasons["desk"].code == "pay"


def test_answers_come_in_the_order_of_the_queries_and_name_the_model(model):
    found = triage_many([Query(name, text) for name, text in TEXTS.items()], model)
    assert [each.id for each in found] == list(TEXTS)
    assert {each.model for each in found} == {model.id}


def test_no_queries_have_no_answers(model):
    assert triage_many([], model) == []


@given(st.text(st.characters(), max_size=80))
@settings(max_examples=40)
def test_any_text_at_all_is_answered(model, text):
    found = answer(model, text)
    json.dumps(found.to_dict(), ensure_ascii=False)
    assert found.decision.action in ("accept", "confirm", "ask")
