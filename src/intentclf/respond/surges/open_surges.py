"""Surges that are on: a find becomes a new one or joins one that is known; they grow, fall back and end."""

from __future__ import annotations

from collections import deque
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.desk import Desk
from intentclf.respond.surges.desk_profile import HOUR
from intentclf.respond.surges.excess import tail_probability
from intentclf.respond.surges.memory import Row
from intentclf.respond.surges.records import Surge
from intentclf.respond.surges.scan import Find, gathered
from intentclf.respond.surges.tracks import Member, Track

__all__ = ["OpenSurges"]

_OVERLAP = 1 / 3  # share of a find's queries that belong to a surge already: it is the same
_ALIKE = 0.6  # of two centres: the same surge in other words
# Beside a surge that is on, a find that is somewhat like it must be so much rarer by chance.
_KIN, _STRONGER = 0.15, 1e-3
_OVER = 0.05
_SHORTEST_END, _LONGEST_END = HOUR, 2 * HOUR
_LOOK_EVERY = 300.0  # seconds
_QUIET = 1500.0  # seconds for which the rate is usual before a surge has ended
_MOST_ENDED = 1000


class OpenSurges:
    """Surges that are on, those that ended a short while ago, and the reports of those before.

    Parameters
    ----------
    desk : Desk
    windows : ndarray of shape (n_windows,)
        Seconds.
    zone : tzinfo
        In which moments are reported.

    Attributes
    ----------
    active : list of Track
    resting : list of Track
        Ended within the longest window; what is like one of them opens it again.
    ended : deque of Surge
        The last thousand.
    found : int
        How many there were.
    """

    def __init__(self, desk: Desk, windows: NDArray[np.float64], zone: tzinfo) -> None:
        self.desk, self.windows, self.zone = desk, windows, zone
        self.active: list[Track] = []
        self.resting: list[Track] = []
        self.ended: deque[Surge] = deque(maxlen=_MOST_ENDED)
        self.found = 0
        self.looked = -np.inf

    def surges(self) -> list[Surge]:
        """All as they stand now, in order of detection."""
        reports = [track.report(self.zone) for track in (*self.resting, *self.active)]
        return sorted([*self.ended, *reports], key=lambda surge: surge.number)

    def ages(self, now: float) -> dict[int, float]:
        """Seconds for which each surge that is on has lasted."""
        return {track.number: now - track.detected for track in self.active}

    def take_in(self, row: Row, slot: int) -> bool:
        """Let the row in a slot join the surge that holds it; whether that one consists of alike texts."""
        for track in self.active:
            if track.holds(row.place[None], row.codes[:, None])[0]:
                self._take(track, np.array([slot]))
                return not track.is_series
        return False

    def report(self, find: Find, chance: float, allowed: float, now: float) -> list[Surge]:
        """Make a surge of a find, or a part of one that is known.

        Parameters
        ----------
        find : Find
        chance, allowed : float
            Expected number of finds as rare in a week, and how many are put up with.
        now : float
            Seconds from the epoch.
        """
        recent, seconds = self.desk.recent, float(self.windows[find.window])
        track = Track(self.found + 1, find, seconds, chance, now)
        track.widen(find)
        inside = track.holds(recent["place"], recent["codes"].T) & (recent["time"] > now - seconds)
        known = next((each for each in (*self.active, *self.resting) if self._is_part(find, inside, each)), None)
        if known is not None:
            self._join(known, track, inside)
            return []
        fresh = np.flatnonzero(inside & (recent["surge"] == 0))
        if not fresh.size or (self._is_kin(find) and chance > _STRONGER * allowed):
            return []
        self.found += 1
        self.active.append(track)
        self._take(track, fresh)
        return [track.report(self.zone)]

    def review(self, now: float) -> None:
        """Every five minutes: see what each surge has in common, and end those that have fallen back for a while."""
        if now - self.looked < _LOOK_EVERY:
            return
        self.looked = now
        for track in list(self.active):
            self._refine(track, now)
            if not self._has_fallen_back(track, now):
                track.quiet_since = None
            elif track.quiet_since is None:
                track.quiet_since = now
            elif now - track.quiet_since >= _QUIET:
                track.ended = now
                self.active.remove(track)
                self.resting.append(track)
        for track in list(self.resting):
            if track.ended is not None and now - track.ended > self.windows[-1]:
                self.resting.remove(track)
                self.ended.append(track.report(self.zone))

    def _is_part(self, find: Find, inside: NDArray[np.bool_], track: Track) -> bool:
        """Whether a find, with rows `inside`, is part of a surge."""
        if find.kind == "code":
            is_near = track.is_series and find.code == track.find.code
        else:
            is_near = not track.is_series and float(find.centre @ track.centre) >= _ALIKE
        belongs = self.desk.recent["surge"][inside] == track.number
        return is_near or (belongs.size > 0 and float(belongs.mean()) >= _OVERLAP)

    def _join(self, known: Track, track: Track, inside: NDArray[np.bool_]) -> None:
        """Let what was found be part of a surge that is known, and is on again if it had ended."""
        surge = self.desk.recent["surge"]
        mine = surge == known.number
        if known.ended is not None:
            known.ended = known.quiet_since = None
            self.resting.remove(known)
            self.active.append(known)
        if known.is_series and track.balls and (inside & (mine | (surge == 0))).any():
            surge[mine] = 0
            known.narrow(track.find, track.seconds, track.chance)
        else:
            known.widen(track.find)
        self._take(known, np.flatnonzero(inside & (surge == 0)))

    def _is_kin(self, find: Find) -> bool:
        """Whether the find may be a splinter of a surge that is on."""
        if find.kind == "code":
            return bool(self.active)
        return any(float(find.centre @ track.centre) >= _KIN for track in self.active)

    def _take(self, track: Track, rows: NDArray[np.int64]) -> None:
        recent, desk = self.desk.recent, self.desk
        for k in rows.tolist():
            recent["surge"][k] = track.number
            track.add(
                Member(
                    time=float(recent["time"][k]),
                    sender=int(recent["sender"][k]),
                    language=desk.languages.name(int(recent["language"][k])),
                    codes=tuple(desk.codes.name(int(code)) for code in recent["codes"][k] if code >= 0),
                    place=recent["place"][k].copy(),
                    id=recent.ids[k],
                    text=recent.texts[k],
                )
            )

    def _refine(self, track: Track, now: float) -> None:
        """The more members, the better is it known what they have in common."""
        if track.is_series:
            return
        recent = self.desk.recent
        mine = (recent["time"] >= track.first) & ((recent["surge"] == 0) | (recent["surge"] == track.number))
        begin = max(track.first, float(recent["time"].min(initial=now)))  # of what is still remembered
        usual = float(self.desk.expected(now, np.array([now - begin]))[0])
        volume = min(1.0, usual / max(int(mine.sum()), 1))
        likeness = gathered(track.centre, self.desk.history, recent["place"][mine], recent["language"][mine], volume)
        track.centred(likeness)
        inside = mine & (recent["surge"] == 0) & track.holds(recent["place"], recent["codes"].T)
        self._take(track, np.flatnonzero(inside))

    def _has_fallen_back(self, track: Track, now: float) -> bool:
        recent, history = self.desk.recent, self.desk.history
        window = np.flatnonzero(recent["time"] > now - min(max(track.seconds, _SHORTEST_END), _LONGEST_END))
        window = window[self.desk.once(recent["sender"][window])]
        observed = int((recent["surge"][window] == track.number).sum())
        share = history.shares_of(track.holds(history.place, history.codes))
        came = np.bincount(recent["language"][window], minlength=history.languages)
        expected = float(came @ share)
        shape = history.shape(max(1, int(share.mean() * len(history.place))))
        return float(tail_probability(np.array([observed]), np.array([expected]), np.array([shape]))[0]) > _OVER
