"""What is sent to a server is safe whatever an answer or a customer puts into it."""

import email
import email.policy
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.serve.prelabel.labels import (
    LONGEST_KEYWORD,
    Labels,
    Plan,
    Templates,
    header_value,
    keyword,
    labelled_copy,
    plan_automatic,
    plan_labels,
    template_faults,
)
from intentclf.serve.prelabel.reading import digest_of

LABELS = Labels("not_outlook.windows", "A", "accept", "windows")
# RFC 3501, section 9: ATOM-CHAR is any CHAR except these
ATOM = set(string.printable[:94]) - set('(){%*"\\]')
HOSTILE = 'a b(c){%*"\\]é\r\nX: y\0'


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("intentclf-{severity}", "intentclf-A"),
        ("{code}", "not_outlook.windows"),
        ("$Label", "$Label"),
        ("{action}/{team}", "accept/windows"),
    ],
)
def test_a_keyword_of_a_template(template, expected):
    assert plan_labels(LABELS, Templates((template,))).keywords == (expected,)


def test_two_templates_that_give_the_same_give_it_once():
    assert plan_labels(LABELS, Templates(("{team}", "windows"))).keywords == ("windows",)


@given(st.text())
def test_whatever_an_answer_says_is_an_atom_in_a_keyword(value):
    made = keyword("k-{code}", {"code": value})
    assert set(made) <= ATOM
    assert len(made) <= LONGEST_KEYWORD


def test_long_keywords_that_differ_at_their_end_stay_apart():
    codes = [f"post_sales.tech_support_new.hardware_compatibility.{end}" for end in "ab"]
    made = [keyword("intentclf-{code}", {"code": code}) for code in codes]
    assert len(set(made)) == 2
    assert all(each.startswith("intentclf-post_sales.tech_support_new") for each in made)


@pytest.mark.parametrize(
    ("labels", "delimiter", "expected"),
    [
        (LABELS, "/", "Desk/not_outlook.windows"),
        (LABELS, ".", "Desk.not_outlook_windows"),
        (Labels("../../etc", "A", "ask", "x"), "/", "Desk/_.._etc"),
        (Labels("a*b%c", "A", "ask", "x"), "/", "Desk/a_b_c"),
        (Labels("...", "A", "ask", "x"), "/", "Desk/none"),
        (Labels("почта", "A", "ask", "x"), "/", "Desk/почта"),
    ],
    ids=["slash", "dot", "upwards", "wildcards", "dots", "cyrillic"],
)
def test_a_folder_of_a_template(labels, delimiter, expected):
    assert plan_labels(labels, Templates(move="Desk/{code}"), delimiter=delimiter).move == expected


@given(st.text())
def test_an_answer_adds_no_level_to_a_folder(value):
    for delimiter in "./":
        made = plan_labels(Labels(value, "A", "ask", "x"), Templates(move="Desk/{code}"), delimiter=delimiter).move
        assert made is not None
        assert made.count(delimiter) == 1
        assert not set(made) & set('\r\n\0*%"\\')


def test_a_message_is_not_moved_to_where_it_lies():
    assert plan_labels(LABELS, Templates(move="INBOX"), source="INBOX").move is None


@given(st.text())
def test_a_header_value_never_becomes_a_second_header(value):
    copy = labelled_copy(b"Subject: x\r\n\r\nbody", "ab" * 16, (("X-Intentclf-Team", header_value(value)),))
    read = email.message_from_bytes(copy, policy=email.policy.compat32)
    assert sorted(read.keys()) == ["Subject", "X-Intentclf-Id", "X-Intentclf-Team"]
    assert read.get_payload() == "body"
    assert copy.partition(b"\r\n\r\n")[0].isascii()


