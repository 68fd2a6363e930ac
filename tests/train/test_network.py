"""The pooled network: scikit-learn's own checks, its slopes against numerical ones, several labels at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

from intentclf.train.network import PooledNetwork

WEIGHTS = ("table_", "hidden_", "hidden_bias_", "output_", "direct_", "output_bias_")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small products of matrices wait for each other's threads where other programs keep the cores busy."""
    with threadpool_limits(1):
        yield


@parametrize_with_checks([PooledNetwork()])
def test_the_network_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)  # raises where it fails


def sample(rows: int = 240, *, seed: int = 0) -> tuple[Any, Any, Any]:
    """Sparse counts; a label of three classes and one of two that hang on them."""
    rng = np.random.default_rng(seed)
    topic, urgent = rng.integers(0, 3, rows), rng.integers(0, 2, rows)
    dense = rng.poisson(0.15, size=(rows, 40)).astype(float)
    dense[np.arange(rows), topic] += 2
    dense[np.arange(rows), 3 + urgent] += 2
    return sp.csr_matrix(dense), np.array(["mail", "game", "pay"])[topic], np.array(["ja", "nei"])[urgent]


def quick(**options: Any) -> PooledNetwork:
    return PooledNetwork(**({"hidden": 16, "epochs": 8, "batch": 32} | options))


def table(buckets: int = 40, dimensions: int = 12, seed: int = 2) -> Any:
    return np.random.default_rng(seed).normal(size=(buckets, dimensions)).astype(np.float32) * np.float32(0.1)


def weights_of(network: PooledNetwork) -> list[bytes]:
    return [getattr(network, name).tobytes() for name in WEIGHTS]


# --- what it learns


def test_unseen_rows_get_their_class():
    data, topic, _ = sample()
    network = quick().fit(data[:160], topic[:160])
    assert np.mean(network.predict(data[160:]) == topic[160:]) > 0.85
    assert list(network.classes_) == ["game", "mail", "pay"]


def test_several_labels_are_learnt_at_once():
    data, topic, urgent = sample()
    labels = np.stack([topic, urgent], axis=1)
    network = quick().fit(data[:160], labels[:160])
    said = network.predict(data[160:])
    assert [classes.tolist() for classes in network.classes_] == [["game", "mail", "pay"], ["ja", "nei"]]
    assert said.shape == (80, 2)
    assert (said == labels[160:]).mean(axis=0).tolist() == pytest.approx([1.0, 1.0], abs=0.15)


def test_probabilities_of_each_label_sum_to_1():
    data, topic, urgent = sample()
    shares = quick().fit(data, np.stack([topic, urgent], axis=1)).predict_proba(data)
    assert [share.shape for share in shares] == [(240, 3), (240, 2)]
    assert [share.sum(axis=1).tolist() for share in shares] == [pytest.approx([1.0] * 240)] * 2


def test_probabilities_are_the_softmax_of_the_logits_and_the_likeliest_class_is_said():
    data, topic, _ = sample()
    network = quick().fit(data, topic)
    powers = np.exp(network.logits(data))
    shares = network.predict_proba(data)
    assert shares == pytest.approx(powers / powers.sum(axis=1, keepdims=True))
    assert np.array_equal(network.predict(data), np.array(network.classes_)[shares.argmax(axis=1)])


def test_logits_of_all_labels_stand_side_by_side():
    data, topic, urgent = sample()
    network = quick().fit(data, np.stack([topic, urgent], axis=1))
    assert network.logits(data).shape == (240, 5)


def test_one_label_in_a_column_is_a_label_of_several_with_the_same_weights():
    data, topic, _ = sample()
    flat, column = quick().fit(data, topic), quick().fit(data, topic[:, None])
    assert weights_of(flat) == weights_of(column)
    assert column.predict(data).tolist() == flat.predict(data)[:, None].tolist()


