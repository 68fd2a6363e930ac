import csv
import re
from pathlib import Path

import pytest

import intentclf.intake.mail.automatic as automatic
from intentclf.intake.mail import message_query, read_message

PATTERNS = Path(automatic.__file__).with_name("automatic.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(PATTERNS.splitlines()))


def mail(subject="Uw vraag", body="Dag,\n\nmijn mail is weg.", sender="piet@example.org", **headers):
    lines = [f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def judged(content):
    message = read_message(content)
    return message.kind, message.why


@pytest.mark.parametrize(
    ("content", "kind", "why"),
    [
        pytest.param(mail(Auto_Submitted="auto-replied"), "auto_reply", "Auto-Submitted: auto-replied", id="rfc_3834"),
        pytest.param(
            mail(Auto_Submitted="auto-replied; owner-email=x"),
            "auto_reply",
            "Auto-Submitted: auto-replied",
            id="parameter",
        ),
        pytest.param(mail(Auto_Submitted="Auto-Generated"), "auto_reply", "Auto-Submitted: auto-generated", id="case"),
        pytest.param(mail(X_Autoreply="yes"), "auto_reply", "X-Autoreply", id="x_autoreply"),
        pytest.param(mail(X_Autorespond=""), "message", "", id="x_autorespond_empty"),
        pytest.param(mail(Precedence="auto_reply"), "auto_reply", "Precedence: auto_reply", id="precedence"),
        pytest.param(mail(Return_Path="<>"), "auto_reply", "Return-Path: <>", id="null_sender"),
        pytest.param(mail(X_Failed_Recipients="a@b.example"), "bounce", "X-Failed-Recipients", id="exim"),
        pytest.param(mail(sender="MAILER-DAEMON@example.org"), "bounce", "From: mailer-daemon", id="daemon"),
        pytest.param(
            mail("Undeliverable: invoice", sender="postmaster@example.org"),
            "bounce",
            "subject like 'Undeliverable: invoice'",
            id="postmaster",
        ),
        pytest.param(
            mail("Onbestelbaar: factuur", Return_Path="<>"),
            "bounce",
            "subject like 'Onbestelbaar: factuur'",
            id="ndr-nl",
        ),
        pytest.param(
            mail("Automatisch antwoord: uw vraag", Auto_Submitted="auto-generated"),
            "auto_reply",
            "Auto-Submitted: auto-generated",
            id="acknowledgement",
        ),
        pytest.param(
            mail("Automatisch antwoord: x", "Ik ben tot 12 mei afwezig.", Auto_Submitted="auto-generated"),
            "out_of_office",
            "Auto-Submitted: auto-generated",
            id="absence_in_the_body",
        ),
        pytest.param(
            mail("Automatic reply: x", "I will answer in May.", In_Reply_To="<1@x>"),
            "auto_reply",
            "subject like 'Automatic reply: invoice'",
            id="subject_and_reply",
        ),
        pytest.param(
            mail("Автоответ", "Я нахожусь в отпуске до 12 мая.", In_Reply_To="<1@x>"),
            "out_of_office",
            "subject like 'Автоответ'",
            id="whole_subject_reply_and_body",
        ),
        pytest.param(
            mail("Fråvær: faktura", "Eg er på ferie.", X_Auto_Response_Suppress="All"),
            "out_of_office",
            "subject like 'Fravær: faktura'",
            id="suppress_as_a_hint",
        ),
    ],
)
def test_what_a_program_wrote_is_told(content, kind, why):
    assert judged(content) == (kind, why)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(mail("My out of office does not work"), id="en-does_not_work"),
        pytest.param(mail("Automatic reply is broken"), id="en-is_broken"),
        pytest.param(mail("Automatic reply: not sent since Monday"), id="en-colon_alone"),
        pytest.param(mail("Out of office", "How do I set it?"), id="en-bare_subject"),
        pytest.param(mail("Out of office", "How do I set it?", X_Auto_Response_Suppress="All"), id="en-exchange_user"),
        pytest.param(
            mail("Out of office", "I am out of the office from Friday and the reply is not sent."),
            id="en-subject_and_body",
        ),
        pytest.param(mail("Re: Automatic reply: invoice", In_Reply_To="<1@x>"), id="en-answer_to_one"),
        pytest.param(mail("Afwezigheidsassistent werkt niet", In_Reply_To="<1@x>"), id="nl-assistent"),
        pytest.param(mail("Automatisch antwoord gaat niet uit", X_Auto_Response_Suppress="All"), id="nl-gaat_niet_uit"),
        pytest.param(mail("Fraværsmelding blir ikke sendt", In_Reply_To="<1@x>"), id="nb-fravaersmelding"),
        pytest.param(mail("Автоответ не работает", In_Reply_To="<1@x>"), id="ru-avtootvet"),
        pytest.param(mail("В отпуске не работает почта", In_Reply_To="<1@x>"), id="ru-v_otpuske"),
        pytest.param(mail("Undeliverable: invoice", "Why do I get this?"), id="bounce_forwarded_by_a_person"),
        pytest.param(mail("Mail delivery failed"), id="asks_about_a_bounce"),
        pytest.param(mail(X_Auto_Response_Suppress="DR, RN, NRN, OOF, AutoReply"), id="suppress_alone"),
        pytest.param(mail(Precedence="bulk"), id="bulk_alone"),
        pytest.param(mail(Precedence="list", List_Id="<a.example>"), id="list"),
        pytest.param(mail(Auto_Submitted="no"), id="auto_submitted_no"),
        pytest.param(mail(Return_Path="<piet@example.org>"), id="return_path"),
        pytest.param(mail(sender="postmaster@example.org"), id="an_administrator"),
        pytest.param(mail(body="This is an automatic reply. I get that on every mail. Why?"), id="quotes_it"),
    ],
)
def test_a_customer_who_writes_about_it_is_a_person(content):
    assert judged(content) == ("message", "")


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['where']}-{row['kind']}-{row['language']}" for row in ROWS])
def test_every_pattern_finds_its_example(row):
    pattern = re.compile(row["pattern"], re.IGNORECASE)
    found = {"whole": pattern.fullmatch(row["example"]), "prefix": pattern.match(row["example"])}
    assert found.get(row["where"], pattern.search(row["example"]))


