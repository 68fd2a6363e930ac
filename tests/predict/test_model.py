"""The model as arrays: texts to weighted n-grams, margins, probabilities."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentclf.intake.cleaning import clean
from intentclf.predict.features import CHAR, WORD
from intentclf.predict.model import Head, Vocabulary
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
    return model.vocabulary.features(texts)


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
    rows = tiny.probabilities(tiny.margins(features_of(tiny, text)))
    assert rows[head][0] == pytest.approx(expected, rel=1e-6)


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


def test_a_temperature_of_one_half_squares_the_odds(tiny):
    hot = replace(tiny, heads=(replace(tiny.heads[0], temperature=0.5), *tiny.heads[1:]))
    rows = hot.probabilities(hot.margins(features_of(hot, "xbox")))
    assert rows["desk"][0, 0] == pytest.approx(256 / 260, rel=1e-6)


@given(TEXTS)
def test_probabilities_of_every_head_sum_to_one(model, texts):
    cleaned = [clean(text).text for text in texts]
    for rows in model.probabilities(model.margins(features_of(model, *cleaned))).values():
        assert rows.sum(axis=1) == pytest.approx(1.0)
        assert np.all(rows >= 0)


@given(TEXTS)
@settings(max_examples=40)
def test_the_answer_for_a_text_does_not_depend_on_its_batch(model, texts):
    queries = [Query(str(k), text) for k, text in enumerate(texts)]
    batch = [answer.to_dict() for answer in triage_many(queries, model)]
    assert batch == [triage(query, model).to_dict() for query in queries]


def test_margins_of_a_text_are_the_same_to_the_bit_in_any_batch(model):
    features = features_of(model, *SAMPLES)
    together, turned = model.margins(features), model.margins(features[::-1])
    alone = np.concatenate([model.margins(features_of(model, text)) for text in SAMPLES])
    assert np.array_equal(together, alone)
    assert np.array_equal(together, turned[::-1])


def test_an_empty_text_has_the_margins_of_the_bias(model):
    (features,) = features_of(model, "")
    assert features.index.size == 0
    assert np.array_equal(model.margins([features])[0], model.bias.astype(float))


def test_no_texts_have_no_rows(model):
    rows = model.probabilities(model.margins(features_of(model)))
    assert {head: row.shape[0] for head, row in rows.items()} == dict.fromkeys(rows, 0)


def test_a_vocabulary_without_n_grams_knows_nothing():
    nothing = Vocabulary(np.empty(0, np.uint64), np.empty(0, np.float32), np.empty(0, np.uint8), 2, (2, 5))
    assert [features.index.size for features in nothing.features(["ja", ""])] == [0, 0]


def test_heads_are_found_by_name(tiny):
    assert tiny.head("severity") == tiny.heads[1]
    assert tiny.head("weather") is None


def test_the_heads_of_the_shipped_model_fill_its_columns_in_order(model):
    starts = np.cumsum([0, *(len(head.classes) for head in model.heads)])
    assert [head.start for head in model.heads] == starts[:-1].tolist()
    assert model.weights.shape == (model.vocabulary.hashes.size, starts[-1])


def test_every_class_of_the_shipped_model_stands_in_its_book(model):
    heads: list[Head] = [head for head in model.heads if head.name in model.books]
    assert [c for head in heads for c in head.classes if c not in model.books[head.name]] == []
    assert {head.name for head in model.heads} == {*model.books, "severity", "vague"}
