import csv
import email
import email.policy
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intentclf.errors import InputError
from intentclf.intake.mail import message_query, read_eml, read_folder, read_mbox
from intentclf.intake.mail.reply import split_body

ROOT = Path(__file__).parents[2]


def own_words(text):
    return split_body(text.replace("\r\n", "\n")).text


SAMPLES = ROOT / "data" / "samples"
MBOX = "archief.mbox"

# Beside the golden text also right: a name over the line of the device, without a closing formula, is kept in doubt.
KEPT_IN_DOUBT = {"ru-02-vzlom.eml": "\n\nНаталья Ветрова"}


def golden_rows():
    with (ROOT / "tests" / "golden" / "mail_words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["file"]
            yield pytest.param(name, row["text"] + KEPT_IN_DOUBT.get(name, ""), id=name)


def sample(name):
    """Subject, as the standard library reads it, and query of a sample: a file, or a message of the mbox from 1."""
    if name.startswith(MBOX):
        number = int(name.partition("#")[2])
        content = (SAMPLES / MBOX).read_bytes().split(b"\n\nFrom ")[number - 1].partition(b"\n")[2]
        query = list(read_mbox(SAMPLES / MBOX))[number - 1]
    else:
        content, query = (SAMPLES / name).read_bytes(), read_eml(SAMPLES / name)
    return email.message_from_bytes(content, policy=email.policy.default)["Subject"], query


@pytest.mark.parametrize(("name", "words"), list(golden_rows()))
def test_a_sample_mail_gives_its_subject_and_the_customers_own_words(name, words):
    subject, query = sample(name)
    assert query.text.split() == f"{subject}\n\n{words}".split()
    assert query.text == subject or query.text.startswith(subject + "\n\n")


def test_every_sample_is_in_the_golden_file():
    names = {row.id for row in golden_rows() if not row.id.startswith(MBOX)}
    assert names == {path.name for path in SAMPLES.glob("*.eml")}
    assert len(list(read_mbox(SAMPLES / MBOX))) == sum(1 for row in golden_rows() if row.id.startswith(MBOX))


def test_a_folder_gives_its_mails_by_name():
    assert [query.id for query in read_folder(SAMPLES)] == sorted(path.name for path in SAMPLES.glob("*.eml"))


def test_only_the_sample_with_a_false_character_set_is_warned_of():
    warned = {query.id: query.warnings for query in read_folder(SAMPLES) if query.warnings}
    assert warned == {
        "ru-05-nevernaya-kodirovka.eml": ("declared character set utf-8 does not fit, read as windows-1251",)
    }


def raw(body, content_type="text/plain; charset=utf-8", *, subject="Hulp", encoding="8bit"):
    """A message of one part, as bytes that no library has put in order."""
    head = (
        f"From: a@example.org\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return (head + kind + "\r\n").encode() + (body if isinstance(body, bytes) else body.encode())


def body_of(content):
    """What stands below the subject, and the warnings."""
    query = message_query(content, identifier="x")
    return query.text.partition("\n\n")[2], query.warnings


RUSSIAN = "Здравствуйте, не могу войти в почту. Пароль верный!"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        pytest.param(RUSSIAN, "windows-1251", id="ru-cp1251"),
        pytest.param(RUSSIAN, "koi8-r", id="ru-koi8_r"),
        pytest.param(RUSSIAN, "cp866", id="ru-cp866"),
        pytest.param(RUSSIAN.upper(), "windows-1251", id="ru-cp1251-capitals"),
        pytest.param(RUSSIAN.upper(), "koi8-r", id="ru-koi8_r-capitals"),
        pytest.param("помогите", "windows-1251", id="ru-cp1251-one_word"),
        pytest.param("помогите", "koi8-r", id="ru-koi8_r-one_word"),
        pytest.param("Outlook и Teams на Windows 11 не работают", "windows-1251", id="ru-cp1251-product_names"),
        pytest.param("Outlook и Teams на Windows 11 не работают", "koi8-r", id="ru-koi8_r-product_names"),
        pytest.param("één café, geërgerd", "windows-1252", id="nl-cp1252"),
        pytest.param("får ikke mail på øya, årsak ukjent", "windows-1252", id="nb-cp1252"),
    ],
)
def test_a_missing_character_set_is_guessed(text, charset):
    warning = f"declared character set missing does not fit, read as {charset}"
    assert body_of(raw(text.encode(charset), "text/plain")) == (text, (warning,))


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("declared", ["utf-8", "us-ascii", "x-unknown", "utf-7"])
def test_a_character_set_that_cannot_be_true_is_guessed(charset, declared):
    content = raw(RUSSIAN.encode(charset), f"text/plain; charset={declared}")
    assert body_of(content) == (RUSSIAN, (f"declared character set {declared} does not fit, read as {charset}",))


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "cp866", "iso-8859-5", "utf-8"])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_true_character_set_is_believed(charset, encoding):
    message = EmailMessage()
    message["Subject"] = "Не работает"
    message.set_content(RUSSIAN, charset=charset, cte=encoding)
    assert body_of(message.as_bytes()) == (RUSSIAN, ())


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "rot13", "hex", "utf-8\\\x00", "a" * 500])
def test_no_name_of_a_character_set_is_fatal(charset):
    content = raw("hallo daar", 'text/plain; charset="CHARSET"').replace(b"CHARSET", charset.encode("utf-8", "replace"))
    assert body_of(content)[0] == "hallo daar"


