"""Moments as people and mail programs write them."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.errors import InputError
from intentclf.respond.due.moments import first_moment, latest_reading, parse_moment

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-11-20T10:00:00+01:00", None, "2026-11-20T10:00:00+01:00"),
        ("2026-11-20T10:00Z", None, "2026-11-20T10:00:00+00:00"),
        ("2026-11-20T10:00z", None, "2026-11-20T10:00:00+00:00"),
        ("20261120T100000+0545", None, "2026-11-20T10:00:00+05:45"),
        ("2026-11-20 10:00:00.5-11:00", None, "2026-11-20T10:00:00.500000-11:00"),
        ("  2026-11-20T10:00Z\n", None, "2026-11-20T10:00:00+00:00"),
        ("2026-11-20T10:00", "Europe/Oslo", "2026-11-20T10:00:00+01:00"),
        ("2026-07-20 10:00", "Europe/Oslo", "2026-07-20T10:00:00+02:00"),
        ("2026-11-20T10:00Z", "Europe/Oslo", "2026-11-20T10:00:00+00:00"),  # an offset goes before the zone
        ("2026-10-25T02:30", "Europe/Oslo", "2026-10-25T02:30:00+02:00"),  # the first of two
        ("Fri, 20 Nov 2026 10:00:00 +0100", None, "2026-11-20T10:00:00+01:00"),
        ("20 Nov 2026 10:00 GMT", None, "2026-11-20T10:00:00+00:00"),
        ("Fri, 20 Nov 2026 10:00:00 EST", None, "2026-11-20T10:00:00-05:00"),
        ("Fri, 20 Nov 2026 10:00:00 +0300 (MSK)", None, "2026-11-20T10:00:00+03:00"),
        ("Fri, 20 Nov 2026 10:00:00 -0000", None, "2026-11-20T10:00:00+00:00"),
        ("Fri, 20 Nov 2026 10:00:00 -0000", "Europe/Oslo", "2026-11-20T10:00:00+00:00"),
        ("Fri, 20 Nov 2026 10:00:00", "Europe/Oslo", "2026-11-20T10:00:00+01:00"),
    ],
)
def test_iso_and_mail_dates_are_read(text, zone, expected):
    assert parse_moment(text, zone).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "zone", "message"),
    [
        ("", None, "a moment must be date and time in ISO 8601 .* got ''"),
        ("yesterday", None, "a moment must be date and time in ISO 8601 .* got 'yesterday'"),
        ("2026-11-20", "Europe/Oslo", "a moment must be date and time .* got '2026-11-20'"),
        ("20261120", "Europe/Oslo", "a moment must be date and time"),
        ("10:00", "Europe/Oslo", "a moment must be date and time"),
        ("2026-13-20T10:00Z", None, "a moment must be date and time"),
        ("2026-02-29T10:00Z", None, "a moment must be date and time"),
        ("2026-11-20T10:00+25:00", None, "a moment must be date and time"),
        ("Fri, 20 Nov 2026 10:00:00 MSK", "Europe/Oslo", "a moment must be date and time .* MSK'"),
        ("31 Nov 2026 10:00 +0100", None, "a moment must be date and time"),
        ("2026-11-20T10:00", None, "a moment without offset needs the zone it was read in, got 2026-11-20T10:00:00"),
        ("2026-11-20T10:00", "Mars/Base", "time zone must be an IANA name such as 'Europe/Oslo', got 'Mars/Base'"),
        ("0001-01-01T00:00Z", None, "the year of a moment must be 2 to 8000, got 1"),
        ("9999-01-01T00:00Z", None, "the year of a moment must be 2 to 8000, got 9999"),
    ],
)
def test_what_is_no_moment_is_refused(text, zone, message):
    with pytest.raises(InputError, match=message):
        parse_moment(text, zone)


@given(st.text(max_size=40) | st.from_regex(r"[0-9T:+\-Z ,a-zA-Z]{0,40}", fullmatch=True))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(InputError):
        assert parse_moment(text, "Europe/Oslo").tzinfo is not None


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29T02:00", "2026-03-29T01:00Z"),
        ("2026-03-29T02:30:00.5", "2026-03-29T01:00Z"),
        ("2026-03-29T03:00", "2026-03-29T01:00Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30Z"),
        ("2026-10-25T03:00", "2026-10-25T02:00Z"),
    ],
)
def test_the_first_moment_of_a_reading_that_is_skipped_is_the_change_of_clocks(wall, expected):
    assert first_moment(datetime.fromisoformat(wall), AMSTERDAM) == datetime.fromisoformat(expected)


def test_a_day_that_a_clock_skips_begins_with_the_next():
    # Samoa went from 29 to 31 December 2011, at 10:00Z.
    found = first_moment(datetime(2011, 12, 30, 9), ZoneInfo("Pacific/Apia"))
    assert found == datetime(2011, 12, 30, 10, tzinfo=UTC)


NIGHTS = st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 6), timezones=st.just(UTC)) | st.datetimes(
    datetime(2026, 3, 28, 20), datetime(2026, 3, 29, 6), timezones=st.just(UTC)
)


@given(NIGHTS, st.integers(0, 7200))
def test_readings_and_moments_keep_their_order(moment, seconds):
    later = moment + timedelta(seconds=seconds)
    assert latest_reading(moment, AMSTERDAM) <= latest_reading(later, AMSTERDAM)
    assert first_moment(latest_reading(moment, AMSTERDAM), AMSTERDAM) >= moment.replace(microsecond=0)
