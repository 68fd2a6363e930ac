"""What the surge detector takes and gives: a scored query enters, a suspected bug leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import SettingsError
from intentclf.records import Reason
from intentclf.respond.due.moments import find_zone
from intentclf.respond.sentences import Sentence, say

__all__ = ["CODE_BOOKS", "CodeScore", "Example", "ScoredQuery", "Surge", "SurgeSettings", "Tally", "code_scores"]

CODE_BOOKS = ("outlook_com", "contact_reason")
"""Books whose codes tell what a query is about; each of their codes is a series of its own."""

_HOUR = timedelta(hours=1)
_LEAST_SAMPLE = 500
_MOST_VALUES = 24
_MOST_LATE = 0.1  # share of the rows that may be late before the whole is not to be trusted


@dataclass(frozen=True, slots=True)
class CodeScore:
    """A predicted code of a book and its confidence, 0 to 1."""

    book: str
    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ScoredQuery:
    """A query with what the model made of it.

    Attributes
    ----------
    id : str
    received : datetime
        With zone.
    vector : ndarray of shape (n_dimensions,)
        Row of `Vectors.encode`.
    codes : tuple of CodeScore
    language : str
    text : str
        Shown as an example.
    sender : str
        '' where it is not known; the same text is then never taken for a copy, and one customer not told from many.
    keys : tuple of str
        What a copy of the row has in common with it; the id where there are none.
    """

    id: str
    received: datetime
    vector: NDArray[np.floating[Any]]
    codes: tuple[CodeScore, ...] = ()
    language: str = "und"
    text: str = ""
    sender: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SurgeSettings:
    """How the detector looks.

    Attributes
    ----------
    false_alarms_per_week : float
        Expected number of false alarms in a week, above 0.
    windows : tuple of float
        Hours looked back over, rising, 0 to 168; 24 at most.
    shares : tuple of float
        Sizes of a group: share of the desk's history that is as alike as the farthest member, rising, 0 to 0.1;
        24 at most.
    tolerance : timedelta
        A row may be so much older than the newest and is still placed.
    copies_within : timedelta
        The same text of one sender counts once within this time.
    warm_up : timedelta
        Least history before anything is reported.
    sample : int
        Queries of the history that are kept, 500 or more.
    zone : str
        IANA name of the zone whose clock the desk's day follows.
    seed : int
        Of the draw of the sample.
    """

    false_alarms_per_week: float = 0.25
    windows: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
    shares: tuple[float, ...] = (0.0025, 0.005, 0.01, 0.02, 0.04)
    tolerance: timedelta = timedelta(minutes=15)
    copies_within: timedelta = timedelta(minutes=10)
    warm_up: timedelta = timedelta(days=3)
    sample: int = 8192
    zone: str = "UTC"
    seed: int = 17

    def __post_init__(self) -> None:
        if not 0 < self.false_alarms_per_week < float("inf"):
            raise SettingsError(f"false_alarms_per_week must be above 0, got {self.false_alarms_per_week}")
        _check_rising("windows", self.windows, 168.0)
        _check_rising("shares", self.shares, 0.1)
        for name, number, least in (("sample", self.sample, _LEAST_SAMPLE), ("seed", self.seed, 0)):
            if type(number) is not int or number < least:
                raise SettingsError(f"{name} must be a whole number of {least} or more, got {number!r}")
        for name in ("tolerance", "copies_within", "warm_up"):
            if getattr(self, name) < timedelta():
                raise SettingsError(f"{name} must not be negative, got {getattr(self, name)}")
        find_zone(self.zone)


def _check_rising(name: str, values: tuple[float, ...], most: float) -> None:
    edges = (0.0, *values)
    rises = all(before < after for before, after in zip(edges, values, strict=False))  # false for what is no number
    if not rises or not 1 <= len(values) <= _MOST_VALUES or values[-1] > most:
        raise SettingsError(
            f"{name} must be 1 to {_MOST_VALUES} numbers that rise from above 0 to {most:g}, got {values}"
        )


@dataclass(frozen=True, slots=True)
class Example:
    """A query shown for a surge."""

    id: str
    language: str
    received: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Surge:
    """A suspected bug: queries on one problem came quicker than its own history and the desk's day explain.

    Attributes
    ----------
    number : int
        From 1, in order of detection.
    kind : {'texts', 'code'}
        Alike texts, or the series of a code; a series within which alike texts stand out later becomes those, and
        `window` to `chance_per_week` are then theirs.
    label : str
        The commonest code of each book among the members.
    codes : mapping of str to float
        Code, as 'book:code', and share of the members that have it, 0 to 1, the commonest first.
    examples : tuple of Example
        Nearest the centre, languages that differ first.
    languages : mapping of str to int
        Members by language, the commonest first.
    senders : int
        Different senders of the members; 0 where none is known.
    first_seen, last_seen : datetime
        Of the members.
    detected_at : datetime
    ended_at : datetime or None
        When the rate had fallen back; None while it has not.
    window : timedelta
        Looked back over at detection.
    observed : int
        Members in that window before the query that brought the surge to light; one sender counts once.
    expected : float
        Members that it would have held without a surge.
    p_value : float
        Probability of so many by chance, for this group and window alone.
    chance_per_week : float
        Expected number of alarms as strong in a week by chance, over all groups and windows.
    total : int
        Members up to now, each query by itself.
    """

    number: int
    kind: Literal["texts", "code"]
    label: str
    codes: Mapping[str, float]
    examples: tuple[Example, ...]
    languages: Mapping[str, int]
    senders: int
    first_seen: datetime
    last_seen: datetime
    detected_at: datetime
    ended_at: datetime | None
    window: timedelta
    observed: int
    expected: float
    p_value: float
    chance_per_week: float
    total: int

    @property
    def ratio(self) -> float:
        """Observed by expected."""
        return self.observed / self.expected

    def sentence(self) -> Sentence:
        """The report in one sentence, in any of the languages."""
        key = "surge.suspected" if self.ended_at is None else "surge.ended"
        return say(
            key,
            label=self.label,
            observed=self.observed,
            hours=f"{self.window / _HOUR:g}",
            expected=f"{self.expected:.1f}",
            total=self.total,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `json.dumps`; moments in ISO 8601."""
        return {
            "number": self.number,
            "kind": self.kind,
            "label": self.label,
            "codes": {code: round(share, 4) for code, share in self.codes.items()},
            "examples": [
                {"id": each.id, "language": each.language, "received": each.received.isoformat(), "text": each.text}
                for each in self.examples
            ],
            "languages": dict(self.languages),
            "senders": self.senders,
            "first_seen": self.first_seen.isoformat(),
            "last_seen": self.last_seen.isoformat(),
            "detected_at": self.detected_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "window_hours": self.window / _HOUR,
            "observed": self.observed,
            "expected": round(self.expected, 3),
            "ratio": round(self.ratio, 2),
            "p_value": float(f"{self.p_value:.3g}"),
            "chance_per_week": float(f"{self.chance_per_week:.3g}"),
            "total": self.total,
        }


