"""The draft of a service request: what a text answers, what is missing, and that contact details are not copied.

`request_sentences.csv` holds sentences written by hand with what stands in them. The patterns were worked out on the
part 'worked'; the part 'fresh' was written afterwards and no pattern was changed for it: its figures are what to expect
of new texts. `pytest tests/respond/test_service_request.py -k measured -rP` prints them.
"""

import csv
import json
import re
import sys
import time
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import intentclf.respond.request.service_request as module
from intentclf.errors import FaultsError, InputError
from intentclf.respond.patterns import load_patterns
from intentclf.respond.request.request_answers import REQUEST_KINDS, find_answers, request_fields
from intentclf.respond.request.service_request import draft_request
from intentclf.respond.route.extra import read_extra

LANGUAGES = ("nl", "nb", "ru", "en")
FOLDER = Path(module.__file__).parent
ADMIN = read_extra({"role": "administrator"})
# Kinds without a sharp border: a span that overlaps the expected one counts.
LOOSE = {"mention", "tried", "impact"}

with (Path(__file__).parent / "request_sentences.csv").open(encoding="utf-8", newline="") as file:
    SENTENCES = list(csv.DictReader(file))
with (FOLDER.parent / "sentences_request.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def found_in(text, language):
    return [(hit.field, hit.value) for hit in find_answers(text, language)]


def draft(text, language="nl", code="technical.general_usage", severity="B", **options):
    known: dict[str, Any] = {"extra": ADMIN, "contact_known": True} | options
    return draft_request(text, language, code, severity, **known)


def spans(row, kind):
    return [(row["text"].index(part), row["text"].index(part) + len(part)) for part in row[kind].split("|") if part]


def right(one, others, kind):
    return any(one[0] < other[1] and other[0] < one[1] if kind in LOOSE else one == other for other in others)


def measure(rows, kind):
    """Found of those expected, expected, right of those found, found."""
    told = [0, 0, 0, 0]
    for row in rows:
        expected = spans(row, kind)
        found = [(hit.start, hit.end) for hit in find_answers(row["text"], row["language"]) if hit.field == kind]
        told[0] += sum(right(span, found, kind) for span in expected)
        told[1] += len(expected)
        told[2] += sum(right(span, expected, kind) for span in found)
        told[3] += len(found)
    return told


# Least recall and precision of the part that was worked on, then of the fresh one, as measured when it was written.
FLOORS = {
    "error_code": (1, 1, 1, 1),
    "error_message": (1, 1, 1, 1),
    "since": (0.97, 0.97, 0.33, 0.5),
    "date": (1, 1, 0.25, 1),
    "users": (1, 1, 0.22, 0.5),
    "email": (1, 1, 1, 1),
    "phone": (1, 1, 1, 1),
    "product": (1, 1, 1, 1),
    "file": (1, 1, 1, 1),
    "mention": (1, 1, 0, 0),
    "tried": (1, 1, 0.16, 1),
    "impact": (1, 1, 0, 0),
}


@pytest.mark.parametrize("kind", REQUEST_KINDS)
def test_the_measured_precision_and_recall_do_not_fall(kind):
    for part, floors in (("worked", FLOORS[kind][:2]), ("fresh", FLOORS[kind][2:])):
        hit, expected, kept, found = measure([row for row in SENTENCES if row["part"] == part], kind)
        recall, precision = hit / expected, kept / found if found else 0.0
        sys.stdout.write(f"{kind:14}{part:7}{expected:4} expected  recall {recall:.2f}  precision {precision:.2f}\n")
        assert recall >= floors[0]
        assert precision >= floors[1]


def test_the_sentences_are_many_and_in_four_languages():
    assert len(SENTENCES) >= 120
    assert {row["language"] for row in SENTENCES} == set(LANGUAGES)
    assert min(sum(row["language"] == language for row in SENTENCES) for language in LANGUAGES) >= 30
    assert len({row["text"] for row in SENTENCES}) == len(SENTENCES)


# What must be found, and what looks like it and must not be.
ANSWERS = [
    ("en", "the bounce says 5.7.1", [("error_code", "5.7.1")]),
    ("en", "we run version 5.7.1", []),
    ("nl", "iOS 5.7.1 op de telefoon", []),
    ("en", "server 10.5.7.1 is up", []),
    ("en", "the code 482913 does not arrive", []),
    ("en", "error 500 on every page", [("error_code", "500")]),
    ("nb", "feil 80180014", [("error_code", "80180014")]),
    ("ru", "ошибка 0x80070005", [("error_code", "0x80070005")]),
    ("nl", "licenties voor 25 gebruikers", []),
    ("nl", "25 gebruikers zien niets", [("users", "25")]),
    ("nl", "twaalf collega’s zien niets", [("users", "12")]),
    ("ru", "у трёх сотрудников пусто", [("users", "3")]),
    ("ru", "ни у кого не работает", [("users", "all")]),
    ("en", "how many users fit in one plan?", []),
    ("en", "some users see nothing", [("users", "several")]),
    ("nb", "bare meg", [("users", "one")]),
    ("nb", "på denne siden", []),
    ("nb", "siden i går", [("since", "siden i går")]),
    ("nl", "dit is op 14-03-2026 gebeurd", [("date", "14-03-2026")]),
    ("nl", "sinds 14-03-2026", [("since", "sinds 14-03-2026")]),
    ("en", 'click the button "Send and receive"', []),
    ("en", 'it says "Send and receive failed"', [("error_message", "Send and receive failed")]),
    ("en", "our office is closed", []),
    ("en", "Office does not start", [("product", "Office")]),
    ("en", "the teams in our company", []),
    ("ru", "аутлук не открывается", [("product", "Outlook")]),
    ("en", "mail to jan@outlook.com bounces", [("email", "jan@outlook.com")]),
    ("nl", "de bijlagen gaan niet open", []),
    ("nl", "zie bijlage", [("mention", "zie bijlage")]),
    ("nn", "alle brukere", [("users", "all")]),
    ("nl", "", []),
]


@pytest.mark.parametrize(("language", "text", "expected"), ANSWERS, ids=[f"{row[0]}-{row[1][:30]}" for row in ANSWERS])
def test_a_text_answers_this_and_no_more(language, text, expected):
    assert found_in(text, language) == expected


def test_the_words_of_a_language_are_not_looked_for_in_another():
    assert found_in("alle brukere", "nl") == []
    assert found_in("alle gebruikers", "nn") == []
    assert found_in("alle brukere", "und") == [("users", "all")]


@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, "und"]))
def test_spans_point_into_any_text(text, language):
    for hit in find_answers(text, language):
        assert 0 <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end] == hit.text


