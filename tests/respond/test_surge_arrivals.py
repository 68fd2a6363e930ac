"""Rows as they come in: copies are known, rows far ahead wait, rows without an id have a key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from intentclf.respond.surges.arrivals import Ahead, Copies, content_keys
from intentclf.respond.surges.records import ScoredQuery

START = datetime(2026, 11, 2, tzinfo=UTC)
DAY = 86_400.0


def query(name, *, text="", sender="", keys=(), days=0.0):
    return ScoredQuery(name, START + timedelta(days=days), np.ones(2), (), "nl", text, sender, keys)


@pytest.mark.parametrize(
    ("first", "second", "seconds", "is_copy"),
    [
        (query("1"), query("1"), 10, True),
        (query("1"), query("2"), 10, False),
        (query("1", keys=("a",)), query("1", keys=("b",)), 10, False),  # two files whose rows are numbered from 0
        (query("1", keys=("a", "x")), query("2", keys=("x",)), 10, True),
        (query("1", text="Mail  weg", sender="s"), query("2", text="mail weg", sender="s"), 10, True),
        (query("1", text="mail weg", sender="s"), query("2", text="mail weg", sender="s"), 601, False),
        (query("1", text="mail weg", sender="s"), query("2", text="mail weg", sender="t"), 10, False),
        (query("1", text="mail weg"), query("2", text="mail weg"), 10, False),
    ],
    ids=["id", "ids", "keys", "one key", "text", "text later", "text of another", "text of nobody"],
)
def test_a_copy_is_known(first, second, seconds, is_copy):
    copies = Copies(600.0)
    assert not copies.is_copy(first, 0.0)
    copies.remember(first, 0.0)
    assert copies.is_copy(second, float(seconds)) is is_copy


def test_what_is_old_is_forgotten_wherever_it_stands():
    copies = Copies(600.0)
    for name, time in (("a", 20 * DAY), ("b", 0.0), ("c", 5 * DAY)):
        copies.remember(query(name, text=name, sender="s"), time)
    copies.forget(8 * DAY)
    assert list(copies.keys) == ["a", "c"]
    assert len(copies.texts) == 2


def test_a_text_is_remembered_as_long_as_it_is_a_copy():
    copies = Copies(30 * DAY)
    copies.remember(query("1", text="mail weg", sender="s"), 0.0)
    copies.forget(20 * DAY)
    assert copies.is_copy(query("2", text="mail weg", sender="s"), 20 * DAY)


def test_a_text_that_comes_again_is_the_last_to_be_forgotten():
    copies = Copies(600.0)
    for k, text in enumerate(("a", "b", "a")):
        copies.remember(query(str(k), text=text, sender="s"), 1000.0 * k)
    assert list(copies.texts) == ["s\nb", "s\na"]


def test_three_in_a_row_are_confirmed_and_one_is_not():
    ahead, now = Ahead(), START.timestamp()
    assert ahead.hold(query("1", days=30), now) == []
    assert ahead.hold(query("2", days=30.2), now) == []
    assert [each.id for each in ahead.hold(query("3", days=30.1), now)] == ["1", "3", "2"]
    assert ahead.held == []


def test_a_row_between_breaks_the_run():
    ahead, now = Ahead(), START.timestamp()
    for name in "abcdef":
        assert ahead.hold(query(name, days=30), now) == []
        ahead.reached(now)
    assert len(ahead.held) == 6


def test_rows_far_from_each_other_do_not_confirm_each_other():
    ahead, now = Ahead(), START.timestamp()
    assert [ahead.hold(query(str(days), days=days), now) for days in (100, 900, 5000)] == [[], [], []]


def test_time_catches_up_with_a_row():
    ahead, now = Ahead(), START.timestamp()
    ahead.hold(query("1", days=2), now)
    assert ahead.reached(now + DAY) == []
    assert [each.id for each in ahead.reached(now + 2 * DAY)] == ["1"]


def test_a_row_has_the_same_key_in_every_file_and_twins_have_their_own():
    rows = [(START, "s", "mail weg"), (START, "s", "mail weg"), (START, "", "mail weg"), (START, "s", "почта")]
    keys = content_keys(rows)
    assert len(set(keys)) == 4
    oslo = [(moment.astimezone(), sender, text) for moment, sender, text in rows[1:]]
    assert content_keys(oslo) == [keys[0], *keys[2:]]
    assert not any("почта" in key for key in keys)