def test_the_length_of_a_row_does_not_matter():
    data, topic, _ = sample()
    network = quick().fit(data, topic)
    assert network.logits(data * 7.0) == pytest.approx(network.logits(data), abs=1e-3)


def test_a_row_without_n_grams_gets_the_answer_of_the_biases():
    data, topic, _ = sample()
    network = quick().fit(data, topic)
    alone = np.maximum(network.hidden_bias_, 0) @ network.output_ + network.output_bias_
    assert network.logits(np.zeros((1, 40)))[0] == pytest.approx(alone, abs=1e-5)


# --- where it starts, and that it starts there again


def test_two_fits_are_the_same_to_the_byte():
    data, topic, _ = sample()
    assert weights_of(quick().fit(data, topic)) == weights_of(quick().fit(data, topic))


def test_another_seed_gives_other_weights():
    data, topic, _ = sample()
    assert weights_of(quick(seed=1).fit(data, topic)) != weights_of(quick(seed=2).fit(data, topic))


def test_dense_rows_give_the_weights_of_sparse_ones():
    data, topic, _ = sample()
    assert weights_of(quick().fit(data.toarray(), topic)) == weights_of(quick().fit(data, topic))


def test_vectors_start_from_the_table_that_is_given():
    data, topic, _ = sample()
    start = table()
    assert quick(table=start, epochs=0).fit(data, topic).table_.tobytes() == start.tobytes()


def test_the_table_that_is_given_is_not_changed():
    data, topic, _ = sample()
    start = table()
    before = start.copy()
    fitted = quick(table=start).fit(data, topic)
    assert np.array_equal(start, before)
    assert not np.array_equal(fitted.table_, before)


def test_without_a_table_vectors_start_at_random_with_64_dimensions():
    data, topic, _ = sample()
    begun = quick(epochs=0).fit(data, topic).table_
    assert (begun.shape, str(begun.dtype)) == ((40, 64), "float32")
    assert begun.std() == pytest.approx(0.03, rel=0.1)


def test_vectors_of_n_grams_that_no_row_holds_stay_where_they_are():
    data, topic, _ = sample()
    wide = sp.hstack([data, sp.csr_matrix((240, 5))], format="csr")
    start = table(45)
    fitted = quick(table=start).fit(wide, topic)
    assert np.array_equal(fitted.table_[40:], start[40:])
    assert not np.any(np.all(fitted.table_[:40] == start[:40], axis=1))


def test_a_clone_has_the_same_settings_and_is_not_fitted():
    data, topic, _ = sample()
    copy = clone(quick(table=table()).fit(data, topic))
    assert (copy.hidden, copy.table.shape, hasattr(copy, "table_")) == (16, (40, 12), False)


# --- the slopes


def frozen(**options: Any) -> tuple[PooledNetwork, Any, Any]:
    """A network after a few steps, nothing left out, with the rows and classes of a batch."""
    rng = np.random.default_rng(4)
    data: Any = sp.random(12, 9, density=0.5, format="csr", random_state=rng, dtype=np.float32)
    labels = np.stack([np.arange(12) % 3, np.arange(12) % 2], axis=1)
    settings = {"hidden": 5, "epochs": 2, "batch": 4, "dropout": 0.0, "gram_dropout": 0.0, "gain": 3.0} | options
    network = PooledNetwork(table(9, 4), **settings).fit(data, labels)
    target = np.zeros((12, 5), dtype=bool)
    target[np.arange(12), labels[:, 0]] = target[np.arange(12), 3 + labels[:, 1]] = True
    return network, data, target


def loss(weights: dict[str, Any], data: Any, target: Any, gain: float) -> float:
    """Mean cross-entropy summed over both labels, written down anew in double precision."""
    pooled = data.toarray().astype(float) @ weights["table_"]
    text = pooled / (np.linalg.norm(pooled, axis=1, keepdims=True) + 1e-6) * gain
    active = np.maximum(text @ weights["hidden_"] + weights["hidden_bias_"], 0)
    logits = active @ weights["output_"] + text @ weights["direct_"] + weights["output_bias_"]
    each = [np.log(np.exp(part).sum(axis=1)) for part in (logits[:, :3], logits[:, 3:])]
    return float((sum(each) - (logits * target).sum(axis=1)).mean())


