import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intentclf.intake.cleaning import LONGEST_TEXT, clean, strip_markup

MENDED = [
    # UTF-8 read as Windows-1252
    pytest.param("Ã©Ã©n cafÃ©", "één café", id="nl-cp1252"),
    pytest.param("ideeÃ«n over Belgi\u00c3\u00ab", "ideeën over België", id="nl-trema"),
    pytest.param("jeg fÃ¥r ikke logget pÃ¥", "jeg får ikke logget på", id="nb-cp1252"),
    pytest.param("sÃ¸ppelpost pÃ¥ Ã¸ya", "søppelpost på øya", id="nb-o_slash"),
    pytest.param("itâ€™s broken", "it’s broken", id="en-apostrophe"),
    pytest.param("â‚¬ 99,00 afgeschreven", "€ 99,00 afgeschreven", id="euro"),
    pytest.param("Ð¿Ð¾Ñ‡Ñ‚Ð° Ð½Ðµ Ñ€Ð°Ð±Ð¾Ñ‚Ð°ÐµÑ‚", "почта не работает", id="ru-cp1252"),
    pytest.param("Ñ…Ð¾Ñ‡Ñƒ Ð²ÐµÑ€Ð½ÑƒÑ‚ÑŒ Ð¿Ð¾Ñ‡Ñ‚Ñƒ", "хочу вернуть почту", id="ru-cp1252-kha"),
    # UTF-8 read as Windows-1251
    pytest.param("РїРѕС‡С‚Р° РЅРµ СЂР°Р±РѕС‚Р°РµС‚", "почта не работает", id="ru-cp1251"),
    # UTF-8 read as Latin-1, where bytes 0x80 to 0x9F stay control characters; 0x85 is also a line end of its own
    pytest.param("één probleem".encode().decode("latin-1"), "één probleem", id="nl-latin_1"),
    pytest.param("får ikke mail".encode().decode("latin-1"), "får ikke mail", id="nb-latin_1"),
    pytest.param("Åpne kontoen på nytt".encode().decode("latin-1"), "Åpne kontoen på nytt", id="nb-latin_1-a_ring"),
    pytest.param("почта не работает".encode().decode("latin-1"), "почта не работает", id="ru-latin_1"),
    pytest.param("хочу вернуть почту".encode().decode("latin-1"), "хочу вернуть почту", id="ru-latin_1-kha"),
]
LAID_OUT = [
    pytest.param("Ik kan er niet in<br>help", "Ik kan er niet in\nhelp", id="break"),
    pytest.param("<p>Hei</p><p>får ikke mail</p>", "Hei\n\nfår ikke mail", id="paragraphs"),
    pytest.param("<b>не</b> <i>работает</i>", "не работает", id="inline"),
    pytest.param("<style>p {color: red}</style><p>hallo</p>", "hallo", id="style"),
    pytest.param("<div>open <a href='https://example.org/x'>deze</a></div>", "open deze", id="link"),
    pytest.param("<p>hallo", "hallo", id="never_closed"),
    pytest.param("<div>" * 200 + "hallo", "hallo", id="nested_200"),
    # libxml2 stops at 256 open elements; a text below them is lost without a word.
    pytest.param("<div>" * 400 + "hallo", "hallo", id="nested_400"),
    pytest.param("ik &amp; mijn vrouw", "ik & mijn vrouw", id="ampersand"),
    pytest.param("caf&eacute; &#233;&#xe9;n", "café één", id="entities"),
    pytest.param("Получаю&nbsp;ошибку", "Получаю\xa0ошибку", id="no_break_space"),
    pytest.param("&lt;b&gt;vet&lt;/b&gt; werkt niet", "vet werkt niet", id="escaped_markup"),
    pytest.param("een < twee en b > a", "een < twee en b > a", id="comparison"),
    pytest.param("R&D en A&B", "R&D en A&B", id="bare_ampersand"),
    # Addresses whose first letter happens to be the name of an element.
    pytest.param("mail van <jan@example.nl> komt niet", "mail van <jan@example.nl> komt niet", id="address"),
    pytest.param("mail van <p.bos@example.nl> komt niet", "mail van <p.bos@example.nl> komt niet", id="address_p"),
    pytest.param("почта <i.petrov@example.ru>\nпропала", "почта <i.petrov@example.ru>\nпропала", id="address_i"),
]
UNSEEN = [
    pytest.param("wacht\u200bwoord", "wachtwoord", id="zero_width_space"),
    pytest.param("wacht\xadwoord", "wachtwoord", id="soft_hyphen"),
    pytest.param("\ufeffhallo", "hallo", id="byte_order_mark"),
    pytest.param("па\u200dроль", "пароль", id="zero_width_joiner"),
    pytest.param("\u202ehallo\u202c", "hallo", id="direction_marks"),
    pytest.param("hallo\x07\x1b daar", "hallo daar", id="control"),
    # Byte 0x85 is hardly ever the line end of Unicode: it is the ellipsis of windows-1252, read as Latin-1
    pytest.param("een\r\ntwee\rdrie\x85vier", "een\ntwee\ndrie…vier", id="line_ends"),
    pytest.param("een\ttwee", "een\ttwee", id="tab_stays"),
    pytest.param("\n\n  hallo  \n", "hallo", id="outer_blanks"),
    pytest.param("cafe\u0301", "café", id="nl-nfd"),
    pytest.param("pa\u030a \u00f8ya", "på øya", id="nb-nfd"),
    pytest.param("мои\u0306 ящик", "мой ящик", id="ru-nfd"),
    pytest.param("😟 help", "😟 help", id="smiley_stays"),
    pytest.param("", "", id="empty"),
    pytest.param(" \u200b\n", "", id="nothing_left"),
]


