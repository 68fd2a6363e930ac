import base64
import subprocess
import sys
import time
import tracemalloc
from datetime import datetime
from pathlib import Path

import pytest
from bench import mail_fuzz
from hypothesis import given
from hypothesis import strategies as st

from intentclf.intake.mail import message_query, read_message

MESSAGES = Path(__file__).parent / "messages"
ROOT = Path(__file__).parents[2]


def read(name):
    return read_message((MESSAGES / name).read_bytes())


BODIES = [
    ("apple-picture-between.eml", "Na het opstarten zie ik dit:\nen daarna niets meer. Wat nu?"),
    (
        "gmail-reply-nl.eml",
        "Het lukt nog stééds niet.\n\nWat nu?\n\n"
        "Op ma 2 nov 2026 om 10:12 schreef Helpdesk <hulp@desk.example.com>:\n> Beste Piet,\n>\n> Is het gelukt?",
    ),
    (
        "outlook-reply-nb.eml",
        f"Hei,\n\nVi får fortsatt feilen på øya.\n{'_' * 32}\nFra: Hjelp <hjelp@desk.example.com>\n"
        "Sendt: mandag 2. november 2026 10:12\nTil: Kari\nEmne: Lisens\nHar du prøvd igjen?",
    ),
    (
        "mailru-koi8.eml",
        "Письма не приходят уже третий день.\n\nПонедельник, 2 ноября 2026, 10:12 +03:00 от Поддержка "
        "<pomosch@desk.example.com>:\n> Добрый день!",
    ),
    (
        "yandex-quote.eml",
        'Ключ всё ещё не принимается.\n02.11.2026, 10:12, "Поддержка" <pomosch@desk.example.com>:\n'
        "> Введите ключ ещё раз.",
    ),
    (
        "thunderbird-flowed.eml",
        "Mijn agenda loopt niet gelijk met die op de telefoon, en dat al sinds de laatste update.\n\n"
        "On 11/2/26 10:12, Helpdesk wrote:\n> Welke versie van Outlook is het, en op welke telefoon?\nOutlook 2021.\n\n"
        "-- \nPiet",
    ),
    ("bounce.eml", "I'm sorry to have to inform you that your message could not be delivered."),
    ("read-receipt.eml", "Uw bericht is gelezen."),
    ("absent-nl.eml", "Ik ben tot 12 november afwezig."),
    ("absent-ru.eml", "Я нахожусь в отпуске до 12 ноября."),
    ("invitation.eml", "Overleg licenties\n\nOver de verlenging, en de prijs.\nGraag voorbereiden."),
    ("smime-encrypted.eml", ""),
    ("smime-signed.eml", "De factuur van oktober klopt niet."),
    ("pgp-inline-signed.eml", "I cannot sign in.\n-- \nJane"),
    ("pgp-encrypted.eml", ""),
    ("attached-message.eml", "Kunnen jullie hiernaar kijken?"),
    ("winmail.eml", "Zie bijlage."),
    ("list.eml", "Outlook is slow for all of us since Monday."),
    ("newsletter-stub.eml", "De rekening is € 25 te hoog."),
]


@pytest.mark.parametrize(("name", "body"), BODIES, ids=[name for name, _ in BODIES])
def test_the_body_of_a_message_is_read(name, body):
    assert read(name).body == body


def test_every_message_of_the_folder_is_in_the_table():
    assert sorted(name for name, _ in BODIES) == sorted(path.name for path in MESSAGES.iterdir())


def test_the_other_fields_are_read():
    message = read("mailru-koi8.eml")
    assert (message.message_id, message.subject) == ("mailru-1@post.example.org", "Не работает почта")
    assert (message.sender, message.received) == ("ivan@example.ru", datetime.fromisoformat("2026-11-03T09:15+01:00"))
    assert (message.kind, message.why, message.list_id, message.warnings) == ("message", "", "", ())
    assert read("list.eml").list_id == "admins.lists.example.org"


