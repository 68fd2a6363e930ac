"""Surges that are on, one rule at a time: what is part of one, how it grows, ends and comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from intentclf.respond.surges.desk import Desk
from intentclf.respond.surges.desk_profile import HOUR
from intentclf.respond.surges.memory import CODES, Row
from intentclf.respond.surges.open_surges import OpenSurges
from intentclf.respond.surges.records import SurgeSettings
from intentclf.respond.surges.scan import Find
from intentclf.respond.surges.topics import CODE_WIDTH

START = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
PLACES = 4 + CODE_WIDTH
WINDOWS = np.array([1.0, 6.0]) * HOUR
ALLOWED = 0.25


def direction(first, second=0.0):
    """A row of length 1 with these parts; the rest of it lies in a third direction."""
    found = np.zeros(PLACES, np.float32)
    found[:3] = first, second, np.sqrt(max(0.0, 1 - first**2 - second**2))
    return found


def row(minutes, place, *, code=-1, sender=0):
    codes = np.full(CODES, -1, np.int32)
    codes[0] = code
    raw = np.zeros(4, np.float32)
    return Row(START + 60 * minutes, 0, sender, 0, codes, raw, place[:CODE_WIDTH], place, str(minutes), "text")


def opened():
    """Surges of a desk with a history of a thousand rows that lean away from where the tests' surges are."""
    desk = Desk(SurgeSettings())
    desk.open(4)
    for k, first in enumerate(np.linspace(-0.9, 0.6, 1000)):
        desk.sample.append(row(-10_000 + k, direction(first)))
    desk.codes.number("desk:mail")
    desk.renew()
    return OpenSurges(desk, WINDOWS, UTC)


def come(found, minutes, place, **more):
    """Rows come, each of which joins what holds it."""
    for minute in minutes:
        each = row(minute, place, **more)
        found.desk.remember(each, {})
        found.take_in(each, found.desk.recent.size - 1)


def texts(place, *, likeness=0.9, p_value=1e-9, observed=10):
    return Find("texts", 0, observed, 1.0, p_value, place, likeness)


def series(code=0):
    return Find("code", 0, 10, 1.0, 1e-9, np.zeros(PLACES, np.float32), 0.0, code)


def report(found, find, *, minute=30, chance=1e-9):
    return found.report(find, chance, ALLOWED, START + 60 * minute)


def test_a_find_without_any_query_is_no_surge():
    found = opened()
    assert report(found, texts(direction(1.0))) == []
    assert found.active == []


def test_what_is_like_a_surge_that_is_on_joins_it():
    found = opened()
    come(found, range(10), direction(1.0))
    assert [each.number for each in report(found, texts(direction(1.0)))] == [1]
    come(found, range(20, 30), direction(0.7, 0.7))
    assert report(found, texts(direction(0.7, 0.7))) == []
    assert [(each.number, each.total) for each in found.surges()] == [(1, 20)]


# Likeness .3 to the surge that is on: a splinter of it, unless it is a thousand times rarer than what is allowed.
@pytest.mark.parametrize(("second", "chance", "number"), [(0.3, 0.1, 0), (0.3, 1e-5, 1), (0.0, 0.1, 1)])
def test_what_is_somewhat_like_a_surge_must_be_the_rarer(second, chance, number):
    found = opened()
    come(found, range(10), direction(0.0, 1.0))
    report(found, texts(direction(0.0, 1.0)))
    other = direction(0.95, second)
    come(found, range(20, 30), other)
    assert len(report(found, texts(other), chance=chance)) == number


def test_a_code_beside_a_surge_must_be_the_rarer():
    found = opened()
    come(found, range(10), direction(1.0))
    report(found, texts(direction(1.0)))
    come(found, range(20, 30), direction(0.0), code=0)
    assert report(found, series(), chance=0.1) == []
    assert len(report(found, series(), chance=1e-5)) == 1


