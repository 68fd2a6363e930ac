"""The model as arrays: texts to two views, views to probabilities."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentclf.intake.cleaning import clean
from intentclf.predict.calibration import softmax
from intentclf.predict.features import CHAR, WORD, hash_grams
from intentclf.predict.linear import Vocabulary
from intentclf.predict.model import Head, Model, Thresholds, Views
from intentclf.records import Query
from intentclf.triage import triage, triage_many

WORDS = st.sampled_from("ik kan niet mail wachtwoord glemt passord почта не работает xbox outlook help ? 😀".split())
SENTENCES = st.lists(WORDS, max_size=8).map(" ".join)
TEXTS = st.lists(st.one_of(SENTENCES, st.text(st.characters(), max_size=40)), min_size=1, max_size=6)

SAMPLES = [
    "mijn wachtwoord is kwijt",
    "Får ikke logget inn på e-posten min",
    "Почта не приходит со вчерашнего дня!",
    "Outlook keeps crashing on my phone",
    "help",
    "",
    "x" * 500,
]


def features_of(model, *texts):
    return [text.features for text in model.read(texts)]


def views_of(model, *texts):
    return model.views(model.read(texts))


def weighed(model: Model, linear: float, pooled: float) -> Model:
    """The model with other weights of the two views, the same for all heads."""
    return replace(model, heads=tuple(replace(head, linear=linear, pooled=pooled) for head in model.heads))


@pytest.mark.parametrize(
    ("text", "head", "expected"),
    [
        pytest.param("xbox", "desk", [0.8, 0.05, 0.05, 0.05, 0.05], id="one known word"),
        pytest.param("Xbox XBOX", "desk", [0.8, 0.05, 0.05, 0.05, 0.05], id="twice the word, no other length"),
        pytest.param("my xbox now", "severity", [0.1, 0.1, 0.8], id="unknown words change nothing"),
        pytest.param("mail", "desk", [1 / 11, 1 / 11, 4 / 11, 4 / 11, 1 / 11], id="two classes alike"),
        pytest.param("", "desk", [0.2] * 5, id="empty"),
        pytest.param("zzz", "vague", [2 / 3, 1 / 3], id="bias alone"),
        pytest.param("xbox", "vague", [16 / 17, 1 / 17], id="word and bias"),
    ],
)
def test_probabilities_are_those_worked_out_by_hand(tiny, text, head, expected):
    rows = tiny.probabilities(views_of(tiny, text))
    assert rows[head][0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "head", "expected"),
    [
        pytest.param("xbox", "desk", [2 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6], id="direct path"),
        pytest.param("mail", "desk", [1 / 8, 1 / 8, 4 / 8, 1 / 8, 1 / 8], id="direct path of another word"),
        pytest.param("xbox", "severity", [0.8, 0.1, 0.1], id="hidden unit"),
        pytest.param("mail", "severity", [1 / 3] * 3, id="hidden unit that is silent"),
        pytest.param("xbox mail", "severity", [1 / 3] * 3, id="hidden unit between two words"),
        pytest.param("xbox xbox", "desk", [2 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6], id="twice the word, no other length"),
        pytest.param("zzz", "desk", [0.2] * 5, id="unknown word"),
        pytest.param("", "vague", [0.5, 0.5], id="empty"),
    ],
)
def test_probabilities_of_the_pooled_view_alone_are_those_worked_out_by_hand(tiny, text, head, expected):
    pooled = weighed(tiny, 0.0, 1.0)
    assert pooled.probabilities(views_of(pooled, text))[head][0] == pytest.approx(expected, rel=1e-5)


def test_two_words_have_less_of_each_direction_in_the_pooled_view(tiny):
    logits = views_of(tiny, "xbox mail").logits[0]
    assert logits[[0, 2]] == pytest.approx(np.array([1, 2]) * math.log(2) / math.sqrt(2), rel=1e-5)


@pytest.mark.parametrize(
    ("linear", "pooled", "odds"),
    [(1.0, 1.0, 2.0**5), (1.0, 0.5, 2.0**4.5), (0.5, 2.0, 2.0**4), (0.0, 3.0, 2.0**3), (0.0, 0.0, 1.0)],
)
def test_both_views_count_as_much_as_they_weigh(tiny, linear, pooled, odds):
    model = weighed(tiny, linear, pooled)
    assert model.probabilities(views_of(model, "xbox"))["desk"][0, 0] == pytest.approx(odds / (odds + 4), rel=1e-5)


def test_a_view_of_no_weight_changes_nothing(tiny):
    views = views_of(tiny, "xbox", "mail lost", "")
    silent = Views(views.margins, np.zeros_like(views.logits))
    for head in tiny.heads:
        assert np.array_equal(head.probabilities(views), head.probabilities(silent))


def test_two_n_grams_of_a_text_share_its_length(tiny):
    (features,) = features_of(tiny, "mail lost")
    assert features.value == pytest.approx([1 / math.sqrt(2)] * 2)


def test_the_value_of_a_repeated_word_grows_with_its_logarithm(tiny):
    (features,) = features_of(tiny, "mail mail xbox")
    assert max(features.value) / min(features.value) == pytest.approx(1 + math.log(2))


def test_words_and_characters_have_length_one_each(model):
    for features in features_of(model, *SAMPLES[:4]):
        kinds = model.vocabulary.kind[features.index]
        for kind in (WORD, CHAR):
            assert np.linalg.norm(features.value[kinds == kind]) == pytest.approx(1.0)


def test_rows_of_a_text_rise_and_stand_once(model):
    for features in features_of(model, *SAMPLES):
        assert np.all(np.diff(features.index) > 0)


def test_a_weight_of_two_squares_the_odds(tiny):
    hot = weighed(tiny, 2.0, 0.0)
    assert hot.probabilities(views_of(hot, "xbox"))["desk"][0, 0] == pytest.approx(256 / 260, rel=1e-6)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 3.0])
def test_the_weight_of_one_view_alone_is_the_reciprocal_of_a_temperature(temperature):
    margins, nothing = np.random.default_rng(1).normal(size=(9, 3)), np.zeros((9, 3))
    expected = softmax(margins, temperature)
    for weights, views in (((1, 0), Views(margins, nothing)), ((0, 1), Views(nothing, margins))):
        head = Head("desk", ("a", "b", "c"), 0, weights[0] / temperature, weights[1] / temperature)
        assert head.probabilities(views) == pytest.approx(expected)


@pytest.mark.parametrize("rows", [slice(0, 2), [0, 1], np.array([True, True, False])], ids=["slice", "list", "mask"])
def test_rows_of_views_are_those_of_both(rows):
    views = Views(np.arange(6.0).reshape(3, 2), -np.arange(6.0).reshape(3, 2))[rows]
    assert views.margins.tolist() == [[0, 1], [2, 3]]
    assert np.array_equal(views.logits, -views.margins)


def test_a_language_has_its_own_threshold_of_acceptance_or_that_of_all():
    limits = Thresholds(accept=0.8, accept_in={"ru": 0.9, "nn": 2.0})
    assert [limits.accept_for(language) for language in ("ru", "nn", "nl", "und")] == [0.9, 2.0, 0.8, 0.8]


@given(TEXTS)
def test_probabilities_of_every_head_sum_to_one(model, texts):
    cleaned = [clean(text).text for text in texts]
    for rows in model.probabilities(views_of(model, *cleaned)).values():
        assert rows.sum(axis=1) == pytest.approx(1.0)
        assert np.all(rows >= 0)


@given(TEXTS)
@settings(max_examples=40)
def test_the_answer_for_a_text_does_not_depend_on_its_batch(model, texts):
    queries = [Query(str(k), text) for k, text in enumerate(texts)]
    batch = [answer.to_dict() for answer in triage_many(queries, model)]
    assert batch == [triage(query, model).to_dict() for query in queries]


@pytest.mark.parametrize("view", ["margins", "logits"])
def test_views_of_a_text_are_the_same_to_the_bit_in_any_batch(model, view):
    texts = model.read(SAMPLES)
    together, turned = getattr(model.views(texts), view), getattr(model.views(texts[::-1]), view)
    alone = np.concatenate([getattr(views_of(model, text), view) for text in SAMPLES])
    assert np.array_equal(together, alone)
    assert np.array_equal(together, turned[::-1])


def test_an_empty_text_has_the_margins_of_the_bias(model):
    (text,) = model.read([""])
    assert (text.features.index.size, text.bag.bucket.size) == (0, 0)
    assert np.array_equal(model.views([text]).margins[0], model.linear.bias.astype(float))


def test_an_empty_text_has_the_logits_of_the_biases(model):
    network = model.network
    expected = np.maximum(network.hidden_bias, 0) @ network.output + network.output_bias
    assert views_of(model, "").logits[0] == pytest.approx(expected, abs=1e-6)


def test_no_texts_have_no_rows(model):
    rows = model.probabilities(views_of(model))
    assert {head: row.shape[0] for head, row in rows.items()} == dict.fromkeys(rows, 0)


def test_a_vocabulary_without_n_grams_knows_nothing():
    nothing = Vocabulary(np.empty(0, np.uint64), np.empty(0, np.float32), np.empty(0, np.uint8), 2, (2, 5))
    assert [features.index.size for features in nothing.features(hash_grams(["ja", ""]), 2)] == [0, 0]


def test_heads_are_found_by_name(tiny):
    assert tiny.head("severity") == tiny.heads[1]
    assert tiny.head("weather") is None


def test_the_heads_of_the_shipped_model_fill_its_columns_in_order(model):
    starts = np.cumsum([0, *(len(head.classes) for head in model.heads)])
    assert [head.start for head in model.heads] == starts[:-1].tolist()
    assert model.linear.start.size == model.vocabulary.hashes.size + 1
    assert {model.linear.scale.size, model.network.output_bias.size} == {starts[-1]}


def test_the_shipped_model_keeps_what_it_said_of_its_calibration_rows(model):
    assert model.held_out is not None
    assert model.held_out.heads == tuple(head.name for head in model.heads if head.name != "vague")
    assert {"nl", "nb", "ru", "en"} <= set(model.held_out.languages)


def test_every_class_of_the_shipped_model_stands_in_its_book(model):
    heads: list[Head] = [head for head in model.heads if head.name in model.books]
    assert [c for head in heads for c in head.classes if c not in model.books[head.name]] == []
    assert {head.name for head in model.heads} == {*model.books, "severity", "vague"}
