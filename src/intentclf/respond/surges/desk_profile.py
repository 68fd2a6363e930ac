"""The desk's week: enters how many queries each hour had, leaves how many a stretch of time should have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOUR", "WEEK", "DeskProfile"]

Floats = NDArray[np.float64]

HOUR = 3600.0
WEEK = 168 * HOUR
"""Seconds."""

_HALF_LIFE = 6.0  # weeks
_PRIOR = 1.0  # hours of the smoothed pattern that each hour of the week is taken to have had
_LEAST = 0.05  # queries an hour


@dataclass
class DeskProfile:
    """Queries by hour of the week, with the older weeks counting less.

    Attributes
    ----------
    zone : tzinfo
        Whose clock tells the hour of the week.
    counts, hours : ndarray of shape (168,)
        Queries, and how many such hours were watched, both fading; hour 0 is Monday 00:00.
    """

    zone: tzinfo = UTC
    counts: Floats = field(default_factory=lambda: np.zeros(168))
    hours: Floats = field(default_factory=lambda: np.zeros(168))

    def hour_of_week(self, hour: int) -> int:
        """Hour of the week of an hour counted from the epoch."""
        local = datetime.fromtimestamp(hour * HOUR, self.zone)
        return local.weekday() * 24 + local.hour

    def add(self, hour: int, number: int) -> None:
        """Count a whole hour (from the epoch) that had so many queries."""
        fade = 0.5 ** (1 / _HALF_LIFE)
        k = self.hour_of_week(hour)
        self.counts[k] = fade * self.counts[k] + number
        self.hours[k] = fade * self.hours[k] + 1

    @property
    def watched(self) -> float:
        """Hours that count, at most some weeks of them."""
        return float(self.hours.sum())

    def rates(self) -> Floats:
        """Queries an hour for each hour of the week, shape (168,).

        A single hour of the week is seen once a week, so it leans on the hour of the day times the day of the week.
        """
        mean = self.counts.sum() / max(self.watched, 1.0)
        by_day, day_hours = (each.reshape(7, 24).sum(axis=1) for each in (self.counts, self.hours))
        by_hour, hour_hours = (each.reshape(7, 24).sum(axis=0) for each in (self.counts, self.hours))
        day = (by_day + mean) / (day_hours + 1) / max(mean, _LEAST)
        hour = (by_hour + mean) / (hour_hours + 1)
        pattern = (day[:, None] * hour).ravel()
        rates: Floats = (self.counts + _PRIOR * pattern) / (self.hours + _PRIOR)
        return np.maximum(rates, _LEAST)

    def plain_rates(self) -> Floats:
        """As `rates`, but 0 for hours of the week that were never watched."""
        return np.where(self.hours > 0, self.rates(), 0.0)

    def expected(self, rates: Floats, end: float, seconds: Floats) -> Floats:
        """Queries that the stretches of so many seconds up to `end` (seconds from the epoch) should have."""
        last = int(end // HOUR)
        first = int((end - float(seconds.max())) // HOUR)
        each = np.array([rates[self.hour_of_week(hour)] for hour in range(first, last + 1)])
        edges = np.arange(first, last + 2) * HOUR
        total = np.concatenate([[0.0], np.cumsum(each)])
        until: Floats = np.interp(end, edges, total) - np.interp(end - seconds, edges, total)
        return until
