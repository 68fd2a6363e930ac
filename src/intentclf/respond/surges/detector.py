"""A bug shows as a surge: enters a stream of scored queries, leaves the problems on which they came suddenly quicker.

"The first sign is a quick rise of the number of queries on this problem" (000_4c01cbade21a7f71.txt, 32). Each query is
asked whether the last hours hold more of its like than the desk's history lets expect (`surges.scan`); what is too much
for chance, over all groups and windows of a week, is a suspected bug. One surge is reported once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import numpy as np

from intentclf.errors import InputError, shorten
from intentclf.respond.due.moments import find_zone
from intentclf.respond.surges.arrivals import Ahead, Copies
from intentclf.respond.surges.desk import Desk
from intentclf.respond.surges.desk_profile import HOUR
from intentclf.respond.surges.memory import CODES, Row
from intentclf.respond.surges.open_surges import OpenSurges
from intentclf.respond.surges.records import ScoredQuery, Surge, SurgeSettings, Tally
from intentclf.respond.surges.scan import Find, Lately, code_find, group_find, promising
from intentclf.respond.surges.topics import code_paths, code_row

__all__ = ["SurgeDetector"]

# Part of the false alarms allowed that each kind of find may use up.
_PART = {"texts": 0.8, "code": 0.2}
_CODES_OF_A_QUERY = 6


class SurgeDetector:
    """Finds surges in a stream.

    The history is learnt from the stream itself; nothing is reported before `settings.warm_up` of it has passed, nor
    before `since`. Memory is bounded by the longest window and `settings.sample`. A customer who writes again counts
    once in each window. A row far ahead of all others waits until more follow, as its date may be a slip.

    Parameters
    ----------
    settings : SurgeSettings, optional
    since : datetime, optional
        What comes before is history only.

    Examples
    --------
    >>> detector = SurgeDetector(SurgeSettings(false_alarms_per_week=0.1))
    >>> moment = datetime.fromisoformat("2026-11-20T10:00+01:00")
    >>> detector.add(ScoredQuery("1", moment, np.ones(8)))
    []
    """

    def __init__(self, settings: SurgeSettings | None = None, *, since: datetime | None = None) -> None:
        self.settings = settings or SurgeSettings()
        self.begin_at(since)
        self.tally = Tally()
        self.now = -np.inf
        self.copies = Copies(self.settings.copies_within.total_seconds())
        self.ahead = Ahead()
        self.desk = Desk(self.settings)
        self._windows = np.array(self.settings.windows) * HOUR
        self.open = OpenSurges(self.desk, self._windows, find_zone(self.settings.zone))

    def begin_at(self, since: datetime | None) -> None:
        """Report nothing before a moment; what comes before is history only.

        Raises
        ------
        InputError
            If the moment has no zone.
        """
        self.since = None if since is None else _seconds(since, "since")

    def add(self, query: ScoredQuery) -> list[Surge]:
        """Count a query; give the surges that it brings to light, mostly none.

        Raises
        ------
        InputError
            If the moment has no zone, the vector is not as long as those before, or a confidence is not from 0 to 1.
            Nothing is counted then.
        """
        time = _seconds(query.received, f"query {shorten(query.id)}")
        self.desk.checked(query)
        self.tally.seen += 1
        if self.copies.is_copy(query, time):
            self.tally.copies += 1
            return []
        if self._is_late(time):
            self.tally.late += 1
            return []
        self.copies.remember(query, time)
        if self.desk.is_ahead(self.now, time):
            self.tally.ahead += 1
            return self._follow(self.ahead.hold(query, self.now))
        found = self._count(query, time)
        return found + self._follow(self.ahead.reached(self.now))

    def add_all(self, queries: Iterable[ScoredQuery]) -> list[Surge]:
        """Count many, in their order."""
        return [surge for query in queries for surge in self.add(query)]

    def surges(self) -> list[Surge]:
        """All surges as they stand now, in order of detection; of those that ended, the last thousand."""
        return self.open.surges()

    def members(self, number: int) -> list[str]:
        """Ids of the queries of a surge that are still remembered, within the longest window."""
        recent = self.desk.recent
        return [name for name, mine in zip(recent.ids, recent["surge"] == number, strict=False) if mine]

    @property
    def is_warm(self) -> bool:
        """Whether there is history enough to judge by."""
        return self.desk.is_warm(self.now)

    def chance(self, find: Find) -> float:
        """Expected number of alarms in a week that are as strong by chance, over all groups and windows."""
        groups = 1 if find.kind == "texts" else _CODES_OF_A_QUERY
        tests = self.desk.per_week * len(self.settings.windows) * groups
        return find.p_value * tests / _PART[find.kind]

    def _is_late(self, time: float) -> bool:
        return time < self.now - self.settings.tolerance.total_seconds()

    def _follow(self, queries: Iterable[ScoredQuery]) -> list[Surge]:
        """Count queries that had to wait."""
        found: list[Surge] = []
        for query in queries:
            time = query.received.timestamp()
            self.tally.ahead -= 1
            if self._is_late(time):
                self.tally.late += 1
            else:
                found += self._count(query, time)
        return found

    def _count(self, query: ScoredQuery, time: float) -> list[Surge]:
        self.tally.counted += 1
        self.tally.placed += time < self.now
        self._advance(max(time, self.now))
        row = self._row(query, time)
        self.tally.crowded += self.desk.remember(row, self.open.ages(self.now))
        return self._judge(row)

    def _row(self, query: ScoredQuery, time: float) -> Row:
        desk, codes = self.desk, np.full(CODES, -1, np.int32)
        numbers = [desk.codes.number(name) for name, _ in code_paths(query.codes)]
        named = [number for number in numbers if desk.codes.has_name(number)][:CODES]
        codes[: len(named)] = named
        directions, vector = code_row(query.codes), np.asarray(query.vector, dtype=np.float32)
        return Row(
            time=time,
            hour=desk.hour_of_day(time),
            sender=_sender(query.sender),
            language=desk.languages.number(query.language),
            codes=codes,
            raw=vector,
            code=directions,
            place=desk.place(vector, directions),
            id=query.id,
            text=query.text,
        )

    def _advance(self, now: float) -> None:
        before, self.now = self.now, now
        if now // HOUR > before // HOUR:
            self.desk.tidy(before, now, self.open.ages(now), refit=not self.open.active)
            self.copies.forget(now)
        self.open.review(now)

    def _judge(self, row: Row) -> list[Surge]:
        last = self.desk.recent.size - 1
        if self.open.take_in(row, last):
            return []
        if not self.is_warm or (self.since is not None and self.now < self.since):
            return []
        find = self._look(row, last)
        allowed = self.settings.false_alarms_per_week
        if find is None or self.chance(find) > allowed:
            return []
        return self.open.report(find, self.chance(find), allowed, self.now)

    def _look(self, row: Row, last: int) -> Find | None:
        history, hour = self.desk.history, self.desk.hour_of_day(self.now)
        lately = self._lately(row, last)
        finds = [code_find(row.codes, history, lately, hour)]
        if promising(row.place, history, lately):
            finds.append(group_find(row.place, history, lately, hour))
        return min((find for find in finds if find), key=self.chance, default=None)

    def _lately(self, row: Row, last: int) -> Lately:
        recent = self.desk.recent
        open_numbers = [0, *(track.number for track in self.open.active if track.is_series)]
        age = self.now - recent["time"]
        usable = age < self._windows[-1]
        usable[last] = False
        chosen = np.flatnonzero(usable)
        # The query comes first, so that no other of its sender counts beside it.
        newest = np.concatenate([[last], chosen[np.argsort(age[chosen], kind="stable")]])
        chosen = newest[self.desk.once(recent["sender"][newest])][1:]
        return Lately(
            recent["place"][chosen],
            recent["language"][chosen],
            np.searchsorted(self._windows, age[chosen], side="right"),
            np.ascontiguousarray(recent["codes"][chosen].T),
            np.isin(recent["surge"][chosen], open_numbers),
            self.desk.expected(self.now, self._windows),
            self.desk.history.languages,
        )


def _sender(name: str) -> int:
    """A number for a sender, 0 for none; names themselves are not kept."""
    plain = name.strip().casefold().encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "little", signed=True) if plain else 0


def _seconds(moment: datetime, what: str) -> float:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InputError(f"{what}: the moment must have a zone, got {moment.isoformat()}")
    return moment.timestamp()