@dataclass(slots=True)
class Tally:
    """What became of the rows: seen = counted + late + copies + ahead.

    Attributes
    ----------
    seen : int
        All rows.
    counted : int
        Those that the detector looked at.
    placed : int
        Of these, rows that came after a newer one.
    crowded : int
        Of these, rows that left the windows before their time, as there was no room for so many.
    late : int
        Rows older than the tolerance allows; not counted.
    copies : int
        Rows with the id of an earlier one, or the text of one by the same sender; not counted.
    ahead : int
        Rows far ahead of all others that wait for others to follow; not counted yet.
    """

    seen: int = 0
    counted: int = 0
    placed: int = 0
    crowded: int = 0
    late: int = 0
    copies: int = 0
    ahead: int = 0

    def to_dict(self) -> dict[str, int]:
        """Plain values."""
        return asdict(self)

    def sentences(self) -> list[Sentence]:
        """What a person should know of the rows that were not counted as they came."""
        names = ("late", "copies", "placed", "crowded", "ahead")
        told = [say(f"surge.{name}", number=getattr(self, name)) for name in names if getattr(self, name)]
        if self.late > _MOST_LATE * self.seen:
            told.insert(0, say("surge.unsorted", number=self.late, seen=self.seen))
        return told


def code_scores(reasons: Mapping[str, Reason]) -> tuple[CodeScore, ...]:
    """The codes of an answer that tell what it is about."""
    found = ((book, reasons.get(book)) for book in CODE_BOOKS)
    return tuple(CodeScore(book, each.code, each.confidence) for book, each in found if each and each.code)
