"""The pooled view of a text: the sum of its sub-word vectors through one hidden layer, for all heads at once.

A word that no training text held still lies near its kin in the table of vectors, in whatever language. The weights
come from `train.network`; here is arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.vectors import Bag, Vectors

__all__ = ["Network", "unit_rows"]

Floats = NDArray[np.float32]
_SMALLEST = 1e-6


def unit_rows(pooled: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows of length 1, and the lengths they had, shapes (n_rows, n_dimensions) and (n_rows, 1); the type is kept."""
    length = np.sqrt((pooled * pooled).sum(axis=1, keepdims=True)) + pooled.dtype.type(_SMALLEST)
    return pooled / length, length


@dataclass(frozen=True)
class Network:
    """One hidden layer over pooled vectors, with a direct path beside it.

    Attributes
    ----------
    vectors : Vectors
        As they became in training.
    gain : float
        Length that a pooled vector is given.
    hidden : ndarray of shape (n_dimensions, n_hidden), float32
    hidden_bias : ndarray of shape (n_hidden,), float32
    output : ndarray of shape (n_hidden, n_columns), float32
    direct : ndarray of shape (n_dimensions, n_columns), float32
    output_bias : ndarray of shape (n_columns,), float32
    """

    vectors: Vectors
    gain: float
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    direct: Floats
    output_bias: Floats

    @cached_property
    def _double(self) -> tuple[NDArray[np.float64], ...]:
        """Hidden weights and bias, output, direct and output bias in double precision."""
        arrays = (self.hidden, self.hidden_bias, self.output, self.direct, self.output_bias)
        return tuple(array.astype(np.float64) for array in arrays)

    def logits(self, bags: Sequence[Bag]) -> NDArray[np.float64]:
        """Unnormalised log-probabilities, shape (n_texts, n_columns); every text by itself."""
        hidden, hidden_bias, output, direct, output_bias = self._double
        unit, _ = unit_rows(self.vectors.pool(bags))
        rows = np.zeros((len(bags), output_bias.size))
        # One by one: a product of matrices rounds differently for another number of rows.
        for k, text in enumerate(unit * self.gain):
            active = np.maximum(text @ hidden + hidden_bias, 0.0)
            rows[k] = active @ output + text @ direct + output_bias
        return rows

    def shares(self, bag: Bag, factors: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each bucket adds to weighted sums of the logits, shape (n_buckets_of_the_text, n_sums).

        Gradient times input, with the length that the text is divided by held fixed: for the hidden units that are
        active, the shares and the biases sum to the logits exactly.

        Parameters
        ----------
        bag : Bag
        factors : ndarray of shape (n_columns, n_sums)
            Weights of each sum.
        """
        if not bag.bucket.size:
            return np.empty((0, factors.shape[1]))
        hidden, hidden_bias, output, direct, _ = self._double
        unit, length = unit_rows(self.vectors.pool([bag]))
        active = unit[0] * self.gain @ hidden + hidden_bias > 0
        slope = hidden @ (active[:, None] * (output @ factors)) + direct @ factors
        each = self.vectors.numbers(bag.bucket) @ slope
        size = bag.value * self.vectors.scale[bag.bucket] * self.gain / length[0]
        shares: NDArray[np.float64] = each * size[:, None]
        return shares
