"""Which words spoke for a code, and where they stand in the original."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.intake import read
from intentclf.predict.evidence import Ask, rule_evidence, word_evidence
from intentclf.predict.linear import Features
from intentclf.predict.model import Model
from intentclf.records import Evidence, LanguageGuess, Query, Reading, RuleHit

LN2 = math.log(2)
WORDS = st.lists(st.sampled_from(["xbox", "mail", "lost", "and", "?"]), min_size=1, max_size=6).map(" ".join)


def parts_of(model: Model, text: str, book: str, code: str):
    """Everything that evidence needs for one code of one text."""
    reading, head = read(Query("1", text, "en")), model.head(book)
    assert head is not None
    (seen,) = model.read([reading.core])
    row = model.probabilities(model.views([seen]))[book][0]
    chosen = model.trees[book].membership(code)
    return head, chosen, row, reading, seen


def weighed(model: Model, linear: float, pooled: float) -> Model:
    """The model with other weights of the two views, the same for all heads."""
    return replace(model, heads=tuple(replace(head, linear=linear, pooled=pooled) for head in model.heads))


def evidence(model: Model, text: str, code: str, *, most: int = 9, book: str = "desk") -> tuple[Evidence, ...]:
    head, chosen, row, reading, seen = parts_of(model, text, book, code)
    return word_evidence(model, reading, seen, [Ask(head, chosen, row)], most=most)[0]


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


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        # ln 2 × (1 − 2/6) by the direct path
        pytest.param("xbox", "game", {"xbox": 2 / 3 * LN2}, id="direct path"),
        # 2 ln 2 × (0 − 4/8), against a class that this word says nothing of
        pytest.param("mail", "game", {"mail": -LN2}, id="against"),
        pytest.param("zzz", "game", {}, id="unknown word"),
    ],
)
def test_the_weight_of_a_word_in_the_pooled_view_is_the_one_worked_out_by_hand(tiny, text, code, expected):
    assert weights(weighed(tiny, 0.0, 1.0), text, code, most=-9) == pytest.approx(expected, rel=1e-5)


def test_the_weights_of_both_views_are_added(tiny):
    # 4 ln 2 by the linear view, ln 2 by the pooled one that counts twice: odds 2**6, so × (1 − 64/68)
    assert weights(weighed(tiny, 1.0, 2.0), "xbox", "game") == pytest.approx({"xbox": 6 / 17 * LN2}, rel=1e-5)


def test_a_word_that_stands_twice_shares_what_it_has_together(tiny):
    found = evidence(weighed(tiny, 1.0, 2.0), "xbox and xbox", "game")
    assert [each.start for each in found] == [0, 9]
    assert [each.weight for each in found] == pytest.approx([3 / 17 * LN2] * 2, rel=1e-5)


@pytest.mark.parametrize(("linear", "pooled"), [(1.0, 0.0), (0.0, 1.0), (0.75, 0.5)], ids=["linear", "pooled", "both"])
@given(text=WORDS, code=st.sampled_from(["game", "mail", "mail.lost", "mail.slow", "none"]))
def test_the_shares_of_all_words_sum_to_the_total_influence(tiny, linear, pooled, text, code):
    model = weighed(tiny, linear, pooled)
    head, chosen, row, _, seen = parts_of(model, text, "desk", code)
    views = model.views([seen])
    scores = linear * (views.margins[0] - model.linear.bias) + pooled * views.logits[0]  # the network has no biases
    found = {each.start: each.weight for each in evidence(model, text, code, most=-99)}  # all for and against
    assert sum(found.values()) == pytest.approx(float(scores @ model.influence(head, chosen, row)), abs=1e-5)


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
    head, chosen, row, _, seen = parts_of(model, "mijn wachtwoord is kwijt", "outlook_com", "not_outlook")
    one = Features(seen.features.index[:1], np.ones(1))
    step = head.linear * (model.linear.margins([one])[0] - model.linear.bias)
    bumped = np.exp(head.scores(model.views([seen]))[0] + 1e-4 * step[head.columns])
    change = math.log(bumped @ chosen / bumped.sum()) - math.log(row @ chosen)
    assert np.any(step != 0)
    assert change / 1e-4 == pytest.approx(float(step @ model.influence(head, chosen, row)), rel=1e-2)


def test_a_step_of_the_pooled_view_moves_the_probability_by_its_shares(model):
    # The share of a bucket is its value times the derivative by it, the length of the text held fixed.
    head, chosen, row, _, seen = parts_of(model, "mijn wachtwoord is kwijt", "outlook_com", "not_outlook")
    slope = model.influence(head, chosen, row) * head.pooled
    pooled = model.network.vectors.pool([seen.bag])[0].astype(float)
    text = pooled * model.network.gain / np.linalg.norm(pooled)
    weights = model.network.hidden.astype(float)
    active = text @ weights + model.network.hidden_bias > 0
    by_text = weights @ (active * (model.network.output @ slope)) + model.network.direct @ slope
    assert model.network.shares(seen.bag, slope[:, None]).sum() == pytest.approx(float(text @ by_text), rel=1e-3)


def test_courtesy_is_no_evidence(tiny):
    plain = Reading(Query("1", "mail lost"), "mail lost", None, LanguageGuess("en", 1.0))
    polite = Reading(
        Query("1", "mail, mail lost"), "mail, mail lost", None, LanguageGuess("en", 1.0), (), "      mail lost"
    )
    head, chosen, row, _, seen = parts_of(tiny, "mail lost", "desk", "mail.lost")
    (far,) = tiny.read([polite.core])
    read_as = ((plain, seen), (polite, far))
    found = [word_evidence(tiny, reading, text, [Ask(head, chosen, row)], most=9)[0] for reading, text in read_as]
    assert [(each.start, each.text, each.weight) for each in found[1]] == [
        (each.start + 6, each.text, each.weight) for each in found[0]
    ]


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