@pytest.mark.parametrize(
    ("name", "protection", "warnings"),
    [
        ("smime-encrypted.eml", ("smime_encrypted",), ("encrypted with S/MIME: there is no text to read",)),
        ("smime-signed.eml", ("smime_signed",), ("signed with S/MIME, the signature is not checked",)),
        ("pgp-inline-signed.eml", ("pgp_signed",), ("signed with PGP, the signature is not checked",)),
        ("pgp-encrypted.eml", ("pgp_encrypted",), ("encrypted with PGP: there is no text to read",)),
        ("winmail.eml", (), ("winmail.dat is not opened: what Outlook packed into it is not seen",)),
    ],
)
def test_how_a_message_is_wrapped_is_said(name, protection, warnings):
    message = read(name)
    assert (message.protection, message.warnings) == (protection, warnings)


@pytest.mark.parametrize(
    ("body", "left", "protection"),
    [
        pytest.param(
            "Zie:\n-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nhQEMA\n-----END PGP MESSAGE-----\nhaast!",
            "Zie:\nhaast!",
            ("pgp_encrypted",),
            id="inline",
        ),
        pytest.param(
            "What is -----BEGIN PGP MESSAGE-----?", "What is -----BEGIN PGP MESSAGE-----?", (), id="in_a_line"
        ),
        pytest.param("-----BEGIN PGP MESSAGE-----\nis what I get", None, (), id="without_an_end"),
        pytest.param("> -----BEGIN PGP MESSAGE-----\n> x\n> -----END PGP MESSAGE-----", None, (), id="quoted"),
    ],
)
def test_inline_armour_is_taken_off(body, left, protection):
    message = read_message(f"Subject: x\n\n{body}".encode())
    assert (message.body, message.protection) == (body if left is None else left, protection)


def test_the_text_in_an_opaque_signature_is_said_to_be_unread():
    content = (MESSAGES / "smime-encrypted.eml").read_bytes().replace(b"enveloped-data", b"signed-data")
    message = read_message(content)
    assert message.protection == ("smime_signed",)
    assert message.warnings[0].startswith("signed with S/MIME in a form that holds the text inside")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        pytest.param("attachment; filename=log.txt", "log.txt", id="plain"),
        pytest.param("attachment; filename*=utf-8''%D0%BB%D0%BE%D0%B3.txt", "лог.txt", id="rfc_2231"),
        pytest.param(
            "attachment; filename*0*=utf-8''%D0%BB; filename*1*=%D0%BE%D0%B3; filename*2=.txt", "лог.txt", id="2231"
        ),
        pytest.param('attachment; filename="=?utf-8?B?0LvQvtCz?=.txt"', "лог.txt", id="rfc_2047"),
        pytest.param("attachment; filename=лог.txt", "лог.txt", id="raw"),
        pytest.param('attachment; filename="..\\\\..\\\\etc\\\\passwd"', "passwd", id="backslashes"),
        pytest.param('attachment; filename="/etc/passwd"', "passwd", id="slashes"),
        pytest.param('attachment; filename="a\x00\x1b[31mb.txt"', "a [31mb.txt", id="controls"),
        pytest.param("attachment; filename=" + "a" * 900, "a" * 255, id="long"),
        pytest.param("attachment; filename*99999999999=x", "x", id="senseless_number"),
        pytest.param("attachment", "", id="none"),
    ],
)
def test_the_name_of_an_attachment_is_read(header, name):
    content = (
        f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: {header}\r\n\r\n12345\r\n--b--"
    )
    (attachment,) = read_message(content.encode()).attachments
    assert (attachment.name, attachment.media_type, attachment.size) == (name, "text/plain", 5)


def test_attachments_of_attached_messages_count_and_bodies_do_not():
    message = read("attached-message.eml")
    assert message.forwarded == ("Sinds vanochtend is één mailbox leeg.\n\nGroet,\nAnna",)
    assert [(each.name, each.media_type) for each in message.attachments] == [("alles.zip", "application/zip")]


def test_the_message_that_a_bounce_returns_is_not_the_customers():
    message = read("bounce.eml")
    assert message.forwarded == ()
    assert message.attachments[0].media_type == "message/rfc822"


