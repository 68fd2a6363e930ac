"""Is there more like this query than there should be? Enters a query, the last hours and the history; leaves a find.

Groups are not fixed beforehand. What a query may be part of is learnt from three quarters of the last hours: the mean
of what is alike, found twice over. The other quarter is judged by it, and so with each quarter in turn; no query thus
helps to find the group that it is counted in. How many should be as near as they are is told by a sample of the
history. The nearer, the more a query counts, by the logarithm of how much oftener a surge would bring one so near than
the history does (a likelihood ratio); windows of several lengths are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.excess import sum_tail, tail_probability
from intentclf.respond.surges.history import Floats, History, Integers
from intentclf.respond.surges.topics import unit

__all__ = ["Find", "Lately", "code_find", "gathered", "group_find", "promising"]

_PROMISING = 2.0  # a closer look is worth its time where the query alone sees so many standard deviations too much
_PARTS = 4
_ROUNDS = 2
_MOST_LEARNT = 12  # queries that make up a group's mean
_LEARNT = 0.01  # share of the history within which they lie
_LEAST_WEIGHT = 0.4  # of the farthest of them, beside 1 for one as near as the smallest size
_RARE = 0.01  # from here on the hour of the day is looked at too
# Share of a surge's queries that lie within a share of the history around their centre (texts of `bench`), and the part
# of the desk's queries that a surge worth finding brings.
_AROUND = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.1)
_WITHIN = (0.0, 0.16, 0.27, 0.42, 0.60, 0.74, 0.88)
_BRINGS = 0.04


@dataclass(frozen=True)
class Lately:
    """The last hours, without the query itself, newest first.

    Attributes
    ----------
    place : ndarray of shape (n_rows, n_places), float32
    language, window : ndarray of shape (n_rows,), int
        `window` is the shortest window that holds the row, as index.
    codes : ndarray of shape (CODES, n_rows), int
    free : ndarray of shape (n_rows,), bool
        False for rows of known surges: they are part of what came, but of no new find.
    expected : ndarray of shape (n_windows,)
        Queries that the desk's week lets expect in each window.
    languages : int
        How many there are.
    """

    place: NDArray[np.float32]
    language: Integers
    window: Integers
    codes: NDArray[np.int32]
    free: NDArray[np.bool_]
    expected: Floats
    languages: int

    def counted(self, index: Integers, many: int, rows: NDArray[np.bool_] | None = None) -> Floats:
        """Rows by window and an index, shape (n_windows, many); windows hold the shorter ones."""
        pairs = self.window * many + index
        if rows is not None:
            pairs = pairs[rows]
        found = np.bincount(pairs, minlength=len(self.expected) * many)
        return found.reshape(-1, many).cumsum(axis=0).astype(np.float64)

    def summed(self, values: Floats) -> Floats:
        """Sums of values, shape (n_rows, n_values), within each window, shape (n_windows, n_values)."""
        columns = [np.bincount(self.window, column, len(self.expected)) for column in values.T]
        totals: Floats = np.cumsum(columns, axis=1).T.astype(np.float64)
        return totals

    @cached_property
    def by_language(self) -> Floats:
        """Queries of each window and language, shape (n_windows, n_languages)."""
        return self.counted(self.language, self.languages)

    @cached_property
    def _free(self) -> Floats:
        return np.bincount(self.window, self.free, len(self.expected)).cumsum()

    def volume(self, excess: Floats) -> Floats:
        """What is to be taken of an expectation by shares of what came, shape (n_windows,), at most 1.

        Where more came than the week lets expect, the group itself may be what is too much: then the week counts, or
        the rest of the desk if that came quicker too.
        """
        came = self.by_language.sum(axis=1)
        rest = np.maximum(self.expected, self._free - np.maximum(excess, 0.0))
        taken: Floats = np.minimum(1.0, rest / np.maximum(came, 1))
        return taken


@dataclass(frozen=True)
class Find:
    """A group with more queries than expected.

    Attributes
    ----------
    kind : {'texts', 'code'}
    window : int
        Index of the window.
    observed : int
        Without the query itself.
    expected, p_value : float
    centre : ndarray of shape (n_places,), float32
        Of alike texts.
    likeness : float
        Of the farthest member to the centre.
    code : int
        Of a series; -1 for texts.
    """

    kind: Literal["texts", "code"]
    window: int
    observed: int
    expected: float
    p_value: float
    centre: NDArray[np.float32]
    likeness: float
    code: int = -1


def promising(query: NDArray[np.float32], history: History, lately: Lately) -> bool:
    """Whether the query's own neighbourhood holds enough for a closer look."""
    rings = history.rings(query)
    many = len(rings.sizes)
    observed = lately.counted(rings.of(lately.place @ query), many + 1, lately.free)[:, :many]
    expected = lately.by_language @ rings.share.T
    expected *= lately.volume((observed - expected).sum(axis=1))[:, None]
    return bool((_deviations(observed, expected, history, rings.sizes) >= _PROMISING).any())


def group_find(query: NDArray[np.float32], history: History, lately: Lately, hour: int) -> Find:
    """The most surprising window of the group that a query may be part of.

    Parameters
    ----------
    query : ndarray of shape (n_places,), float32
    history : History
    lately : Lately
    hour : int
        Of the day, now.
    """
    many, rows = len(history.shares), len(lately.place)
    ring, chance = np.zeros(rows, np.int64), np.zeros((rows, many))
    part = np.arange(rows) % _PARTS
    total, sizes = np.zeros(len(query)), np.zeros(many)
    for k in range(_PARTS):
        judged = part == k
        centre = _learnt(query, history, lately.place[~judged & lately.free])
        rings = history.rings(centre)
        ring[judged] = rings.of(lately.place[judged] @ centre)
        chance[judged] = rings.share.T[lately.language[judged]]
        total += centre
        sizes += rings.sizes / _PARTS
    observed = lately.counted(ring, many + 1, lately.free)[:, :many]
    centre = unit(total).astype(np.float32)
    return _most_surprising(observed, lately.summed(chance), sizes, history, lately, hour, centre)