@pytest.mark.parametrize(
    ("subject", "read"),
    [
        pytest.param("=?utf-8?B?0J/QvtGH0YLQsA==?=", "Почта", id="base64"),
        pytest.param("=?koi8-r?Q?=F0=CF=DE=D4=C1?=", "Почта", id="quoted"),
        pytest.param("=?utf-8?B?0J/Qvg==?=\r\n =?utf-8?B?0YfRgtCw?=", "Почта", id="folded"),
        pytest.param("Re: =?utf-8?Q?p=C3=A5logging?= feiler", "Re: pålogging feiler", id="mixed"),
        pytest.param("=?x-unknown?Q?hallo?=", "hallo", id="unknown_character_set"),
        pytest.param("=?utf-8?B?a?= hallo", "=?utf-8?B?a?= hallo", id="broken_base64"),
        pytest.param("  two \t words ", "two words", id="blanks"),
        # Programs that write 8-bit headers: against the old rules, with RFC 6532 within the new.
        pytest.param("Почта не работает", "Почта не работает", id="raw_utf_8"),
    ],
)
def test_a_subject_is_decoded(subject, read):
    assert message_query(raw("x", subject=subject), identifier="x").text == f"{read}\n\nx"


def multipart(*parts, kind="mixed"):
    """A message whose parts are (content, how to add it)."""
    message = EmailMessage()
    message["Subject"] = "Hulp"
    for content, options in parts:
        part = EmailMessage()
        part.set_content(content, **options)
        if not message.is_multipart():
            message["Content-Type"] = f"multipart/{kind}"
            message.set_payload([])
        message.attach(part)
    return message.as_bytes()


