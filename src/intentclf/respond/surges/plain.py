"""Surges, those that are on, and queries as plain values and arrays, and back to what they were, to the last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.records import CodeScore, Example, ScoredQuery, Surge
from intentclf.respond.surges.scan import Find
from intentclf.respond.surges.tracks import Member, Track

__all__ = ["Arrays", "Plain", "plain_query", "plain_surge", "plain_track", "query_of", "surge_of", "track_of"]

Arrays = dict[str, NDArray[Any]]
Plain = dict[str, Any]

_OF_A_TRACK = ("number", "seconds", "chance", "detected", "ended", "quiet_since", "total", "first", "last")
_OF_A_FIND = ("kind", "window", "observed", "expected", "p_value", "likeness", "code")
_OF_A_MEMBER = ("time", "sender", "language", "codes", "id", "text")
_OF_A_SURGE = ("number", "kind", "label", "senders", "observed", "expected", "p_value", "chance_per_week", "total")
_MOMENTS = ("first_seen", "last_seen", "detected_at", "ended_at")


def plain_track(track: Track, arrays: Arrays) -> Plain:
    """A surge that is on; its arrays are put among `arrays`."""
    key = f"track{track.number}"
    arrays[f"{key}_centre"] = track.find.centre
    arrays[f"{key}_balls"] = np.array([centre for centre, _ in track.balls], dtype=np.float32)
    arrays[f"{key}_places"] = np.array([member.place for member in track.kept], dtype=np.float32)
    if track.sum is not None:
        arrays[f"{key}_sum"] = track.sum
    return {
        **{name: getattr(track, name) for name in _OF_A_TRACK},
        "find": {name: getattr(track.find, name) for name in _OF_A_FIND},
        "likeness": [likeness for _, likeness in track.balls],
        "languages": track.languages,
        "codes": track.codes,
        "senders": sorted(track.senders),
        "kept": [[getattr(each, name) for name in _OF_A_MEMBER] for each in track.kept],
    }


def track_of(plain: Plain, arrays: Arrays) -> Track:
    """What `plain_track` was given."""
    key = f"track{plain['number']}"
    track = Track(
        **{name: plain[name] for name in _OF_A_TRACK},
        find=Find(**plain["find"], centre=arrays[f"{key}_centre"]),
        balls=list(zip(arrays[f"{key}_balls"], plain["likeness"], strict=True)),
        languages=Counter(plain["languages"]),
        codes=Counter(plain["codes"]),
        senders=set(plain["senders"]),
        sum=arrays.get(f"{key}_sum"),
    )
    for values, place in zip(plain["kept"], arrays[f"{key}_places"], strict=True):
        given = dict(zip(_OF_A_MEMBER, values, strict=True))
        track.kept.append(Member(**given | {"codes": tuple(given["codes"]), "place": place}))
    return track


def plain_surge(surge: Surge) -> Plain:
    """The report of a surge that has ended."""
    return {
        **{name: getattr(surge, name) for name in _OF_A_SURGE},
        **{name: _seconds(getattr(surge, name)) for name in _MOMENTS},
        "codes": dict(surge.codes),
        "languages": dict(surge.languages),
        "window": surge.window.total_seconds(),
        "examples": [[each.id, each.language, each.received.timestamp(), each.text] for each in surge.examples],
    }


def surge_of(plain: Mapping[str, Any], zone: tzinfo) -> Surge:
    """What `plain_surge` was given, its moments in a zone."""
    same: Plain = {name: plain[name] for name in _OF_A_SURGE}
    return Surge(
        **same | {name: _moment(plain[name], zone) for name in _MOMENTS},
        codes=plain["codes"],
        languages=plain["languages"],
        window=timedelta(seconds=plain["window"]),
        examples=tuple(
            Example(identifier, language, datetime.fromtimestamp(time, zone), text)
            for identifier, language, time, text in plain["examples"]
        ),
    )


def plain_query(query: ScoredQuery) -> Plain:
    """A query without its vector."""
    return {
        "id": query.id,
        "received": query.received.isoformat(),
        "codes": [[each.book, each.code, each.confidence] for each in query.codes],
        "language": query.language,
        "text": query.text,
        "sender": query.sender,
        "keys": list(query.keys),
    }


def query_of(plain: Mapping[str, Any], vector: NDArray[Any]) -> ScoredQuery:
    """What `plain_query` was given."""
    return ScoredQuery(
        **{name: plain[name] for name in ("id", "language", "text", "sender")},
        received=datetime.fromisoformat(plain["received"]),
        vector=vector,
        codes=tuple(CodeScore(*each) for each in plain["codes"]),
        keys=tuple(plain["keys"]),
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(seconds: float | None, zone: tzinfo) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, zone)
