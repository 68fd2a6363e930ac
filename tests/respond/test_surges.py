"""A surge is found soon and once; a steady stream stays quiet; odd rows are told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from intentclf.errors import InputError
from intentclf.respond.surges.detector import SurgeDetector
from intentclf.respond.surges.records import CodeScore, ScoredQuery, SurgeSettings

START = datetime(2026, 11, 2, tzinfo=UTC)
TOPICS = 12
DIMENSIONS = 16
CENTRES = np.linalg.qr(np.random.default_rng(0).normal(size=(DIMENSIONS, DIMENSIONS)))[0]
SETTINGS = SurgeSettings(false_alarms_per_week=0.01, warm_up=timedelta(days=2))
SINCE = START + timedelta(hours=100)  # nothing before is judged, which saves time


def query(number, hours, topic, rng, *, language="nl", **more):
    vector = CENTRES[topic] + 0.35 * rng.normal(size=DIMENSIONS) / DIMENSIONS**0.5
    vector /= np.linalg.norm(vector)
    codes = (CodeScore("outlook_com", f"desk.topic{topic}", 0.8),)
    moment = START + timedelta(hours=hours)
    return ScoredQuery(str(number), moment, vector, codes, language, f"text {number}", f"s{number}", **more)


def stream(*, days=6, per_hour=20, surge=None, seed=1):
    """Queries spread evenly over twelve topics; a surge of (topic, first hour, last hour, queries an hour)."""
    rng = np.random.default_rng(seed)
    moments = [(float(h), int(rng.integers(TOPICS))) for h in np.sort(rng.random(days * 24 * per_hour) * days * 24)]
    if surge:
        topic, begin, end, rate = surge
        moments += [(float(h), topic) for h in begin + rng.random(int((end - begin) * rate)) * (end - begin)]
    languages = ("nl", "nb", "ru", "en")
    return [query(k, hours, topic, rng, language=languages[k % 4]) for k, (hours, topic) in enumerate(sorted(moments))]


def watched(queries, settings=SETTINGS, **options):
    detector = SurgeDetector(settings, **options)
    return detector, detector.add_all(queries)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_surge_is_found_soon_once_and_in_all_its_languages(seed):
    queries = stream(surge=(3, 110.0, 113.0, 25), seed=seed)
    detector, found = watched(queries, since=SINCE)
    assert len(found) == 1
    first = found[0]
    assert START + timedelta(hours=110) <= first.detected_at <= START + timedelta(hours=112)
    assert "topic3" in first.label
    assert first.observed > 3 * first.expected
    final = detector.surges()[0]
    assert set(final.languages) == {"nl", "nb", "ru", "en"}
    assert len({each.language for each in final.examples}) == 3  # languages that differ first
    assert final.senders == final.total


@pytest.mark.parametrize("seed", [3, 4])
def test_a_steady_stream_stays_quiet(seed):
    assert watched(stream(seed=seed))[1] == []


def test_a_surge_ends_when_the_rate_has_fallen_back():
    detector, found = watched(stream(surge=(5, 96.0, 99.0, 25)))
    assert len(found) == 1
    ended = detector.surges()[0].ended_at
    assert ended is not None
    assert START + timedelta(hours=98) < ended < START + timedelta(hours=110)


def test_nothing_is_reported_before_since_nor_without_history():
    queries = stream(days=4, surge=(3, 40.0, 43.0, 25))
    at_once = SurgeSettings(false_alarms_per_week=0.01, warm_up=timedelta())
    assert len(watched(queries, at_once)[1]) == 1
    assert watched(queries, at_once, since=START + timedelta(hours=50))[1] == []
    assert watched(queries)[1] == []  # two days have not passed


def test_more_false_alarms_allowed_find_more():
    queries = stream(surge=(3, 110.0, 112.0, 7), seed=2)
    found = [
        len(watched(queries, SurgeSettings(false_alarms_per_week=rate, warm_up=timedelta(days=2)), since=SINCE)[1])
        for rate in (1e-6, 5.0)
    ]
    assert found == [0, 1]


def test_a_moment_without_a_zone_is_refused_and_nothing_counted():
    detector = SurgeDetector(SETTINGS)
    naive = ScoredQuery("7", datetime(2026, 11, 2), np.ones(DIMENSIONS))
    with pytest.raises(InputError, match="query '7': the moment must have a zone, got 2026-11-02T00:00:00"):
        detector.add(naive)
    assert detector.tally.seen == 0


def test_a_vector_of_another_length_is_refused():
    rng = np.random.default_rng(0)
    detector = SurgeDetector(SETTINGS)
    detector.add(query(1, 0.0, 1, rng))
    other = ScoredQuery("2", START, np.ones(DIMENSIONS + 1))
    with pytest.raises(InputError, match="query '2': vector must be a row of 16 numbers, got shape \\(17,\\)"):
        detector.add(other)
    assert detector.tally.seen == 1


def test_rows_out_of_order_copies_and_late_rows_are_counted():
    rng = np.random.default_rng(0)
    detector = SurgeDetector(SETTINGS)
    for number, hours in ((1, 1.0), (2, 0.9), (3, 0.2)):
        detector.add(query(number, hours, 1, rng))
    detector.add(query(1, 1.1, 1, rng))
    found = {"seen": 4, "counted": 2, "placed": 1, "crowded": 0, "late": 1, "copies": 1, "ahead": 0}
    assert detector.tally.to_dict() == found
    told = [each.key for each in detector.tally.sentences()]
    assert told == ["surge.unsorted", "surge.late", "surge.copies", "surge.placed"]


def test_a_row_from_the_future_blinds_nobody():
    queries = stream(surge=(3, 110.0, 113.0, 25))
    slips = [query(f"slip{k}", 24 * 400 * k, 5, np.random.default_rng(k)) for k in (1, 2, 3)]
    for place, slip in zip((500, 1500, 1501), slips, strict=True):
        queries.insert(place, slip)
    detector, found = watched(queries, since=SINCE)
    assert len(found) == 1
    assert [each.id for each in detector.ahead.held] == ["slip1", "slip2", "slip3"]
    assert detector.tally.ahead == 3
    assert detector.tally.counted == len(queries) - 3
    assert [each.key for each in detector.tally.sentences()] == ["surge.ahead"]


def test_rows_after_a_silence_wait_for_the_third_and_count_then():
    rng = np.random.default_rng(0)
    before = stream(days=2)
    after = [query(f"a{k}", 24 * 30 + k / 20, k % 12, rng) for k in range(60)]
    detector, _ = watched([*before, *after[:2]])
    assert (detector.tally.ahead, detector.tally.counted) == (2, len(before))
    detector.add_all(after[2:])
    assert (detector.tally.ahead, detector.tally.counted) == (0, len(before) + 60)
    assert detector.now == (START + timedelta(hours=24 * 30 + 59 / 20)).timestamp()


def test_a_row_that_time_catches_up_with_is_counted_then():
    queries = stream(days=4)
    early = query("early", 80.0, 1, np.random.default_rng(0))
    detector, _ = watched([*queries[:1000], early, *queries[1000:]], since=SINCE)
    assert detector.tally.counted == len(queries) + 1
    assert (detector.tally.ahead, detector.tally.placed) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.1])
def test_a_text_that_comes_again_and_again_word_for_word_is_no_surge(share):
    rng = np.random.default_rng(7)
    queries = [
        replace(each, vector=CENTRES[0], codes=()) if rng.random() < share else each
        for each in stream(days=6, per_hour=30, seed=7)
    ]
    assert watched(queries, SurgeSettings(warm_up=timedelta(days=2)))[1] == []


def test_one_customer_is_no_surge_and_many_are():
    queries = stream(surge=(3, 110.0, 111.0, 25))
    more = {
        f"text {k}" for k, each in enumerate(queries) if "topic3" in each.codes[0].code and is_between(each, 110, 111)
    }
    one = [replace(each, sender="s") if each.text in more else each for each in queries]
    assert len(watched(queries, since=SINCE)[1]) == 1
    assert watched(one, since=SINCE)[1] == []


def is_between(each, first, last):
    return START + timedelta(hours=first) <= each.received < START + timedelta(hours=last)


def test_a_code_of_which_no_two_texts_are_alike_is_found_as_a_series():
    rng = np.random.default_rng(3)
    queries = [
        replace(each, vector=rng.normal(size=DIMENSIONS))
        for each in stream(days=6, surge=(3, 110.0, 113.0, 25), seed=3)
    ]
    _, found = watched(queries, since=SINCE)
    assert [(each.kind, each.label) for each in found] == [("code", "desk.topic3")]


@pytest.mark.parametrize("seed", [1, 2])  # the rate of the second falls back for an hour
def test_a_surge_of_a_day_is_reported_once(seed):
    queries = stream(days=6, surge=(3, 110.0, 134.0, 12), seed=seed)
    assert [each.number for each in watched(queries, since=SINCE)[1]] == [1]


def test_the_space_stays_while_a_surge_is_on(monkeypatch):
    detector = SurgeDetector(SETTINGS, since=SINCE)
    told = set()
    tidy = detector.desk.tidy

    def watched_tidy(before, now, ages, *, refit):
        told.add((bool(detector.open.active), refit))
        tidy(before, now, ages, refit=refit)

    monkeypatch.setattr(detector.desk, "tidy", watched_tidy)
    detector.add_all(stream(surge=(3, 110.0, 116.0, 25)))
    assert told == {(False, True), (True, False)}


@pytest.mark.parametrize("name", ["nl", "xx"])
def test_more_languages_than_there_is_room_for_share_the_last_number(name):
    rng = np.random.default_rng(0)
    detector = SurgeDetector(SETTINGS)
    for k, code in enumerate(["nl", *(f"x{k}" for k in range(20)), name]):
        detector.add(query(k, k / 10, 1, rng, language=code))
    numbers = detector.desk.recent["language"].tolist()
    assert numbers == [0, 1, 2, 3, 4, 5, 6, *[7] * 14, 0 if name == "nl" else 7]


def test_the_hour_of_a_row_is_that_of_the_desk():
    detector = SurgeDetector(replace(SETTINGS, zone="Europe/Oslo"))
    for name, moment in (("1", "2026-03-29T00:30+00:00"), ("2", "2026-03-29T01:30+00:00")):  # 1:30 and 3:30 in Oslo
        detector.add(ScoredQuery(name, datetime.fromisoformat(moment), CENTRES[0]))
    assert detector.desk.recent["hour"].tolist() == [1, 3]


def test_a_clock_that_goes_forward_moves_nothing():
    plain = [
        replace(each, received=each.received - timedelta(days=220)) for each in stream(surge=(3, 110.0, 113.0, 25))
    ]
    oslo = ZoneInfo("Europe/Oslo")
    moved = [replace(each, received=each.received.astimezone(oslo)) for each in plain]
    assert plain[0].received < datetime(2026, 3, 31, tzinfo=UTC)
    settings, since = replace(SETTINGS, zone="Europe/Oslo"), SINCE - timedelta(days=220)
    found = [[each.detected_at for each in watched(each, settings, since=since)[1]] for each in (plain, moved)]
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_offsets_do_not_matter():
    plain = stream(surge=(3, 110.0, 113.0, 25))
    east = timezone(timedelta(hours=5, minutes=45))
    moved = [
        ScoredQuery(q.id, q.received.astimezone(east), q.vector, q.codes, q.language, q.text, q.sender) for q in plain
    ]
    assert [each.detected_at for each in watched(plain, since=SINCE)[1]] == [
        each.detected_at for each in watched(moved, since=SINCE)[1]
    ]


def test_a_report_is_plain_json_with_a_sentence_in_four_languages():
    import json

    _, found = watched(stream(surge=(3, 110.0, 113.0, 25)), since=SINCE)
    content = json.loads(json.dumps(found[0].to_dict()))
    assert (content["number"], content["ended_at"]) == (1, None)
    sentences = {found[0].sentence().text(language) for language in ("nl", "nb", "ru", "en")}
    assert len(sentences) == 4
