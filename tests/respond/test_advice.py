"""What to do next, as additional keys of an answer: the parts together, each left out, and rows that are odd."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intentclf import load_model
from intentclf.errors import InputError
from intentclf.records import Query
from intentclf.respond.advice import PARTS, AdviceSettings
from intentclf.respond.known.issue_register import load_register
from intentclf.triage import triage, triage_many

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REGISTER = """
- id: calendar-empty
  title: Calendar is empty after the update
  patterns: ['(agenda|kalender|calendar|календарь).{0,40}(leeg|tom|empty|пуст)']
  codes: {outlook_com: troubleshooting.bug}
  status: open
  since: 2026-11-01
  workaround:
    nl: Open de agenda in een privévenster.
    nb: Åpne kalenderen i et privat vindu.
    ru: Откройте календарь в приватном окне.
    en: Open the calendar in a private window.
"""


@pytest.fixture(scope="module")
def model():
    return load_model()


def answer(model, text, settings=None, **extra):
    return triage(Query("1", text, extra=extra), model, advice=settings or AdviceSettings(now=NOW)).to_dict()


def test_every_part_has_its_key_beside_the_fixed_ones(model):
    plain = triage(Query("1", "mail doet het niet"), model).to_dict()
    found = answer(model, "mail doet het niet")
    assert set(found) - set(plain) == set(PARTS)
    json.dumps(found)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_made_alone(model, part):
    found = answer(model, "niemand kan nog mailen, wij zijn beheerder", AdviceSettings(parts=(part,), now=NOW))
    assert set(found) & set(PARTS) == {part}


def test_an_unknown_part_is_refused():
    with pytest.raises(InputError, match="unknown part of advice 'weather'; known are signals, due"):
        AdviceSettings(parts=("weather",))


@pytest.mark.parametrize(
    ("text", "severity", "due"),
    [
        ("niemand op kantoor kan inloggen op Teams, de winkel ligt stil", "A", "2026-11-23T11:00:00+01:00"),
        ("почта на outlook.com не открывается уже второй день", "B", "2026-11-23T18:00:00+01:00"),
    ],
)
def test_the_due_time_is_that_of_the_severity(model, text, severity, due):
    settings = AdviceSettings(agreement="office365_business", now=NOW)
    found = answer(model, text, settings, received="2026-11-23T10:00:00+01:00")
    assert (found["due"]["severity"], found["due"]["respond_by"]) == (severity, due)
    assert found["due"]["source"].startswith("003_")


@pytest.mark.parametrize(
    ("extra", "warned"),
    [
        ({}, False),
        ({"received": "next Tuesday"}, True),
        ({"received": "2026-11-23T10:00:00"}, True),
        ({"received": "2026-11-23T10:00:00", "zone": "Europe/Oslo"}, False),
        ({"received": "2026-11-23T10:00:00", "zone": "Mars/Base"}, True),
    ],
)
def test_a_moment_that_cannot_be_read_is_a_warning_and_the_answer_stays(model, extra, warned):
    found = answer(model, "mail doet het niet", AdviceSettings(agreement="office365_business", now=NOW), **extra)
    assert any(text.startswith("no due time: ") for text in found["warnings"]) is warned
    assert (found["due"] is None) == (warned or not extra)
    assert found["reasons"]["outlook_com"]["code"]


def test_without_an_agreement_there_is_no_due_time(model):
    assert answer(model, "mail doet het niet", received="2026-11-23T10:00:00+01:00")["due"] is None


def test_metadata_change_the_route(model):
    text = "Teams start niet meer op sinds de update"
    stated = answer(model, text, role="beheerder")["route"]["writer"]
    assert stated == "administrator" != answer(model, text, role="gebruiker")["route"]["writer"]


def test_where_the_decision_is_to_ask_the_clarifying_question_is_asked(model):
    found = answer(model, "het werkt niet")
    assert found["decision"]["action"] == "ask"
    assert found["decision"]["question"] == "\n".join(found["clarify"]["lines"])
    clear = answer(model, "ik ben mijn wachtwoord van hotmail vergeten en de code komt niet aan")
    assert clear["decision"]["action"] != "ask"
    assert clear["decision"]["question"] is None


def test_a_question_that_is_not_put_keeps_no_draft_waiting(model):
    """The agent may see it, but the customer was not asked."""
    texts = [
        "Teams start niet meer op sinds de update",
        "Excel crasht bij het openen van een bestand",
        "kan niet mailen",
    ]
    for text in texts:
        found = answer(model, text, role="beheerder")
        asked = found["decision"]["action"] == "ask"
        assert bool(found["decision"]["question"]) == asked, text
        if found["request"] and found["clarify"]:
            put = "\n".join(found["clarify"]["lines"])
            assert (put in found["request"]["questions"]) == asked, text


def test_nothing_is_offered_where_nothing_is_open(model):
    found = answer(model, "ik ben mijn wachtwoord van hotmail vergeten en de code komt niet aan")
    assert all(len(reason["prediction_set"]) <= 1 for reason in found["reasons"].values()) <= (found["clarify"] is None)


def test_an_empty_text_is_asked_about_in_general(model):
    found = answer(model, "")
    assert (found["clarify"], found["decision"]["action"]) == (None, "ask")
    assert found["decision"]["question"]


def test_a_complaint_gets_its_note(model):
    found = answer(model, "Jullie klantenservice is een schande, al drie weken aan het lijntje gehouden!")
    assert found["note"]["contact_summary_notes"].startswith("Complaint Details:")
    assert answer(model, "hoe zet ik een handtekening onder mijn mails")["note"] is None


def test_a_known_issue_gives_its_code_and_workaround_and_is_confirmed(model, tmp_path):
    path = tmp_path / "issues.yaml"
    path.write_text(REGISTER, encoding="utf-8")
    settings = AdviceSettings(register=load_register(path, model.network.vectors.encode), now=NOW)
    found = answer(model, "mijn agenda in outlook.com is ineens leeg", settings)
    assert [match["id"] for match in found["known_issues"]["matches"]] == ["calendar-empty"]
    assert "privévenster" in found["known_issues"]["matches"][0]["reply"]
    reason = found["reasons"]["outlook_com"]
    assert (reason["code"], reason["decided_by"], reason["accepted"]) == ("troubleshooting.bug", "rule", False)
    assert found["decision"]["action"] != "accept"
    early = AdviceSettings(register=settings.register, now=datetime(2026, 10, 1, tzinfo=UTC))
    assert answer(model, "mijn agenda in outlook.com is ineens leeg", early)["known_issues"]["matches"] == []


def test_answers_with_advice_are_the_same_alone_and_in_a_batch(model):
    texts = ["mail doet het niet", "", "Никто не может войти, магазин стоит", "hva koster Visio?", "help"]
    queries = [Query(str(k), text, extra={"role": "user"}) for k, text in enumerate(texts)]
    settings = AdviceSettings(now=NOW)
    whole = [each.to_dict() for each in triage_many(queries, model, advice=settings)]
    assert whole == [triage(query, model, advice=settings).to_dict() for query in queries]


@pytest.mark.parametrize(("speak", "rule"), [("nl", "productie"), ("nb", "produksjon"), ("ru", "производство")])
def test_what_is_said_to_the_agent_is_in_the_language_asked_for(model, speak, rule):
    text = "nobody can send mail, the shop has stopped and we are losing money"
    english, found = (answer(model, text, AdviceSettings(now=NOW, speak=each)) for each in ("en", speak))
    assert found["signals"]["derived"]["rule"].startswith(rule)
    said = {
        "decision": lambda keys: keys["decision"]["why"],
        "route": lambda keys: [line["text"] for line in (keys["route"]["team"], *keys["route"]["steps"])],
        "request": lambda keys: [field["label"] for field in keys["request"]["fields"]],
        "writer": lambda keys: keys["writer"]["advice"],
    }
    assert [name for name, of in said.items() if of(found) == of(english)] == []
    assert found["clarify"] == english["clarify"]  # for the customer, who writes English


def test_a_language_that_nobody_is_spoken_to_in_is_refused():
    with pytest.raises(InputError, match="can be in nl, nb, ru, en, got 'de'"):
        AdviceSettings(speak="de")


def test_signals_show_both_verdicts_and_which_decided(model):
    found = answer(model, "alle collega's kunnen niet inloggen, de productie ligt stil")["signals"]
    assert (found["affected"], found["impact"], found["derived"]["level"]) == ("many", "production", "A")
    assert set(found["text_alone"]) == {"A", "B", "C"}
    assert found["decided"] in ("text", "signals and codes")
    assert all(Path(each["source"].split(",")[0]).suffix == ".txt" for each in found["phrases"])
