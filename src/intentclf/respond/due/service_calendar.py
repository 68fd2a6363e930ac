"""When a desk is open: enters an instant and an amount of hours or business days, leaves the instant they are over.

Service hours are half open: a desk that is served until 17:00 is closed at 17:00 sharp.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from intentclf.errors import InputError, shorten
from intentclf.respond.due.moments import first_moment, latest_reading, write_moment
from intentclf.respond.sentences import Sentence, say

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["ServiceCalendar", "check_country"]

_DAY = timedelta(days=1)
# China has moved working days to weekends in every year since 2001, by a notice late in the year before: a year
# without any is one whose notice the package does not hold.
_MOVES_EVERY_YEAR = {"CN": 2001}


def check_country(country: str) -> None:
    """Accept a country whose public holidays are known.

    Raises
    ------
    InputError
        If they are not.
    """
    if country not in _countries():
        raise InputError(f"country must be an ISO 3166 code such as NL, NO, RU or CN, got {shorten(country)}")


@cache
def _countries() -> frozenset[str]:
    import holidays

    return frozenset(holidays.list_supported_countries(include_aliases=False))


@cache
def _public_holidays(country: str) -> HolidayBase:
    import holidays

    return holidays.country_holidays(country)


@dataclass(frozen=True, slots=True)
class ServiceCalendar:
    """The hours and days on which a desk works.

    Attributes
    ----------
    opening, closing : timedelta
        From midnight; the closing itself is no longer within service hours.
    weekdays : frozenset of int
        0 (Monday) to 6.
    zone : ZoneInfo
    country : str
        Its public holidays are closed, and its working weekends open; '' for neither.
    """

    opening: timedelta
    closing: timedelta
    weekdays: frozenset[int]
    zone: ZoneInfo
    country: str = ""

    def works_on(self, day: date) -> bool:
        """Whether a day is a working day."""
        return not self.is_holiday(day) and (day.weekday() in self.weekdays or self.is_working_weekend(day))

    def is_holiday(self, day: date) -> bool:
        """Whether a day is a public holiday of the country."""
        return bool(self.country) and day in _public_holidays(self.country)

    def is_working_weekend(self, day: date) -> bool:
        """Whether a day is a Saturday or Sunday that the country made a working day in exchange for another."""
        if not self.country or day in _public_holidays(self.country):  # the look-up fills the year of the day
            return False
        return day in _public_holidays(self.country).weekend_workdays

    def after(self, day: date, count: int) -> date:
        """The day itself or, if closed, the next working day; and from there so many working days on."""
        while not self.works_on(day):
            day += _DAY
        for _ in range(count):
            day = self.after(day + _DAY, 0)
        return day

    def start(self, instant: datetime) -> tuple[date, timedelta]:
        """Where the clock starts: a working day and a time of it within service hours, from midnight."""
        reading = latest_reading(instant, self.zone)
        day, since = reading.date(), reading - datetime.combine(reading.date(), time())
        if self.works_on(day) and since < self.closing:
            return day, max(since, self.opening)
        return self.after(day + _DAY, 0), self.opening

    def at(self, day: date, since: timedelta) -> datetime:
        """UTC instant of a time of a day; where the clock skips it, the first instant after."""
        return first_moment(datetime.combine(day, time()) + since, self.zone)

    def add_business_days(self, instant: datetime, count: int) -> datetime:
        """UTC instant of the same time of day, `count` working days after the clock started."""
        day, since = self.start(instant)
        return self.at(self.after(day, count), since)

    def add_hours(self, instant: datetime, count: int) -> datetime:
        """UTC instant at which `count` hours of service have gone by; never a closing, but the opening that follows."""
        left = timedelta(hours=count)
        day, _ = self.start(instant)
        moment = max(instant, self.at(day, self.opening))
        while left >= (rest := max(self.at(day, self.closing) - moment, timedelta())):
            left -= rest
            day = self.after(day, 1)
            moment = self.at(day, self.opening)
        return moment + left

    def remarks(self, received: datetime, due: datetime) -> Iterator[Sentence]:
        """What is to be said about the days between two instants."""
        start = self.at(self.start(received)[0], self.opening)
        if start > received:
            yield say("due.outside_hours", start=write_moment(start.astimezone(self.zone)), zone=self.zone)
        if self.country:
            first, last = (instant.astimezone(self.zone).date() for instant in (received, due))
            days = [first + k * _DAY for k in range((last - first).days + 1)]
            yield from self._day_remarks(days)
            for year in range(first.year, last.year + 1):
                yield from self._year_remarks(year)

    def _day_remarks(self, days: list[date]) -> Iterator[Sentence]:
        closed = [day for day in days if day.weekday() in self.weekdays and self.is_holiday(day)]
        opened = [day for day in days if day.weekday() not in self.weekdays and self.is_working_weekend(day)]
        for key, found in (("due.holiday", closed), ("due.makeup_day", opened)):
            if found:
                yield say(key, country=self.country, days=", ".join(day.isoformat() for day in found))

    def _year_remarks(self, year: int) -> Iterator[Sentence]:
        known = _public_holidays(self.country)
        if not known.start_year <= year <= known.end_year:
            yield say(
                "due.calendar_range", country=self.country, first=known.start_year, last=known.end_year, year=year
            )
        elif year >= _MOVES_EVERY_YEAR.get(self.country, year + 1) and not any(
            day.year == year for day in known.weekend_workdays
        ):
            yield say("due.makeup_unknown", country=self.country, year=year)
