"""Weeks of made-up traffic with planted surges: enters texts with vectors and codes, leaves a stream and its truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.records import CodeScore, ScoredQuery

__all__ = ["BASE", "FULL", "LASTING", "QUICK", "Planted", "Scale", "Stream", "Text", "simulate"]

LANGUAGES = ("nl", "nb", "ru", "en")
ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 11, 2, tzinfo=ZONE)  # a Monday, and no change of clocks in the weeks after it
# Queries of each hour of the day beside one at noon. Moscow is two hours ahead, half of the English come from overseas.
_DAY = np.array([9, 6, 5, 4, 5, 8, 18, 38, 65, 90, 100, 100, 92, 95, 100, 96, 88, 75, 64, 60, 56, 46, 32, 18]) / 100
_WEEK = np.array([1.15, 1.05, 1.0, 1.0, 0.95, 0.55, 0.5])
_AHEAD = {"nl": 0, "nb": 0, "ru": 2, "en": -1}  # hours
_OFFICE = slice(9, 17)
BASE, _FACTOR = (2.0, 6.0), (3.0, 10.0)  # BASE: queries an hour of a week of the full size


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the model reads it; `topic` is '' for the background."""

    text: str
    language: str
    topic: str
    vector: NDArray[np.float32]
    codes: tuple[CodeScore, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is made up.

    Attributes
    ----------
    per_week : int
        Queries of a week without surges, those of the topics at their base rate among them.
    history, watched : int
        Weeks before and with surges.
    surges : int
    hours : (float, float)
        Least and most that a surge lasts.
    """

    per_week: int
    history: int
    watched: int
    surges: int
    hours: tuple[float, float] = (1.0, 6.0)


FULL = Scale(20_000, 2, 1, 10)
LASTING = Scale(20_000, 2, 1, 10, hours=(4.0, 12.0))
QUICK = Scale(6_000, 1, 1, 3)


@dataclass(frozen=True, slots=True)
class Planted:
    """A surge that was planted: how often a topic comes within an hour of a day's work, times what, and when."""

    topic: str
    base: float
    factor: float
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Stream:
    """Queries in order of time; of each its topic ('' for the background); where watching begins; what was planted."""

    queries: list[ScoredQuery]
    topics: list[str]
    since: datetime
    planted: list[Planted]


def simulate(background: Sequence[Text], topics: Sequence[Text], scale: Scale, seed: int) -> Stream:
    """Make up weeks of traffic; texts are drawn with repetition."""
    draws = np.random.default_rng(seed)
    weeks = scale.history + scale.watched
    names = sorted({each.topic for each in topics})
    base = {name: float(draws.uniform(*BASE)) * scale.per_week / FULL.per_week for name in names}
    since = START + timedelta(weeks=scale.history)
    planted = _plant(names, base, since, scale, draws)
    spread = {name: dict(zip(LANGUAGES, draws.dirichlet([4.0] * len(LANGUAGES)), strict=True)) for name in names}
    pools = {("", code): [each for each in background if each.language == code] for code in LANGUAGES}
    pools |= {
        (name, code): [each for each in topics if (each.topic, each.language) == (name, code)]
        for name in names
        for code in LANGUAGES
    }
    sizes = np.array([len(pools["", code]) for code in LANGUAGES], dtype=float)
    plain = _plain_rate(scale, base)
    found: list[tuple[float, Text]] = []
    for hour in range(168 * weeks):
        for code, size in zip(LANGUAGES, sizes, strict=True):
            rate = plain * size / sizes.sum() * _activity(hour, code)
            found += _arrivals(rate, hour, pools["", code], draws)
            for name in names:
                rate = base[name] * spread[name][code] * _activity(hour, code) / _office()
                found += _arrivals(rate, hour, pools[name, code], draws)
    for each in planted:
        found += _extra(each, spread[each.topic], pools, draws)
    found.sort(key=lambda pair: pair[0])
    queries = [_query(k, time, text) for k, (time, text) in enumerate(found)]
    return Stream(queries, [text.topic for _, text in found], since, planted)


def _activity(hour: int, code: str) -> float:
    """How busy an hour, counted from the start, is beside a noon of a plain day."""
    ahead = hour + _AHEAD[code]
    return float(_DAY[ahead % 24] * _WEEK[ahead // 24 % 7])


def _office() -> float:
    return float(_DAY[_OFFICE].mean())


def _plain_rate(scale: Scale, base: Mapping[str, float]) -> float:
    """Background queries in a noon hour, so that a week has as many as it should."""
    busy = float(_DAY.sum() * _WEEK.sum())
    return scale.per_week / busy - sum(base.values()) / _office()


def _plant(
    names: Sequence[str], base: Mapping[str, float], since: datetime, scale: Scale, draws: np.random.Generator
) -> list[Planted]:
    """Surges of different topics that begin when people write: in stretches of the day with equal traffic each."""
    traffic = np.concatenate([[0.0], np.cumsum(_DAY)]) / _DAY.sum()
    chosen = draws.permutation(len(names))[: scale.surges]
    planted = []
    for k, topic in enumerate(chosen):
        hour = float(np.interp((k + draws.random()) / scale.surges, traffic, np.arange(25)))
        day = int(draws.choice(7, p=_WEEK / _WEEK.sum())) + 7 * int(draws.integers(scale.watched))
        lasts = timedelta(hours=float(draws.uniform(*scale.hours)))
        # The traffic ends with the last week, and a surge must not run on by itself.
        begin = min(since + timedelta(days=day, hours=hour), since + timedelta(weeks=scale.watched) - lasts)
        name = names[topic]
        planted.append(Planted(name, base[name], float(draws.uniform(*_FACTOR)), begin, begin + lasts))
    return sorted(planted, key=lambda each: each.begin)


def _arrivals(rate: float, hour: int, pool: Sequence[Text], draws: np.random.Generator) -> list[tuple[float, Text]]:
    """Seconds from the start and texts of the queries of an hour."""
    number = int(draws.poisson(rate))
    picks = draws.integers(len(pool), size=number)
    return [((hour + float(draws.random())) * 3600, pool[k]) for k in picks]


def _extra(
    each: Planted,
    spread: Mapping[str, float],
    pools: Mapping[tuple[str, str], Sequence[Text]],
    draws: np.random.Generator,
) -> list[tuple[float, Text]]:
    """The queries of a surge that come on top of the base rate."""
    begin, end = ((moment - START).total_seconds() for moment in (each.begin, each.end))
    found = []
    for hour in range(int(begin // 3600), int(end // 3600) + 1):
        for code in LANGUAGES:
            rate = (each.factor - 1) * each.base * spread[code] * _activity(hour, code) / _office()
            found += _arrivals(rate, hour, pools[each.topic, code], draws)
    return [(time, text) for time, text in found if begin <= time < end]


def _query(number: int, time: float, text: Text) -> ScoredQuery:
    moment = START + timedelta(seconds=time)
    return ScoredQuery(str(number), moment, text.vector, text.codes, text.language, text.text, f"c{number}")
