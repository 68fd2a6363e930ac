"""Which words spoke for a code: the shares of both views, gathered from n-grams to words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.features import Grams, hash_grams, normalize, tokens
from intentclf.predict.model import Floats, Head, Model, Text
from intentclf.records import Evidence, Reading, RuleHit

__all__ = ["rule_evidence", "word_evidence"]


def word_evidence(
    model: Model, head: Head, chosen: Floats, row: Floats, reading: Reading, text: Text, *, most: int
) -> tuple[Evidence, ...]:
    """The words that moved the log-probability of a code most.

    Every n-gram's share (what it adds to the scores × the gradient of the code's log-probability) is spread evenly over
    the words that it touches, so that the shares of all words sum to those of all n-grams.

    Parameters
    ----------
    model, head
    chosen, row : ndarray of shape (n_classes,)
        See `Model.influence`.
    reading : Reading
    text : Text
        What the views read of it.
    most : int
        Words to return; negative: that many for and that many against.

    Returns
    -------
    tuple of Evidence
        In the order of weight, largest first; spans in the original text.
    """
    readable = reading.core
    spans = tokens(normalize(readable))
    if not spans:
        return ()
    grams = hash_grams([readable], words=model.vocabulary.words, chars=model.vocabulary.chars)
    words = _by_word(grams, _by_gram(model, head, chosen, row, text, grams), spans)
    order = np.argsort(-words, kind="stable")
    if most >= 0:
        picked = [k for k in order[:most] if words[k] > 0]
    else:
        picked = [k for k in order[:-most] if words[k] > 0] + [k for k in order[most:] if words[k] < 0]
    return tuple(_evidence(reading, spans[k][0], spans[k][1], float(words[k])) for k in dict.fromkeys(picked))


def _by_gram(model: Model, head: Head, chosen: Floats, row: Floats, text: Text, grams: Grams) -> Floats:
    """The share of each n-gram of the text, shape (n_grams,); what stands twice shares what it has together."""
    slope = model.influence(head, chosen, row)
    each = np.zeros(grams.hash.size)
    place, known = model.vocabulary.lookup(grams)
    position = np.searchsorted(text.features.index, place)
    each[known] += _divided(model.linear.shares(text.features, slope * head.linear), position)
    bucket = np.searchsorted(text.bag.bucket, model.network.vectors.buckets(grams))
    each += _divided(model.network.shares(text.bag, slope * head.pooled), bucket)
    return each


def _divided(shares: Floats, position: NDArray[np.int64]) -> Floats:
    """Each share over the n-grams that it belongs to, shape (n_grams,)."""
    divided: Floats = (shares / np.maximum(np.bincount(position, minlength=shares.size), 1))[position]
    return divided


def _by_word(grams: Grams, shares: Floats, spans: Sequence[tuple[int, int]]) -> Floats:
    """The shares of n-grams spread over the one or two words that each touches, shape (n_words,)."""
    starts, ends = np.array(spans).T
    first = np.searchsorted(ends, grams.start, side="right")
    last = np.searchsorted(starts, grams.end, side="left") - 1
    width = last - first + 1
    pairs = width == 2
    words = np.bincount(first, shares / width, minlength=starts.size).astype(np.float64)
    words += np.bincount(last[pairs], (shares / width)[pairs], minlength=starts.size)
    return words


def rule_evidence(reading: Reading, hit: RuleHit) -> Evidence:
    """A rule's hit as evidence; its weight is the rule's measured precision."""
    return _evidence(reading, hit.start, hit.end, hit.precision or 0.0, hit.rule, hit.source)


def _evidence(
    reading: Reading, start: int, end: int, weight: float, rule: str | None = None, source: str | None = None
) -> Evidence:
    a, b = reading.original_span(start, end)
    return Evidence(a, b, reading.query.text[a:b], weight, rule, source)
