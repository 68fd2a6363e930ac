"""What the history says of a group, worked out by hand: rings, texts that repeat, the hour of the day, the volume."""

from __future__ import annotations

import numpy as np
import pytest

from intentclf.respond.surges.history import History
from intentclf.respond.surges.scan import Lately, gathered, promising

SHARES = (0.01, 0.02, 0.04)
CENTRE = np.array([1.0, 0.0], np.float32)


def leaning(likeness):
    """Rows of length 1 that are so much like the centre."""
    likeness = np.asarray(likeness)
    return np.stack([likeness, np.sqrt(1 - likeness**2)], axis=1).astype(np.float32)


def history(likeness, *, hour=None, language=None, looseness=0.0):
    place = leaning(likeness)
    many = len(place)
    none = np.zeros(many, np.int64)
    codes = np.full((8, many), -1, np.int32)
    return History(
        place, none if language is None else language, codes, none if hour is None else hour, 2, SHARES, looseness
    )


def lately(likeness, *, expected=100.0):
    place = leaning(likeness)
    many = len(place)
    none = np.zeros(many, np.int64)
    codes = np.full((8, many), -1, np.int32)
    return Lately(place, none, none, codes, np.ones(many, bool), np.array([expected]), 2)


def test_rings_hold_the_shares_of_a_history_of_different_texts():
    rings = history(np.linspace(0.9, 0.0, 1000)).rings(CENTRE)
    assert rings.sizes.tolist() == [10, 10, 20]
    # (10 + 20 * 10 / 1000) / (1000 + 20): the history leans on the share in all languages by 20 queries.
    assert rings.share[:, 0] == pytest.approx([0.01, 0.01, 0.02])
    assert rings.of(np.array([0.95, 0.886, 0.5], np.float32)).tolist() == [0, 1, 3]


@pytest.mark.parametrize(("repeated", "sizes"), [(0.10, [100, 0, 0]), (0.015, [15, 5, 20]), (0.03, [30, 0, 10])])
def test_a_text_that_repeats_lies_in_one_ring_with_all_its_copies(repeated, sizes):
    copies = int(1000 * repeated)
    likeness = np.concatenate([np.full(copies, 1.0), np.linspace(0.9, 0.0, 1000 - copies)])
    rings = history(likeness).rings(CENTRE)
    assert rings.sizes.tolist() == sizes
    assert rings.share[0, 0] == pytest.approx(repeated)
    assert rings.of(np.array([1.0, 1 - 1e-6], np.float32)).tolist() == [0, 0]  # the same text, placed twice


def test_a_text_that_repeats_as_often_as_ever_is_not_promising():
    past = history(np.concatenate([np.full(100, 1.0), np.linspace(0.9, 0.0, 900)]))
    usual = np.concatenate([np.full(10, 1.0), np.linspace(0.9, 0.0, 90)])
    assert not promising(CENTRE, past, lately(usual))
    much = np.concatenate([np.full(30, 1.0), np.linspace(0.9, 0.0, 70)])
    assert promising(CENTRE, past, lately(much))


def test_a_surge_is_gathered_to_where_it_stands_out():
    past = history(np.linspace(0.9, -0.9, 1000))
    now = leaning(np.concatenate([np.full(20, 0.88), np.linspace(0.8, -0.9, 50)]))
    limit = gathered(CENTRE, past, now, np.zeros(70, np.int64), 1.0)
    assert 0.8 < limit <= 0.88


def test_members_that_come_at_one_hour_are_expected_oftener_then():
    hour = np.tile(np.arange(24), 50)
    members = (hour == 9) & (np.arange(1200) < 600)
    past = history(np.linspace(0.9, 0.0, 1200), hour=hour)
    # 25 members, all within two hours of 9, where 5 of 24 queries are: (25 + 5) / (25 * 5 / 24 + 5).
    assert past.by_hour(members, 9) == pytest.approx(30 / (125 / 24 + 5))
    assert past.by_hour(members, 21) == 1.0  # never less than all queries


def test_midnight_is_near_eleven_in_the_evening():
    hour = np.tile(np.arange(24), 50)
    past = history(np.linspace(0.9, 0.0, 1200), hour=hour)
    assert past.by_hour(hour == 0, 23) == past.by_hour(hour == 0, 1) > 2


# 20 came. The week lets expect 10, and beside the group only 5 came: half of what came counts. Where the rest of the
# desk came quicker too (18), that counts.
@pytest.mark.parametrize(("expected", "excess", "share"), [(10.0, 15.0, 0.5), (10.0, 2.0, 0.9), (40.0, 15.0, 1.0)])
def test_what_is_too_much_is_no_measure_of_itself(expected, excess, share):
    assert lately(np.zeros(20), expected=expected).volume(np.array([excess]))[0] == pytest.approx(share)


def test_rates_that_wander_make_many_less_of_a_surprise():
    assert history(np.zeros(100), looseness=0.0).shape(20) == pytest.approx(20)
    assert history(np.zeros(100), looseness=0.05).shape(20) == pytest.approx(10)  # 1 / (1 / 20 + 0.05)


def test_a_language_hardly_met_leans_on_all():
    language = np.zeros(1000, np.int64)
    language[:5] = 1
    share = history(np.linspace(0.9, 0.0, 1000), language=language).rings(CENTRE).share
    # All five of language 1 are in the first ring of ten: (5 + 20 * 0.01) / (5 + 20).
    assert share[0].tolist() == pytest.approx([(5 + 0.2) / (995 + 20), 5.2 / 25])