@pytest.mark.parametrize("code", [None, "none"])
def test_there_is_no_draft_without_a_code(code):
    assert draft("mail doet het niet", code=code) is None


def test_a_draft_is_filled_from_the_text():
    text = 'Sinds maandag zien 15 gebruikers "Er is iets misgegaan" in Teams (0x80070005). We hebben de cache gewist.'
    found = draft(text)
    assert {field.name: field.value for field in found.fields} == {
        "title": 'Sinds maandag zien 15 gebruikers "Er is iets misgegaan" in Teams (0x80070005)',
        "description": text,
        "service": "Microsoft Teams",
        "severity": "B",
        "users_affected": "15 gebruikers",
        "since": "Sinds maandag",
        "error_message": "Er is iets misgegaan; 0x80070005",
        "tried": "de cache gewist",
        "business_impact": None,
        "contact": None,
        "attachments": None,
    }
    assert found.missing == ("business_impact", "attachments")
    assert (found.status, found.questions()) == ("draft", ())
    assert [text[item.start : item.end] for item in found.field("users_affected").items] == ["15 gebruikers"]


def test_the_fields_are_those_of_the_table_in_its_order():
    assert [field.name for field in draft("mail").fields] == list(request_fields())


ASKED = {
    "technical": ["request.ask_service", "request.ask_users_affected"],
    "critical": ["request.ask_service", "request.ask_users_affected", "request.ask_business_impact"],
}


@pytest.mark.parametrize(
    ("code", "severity", "options", "expected"),
    [
        ("technical", "B", {}, ASKED["technical"]),
        ("technical", "A", {}, ASKED["critical"]),
        ("technical", "C", {"contact_known": False}, [*ASKED["technical"], "request.ask_contact"]),
        ("technical.setup.autodiscover", "B", {}, ASKED["technical"][1:]),  # the code names Exchange Online
        ("billing.invoicing", "A", {}, []),
        ("billing.invoicing", "B", {"contact_known": False}, ["request.ask_contact"]),
        ("pre_sales", None, {"extra": None}, ["request.ask_role"]),
        ("pre_sales", "C", {"extra": read_extra({"role": "user"})}, []),
    ],
)
def test_what_a_request_needs_and_lacks_is_asked(code, severity, options, expected):
    found = draft("Het werkt niet goed meer", code=code, severity=severity, **options)
    table = {row["nl"]: row["key"] for row in ROWS}
    assert [table[question] for question in found.questions()] == expected
    assert found.status == ("action_required" if expected else "draft")


