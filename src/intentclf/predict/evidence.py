"""Which words spoke for a code: the shares of both views, gathered from n-grams to words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.features import Grams, normalize, tokens
from intentclf.predict.model import Floats, Head, Model, Text
from intentclf.records import Evidence, Reading, RuleHit

__all__ = ["Ask", "rule_evidence", "word_evidence"]

Integers = NDArray[np.int64]


class Ask(NamedTuple):
    """A code whose words are asked for.

    Attributes
    ----------
    head : Head
    chosen, row : ndarray of shape (n_classes,)
        See `Model.influence`.
    """

    head: Head
    chosen: Floats
    row: Floats


def word_evidence(
    model: Model, reading: Reading, text: Text, asks: Sequence[Ask], *, most: int
) -> list[tuple[Evidence, ...]]:
    """The words that moved the log-probability of each code most.

    Every n-gram's share (what it adds to the scores × the gradient of the code's log-probability) is spread evenly over
    the words that it touches, so that the shares of all words sum to those of all n-grams.

    Parameters
    ----------
    model : Model
    reading : Reading
    text : Text
        What the views read of it.
    asks : sequence of Ask
    most : int
        Words to return for each; negative: that many for and that many against.

    Returns
    -------
    list of tuple of Evidence
        For each that was asked, in the order of weight, largest first; spans in the original text.
    """
    spans = tokens(normalize(reading.core))
    if not spans or not asks:
        return [()] * len(asks)
    by_word = _by_word(text.grams, _by_gram(model, text, asks), spans)
    return [
        tuple(_evidence(reading, spans[k][0], spans[k][1], float(words[k])) for k in _picked(words, most))
        for words in by_word.T
    ]


def _picked(words: Floats, most: int) -> list[int]:
    order = np.argsort(-words, kind="stable")
    if most >= 0:
        return [int(k) for k in order[:most] if words[k] > 0]
    picked = [int(k) for k in order[:-most] if words[k] > 0] + [int(k) for k in order[most:] if words[k] < 0]
    return list(dict.fromkeys(picked))


def _by_gram(model: Model, text: Text, asks: Sequence[Ask]) -> Floats:
    """The share of each n-gram of the text, shape (n_grams, n_asks); what stands twice shares what it has together."""
    slopes = [model.influence(*ask) for ask in asks]
    by_linear = np.stack([slope * ask.head.linear for slope, ask in zip(slopes, asks, strict=True)], axis=1)
    by_pooled = np.stack([slope * ask.head.pooled for slope, ask in zip(slopes, asks, strict=True)], axis=1)
    each = np.zeros((text.grams.hash.size, len(asks)))
    hashes = model.vocabulary.hashes[text.features.index]
    if hashes.size:
        position = np.minimum(np.searchsorted(hashes, text.grams.hash), hashes.size - 1)
        known = hashes[position] == text.grams.hash
        each[known] += _divided(model.linear.shares(text.features, by_linear), position[known])
    bucket = np.searchsorted(text.bag.bucket, model.network.vectors.buckets(text.grams))
    each += _divided(model.network.shares(text.bag, by_pooled), bucket)
    return each


def _divided(shares: Floats, position: Integers) -> Floats:
    """Each share over the n-grams that it belongs to, shape (n_grams, n_asks)."""
    many = np.maximum(np.bincount(position, minlength=len(shares)), 1)
    divided: Floats = (shares / many[:, None])[position]
    return divided


def _by_word(grams: Grams, shares: Floats, spans: Sequence[tuple[int, int]]) -> Floats:
    """The shares of n-grams spread over the one or two words that each touches, shape (n_words, n_asks)."""
    starts, ends = np.array(spans).T
    first = np.searchsorted(ends, grams.start, side="right")
    last = np.searchsorted(starts, grams.end, side="left") - 1
    pairs = last > first
    halved = shares / (1 + pairs)[:, None]
    touched = np.concatenate([first, last[pairs]])
    spread = np.concatenate([halved, halved[pairs]])
    return np.stack([np.bincount(touched, column, minlength=len(spans)) for column in spread.T], axis=1)


def rule_evidence(reading: Reading, hit: RuleHit) -> Evidence:
    """A rule's hit as evidence; its weight is the rule's measured precision."""
    return _evidence(reading, hit.start, hit.end, hit.precision or 0.0, hit.rule, hit.source)


def _evidence(
    reading: Reading, start: int, end: int, weight: float, rule: str | None = None, source: str | None = None
) -> Evidence:
    a, b = reading.original_span(start, end)
    return Evidence(a, b, reading.query.text[a:b], weight, rule, source)