HTML = {"subtype": "html"}
ATTACHED = {"disposition": "attachment", "filename": "log.txt"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(raw("mail weg"), "mail weg", id="plain"),
        pytest.param(raw("<p>får ikke<br>mail</p>", "text/html; charset=utf-8"), "får ikke\nmail", id="html_only"),
        pytest.param(raw("<style>p {}</style><p>x &amp; y", "text/html"), "x & y", id="html_with_style"),
        pytest.param(raw('<?xml version="1.0"?><p>hei</p>', "text/html"), "hei", id="html_with_xml_head"),
        pytest.param(raw("", "text/html"), "", id="html_empty"),
        pytest.param(raw(""), "", id="empty_body"),
        pytest.param(raw(" \r\n\t\r\n"), "", id="blank_body"),
        pytest.param(raw("%PDF-1.4", "application/pdf"), "", id="no_text_at_all"),
        pytest.param(raw("x", ""), "x", id="no_content_type"),
        pytest.param(raw("x", "nonsense"), "x", id="senseless_content_type"),
        pytest.param(raw("bWFpbCB3ZWc=", encoding="base64"), "mail weg", id="base64"),
        pytest.param(raw("mail weg", encoding="x-unknown"), "mail weg", id="unknown_encoding"),
        pytest.param(
            multipart(("<b>rich</b>", HTML), ("plain", {}), kind="alternative"), "plain", id="plain_before_html"
        ),
        pytest.param(multipart(("\n", {}), ("<b>rich</b>", HTML)), "rich", id="html_where_plain_is_blank"),
        pytest.param(multipart(("first", {}), ("second", {})), "first\nsecond", id="plain_parts_in_a_row"),
        pytest.param(multipart(("see log", {}), ("error 5", ATTACHED)), "see log", id="attachment"),
        pytest.param(multipart(("error 5", ATTACHED)), "", id="attachment_only"),
    ],
)
def test_the_best_text_of_a_message_is_read(content, words):
    assert body_of(content) == (words, ())


@pytest.mark.parametrize(
    ("content", "text", "warnings"),
    [
        pytest.param(b"", "", ("not an e-mail: no headers", "empty message"), id="nothing"),
        pytest.param(b"mail weg", "mail weg", ("not an e-mail: no headers",), id="no_headers"),
        pytest.param(b"\r\nmail weg", "mail weg", ("not an e-mail: no headers",), id="empty_line_first"),
        pytest.param(b"From: a@example.org\r\n\r\n", "", ("empty message",), id="no_subject_no_body"),
        pytest.param(b"From: a@example.org\r\n\r\nmail weg", "mail weg", (), id="no_subject"),
        pytest.param(b"Subject: Hulp\r\n\r\n", "Hulp", (), id="subject_only"),
    ],
)
def test_what_is_missing_is_warned_of(content, text, warnings):
    query = message_query(content, identifier="x")
    assert (query.text, query.warnings) == (text, warnings)


def nested(depth):
    """A multipart in a multipart … with one text at the bottom."""
    heads = [f'Content-Type: multipart/mixed; boundary="b{k}"\r\n\r\n--b{k}\r\n' for k in range(depth)]
    return ("Subject: Hulp\r\n" + "".join(heads) + "Content-Type: text/plain\r\n\r\nmail weg\r\n").encode()


@pytest.mark.parametrize("depth", [1, 10, 100, 400])
def test_the_text_of_deeply_nested_parts_is_found(depth):
    assert body_of(nested(depth)) == ("mail weg", ())


def test_parts_nested_beyond_all_reason_are_no_crash():
    assert message_query(nested(3000), identifier="x").text.startswith("Hulp")


def test_of_a_message_with_very_many_parts_the_first_are_read():
    content = multipart(*[("", {})] * 600, ("late", {}))
    assert body_of(content) == ("", ("only the first 500 parts were read",))


@pytest.mark.parametrize("cut", [0.3, 0.5, 0.7, 0.9])
def test_a_message_that_was_cut_off_gives_what_is_left(cut):
    content = multipart(("een twee drie vier vijf zes zeven", {}), ("<p>een twee drie</p>", HTML), kind="alternative")
    query = message_query(content[: int(cut * len(content))], identifier="x")
    assert query.text.startswith("Hulp")
    assert "een twee drie vier vijf zes zeven".startswith(query.text.partition("\n\n")[2])


def test_of_a_huge_body_the_first_two_million_bytes_are_read():
    words, warnings = body_of(raw(("mail " * 190 + "\r\n") * 3200))
    assert warnings == ("truncated: body of 3046400 bytes, the first 2000000 are read",)
    assert 1_900_000 < len(words) <= 2_000_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(raw("ab\r\n" * 12_000), id="many_lines"),
        pytest.param(raw("<pre>" + " " * 60_000 + "x</pre>", "text/html"), id="many_blanks"),
        pytest.param(raw("<?xml" * 25_000, "text/html"), id="many_xml_heads"),
    ],
)
def test_a_large_message_is_read_in_a_second(content):
    start = time.process_time()
    message_query(content, identifier="x")
    assert time.process_time() - start < 1


