"""What the detector knows of the desk, one rule at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

import intentclf.respond.surges.desk as module
from intentclf.errors import InputError, SettingsError
from intentclf.respond.surges.desk import Desk
from intentclf.respond.surges.desk_profile import HOUR, WEEK
from intentclf.respond.surges.memory import CODES, OTHER, Names, Row
from intentclf.respond.surges.records import CodeScore, ScoredQuery, SurgeSettings
from intentclf.respond.surges.topics import CODE_WIDTH

START = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
SETTINGS = SurgeSettings(sample=500)
NONE = -np.inf


def row(time, *, code=-1, sender=0, language=0):
    codes = np.full(CODES, -1, np.int32)
    codes[0] = code
    place = np.zeros(4 + CODE_WIDTH, np.float32)
    hour = int(time // HOUR) % 24
    return Row(time, hour, sender, language, codes, place[:4], place[:CODE_WIDTH], place)


def desk(settings=SETTINGS):
    found = Desk(settings)
    found.open(4)
    return found


def fed(rows, *, settings=SETTINGS, until=None, ages=None):
    """A desk after rows, as the detector feeds it: tidied whenever an hour begins."""
    found, before = desk(settings), NONE
    for each in rows:
        if each.time // HOUR > before // HOUR:
            found.tidy(before, each.time, ages or {}, refit=True)
        before = each.time
        found.remember(each, ages or {})
    if until is not None:
        found.tidy(before, until, ages or {}, refit=True)
    return found


def steady(hours, *, per_hour=30, begin=START):
    return [row(begin + (k + 0.5) * HOUR / per_hour) for k in range(int(hours * per_hour))]


def test_names_beyond_the_bound_are_one():
    names = Names(3)
    assert [names.number(name) for name in ("nl", "nb", "ru", "en", "nb", "ru")] == [0, 1, 2, 2, 1, 2]
    assert [names.name(number) for number in (0, 1, 2)] == ["nl", "nb", OTHER]
    assert [names.has_name(number) for number in (0, 1, 2)] == [True, True, False]
    assert len(names.known) == 2


def test_the_week_is_told_by_the_clock_of_the_desk():
    oslo = Desk(SurgeSettings(zone="Europe/Oslo"))
    for moment in ("2026-03-27T10:30+01:00", "2026-03-30T10:30+02:00"):  # clocks go forward between
        time = datetime.fromisoformat(moment)
        assert oslo.hour_of_day(time.timestamp()) == 10
        assert oslo.profile.hour_of_week(int(time.timestamp() // HOUR)) == 24 * time.weekday() + 10


def test_history_is_a_sample_of_all_that_came():
    found = fed(steady(100), until=START + 110 * HOUR)
    times = (found.sample["time"] - START) / HOUR
    assert found.sample.size == 500
    assert found.eligible == 3000
    # Without replacement by the later ones all would be from the first 17 hours.
    assert 40 < float(times.mean()) < 60
    assert times.max() > 90


@pytest.mark.parametrize(("hours", "rows"), [(2, 60), (25, 90)])
def test_rows_of_a_surge_are_history_only_when_it_has_lasted_a_day(hours, rows):
    found = desk()
    for each in steady(3):
        found.remember(each, {})
    found.recent["surge"][:30] = 7
    found.tidy(START, START + 20 * HOUR, {7: hours * HOUR}, refit=True)
    assert found.eligible == found.sample.size == rows


def test_codes_that_come_in_waves_loosen_the_history():
    rng = np.random.default_rng(0)
    times = [START + (k + 0.5) * HOUR / 40 for k in range(40 * 120)]
    calm = fed([row(time, code=int(rng.integers(2))) for time in times], until=START + 130 * HOUR)
    waves = fed([row(time, code=int(time // (6 * HOUR)) % 2) for time in times], until=START + 130 * HOUR)
    assert calm.history.looseness < 0.02
    assert waves.history.looseness > 0.1


def test_a_gap_of_weeks_is_no_quiet_time():
    days = 9
    one = fed(steady(24 * days), until=START + (24 * days + 10) * HOUR)
    later = START + 24 * days * HOUR + 3 * WEEK
    other = fed([*steady(24 * days), *steady(10, begin=later)], until=later + 20 * HOUR)
    assert one.per_week == pytest.approx(30 * 168, rel=0.1)
    assert other.per_week == pytest.approx(30 * 168, rel=0.1)


def test_a_desk_that_is_shut_at_weekends_is_quiet_then():
    # Monday to Friday, 8 to 18 o'clock, for three weeks.
    rows = [each for day in range(21) if day % 7 < 5 for each in steady(10, begin=START + (24 * day + 8) * HOUR)]
    found = fed(rows, until=START + 3 * WEEK)
    assert found.per_week == pytest.approx(5 * 10 * 30, rel=0.25)
    sunday = START + 3 * WEEK - 12 * HOUR
    assert found.expected(sunday, np.array([6 * HOUR]))[0] < 10


def test_a_row_is_ahead_when_many_should_have_come_before_it():
    found = fed(steady(48), until=START + 48 * HOUR)
    now = START + 48 * HOUR
    assert not found.is_ahead(now, now + 0.9 * HOUR)
    assert found.is_ahead(now, now + 2 * HOUR)  # 60 should have come
    assert not desk().is_ahead(now, now + 20 * HOUR)  # nothing is known of the desk yet
    assert desk().is_ahead(now, now + 25 * HOUR)
    assert not desk().is_ahead(NONE, now)


def test_rows_for_which_there_is_no_room_become_history(monkeypatch):
    monkeypatch.setattr(module, "_MOST_RECENT", 100)
    found, left = desk(), 0
    for each in steady(5, per_hour=60):
        left += found.remember(each, {})
    assert left == 200
    assert found.recent.size == 100
    assert found.eligible == found.sample.size == 200
    found.tidy(START + 5 * HOUR, START + 20 * HOUR, {}, refit=True)
    # The first hour is not whole; all of the others count, whenever they left.
    assert found.profile.counts[:5].tolist() == [0, 60, 60, 60, 60]
    assert found.early == {}


def test_a_sender_counts_once_but_an_address_of_many_does_not():
    rows = [*steady(30), *[row(START + 30 * HOUR + k, sender=99) for k in range(60)]]
    found = fed(rows, until=START + 40 * HOUR)
    senders = np.array([5, 0, 5, 0, 6, 99, 99])
    assert found.once(senders).tolist() == [True, True, False, True, True, True, True]
    assert desk().once(senders).tolist() == [True, True, False, True, True, True, False]


@pytest.mark.parametrize(
    ("vector", "confidence", "message"),
    [
        (np.ones(3), 0.5, "must be a row of 4 numbers, got shape \\(3,\\)"),
        (np.array([1, np.inf, 1, 1]), 0.5, "must be finite, got inf"),
        (np.ones(4), float("nan"), "confidence of 'desk:mail' must be from 0 to 1, got nan"),
        (np.ones(4), 1.5, "must be from 0 to 1, got 1.5"),
    ],
)
def test_a_query_that_cannot_be_counted_is_refused(vector, confidence, message):
    codes = (CodeScore("desk", "mail", confidence),)
    with pytest.raises(InputError, match=message):
        desk().checked(ScoredQuery("q", datetime.now(UTC), vector, codes))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"false_alarms_per_week": 0}, "false_alarms_per_week must be above 0, got 0"),
        ({"false_alarms_per_week": float("nan")}, "must be above 0, got nan"),
        ({"windows": (float("nan"),)}, "windows must be 1 to 24 numbers that rise from above 0 to 168"),
        ({"windows": ()}, "windows must be 1 to 24"),
        ({"windows": (2.0, 1.0)}, "windows must be 1 to 24"),
        ({"shares": tuple((k + 1) / 2000 for k in range(130))}, "shares must be 1 to 24"),
        ({"shares": (0.01, 0.2)}, "shares must be 1 to 24 numbers that rise from above 0 to 0.1"),
        ({"sample": 600.5}, "sample must be a whole number of 500 or more, got 600.5"),
        ({"sample": 499}, "sample must be a whole number of 500 or more, got 499"),
        ({"seed": -1}, "seed must be a whole number of 0 or more, got -1"),
        ({"warm_up": timedelta(days=-1)}, "warm_up must not be negative, got -1 day"),
        ({"tolerance": timedelta(seconds=-1)}, "tolerance must not be negative"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(SettingsError, match=message):
        SurgeSettings(**settings)


def test_as_many_shares_as_are_allowed_fit_the_least_sample():
    shares = tuple((k + 1) / 1000 for k in range(24))
    found = fed(steady(30), settings=SurgeSettings(sample=500, shares=shares), until=START + 40 * HOUR)
    assert found.history.rings(np.ones(4 + CODE_WIDTH, np.float32)).sizes.sum() <= 1000
