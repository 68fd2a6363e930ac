"""What the detector knows of the desk: the last hours, a sample of the history, the week's pattern, names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import InputError, shorten
from intentclf.respond.due.moments import find_zone
from intentclf.respond.surges.desk_profile import HOUR, WEEK, DeskProfile
from intentclf.respond.surges.history import History
from intentclf.respond.surges.memory import Names, Row, Rows
from intentclf.respond.surges.records import ScoredQuery, SurgeSettings
from intentclf.respond.surges.topics import CODE_WIDTH, TopicSpace

__all__ = ["Desk"]

Floats = NDArray[np.float64]

_MOST_RECENT = 50_000
_LANGUAGES, _CODE_NAMES = 8, 2000
_LEAST_SAMPLE = 500
_SPAN = 4 * WEEK  # seconds that the sample stands for
_NORMAL_AFTER = 24 * HOUR  # a surge that lasts longer becomes history
_REFIT = 1.5  # times as large a sample gives a new space
_REFIT_AFTER = WEEK
_LONGEST_GAP = 2000  # hours
_SILENCE = 24 * HOUR  # a longer one may be missing data
_LEAP = HOUR  # a row that is further ahead may be a slip of the date
_IMPLAUSIBLE = 20.0  # queries that the week lets expect in a stretch without any
_SHARED, _LEAST_SHARED = 0.01, 20  # share of the sample, and queries, from which on a sender is no single customer
_LOOSE, _LOOSE_WEIGHT, _MOST_LOOSE = 0.01, 2000.0, 0.5
_COUNTED, _OUTLIER = 3.0, 4.0


class Desk:
    """Rows of late and of before, and what they let expect.

    Parameters
    ----------
    settings : SurgeSettings
    """

    def __init__(self, settings: SurgeSettings) -> None:
        self.settings = settings
        self.profile = DeskProfile(find_zone(settings.zone))
        self.languages, self.codes = Names(_LANGUAGES), Names(_CODE_NAMES)
        self.space: TopicSpace | None = None
        self.dimensions = 0
        self.first = np.inf
        self.committed: int | None = None  # the first hour that is not yet in the profile
        self.skipped: list[tuple[int, int]] = []  # first and last hour of stretches for which data are missing
        self.early: dict[int, int] = {}  # queries of hours not yet in the profile that left for the history already
        self.eligible = 0
        self.fitted_at, self.fitted_on = -np.inf, 0
        self.wander = [0.0, 0.0]
        self.draws = np.random.default_rng(settings.seed)
        self._horizon = settings.windows[-1] * HOUR + settings.tolerance.total_seconds()

    def checked(self, query: ScoredQuery) -> NDArray[np.float32]:
        """The vector of a query.

        Raises
        ------
        InputError
            If it is not a row of finite numbers as long as those before, or a confidence is not from 0 to 1.
        """
        vector = np.asarray(query.vector, dtype=np.float32)
        if vector.ndim != 1 or not vector.size or (self.dimensions and vector.size != self.dimensions):
            expected = f"a row of {self.dimensions} numbers" if self.dimensions else "a row of numbers"
            raise InputError(f"query {shorten(query.id)}: vector must be {expected}, got shape {vector.shape}")
        if not np.isfinite(vector).all():
            odd = float(vector[~np.isfinite(vector)][0])
            raise InputError(f"query {shorten(query.id)}: vector must be finite, got {odd}")
        for each in query.codes:
            if not 0 <= each.confidence <= 1:
                what = f"query {shorten(query.id)}: confidence of {shorten(f'{each.book}:{each.code}')}"
                raise InputError(f"{what} must be from 0 to 1, got {each.confidence}")
        if not self.dimensions:
            self.open(vector.size)
        return vector

    def open(self, dimensions: int) -> None:
        """Make room for vectors of so many numbers."""
        self.dimensions = dimensions
        places = min(96, dimensions) + CODE_WIDTH
        self.recent = Rows(_MOST_RECENT, dimensions, places, keeps_texts=True)
        self.sample = Rows(self.settings.sample, dimensions, places, keeps_texts=False)
        self.renew()

    def place(self, vector: NDArray[np.float32], codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """A row as the space places it; zeros as long as there is no space."""
        if self.space is None:
            return np.zeros(self.recent["place"].shape[1], np.float32)
        return self.space.rows(vector, codes)

    def is_warm(self, now: float) -> bool:
        """Whether there is history enough."""
        long_enough = now - self.first >= self.settings.warm_up.total_seconds()
        return long_enough and self.space is not None and self.sample.size >= _LEAST_SAMPLE

    @property
    def per_week(self) -> float:
        """Queries of a usual week."""
        return float(self._rates.sum())

    def expected(self, now: float, seconds: Floats) -> Floats:
        """Queries that the desk's week lets expect in the stretches up to now."""
        return self.profile.expected(self._rates, now, seconds)

    def hour_of_day(self, time: float) -> int:
        """Hour of the desk's clock."""
        return datetime.fromtimestamp(time, self.profile.zone).hour

    def is_ahead(self, now: float, time: float) -> bool:
        """Whether a row is so much later than all before that its date may be a slip."""
        ahead = time - now
        if not np.isfinite(now) or ahead <= _LEAP:
            return False
        return ahead > _SILENCE or float(self.expected(time, np.array([ahead]))[0]) >= _IMPLAUSIBLE

    def once(self, senders: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which rows are the first of their sender; rows of unknown senders, and of addresses of many, all are."""
        one = (senders != 0) & ~np.isin(senders, self._shared)
        first: NDArray[np.bool_] = ~one
        first[np.flatnonzero(one)[np.unique(senders[one], return_index=True)[1]]] = True
        return first

    def remember(self, row: Row, ages: Mapping[int, float]) -> int:
        """Put a row among those of late; give the number of rows that left before their time to make room."""
        recent, leaving = self.recent, 0
        if recent.size == recent.most:
            leaving = max(1, recent.most // 10)
            oldest = np.argsort(recent["time"], kind="stable")[:leaving]
            for k in self._ordinary(oldest, ages).tolist():
                hour = int(recent["time"][k] // HOUR)
                self.early[hour] = self.early.get(hour, 0) + 1
                self._draw(recent.row(k))
            recent.keep(~np.isin(np.arange(recent.size), oldest))
        self.first = min(self.first, row.time)
        recent.append(row)
        return leaving

    def tidy(self, before: float, now: float, ages: Mapping[int, float], *, refit: bool) -> None:
        """Let the hours that are over leave for the history.

        Parameters
        ----------
        before, now : float
            Moments of the newest row until now and of the newest row, seconds from the epoch.
        ages : mapping of int to float
            Seconds for which each surge that is on has lasted.
        refit : bool
            Whether the space may change.
        """
        recent = self.recent
        if self._is_missing(before, now):
            self.skipped.append((int(before // HOUR), int(now // HOUR)))
        border = int((now - self._horizon) // HOUR)
        if self.committed is None:
            # The hour in which the stream begins is not whole.
            self.committed = int(self.first // HOUR) + 1 if np.isfinite(self.first) else None
        leaving = recent["time"] < border * HOUR
        if leaving.any():
            self._commit(np.flatnonzero(leaving), border, ages)
            recent.keep(~leaving)
        elif self.committed is not None and border > self.committed:
            self._count_hours(np.empty(0, np.int64), border)
        if refit and self._wants_space(now):
            self._fit(now)
        self.renew()

    def _is_missing(self, before: float, now: float) -> bool:
        """Whether data are missing where no row came: for longer than a day, at hours when the desk is not shut."""
        if not np.isfinite(before) or now - before <= _SILENCE:
            return False
        stretch = np.array([min(now - before, WEEK)])
        return float(self.profile.expected(self.profile.plain_rates(), now, stretch)[0]) >= _IMPLAUSIBLE

    def _ordinary(self, rows: NDArray[np.int64], ages: Mapping[int, float]) -> NDArray[np.int64]:
        """Rows of late that are history: of no surge, or of one that has lasted so long that it is normal by now."""
        surge = self.recent["surge"][rows]
        return rows[[number == 0 or ages.get(int(number), 0) > _NORMAL_AFTER for number in surge]]

    def _commit(self, rows: NDArray[np.int64], border: int, ages: Mapping[int, float]) -> None:
        recent = self.recent
        rows = self._ordinary(rows, ages)
        hours = (recent["time"][rows] // HOUR).astype(np.int64)
        self._count_hours(hours, border)
        if self.space is not None and self.sample.size >= _LEAST_SAMPLE:
            for hour in np.unique(hours):
                self._watch_wander(rows[hours == hour])
        for k in rows.tolist():
            self._draw(recent.row(k))

    def _count_hours(self, hours: NDArray[np.int64], border: int) -> None:
        if self.committed is None:
            return
        begin = max(self.committed, border - _LONGEST_GAP)
        for hour in range(begin, border):
            if not any(first <= hour <= last for first, last in self.skipped):
                self.profile.add(hour, int((hours == hour).sum()) + self.early.get(hour, 0))
        self.committed = max(self.committed, border)
        self.skipped = [each for each in self.skipped if each[1] >= self.committed]
        self.early = {hour: number for hour, number in self.early.items() if hour >= self.committed}

    def _draw(self, row: Row) -> None:
        """Reservoir sampling (Vitter, 1985, algorithm R), over the last weeks."""
        self.eligible += 1
        if self.sample.size < self.sample.most:
            self.sample.append(row)
            return
        lasted = max(row.time - self.first, 1.0)
        stands_for = self.eligible * min(1.0, _SPAN / lasted)
        if self.draws.random() < self.sample.most / max(stands_for, self.sample.most):
            self.sample.put(int(self.draws.integers(self.sample.most)), row)

    def _watch_wander(self, rows: NDArray[np.int64]) -> None:
        """Gather how far the hourly counts of codes stray beyond chance, as `History.looseness` needs it."""
        recent, history = self.recent, self.history
        codes = recent["codes"][rows]
        came = np.bincount(recent["language"][rows], minlength=history.languages)
        for code in np.unique(codes[codes >= 0]):
            share, size = history.code_share(int(code))
            mean = float(came @ share)
            if mean < _COUNTED:
                continue
            chance = mean + mean * mean / size
            strayed = min((int((codes == code).any(axis=1).sum()) - mean) ** 2, _OUTLIER**2 * chance)
            self.wander[0] += strayed - chance
            self.wander[1] += mean * mean

    def _wants_space(self, now: float) -> bool:
        size = self.sample.size
        return size >= _LEAST_SAMPLE and (size >= _REFIT * self.fitted_on or now - self.fitted_at >= _REFIT_AFTER)

    def _fit(self, now: float) -> None:
        self.space = TopicSpace.of(self.sample["raw"])
        self.fitted_at, self.fitted_on = now, self.sample.size
        self.sample.place_in(self.space)
        self.recent.place_in(self.space)

    def renew(self) -> None:
        """Look at the sample and the week anew."""
        self._rates = self.profile.rates()
        senders, counts = np.unique(self.sample["sender"], return_counts=True)
        self._shared = senders[counts >= max(_SHARED * self.sample.size, _LEAST_SHARED)]
        loose = (self.wander[0] + _LOOSE * _LOOSE_WEIGHT) / (self.wander[1] + _LOOSE_WEIGHT)
        self.history = History(
            self.sample["place"],
            self.sample["language"],
            np.ascontiguousarray(self.sample["codes"].T),
            self.sample["hour"].copy(),
            _LANGUAGES,
            self.settings.shares,
            float(np.clip(loose, 0.0, _MOST_LOOSE)),
        )
