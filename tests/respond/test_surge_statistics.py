"""Tail probabilities against values worked out otherwise, and what must hold of them for any numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.respond.surges.excess import sum_tail, tail_probability

NO_DOUBT = 1e9  # a shape at which the negative binomial is Poisson


def tail(observed, expected, shape=NO_DOUBT):
    return float(tail_probability(np.array([observed]), np.array([expected]), np.array([shape]))[0])


# P(X >= n) of Poisson, as 1 less the sum of e**-m m**k / k! below n.
@pytest.mark.parametrize(("observed", "mean"), [(3, 0.5), (5, 1.0), (10, 2.0), (20, 8.0), (40, 20.0)])
def test_without_doubt_about_the_rate_it_is_poisson(observed, mean):
    below = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(observed))
    assert tail(observed, mean) == pytest.approx(1 - below, rel=1e-4)


# Shape 1 is geometric: P(X >= n) = (m / (1 + m)) ** n.
@pytest.mark.parametrize(("observed", "mean"), [(3, 0.25), (8, 1.0), (30, 3.0)])
def test_with_the_least_history_it_is_geometric(observed, mean):
    assert tail(observed, mean, 1.0) == pytest.approx((mean / (1 + mean)) ** observed, rel=1e-6)


@given(st.floats(0.1, 30), st.integers(2, 60), st.floats(1, 200))
def test_more_is_rarer_and_doubt_makes_it_less_rare(mean, observed, shape):
    assert 0 <= tail(observed + 1, mean, shape) <= tail(observed, mean, shape) <= 1
    # Doubt fattens the tail from well above the mean on; near the mean it need not.
    if observed > 3 * mean + 5:
        assert tail(observed, mean, shape) >= tail(observed, mean, 10 * shape) * (1 - 1e-9)


@pytest.mark.parametrize("total", [8.0, 10.0, 12.0])
def test_a_weighted_sum_is_as_rare_as_draws_say(total):
    rng = np.random.default_rng(0)
    weights, expected = np.array([1.7, 1.0, 0.86, 0.54, 0.22]), np.array([0.5, 0.5, 1.0, 2.0, 4.0])
    shape = np.array([20.0, 21.0, 41.0, 82.0, 164.0])
    rates = rng.gamma(shape, expected / shape, (400_000, 5))
    drawn = float((rng.poisson(rates) @ weights >= total).mean())
    assert sum_tail(total, weights, expected, shape) == pytest.approx(drawn, rel=0.15)


def test_a_sum_near_its_mean_is_no_surprise():
    assert sum_tail(1.1, np.ones(1), np.ones(1), np.ones(1)) == 1.0


# One weight: the count itself is negative binomial; where a sum is not whole the next count above it is meant.
@pytest.mark.parametrize("weight", [1.0, 0.3, 1.27])
@pytest.mark.parametrize(("count", "mean", "shape"), [(10, 2.0, 1e9), (12, 3.0, 20.0), (40, 20.0, 164.0)])
def test_a_sum_of_one_weight_is_as_rare_as_its_count(weight, count, mean, shape):
    one = np.ones(1)
    found = sum_tail(weight * count, weight * one, mean * one, shape * one)
    assert found == pytest.approx(tail(count, mean, shape), rel=1e-9)
    assert sum_tail(weight * (count - 0.5), weight * one, mean * one, shape * one) == found


def test_counts_without_weight_are_left_out():
    weights, expected, shape = np.array([0.0, 1.0, 0.0]), np.array([50.0, 2.0, 0.0]), np.array([9.0, 1e9, 1.0])
    assert sum_tail(10.0, weights, expected, shape) == pytest.approx(tail(10, 2.0), rel=1e-9)


def test_a_sum_of_which_nearly_all_has_one_weight_is_at_most_half_too_small():
    rng = np.random.default_rng(0)
    weights, expected, shape = np.array([1.27, 0.9]), np.array([5.0, 0.01]), np.array([400.0, 20.0])
    drawn = rng.poisson(rng.gamma(shape, expected / shape, (1_000_000, 2))) @ weights
    total = 1.27 * 13
    assert 0.5 < sum_tail(total, weights, expected, shape) / float((drawn >= total - 1e-9).mean()) < 1.1
