"""Texts of one meaning come together: what moves, what does not, and that the slope is the loss's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from intentclf.predict.features import hash_grams
from intentclf.predict.vectors import Vectors
from intentclf.train import contrast as module
from intentclf.train.contrast import bag_matrix, bucket_weights, contrast, starting_table

BUCKETS = 512
GROUPS = [
    ("wachtwoord vergeten", "glemt passordet", "забыл пароль", "forgot password"),
    ("factuur niet betaald", "faktura ikke betalt", "счёт не оплачен", "invoice not paid"),
    ("scherm blijft zwart", "skjermen er svart", "экран чёрный", "black screen"),
    ("pakket nooit geleverd", "pakken kom aldri", "посылка не пришла", "parcel never came"),
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small products of matrices wait for each other's threads where other programs keep the cores busy."""
    with threadpool_limits(1):
        yield


def bags_of(texts: Sequence[str]) -> Any:
    return bag_matrix(texts, buckets=BUCKETS, words=2, chars=(2, 4))


def flat(groups: Sequence[tuple[str, ...]]) -> tuple[Any, Any]:
    """Bags of all texts, and the group of each."""
    texts = [text for group in groups for text in group]
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    return bags_of(texts), np.repeat(np.arange(sizes.size), sizes)


def random_table(seed: int = 1, dimensions: int = 16) -> Any:
    return starting_table(np.ones(BUCKETS, np.float32), dimensions, seed=seed)


def learn(groups: Sequence[tuple[str, ...]], table: Any = None, *, seed: int = 17, **options: Any) -> Any:
    bags, number = flat(groups)
    start = random_table() if table is None else table
    return contrast(bags, number, start, seed=seed, **({"epochs": 20, "batch": 4} | options))


def cosines(bags: Any, table: Any) -> Any:
    rows = bags @ table
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


# --- what comes together


def pairs(number: Any) -> tuple[Any, Any]:
    """Which pairs of texts mean the same, a text and itself left out, and which do not."""
    same = number[:, None] == number
    return same & ~np.eye(number.size, dtype=bool), ~same


def test_translations_come_together_and_unrelated_texts_do_not():
    bags, number = flat(GROUPS)
    same, other = pairs(number)
    before, after = cosines(bags, random_table()), cosines(bags, learn(GROUPS))
    assert abs(before[same].mean() - before[other].mean()) < 0.1
    assert after[same].mean() > 0.5
    assert after[other].mean() < 0


def test_the_closest_text_is_a_translation():
    bags, number = flat(GROUPS)
    after = cosines(bags, learn(GROUPS, epochs=60))
    np.fill_diagonal(after, -1)
    assert number[after.argmax(axis=1)].tolist() == number.tolist()


def test_two_groups_alone_are_told_apart():
    bags, number = flat(GROUPS[:2])
    same, other = pairs(number)
    after = cosines(bags, learn(GROUPS[:2], batch=2, epochs=100))
    assert after[same].min() > after[other].max()


def test_more_epochs_bring_texts_closer():
    bags, number = flat(GROUPS)
    same = number[:, None] == number
    means = [cosines(bags, learn(GROUPS, epochs=epochs))[same].mean() for epochs in (0, 2, 20)]
    assert means == sorted(means)
    assert means[0] < means[1] < means[2]


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param([(text,) for group in GROUPS for text in group], id="all groups of one text"),
        pytest.param([GROUPS[0], ("alone",)], id="one group of several texts"),
        pytest.param([], id="no groups"),
    ],
)
def test_texts_without_a_pair_to_tell_apart_change_nothing(groups):
    table = random_table()
    found = learn(groups, table)
    assert found.tobytes() == table.tobytes()
    assert found is not table


def test_groups_of_one_text_change_nothing_between_others():
    lonely = [("alleen",), GROUPS[0], ("alene",), GROUPS[1], GROUPS[2], ("один",), GROUPS[3], ("lonely",)]
    assert learn(lonely).tobytes() == learn(GROUPS).tobytes()


def test_no_epochs_change_nothing():
    table = random_table()
    assert learn(GROUPS, table, epochs=0).tobytes() == table.tobytes()


def test_the_table_that_was_given_is_not_changed():
    table = random_table()
    before = table.copy()
    learn(GROUPS, table)
    assert np.array_equal(table, before)


def test_buckets_of_no_text_keep_their_vectors():
    table = random_table()
    bags, _ = flat(GROUPS)
    unused = np.setdiff1d(np.arange(BUCKETS), bags.indices)
    found = learn(GROUPS, table)
    assert unused.size > 50
    assert np.array_equal(found[unused], table[unused])
    assert not np.array_equal(found, table)


def test_a_batch_larger_than_there_are_groups_takes_them_all():
    assert learn(GROUPS, batch=1000).tobytes() == learn(GROUPS, batch=4).tobytes()


# --- the same again


def test_two_runs_are_the_same_to_the_byte():
    assert learn(GROUPS).tobytes() == learn(GROUPS).tobytes()


def test_another_seed_gives_another_table():
    assert learn(GROUPS, seed=1).tobytes() != learn(GROUPS, seed=2).tobytes()