@pytest.mark.parametrize(("original", "text"), [*MENDED, *LAID_OUT, *UNSEEN])
def test_a_text_is_mended_without_a_warning(original, text):
    cleaned = clean(original)
    assert (cleaned.text, cleaned.warnings) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        "Ik kan er niet in, één keer geprobeerd.",
        "Å få på plass e-posten",
        "Почта «не работает» — помогите",
        "it’s €5 – naïve café",
        "Ça va? Größe, señor",
        "error 0x80070005 <- what is that",
    ],
)
def test_a_text_that_is_well_stays_as_it_is(text):
    assert (clean(text).text, clean(text).spans) == (text, None)


@pytest.mark.parametrize(
    ("original", "text", "warnings"),
    [
        pytest.param("hal\x00lo", "hallo", ("NUL characters removed",), id="nul"),
        pytest.param("hallo \ud800", "hallo \ufffd", ("undecodable bytes",), id="lone_surrogate"),
        pytest.param("hal\ufffdo", "hal\ufffdo", ("undecodable bytes",), id="replacement"),
        pytest.param("\x00\udfff", "\ufffd", ("NUL characters removed", "undecodable bytes"), id="both"),
        pytest.param(
            "a" * 20_001, "a" * 20_000, ("truncated: 20001 characters, the first 20000 are read",), id="one_too_long"
        ),
        pytest.param("a" * 20_000, "a" * 20_000, (), id="just_short_enough"),
        pytest.param(
            "a" * LONGEST_TEXT + "\x00",
            "a" * 20_000,
            ("truncated: 20001 characters, the first 20000 are read",),
            id="nul_beyond",
        ),
    ],
)
def test_what_was_lost_is_warned_of(original, text, warnings):
    cleaned = clean(original)
    assert (cleaned.text, cleaned.warnings) == (text, warnings)


def shown(original):
    """Each word of the cleaned text, and what its span shows in the original."""
    cleaned = clean(original)
    spans = cleaned.spans or [(k, k + 1) for k in range(len(cleaned.text))]
    words = list(re.finditer(r"\S+", cleaned.text))
    return [(word.group(), original[spans[word.start()][0] : spans[word.end() - 1][1]]) for word in words]


@pytest.mark.parametrize(
    ("original", "words"),
    [
        pytest.param("<p>Hei, pålogging</p>", ["Hei,", "pålogging"], id="markup"),
        pytest.param("een\r\ntwee", ["een", "twee"], id="line_ends"),
        pytest.param("  \u200bпочта не\x00 приходит", ["почта", "не", "приходит"], id="unseen"),
        pytest.param("mail&nbsp;werkt&nbsp;niet", ["mail", "werkt", "niet"], id="entities_between"),
        pytest.param("b" * 19_999 + " cut here", ["b" * 19_999], id="truncated"),
    ],
)
def test_words_are_shown_where_they_stand(original, words):
    assert shown(original) == [(word, word) for word in words]


@pytest.mark.parametrize(
    ("original", "word", "source"),
    [
        pytest.param("ik får mail".replace("å", "Ã¥"), "får", "fÃ¥r", id="mojibake"),
        pytest.param("le caf&eacute; open", "café", "caf&eacute;", id="entity"),
        pytest.param("mijn wacht\xadwoord weg", "wachtwoord", "wacht\xadwoord", id="soft_hyphen"),
        pytest.param("мой яи\u0306 ящик", "яй", "яи\u0306", id="nfd"),
    ],
)
def test_a_mended_word_is_shown_within_what_it_was_mended_from(original, word, source):
    place = dict(shown(original))[word]
    assert len(place) > 1
    assert place in source