ANY_MESSAGE = st.binary() | st.lists(
    st.sampled_from(
        [
            b"Subject: ",
            b"Content-Type: ",
            b"text/plain",
            b"text/html",
            b"multipart/mixed; boundary=b",
            b"; charset=",
            b"\r\n",
        ]
        + [b"utf-8", b"koi8-r", b"idna", b"=?utf-8?b?", b"=?utf-8?q?", b"?=", b"Content-Transfer-Encoding: ", b"base64"]
        + [
            b"quoted-printable",
            b"x-uuencode",
            b"--b",
            b"--b--",
            b"a",
            b"\xef",
            b"\x00",
            b'"',
            b"*0*=",
            b"<div>",
            b"utf-16",
        ]
        + [b"message/rfc822", b"message/delivery-status", b"message/external-body", b"Content-Disposition: attachment"]
    )
    | st.binary(max_size=2),
    max_size=30,
).map(b"".join)


@given(ANY_MESSAGE)
@example(b"Subject: =?utf-8?b?a?=\n\n")
@example(b"Content-Type: text/plain; charset=undefined\n\na")
def test_any_bytes_are_a_message(content):
    query = message_query(content, identifier="x")
    assert query.id == "x"
    assert query.text or "empty message" in query.warnings


@pytest.mark.parametrize(("given_id", "read_id"), [("7.eml", "7.eml"), ("", "abc@example.org")])
def test_a_message_without_a_given_id_takes_its_own(given_id, read_id):
    assert message_query(b"Message-ID: <abc@example.org>\r\n\r\nx", identifier=given_id).id == read_id


# What a mail program puts around the answer, and what the customer wrote.
QUOTED = [
    ("nl", "Op ma 3 mei 2021 om 10:12 schreef Helpdesk <help@example.nl>:\n> Beste"),
    ("nl-two_lines", "Op ma 3 mei 2021 om 10:12 schreef Helpdesk van de Winkel\n<help@example.nl>:\n> Beste"),
    ("nb", "Den 3. mai 2021 kl. 10:12 skrev Kari Nordmann <kari@example.org>:\n> Hei"),
    ("nb-weekday", "man. 3. mai 2021 kl. 10:12 skrev Kari Nordmann <kari@example.org>:\n\n> Hei"),
    ("nn", "Kari Nordmann skrev følgende den 3. mai:\n> Hei"),
    ("ru", "3 мая 2021 г., 10:12, Иван Петров <ivan@example.org> написал(а):\n> Добрый день"),
    ("ru-gmail", "пн, 3 мая 2021 г. в 10:12, Иван <ivan@example.org>:\n> Добрый день"),
    ("ru-mail_ru", "Понедельник, 3 мая 2021, 10:12 +03:00 от Иван <ivan@example.org>:\n> Добрый день"),
    ("ru-yandex", '03.05.2021, 10:12, "Иван Петров" <ivan@example.org>:\n> Добрый день'),
    ("en", "On Mon, May 3, 2021 at 10:12 AM Helpdesk <help@example.com> wrote:\n> Dear"),
    ("not_marked", "On Mon, May 3, 2021 at 10:12 AM Helpdesk <help@example.com> wrote:\n\nDear customer"),
    ("outlook-nl", "Van: Helpdesk\nVerzonden: maandag 3 mei 2021 10:12\nAan: mij\nOnderwerp: code\n\nBeste"),
    ("outlook-nb", "Fra: Kundestøtte\nSendt: mandag 3. mai 2021 10:12\nTil: meg\nEmne: kode\n\nHei"),
    ("outlook-nn", "Frå: Kundestøtte\nSendt: måndag 3. mai 2021 10:12\nTil: meg\n\nHei"),
    ("outlook-ru", "От: Служба поддержки\nОтправлено: 3 мая 2021 г. 10:12\nКому: мне\n\nДобрый день"),
    ("outlook-en", "From: Help desk\nSent: Monday, May 3, 2021 10:12 AM\nTo: me\n\nDear"),
    ("outlook-bold", "*From:* Help desk\n*Sent:* Monday, May 3, 2021 10:12 AM\n\nDear"),
    ("original-en", "-----Original Message-----\nDear"),
    ("original-nl", "-----Oorspronkelijk bericht-----\nBeste"),
    ("original-ru", "-------- Исходное сообщение --------\nДобрый день"),
    ("rule", "________________________________\nFra: Kundestøtte\nHei"),
    ("marked_only", "> Beste klant\n>> hallo\n> groet"),
    ("closing-nl", "Met vriendelijke groet,\nPiet Jansen\nafdeling inkoop"),
    ("closing-nl-short", "mvg Piet"),
    ("closing-nb", "Mvh Oddvar"),
    ("closing-nn", "Venleg helsing\nTorbjørn"),
    ("closing-ru", "С уважением,\nИван Петров"),
    ("closing-ru-thanks", "Заранее спасибо!\nИван"),
    ("closing-en", "Kind regards,\nJane Doe\n\nThis message is confidential."),
    ("mark", "-- \nJane Doe"),
    ("mark_without_blank", "--\nJane Doe"),
    ("device-nl", "Verzonden vanaf mijn iPhone"),
    ("device-nb", "Sendt fra min iPhone"),
    ("device-nn", "Sendt frå min iPhone"),
    ("device-ru", "Отправлено с iPhone"),
    ("device-ru-yandex", "Отправлено из мобильной Почты"),
    ("device-en", "Sent from my iPhone"),
    ("outlook_app", "Get Outlook for Android"),
]


