"""Surges that are going on: which rows belong to them, whether a new find is one of them, and their report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.records import Example, Surge
from intentclf.respond.surges.scan import Find
from intentclf.respond.surges.topics import unit

__all__ = ["Member", "Track"]

_MOST_BALLS = 8
_MOST_KEPT = 40  # members of a language that may become examples
_EXAMPLES = 3
_LABELLED = 0.25  # share of the members that a code must have to stand in the label
_CODES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Member:
    """A row that belongs to a surge."""

    time: float
    sender: int
    language: str
    codes: tuple[str, ...]
    place: NDArray[np.float32]
    id: str
    text: str


@dataclass
class Track:
    """A surge while it goes on, and what is known of it.

    Attributes
    ----------
    number : int
    find : Find
        What it was detected by.
    seconds : float
        Of the window.
    chance : float
        Expected number of alarms as strong in a week.
    detected : float
        Seconds from the epoch.
    balls : list of (centre, likeness)
        A row belongs to it that is as near to one of the centres.
    quiet_since : float or None
        From when on its rate was usual at each look.
    senders : set of int
        Of the members, as far as they are known.
    """

    number: int
    find: Find
    seconds: float
    chance: float
    detected: float
    balls: list[tuple[NDArray[np.float32], float]] = field(default_factory=list)
    ended: float | None = None
    quiet_since: float | None = None
    total: int = 0
    first: float = float("inf")
    last: float = float("-inf")
    languages: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    sum: NDArray[np.float64] | None = None
    senders: set[int] = field(default_factory=set)
    kept: list[Member] = field(default_factory=list)

    def add(self, member: Member) -> None:
        """Take a row in."""
        self.total += 1
        self.first, self.last = min(self.first, member.time), max(self.last, member.time)
        self.languages[member.language] += 1
        self.codes.update(member.codes)
        self.senders |= {member.sender} - {0}
        self.sum = member.place.astype(np.float64) + (0 if self.sum is None else self.sum)
        if self.languages[member.language] <= _MOST_KEPT:
            self.kept.append(member)

    def centred(self, likeness: float) -> None:
        """Hold the rows that are as near to the mean of its members, whatever it was detected by."""
        self.balls[:1] = [(self.centre, likeness)]

    @property
    def is_series(self) -> bool:
        """Whether it is no more than a code yet: as soon as alike texts stand out within, it is those."""
        return not self.balls

    def narrow(self, find: Find, seconds: float, chance: float) -> None:
        """Be the alike texts of a find instead of all that have a code; members are counted anew."""
        self.find, self.seconds, self.chance = find, seconds, chance
        self.balls = [(find.centre, find.likeness)]
        self.total, self.first, self.last = 0, float("inf"), float("-inf")
        self.languages, self.codes, self.senders, self.sum, self.kept = Counter(), Counter(), set(), None, []

    def widen(self, find: Find) -> None:
        """Take in a find that turned out to be part of it."""
        if find.kind == "texts" and len(self.balls) < _MOST_BALLS:
            self.balls.append((find.centre, find.likeness))

    def holds(self, places: NDArray[np.float32], codes: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which rows belong to it, shape (n_rows,), from places, (n_rows, n_places), and codes, (CODES, n_rows)."""
        inside = np.zeros(len(places), dtype=bool)
        for centre, likeness in self.balls:
            inside |= places @ centre >= likeness
        if self.is_series:
            inside |= (codes == self.find.code).any(axis=0)
        return inside

    @property
    def centre(self) -> NDArray[np.float32]:
        """Mean direction of its members."""
        assert self.sum is not None
        found: NDArray[np.float32] = unit(self.sum).astype(np.float32)
        return found

    def report(self, zone: tzinfo) -> Surge:
        """What is known of it now."""

        def moment(time: float) -> datetime:
            return datetime.fromtimestamp(time, zone)

        shares = {name: number / self.total for name, number in self.codes.most_common()}
        return Surge(
            number=self.number,
            kind="code" if self.is_series else "texts",
            label=_label(shares),
            codes=dict(list(shares.items())[:_CODES_SHOWN]),
            examples=tuple(
                Example(each.id, each.language, moment(each.time), each.text) for each in self._examples(self.centre)
            ),
            languages=dict(self.languages.most_common()),
            senders=len(self.senders),
            first_seen=moment(self.first),
            last_seen=moment(self.last),
            detected_at=moment(self.detected),
            ended_at=None if self.ended is None else moment(self.ended),
            window=timedelta(seconds=self.seconds),
            observed=self.find.observed,
            expected=self.find.expected,
            p_value=self.find.p_value,
            chance_per_week=self.chance,
            total=self.total,
        )

    def _examples(self, centre: NDArray[np.float32]) -> list[Member]:
        nearest = sorted(self.kept, key=lambda member: -float(member.place @ centre))
        texts: set[str] = set()
        different = [each for each in nearest if each.text not in texts and not texts.add(each.text)]  # type: ignore[func-returns-value]
        first: dict[str, Member] = {}
        for each in different:
            first.setdefault(each.language, each)
        rest = [each for each in different if each is not first[each.language]]
        return [*first.values(), *rest][:_EXAMPLES]


def _label(shares: Mapping[str, float]) -> str:
    """The commonest code of each book, the deepest of those that a fair part of the members have."""
    best: dict[str, tuple[float, int, str]] = {}
    for name, share in shares.items():
        book, _, code = name.partition(":")
        if share >= _LABELLED:
            # A parent is as common as all its children together: the deepest code that half of it has stands for it.
            best[book] = max(best.get(book, (0.0, 0, "")), (_worth(share, code), code.count("."), code))
    return " + ".join(code for _, _, code in best.values()) or next(iter(shares), "").partition(":")[2] or "-"


def _worth(share: float, code: str) -> float:
    return float(share * 2 ** code.count("."))