@pytest.mark.parametrize(
    "value",
    [
        "x\r\nBcc: a@b",
        "x\nBcc: a@b",
        "x\rBcc: a@b",
        "x\r\n\r\nbody",
        "\r\n x",
        "é\r\nBcc: a@b",
        "\u2028Bcc: a@b",
        "x\0y",
    ],
)
def test_line_ends_in_a_header_value_end_nothing(value):
    head = labelled_copy(b"Subject: x\r\n\r\nbody", "0", (("X-Intentclf-Team", header_value(value)),))
    lines = head.partition(b"\r\n\r\nbody")[0].split(b"\r\n")
    assert [line.partition(b":")[0] for line in lines] == [b"X-Intentclf-Id", b"X-Intentclf-Team", b"Subject"]
    assert not any(byte < 32 for line in lines for byte in line)


def test_a_header_value_is_read_back_as_it_was():
    copy = labelled_copy(
        b"Subject: x\r\n\r\n", "0", (("X-Intentclf-Team", header_value("Отдел «Почта» é\r\nBcc: a@b")),)
    )
    read = email.message_from_bytes(copy, policy=email.policy.default)
    assert read["X-Intentclf-Team"] == "Отдел «Почта» é Bcc: a@b"
    assert read["Bcc"] is None


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_forged_headers_are_left_out_and_the_rest_stays(end):
    body = f"{end}X-Intentclf-Id: body{end}"
    forged = f"A: 1{end}x-intentclf-code: forged{end} folded{end}B: 2{end}X-Intentclf-Id: 0{end}{body}"
    plain = f"A: 1{end}B: 2{end}{body}"
    assert labelled_copy(forged.encode(), "1", ()) == b"X-Intentclf-Id: 1\r\n" + plain.encode()
    assert digest_of(forged.encode()) == digest_of(plain.encode())


def test_a_copy_and_its_original_are_the_same_message():
    original = b"A: 1\r\nB: 2\r\n\r\nbody\r\n"
    copy = labelled_copy(original, "1" * 32, (("X-Intentclf-Team", header_value("é" * 100)),))
    assert digest_of(copy) == digest_of(original) == digest_of(original.replace(b"\r\n", b"\n"))
    assert digest_of(original) != digest_of(original + b"x")


@pytest.mark.parametrize(
    "content", [b"", b"\r\n", b"X-Intentclf-" * 200_000, b"X-Intentclf-a: b\n" * 100_000, b"\n" * 10**6]
)
def test_hostile_contents_take_no_time(content):
    assert len(digest_of(content)) == 32


@pytest.mark.parametrize(
    ("kind", "template", "fault"),
    [
        ("keyword", "a b", "must not hold ' '"),
        ("keyword", "a{code", "cannot be read"),
        ("keyword", "{language}", "may name {code}, {severity}, {action}, {team} only"),
        ("keyword", "{code!r}", "may name"),
        ("keyword", "{code:>9}", "may name"),
        ("keyword", "{0}", "may name"),
        ("keyword", "é", "must not hold 'é'"),
        ("keyword", "\\Seen", "must not hold"),
        ("keyword", "k" * 51, "at most 50 characters"),
        ("folder", "a//b", "names parted by '/'"),
        ("folder", "../b", "names parted by '/'"),
        ("folder", "a\r\nb", "must not hold '\\r'"),
        ("folder", "a*", "must not hold '*'"),
        ("header", "a\r\nBcc: b", "must not hold '\\r\\n'"),
    ],
)
def test_a_bad_template_is_told(kind, template, fault):
    assert any(fault in each for each in template_faults(kind, template))


@pytest.mark.parametrize(
    ("kind", "template"), [("keyword", "$a-{code}"), ("folder", "Büro/{team}/x"), ("header", "é {code} {{x}}")]
)
def test_a_good_template_has_no_faults(kind, template):
    assert list(template_faults(kind, template)) == []


def test_a_plan_survives_the_state():
    plan = Plan(("a", "b"), "Desk.x", None, (("X-Intentclf-Code", "é"),))
    assert Plan.from_json(plan.to_json()) == plan
    assert plan_automatic(Templates(automatic_keyword="auto")) == Plan(("auto",))
    assert not plan_automatic(Templates())
    assert re.fullmatch(r"\S+", keyword("{code}", {"code": HOSTILE}))
