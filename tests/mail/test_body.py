import csv
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import intentclf.intake.mail.quoting as quoting
from intentclf.intake.mail import read_message
from intentclf.intake.mail.flowed import unflow
from intentclf.intake.mail.markup import lay_out

ROWS = list(csv.DictReader(Path(quoting.__file__).with_name("body.csv").read_text(encoding="utf-8").splitlines()))
GMAIL_ATTRIBUTION = '<div class="gmail_attr">Op ma 3 mei 2021 om 10:12 schreef Jan &lt;jan@example.org&gt;:<br></div>'


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param(
            "<div>Nee.</div><br><div class=gmail_quote>"
            + GMAIL_ATTRIBUTION
            + '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">'
            "<div>Dag,</div><div><br></div><div>Werkt het?</div>"
            "<div class=gmail_quote><div>On Sun, May 2, 2021 at 9:00 AM Piet wrote:</div>"
            "<blockquote class=gmail_quote>Help</blockquote></div></blockquote></div>",
            "Nee.\n\nOp ma 3 mei 2021 om 10:12 schreef Jan <jan@example.org>:\n> Dag,\n>\n> Werkt het?\n"
            "> On Sun, May 2, 2021 at 9:00 AM Piet wrote:\n> > Help",
            id="gmail",
        ),
        pytest.param(
            '<p>Nei.</p><div class="moz-cite-prefix">Den 03.05.2021 10:12, skrev Kari:<br></div>'
            '<blockquote type="cite"><p>Hei</p><blockquote type="cite">Eldre</blockquote>mer</blockquote><p>Svar</p>'
            '<div class="moz-signature">-- <br>Ola</div>',
            "Nei.\n\nDen 03.05.2021 10:12, skrev Kari:\n> Hei\n>\n> > Eldre\n> mer\n\nSvar\n\n-- \nOla",
            id="thunderbird",
        ),
        pytest.param(
            '<div>Nope</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%">'
            '<div id="divRplyFwdMsg"><b>From:</b> H<br><b>Sent:</b> Monday<br></div><div>Dear</div>',
            f"Nope\n{'_' * 32}\nFrom: H\nSent: Monday\nDear",
            id="outlook_web",
        ),
        pytest.param(
            "<p class=MsoNormal>Hei<p class=MsoNormal><o:p>&nbsp;</o:p><p class=MsoNormal>Feil 5"
            "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>Fra:</b> K<br>"
            "<b>Sendt:</b> i dag</div><p class=MsoNormal>Eldre",
            f"Hei\n\nFeil 5\n{'_' * 32}\nFra: K\nSendt: i dag\nEldre",
            id="outlook_desktop",
        ),
        pytest.param(
            "<div>Не работает</div><blockquote style='border-left:1px solid #0857A6;margin:10px'>Понедельник, "
            "3 мая 2021, 10:12 +03:00 от Иван &lt;ivan@example.ru&gt;:<br>&nbsp;<div>Добрый день</div></blockquote>",
            "Не работает\nПонедельник, 3 мая 2021, 10:12 +03:00 от Иван <ivan@example.ru>:\n> Добрый день",
            id="mail_ru",
        ),
        pytest.param(
            '<div>Нет</div><div>03.05.2021, 10:12, "Иван" &lt;ivan@example.ru&gt;:</div><blockquote><p>Раз</p>'
            "<p>Два</p></blockquote>",
            'Нет\n03.05.2021, 10:12, "Иван" <ivan@example.ru>:\n> Раз\n>\n> Два',
            id="yandex",
        ),
        pytest.param(
            '<div>No luck</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Monday, May 3, 2021, Help '
            "&lt;h@example.com&gt; wrote:</div><div><br></div><div>Dear</div></div>",
            "No luck\nOn Monday, May 3, 2021, Help <h@example.com> wrote:\n> Dear",
            id="yahoo",
        ),
        pytest.param(
            'No.<div class="protonmail_quote">On Monday, May 3rd, 2021 at 10:12 AM, Help wrote:<br>'
            '<blockquote class="protonmail_quote">Dear</blockquote></div>',
            "No.\nOn Monday, May 3rd, 2021 at 10:12 AM, Help wrote:\n> Dear",
            id="proton",
        ),
        pytest.param(
            "Werkt niet<br><div class='gmail_signature' dir=ltr>Piet<br>Inkoop</div>",
            "Werkt niet\n-- \nPiet\nInkoop",
            id="signature",
        ),
        pytest.param(
            "x<div><span class=gmail_signature_prefix>-- </span><br><div class=gmail_signature>Piet</div></div>",
            "x\n-- \nPiet",
            id="signature_that_has_its_mark",
        ),
    ],
)
def test_the_quoted_structure_of_a_program_is_kept(markup, text):
    assert lay_out(markup) == (text, ())


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param(
            f"<div>Zie</div><div class=gmail_quote><div class=gmail_attr>{marker}<br>Van: X<br>Aan: Y<br></div><br>"
            "<blockquote type=cite>Inhoud</blockquote></div>",
            f"Zie\n{marker}\nVan: X\nAan: Y\n\nInhoud",
            id=f"gmail-{language}",
        )
        for language, marker in [
            ("nl", "---------- Doorgestuurd bericht ---------"),
            ("nb", "---------- Videresendt melding ---------"),
            ("ru", "-------- Пересылаемое сообщение --------"),
            ("en", "---------- Forwarded message ---------"),
        ]
    ]
    + [
        pytest.param(
            "FYI<blockquote type=cite><div>Begin doorgestuurd bericht:</div><div>Van: x</div>"
            "<div>Inhoud</div></blockquote>",
            "FYI\nBegin doorgestuurd bericht:\nVan: x\nInhoud",
            id="apple",
        ),
        pytest.param(
            "<div>-------- Пересылаемое сообщение --------</div><div>03.05.2021, 10:12, i@example.ru:</div>"
            "<blockquote type=cite>Текст<blockquote type=cite>Раньше</blockquote></blockquote>",
            "-------- Пересылаемое сообщение --------\n03.05.2021, 10:12, i@example.ru:\nТекст\n> Раньше",
            id="yandex",
        ),
        pytest.param(
            "<div>At 10:12 I saw this:</div><blockquote style='margin:0 0 0 40px;border:none'>"
            "0x80070005</blockquote>so?",
            "At 10:12 I saw this:\n0x80070005\nso?",
            id="indented_by_hand",
        ),
        pytest.param("<blockquote>just a quote</blockquote>", "just a quote", id="bare"),
    ],
)
def test_what_is_forwarded_or_indented_is_not_quoted(markup, text):
    assert lay_out(markup)[0] == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param('<div style="display: none; max-height: 0">pre</div><p>tekst</p>', "tekst", id="preheader"),
        pytest.param("<span style='mso-hide:all'>a</span><p hidden>b</p>c", "c", id="hidden"),
        pytest.param("<style>p {x}</style><script>y</script><title>z</title>tekst", "tekst", id="style_script_title"),
        pytest.param(
            "<div style='font-size:0'><span style='font-size:14px'>x</span></div>", "x", id="font_size_is_kept"
        ),
        pytest.param("<body style='display:none'>x", "x", id="the_body_itself"),
        pytest.param("<!-- a --><!--[if mso]>b<![endif]-->c", "c", id="comments"),
        pytest.param("<pre>a\n  b</pre><div style='white-space:pre-wrap'>c\nd</div>", "a\n  b\nc\nd", id="pre"),
        pytest.param("<ul><li>x<li>y</ul>", "* x\n* y", id="list"),
        pytest.param("<table><tr><td>a<td>b<tr><td>ccc<td>d</table>", "a    b\nccc  d", id="table"),
        pytest.param("<table><tr><td><table><tr><td>in</table><td>naast</table>", "in\nnaast", id="layout_table"),
        pytest.param("a&#1;b&#xe000;&#xfffe;c", "abc", id="control_references"),
        pytest.param("<ol start=x><li>z</ol>", "1. z", id="odd_attributes"),
        pytest.param("", "", id="nothing"),
        pytest.param("<!-- only -->", "", id="only_a_comment"),
        pytest.param("&lt;b&gt; > x", "<b> > x", id="entities"),
    ],
)
def test_only_what_is_seen_is_laid_out(markup, text):
    assert lay_out(markup) == (text, ())


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        pytest.param("<div>" * 300 + "diep", "diep", id="300_deep"),
        pytest.param("<div>" * 100_000 + "diep", "diep", id="100_000_deep"),
        pytest.param("<p>x<br>y</p>" * 40_000, "x\ny", id="many_elements"),
    ],
)
def test_of_markup_beyond_reason_the_tags_are_removed(markup, words):
    text, warnings = lay_out(markup)
    assert text.startswith(words)
    assert warnings == ("mark-up too deep or too large to lay out: only its tags were removed",)