def test_an_empty_text_has_neither_title_nor_description():
    assert {"title", "description"} <= set(draft("  \n").missing)
    assert draft("  \n", code="billing").status == "action_required"


def test_an_open_question_of_the_desk_keeps_the_draft_waiting():
    found = draft("Wij willen opzeggen", code="billing.cancel", question="Welk abonnement?")
    assert (found.status, found.questions()) == ("action_required", ("Welk abonnement?",))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", ("Actie vereist", "Concept")),
        ("nb", ("Handling kreves", "Utkast")),
        ("nn", ("Handling kreves", "Utkast")),
        ("ru", ("Требуется действие", "Черновик")),
        ("en", ("Action required", "Draft")),
        ("und", ("Action required", "Draft")),
    ],
)
def test_the_status_is_shown_in_the_language(language, expected):
    waiting, ready = draft("Office", code="technical"), draft("Office", code="billing")
    assert (waiting.to_dict(language)["status_shown"], ready.to_dict(language)["status_shown"]) == expected
    assert expected[0] in waiting.as_text(language).splitlines()[0]


@pytest.mark.parametrize(
    ("code", "severity", "level", "keys"),
    [
        ("technical", "A", "A", ["request.severity_a"]),
        ("technical", "C", "C", ["request.severity_c"]),
        ("billing", "A", "B", ["request.severity_b", "request.severity_capped"]),
        ("pre_sales", "A", "B", ["request.severity_b", "request.severity_capped"]),
        ("billing", "B", "B", ["request.severity_b"]),
        ("billing", None, None, []),
    ],
)
def test_the_severity_says_why(code, severity, level, keys):
    found = draft("Office", code=code, severity=severity)
    assert (found.severity, [sentence.key for sentence in found.why_severity]) == (level, keys)


CONTACTS = [
    ("nl", "Mail p.devries@bakkerij.nl of bel 06-12345678 over Outlook", ["p.devries", "bakkerij", "12345678"]),
    ("nb", "Ring 912 34 567 eller skriv til kari@fjordfisk.no om Outlook", ["912 34", "34 567", "fjordfisk"]),
    ("ru", "Пишите на ivanov@zavod.ru, тел. 8 916 123-45-67, про Outlook", ["ivanov", "zavod", "123-45"]),
    ("en", 'It says "mail ann@mill.co.uk or call +44 20 7946 0958" in Outlook', ["ann@", "mill.co", "7946"]),
]


@pytest.mark.parametrize(("language", "text", "secrets"), CONTACTS, ids=LANGUAGES)
def test_contact_details_are_present_and_never_copied(language, text, secrets):
    found = draft(text, language, contact_known=False)
    written = json.dumps(found.to_dict(), ensure_ascii=False) + found.as_text()
    assert [secret for secret in secrets if secret in written] == []
    items = found.field("contact").items
    assert {(item.kind, item.value, item.text) for item in items} == {
        ("email", "present", None),
        ("phone", "present", None),
    }
    assert all(text[item.start : item.end] for item in items)
    assert "contact" not in found.missing


@given(st.lists(st.sampled_from(["jan@x.nl", "+31 20 123 45 67", '"', "fout 0x80070005", "zie bijlage", " ", "Teams"])))
def test_no_order_of_words_brings_a_contact_into_the_draft(parts):
    found = draft(" ".join(parts))
    written = json.dumps(found.to_dict(), ensure_ascii=False) + found.as_text()
    assert "jan@x.nl" not in written
    assert "123 45 67" not in written


ATTACHED = [
    ("nl", "Zie bijlage.", (), ("Zie bijlage",)),
    ("nl", "Zie bijlage.", ("scherm.png",), ()),
    ("nl", "De log staat in setup.log en fout.png.", ("FOUT.PNG",), ("setup.log",)),
    ("nl", "De log staat in SETUP.LOG", ("setup.log",), ()),
    ("nb", "Skjermbilde er vedlagt (feil.jpg).", (), ("feil.jpg",)),
    ("ru", "Прилагаю error.png", ("error.png",), ()),
    ("en", "Please see attached.", (), ("see attached",)),
    ("en", "I cannot open attachments.", (), ()),
]


@pytest.mark.parametrize(("language", "text", "here", "absent"), ATTACHED)
def test_attachments_that_are_not_there_are_asked_for(language, text, here, absent):
    found = draft(text, language, code="billing", attachments=here)
    assert found.field("attachments").absent == absent
    assert found.status == ("action_required" if absent else "draft")
    assert [name for name in absent if name not in found.questions()[-1]] == []


