"""Moments: enters a text or a clock's reading, leaves an instant, and what was odd about the reading.

All arithmetic is done on UTC instants; a zone's clock is only read and set. Where a clock skips an hour or shows one
twice, `first_moment` and `latest_reading` keep the order of moments: a later one never counts as an earlier one.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from intentclf.errors import InputError, shorten
from intentclf.respond.sentences import Sentence, say

__all__ = ["find_zone", "first_moment", "latest_reading", "parse_moment", "place", "write_moment"]

_SECOND = timedelta(seconds=1)
# Room for offsets, and for the longest time that an agreement may give, at both ends of what a datetime can hold.
_FIRST_YEAR, _LAST_YEAR = 2, 8000
_ZONE_NAME = re.compile(r"\d\s+(?!AM|PM)([A-Za-z]+)$")


def find_zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError(f"time zone must be an IANA name such as 'Europe/Oslo', got {shorten(name)}") from None


def parse_moment(text: str, zone: str | None = None) -> datetime:
    """Read a moment as ISO 8601 or as the date of an e-mail (RFC 2822).

    Parameters
    ----------
    text : str
        With an offset, or `Z`; without one it is the reading of a clock in `zone`. RFC 2822's `-0000` is UTC.
    zone : str, optional
        IANA name.

    Returns
    -------
    datetime
        Aware. A reading that the clock skips or shows twice keeps fold 0; `respond_by` reports it.

    Raises
    ------
    InputError
        If it is neither form, has no time of day, names an unknown zone, or has no offset where no zone is given.

    Examples
    --------
    >>> parse_moment("Fri, 20 Nov 2026 10:00:00 +0100").isoformat()
    '2026-11-20T10:00:00+01:00'
    """
    moment = _read_iso(text.strip()) or _read_mail_date(text.strip())
    if moment is None:
        expected = "ISO 8601 ('2026-11-20T10:00+01:00') or RFC 2822 ('Fri, 20 Nov 2026 10:00:00 +0100')"
        raise InputError(f"a moment must be date and time in {expected}, got {shorten(text)}")
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=find_zone(zone))
    _check(moment)
    return moment


def _read_iso(text: str) -> datetime | None:
    try:
        date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return None  # a day without time of day would silently become midnight
    try:
        return datetime.fromisoformat(text.removesuffix("z") + "Z" if text.endswith("z") else text)
    except ValueError:
        return None


def _read_mail_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is not None:
        return moment
    if re.search(r"-0000\b", text):
        return moment.replace(tzinfo=UTC)
    # The parser drops a zone name it does not know, and the moment would be off by hours.
    return None if _ZONE_NAME.search(text) else moment


def _check(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise InputError(f"a moment without offset needs the zone it was read in, got {moment.isoformat()}")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InputError(f"the year of a moment must be {_FIRST_YEAR} to {_LAST_YEAR}, got {moment.year}")


def place(moment: datetime, zone: ZoneInfo | None) -> tuple[datetime, tuple[Sentence, ...]]:
    """The UTC instant of a moment, and what was odd about its reading.

    Parameters
    ----------
    moment : datetime
        A naive one is read in `zone`.
    zone : ZoneInfo or None

    Raises
    ------
    InputError
        If it is naive and there is no zone, or lies outside the years 2 to 8000.
    """
    if moment.tzinfo is None and zone is not None:
        moment = moment.replace(tzinfo=zone)
    _check(moment)
    instant = moment.astimezone(UTC)
    return instant, _oddities(moment, instant)


def _oddities(moment: datetime, instant: datetime) -> tuple[Sentence, ...]:
    # Fold 1 is a choice that somebody made: only a reading left at the default may have been meant otherwise.
    if not isinstance(moment.tzinfo, ZoneInfo) or moment.fold:
        return ()
    back = instant.astimezone(moment.tzinfo)
    if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
        return (say("due.gap", zone=moment.tzinfo, wall=write_moment(moment), read=write_moment(back)),)
    if moment.utcoffset() != moment.replace(fold=1).utcoffset():
        return (say("due.fold", zone=moment.tzinfo, wall=write_moment(moment)),)
    return ()


def first_moment(wall: datetime, zone: tzinfo) -> datetime:
    """UTC instant at which the zone's clock first shows `wall` (naive) or, where it skips that, anything later."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first <= second else _change(second, first, zone)


def latest_reading(instant: datetime, zone: tzinfo) -> datetime:
    """The latest (naive) reading that the zone's clock has shown up to an instant.

    In the hour that it shows for the second time, that is the end of this hour.
    """
    local = instant.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    earlier = local.replace(fold=0)
    change = _change(earlier.astimezone(UTC), instant, zone)
    return (change + (earlier.utcoffset() or timedelta())).replace(tzinfo=None)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The instant between two at which the zone changes its offset; changes fall on whole seconds."""
    before, after = before.replace(microsecond=0), after.replace(microsecond=0) + _SECOND
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def write_moment(moment: datetime) -> str:
    """A moment for a sentence, to the minute: '2026-11-20 10:00'."""
    return moment.strftime("%Y-%m-%d %H:%M")