def test_pictures_and_styles_do_not_count_for_the_limit():
    picture = f'<img src="data:image/png;base64,{"QUFB" * 400_000}">'
    assert lay_out(f"<style>{'p {}' * 200_000}</style>{picture}<p>hallo</p>") == ("hallo", ())


HOSTILE = [
    ("lt", "<" * 2_000_000),
    ("comments", "<!--" * 500_000),
    ("styles", "<style>" * 280_000),
    ("quotes", "<blockquote type=cite>" * 90_000),
    ("quotes_in_a_row", "<blockquote type=cite>a</blockquote>" * 15_000),
    ("tables", "<table><tr><td>" * 130_000),
    ("wide_table", "<table><tr><td>" + "x" * 900_000 + "<tr><td>y" * 390 + "</table>"),
    ("wide_tables", ("<table><tr><td>" + "x" * 3_900 + "<tr><td>y" * 390 + "</table>") * 130),
    ("cells", "<table>" + "<tr><td>a<td>b" * 120_000),
    ("lists", "<ul>" * 190 + "<li>x" * 20_000),
    ("blanks", " " * 2_000_000 + "x"),
    ("attributes", "<a " + "x=y " * 480_000),
    ("br", "<br>" * 500_000),
    ("entities", "&amp;" * 400_000),
    ("text", "hallo " * 330_000),
    ("forward", "<blockquote type=cite>" + "-" * 1_900_000),
]


