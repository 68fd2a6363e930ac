"""The order of decision: the model where it is sure, a rule where it is not, else the parent or nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.predict.model import Model, Thresholds
from intentclf.records import LanguageGuess, Query, Reading, Reason, RuleHit, Severity, Vagueness
from intentclf.respond import choose_reason, decide, judge_severity, judge_vagueness
from intentclf.triage import triage

TIMID = {"ask": 0, "confirm": 1, "accept": 2}
CLEAR = Vagueness(False, 0.9)
LEVELS = {"A": 0.1, "B": 0.1, "C": 0.8}


def hit(code: str, precision: float | None, book: str = "desk", name: str = "r") -> RuleHit:
    return RuleHit(name, book, code, precision, "desk.txt:1", 0, 4)


def reading(text: str = "mail", language: str = "en") -> Reading:
    return Reading(Query("1", text), text, None, LanguageGuess(language, 1.0))


def chosen(tiny: Model, row: list[float], *hits: RuleHit, language: str = "en") -> Reason:
    return choose_reason(tiny.heads[0], tiny.trees["desk"], np.array(row), hits, language=language)[0]


def reason(code: str | None = "mail", confidence: float = 0.9) -> Reason:
    return Reason(code, confidence, "model", (), ())


def severity(confidence: float = 0.9) -> Severity:
    return Severity("C", confidence, LEVELS, "model")


# Columns game, mail, mail.lost, mail.slow, none; answer from 0.7 on, sure from 0.75, accepted from 0.79.
SURE = [0.8, 0.05, 0.05, 0.05, 0.05]
HALF_SURE = [0.72, 0.08, 0.08, 0.07, 0.05]
PARENT = [0.1, 0.12, 0.3, 0.3, 0.18]
NOTHING = [0.3, 0.1, 0.1, 0.2, 0.3]
DECISIONS = [
    pytest.param(SURE, [], ("game", 0.8, "model"), id="sure model"),
    pytest.param(SURE, [hit("mail", 0.99)], ("game", 0.8, "model"), id="sure model against a precise rule"),
    pytest.param(SURE, [hit("game", 0.99)], ("game", 0.8, "model"), id="sure model and a rule that agrees"),
    pytest.param(HALF_SURE, [], ("game", 0.72, "model"), id="half sure model"),
    pytest.param(HALF_SURE, [hit("mail.lost", 0.9)], ("mail.lost", 0.9, "rule"), id="precise rule wins"),
    pytest.param(HALF_SURE, [hit("game", 0.9)], ("game", 0.9, "rule"), id="rule that agrees has its own precision"),
    pytest.param(HALF_SURE, [hit("mail.lost", 0.7)], ("game", 0.72, "model"), id="imprecise rule loses"),
    pytest.param(HALF_SURE, [hit("mail.lost", 0.72)], ("game", 0.72, "model"), id="rule as precise as the model loses"),
    pytest.param(HALF_SURE, [hit("mail.lost", None)], ("game", 0.72, "model"), id="unmeasured rule is silent"),
    pytest.param(PARENT, [], ("mail", 0.72, "model"), id="parent of two alike"),
    pytest.param(PARENT, [hit("mail.slow", 0.73)], ("mail.slow", 0.73, "rule"), id="rule tells the children apart"),
    pytest.param(PARENT, [hit("mail.slow", 0.6)], ("mail", 0.72, "model"), id="parent against an imprecise rule"),
    pytest.param(NOTHING, [], (None, 0.0, "none"), id="nothing"),
    pytest.param(NOTHING, [hit("pay", 0.2)], ("pay", 0.2, "rule"), id="rule for a code the model does not know"),
    pytest.param(NOTHING, [hit("none", 0.5)], ("none", 0.5, "rule"), id="rule that says none"),
    pytest.param(NOTHING, [hit("pay", None)], (None, 0.0, "none"), id="nothing and an unmeasured rule"),
    pytest.param(NOTHING, [hit("pay", 0.2), hit("game", 0.6)], ("game", 0.6, "rule"), id="most precise of two rules"),
    pytest.param(NOTHING, [hit("mail", 0.6), hit("mail.lost", 0.6)], ("mail.lost", 0.6, "rule"), id="deeper of two"),
    pytest.param([0, 0, 0.05, 0, 0.95], [], ("none", 0.95, "model"), id="none is an answer"),
]


@pytest.mark.parametrize(("row", "hits", "expected"), DECISIONS)
def test_the_order_of_decision(tiny, row, hits, expected):
    found = chosen(tiny, row, *hits)
    assert (found.code, pytest.approx(found.confidence), found.decided_by) == expected


@pytest.mark.parametrize(("row", "hits", "expected"), DECISIONS)
def test_the_rule_that_decided_is_handed_on(tiny, row, hits, expected):
    _, rule = choose_reason(tiny.heads[0], tiny.trees["desk"], np.array(row), hits)
    assert (rule is not None) == (expected[2] == "rule")
    assert rule is None or (rule in hits and rule.code == expected[0])


@pytest.mark.parametrize(
    ("row", "hits", "expected"),
    [(SURE, [], True), (HALF_SURE, [], False), (HALF_SURE, [hit("mail", 0.8)], True), (NOTHING, [], False)],
    ids=["model above", "model below", "rule above", "nothing"],
)
def test_a_reason_is_accepted_from_its_threshold_on(tiny, row, hits, expected):
    assert chosen(tiny, row, *hits).accepted is expected


# Accepted from 0.79 on, in Russian from 0.9 on.
LANGUAGES = [
    pytest.param(0.79, "en", True, id="as all"),
    pytest.param(0.78, "en", False, id="as all, below"),
    pytest.param(0.79, "nn", True, id="a language without rows enough is as all"),
    pytest.param(0.89, "ru", False, id="its own, below"),
    pytest.param(0.9, "ru", True, id="its own"),
    pytest.param(1.0, "und", False, id="unknown language"),
]


@pytest.mark.parametrize(("confidence", "language", "expected"), LANGUAGES)
def test_a_reason_is_accepted_from_the_threshold_of_its_language_on(tiny, confidence, language, expected):
    by_model = chosen(tiny, [confidence, 1 - confidence, 0, 0, 0], language=language)
    by_rule = chosen(tiny, NOTHING, hit("game", confidence), language=language)
    assert (by_model.accepted, by_rule.accepted) == (expected, expected)


@pytest.mark.parametrize(("confidence", "language", "expected"), LANGUAGES)
def test_a_severity_is_accepted_from_the_threshold_of_its_language_on(tiny, confidence, language, expected):
    head = tiny.head("severity")
    by_model = judge_severity(head, np.array([0, 1 - confidence, confidence]), [], language=language)
    by_rule = judge_severity(head, np.array([0.3, 0.4, 0.3]), [hit("A", confidence)], language=language)
    assert (by_model.accepted, by_rule.accepted) == (expected, expected)


def test_a_language_whose_target_was_never_met_accepts_nothing(tiny):
    limits = replace(tiny.heads[0].thresholds, accept=0.5, accept_in={"nl": 2.0})
    for language, expected in (("nl", False), ("en", True)):
        head = replace(tiny.heads[0], thresholds=limits)
        found, _ = choose_reason(head, tiny.trees["desk"], np.array([1.0, 0, 0, 0, 0]), [], language=language)
        assert found.accepted is expected


def test_nothing_is_accepted_where_no_language_is_given(tiny):
    assert not choose_reason(tiny.heads[0], tiny.trees["desk"], np.array([1.0, 0, 0, 0, 0]), [])[0].accepted
    assert not judge_severity(tiny.heads[1], np.array([0, 0, 1.0]), []).accepted


@given(row=st.lists(st.floats(0.01, 1), min_size=5, max_size=5), accept=st.floats(0, 1))
def test_no_threshold_accepts_an_unknown_language(tiny, row, accept):
    limits = Thresholds(answer=0.0, accept=accept, accept_in={"und": accept})
    head = replace(tiny.heads[0], thresholds=limits)
    found, _ = choose_reason(head, tiny.trees["desk"], np.array(row) / sum(row), [], language="und")
    assert not found.accepted


def test_the_language_changes_nothing_but_the_acceptance(tiny):
    found = [chosen(tiny, SURE, hit("mail", 0.9), language=language) for language in ("en", "ru", "und")]
    assert [each.accepted for each in found] == [True, False, False]
    assert replace(found[0], accepted=False) == found[1] == found[2]


def test_candidates_and_set_stay_those_of_the_model_where_a_rule_decides(tiny):
    without, with_rule = chosen(tiny, NOTHING), chosen(tiny, NOTHING, hit("pay", 0.6))
    assert with_rule.candidates == without.candidates
    assert with_rule.prediction_set == without.prediction_set


def test_candidates_are_leaves_with_their_own_probability(tiny):
    found = [(each.code, each.confidence) for each in chosen(tiny, PARENT).candidates]
    assert found == [("mail.lost", 0.3), ("mail.slow", 0.3), ("none", 0.18), ("game", 0.1)]


def test_the_set_counts_what_the_parent_has_of_its_own_for_its_leaves(tiny):
    # 0.1 is the least share; the parent's 0.08 adds 0.04 to each child.
    assert chosen(tiny, [0.75, 0.08, 0.07, 0.05, 0.05]).prediction_set == ("game", "mail.lost")


ROWS = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda row: [p / sum(row) for p in row])
HITS = st.lists(
    st.builds(hit, st.sampled_from(["game", "mail", "mail.lost", "pay", "none"]), st.none() | st.floats(0, 1)),
    max_size=3,
)


@given(row=ROWS, hits=HITS)
def test_a_rule_never_raises_the_confidence_of_the_model(tiny, row, hits):
    without, with_rules = chosen(tiny, row), chosen(tiny, row, *hits)
    if with_rules.decided_by == "rule":
        assert (with_rules.code, with_rules.confidence) in {(each.code, each.precision) for each in hits}
    else:
        assert with_rules == without


@given(row=ROWS, hits=HITS)
def test_confidences_lie_between_none_and_certain(tiny, row, hits):
    found = chosen(tiny, row, *hits)
    assert all(0.0 <= p <= 1.0 for p in (found.confidence, *(each.confidence for each in found.candidates)))
    assert (found.code is None) == (found.decided_by == "none")


@pytest.mark.parametrize(
    ("row", "hits", "expected"),
    [
        pytest.param([0.1, 0.1, 0.8], [], ("C", 0.8, "model", True), id="sure model"),
        pytest.param([0.76, 0.14, 0.1], [], ("A", 0.76, "model", False), id="below the target"),
        pytest.param([0.1, 0.1, 0.8], [hit("A", 0.99)], ("C", 0.8, "model", True), id="rule against a sure model"),
        pytest.param([0.3, 0.5, 0.2], [hit("A", 0.85)], ("A", 0.85, "rule", True), id="rule where it is not sure"),
        pytest.param([0.3, 0.5, 0.2], [hit("A", 0.6)], ("A", 0.6, "rule", False), id="rule below the target"),
        pytest.param([0.3, 0.5, 0.2], [hit("A", 0.4)], ("B", 0.5, "model", False), id="imprecise rule"),
        pytest.param([0.3, 0.5, 0.2], [hit("A", None)], ("B", 0.5, "model", False), id="unmeasured rule"),
        pytest.param([0.25, 0.375, 0.375], [], ("C", 0.375, "model", False), id="the lower of two alike"),
    ],
)
def test_severity_comes_from_the_model_or_a_more_precise_rule(tiny, row, hits, expected):
    found = judge_severity(tiny.head("severity"), np.array(row), hits, language="en")
    assert (found.level, found.confidence, found.decided_by, found.accepted) == expected
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    assert found.probabilities[found.level] == found.confidence


def test_a_rule_leaves_the_other_severities_in_their_proportion(tiny):
    found = judge_severity(tiny.head("severity"), np.array([0.5, 0.1, 0.4]), [hit("A", 0.75)])
    assert found.probabilities == pytest.approx({"A": 0.75, "B": 0.05, "C": 0.2})


@pytest.mark.parametrize(("hits", "expected"), [([], ("C", 1 / 3)), ([hit("A", 0.8)], ("A", 0.8))])
def test_a_model_without_severity_leaves_it_to_the_rules(hits, expected):
    found = judge_severity(None, None, hits, language="en")
    assert (found.level, found.confidence, found.accepted) == (*expected, False)
    assert sum(found.probabilities.values()) == pytest.approx(1.0)


def test_a_severity_the_model_never_saw_has_no_probability(tiny):
    head = replace(tiny.heads[1], classes=("B", "C"))
    assert judge_severity(head, np.array([0.6, 0.4]), []).probabilities == {"A": 0.0, "B": 0.6, "C": 0.4}


@pytest.mark.parametrize(
    ("row", "hits", "expected"),
    [
        pytest.param([0.9, 0.1], [], (False, 0.9), id="clear"),
        pytest.param([0.2, 0.8], [], (True, 0.8), id="vague"),
        pytest.param([0.5, 0.5], [], (True, 0.5), id="at the threshold"),
        pytest.param([0.6, 0.4], [hit("1", 0.88)], (True, 0.88), id="precise rule where it is not sure"),
        pytest.param([0.6, 0.4], [hit("1", 0.7)], (False, 0.6), id="imprecise rule"),
        pytest.param([0.9, 0.1], [hit("1", 0.88)], (False, 0.9), id="rule against a sure model"),
    ],
)
def test_vagueness_comes_from_the_model_or_a_more_precise_rule(tiny, row, hits, expected):
    found = judge_vagueness(tiny.head("vague"), np.array(row), reading(), hits)
    assert (found.is_vague, found.confidence) == expected


def test_an_empty_text_is_vague_for_certain(tiny):
    assert judge_vagueness(tiny.head("vague"), np.array([0.9, 0.1]), reading(""), []) == Vagueness(True, 1.0)


def test_a_model_without_vagueness_does_not_know():
    assert judge_vagueness(None, None, reading(), []) == Vagueness(False, 0.5)


@pytest.mark.parametrize(
    ("reasons", "sure", "vague", "action", "why"),
    [
        pytest.param([reason()], 0.9, CLEAR, "accept", "even the least sure label, book-0 90%", id="all above"),
        pytest.param([reason(confidence=0.79)], 0.79, CLEAR, "accept", "meets the target", id="at the threshold"),
        pytest.param([reason(confidence=0.5)], 0.9, CLEAR, "confirm", "book-0 50%, is below 79%", id="a book below"),
        pytest.param([reason()], 0.6, CLEAR, "confirm", "severity 60%, is below 79%", id="severity below"),
        pytest.param([reason(), reason(None, 0.0)], 0.9, CLEAR, "confirm", "book-1 0%", id="one book without a code"),
        pytest.param([reason(), reason("none", 0.8)], 0.9, CLEAR, "accept", "book-1 80%", id="none is an answer"),
        pytest.param([reason(None, 0.0)], 0.9, CLEAR, "ask", "no code of any book is likely enough", id="nothing"),
        pytest.param([], 0.9, CLEAR, "ask", "no code of any book", id="no books"),
        pytest.param([reason()], 0.9, Vagueness(True, 0.83), "ask", "may not say enough .*probability 83%", id="vague"),
    ],
)
def test_what_to_do_is_said_with_the_reason(reasons, sure, vague, action, why):
    books = {f"book-{k}": each for k, each in enumerate(reasons)}
    found = decide(reading(), books, severity(sure), vague, accept=0.79)
    assert found.action == action
    assert re.search(why, found.why)
    assert (found.question is not None) == (action == "ask")


def test_an_empty_text_is_asked_about():
    found = decide(reading(""), {"desk": reason()}, severity(), CLEAR, accept=0.79)
    assert (found.action, found.why) == ("ask", "the message holds no text")


def test_a_model_without_severity_accepts_by_its_books_alone():
    assert decide(reading(), {"desk": reason()}, None, CLEAR, accept=0.79).action == "accept"


def test_a_model_that_met_its_target_nowhere_never_accepts():
    found = decide(reading(), {"desk": reason(confidence=1.0)}, severity(1.0), CLEAR, accept=2.0)
    assert found.action == "confirm"
    assert "the target was not met on held-out texts" in found.why


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_text_in_an_unknown_language_is_never_accepted(confidence, sure, accept):
    found = decide(reading(language="und"), {"d": reason("mail", confidence)}, severity(sure), CLEAR, accept=accept)
    assert found.action == "confirm"
    assert "language" in found.why


CONFIDENCES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4)


@given(CONFIDENCES, st.floats(0, 1), st.booleans(), st.sampled_from(["nl", "und"]), st.floats(0, 2))
def test_more_confidence_in_every_book_never_gives_a_more_timid_action(pairs, sure, vague, language, accept):
    actions = []
    for pick in (min, max):
        books = {str(k): reason("mail", pick(pair)) for k, pair in enumerate(pairs)}
        found = decide(reading(language=language), books, severity(sure), Vagueness(vague, 0.9), accept=accept)
        actions.append(TIMID[found.action])
    assert actions[0] <= actions[1]


@given(row=ROWS, code=st.sampled_from(["game", "mail.lost", "pay"]), one=st.floats(0, 1), other=st.floats(0, 1))
def test_a_more_precise_rule_never_gives_a_less_sure_answer(tiny, row, code, one, other):
    low, high = (chosen(tiny, row, hit(code, pick(one, other))) for pick in (min, max))
    assert low.confidence <= high.confidence


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        pytest.param("my xbox", "en", ("game", "model", "C", "accept"), id="accept"),
        pytest.param("my xbox", "und", ("game", "model", "C", "confirm"), id="unknown language"),
        pytest.param("my mail", "en", ("mail", "model", "C", "confirm"), id="parent, severity unknown"),
        pytest.param("so slow, all down", "en", ("mail.slow", "rule", "A", "accept"), id="rules alone"),
        pytest.param("so slow, all down", "nl", ("mail.slow", "rule", "C", "confirm"), id="English rule, Dutch text"),
        pytest.param("slow xbox", "en", ("game", "model", "C", "accept"), id="sure model against a rule"),
        pytest.param("help slow", "en", ("mail.slow", "rule", "C", "ask"), id="vague by a rule"),
        pytest.param("nothing known", "en", (None, "none", "C", "ask"), id="nothing known"),
        pytest.param("a guess", "en", (None, "none", "C", "ask"), id="unmeasured rule"),
        pytest.param("", "en", (None, "none", "C", "ask"), id="empty"),
    ],
)
def test_a_whole_answer_of_the_tiny_model(tiny, text, language, expected):
    answer = triage(Query("1", text, language), tiny)
    found = answer.reasons["desk"]
    assert (found.code, found.decided_by, answer.severity.level, answer.decision.action) == expected


@pytest.mark.parametrize(("language", "expected"), [("en", True), ("nn", True), ("ru", False), ("und", False)])
def test_an_answer_accepts_its_labels_by_the_language_of_the_text(tiny, language, expected):
    answer = triage(Query("1", "my xbox", language), tiny)
    assert (answer.reasons["desk"].accepted, answer.severity.accepted) == (expected, expected)
