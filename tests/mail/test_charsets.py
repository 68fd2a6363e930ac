import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.intake.mail.charsets import cost, decode_text, find_codec
from intentclf.intake.mail.headers import decode_words, one_line, parse_headers

SENTENCES = [
    ("nl", "Ik kan niet meer inloggen, één melding na de ander."),
    ("nl", "De factuur van € 25 is twee keer afgeschreven."),
    ("nl", "Mijn e-mail werkt al sinds ’s ochtends niet meer."),
    ("nl", "Het reünieteam krijgt geen agenda-uitnodigingen."),
    ("nl", "Waarom moet ik 3 à 4 keer mijn wachtwoord invoeren?"),
    ("nl", "Geërgerd: de coördinator kan de bijlage niet openen."),
    ("nl", "Hij zei: „dat is opgelost”, maar dat is het niet."),
    ("nl", "Café Zürich heeft geen licentie meer."),
    ("nl", "Ideeën? Het scherm blijft zwart…"),
    ("nl", "Zoëy kan Teams niet starten – wat nu?"),
    ("nb", "Jeg klarer ikke å logge inn."),
    ("nb", "Får ikke sendt e-post på øya, årsaken er ukjent."),
    ("nb", "Vi har ikke fått kvitteringen på kr 99,–."),
    ("nb", "Søppelposten går rett i innboksen!"),
    ("nb", "HVORFOR ER KONTOEN LÅST PÅ NYTT?"),
    ("nb", "Kalenderen på mobilen blir ikke oppdatert, «synkronisering feilet»."),
    ("nb", "Æresord, jeg har prøvd alt."),
    ("nb", "Å få hjelp tar altfor lang tid."),
    ("nn", "Korleis får eg att tilgangen til skulen sin Office-pakke?"),
    ("nb", "Det står «ugyldig nøkkel» når jeg åpner Word."),
    ("ru", "Не могу войти в почту, пароль верный!"),
    ("ru", "Почему с карты списали 990 ₽ дважды?"),
    ("ru", "После обновления Windows 11 чёрный экран."),
    ("ru", "Teams не запускается — что делать?"),
    ("ru", "ПОМОГИТЕ, АККАУНТ ВЗЛОМАЛИ!"),
    ("ru", "Код подтверждения не приходит на телефон уже 3 дня."),
    ("ru", "Где найти ключ продукта Office?"),
    ("ru", "Ещё раз пишу: календарь не синхронизируется."),
    ("ru", "Спасибо, всё заработало."),
    ("ru", "Outlook и Word не открываются, ошибка «0x80070005»."),
    ("en", "My naïve password reset didn’t work."),
    ("en", "The café’s account was charged £25 twice."),
    ("en", "I can’t sign in – it says “locked”."),
    ("en", "Please update my résumé attachment…"),
    ("en", "It costs €10 more than before."),
    ("en", "Outlook won’t open since yesterday’s update."),
    ("en", "Zoë’s calendar is empty."),
    ("en", "Temperature reads 40° and the fan is loud."),
    ("en", "We use Müller & Søn as our partner."),
    ("en", "“Something went wrong” – that’s all it says."),
]
LATIN = ("windows-1252", "iso-8859-1", "iso-8859-15")
CYRILLIC = ("windows-1251", "koi8-r", "cp866")
WIDE = ("utf-16", "utf-16-le", "utf-16-be")
DECLARED = (
    *("", "us-ascii", "utf-8", "iso-8859-1", "iso-8859-15", "windows-1252", "windows-1251", "koi8-r", "cp866"),
    *("utf-16", "utf-7", "unknown-8bit", "x-windows-1251", "ks_c", "x-foo", "idna"),
)


def encodings(language, sentence):
    for charset in ("utf-8", *WIDE, *(CYRILLIC if language == "ru" else LATIN)):
        try:
            yield charset, sentence.encode(charset)
        except UnicodeEncodeError:
            continue