@pytest.mark.parametrize("markup", [pytest.param(markup, id=name) for name, markup in HOSTILE])
def test_two_megabytes_of_markup_take_about_a_second(markup):
    start = time.process_time()
    lay_out(markup)
    assert time.process_time() - start < 1.5


PIECES = [
    "<div>",
    "</div>",
    "<blockquote type=cite>",
    "</blockquote>",
    "<br>",
    "<p class=MsoNormal>",
    "&nbsp;",
    "a b",
    "\n",
]
PIECES += [
    "<table>",
    "<td>",
    "<tr>",
    "<div class=gmail_signature>",
    "x wrote 10:12 a@b:",
    "<div id=divRplyFwdMsg><b>F:</b>",
]
PIECES += [
    "-- ",
    "> ",
    "&#1;",
    "\ue000",
    "<!--",
    "-->",
    "<pre>",
    "<span style='display:none'>",
    "<ol start=-9>",
    "<li>",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_any_markup_is_laid_out(markup):
    text, _ = lay_out(markup)
    assert not re.search("[\ue000-\ue004]", text)
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() or line.endswith("-- ") for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        pytest.param("een \ntwee\ndrie", "een twee\ndrie", id="joined"),
        pytest.param("een \n\ndrie", "een \ndrie", id="an_empty_line_ends_it"),
        pytest.param("> a \n> b\n>> c \n>> d\ne", "> a b\n> > c d\ne", id="quotes"),
        pytest.param("> a \nb", "> a \nb", id="another_depth_ends_it"),
        pytest.param("x \n-- \nPiet \nJan", "x \n-- \nPiet Jan", id="signature_mark"),
        pytest.param("> x \n> -- \n> y", "> x \n> -- \n> y", id="quoted_signature_mark"),
        pytest.param(" From here\n  two", "From here\n two", id="stuffed"),
        pytest.param(" >typed", " >typed", id="a_typed_mark_is_no_quote"),
        pytest.param(">no blank \n>after", "> no blank after", id="no_blank_after_the_mark"),
        pytest.param("", "", id="empty"),
        pytest.param("last ", "last ", id="open_end"),
    ],
)
def test_flowed_lines_are_joined(text, joined):
    assert unflow(text) == joined


def test_with_delsp_the_blank_at_a_break_goes():
    assert unflow("Kontaktskje \nma \nx", delete_space=True) == "Kontaktskjemax"
    assert unflow("a  \nb", delete_space=True) == "a b"


@given(st.lists(st.sampled_from(["a ", "b", "> c ", "> d", ">> e ", "-- ", "", " x"]), max_size=12).map("\n".join))
def test_joining_loses_no_word(text):
    assert re.findall(r"\w", unflow(text)) == re.findall(r"\w", text)


