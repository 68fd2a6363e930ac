import pytest

from intentclf.intake import read
from intentclf.records import LanguageGuess, Query, Reading


@pytest.mark.parametrize(
    ("original", "text", "code"),
    [
        pytest.param("Ik kan er niet in<br>help", "Ik kan er niet in\nhelp", "nl", id="nl"),
        pytest.param("jeg fÃ¥r ikke logget inn", "jeg får ikke logget inn", "nb", id="nb"),
        pytest.param("eg kjem ikkje inn", "eg kjem ikkje inn", "nn", id="nn"),
        pytest.param("Получаю&nbsp;ошибку", "Получаю\xa0ошибку", "ru", id="ru"),
        pytest.param("I cant\x00 get in", "I cant get in", "en", id="en"),
        pytest.param("12345", "12345", "und", id="und"),
    ],
)
def test_a_query_is_cleaned_before_its_language_is_told(original, text, code):
    reading = read(Query("1", original))
    assert (reading.text, reading.language.code) == (text, code)


def test_a_stated_language_is_believed():
    assert read(Query("1", "I cant get in", "ru")).language == LanguageGuess("ru", 1.0)


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        pytest.param("I cant get in", (), id="nothing_odd"),
        pytest.param("", ("empty text",), id="empty"),
        pytest.param(" \n\t", ("empty text",), id="blanks"),
        pytest.param("\u200b<br>", ("empty after cleaning",), id="nothing_left"),
        pytest.param("???", ("unknown language",), id="no_letters"),
        pytest.param("I cant\ufffd get in", ("undecodable bytes",), id="replacement"),
        pytest.param("\x00", ("NUL characters removed", "empty after cleaning"), id="only_nul"),
    ],
)
def test_what_is_odd_about_a_text_is_warned_of(text, warnings):
    assert read(Query("1", text)).warnings == warnings


def test_warnings_of_the_source_come_first():
    assert read(Query("1", "", None, ("the row is short",))).warnings == ("the row is short", "empty text")


@pytest.mark.parametrize(
    ("original", "word", "shown"),
    [
        pytest.param("help", "help", "help", id="unchanged"),
        pytest.param("<p>mijn&nbsp;mail</p>", "mail", "mail", id="markup"),
        pytest.param("\r\n\r\nпочта не работает", "почта", "почта", id="leading_lines"),
        pytest.param("fÃ¥r ikke mail", "ikke", "ikke", id="mojibake_before"),
    ],
)
def test_a_word_of_the_reading_is_shown_in_the_original(original, word, shown):
    reading = read(Query("1", original))
    start = reading.text.index(word)
    first, last = reading.original_span(start, start + len(word))
    assert original[first:last] == shown


def test_an_empty_span_stays_empty_in_the_original():
    reading = read(Query("1", "<b>hallo</b>"))
    assert reading.original_span(2, 2) == (5, 5)


@pytest.mark.parametrize(
    ("original", "text", "core"),
    [
        pytest.param("Hoi, mail weg!", "Hoi, mail weg!", "     mail weg!", id="greeting"),
        pytest.param("<p>Hoi,<br>mail weg!</p>", "Hoi,\nmail weg!", "    \nmail weg!", id="cleaned before"),
        pytest.param("Bedankt voor de hulp!", "Bedankt voor de hulp!", "Bedankt voor de hulp!", id="nothing_else"),
        pytest.param("почта не работает", "почта не работает", "почта не работает", id="no_courtesy"),
        pytest.param("", "", "", id="empty"),
    ],
)
def test_the_core_is_the_cleaned_text_with_courtesy_blanked(original, text, core):
    reading = read(Query("1", original))
    assert (reading.text, reading.core) == (text, core)


def test_a_reading_made_without_a_core_is_read_as_a_whole():
    assert Reading(Query("1", "Hoi, mail"), "Hoi, mail", None, LanguageGuess("nl", 1.0)).core == "Hoi, mail"


def test_the_language_is_told_from_the_whole_text():
    assert read(Query("1", "Beste collega, graag hulp. Groetjes, Anna")).language.code == "nl"
