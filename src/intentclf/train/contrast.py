"""Vectors from texts that mean the same: a text must be closer to its own translation than to all others of a batch.

The loss is the symmetric in-batch cross-entropy of van den Oord et al. (arXiv 1807.03748) over cosines, as used for
sentences of two languages by Feng et al. (LaBSE, ACL 2022), on sums of hashed n-gram vectors (Bojanowski et al.,
TACL 2017) instead of a deep encoder. Written on sparse matrices, so that an epoch over half a million texts takes
seconds on one core.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from intentclf.predict.features import hash_grams
from intentclf.predict.network import unit_rows

__all__ = ["bag_matrix", "bucket_weights", "contrast", "starting_table"]

Floats = NDArray[np.float32]

_CHUNK = 20_000
_TEMPERATURE = 0.05
_RATE = 0.3


def bag_matrix(texts: Sequence[str], *, buckets: int, words: int, chars: tuple[int, int]) -> sp.csr_matrix:
    """Hashed n-grams of texts: 1 + log of their number in each bucket, shape (n_texts, buckets), float32."""
    parts = [_bags(texts[k : k + _CHUNK], buckets, words, chars) for k in range(0, max(len(texts), 1), _CHUNK)]
    matrix: sp.csr_matrix = sp.vstack(parts, format="csr")
    return matrix


def _bags(texts: Sequence[str], buckets: int, words: int, chars: tuple[int, int]) -> sp.csr_matrix:
    grams = hash_grams(texts, words=words, chars=chars)
    bucket = (grams.hash & np.uint64(buckets - 1)).astype(np.int64)
    ones = np.ones(bucket.size, dtype=np.float32)
    matrix = sp.csr_matrix((ones, (grams.document, bucket)), shape=(len(texts), buckets), dtype=np.float32)
    matrix.sum_duplicates()
    matrix.data = np.float32(1.0) + np.log(matrix.data)
    return matrix


def bucket_weights(bags: sp.csr_matrix) -> Floats:
    """Inverse document frequency of each bucket, shape (n_buckets,); a bucket of every text weighs next to nothing."""
    frequency = np.bincount(bags.indices, minlength=bags.shape[1])
    weights: Floats = np.log((1 + bags.shape[0]) / (1 + frequency)).astype(np.float32)
    return weights


def starting_table(weights: Floats, dimensions: int, *, seed: int) -> Floats:
    """Random vectors, each as long as its bucket weighs, shape (n_buckets, dimensions)."""
    generator = np.random.default_rng(seed)
    directions = generator.standard_normal((weights.size, dimensions), dtype=np.float32)
    table: Floats = directions * np.float32(0.3 / dimensions**0.5) * weights[:, None]
    return table


def contrast(
    bags: sp.csr_matrix,
    group: NDArray[np.int64],
    table: Floats,
    *,
    epochs: int,
    batch: int,
    seed: int,
    weight: NDArray[np.float64] | None = None,
) -> Floats:
    """Move the vectors of n-grams so that texts of one group come together.

    Parameters
    ----------
    bags : csr_matrix of shape (n_texts, n_buckets)
        In the order of their groups.
    group : ndarray of shape (n_texts,)
        Rising; texts of one number mean the same. Groups of one text are passed over.
    table : ndarray of shape (n_buckets, n_dimensions)
        Where to start; not changed.
    epochs : int
        Times that each group is seen, with two of its texts drawn anew each time.
    batch : int
        Groups at a time.
    seed : int
    weight : ndarray of shape (n_groups,), optional
        How often a group is drawn in relation to the others; by default each once an epoch.

    Returns
    -------
    ndarray of shape (n_buckets, n_dimensions)
    """
    generator = np.random.default_rng(seed)
    table = table.copy()
    squares = np.full(table.shape[0], 1e-6, dtype=np.float32)
    first = np.searchsorted(group, np.arange(int(group[-1]) + 2 if group.size else 1))
    size = np.diff(first)
    usable = np.flatnonzero(size >= 2)
    batch = min(batch, usable.size)
    if batch < 2:
        return table
    steps = usable.size // batch
    for epoch in range(epochs):
        order = _draw(generator, usable, steps * batch, weight)
        for step in range(steps):
            chosen = np.sort(order[step * batch : (step + 1) * batch])
            one = generator.integers(0, size[chosen])
            other = (one + 1 + generator.integers(0, size[chosen] - 1)) % size[chosen]
            pair = sp.vstack([bags[first[chosen] + one], bags[first[chosen] + other]], format="csr")
            rate = _RATE * (1 - (epoch * steps + step) / (epochs * steps))
            _step(pair, table, squares, rate)
    return table


def _draw(
    generator: np.random.Generator, usable: NDArray[np.int64], number: int, weight: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    if weight is None:
        return generator.permutation(usable)[:number]
    return generator.choice(usable, size=number, p=weight[usable] / weight[usable].sum())


def _step(pair: sp.csr_matrix, table: Floats, squares: Floats, rate: float) -> None:
    """One step of Adagrad with one rate a bucket (Duchi et al., JMLR 2011), in place."""
    used, place = np.unique(pair.indices, return_inverse=True)
    local = sp.csr_matrix((pair.data, place, pair.indptr), shape=(pair.shape[0], used.size))
    unit, length = unit_rows(local @ table[used])
    half = unit.shape[0] // 2
    left, right = unit[:half], unit[half:]
    cosines = (left @ right.T) / np.float32(_TEMPERATURE)
    pull = _softmax(cosines) + _softmax(cosines.T).T
    pull[np.arange(half), np.arange(half)] -= 2.0
    pull /= np.float32(2 * _TEMPERATURE)
    slope = np.concatenate([pull @ right, pull.T @ left])
    slope = (slope - unit * (slope * unit).sum(axis=1, keepdims=True)) / length
    move = local.T @ slope
    squares[used] += (move * move).mean(axis=1)
    table[used] -= np.float32(rate) * move / np.sqrt(squares[used])[:, None]


def _softmax(rows: Floats) -> Floats:
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
