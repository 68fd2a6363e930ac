"""The linear view: sparse bytes give what the dense product gives, and shares sum to the margins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from intentclf.predict.features import CHAR, WORD, hash_grams
from intentclf.predict.linear import Features, Linear, Vocabulary

COLUMNS = 4


def sparse(dense: Any, scale: Any = None, bias: Any = None, encoder: Any = None) -> Linear:
    """A matrix of whole numbers, shape (n_features, n_columns), as the model holds it."""
    whole = np.asarray(dense, dtype=np.int8)
    row, column = np.nonzero(whole)
    columns = whole.shape[1]
    return Linear(
        np.searchsorted(row, np.arange(len(whole) + 1)).astype(np.uint32),
        column.astype(np.uint16),
        whole[row, column],
        np.ones(columns, np.float32) if scale is None else np.asarray(scale, dtype=np.float32),
        np.zeros(columns, np.float32) if bias is None else np.asarray(bias, dtype=np.float32),
        np.zeros((0, columns), np.float32) if encoder is None else np.asarray(encoder, dtype=np.float32),
    )


def features(*pairs: tuple[int, float]) -> Features:
    return Features(np.array([k for k, _ in pairs], np.int64), np.array([v for _, v in pairs], np.float64))


@st.composite
def machines(draw: st.DrawFn) -> tuple[NDArray[np.int8], Linear]:
    """A matrix, many of whose rows hold nothing, and the same as the model holds it."""
    numbers = st.sampled_from([0, 0, 0, 0, 1, -1, 5, 127, -128])
    rows = draw(st.lists(st.lists(numbers, min_size=COLUMNS, max_size=COLUMNS), min_size=1, max_size=12))
    real = st.lists(st.floats(-4, 4, width=32), min_size=COLUMNS, max_size=COLUMNS)
    dense = np.array(rows, dtype=np.int8)
    return dense, sparse(dense, np.abs(draw(real)) + np.float32(0.01), draw(real))


def texts_of(n_features: int) -> st.SearchStrategy[list[Features]]:
    pairs = st.dictionaries(st.integers(0, n_features - 1), st.floats(0.01, 1), max_size=n_features)
    return st.lists(pairs.map(lambda found: features(*sorted(found.items()))), max_size=4)


@given(st.data(), machines())
def test_margins_equal_the_dense_product(data, machine):
    dense, linear = machine
    texts = data.draw(texts_of(len(dense)))
    matrix = np.zeros((len(texts), len(dense)))
    for row, text in zip(matrix, texts, strict=True):
        row[text.index] = text.value
    expected = matrix @ (dense * linear.scale.astype(np.float64)) + linear.bias
    assert linear.margins(texts) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.data(), machines(), st.lists(st.floats(-3, 3), min_size=COLUMNS, max_size=COLUMNS))
def test_shares_sum_to_the_margins_without_the_bias(data, machine, factors):
    dense, linear = machine
    for text in data.draw(texts_of(len(dense))):
        shares = linear.shares(text, np.array(factors)[:, None])[:, 0]
        expected = (linear.margins([text])[0] - linear.bias) @ np.array(factors)
        assert shares.shape == text.index.shape
        assert shares.sum() == pytest.approx(expected, rel=1e-6, abs=1e-5)


@given(st.data(), machines())
def test_margins_of_a_text_are_the_same_to_the_bit_alone_and_in_a_batch(data, machine):
    dense, linear = machine
    texts = data.draw(texts_of(len(dense)))
    batch = linear.margins(texts)
    assert [row.tobytes() for row in batch] == [linear.margins([text]).tobytes() for text in texts]


MACHINE = [[2, 0, 0], [0, 0, 0], [0, -1, 4], [0, 0, 0]]  # n-grams 1 and 3 have no weights


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(features((0, 0.5)), [1 + 1, 0, 0], id="one n-gram: 2 x 1/2 x scale 1, bias 1"),
        pytest.param(features((2, 1.0)), [1, -10, 400], id="-1 x scale 10 and 4 x scale 100"),
        pytest.param(features((0, 0.5), (2, 0.25)), [2, -2.5, 100], id="two n-grams"),
        pytest.param(features((1, 1.0)), [1, 0, 0], id="an n-gram without weights"),
        pytest.param(features((1, 1.0), (2, 1.0), (3, 1.0)), [1, -10, 400], id="between n-grams without weights"),
        pytest.param(features(), [1, 0, 0], id="no n-grams: the bias"),
    ],
)
def test_margins_are_those_worked_out_by_hand(text, expected):
    linear = sparse(MACHINE, scale=[1, 10, 100], bias=[1, 0, 0])
    assert linear.margins([text]).tolist() == [pytest.approx(expected)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(features((0, 0.5), (2, 0.25)), [1.0, 2.5 + 200], id="1 x 1, and 1/4 x (-10 x -1 + 400 x 2)"),
        pytest.param(features((1, 1.0), (2, 1.0), (3, 1.0)), [0, 10 + 800, 0], id="n-grams without weights share 0"),
        pytest.param(features((3, 1.0)), [0], id="one alone"),
        pytest.param(features(), [], id="none"),
    ],
)
def test_shares_are_those_worked_out_by_hand(text, expected):
    linear = sparse(MACHINE, scale=[1, 10, 100], bias=[1, 0, 0])
    assert linear.shares(text, np.array([[1.0], [-1.0], [2.0]]))[:, 0].tolist() == pytest.approx(expected)


def test_a_machine_without_any_weight_says_its_bias():
    linear = sparse(np.zeros((3, 2)), bias=[-1, 0.5])
    assert linear.margins([features((0, 1.0), (2, 1.0)), features()]).tolist() == [[-1, 0.5]] * 2
    assert linear.shares(features((0, 1.0)), np.ones((2, 1))).tolist() == [[0.0]]


def test_no_texts_have_no_margins():
    assert sparse(MACHINE).margins([]).shape == (0, 3)


def test_weights_at_the_ends_of_a_byte_keep_their_sign():
    assert sparse([[127, -128]]).margins([features((0, 1.0))]).tolist() == [[127.0, -128.0]]


def test_vectors_of_an_encoder_are_added_and_have_no_share():
    linear = sparse(MACHINE, bias=[1, 0, 0], encoder=[[1, 0, 0], [0, 2, 0]])
    plain = features((0, 0.5))
    encoded = replace(plain, encoded=np.array([0.5, -1.0], np.float32))
    assert linear.margins([plain, encoded]).tolist() == [[2, 0, 0], [2.5, -2, 0]]
    assert linear.shares(encoded, np.ones((3, 1))).tolist() == linear.shares(plain, np.ones((3, 1))).tolist() == [[1.0]]


# --- the vocabulary before it

GRAMS = hash_grams(["mail lost"], words=2, chars=(4, 4))  # words: mail, lost, 'mail lost'; five runs of characters


def vocabulary(*places: int, idf: float = 1.0) -> Vocabulary:
    """Of some n-grams of 'mail lost', by their place in `GRAMS`."""
    order = sorted(places, key=lambda k: int(GRAMS.hash[k]))
    kinds = GRAMS.kind[order]
    return Vocabulary(GRAMS.hash[order], np.full(len(order), idf, np.float32), kinds, 2, (4, 4))


@pytest.mark.parametrize(
    ("places", "text", "lengths"),
    [
        pytest.param((0, 1), "mail lost", {WORD: 1.0, CHAR: 0.0}, id="words alone"),
        pytest.param((0, 3, 4), "mail lost", {WORD: 1.0, CHAR: 1.0}, id="words and characters have length 1 each"),
        pytest.param((0, 1), "zzz", {WORD: 0.0, CHAR: 0.0}, id="unknown words"),
        pytest.param((0, 1), "", {WORD: 0.0, CHAR: 0.0}, id="no words"),
        pytest.param((), "mail", {WORD: 0.0, CHAR: 0.0}, id="an empty vocabulary"),
    ],
)
def test_each_kind_of_n_gram_has_length_1_or_none(places, text, lengths):
    known = vocabulary(*places, idf=3.0)
    (found,) = known.features(hash_grams([text], words=2, chars=(4, 4)), 1)
    for kind, length in lengths.items():
        assert np.linalg.norm(found.value[known.kind[found.index] == kind]) == pytest.approx(length)


def test_a_word_that_stands_twice_weighs_1_and_ln_2_to_one_that_stands_once():
    (found,) = vocabulary(0, 1).features(hash_grams(["mail lost mail"], words=2, chars=(4, 4)), 1)
    assert found.value.max() / found.value.min() == pytest.approx(1 + np.log(2))


def test_places_in_the_vocabulary_rise_within_each_text():
    found = vocabulary(*range(GRAMS.hash.size)).features(hash_grams(["lost mail", "", "mail lost"], chars=(4, 4)), 3)
    assert [bool(np.all(np.diff(text.index) > 0)) for text in found] == [True] * 3
    assert found[1].index.size == 0
