"""What could be found at best: a detector that is told the topic of every query, beside which the real one is held."""

from __future__ import annotations

import numpy as np

from bench.surge_stream import Stream
from intentclf.respond.surges.excess import tail_probability
from intentclf.respond.surges.records import SurgeSettings

__all__ = ["told_the_topics"]

_HOUR = 3600.0


def told_the_topics(stream: Stream, allowed: float) -> list[int]:
    """Queries of each surge up to its alarm, for those that are found, when topics need not be told from the texts.

    The share of a topic is known from the weeks before, and its count in each window is held against that share of
    all other queries, by the same distribution and over the same windows as the detector; what remains hidden has
    nothing but chance to hide behind.

    Parameters
    ----------
    stream : Stream
    allowed : float
        False alarms a week.
    """
    times = np.array([query.received.timestamp() for query in stream.queries])
    topics = np.array(stream.topics)
    since = stream.since.timestamp()
    windows = np.array(SurgeSettings().windows) * _HOUR
    tests = len(windows) * int((topics[times >= since] != "").sum())
    delays = []
    for planted in stream.planted:
        own = times[topics == planted.topic]
        others = times[topics != planted.topic]
        before = int((own < since).sum())
        share = max(before, 1) / max(int((others < since).sum()), 1)
        begin, end = planted.begin.timestamp(), planted.end.timestamp()
        during = own[(own >= begin) & (own < end)]
        for number, moment in enumerate(during.tolist(), start=1):
            observed = _within(own, moment, windows)
            expected = share * _within(others, moment, windows)
            shape = np.full(len(windows), float(max(before, 1)))
            if float(tail_probability(observed, expected, shape).min()) * tests <= allowed:
                delays.append(number)
                break
    return delays


def _within(times: np.ndarray, moment: float, windows: np.ndarray) -> np.ndarray:
    """How many of the times, rising, lie in each window up to the moment, itself not counted."""
    found: np.ndarray = np.searchsorted(times, moment) - np.searchsorted(times, moment - windows)
    return found
