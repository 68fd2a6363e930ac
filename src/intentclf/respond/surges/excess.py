"""How unlikely a count is: enters observed and expected numbers, leaves tail probabilities.

The rate of a group is known from its history only, so its count follows a negative binomial distribution, the mixture
of Poisson distributions over a rate of gamma distribution (Greenwood and Yule, 1920). Where a group is the k nearest of
a sample, the number of new ones that are nearer than the k-th is exactly so distributed, with shape k.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["sum_tail", "tail_probability"]

Floats = NDArray[np.float64]

_WORTH = 1.0  # standard deviations above the mean from which on a tail is worked out
_TERMS = 2000
_SMALLEST = 1e-12
_STEPS = 60
_ROUNDING = 1e-9


def tail_probability(observed: NDArray[Any], expected: NDArray[Any], shape: NDArray[Any]) -> Floats:
    """P(X >= observed) of a negative binomial variable; 1 where observed is not well above expected.

    Parameters
    ----------
    observed : ndarray of int
    expected : ndarray of float
        Mean, above 0.
    shape : ndarray of float
        Shape of the gamma distribution of the rate: the variance is expected + expected**2 / shape. All three of one
        shape.

    Examples
    --------
    >>> poisson = tail_probability(np.array([5]), np.array([1.0]), np.array([1e9]))
    >>> round(float(poisson[0]), 5)
    0.00366
    """
    observed, expected, shape = (np.asarray(each, dtype=np.float64) for each in (observed, expected, shape))
    expected = np.maximum(expected, _SMALLEST)
    spread = np.sqrt(expected + expected * expected / shape)
    found = np.ones(observed.shape)
    for place in zip(*np.nonzero(observed > expected + _WORTH * spread), strict=True):
        found[place] = _tail(float(observed[place]), float(expected[place]), float(shape[place]))
    return found


def _tail(observed: float, mean: float, shape: float) -> float:
    share = mean / (mean + shape)
    log_mass = (
        math.lgamma(observed + shape)
        - math.lgamma(shape)
        - math.lgamma(observed + 1)
        + observed * math.log(share)
        + shape * math.log1p(-share)
    )
    # Each term is the one before times a ratio below 1 that tends to `share`.
    total = term = 1.0
    for k in range(1, _TERMS):
        term *= share * (observed + shape + k - 1) / (observed + k)
        total += term
        if term < 1e-9 * total:
            break
    return min(1.0, math.exp(log_mass) * total)


def sum_tail(total: float, weights: Floats, expected: Floats, shape: Floats) -> float:
    """P(sum >= total) of weighted counts, each negative binomial and independent of the others.

    By the saddlepoint approximation of Lugannani and Rice (1980), which takes the sum for continuous: good to some tens
    of percent far out in the tail where several different weights share the mean, up to half too small where nearly all
    of it has one weight, exact where there is one weight only (`tail_probability`). 1 where the total is not well above
    its mean.

    Parameters
    ----------
    total : float
    weights, expected, shape : ndarray of shape (n_counts,)
        Expected and shape as in `tail_probability`, above 0; counts of weight 0 are left out.

    Examples
    --------
    >>> one = np.ones(1)
    >>> both = sum_tail(20.0, 2 * one, 2 * one, 1e6 * one), tail_probability(10 * one, 2 * one, 1e6 * one)[0]
    >>> tuple(round(float(each), 6) for each in both)
    (4.6e-05, 4.6e-05)
    """
    counts = weights > 0
    weights, expected, shape = weights[counts], np.maximum(expected[counts], _SMALLEST), shape[counts]
    if len(weights) == 1:
        return float(tail_probability(np.ceil(total / weights - _ROUNDING), expected, shape)[0])
    spread = math.sqrt(float((weights**2 * (expected + expected**2 / shape)).sum()))
    if total <= float(weights @ expected) + _WORTH * spread:
        return 1.0
    # Between 0 and the pole of the cumulant generating function its slope rises from the mean to infinity.
    low, high = 0.0, float((np.log1p(shape / expected) / weights).min())
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _slope(middle, weights, expected, shape)[0] < total:
            low = middle
        else:
            high = middle
    tilt = low
    level = float(-(shape * np.log1p(-expected * np.expm1(tilt * weights) / shape)).sum())
    root = math.sqrt(max(2 * (tilt * total - level), _SMALLEST))
    other = tilt * math.sqrt(_slope(tilt, weights, expected, shape)[1])
    density = math.exp(-root * root / 2) / math.sqrt(2 * math.pi)
    return min(1.0, max(math.erfc(root / math.sqrt(2)) / 2 + density * (1 / other - 1 / root), 0.0))


def _slope(tilt: float, weights: Floats, expected: Floats, shape: Floats) -> tuple[float, float]:
    """First and second derivative of the cumulant generating function."""
    risen = expected * np.exp(tilt * weights)
    left = 1 - (risen - expected) / shape
    first = weights * risen / left
    return float(first.sum()), float((weights * first + first * first / shape).sum())
