"""Which words spoke for a code: exact shares of a linear model, gathered from n-grams to words."""

from __future__ import annotations

import numpy as np

from intentclf.predict.features import hash_grams, normalize, tokens
from intentclf.predict.model import Features, Floats, Head, Model
from intentclf.records import Evidence, Reading, RuleHit

__all__ = ["rule_evidence", "word_evidence"]


def word_evidence(
    model: Model, head: Head, chosen: Floats, row: Floats, reading: Reading, features: Features, *, most: int
) -> tuple[Evidence, ...]:
    """The words that moved the log-probability of a code most.

    Every n-gram's share (its value × its weights × the gradient of the code's log-probability) is spread evenly over
    the words that it touches, so that the shares of all words sum to those of all n-grams.

    Parameters
    ----------
    model, head
    chosen, row : ndarray of shape (n_classes,)
        See `Model.influence`.
    reading : Reading
    features : Features
        Of this reading's text.
    most : int
        Words to return; negative: that many for and that many against.

    Returns
    -------
    tuple of Evidence
        In the order of weight, largest first; spans in the original text.
    """
    spans = tokens(normalize(reading.text))
    if not spans or not features.index.size:
        return ()
    factors = model.influence(head, chosen, row) * model.scale[head.columns]
    share = features.value * (model.weights[features.index][:, head.columns].astype(np.float32) @ factors)
    grams = hash_grams([reading.text], words=model.vocabulary.words, chars=model.vocabulary.chars)
    place, known = model.vocabulary.lookup(grams)
    position = np.searchsorted(features.index, place)
    each = share[position] / np.bincount(position, minlength=share.size)[position]
    starts, ends = np.array(spans).T
    first = np.searchsorted(ends, grams.start[known], side="right")
    last = np.searchsorted(starts, grams.end[known], side="left") - 1
    width = last - first + 1
    words = np.bincount(first, each / width, minlength=starts.size)
    pairs = width == 2
    words += np.bincount(last[pairs], (each / width)[pairs], minlength=starts.size)
    order = np.argsort(-words, kind="stable")
    if most >= 0:
        picked = [k for k in order[:most] if words[k] > 0]
    else:
        picked = [k for k in order[:-most] if words[k] > 0] + [k for k in order[most:] if words[k] < 0]
    return tuple(_evidence(reading, int(starts[k]), int(ends[k]), float(words[k])) for k in dict.fromkeys(picked))


def rule_evidence(reading: Reading, hit: RuleHit) -> Evidence:
    """A rule's hit as evidence; its weight is the rule's measured precision."""
    return _evidence(reading, hit.start, hit.end, hit.precision or 0.0, hit.rule, hit.source)


def _evidence(
    reading: Reading, start: int, end: int, weight: float, rule: str | None = None, source: str | None = None
) -> Evidence:
    a, b = reading.original_span(start, end)
    return Evidence(a, b, reading.query.text[a:b], weight, rule, source)