@pytest.mark.parametrize("text", [">" * 2_000_000, ">\n" * 1_000_000, "x \n" * 600_000, (">" * 99 + "\n") * 20_000])
def test_two_megabytes_of_flowed_lines_take_about_a_second(text):
    start = time.process_time()
    assert len(unflow(text)) <= 2 * len(text)
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['kind']}-{row['language']}" for row in ROWS])
def test_every_pattern_finds_its_example(row):
    assert re.search(row["pattern"], row["example"], re.IGNORECASE)


def parts(kind, *inner, extra=""):
    """A message of parts, each (content type, body)."""
    body = "".join(f"--b\r\nContent-Type: {media_type}\r\n\r\n{text}\r\n" for media_type, text in inner)
    return f"Subject: x\r\nContent-Type: multipart/{kind}; boundary=b{extra}\r\n\r\n{body}--b--\r\n".encode()


PLAIN, HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("content", "body"),
    [
        pytest.param(parts("alternative", (PLAIN, "plain"), (HTML, "<b>rich</b>")), "plain", id="plain"),
        pytest.param(parts("alternative", (HTML, "<b>rich</b>"), (PLAIN, "plain")), "plain", id="plain_last"),
        pytest.param(parts("alternative", (PLAIN, " \r\n"), (HTML, "<b>rich</b>")), "rich", id="blank"),
        pytest.param(parts("alternative", (PLAIN, "plain"), (HTML, "<br>")), "plain", id="html_blank"),
        pytest.param(
            parts(
                "alternative",
                (PLAIN, "My mail reader does not support HTML. What now?"),
                (HTML, "<p>My mail reader does not support <b>HTML</b>.</p> What now?"),
            ).replace(b"My mail reader", b"Your mail reader"),
            "Your mail reader does not support HTML. What now?",
            id="a_customer_who_says_so",
        ),
        pytest.param(parts("mixed", (PLAIN, "een"), ("image/png", "x"), (PLAIN, "twee")), "een\ntwee", id="apple"),
        pytest.param(parts("mixed", (PLAIN, "een"), (HTML, "<p>een</p>")), "een", id="mixed_says_it_twice"),
        pytest.param(parts("mixed", (HTML, "<p>een</p>"), (PLAIN, "een")), "een", id="mixed_says_it_twice_html_first"),
        pytest.param(parts("mixed", (PLAIN, "een"), (HTML, "<p>twee</p>")), "een\ntwee", id="mixed_says_more"),
        pytest.param(parts("mixed", (PLAIN, "ja"), (PLAIN, "ja")), "ja\nja", id="the_same_form_is_never_left_out"),
        pytest.param(parts("mixed", (PLAIN, "x"), (PLAIN + "; name=log.txt", "log")), "x", id="named_text"),
        pytest.param(parts("mixed", (PLAIN + "; name=body.txt", "x")), "x", id="named_text_alone"),
        pytest.param(parts("related", ("image/png", "x"), (HTML, "page")), "page", id="related"),
        pytest.param(parts("unheard-of", (PLAIN, "x")), "x", id="unknown_manner"),
        pytest.param(parts("encrypted", (PLAIN, "x")), "", id="encrypted"),
        pytest.param(b"Content-Type: multipart/mixed\r\n\r\nno boundary", "no boundary", id="boundary_missing"),
        pytest.param(
            b'Content-Type: multipart/mixed; boundary="q"\r\n\r\nnothing like it', "nothing like it", id="false"
        ),
        pytest.param(parts("mixed", (PLAIN, "een")).replace(b"--b--\r\n", b""), "een", id="not_closed"),
        pytest.param(parts("mixed", (PLAIN, "een\r\n--bb\r\ntwee")), "een\n--bb\ntwee", id="a_line_like_the_boundary"),
        pytest.param(
            parts("mixed", (PLAIN, "x")).replace(b"--b\r\n", b"preamble\r\n--b \t\r\n"), "x", id="blank_behind"
        ),
        pytest.param(
            b"Content-Type: text/html\r\n\r\n<meta charset=koi8-r>\xd0\xc1\xd2\xcf\xcc\xd8", "пароль", id="meta"
        ),
    ],
)
def test_the_parts_that_make_the_body_are_chosen(content, body):
    assert read_message(content).body == body


STUBS = [row["example"] for row in ROWS if row["kind"] == "stub"]


@pytest.mark.parametrize("stub", STUBS)
def test_a_stub_gives_way_to_the_html(stub):
    assert read_message(parts("alternative", (PLAIN, stub), (HTML, "<p>De rekening</p>"))).body == "De rekening"