def test_own_words_of_attached_messages_follow_those_of_the_message():
    query = message_query((MESSAGES / "attached-message.eml").read_bytes(), identifier="7")
    words = "Fwd: storing\n\nKunnen jullie hiernaar kijken?\n\nSinds vanochtend is één mailbox leeg."
    assert (query.id, query.text, query.warnings) == ("7", words, ())
    assert query.extra == {"received": "2026-11-03T09:15:00+01:00", "sender": "piet.jansen@example.org"}


@pytest.mark.parametrize(
    ("headers", "received"),
    [
        pytest.param("Date: Tue, 3 Nov 2026 09:15:00 +0100", "2026-11-03T09:15:00+01:00", id="date"),
        pytest.param("Date: 3 Nov 2026 09:15 -0000", "2026-11-03T09:15:00+00:00", id="unknown_zone"),
        pytest.param("Date: 3 Nov 2026 09:15:00", "2026-11-03T09:15:00+00:00", id="no_zone"),
        pytest.param(
            "Received: from a by b; Tue, 3 Nov 2026 10:00:00 +0000 (UTC)\r\nReceived: x; 1 Nov 2026 00:00 +0000\r\n"
            "Date: Mon, 2 Nov 2026 09:15:00 +0100",
            "2026-11-03T10:00:00+00:00",
            id="topmost_received",
        ),
        pytest.param(
            "Received: nonsense\r\nDate: 3 Nov 2026 09:15 +0300", "2026-11-03T09:15:00+03:00", id="bad_received"
        ),
        pytest.param("Date: yesterday", None, id="senseless"),
        pytest.param("Date: Mon, 1 Jan 0001 00:00:00 +9999", None, id="year_1"),
        pytest.param("Date: Mon, 1 Jan 9999 00:00:00 +0000", None, id="year_9999"),
        pytest.param("X: y", None, id="none"),
    ],
)
def test_the_moment_received_is_read(headers, received):
    moment = read_message(f"{headers}\r\n\r\nx".encode()).received
    assert (moment.isoformat() if moment else None) == received


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        ("Piet <Piet@Example.org>", "piet@example.org"),
        ('"a@b.example, Inc" <x@y.example>', "x@y.example"),
        ("=?utf-8?Q?J=C3=A5n?= <j@x.example>", "j@x.example"),
        ("j@x.example (Jan)", "j@x.example"),
        ("a@x.example, b@x.example", "a@x.example"),
        ("Jan <j@x.example>\r\n\tBcc: z@x.example", "j@x.example"),
        ("undisclosed", ""),
        ("", ""),
    ],
)
def test_the_sender_is_a_bare_address(value, sender):
    assert read_message(f"From: {value}\r\n\r\nx".encode()).sender == sender


INJECTIONS = [
    "=?utf-8?Q?a=0D=0ABcc:_x@y?=",
    "a\r\n\tBcc: x",
    "a\x0bb\x0cc\x1cd\x85e",
    "=?utf-8?Q?a=E2=80=A8b=E2=80=AE?=",
    "a\x00b",
]


@pytest.mark.parametrize("value", INJECTIONS)
@pytest.mark.parametrize("name", ["Subject", "Message-ID", "List-Id"])
def test_what_is_injected_into_a_header_stays_on_its_line(name, value):
    message = read_message(f"{name}: {value}\r\n\r\nx".encode())
    shown = message.subject + message.message_id + message.list_id
    assert len(shown.splitlines()) == 1
    assert shown.isprintable()


def nested(depth, media_type="multipart/mixed"):
    heads = "".join(f'Content-Type: {media_type}; boundary="b{k}"\r\n\r\n--b{k}\r\n' for k in range(depth))
    return ("Subject: Hulp\r\n" + heads + "Content-Type: text/plain\r\n\r\nmail weg\r\n").encode()