@pytest.mark.parametrize("below", [pytest.param(text, id=name) for name, text in QUOTED])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_history_and_signature_are_cut_off(below, end):
    assert own_words(f"Het werkt niet.\nWat nu?\n\n{below}\n".replace("\n", end)) == "Het werkt niet.\nWat nu?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            "On May 3 Jan wrote:\n> which one?\nthe blue one\n> since when?\nmonday",
            "the blue one\n\nmonday",
            id="inline",
        ),
        pytest.param("> which one?\nthe blue one", "the blue one", id="below_the_quote"),
        pytest.param(
            "Werkt niet\nGroetjes Jan\nPS ook op mijn tablet", "Werkt niet\nPS ook op mijn tablet", id="ps-nl"
        ),
        pytest.param("Не работает\nС уважением,\nИван\nP.S. код 5", "Не работает\nP.S. код 5", id="ps-ru"),
        pytest.param(
            "help\nThanks\nJane\n\nP.S. still down\n-- \nJane", "help\n\nP.S. still down", id="ps_over_a_mark"
        ),
        pytest.param("<p>", "<p>", id="markup_is_not_our_work"),
        pytest.param("", "", id="empty"),
        pytest.param("> all quoted", "", id="only_history"),
    ],
)
def test_what_was_written_between_and_below_is_kept(text, words):
    assert own_words(text) == words


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Ik krijg deze melding:\nuw account is geblokkeerd", id="nl-melding"),
        pytest.param("Op 12 maart schreef ik jullie al dit:\nmijn factuur klopt niet", id="nl-schreef"),
        pytest.param("Mijn vraag:\nhoe zeg ik op?", id="nl-vraag"),
        pytest.param("Feilmeldingen er:\nkontoen er låst", id="nb-feilmelding"),
        pytest.param("Den 3. mai skrev jeg til dere:\nfakturaen er feil", id="nb-skrev"),
        pytest.param("Outlook пишет ошибку:\n0x8004010F\nЧто делать?", id="ru-outlook_pishet"),
        pytest.param("При входе пишет:\nневерный пароль", id="ru-pri_vhode"),
        pytest.param("Мне написали так:\nаккаунт заблокирован", id="ru-napisali"),
        pytest.param("Ошибка такая:\nневерный пароль", id="ru-oshibka"),
        pytest.param("On the screen it wrote:\nerror 5\nwhat now", id="en-wrote"),
        pytest.param("It says:\nyour account is locked", id="en-says"),
        pytest.param("Steps so far:\nFrom: settings I chose reset\nthen nothing", id="en-from"),
    ],
)
def test_what_a_customer_reports_after_a_colon_is_kept(text):
    assert own_words(text) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Thanks\nbut it still does not work", id="first_line"),
        pytest.param("Hi Owen,\n\nThanks.\n\nIt still does not work.", id="en-thanks_under_the_greeting"),
        pytest.param("Hei\n\nTakk på forhånd\n\nJeg får ikke logget inn", id="nb-thanks_under_the_greeting"),
        pytest.param("Здравствуйте!\nЗаранее спасибо\nНе могу войти в почту", id="ru-thanks_under_the_greeting"),
        pytest.param("Hello\nThanks for nothing so far", id="thanks_for_nothing"),
        pytest.param("Hallo\nbedankt voor niets\nalles is weg", id="bedankt_voor_niets"),
        pytest.param("Mail to my son gets lost.\nSent from my phone it does arrive.\nWhat is wrong?", id="sent_from"),
        pytest.param("error\n-----\n0x80070005", id="ruled_line"),
        pytest.param("Here is my list\n- one\n-- two", id="dashes"),
        pytest.param("NB: jeg er på ferie\nhjelp", id="nota_bene"),
    ],
)
def test_in_doubt_the_words_are_kept(text):
    assert own_words(text) == text


