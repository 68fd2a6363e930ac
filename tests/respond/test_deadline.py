"""When an answer is due. Due times were worked out by hand from wall calendars; each group says how."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.errors import InputError
from intentclf.respond.due.agreements import Agreement, Commitment
from intentclf.respond.due.deadline import agreements, respond_by

AMSTERDAM, OSLO, MOSCOW, BEIJING = "Europe/Amsterdam", "Europe/Oslo", "Europe/Moscow", "Asia/Shanghai"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def commitment(severity, amount, unit, *, hours="09:00-17:00", days="mon-fri", holidays="", requires=""):
    return Commitment(severity, amount, unit, hours, days, "", holidays, "any", requires, "desk.txt", 3, "")


# A desk in the customer's zone: four service hours, one business day, three business days.
DESK = Agreement(
    "desk",
    {
        "A": commitment("A", 4, "hour"),
        "B": commitment("B", 1, "business_day"),
        "C": commitment("C", 3, "business_day"),
    },
)
# A desk that is open day and night, but counts days.
NIGHT = Agreement(
    "night",
    {
        "A": commitment("A", 2, "hour", hours="00:00-24:00", days="all"),
        "B": commitment("B", 1, "business_day", hours="00:00-24:00", days="all"),
    },
)


def due(received, severity, agreement, **customer):
    return respond_by(datetime.fromisoformat(received), severity, agreement, now=NOW, **customer)


def keys(found):
    return [remark.key for remark in found.remarks]


# Around the clock: hours are added on UTC. Clocks change at 01:00Z on the last Sundays of March (1 March 2026 is a
# Sunday, so the 29th; 2025: the 30th) and October (1 October 2026 is a Thursday, so the 25th; 2025: the 26th).
AROUND_THE_CLOCK = [
    ("office365_business", "A", "2026-03-10T12:00Z", "2026-03-10T13:00Z"),
    ("office365_business", "B", "2026-03-10T12:00Z", "2026-03-10T20:00Z"),
    ("office365_business", "B", "2026-03-10T20:00Z", "2026-03-11T04:00Z"),
    ("office365_business", "C", "2026-03-10T12:00Z", None),
    ("office365_elevated", "A", "2026-03-10T23:30+05:45", "2026-03-11T00:30+05:45"),
    ("office365_elevated", "B", "2026-12-31T22:30-11:00", "2027-01-01T00:30-11:00"),
    ("office365_elevated", "C", "2026-03-10T22:00Z", "2026-03-11T02:00Z"),
    ("office365_elevated", "C", "2028-02-28T22:00Z", "2028-02-29T02:00Z"),  # leap day
    ("office365_business", "B", "2026-12-31T20:00Z", "2027-01-01T04:00Z"),
    # Spring: 21:00Z + 8 h = 05:00Z, by then summer time.
    ("office365_business", "B", "2026-03-28T22:00+01:00", "2026-03-29T07:00+02:00"),
    ("office365_elevated", "A", "2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00"),
    ("office365_elevated", "B", "2026-03-29T01:30+01:00", "2026-03-29T04:30+02:00"),
    ("office365_elevated", "C", "2026-03-29T01:59+01:00", "2026-03-29T06:59+02:00"),
    ("office365_business", "B", "2025-03-29T23:00+01:00", "2025-03-30T08:00+02:00"),
    # Autumn: 20:00Z + 8 h = 04:00Z, by then winter time.
    ("office365_business", "B", "2026-10-24T22:00+02:00", "2026-10-25T05:00+01:00"),
    ("office365_elevated", "A", "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),  # the clock shows the same
    ("office365_elevated", "B", "2026-10-25T01:30+02:00", "2026-10-25T02:30+01:00"),
    ("office365_business", "B", "2025-10-25T23:00+02:00", "2025-10-26T06:00+01:00"),
    ("21vianet_technical", "A", "2026-10-01T23:30+08:00", "2026-10-02T00:30+08:00"),
    ("21vianet_technical", "A", "2026-02-17T03:00+08:00", "2026-02-17T04:00+08:00"),  # Spring Festival, at night
]

# 09:00 to 24:00 in Beijing, every day of the year. 10 March 2026 is a Tuesday.
TECHNICAL = [
    ("B", "2026-03-10T10:00+08:00", "2026-03-11T10:00+08:00"),
    ("B", "2026-03-10T08:59+08:00", "2026-03-11T09:00+08:00"),  # starts at 09:00
    ("B", "2026-03-10T09:00+08:00", "2026-03-11T09:00+08:00"),
    ("B", "2026-03-10T09:01+08:00", "2026-03-11T09:01+08:00"),
    ("B", "2026-03-10T23:59+08:00", "2026-03-11T23:59+08:00"),
    ("B", "2026-03-11T00:00+08:00", "2026-03-12T09:00+08:00"),  # closing time: starts on the 11th at 09:00
    ("B", "2026-03-11T00:01+08:00", "2026-03-12T09:00+08:00"),
    ("B", "2026-03-14T12:00+08:00", "2026-03-15T12:00+08:00"),  # Saturday to Sunday
    ("B", "2026-10-01T12:00+08:00", "2026-10-02T12:00+08:00"),  # National Day
    ("B", "2026-02-17T09:30+08:00", "2026-02-18T09:30+08:00"),  # Spring Festival
    ("B", "2026-12-31T18:00+08:00", "2027-01-01T18:00+08:00"),
    ("B", "2028-02-28T10:00+08:00", "2028-02-29T10:00+08:00"),
    ("B", "2026-03-10T02:30+01:00", "2026-03-11T02:30+01:00"),  # 01:30Z is 09:30 in Beijing
    ("B", "2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00"),  # 09:30 on the next day, 01:30Z: summer time in Europe
    ("B", "2026-03-10T06:44+05:45", "2026-03-11T09:00+08:00"),  # 00:59Z, 08:59 in Beijing
    ("B", "2026-03-10T06:46+05:45", "2026-03-11T09:01+08:00"),  # 01:01Z
    ("B", "2026-03-10T04:59-11:00", "2026-03-11T23:59+08:00"),  # 15:59Z, 23:59 in Beijing
    ("B", "2026-03-10T05:00-11:00", "2026-03-12T09:00+08:00"),  # 16:00Z, 00:00 on the 11th
    ("C", "2026-03-10T10:00+08:00", "2026-03-13T10:00+08:00"),
    ("C", "2026-03-13T10:00+08:00", "2026-03-16T10:00+08:00"),  # over a weekend, which counts
    ("C", "2026-12-30T08:00+08:00", "2027-01-02T09:00+08:00"),
    ("C", "2026-09-30T23:59+08:00", "2026-10-03T23:59+08:00"),
]

# Monday to Friday, 09:00 to 17:00 in Beijing, with the State Council's holidays and working weekends:
# 2025  28 January - 4 February, 1 - 8 October off; Sundays 26 January, 28 September and Saturday 11 October worked
# 2026  1 - 3 January, 15 - 23 February, 1 - 5 May, 25 - 27 September, 1 - 7 October off;
#       Sundays 4 January, 20 September and Saturdays 14 and 28 February, 9 May, 10 October worked
BILLING = [
    ("B", "2026-03-10T10:00+08:00", "2026-03-11T10:00+08:00"),  # Tuesday
    ("B", "2026-03-10T08:59+08:00", "2026-03-11T09:00+08:00"),
    ("B", "2026-03-10T09:00+08:00", "2026-03-11T09:00+08:00"),
    ("B", "2026-03-10T09:01+08:00", "2026-03-11T09:01+08:00"),
    ("B", "2026-03-10T16:59+08:00", "2026-03-11T16:59+08:00"),
    ("B", "2026-03-10T17:00+08:00", "2026-03-12T09:00+08:00"),  # closing time: starts on Wednesday
    ("B", "2026-03-10T17:01+08:00", "2026-03-12T09:00+08:00"),
    ("B", "2026-03-13T10:00+08:00", "2026-03-16T10:00+08:00"),  # Friday to Monday
    ("B", "2026-03-13T17:00+08:00", "2026-03-17T09:00+08:00"),  # starts on Monday
    ("B", "2026-03-14T12:00+08:00", "2026-03-17T09:00+08:00"),  # Saturday
    ("B", "2026-03-15T23:59+08:00", "2026-03-17T09:00+08:00"),  # Sunday
    ("B", "2026-07-07T10:59+02:00", "2026-07-08T16:59+08:00"),  # Tuesday 16:59
    ("B", "2026-07-07T11:00+02:00", "2026-07-09T09:00+08:00"),  # Tuesday 17:00, starts on Wednesday
    ("B", "2026-07-05T13:59-11:00", "2026-07-07T09:00+08:00"),  # 00:59Z, Monday 08:59
    ("B", "2026-07-05T14:01-11:00", "2026-07-07T09:01+08:00"),  # 01:01Z, Monday 09:01
    ("B", "2026-07-06T14:45+05:45", "2026-07-08T09:00+08:00"),  # 09:00Z, Monday 17:00
    ("B", "2026-09-30T10:00+08:00", "2026-10-08T10:00+08:00"),  # Golden Week, Wednesday to Thursday week
    ("B", "2026-10-03T12:00+08:00", "2026-10-09T09:00+08:00"),  # in it: starts on Thursday 8
    ("B", "2026-10-09T10:00+08:00", "2026-10-10T10:00+08:00"),  # Friday to a Saturday that is worked
    ("B", "2026-10-10T10:00+08:00", "2026-10-12T10:00+08:00"),  # received on it
    ("B", "2026-09-18T10:00+08:00", "2026-09-20T10:00+08:00"),  # Friday to a Sunday that is worked
    ("B", "2026-02-13T10:00+08:00", "2026-02-14T10:00+08:00"),  # Friday to the worked Saturday before Spring Festival
    ("B", "2026-02-14T10:00+08:00", "2026-02-24T10:00+08:00"),  # over Spring Festival
    ("B", "2026-02-17T12:00+08:00", "2026-02-25T09:00+08:00"),  # in it: starts on Tuesday 24
    ("B", "2025-12-31T10:00+08:00", "2026-01-04T10:00+08:00"),  # year end, to a Sunday that is worked
    (
        "B",
        "2026-12-31T10:00+08:00",
        "2027-01-04T10:00+08:00",
    ),  # Thursday; 1 January is a Friday, and three days need no worked weekend
    ("B", "2026-04-30T10:00+08:00", "2026-05-06T10:00+08:00"),  # Labour Day
    ("B", "2025-09-30T10:00+08:00", "2025-10-09T10:00+08:00"),  # Golden Week of eight days
    ("B", "2025-09-26T16:00+08:00", "2025-09-28T16:00+08:00"),
    ("B", "2025-01-24T10:00+08:00", "2025-01-26T10:00+08:00"),
    ("B", "2025-01-27T10:00+08:00", "2025-02-05T10:00+08:00"),
    ("C", "2026-03-10T10:00+08:00", "2026-03-13T10:00+08:00"),
    ("C", "2026-03-12T10:00+08:00", "2026-03-17T10:00+08:00"),  # Thursday: Friday, Monday, Tuesday
    ("C", "2026-09-30T10:00+08:00", "2026-10-10T10:00+08:00"),  # 8, 9, and Saturday 10
    ("C", "2025-09-30T10:00+08:00", "2025-10-11T10:00+08:00"),  # 9, 10, and Saturday 11
    ("C", "2026-09-24T10:00+08:00", "2026-09-30T10:00+08:00"),  # Mid-Autumn: 28, 29, 30
    ("C", "2026-02-13T10:00+08:00", "2026-02-25T10:00+08:00"),  # 14, 24, 25
    ("C", "2026-02-26T10:00+08:00", "2026-03-02T10:00+08:00"),  # 27, Saturday 28, Monday 2
    ("C", "2026-05-06T10:00+08:00", "2026-05-09T10:00+08:00"),  # 7, 8, Saturday 9
]

# A desk in the customer's country, Monday to Friday, 09:00 to 17:00 there; level A is four hours of service.
NORWAY = [  # Easter Sunday is 5 April 2026 and 28 March 2027
    ("B", "2026-04-01T10:00+02:00", "2026-04-07T10:00+02:00"),  # Wednesday over Easter to Tuesday
    ("B", "2026-04-30T10:00+02:00", "2026-05-04T10:00+02:00"),  # 1 May is a Friday
    ("B", "2026-05-13T10:00+02:00", "2026-05-15T10:00+02:00"),  # Ascension Day, Thursday 14
    ("B", "2026-05-15T10:00+02:00", "2026-05-18T10:00+02:00"),  # 17 May is a Sunday
    ("B", "2026-05-22T16:59+02:00", "2026-05-26T16:59+02:00"),  # Whit Monday, 25
    ("B", "2027-05-14T10:00+02:00", "2027-05-18T10:00+02:00"),  # 17 May is Whit Monday too
    ("B", "2028-05-16T10:00+02:00", "2028-05-18T10:00+02:00"),  # 17 May is a Wednesday
    ("C", "2026-05-13T10:00+02:00", "2026-05-19T10:00+02:00"),  # 15, 18, 19
    ("B", "2026-03-27T10:00+01:00", "2026-03-30T10:00+02:00"),  # same clock, summer time
    ("B", "2026-10-23T16:59+02:00", "2026-10-26T16:59+01:00"),  # same clock, winter time
    ("A", "2026-03-09T10:00+01:00", "2026-03-09T14:00+01:00"),  # Monday
    ("A", "2026-03-09T08:00+01:00", "2026-03-09T13:00+01:00"),
    ("A", "2026-03-09T12:59+01:00", "2026-03-09T16:59+01:00"),
    ("A", "2026-03-09T13:00+01:00", "2026-03-10T09:00+01:00"),  # never at closing time
    ("A", "2026-03-09T15:00+01:00", "2026-03-10T11:00+01:00"),
    ("A", "2026-03-27T16:00+01:00", "2026-03-30T12:00+02:00"),  # one hour on Friday, three on Monday
    ("A", "2026-04-30T16:00+02:00", "2026-05-04T12:00+02:00"),  # 1 May in between
]
NETHERLANDS = [
    ("B", "2026-04-24T10:00+02:00", "2026-04-28T10:00+02:00"),  # King's Day, Monday 27
    ("B", "2025-05-02T10:00+02:00", "2025-05-06T10:00+02:00"),  # Liberation Day in a fifth year, Monday
    ("B", "2026-05-13T10:00+02:00", "2026-05-15T10:00+02:00"),  # Ascension Day
    ("B", "2026-05-15T10:00+02:00", "2026-05-18T10:00+02:00"),  # 17 May is nothing here
    ("B", "2026-12-24T10:00+01:00", "2026-12-28T10:00+01:00"),  # Christmas on Friday and Saturday
    ("B", "2026-12-31T10:00+01:00", "2027-01-04T10:00+01:00"),
    ("B", "2026-03-27T16:30+01:00", "2026-03-30T16:30+02:00"),
    ("C", "2026-10-22T09:00+02:00", "2026-10-27T09:00+01:00"),  # Thursday: 23, 26, 27
]
# Days moved by the government: 2025 Saturday 1 November worked, 3 November and 31 December off; 2026 9 January and
# 31 December off; holidays on a weekend are taken on the next Monday.
RUSSIA = [
    ("B", "2025-12-30T10:00+03:00", "2026-01-12T10:00+03:00"),  # Tuesday; 31, 1 - 9 January and the weekend are off
    ("B", "2026-01-03T12:00+03:00", "2026-01-13T09:00+03:00"),  # starts on Monday 12
    ("C", "2025-12-30T10:00+03:00", "2026-01-14T10:00+03:00"),  # 12, 13, 14
    ("B", "2026-12-30T10:00+03:00", "2027-01-11T10:00+03:00"),  # 31, 1 - 8 January and the weekend are off
    ("B", "2025-10-31T10:00+03:00", "2025-11-01T10:00+03:00"),  # Friday to the worked Saturday
    ("B", "2025-11-01T10:00+03:00", "2025-11-05T10:00+03:00"),  # Unity Day, Tuesday 4, and Monday 3
    ("B", "2026-03-06T10:00+03:00", "2026-03-10T10:00+03:00"),  # 8 March is a Sunday
    ("B", "2026-05-08T10:00+03:00", "2026-05-12T10:00+03:00"),  # 9 May is a Saturday
]
# Open day and night in Amsterdam.
NIGHT_ROWS = [
    ("B", "2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00"),  # 02:30 does not come; 03:00 is the first after it
    ("B", "2026-03-28T01:59+01:00", "2026-03-29T01:59+01:00"),
    ("B", "2026-03-28T03:01+01:00", "2026-03-29T03:01+02:00"),
    ("B", "2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00"),  # comes twice, the first
    ("B", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"),
    ("B", "2026-10-25T02:10+01:00", "2026-10-26T03:00+01:00"),  # the second 02:10 comes after the first 02:59
    ("A", "2026-10-25T02:30+01:00", "2026-10-25T04:30+01:00"),
    ("A", "2026-03-29T01:30+01:00", "2026-03-29T04:30+02:00"),
]

ROWS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    *((row, {"premier": True}) for row in AROUND_THE_CLOCK),
    *((("21vianet_technical", *row), {}) for row in TECHNICAL),
    *((("21vianet_billing", *row), {}) for row in BILLING),
    *(((DESK, *row), {"zone": OSLO, "country": "NO"}) for row in NORWAY),
    *(((DESK, *row), {"zone": AMSTERDAM, "country": "NL"}) for row in NETHERLANDS),
    *(((DESK, *row), {"zone": MOSCOW, "country": "RU"}) for row in RUSSIA),
    *(((NIGHT, *row), {"zone": AMSTERDAM}) for row in NIGHT_ROWS),
]


@pytest.mark.parametrize(
    ("row", "customer"),
    [
        pytest.param(
            row, customer, id=f"{getattr(row[0], 'name', row[0])}-{customer.get('country', '')}-{row[1]}-{row[2]}"
        )
        for row, customer in ROWS
    ],
)
def test_the_due_time_is_that_of_the_calendar(row, customer):
    agreement, severity, received, expected = row
    found = due(received, severity, agreement, **customer).due_by
    # On UTC: times that a clock shows twice are unequal to themselves in another zone (PEP 495).
    assert (found and found.astimezone(UTC)) == (expected and datetime.fromisoformat(expected).astimezone(UTC))


@pytest.mark.parametrize(
    ("country", "day", "expected"),
    [
        # Everything else that is known of 2025 to 2027 was compared by eye; these are the days that are easily wrong.
        ("CN", "2026-10-10", "open"),
        ("CN", "2026-09-20", "open"),
        ("CN", "2026-10-07", "closed"),
        ("CN", "2026-02-23", "closed"),
        ("RU", "2026-01-09", "closed"),
        ("RU", "2025-12-31", "closed"),
        ("RU", "2025-11-01", "open"),
        ("NO", "2026-12-24", "open"),  # Christmas Eve is no public holiday
        ("NL", "2026-05-05", "open"),  # Liberation Day is free every fifth year
        ("NL", "2026-04-03", "closed"),  # Good Friday: the package counts it, not every Dutch office does
    ],
)
def test_public_holidays_are_those_of_the_official_calendars(country, day, expected):
    from intentclf.respond.due.service_calendar import ServiceCalendar

    desk = ServiceCalendar(timedelta(hours=9), timedelta(hours=17), frozenset(range(5)), ZoneInfo("UTC"), country)
    assert desk.works_on(date.fromisoformat(day)) == (expected == "open")


@pytest.mark.parametrize(
    ("severity", "agreement", "premier", "applied", "key"),
    [
        ("A", "21vianet_technical", False, "B", "due.premier_only"),
        ("A", "21vianet_technical", True, "A", None),
        ("A", "21vianet_billing", True, "B", "due.no_level"),
        ("A", "21vianet_billing", False, "B", "due.no_level"),
        ("B", "21vianet_billing", False, "B", None),
        ("A", "office365_business", False, "A", None),
    ],
)
def test_level_a_falls_to_the_highest_level_that_is_granted_and_says_so(severity, agreement, premier, applied, key):
    found = due("2026-03-10T10:00+08:00", severity, agreement, premier=premier)
    assert (found.asked, found.applied) == (severity, applied)
    assert [name for name in keys(found) if name in ("due.premier_only", "due.no_level")] == ([key] if key else [])


@pytest.mark.parametrize(
    ("received", "severity", "agreement", "customer", "expected"),
    [
        ("2026-03-10T12:00Z", "B", "office365_business", {}, ["due.hours"]),
        ("2026-03-10T12:00Z", "C", "office365_business", {}, ["due.no_commitment"]),
        ("2026-03-10T10:00+08:00", "B", "21vianet_technical", {}, ["due.business_days"]),
        ("2026-03-10T08:00+08:00", "B", "21vianet_technical", {}, ["due.business_days", "due.outside_hours"]),
        ("2026-09-30T10:00+08:00", "B", "21vianet_billing", {}, ["due.business_days", "due.holiday"]),
        ("2026-10-09T10:00+08:00", "B", "21vianet_billing", {}, ["due.business_days", "due.makeup_day"]),
        ("2035-03-07T10:00+08:00", "B", "21vianet_billing", {}, ["due.business_days", "due.makeup_unknown"]),
        ("2150-03-10T10:00+08:00", "B", "21vianet_billing", {}, ["due.business_days", "due.calendar_range"]),
        ("2026-03-09T10:00+01:00", "A", DESK, {"zone": OSLO, "country": "NO"}, ["due.service_hours"]),
        ("2026-03-09T10:00+01:00", "B", DESK, {"zone": OSLO}, ["due.business_days", "due.no_country"]),
        ("2026-10-25T02:10+01:00", "B", NIGHT, {"zone": AMSTERDAM}, ["due.business_days"]),
        ("2026-10-25T02:10", "B", NIGHT, {"zone": AMSTERDAM}, ["due.fold", "due.business_days"]),
        ("2026-03-29T02:10", "B", "office365_elevated", {"zone": AMSTERDAM}, ["due.gap", "due.hours"]),
    ],
)
def test_the_remarks_say_why(received, severity, agreement, customer, expected):
    assert keys(due(received, severity, agreement, **customer)) == expected


def test_the_remarks_are_sentences_with_their_values_filled_in():
    found = due("2026-09-30T17:00+08:00", "A", "21vianet_billing")
    assert found.why == (
        "This agreement has no level A; its highest level, B, applies.",
        "First response after at most this many business days: 1, at the same time of day; service hours 09:00-17:00 "
        "(Asia/Shanghai).",
        "Received outside service hours; the clock starts at 2026-10-08 09:00 (Asia/Shanghai).",
        "Public holidays (CN) do not count: 2026-10-01, 2026-10-02, 2026-10-05, 2026-10-06, 2026-10-07.",
    )
    assert found.source == "001_574ea51a17b28c09.txt, line 134"


def test_a_public_holiday_counts_as_a_working_day_where_no_country_is_given():
    # 1 May 2026, a Friday.
    assert due("2026-04-30T10:00+02:00", "B", DESK, zone=OSLO).due_by == datetime.fromisoformat(
        "2026-05-01T10:00+02:00"
    )


def test_the_country_of_the_customer_does_not_close_a_desk_with_calendar_and_zone_of_its_own():
    # 17 May 2027 is a Monday.
    found = due("2027-05-16T10:00+08:00", "B", "21vianet_technical", country="NO")
    assert (found.due_by, keys(found)) == (datetime.fromisoformat("2027-05-17T10:00+08:00"), ["due.business_days"])


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        ("2026-03-29T02:30", "2026-03-29T05:30+02:00"),  # does not exist: offset +01:00, so 01:30Z, and two hours
        ("2026-10-25T02:30", "2026-10-25T03:30+01:00"),  # the first: 00:30Z, and two hours
        ("2026-07-01T12:00", "2026-07-01T14:00+02:00"),
    ],
)
def test_a_reading_without_offset_is_read_in_the_zone(wall, expected):
    assert due(wall, "B", "office365_elevated", zone=AMSTERDAM).due_by == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ({}, "2026-03-11T07:15:00+05:45"),
        ({"zone": AMSTERDAM}, "2026-03-11T02:30:00+01:00"),
    ],
    ids=["zone it came with", "customer's zone"],
)
def test_the_due_time_is_shown_in_the_zone_of_the_customer(customer, expected):
    found = due("2026-03-10T07:15+05:45", "B", "21vianet_technical", **customer)
    assert found.due_by is not None
    assert found.due_by.isoformat() == expected


@pytest.mark.parametrize(
    ("now", "hours"),
    [("2026-03-10T12:00Z", 8), ("2026-03-10T20:00Z", 0), ("2026-03-11T20:00Z", -24), ("2026-03-10T02:00Z", 18)],
    ids=["just received", "due now", "overdue", "a clock before the request"],
)
def test_remaining_time_is_counted_from_now(now, hours):
    received = datetime(2026, 3, 10, 12, tzinfo=UTC)
    found = respond_by(received, "B", "office365_business", now=datetime.fromisoformat(now))
    assert found.remaining == timedelta(hours=hours)


def test_remaining_time_is_real_time_where_the_clock_changes_in_between():
    amsterdam = ZoneInfo(AMSTERDAM)
    received = datetime(2026, 3, 28, 22, tzinfo=amsterdam)
    assert respond_by(received, "B", "office365_business", now=received, zone=AMSTERDAM).remaining == timedelta(hours=8)


def test_now_is_the_present_by_default():
    received = datetime.now(UTC)
    remaining = respond_by(received, "A", "office365_business").remaining
    assert remaining is not None
    assert timedelta(minutes=59) < remaining <= timedelta(hours=1)


def test_where_nothing_is_promised_nothing_remains():
    found = due("2026-03-10T12:00Z", "C", "office365_business")
    assert (found.due_by, found.remaining) == (None, None)
    assert found.why == ("No response time is committed for level C; requests are handled around the clock.",)


WITHOUT_B = Agreement("gap", {"A": DESK.commitments["A"], "C": DESK.commitments["C"]})
ONLY_PREMIER = Agreement("only", {"C": commitment("C", 1, "hour", requires="premier")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"received": datetime(2026, 3, 10)}, r"a moment without offset needs the zone .* got 2026-03-10T00:00:00"),
        ({"now": datetime(2026, 3, 10)}, "a moment without offset needs the zone"),
        ({"received": datetime(1, 1, 1, tzinfo=UTC)}, "the year of a moment must be 2 to 8000, got 1"),
        ({"now": datetime(9999, 12, 31, tzinfo=UTC)}, "the year of a moment must be 2 to 8000, got 9999"),
        ({"zone": "Mars/Base"}, r"time zone must be an IANA name .* got 'Mars/Base'"),
        ({"zone": "Europe"}, "time zone must be an IANA name .* got 'Europe'"),
        ({"zone": "../../etc/passwd"}, "time zone must be an IANA name"),
        ({"zone": ""}, "time zone must be an IANA name .* got ''"),
        ({"country": "XX"}, "country must be an ISO 3166 code such as NL, NO, RU or CN, got 'XX'"),
        ({"country": "nl"}, "country must be an ISO 3166 code .* got 'nl'"),
        ({"country": ""}, "country must be an ISO 3166 code .* got ''"),
        ({"agreement": "gold"}, "agreement must be one of 21vianet_technical, .*, got 'gold'"),
        ({"severity": "D"}, "severity must be A, B or C, got 'D'"),
        ({"severity": "a"}, "severity must be A, B or C, got 'a'"),
        ({"agreement": WITHOUT_B, "severity": "B"}, "agreement 'gap' has no level B; it has A, C"),
        ({"agreement": ONLY_PREMIER, "severity": "C"}, "agreement 'only' has no level C; it has none"),
        ({"agreement": DESK}, "level B counts in the customer's time zone, which is not given"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(change, message):
    arguments = {"received": NOW, "severity": "B", "agreement": "office365_business", "now": NOW} | change
    with pytest.raises(InputError, match=message):
        respond_by(**arguments)


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
OFFSETS = st.sampled_from(["Asia/Kathmandu", "Pacific/Pago_Pago", "Pacific/Kiritimati", AMSTERDAM, BEIJING])
CUSTOMERS = st.sampled_from([(AMSTERDAM, "NL"), (OSLO, "NO"), (MOSCOW, "RU"), ("America/New_York", None)])
PROMISES = st.sampled_from(
    [
        (agreement, level)
        for agreement in (*agreements().values(), DESK, NIGHT)
        for level, row in agreement.commitments.items()
        if row.amount
    ]
)
# Nights in which clocks change, where the order of moments is in danger.
CHANGES = st.sampled_from(["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"]).flatmap(
    lambda day: st.datetimes(
        datetime.fromisoformat(day), datetime.fromisoformat(day + "T04:00"), timezones=st.just(UTC)
    )
)


def due_by(received, promise, customer):
    zone, country = customer
    agreement, level = promise
    found = respond_by(received, level, agreement, now=NOW, zone=zone, country=country, premier=True).due_by
    assert found is not None
    return found


@given(MOMENTS | CHANGES, PROMISES, CUSTOMERS)
def test_nothing_is_due_before_it_is_received(received, promise, customer):
    assert due_by(received, promise, customer) > received


@given(MOMENTS | CHANGES, PROMISES, CUSTOMERS)
def test_what_is_due_is_due_within_service_hours_of_a_working_day(received, promise, customer):
    agreement, level = promise
    row = agreement.commitments[level]
    local = due_by(received, promise, customer).astimezone(ZoneInfo(row.time_zone or customer[0]))
    opening, closing = row.span
    assert opening <= timedelta(hours=local.hour, minutes=local.minute) < closing
    if row.days != "all":
        import holidays

        known = holidays.country_holidays(row.holidays or customer[1]) if row.holidays or customer[1] else None
        assert known.is_working_day(local.date()) if known is not None else local.weekday() < 5


@given(st.tuples(MOMENTS, MOMENTS) | st.tuples(CHANGES, CHANGES), PROMISES, CUSTOMERS)
def test_a_later_request_is_never_due_earlier(pair, promise, customer):
    first, second = (due_by(received, promise, customer) for received in sorted(pair))
    assert first.astimezone(UTC) <= second.astimezone(UTC)


@given(MOMENTS | CHANGES, OFFSETS, PROMISES, CUSTOMERS)
def test_the_same_instant_in_another_offset_is_due_at_the_same_instant(received, offset, promise, customer):
    moved = received.astimezone(ZoneInfo(offset))
    assert due_by(moved, promise, customer) == due_by(received, promise, customer)


def test_the_start_path_stays_light():
    program = "import sys, intentclf.respond.due.deadline; print('holidays' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