BIG = [
    pytest.param(nested(10_000), "only the first 500 parts were read", id="nested"),
    pytest.param(nested(10_000, "multipart/alternative"), "only the first 500 parts were read", id="alternatives"),
    pytest.param(
        b"Content-Type: message/rfc822\r\n\r\n" * 10_000 + b"x", "of 499 attached messages 5 were read", id="attached"
    ),
    pytest.param(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000,
        "only the first 500 parts were read",
        id="in_a_row",
    ),
    pytest.param(b"a: b\r\n" * 300_000, "", id="headers"),
    pytest.param(b"Subject: " + b"=?a?q?" * 300_000, "", id="encoded_words"),
    pytest.param(b"Content-Type: text/plain" + b";" * 1_000_000, "", id="parameters"),
    pytest.param(b"Subject: a\r\n" + b" x\r\n" * 500_000, "", id="folded"),
    pytest.param(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bx\n" * 2_000_000, "", id="near_boundaries"
    ),
    pytest.param(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>hallo</p>" * 15_000 + b"\r\n") * 60,
        "only the first 2000000 characters of all texts were read",
        id="html_parts",
    ),
    pytest.param(b"Subject: x\r\n\r\n" + b"-----BEGIN PGP MESSAGE-----\n" * 70_000, "", id="armour"),
    pytest.param(b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + b"SUMMARY;" * 250_000, "", id="calendar"),
]


@pytest.mark.parametrize(("content", "warning"), BIG)
def test_a_message_beyond_reason_is_read_within_two_seconds(content, warning):
    start = time.process_time()
    message = read_message(content)
    assert time.process_time() - start < 2
    assert not warning or warning in message.warnings


def test_a_large_attachment_is_not_decoded():
    head = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhallo\r\n--b\r\n"
    head += b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    content = head + base64.encodebytes(bytes(range(256)) * 87_000) + b"\r\n--b--\r\n"
    tracemalloc.start()
    start = time.process_time()
    message = read_message(content)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (message.body, message.attachments[0].size) == ("hallo", len(base64.encodebytes(bytes(range(256)) * 87_000)))
    assert len(content) > 30_000_000
    assert seconds < 1
    assert peak < 2_000_000


CHUNKS = [
    b"Subject: ",
    b"Content-Type: ",
    b"multipart/mixed; boundary=b\r\n",
    b"message/rfc822\r\n",
    b"\r\n--b\r\n",
    b"\r\n",
]
CHUNKS += [
    b"text/html; charset=koi8-r\r\n",
    b"text/calendar; method=REQUEST",
    b"--b--",
    b"\n\n",
    b"\xff\xd0",
    b"=?utf-8?q?",
]
CHUNKS += [
    b"<blockquote type=cite>",
    b"> ",
    b"BEGIN:VCALENDAR",
    b"Date: ",
    b"Received: ;",
    b"From: <",
    b"filename*0*=",
    b"''%",
]


@given(st.binary(max_size=200) | st.lists(st.sampled_from(CHUNKS) | st.binary(max_size=2), max_size=30).map(b"".join))
def test_any_bytes_are_read(content):
    message = read_message(content)
    for line in (message.subject, message.sender, message.message_id, message.list_id):
        assert len(line.splitlines()) <= 1
    assert "\r" not in message.body
    assert message.received is None or message.received.tzinfo


@pytest.mark.slow
def test_two_thousand_mutated_messages_are_taken():
    assert list(mail_fuzz.fuzz(2_000, seed=7)) == []


def test_the_fuzzer_reports_what_fails(monkeypatch, capsys):
    def fails_on_some(content):
        if len(content) % 2:
            raise KeyError("x")
        return read_message(content)

    monkeypatch.setattr(mail_fuzz, "read_message", fails_on_some)
    assert mail_fuzz.main(["--messages", "20", "--seed", "3"]) == 1
    assert "bytes: KeyError: 'x'" in capsys.readouterr().out


def test_the_fuzzer_makes_the_same_message_of_the_same_seed():
    messages = mail_fuzz.corpus()
    made = [mail_fuzz.mutate(seed, messages) for seed in range(60)]
    assert made == [mail_fuzz.mutate(seed, messages) for seed in range(60)]
    assert len(set(made)) > 50


def test_reading_mail_loads_no_library_before_it_needs_one():
    program = (
        "import sys, intentclf.intake.mail; print(sorted({'lxml', 'inscriptis', 'extract_msg'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"
