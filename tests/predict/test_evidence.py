"""Which words spoke for a code, and where they stand in the original."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.intake import read
from intentclf.predict.evidence import rule_evidence, word_evidence
from intentclf.predict.model import Model
from intentclf.records import Evidence, Query, Reading, RuleHit

LN2 = math.log(2)
WORDS = st.lists(st.sampled_from(["xbox", "mail", "lost", "and", "?"]), min_size=1, max_size=6).map(" ".join)


def parts_of(model: Model, text: str, book: str, code: str):
    """Everything that `word_evidence` needs for one code of one text."""
    reading, head = read(Query("1", text, "en")), model.head(book)
    assert head is not None
    features = model.vocabulary.features([reading.text])
    row = model.probabilities(model.margins(features))[book][0]
    chosen = model.trees[book].membership(code)
    return head, chosen, row, reading, features[0]


def evidence(model: Model, text: str, code: str, *, most: int = 9, book: str = "desk") -> tuple[Evidence, ...]:
    return word_evidence(model, *parts_of(model, text, book, code), most=most)


def weights(model: Model, text: str, code: str, *, most: int = 9) -> dict[str, float]:
    return {each.text: each.weight for each in evidence(model, text, code, most=most)}


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        # 4 ln 2 × (1 − 16/20), for the one class of the code
        pytest.param("xbox", "game", {"xbox": 0.8 * LN2}, id="one word, one class"),
        # Two classes with weight 2 each: 2 ln 2 × (4/9 − 4/11), twice
        pytest.param("mail", "mail", {"mail": 32 / 99 * LN2}, id="one word, parent"),
        # 2 ln 2 × (1 − 4/11) for its own class, 2 ln 2 × (0 − 4/11) for the sibling's
        pytest.param("mail", "mail.lost", {"mail": 6 / 11 * LN2}, id="one word, child"),
        pytest.param("zzz", "game", {}, id="unknown word"),
    ],
)
def test_the_weight_of_a_word_is_the_one_worked_out_by_hand(tiny, text, code, expected):
    assert weights(tiny, text, code) == pytest.approx(expected, rel=1e-6)


def test_a_pair_gives_half_of_its_share_to_each_of_its_words(tiny):
    # Both n-grams have the value 1/√2; odds of mail.lost 2**(6/√2), of mail.slow 2**(2/√2), of the three others 1.
    lost, slow = 2 ** (6 / math.sqrt(2)), 2 ** (2 / math.sqrt(2))
    for_lost, for_slow = 1 - lost / (lost + slow + 3), -slow / (lost + slow + 3)
    word = (2 * for_lost + 2 * for_slow) * LN2 / math.sqrt(2)
    pair = 4 * for_lost * LN2 / math.sqrt(2)
    expected = {"mail": word + pair / 2, "lost": pair / 2}
    assert weights(tiny, "mail lost", "mail.lost") == pytest.approx(expected, rel=1e-6)


@given(text=WORDS, code=st.sampled_from(["game", "mail", "mail.lost", "mail.slow", "none"]))
def test_the_shares_of_all_words_sum_to_the_total_influence(tiny, text, code):
    head, chosen, row, _, features = parts_of(tiny, text, "desk", code)
    by_feature = tiny.weights[features.index][:, head.columns] @ (tiny.influence(head, chosen, row) * LN2)
    found = {each.start: each.weight for each in evidence(tiny, text, code, most=-99)}  # all for and against
    assert sum(found.values()) == pytest.approx(float(features.value @ by_feature), abs=1e-6)


@pytest.mark.parametrize(
    ("most", "expected"), [(0, []), (1, ["xbox"]), (9, ["xbox"]), (-1, ["xbox", "mail"]), (-9, ["xbox", "mail"])]
)
def test_words_are_given_for_and_with_a_negative_number_against_too(tiny, most, expected):
    assert [each.text for each in evidence(tiny, "mail and xbox", "game", most=most)] == expected


def test_words_come_largest_first_and_those_against_are_negative(tiny):
    found = [each.weight for each in evidence(tiny, "mail and xbox", "game", most=-9)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0 < found[0]


@pytest.mark.parametrize("text", ["", "?", "zzz"])
def test_a_text_without_known_words_has_no_evidence(tiny, text):
    assert evidence(tiny, text, "game") == ()


def test_the_whole_influence_tells_how_the_probability_moves(model):
    # A small step along a feature changes the log-probability by its influence: numerical derivative.
    head, chosen, row, _, features = parts_of(model, "mijn wachtwoord is kwijt", "outlook_com", "not_outlook")
    slope = model.weights[features.index[0], head.columns] * model.scale[head.columns]
    margins = model.margins([features])[0, head.columns]
    bumped = np.exp((margins + 1e-4 * slope) / head.temperature)
    change = math.log(bumped @ chosen / bumped.sum()) - math.log(row @ chosen)
    assert change / 1e-4 == pytest.approx(float(slope @ model.influence(head, chosen, row)), rel=1e-2)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        pytest.param("my mail", "mail", id="plain"),
        pytest.param("<p>my <b>Mail</b></p>", "Mail", id="HTML"),
        pytest.param("<div title='mail'>my mail</div>", "mail", id="word in a tag too"),
        pytest.param("&lt;mail&gt;", "mail", id="entities around"),
        pytest.param("cafÃ© mail", "mail", id="mojibake before"),
        pytest.param("\u200bma\u00adil now", "ma\u00adil", id="soft hyphen inside"),
    ],
)
def test_a_span_shows_the_word_in_the_original(tiny, original, expected):
    (found,) = evidence(tiny, original, "mail")
    assert (found.text, original[found.start : found.end]) == (expected, expected)


def test_a_word_in_a_tag_is_not_taken_for_the_word_in_the_text(tiny):
    original = "<div title='mail'>my mail</div>"
    assert evidence(tiny, original, "mail")[0].start == original.rindex("mail")


MENDED = [
    pytest.param("cafÃ© nu", "café", "cafÃ©", id="mojibake, Latin"),
    pytest.param("Ð¿Ð¾Ñ‡Ñ‚Ð°", "почта", "Ð¿Ð¾Ñ‡Ñ‚Ð°", id="mojibake, Cyrillic"),
    pytest.param("Ð½Ðµ Ð¿Ñ€Ð¸ÑˆÐ»Ð¾", "не", "Ð½Ðµ", id="mojibake, first of two"),
    pytest.param("Ik kan &eacute;&eacute;n mail", "één", "&eacute;&eacute;n", id="entities inside a word"),
    pytest.param("gru\u0308n nu", "grün", "gru\u0308n", id="decomposed letter"),
]


@pytest.mark.parametrize(("original", "word", "expected"), MENDED)
def test_a_mended_word_shows_as_a_whole_in_the_original(original, word, expected):
    reading = read(Query("1", original))
    start = reading.text.index(word)
    a, b = reading.original_span(start, start + len(word))
    assert original[a:b] == expected


def test_a_rule_shows_its_words_its_source_and_its_precision():
    text = "<b>het wachtwoord is kwijt</b>"
    reading: Reading = read(Query("1", text, "nl"))
    hit = RuleHit("r", "desk", "mail", 0.81, "desk.txt:4", 4, 23)
    expected = Evidence(7, 26, "wachtwoord is kwijt", 0.81, "r", "desk.txt:4")
    assert rule_evidence(reading, hit) == expected