def test_a_series_becomes_the_alike_texts_within_it():
    found = opened()
    come(found, range(10), direction(1.0), code=0)
    come(found, range(10, 15), direction(0.0), code=0)
    first = report(found, series())[0]
    assert (first.kind, first.total, first.observed) == ("code", 15, 10)
    assert report(found, texts(direction(1.0), observed=8, p_value=1e-12)) == []
    now = found.surges()[0]
    assert (now.kind, now.total, now.observed, now.p_value) == ("texts", 10, 8, 1e-12)


def test_a_surge_grows_to_what_its_members_have_in_common():
    found = opened()
    come(found, range(10), direction(0.99, 0.1))
    come(found, range(10, 20), direction(0.97, 0.1))
    assert report(found, texts(direction(0.99, 0.1), likeness=0.999))[0].total == 10
    found.review(START + 31 * 60)
    assert found.surges()[0].total == 20


def test_a_surge_older_than_what_is_remembered_is_held_against_what_is_remembered(monkeypatch):
    found = opened()
    come(found, range(10), direction(1.0))
    report(found, texts(direction(1.0)))
    found.desk.recent.keep(np.zeros(10, bool))
    come(found, range(600, 610), direction(1.0))
    stretches = []

    def expected(now, seconds):
        stretches.append(float(seconds[0]))
        return np.ones(1)

    monkeypatch.setattr(found.desk, "expected", expected)
    found.review(START + 615 * 60)
    assert stretches == [15 * 60]


def test_senders_are_counted_once_and_only_when_known():
    found = opened()
    for sender in (0, 4, 4, 9):
        come(found, [sender], direction(1.0), sender=sender)
    assert report(found, texts(direction(1.0)))[0].senders == 2


def quiet(found, begin, until):
    """Half an hour and more in which others come."""
    for minute in range(begin, until):
        come(found, [minute], direction(-0.8))
        found.review(START + 60 * minute)


def test_a_surge_ends_after_half_an_hour_of_quiet_and_not_at_the_first_look():
    found = opened()
    come(found, range(10), direction(1.0))
    report(found, texts(direction(1.0)))
    quiet(found, 30, 60)
    assert found.surges()[0].ended_at is None
    quiet(found, 60, 75)  # the last member is an hour ago
    assert found.active[0].quiet_since is not None
    quiet(found, 75, 105)
    ended = found.surges()[0].ended_at
    assert ended is not None
    assert 90 <= (ended.timestamp() - START) / 60 < 105


def test_one_quiet_look_between_loud_ones_ends_nothing():
    found = opened()
    come(found, range(10), direction(1.0))
    report(found, texts(direction(1.0)))
    quiet(found, 30, 76)
    come(found, range(76, 86), direction(1.0))
    quiet(found, 86, 100)
    assert found.active[0].quiet_since is None


def test_a_surge_that_comes_back_soon_is_the_same_one():
    found = opened()
    come(found, range(10), direction(1.0))
    report(found, texts(direction(1.0)))
    quiet(found, 30, 120)
    assert found.surges()[0].ended_at is not None
    come(found, range(120, 130), direction(1.0))
    assert report(found, texts(direction(1.0)), minute=130) == []
    assert [(each.number, each.ended_at, each.total) for each in found.surges()] == [(1, None, 20)]


def test_a_series_that_comes_back_soon_is_the_same_one():
    found = opened()
    come(found, range(10), direction(1.0), code=0)
    report(found, series())
    quiet(found, 30, 120)
    assert found.surges()[0].ended_at is not None
    come(found, range(120, 130), direction(1.0), code=0)
    assert report(found, series(), minute=130) == []
    assert [(each.number, each.ended_at) for each in found.surges()] == [(1, None)]


def test_a_surge_that_comes_back_the_next_day_is_a_new_one():
    found = opened()
    come(found, range(10), direction(1.0))
    report(found, texts(direction(1.0)))
    quiet(found, 30, 120)
    tomorrow = 24 * 60
    found.desk.recent.keep(np.zeros(found.desk.recent.size, bool))
    quiet(found, tomorrow - 20, tomorrow)
    come(found, range(tomorrow, tomorrow + 10), direction(1.0))
    assert len(report(found, texts(direction(1.0)), minute=tomorrow + 10)) == 1
    assert [each.number for each in found.surges()] == [1, 2]