@pytest.mark.parametrize(("language", "sentence"), SENTENCES, ids=[f"{k}-{row[0]}" for k, row in enumerate(SENTENCES)])
def test_a_sentence_is_read_whatever_its_label_says(language, sentence):
    wrong = {
        (charset, declared): read
        for charset, payload in encodings(language, sentence)
        for declared in DECLARED
        if (read := decode_text(payload, declared).text) != sentence
    }
    assert wrong == {}


@pytest.mark.parametrize(("language", "sentence"), SENTENCES, ids=[f"{k}-{row[0]}" for k, row in enumerate(SENTENCES)])
def test_a_true_label_is_not_warned_of(language, sentence):
    warned = [charset for charset, payload in encodings(language, sentence) if decode_text(payload, charset).warning]
    assert warned == []


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("'utf-8'", "utf-8"),
        ("latin1", "iso8859-1"),
        ("Windows-1251", "cp1251"),
        ("x-windows-1251", "cp1251"),
        ("x-cp1251", "cp1251"),
        ("win-1251", "cp1251"),
        ("ansi_1252", "cp1252"),
        ("cp-866", "cp866"),
        ("ibm866", "cp866"),
        ("csKOI8R", "koi8-r"),
        ("UTF-16LE", "utf-16-le"),
        ("utf-16", "utf-16"),
        ("ks_c_5601-1987", "euc_kr"),
        ("utf-7", ""),
        ("cp037", ""),  # EBCDIC: no letter of a mail would stay what it is
        ("unknown-8bit", ""),
        ("ks_c", ""),
        ("x-", ""),
        ("rot13", ""),
        ("hex", ""),
        ("idna", ""),
        ("unicode_escape", ""),
        ("\x00", ""),
        ("кои8", ""),
        ("a" * 1000, ""),
        ("", ""),
    ],
)
def test_the_codec_of_a_name_is_found(name, codec):
    assert find_codec(name) == codec


@pytest.mark.parametrize(
    ("payload", "declared", "text", "warning"),
    [
        pytest.param(b"caf\xe9", "us-ascii", "café", "us-ascii does not fit, read as windows-1252", id="8bit_in_ascii"),
        pytest.param(b"\x80 25", "iso-8859-1", "€ 25", "", id="windows_signs_in_latin_1"),
        pytest.param("één".encode(), "", "één", "", id="utf_8_without_a_label"),
        pytest.param("één".encode(), "windows-1252", "één", "windows-1252 does not fit, read as utf-8", id="utf_8"),
        pytest.param(b"+AGgAaQ- hallo", "utf-7", "+AGgAaQ- hallo", "utf-7 does not fit, read as us-ascii", id="utf_7"),
        pytest.param("пароль".encode() * 9 + b"\xd0", "utf-8", "пароль" * 9 + "\ufffd", "1 bytes do not fit", id="cut"),
        pytest.param("Καλημέρα".encode("cp1253"), "windows-1253", "Καλημέρα", "", id="greek_is_believed"),
        pytest.param("你好".encode("gbk"), "gb2312", "你好", "", id="chinese_is_believed"),
        pytest.param("联通".encode("gbk"), "gbk", "联通", "", id="chinese_that_is_utf_8_by_chance"),
        pytest.param("žluť".encode("iso-8859-2"), "iso-8859-2", "žluť", "", id="czech_is_believed"),
        pytest.param("їжак є".encode("cp1251"), "windows-1251", "їжак є", "", id="ukrainian_is_believed"),
        pytest.param(b"\xef\xbb\xbfhei", "utf-8", "hei", "", id="mark_of_utf_8"),
        pytest.param(
            "på".encode("utf-16"), "us-ascii", "på", "us-ascii does not fit, read as utf-16", id="mark_of_utf_16"
        ),
        pytest.param(b"plain", "utf-16", "plain", "utf-16 does not fit, read as us-ascii", id="no_utf_16_at_all"),
        pytest.param("пар".encode("utf-16-le")[:-1], "utf-16", "па", "", id="utf_16_cut_in_a_character"),
        pytest.param(b"a\x00b", "utf-8", "a\x00b", "", id="a_nul_is_no_utf_16"),
        pytest.param(b"", "koi8-r", "", "", id="nothing"),
    ],
)
def test_odd_labels(payload, declared, text, warning):
    decoded = decode_text(payload, declared)
    assert (decoded.text, bool(decoded.warning)) == (text, bool(warning))
    assert warning in decoded.warning


