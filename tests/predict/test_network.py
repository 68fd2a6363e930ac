"""The pooled view: by hand in two dimensions, against the estimator that it was fitted with, and its shares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from intentclf.predict.features import hash_grams
from intentclf.predict.network import Network, unit_rows
from intentclf.predict.vectors import Bag, Vectors, packed
from intentclf.train.network import PooledNetwork

ANY_TEXT = st.text(st.characters(), max_size=40)
BUCKETS = 64
TEXTS = ["wachtwoord vergeten", "glemt passordet mitt", "почта не приходит", "my xbox", "mail mail mail", "я"]


def floats(rows: Any) -> Any:
    return np.array(rows, dtype=np.float32)


def bag(*pairs: tuple[int, float]) -> Bag:
    return Bag(np.array([b for b, _ in pairs], np.int64), np.array([v for _, v in pairs], np.float32))


@pytest.fixture(scope="module")
def tiny() -> Network:
    """Two dimensions, two hidden units, two columns.

    Hidden: `x - y + 1` and `y - 5`. Output: `2 h1 + y` (and 1/2 for nothing) and `h1 - h2 - x`. The text is made 10
    long, so that a bag on bucket 0, (3, 4), becomes (6, 8): units 0 (for -1) and 3.
    """
    table = np.array([[3, 4], [1, 0], [0, 2], [-4, 3]], dtype=np.int8)
    return Network(
        Vectors(packed(table), floats([1, 1, 1, 1]), 1, (2, 2)),
        gain=10.0,
        hidden=floats([[1, 0], [-1, 1]]),
        hidden_bias=floats([1, -5]),
        output=floats([[2, 1], [0, -1]]),
        direct=floats([[0, -1], [1, 0]]),
        output_bias=floats([0.5, 0]),
    )


@pytest.fixture(scope="module")
def random() -> Network:
    """Eight dimensions, twelve hidden units, five columns."""
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=shape) for shape in ((8, 12), (12,), (12, 5), (8, 5), (5,))]
    return Network(Vectors.of(rng.normal(size=(BUCKETS, 8)), 2, (2, 4)), 4.0, *map(floats, weights))


def bags_of(network: Network, texts: list[str]) -> list[Bag]:
    vectors = network.vectors
    return vectors.bags(hash_grams(texts, words=vectors.words, chars=vectors.chars), len(texts))


# --- by hand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(bag((0, 1.0)), [8.5, -3 - 6], id="(6, 8): units 0 and 3"),
        pytest.param(bag((0, 7.0)), [8.5, -9], id="the length does not matter"),
        pytest.param(bag((1, 1.0)), [22.5, 11 - 10], id="(10, 0): units 11 and 0"),
        pytest.param(bag((2, 1.0)), [10.5, -5], id="(0, 10): units 0 and 5"),
        pytest.param(bag((1, 3.0), (2, 2.0)), [8.5, -9], id="3 x (1, 0) + 2 x (0, 2) is (3, 4) again"),
        pytest.param(bag((3, 1.0)), [6.5, -1 + 8], id="(-8, 6): units 0 and 1"),
        pytest.param(bag(), [2 * 1 + 0.5, 1], id="nothing: the units of their biases, 1 and 0"),
    ],
)
def test_logits_are_those_worked_out_by_hand(tiny, text, expected):
    assert tiny.logits([text]).tolist() == [pytest.approx(expected, abs=1e-4)]


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        # (6, 8) is 2 x 3 x (1, 0) and 2 x 2 x (0, 2); only unit 2, which is y, is active.
        pytest.param([1.0, 0.0], [0, 8], id="first column: y"),
        pytest.param([0.0, 1.0], [-6, -8], id="second column: -h2 - x"),
        pytest.param([2.0, -1.0], [6, 16 + 8], id="twice the first without the second"),
        pytest.param([0.0, 0.0], [0, 0], id="no column"),
    ],
)
def test_shares_are_those_worked_out_by_hand(tiny, factors, expected):
    shares = tiny.shares(bag((1, 3.0), (2, 2.0)), np.array(factors)[:, None])[:, 0]
    assert shares.tolist() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("texts", [[], [""], ["", " \n"]], ids=["no texts", "empty", "blanks"])
def test_texts_without_words_say_what_the_biases_say(random, texts):
    alone = np.maximum(random.hidden_bias, 0) @ random.output + random.output_bias
    logits = random.logits(bags_of(random, texts))
    assert logits.shape == (len(texts), 5)
    assert logits == pytest.approx(np.tile(alone, (len(texts), 1)), abs=1e-5)


def test_a_text_without_words_has_no_shares(random):
    assert random.shares(bag(), np.ones((5, 2))).shape == (0, 2)


def test_a_text_whose_vectors_cancel_out_is_like_an_empty_one(tiny):
    table = np.array([[1, 2], [-1, -2]], dtype=np.int8)
    network = replace(tiny, vectors=Vectors(packed(table), floats([1, 1]), 1, (2, 2)))
    both = bag((0, 1.0), (1, 1.0))
    assert network.logits([both]).tolist() == tiny.logits([bag()]).tolist()
    assert np.isfinite(network.shares(both, np.ones((2, 1)))).all()


# --- properties

FACTORS = st.lists(st.floats(-3, 3), min_size=5, max_size=5)


@given(ANY_TEXT, FACTORS)
def test_shares_sum_to_the_logits_without_the_biases_of_the_active_part(random, text, factors):
    (mine,) = bags_of(random, [text])
    unit, _ = unit_rows(random.vectors.pool([mine]))
    active = unit[0] * random.gain @ random.hidden + random.hidden_bias > 0
    biases = (active * random.hidden_bias) @ random.output + random.output_bias
    expected = (random.logits([mine])[0] - biases) @ np.array(factors)
    assert random.shares(mine, np.array(factors)[:, None]).sum() == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
def test_logits_of_a_text_are_the_same_to_the_bit_alone_and_in_a_batch(random, texts):
    batch = random.logits(bags_of(random, texts))
    assert [row.tobytes() for row in batch] == [random.logits(bags_of(random, [text])).tobytes() for text in texts]


@given(ANY_TEXT, st.floats(0.01, 100))
def test_a_text_said_louder_says_the_same(random, text, factor):
    (mine,) = bags_of(random, [text])
    louder = Bag(mine.bucket, mine.value * np.float32(factor))
    assert random.logits([louder]) == pytest.approx(random.logits([mine]), rel=1e-3, abs=1e-3)


@given(arrays_of.arrays(np.float32, (3, 4), elements=st.floats(-1e3, 1e3, width=32)))
def test_unit_rows_have_length_1_or_less_and_keep_their_type(rows):
    unit, length = unit_rows(rows)
    assert (str(unit.dtype), length.shape) == ("float32", (3, 1))
    assert unit * length == pytest.approx(rows, rel=1e-5, abs=1e-30)
    long = np.linalg.norm(rows, axis=1) > 0.1
    assert np.linalg.norm(unit[long], axis=1) == pytest.approx(1.0, abs=1e-4)
    assert np.all(np.linalg.norm(unit, axis=1) <= 1 + 1e-5)


# --- against the estimator that it was fitted with


@pytest.fixture(scope="module")
def fitted() -> PooledNetwork:
    rng = np.random.default_rng(0)
    data: Any = sp.random(60, BUCKETS, density=0.15, format="csr", random_state=rng)
    labels = np.stack([rng.integers(0, 3, 60), rng.integers(0, 2, 60)], axis=1)
    return PooledNetwork(floats(rng.normal(size=(BUCKETS, 8)) * 0.1), hidden=12, epochs=3, batch=16, gain=4.0).fit(
        data, labels
    )


def as_network(fitted: PooledNetwork) -> Network:
    weights = (fitted.hidden_, fitted.hidden_bias_, fitted.output_, fitted.direct_, fitted.output_bias_)
    return Network(Vectors.of(fitted.table_, 2, (2, 4)), fitted.gain, *weights)


def matrix_of(bags: list[Bag]) -> Any:
    rows = np.zeros((len(bags), BUCKETS))
    for row, each in zip(rows, bags, strict=True):
        row[each.bucket] = each.value
    return rows


def test_logits_are_those_of_the_estimator_but_for_quantisation(fitted):
    network = as_network(fitted)
    bags = bags_of(network, TEXTS)
    theirs = fitted.logits(matrix_of(bags))
    assert network.logits(bags) == pytest.approx(theirs, abs=0.25 * float(np.abs(theirs).max()))


def test_logits_are_those_of_the_estimator_with_the_same_rounded_table(fitted):
    network = as_network(fitted)
    rounded = PooledNetwork(gain=fitted.gain)
    rounded.__dict__.update(fitted.__dict__)
    rounded.table_ = network.vectors.dense()
    bags = bags_of(network, TEXTS)
    assert network.logits(bags) == pytest.approx(rounded.logits(matrix_of(bags)), abs=1e-6)