@pytest.mark.parametrize("language", ["nl", "nb", "nn", "ru", "en"])
def test_every_language_has_every_kind_of_pattern(language):
    kinds = {(row["where"], row["kind"]) for row in ROWS if row["language"] == language}
    absence = {(where, "out_of_office") for where in ("prefix", "whole", "body")}
    assert kinds >= absence | {("prefix", "auto_reply"), ("body", "auto_reply"), ("bounce", "bounce")}


PREFIXED = [row["example"] for row in ROWS if row["where"] == "prefix"]


@pytest.mark.parametrize("subject", PREFIXED)
def test_a_subject_as_programs_write_it_needs_one_more_sign(subject):
    assert judged(mail(subject)) == ("message", "")
    assert judged(mail(subject, In_Reply_To="<1@x>"))[0] in ("auto_reply", "out_of_office")


def invitation(text, *, method="REQUEST", parameter="; method=REQUEST", disposition=""):
    return (
        "Subject: Overleg\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--b\r\n"
        f"Content-Type: text/calendar; charset=utf-8{parameter}\r\n{disposition}\r\n"
        f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nSUMMARY:Overleg\\, kort\r\n"
        "DESCRIPTION:Over de li\r\n centies.\\nTot dan\r\nLOCATION:Zaal 4\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("content", "kind", "body"),
    [
        pytest.param(invitation(""), "calendar", "Overleg, kort\n\nOver de licenties.\nTot dan", id="no_text"),
        pytest.param(
            invitation("Over de licenties.\nTot dan"), "calendar", "Over de licenties.\nTot dan", id="its_own_words"
        ),
        pytest.param(invitation("", method="REPLY", parameter=""), "calendar", None, id="reply_without_parameter"),
        pytest.param(
            invitation("Deze uitnodiging verschijnt niet in mijn agenda op de telefoon, hoe kan dat?"),
            "message",
            "Deze uitnodiging verschijnt niet in mijn agenda op de telefoon, hoe kan dat?",
            id="a_customer_who_attaches_one",
        ),
        pytest.param(invitation("", method="PUBLISH", parameter=""), "message", "", id="a_published_calendar"),
    ],
)
def test_an_invitation_is_one_unless_somebody_wrote_about_it(content, kind, body):
    message = read_message(content)
    assert message.kind == kind
    assert body is None or message.body == body


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (mail(Auto_Submitted="auto-replied"), "automatic reply (Auto-Submitted: auto-replied)"),
        (
            mail(Auto_Submitted="auto-replied", body="Ik ben afwezig"),
            "out-of-office reply (Auto-Submitted: auto-replied)",
        ),
        (mail(X_Failed_Recipients="x@y.example"), "bounce (X-Failed-Recipients)"),
        (invitation(""), "calendar invitation (text/calendar: REQUEST)"),
    ],
)
def test_an_automatic_message_is_a_query_with_a_warning(content, warning):
    query = message_query(content, identifier="x")
    assert query.warnings == (warning,)
    assert query.text


def test_a_header_that_was_made_up_does_not_show_in_the_warning():
    message = read_message(mail(Auto_Submitted="auto-x\x1b[31m" + "y" * 500))
    assert message.why.isprintable()
    assert len(message.why) < 80