@pytest.mark.parametrize("weight", [[1.0, 1.0, 1.0, 1.0], [0.1, 5.0, 0.1, 5.0]], ids=["alike", "uneven"])
def test_groups_that_are_drawn_by_weight_are_drawn_the_same_again(weight):
    found = [learn(GROUPS, weight=np.array(weight)).tobytes() for _ in range(2)]
    assert found[0] == found[1] != learn(GROUPS).tobytes()


def test_a_group_of_no_weight_is_not_drawn():
    table = random_table()
    bags, number = flat(GROUPS)
    mine = np.setdiff1d(bags[number == 3].indices, bags[number != 3].indices)
    found = learn(GROUPS, table, weight=np.array([1.0, 1.0, 1.0, 0.0]))
    assert mine.size > 5
    assert np.array_equal(found[mine], table[mine])


# --- one step


def loss(table: Any, pair: Any, temperature: float) -> float:
    """Cross-entropy of every left text among the right ones and the other way round, halved, in double precision."""
    rows = pair @ table
    unit = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
    half = len(unit) // 2
    scores = unit[:half] @ unit[half:].T / temperature
    one, other = (np.log(np.exp(each).sum(axis=1)) - np.diag(each) for each in (scores, scores.T))
    return float((one + other).sum() / 2)


def numerical(table: Any, value: Any, step: float = 1e-5) -> Any:
    """Gradient by central differences."""
    slope = np.zeros_like(table)
    for place in np.ndindex(table.shape):
        moved = [table.copy(), table.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        slope[place] = (value(moved[0]) - value(moved[1])) / (2 * step)
    return slope


@pytest.mark.parametrize("seed", range(4))
def test_one_step_goes_down_the_slope_of_the_loss(seed):
    rng = np.random.default_rng(seed)
    pair: Any = sp.random(6, 10, density=0.5, format="csr", dtype=np.float32, random_state=rng)
    before = rng.normal(size=(10, 3)).astype(np.float32)
    after, squares = before.copy(), np.full(10, 4.0, dtype=np.float32)
    module._step(pair, after, squares, 0.01)
    taken = (before.astype(float) - after) * np.sqrt(squares)[:, None] / 0.01
    slope = numerical(before.astype(float), lambda table: loss(table, pair.toarray().astype(float), 0.05))
    assert taken == pytest.approx(slope, abs=1e-3 * float(np.abs(slope).max()))
    assert squares == pytest.approx(4.0 + (slope * slope).mean(axis=1), rel=1e-3)


def test_one_step_lowers_the_loss():
    bags, number = flat(GROUPS)
    pair = sp.vstack([bags[[0, 4, 8, 12]], bags[[1, 5, 9, 13]]], format="csr")
    table = random_table()
    before = loss(table, pair.toarray(), 0.05)
    module._step(pair, table, np.full(BUCKETS, 1e-6, np.float32), 0.01)
    assert loss(table, pair.toarray(), 0.05) < before
    assert number.size == 16


# --- bags, weights and the starting table


def test_bags_of_training_are_those_of_answering():
    texts = ["wachtwoord vergeten", "", "mail mail mail", "почта не приходит 😀"]
    vectors = Vectors.of(np.ones((BUCKETS, 2)), 2, (2, 4))
    matrix = bags_of(texts)
    for row, bag in zip(matrix, vectors.bags(hash_grams(texts, words=2, chars=(2, 4)), len(texts)), strict=True):
        order = np.argsort(row.indices)
        assert row.indices[order].tolist() == bag.bucket.tolist()
        assert row.data[order] == pytest.approx(bag.value, rel=1e-6)


def test_reading_in_pieces_changes_nothing(monkeypatch):
    texts = [text for group in GROUPS for text in group]
    whole = bags_of(texts)
    monkeypatch.setattr(module, "_CHUNK", 3)
    pieces = bags_of(texts)
    assert (pieces.shape, (whole != pieces).nnz) == (whole.shape, 0)


def test_no_texts_make_a_matrix_without_rows():
    assert bags_of([]).shape == (0, BUCKETS)


def test_a_bucket_weighs_less_the_more_texts_hold_it():
    bags = sp.csr_matrix(np.array([[1, 1, 0, 0], [1, 0, 0, 2], [1, 0, 0, 0]], dtype=np.float32))
    assert bucket_weights(bags) == pytest.approx([0.0, np.log(2), np.log(4), np.log(2)])  # ln of 4/4, 4/2, 4/1, 4/2


def test_the_starting_table_is_random_of_the_length_that_each_bucket_weighs():
    weights = np.linspace(0, 4, 2000, dtype=np.float32)
    table = starting_table(weights, 64, seed=17)
    lengths = np.linalg.norm(table, axis=1)
    assert (table.shape, str(table.dtype), lengths[0]) == ((2000, 64), "float32", 0.0)
    assert lengths[1:] / weights[1:] == pytest.approx(0.3, rel=0.4)
    assert (lengths[1:] / weights[1:]).mean() == pytest.approx(0.3, rel=0.02)
    assert np.abs(table.mean(axis=0)).max() < 0.01


def test_the_starting_table_hangs_on_its_seed_alone():
    weights = np.ones(50, np.float32)
    assert starting_table(weights, 8, seed=3).tobytes() == starting_table(weights, 8, seed=3).tobytes()
    assert starting_table(weights, 8, seed=3).tobytes() != starting_table(weights, 8, seed=4).tobytes()