def _learnt(query: NDArray[np.float32], history: History, place: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of a query and what is alike, the nearer the weightier; shape (n_places,)."""
    joining = max(1, int(np.searchsorted(history.shares, _LEARNT, side="right"))) - 1
    centre = query
    for _ in range(_ROUNDS):
        limits = history.rings(centre).likeness
        likeness = place @ centre
        nearest = np.flatnonzero(likeness >= limits[joining])
        nearest = nearest[np.argsort(-likeness[nearest], kind="stable")[:_MOST_LEARNT]]
        depth = (likeness[nearest] - limits[joining]) / max(float(limits[0] - limits[joining]), 1e-6)
        weights = _LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * np.minimum(depth, 1.0)
        centre = unit(query + weights @ place[nearest]).astype(np.float32)
    return centre


def _weights(sizes: NDArray[Any], many: int) -> Floats:
    """What a query counts in each ring: log of how much oftener it comes there with a surge; 0 in an empty ring.

    Parameters
    ----------
    sizes : ndarray of shape (n_rings,)
        Queries of the history in each ring.
    many : int
        Queries of the history.
    """
    share = sizes / many
    surge = np.diff(np.interp(share.cumsum(), _AROUND, _WITHIN), prepend=0.0)
    found: Floats = np.log1p(_BRINGS * surge / np.where(share > 0, share, np.inf))
    return found


def _deviations(observed: Floats, expected: Floats, history: History, sizes: NDArray[Any]) -> Floats:
    """By how many standard deviations the weighted counts of each window are above their mean, shape (n_windows,)."""
    weights = _weights(sizes, len(history.place))
    spread = (weights**2 * (expected + expected**2 / history.shape(np.maximum(sizes, 1)))).sum(axis=1)
    found: Floats = (observed - expected) @ weights / np.sqrt(np.maximum(spread, 1e-12))
    return found


def _most_surprising(
    observed: Floats,
    expected: Floats,
    sizes: Floats,
    history: History,
    lately: Lately,
    hour: int,
    centre: NDArray[np.float32],
) -> Find:
    expected = expected * lately.volume((observed - expected).sum(axis=1))[:, None]
    weights, shape = _weights(sizes, len(history.place)), history.shape(np.maximum(sizes, 1))
    deviations = _deviations(observed, expected, history, sizes)
    p_values = np.ones(len(observed))
    for k in np.flatnonzero(deviations >= _PROMISING):
        p_values[k] = sum_tail(float(observed[k] @ weights), weights, expected[k], shape)
    window = int(p_values.argmin()) if p_values.min() < 1 else int(deviations.argmax())
    limits = history.rings(centre).likeness
    counts, means, p_value = observed[window].cumsum(), expected[window].cumsum(), float(p_values[window])
    size = _clearest(counts, means)
    if p_value < _RARE:
        factor = history.by_hour(history.place @ centre >= limits[size], hour)
        p_value = sum_tail(float(observed[window] @ weights), weights, expected[window] * factor, shape)
        means = means * factor
    return Find("texts", window, int(counts[size]), float(means[size]), p_value, centre, float(limits[size]))


def _clearest(observed: Floats, expected: Floats) -> int:
    """The size that holds most of what is too much beside little that is usual: excess times its share is largest."""
    return int((np.maximum(observed - expected, 0.0) ** 2 / np.maximum(observed, 1.0)).argmax())


def gathered(
    centre: NDArray[np.float32], history: History, place: NDArray[np.float32], language: Integers, volume: float
) -> float:
    """Likeness to a centre within which the rows of a surge stand out best from what is usual.

    Parameters
    ----------
    centre : ndarray of shape (n_places,), float32
    history : History
    place, language : ndarray
        What came since the surge began, of no other surge.
    volume : float
        What is to be taken of an expectation by shares of what came.
    """
    rings = history.rings(centre)
    many = len(rings.sizes)
    observed = np.bincount(rings.of(place @ centre), minlength=many + 1)[:many].cumsum().astype(np.float64)
    came = np.bincount(language, minlength=history.languages)
    return float(rings.likeness[_clearest(observed, volume * (rings.share @ came).cumsum())])


def code_find(codes: NDArray[np.int32], history: History, lately: Lately, hour: int) -> Find | None:
    """The most surprising window of the series of each code of a query; None for a query without codes."""
    finds = [_series(int(code), history, lately, hour) for code in codes if code >= 0]
    return min(finds, key=lambda find: find.p_value, default=None)


def _series(code: int, history: History, lately: Lately, hour: int) -> Find:
    share, size = history.code_share(code)
    has = (lately.codes == code).any(axis=0) & lately.free
    observed = np.bincount(lately.window, has, len(lately.expected)).cumsum()
    expected = lately.by_language @ share
    expected = expected * lately.volume(observed - expected)
    shape = np.full(len(observed), float(history.shape(size)))
    p_values = tail_probability(observed, expected, shape)
    best = int(p_values.argmin())
    if p_values[best] < _RARE:
        expected = expected * history.by_hour((history.codes == code).any(axis=0), hour)
        p_values[best] = tail_probability(observed, expected, shape)[best]
    centre = np.zeros(lately.place.shape[1], np.float32)
    return Find("code", best, int(observed[best]), float(expected[best]), float(p_values[best]), centre, 0.0, code)