LINES = st.sampled_from(
    [text for _, block in QUOTED for text in block.split("\n")]
    + ["Het werkt niet.", "почта не работает", "", " ", "> oud", "PS nog iets", "Hallo,", "Error:", "- een"]
)


@given(st.lists(LINES | st.text(), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_no_line_is_made_up(lines, end):
    text = end.join(lines)
    there = {line.strip() for line in text.replace("\r\n", "\n").split("\n")}
    assert [line for line in own_words(text).split("\n") if line.strip() and line.strip() not in there] == []


def test_an_mbox_gives_its_messages_with_from_lines_unquoted(tmp_path):
    first = b"From a Mon Jan  1 00:00:00 2024\nMessage-ID: <1@example.org>\n\nhi\n>From monday on nothing works\n\n"
    second = b"From a Mon Jan  1 00:00:00 2024\nSubject: zwei\n\nx\n"
    (tmp_path / "box").write_bytes(first + second + first)
    found = [(query.id, query.text) for query in read_mbox(tmp_path / "box")]
    words = "hi\nFrom monday on nothing works"
    assert found == [("1@example.org", words), ("1", "zwei\n\nx"), ("2", words)]


def test_a_file_that_starts_otherwise_is_no_mbox(tmp_path):
    (tmp_path / "box.mbox").write_bytes(b"Subject: x\n\ny")
    with pytest.raises(InputError, match=r"box\.mbox: is not an mbox: its first line must start with 'From '$"):
        list(read_mbox(tmp_path / "box.mbox"))


def test_mails_of_sub_folders_are_named_by_their_path(tmp_path):
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("b/c/1.eml", "a.EML", "b/notes.txt"):
        (tmp_path / name).write_bytes(b"Subject: x\n\ny")
    assert [query.id for query in read_folder(tmp_path)] == ["a.EML", "b/c/1.eml"]


@pytest.mark.parametrize(("name", "reason"), [("nowhere.eml", "No such file"), (".", "Is a directory")])
def test_a_mail_that_cannot_be_read_is_named(tmp_path, name, reason):
    with pytest.raises(InputError, match=rf": cannot be read \({reason}"):
        read_eml(tmp_path / name)