def numerical(weights: dict[str, Any], name: str, data: Any, target: Any, gain: float) -> Any:
    """Gradient by central differences with respect to one of the weights."""
    slope = np.zeros(weights[name].shape)
    for place in np.ndindex(slope.shape):
        sides = []
        for step in (1e-6, -1e-6):
            moved = weights[name].copy()
            moved[place] += step
            sides.append(loss({**weights, name: moved}, data, target, gain))
        slope[place] = (sides[0] - sides[1]) / 2e-6
    return slope


@pytest.mark.parametrize("name", WEIGHTS)
def test_slopes_are_those_of_the_loss(name):
    network, data, target = frozen()
    used, moved, slopes = network._slopes(np.random.default_rng(0), data, target)
    found = slopes.get(name.removesuffix("_"), moved)
    weights = {each: getattr(network, each).astype(float) for each in WEIGHTS}
    expected = numerical(weights, name, data, target, 3.0)
    assert used.tolist() == np.unique(data.indices).tolist()
    assert found == pytest.approx(expected[used] if name == "table_" else expected, abs=1e-4)
    assert np.abs(expected).max() > 1e-3


def test_slopes_with_parts_left_out_are_right_on_the_average():
    network, data, target = frozen()
    _, exact, _ = network._slopes(np.random.default_rng(0), data, target)
    network.set_params(dropout=0.2, gram_dropout=0.1)
    rng = np.random.default_rng(1)
    mean = np.mean([network._slopes(rng, data, target)[1] for _ in range(400)], axis=0)
    assert np.corrcoef(mean.ravel(), exact.ravel())[0, 1] > 0.95


def test_training_lowers_the_loss():
    losses = []
    for epochs in (0, 5, 50):
        network, data, target = frozen(epochs=epochs)
        losses.append(loss({each: getattr(network, each) for each in WEIGHTS}, data, target, 3.0))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.5 * losses[0]


# --- what is refused


@pytest.mark.parametrize(
    "labels",
    [np.full(240, "mail"), np.stack([np.arange(240) % 2, np.zeros(240, int)], axis=1)],
    ids=["one label", "the second of two"],
)
def test_one_class_alone_is_refused(labels):
    with pytest.raises(ValueError, match="needs two classes at least, got 1 class"):
        quick().fit(sample()[0], labels)


def test_predicting_before_fitting_is_refused():
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        quick().predict(sample()[0])


def test_rows_of_another_width_are_refused():
    data, topic, _ = sample()
    with pytest.raises(ValueError, match="X has 39 features, but PooledNetwork is expecting 40"):
        quick(epochs=1).fit(data, topic).predict(data[:, :39])


def test_a_label_that_is_not_told_of_a_text_learns_nothing_from_it():
    data, topic, urgent = sample()
    both = np.stack([topic, urgent], axis=1)
    both[:100, 1] = ""
    fitted = quick(missing="").fit(data, both)
    assert [classes.tolist() for classes in fitted.classes_] == [["game", "mail", "pay"], ["ja", "nei"]]
    assert (fitted.predict(data[:100]) == np.stack([topic, urgent], axis=1)[:100]).mean() > 0.8
    _, _, slopes = fitted._slopes(np.random.default_rng(0), data[:5], np.zeros((5, 5), dtype=bool))
    assert not any(slope.any() for slope in slopes.values())


def test_a_table_of_another_number_of_buckets_is_refused():
    data, topic, _ = sample()
    with pytest.raises(ValueError, match="table"):
        quick(table=table(64)).fit(data, topic)