@pytest.mark.parametrize(
    ("extra", "code", "keys"),
    [
        ({"role": "administrator"}, "technical", []),
        ({"role": "user"}, "technical", ["request.not_by_writer"]),
        ({"bought through": "partner"}, "technical", ["request.not_by_writer"]),
        ({"role": "admin"}, "out_of_scope.third_party", ["request.out_of_scope"]),
        ({"role": "admin"}, "technical.configuration.sso", []),
        ({"role": "admin"}, "technical.setup.recipients", ["request.service_from_code"]),
    ],
)
def test_the_remarks_say_who_and_why(extra, code, keys):
    assert [remark.key for remark in draft("Het lukt niet", code=code, extra=read_extra(extra)).remarks] == keys


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hoi. De mail komt niet aan. Groet", "De mail komt niet aan"),
        ("help", "help"),
        ("woord " * 30, "woord woord woord woord woord woord woord woord woord woord woord woord woord…"),
        ("x" * 100, "x" * 80 + "…"),
    ],
)
def test_the_title_is_the_first_whole_sentence(text, title):
    assert draft(text).field("title").value == title


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_forms_are_whole_in_every_language(language):
    found = draft(SENTENCES[1]["text"], severity="A", extra=None, contact_known=False)
    labels = {row["key"]: row[language] for row in ROWS}
    shown = found.as_text(language)
    assert [name for name in request_fields() if f"{labels['request.label_' + name]}: " not in shown] == []
    assert json.loads(json.dumps(found.to_dict(language))) == found.to_dict(language)
    assert "{" not in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code": "technical.magic"}, "code must be one of the book service_request, got 'technical.magic'"),
        ({"severity": "D"}, "severity must be A, B or C, got 'D'"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        draft("Office", **options)


HEADER = "field,value,language,pattern,example,source,line"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("users,,fr,\\d+,3,,", "language must be one of all, nl, nb, ru, en, got 'fr'"),
        ("user,,nl,\\d+,3,,", "field must be one of users, got 'user'"),
        ("users,,nl,(,3,,", "cannot be read"),
        ("users,,nl,{planet},mars,,", "cannot be read"),
        ("users,,nl,\\d*,3,,", "matches the empty text"),
        ("users,,nl,\\d+,drie,,", "does not match its example 'drie'"),
        ("users,,nl,\\d+,3,a.txt,", "source and line must both be given"),
        ("users,,nl,\\d+,3,a.txt,x", "line must be a whole number from 1, got 'x'"),
        ("users,,nl,\\d+,3,,,,more", "row has more fields than the header"),
    ],
)
def test_a_faulty_pattern_is_named_with_its_line(tmp_path, row, message):
    path = tmp_path / "patterns.csv"
    path.write_text(f"{HEADER}\nusers,,nl,\\d+,3,,\n{row}\n", encoding="utf-8")
    with pytest.raises(FaultsError, match=rf"patterns\.csv:3: .*{re.escape(message)}"):
        load_patterns(path, ("users",))


def test_all_faulty_patterns_are_named_at_once(tmp_path):
    path = tmp_path / "patterns.csv"
    path.write_text(f"{HEADER}\nusers,,fr,\\d+,3,,\nuser,,nl,(,3,,\n", encoding="utf-8")
    with pytest.raises(FaultsError, match="3 faults"):
        load_patterns(path, ("users",))


@pytest.mark.parametrize("unit", ["1.", "a.b", "a@", '"a b ', "« ", "0-", "ik ben "])
def test_a_long_text_takes_no_longer_than_its_length(unit):
    # A pattern that tries every pair of places would need minutes, and a hundred times as long for ten times the text.
    begun = time.process_time()
    find_answers(unit * (20_000 // len(unit)), "und")
    assert time.process_time() - begun < 20


def test_the_sentences_of_a_request_are_alike_in_every_language():
    for row in ROWS:
        told = {frozenset(name for _, name, _, _ in Formatter().parse(row[code]) if name) for code in LANGUAGES}
        assert len(told) == 1, row["key"]
        assert re.search("[а-я]", row["ru"], re.IGNORECASE), row["key"]
        assert bool(row["source"]) == bool(row["line"]), row["key"]


def test_every_sentence_of_a_request_is_in_use():
    code = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*request*.py"))
    used = set(re.findall(r'"(request\.[a-z_]+)"', code))
    for name in request_fields():
        used |= {f"request.label_{name}", f"request.ask_{name}"}
    made = [
        "label_status",
        "label_questions",
        "label_remarks",
        "status_draft",
        "status_action_required",
        "severity_a",
        "severity_b",
    ]
    made += ["severity_c", "masked_email", "masked_phone", "email_present", "phone_present"]
    assert used | {f"request.{key}" for key in made} == {row["key"] for row in ROWS}
