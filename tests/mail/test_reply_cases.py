import base64
import re
from email.header import Header
from pathlib import Path

import pytest

from intentclf.intake.mail.message import read_message
from intentclf.intake.mail.reply import split_body

CASES = Path(__file__).parent / "reply_cases.txt"
BEGIN = re.compile(r"@@ ([\w-]+) \| (plain|flowed|html) \| ?(.*)")

# What is still wrong, and how: always something left, never a sentence lost.
WRONG = {
    "notes-nl-wrote": "labels and values of HCL Notes on lines of their own",
    "samsung-nl": "the line of the telephone is glued to the sentence",
    "flowed-en-stuffed": "the blank before a typed '>' stays where it would be a quote without",
    "gnus": "attribution of Gnus, >>>>> 'HD' == …",
    "subject-changed-bare-en": "header block with a bare address, another subject and no salutation",
}


def read_cases():
    """Rows of name, format, subject, body and right text."""
    rows = []
    side: list[str] | None = None
    right: list[str] = []
    for line in CASES.read_text(encoding="utf-8").split("\n"):
        if begin := BEGIN.fullmatch(line):
            side = []
            right = []
            rows.append((*begin.groups(), side, right))
        elif line == "@@":
            side = right
        elif line.startswith("%% "):
            side = None
        elif side is not None:
            side.append(line)
    return [(*row[:3], "\n".join(row[3]), "\n".join(row[4])) for row in rows]


def as_message(kind, subject, body):
    media = "text/html" if kind == "html" else "text/plain" + ("; format=flowed" if kind == "flowed" else "")
    header = (
        f"From: a@example.org\nTo: b@example.com\nSubject: {Header(subject, 'utf-8').encode()}\nMIME-Version: 1.0\n"
        f"Content-Type: {media}; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
    )
    return header.encode() + base64.encodebytes(body.encode())


def tidy(text):
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def parameters():
    for name, *row in read_cases():
        marks = [pytest.mark.xfail(reason=WRONG[name], strict=True)] if name in WRONG else []
        yield pytest.param(*row, id=name, marks=marks)


@pytest.mark.parametrize(("kind", "subject", "body", "right"), list(parameters()))
def test_what_the_customer_wrote_this_time_is_left(kind, subject, body, right):
    message = read_message(as_message(kind, subject, body))
    assert tidy(split_body(message.body, subject=message.subject).text) == tidy(right)


@pytest.mark.parametrize(
    ("kind", "subject", "body", "right"), [pytest.param(*row[1:], id=row[0]) for row in read_cases()]
)
def test_no_sentence_is_lost(kind, subject, body, right):
    message = read_message(as_message(kind, subject, body))
    text = split_body(message.body, subject=message.subject).text
    assert [line for line in right.split("\n") if line.strip() not in text] == []


@pytest.mark.parametrize(
    ("kind", "subject", "body", "right"), [pytest.param(*row[1:], id=row[0]) for row in read_cases()]
)
def test_splitting_the_text_again_changes_nothing(kind, subject, body, right):
    message = read_message(as_message(kind, subject, body))
    text = split_body(message.body, subject=message.subject).text
    assert split_body(text).text == text


def test_names_are_given_once():
    names = [row[0] for row in read_cases()]
    assert len(names) == len(set(names)) >= 340
    assert set(names) >= set(WRONG)