@given(st.binary(max_size=300), st.sampled_from(DECLARED) | st.text(max_size=20))
def test_any_bytes_become_a_text_that_can_be_written(payload, declared):
    decoded = decode_text(payload, declared)
    decoded.text.encode("utf-8")
    assert len(decoded.text) <= len(payload)
    assert decoded.warning.isprintable()


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_ascii_costs_nothing(text):
    assert cost(text.replace("\x7f", "")) == 0


@pytest.mark.parametrize("right", ["windows-1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("wrong", ["windows-1251", "koi8-r", "cp866", "iso-8859-5", "windows-1252"])
def test_a_wrong_reading_costs_more(right, wrong):
    if right != wrong:
        payload = "Здравствуйте, код не приходит".encode(right)
        assert cost(payload.decode(wrong, "replace")) > 1.5 * cost(payload.decode(right))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xe5" * 2_000_000, id="one_word"),
        pytest.param(b"a" * 1_999_999 + b"\xe5", id="last_byte"),
        pytest.param(b"\xe5\n" * 1_000_000, id="many_lines"),
        pytest.param("Не могу войти ".encode("koi8-r") * 140_000, id="russian"),
        pytest.param(b"\x00\xd8" * 1_000_000, id="surrogates"),
        pytest.param(bytes(range(256)) * 8_000, id="all_bytes"),
    ],
)
def test_two_million_bytes_take_less_than_a_second(payload):
    start = time.process_time()
    decode_text(payload, "us-ascii")
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("=?utf-8?B?0J/R?= =?utf-8?B?gNC40LLQtdGC?=", "Привет", id="split_in_a_character"),
        pytest.param("=?utf-8?B?0J/R?=\r\n\t=?UTF-8?B?gNC40LLQtdGC?=", "Привет", id="split_and_folded"),
        pytest.param("=?utf-8?Q?p=C3?= =?utf-8?Q?=A5?=", "på", id="split_quoted"),
        pytest.param("=?us-ascii?Q?=CF=EE=F7=F2=E0?=", "Почта", id="8bit_declared_ascii"),
        pytest.param("=?iso-8859-1?B?8M/e1ME=?=", "Почта", id="koi8_declared_latin"),
        pytest.param("=?utf-8*ru?Q?=D0=B0=D0=B1?=", "аб", id="with_a_language"),
        pytest.param("=?x-unknown?Q?hallo?=", "hallo", id="unknown"),
        pytest.param("Re: =?utf-8?Q?=C3=A9?= x =?utf-8?Q?=C3=A9?=", "Re: é x é", id="plain_between"),
        pytest.param("=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x", id="line_end_in_a_word"),
        pytest.param("=?utf-8?Q?=E2=80=AEgpj.exe?=", "gpj.exe", id="direction"),
        pytest.param("a\r\n\tb\x00\x1b[31mc", "a b [31mc", id="controls"),
        pytest.param("=?utf-8?B?a?= hallo", "=?utf-8?B?a?= hallo", id="broken"),
        pytest.param("=?", "=?", id="a_piece"),
        pytest.param("", "", id="empty"),
    ],
)
def test_encoded_words_are_decoded(value, text):
    assert decode_words(value) == text


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r", "cp866"])
def test_a_raw_header_is_guessed(charset):
    headers = parse_headers(b"Subject: " + "Не работает почта".encode(charset) + b"\r\n")
    assert headers["Subject"] == "Не работает почта"


@given(st.text(max_size=50))
def test_one_line_is_one_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert all(sign >= " " and sign != "\x7f" for sign in line)
    assert one_line(line) == line