@pytest.mark.parametrize(
    ("original", "words"),
    [
        # The mended word stands again further on, whole; the search must not leap there.
        pytest.param("mijn wacht\xadwoord werkt niet, nieuw wachtwoord graag", ["werkt", "nieuw"], id="soft_hyphen"),
        pytest.param("caf&eacute; is dicht en mijn café mail ook", ["dicht", "mijn"], id="entity"),
        # More than 2 000 characters of style before the first word.
        pytest.param(
            "<style>" + "p {color: red} " * 200 + "</style><p>mijn post werkt</p>", ["post", "werkt"], id="style"
        ),
    ],
)
def test_words_that_stand_once_in_the_original_are_found_there(original, words):
    assert {word: place for word, place in shown(original) if word in words} == {word: word for word in words}


def test_a_word_is_not_shown_inside_a_tag():
    cleaned = clean('<p align="left">left out</p>')
    assert cleaned.text == "left out"
    assert cleaned.spans is not None
    assert cleaned.spans[0] == (16, 17)


# What customers' programs leave behind, to be strung together in any order.
FRAGMENTS = st.sampled_from(
    ["Ik kan niet inloggen", "почта", "på", " ", "\n", "\r\n", "\t", "<br>", "<p>", "</p>", "<div class='x'>", "</div>"]
    + [
        "<table><tr><td>",
        "<ul><li>",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "<a href='x'>",
        "<img alt='foto'>",
        "<",
        ">",
    ]
    + ["&amp;", "&eacute;", "&nbsp;", "&#233;", "&lt;b&gt;", "&amp;lt;", "&#x80;", "&#13;", "&shy;", "&", "<![CDATA["]
    + ["Ã©", "Ð¿Ð¾Ñ‡Ñ‚Ð°", "Ã\x85", "e\u0301", "\u200b", "\xad", "\x00", "\ud83d", "\udc00", "\x85", "\x1c", "\ufffd"]
)
ANY_TEXT = st.text(st.characters()) | st.lists(FRAGMENTS | st.text(st.characters(), max_size=3), max_size=20).map(
    "".join
)


@given(ANY_TEXT)
@example("&" + "amp;" * 12 + "lt;")
@example("<ul>" * 5 + "<li>a" * 4990)
def test_cleaning_twice_is_cleaning_once(original):
    once = clean(original).text
    assert clean(once).text == once


@given(ANY_TEXT)
def test_spans_never_fall_and_are_as_many_as_the_characters(original):
    cleaned = clean(original)
    spans = list(cleaned.spans or [(k, k + 1) for k in range(len(cleaned.text))])
    assert len(spans) == len(cleaned.text)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert [end for _, end in spans] == sorted(end for _, end in spans)


@given(ANY_TEXT)
@example("<li>*")
def test_spans_lie_within_the_original(original):
    spans = clean(original).spans or ()
    assert all(0 <= start <= end <= len(original) for start, end in spans)


@given(ANY_TEXT)
def test_no_character_that_cannot_be_seen_is_left(original):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\ufeff\ud800-\udfff]", clean(original).text)


WORDS = st.sampled_from("inloggen wachtwoord één får ikke øya passordet почта пароль ящик Outlook 0x80070005".split())
BETWEEN = st.sampled_from(
    [" ", "\r\n", "<br>", "</p><p>", " \u200b", "\x00 ", "&nbsp;", " \ufeff", "\x07\t", "</b> <b>"]
)


@given(st.lists(st.tuples(WORDS, BETWEEN), min_size=1, max_size=30))
def test_words_that_survive_are_shown_at_their_place(pairs):
    original = "".join(word + between for word, between in pairs)
    assert [(word, place) for word, place in shown(original)] == [(word, word) for word, _ in pairs]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("<p>een</p>\n\n\n\n<p>twee</p>", "een\n\ntwee", id="blank_lines"),
        pytest.param("<ul><li>een<li>twee</ul>", "* een\n  * twee", id="list"),
        pytest.param("", "", id="empty"),
        pytest.param("<!-- niets -->", "", id="comment_only"),
    ],
)
def test_markup_is_laid_out_as_text(markup, text):
    assert strip_markup(markup).strip() == text
