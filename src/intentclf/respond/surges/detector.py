"""A bug shows as a surge: enters a stream of scored queries, leaves the problems on which they came suddenly quicker.

"The first sign is a quick rise of the number of queries on this problem" (000_4c01cbade21a7f71.txt, 32). Each query is
asked whether the last hours hold more of its like than the desk's history lets expect (`surges.scan`); what is too much
for chance, over all groups and windows of a week, is a suspected bug. One surge is reported once.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import InputError, shorten
from intentclf.respond.due.moments import find_zone
from intentclf.respond.surges.desk import Desk
from intentclf.respond.surges.desk_profile import HOUR
from intentclf.respond.surges.excess import tail_probability
from intentclf.respond.surges.memory import CODES, Row
from intentclf.respond.surges.records import ScoredQuery, Surge, SurgeSettings, Tally
from intentclf.respond.surges.scan import Find, Lately, code_find, gathered, group_find, promising
from intentclf.respond.surges.topics import code_paths, code_row
from intentclf.respond.surges.tracks import Member, Track

__all__ = ["SurgeDetector"]

# Part of the false alarms allowed that each kind of find may use up.
_PART = {"texts": 0.8, "code": 0.2}
_OVERLAP = 1 / 3  # share of a find's queries that belong to a surge already: it is the same
_ALIKE = 0.6  # of two centres: the same surge in other words
_KIN, _STRONGER = (
    0.15,
    1e-3,
)  # beside a surge that is on, a find that is somewhat like it must be so much rarer by chance
_OVER = 0.05
_SHORTEST_END, _LONGEST_END = HOUR, 2 * HOUR
_LOOK_EVERY = 300.0  # seconds
_REMEMBERED = 86_400.0  # seconds that an id is remembered
_MOST_IDS = 200_000
_MOST_ENDED = 1000
_CODES_OF_A_QUERY = 6


@dataclass
class _Seen:
    """Ids and texts of late, to tell copies."""

    ids: OrderedDict[str, float] = field(default_factory=OrderedDict)
    texts: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def is_copy(self, query: ScoredQuery, time: float, within: float) -> bool:
        """Whether the row repeats one; if not, it is remembered."""
        text = f"{query.sender}\n{' '.join(query.text.lower().split())}" if query.sender and query.text else ""
        if query.id in self.ids or (text and abs(time - self.texts.get(text, -np.inf)) <= within):
            return True
        self.ids[query.id] = time
        if text:
            self.texts[text] = time
        return False

    def forget(self, now: float) -> None:
        """Drop what is old, and the oldest where there is too much."""
        for each in (self.ids, self.texts):
            while each and (next(iter(each.values())) < now - _REMEMBERED or len(each) > _MOST_IDS):
                each.popitem(last=False)


class SurgeDetector:
    """Finds surges in a stream.

    The history is learnt from the stream itself; nothing is reported before `settings.warm_up` of it has passed, nor
    before `since`. Memory is bounded by the longest window and `settings.sample`.

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
        self.since = None if since is None else _seconds(since, "since")
        self.tally = Tally()
        self.desk = Desk(self.settings)
        self.now = -np.inf
        self.active: list[Track] = []
        self.ended: deque[Surge] = deque(maxlen=_MOST_ENDED)
        self.found = 0
        self._seen = _Seen()
        self._looked = -np.inf
        self._windows = np.array(self.settings.windows) * HOUR

    def add(self, query: ScoredQuery) -> list[Surge]:
        """Count a query; give the surges that it brings to light, mostly none.

        Raises
        ------
        InputError
            If the moment has no zone, or the vector is not as long as those before. Nothing is counted then.
        """
        time = _seconds(query.received, f"query {shorten(query.id)}")
        vector = self.desk.checked(query)
        self.tally.seen += 1
        if time < self.now - self.settings.tolerance.total_seconds():
            self.tally.late += 1
            return []
        if self._seen.is_copy(query, time, self.settings.copies_within.total_seconds()):
            self.tally.copies += 1
            return []
        self.tally.counted += 1
        self.tally.placed += time < self.now
        self._advance(max(time, self.now))
        row = self._row(query, time, vector)
        self.desk.recent.append(row)
        return self._judge(row, query.language)

    def add_all(self, queries: Iterable[ScoredQuery]) -> list[Surge]:
        """Count many, in their order."""
        return [surge for query in queries for surge in self.add(query)]

    def surges(self) -> list[Surge]:
        """All surges as they stand now, in order of detection; of those that ended, the last thousand."""
        zone = find_zone(self.settings.zone)
        return sorted([*self.ended, *(track.report(zone) for track in self.active)], key=lambda surge: surge.number)

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

    def _row(self, query: ScoredQuery, time: float, vector: NDArray[np.float32]) -> Row:
        codes = np.full(CODES, -1, np.int32)
        names = [name for name, _ in code_paths(query.codes)][:CODES]
        codes[: len(names)] = [self.desk.codes.number(name) for name in names]
        directions = code_row(query.codes)
        place = self.desk.place(vector, directions)
        language = self.desk.languages.number(query.language)
        return Row(time, language, codes, vector, directions, place, query.id, query.text)

    def _advance(self, now: float) -> None:
        hour_ended = now // HOUR > self.now // HOUR
        self.now = now
        if hour_ended:
            ages = {track.number: now - track.detected for track in self.active}
            self.desk.tidy(now, ages, refit=not self.active)
            self._seen.forget(now)
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            for track in list(self.active):
                self._refine(track)
                if self._has_fallen_back(track):
                    self._end(track)

    def _judge(self, row: Row, language: str) -> list[Surge]:
        last = self.desk.recent.size - 1
        for track in self.active:
            if track.holds(row.place[None], row.codes[:, None])[0]:
                self._take(track, np.array([last]))
                if not track.is_series:
                    return []
                break
        if not self.is_warm or (self.since is not None and self.now < self.since):
            return []
        find = self._look(row, last)
        if find is None or self.chance(find) > self.settings.false_alarms_per_week:
            return []
        return self._report(find)

    def _look(self, row: Row, last: int) -> Find | None:
        history, hour = self.desk.history, self.desk.hour_of_day(self.now)
        lately = self._lately(last)
        finds = [code_find(row.codes, history, lately, hour)]
        if promising(row.place, history, lately):
            finds.append(group_find(row.place, history, lately, hour))
        return min((find for find in finds if find), key=self.chance, default=None)

    def _lately(self, last: int) -> Lately:
        recent = self.desk.recent
        open_numbers = [0, *(track.number for track in self.active if track.is_series)]
        age = self.now - recent["time"]
        usable = age < self._windows[-1]
        usable[last] = False
        chosen = np.flatnonzero(usable)
        chosen = chosen[np.argsort(age[chosen], kind="stable")]
        return Lately(
            recent["place"][chosen],
            recent["language"][chosen],
            np.searchsorted(self._windows, age[chosen], side="right"),
            np.ascontiguousarray(recent["codes"][chosen].T),
            np.isin(recent["surge"][chosen], open_numbers),
            self.desk.expected(self.now, self._windows),
            self.desk.history.languages,
        )

    def _report(self, find: Find) -> list[Surge]:
        recent = self.desk.recent
        seconds = float(self._windows[find.window])
        track = Track(self.found + 1, find, seconds, self.chance(find), self.now)
        track.widen(find)
        inside = track.holds(recent["place"], recent["codes"].T) & (recent["time"] > self.now - seconds)
        fresh = np.flatnonzero(inside & (recent["surge"] == 0))
        same = self._same(find, inside)
        if same is not None:
            if same.is_series and find.kind == "texts":
                recent["surge"][recent["surge"] == same.number] = 0
                same.narrow(find)
                fresh = np.flatnonzero(inside & (recent["surge"] == 0))
            else:
                same.widen(find)
            self._take(same, fresh)
            return []
        if self._is_kin(find) and self.chance(find) > _STRONGER * self.settings.false_alarms_per_week:
            return []
        self.found += 1
        self.active.append(track)
        self._take(track, fresh)
        track.observed = find.observed
        return [track.report(find_zone(self.settings.zone))]

    def _same(self, find: Find, inside: NDArray[np.bool_]) -> Track | None:
        """The surge that a find is part of."""
        belongs = self.desk.recent["surge"][inside]
        for track in self.active:
            is_near = find.kind == "texts" and not track.is_series and float(find.centre @ track.centre) >= _ALIKE
            if is_near or (belongs == track.number).mean() >= _OVERLAP:
                return track
        return None

    def _is_kin(self, find: Find) -> bool:
        """Whether the find may be a splinter of a surge that is on."""
        if find.kind == "code":
            return bool(self.active)
        return any(float(find.centre @ track.centre) >= _KIN for track in self.active)

    def _take(self, track: Track, rows: NDArray[np.int64]) -> None:
        recent, desk = self.desk.recent, self.desk
        for k in rows.tolist():
            recent["surge"][k] = track.number
            codes = tuple(desk.codes.name(int(code)) for code in recent["codes"][k] if code >= 0)
            language = desk.languages.name(int(recent["language"][k]))
            time, place = float(recent["time"][k]), recent["place"][k].copy()
            track.add(Member(time, language, codes, place, recent.ids[k], recent.texts[k]))

    def _refine(self, track: Track) -> None:
        """The more members, the better is it known what they have in common."""
        if track.is_series:
            return
        recent = self.desk.recent
        mine = (recent["time"] >= track.first) & ((recent["surge"] == 0) | (recent["surge"] == track.number))
        span = np.array([self.now - track.first])
        volume = min(1.0, float(self.desk.expected(self.now, span)[0]) / max(int(mine.sum()), 1))
        likeness = gathered(track.centre, self.desk.history, recent["place"][mine], recent["language"][mine], volume)
        track.centred(likeness)
        inside = mine & (recent["surge"] == 0) & track.holds(recent["place"], recent["codes"].T)
        self._take(track, np.flatnonzero(inside))

    def _has_fallen_back(self, track: Track) -> bool:
        recent, history = self.desk.recent, self.desk.history
        seconds = min(max(track.seconds, _SHORTEST_END), _LONGEST_END)
        window = recent["time"] > self.now - seconds
        observed = int((recent["surge"][window] == track.number).sum())
        share = history.shares_of(track.holds(history.place, history.codes))
        came = np.bincount(recent["language"][window], minlength=history.languages)
        expected = float(came @ share)
        shape = history.shape(max(1, int(share.mean() * len(history.place))))
        return float(tail_probability(np.array([observed]), np.array([expected]), np.array([shape]))[0]) > _OVER

    def _end(self, track: Track) -> None:
        track.ended = self.now
        self.active.remove(track)
        self.ended.append(track.report(find_zone(self.settings.zone)))


def _seconds(moment: datetime, what: str) -> float:
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InputError(f"{what}: the moment must have a zone, got {moment.isoformat()}")
    return moment.timestamp()
