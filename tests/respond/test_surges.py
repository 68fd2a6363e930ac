"""A surge is found soon and once; a steady stream stays quiet; odd rows are told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

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
    detector, found = watched(queries)
    assert len(found) == 1
    first = found[0]
    assert START + timedelta(hours=110) <= first.detected_at <= START + timedelta(hours=112)
    assert "topic3" in first.label
    assert first.observed > 3 * first.expected
    final = detector.surges()[0]
    assert set(final.languages) == {"nl", "nb", "ru", "en"}
    assert len(final.examples) == 3
    assert {each.language for each in final.examples} <= {"nl", "nb", "ru", "en"}


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_steady_stream_stays_quiet(seed):
    assert watched(stream(seed=seed))[1] == []


def test_a_surge_ends_when_the_rate_has_fallen_back():
    detector, found = watched(stream(surge=(5, 96.0, 99.0, 25)))
    assert len(found) == 1
    ended = detector.surges()[0].ended_at
    assert ended is not None
    assert START + timedelta(hours=98) < ended < START + timedelta(hours=110)


def test_nothing_is_reported_before_since_nor_without_history():
    queries = stream(surge=(3, 60.0, 63.0, 25))
    assert watched(queries, since=START + timedelta(hours=70))[1] == []
    early = stream(days=2, surge=(3, 10.0, 13.0, 25))
    assert watched(early)[1] == []


def test_more_false_alarms_allowed_find_no_less():
    queries = stream(surge=(3, 110.0, 114.0, 6))
    strict, loose = (
        len(watched(queries, SurgeSettings(false_alarms_per_week=rate, warm_up=timedelta(days=2)))[1])
        for rate in (0.001, 5.0)
    )
    assert strict <= loose


def test_a_moment_without_a_zone_is_refused_and_nothing_counted():
    detector = SurgeDetector(SETTINGS)
    naive = ScoredQuery("7", datetime(2026, 11, 2), np.ones(DIMENSIONS))
    with pytest.raises(InputError, match="7"):
        detector.add(naive)
    assert detector.tally.seen == 0


def test_a_vector_of_another_length_is_refused():
    rng = np.random.default_rng(0)
    detector = SurgeDetector(SETTINGS)
    detector.add(query(1, 0.0, 1, rng))
    with pytest.raises(InputError):
        detector.add(ScoredQuery("2", START, np.ones(DIMENSIONS + 1)))


def test_rows_out_of_order_copies_and_late_rows_are_counted():
    rng = np.random.default_rng(0)
    detector = SurgeDetector(SETTINGS)
    for number, hours in ((1, 1.0), (2, 0.9), (3, 0.2)):
        detector.add(query(number, hours, 1, rng))
    detector.add(query(1, 1.1, 1, rng))
    assert detector.tally.to_dict() == {"seen": 4, "counted": 2, "placed": 1, "late": 1, "copies": 1}
    assert len(detector.tally.sentences()) == 3


def test_offsets_do_not_matter():
    plain = stream(surge=(3, 110.0, 113.0, 25))
    east = timezone(timedelta(hours=5, minutes=45))
    moved = [
        ScoredQuery(q.id, q.received.astimezone(east), q.vector, q.codes, q.language, q.text, q.sender) for q in plain
    ]
    assert [each.detected_at for each in watched(plain)[1]] == [each.detected_at for each in watched(moved)[1]]


def test_a_report_is_plain_json_with_a_sentence_in_four_languages():
    import json

    _, found = watched(stream(surge=(3, 110.0, 113.0, 25)))
    content = json.loads(json.dumps(found[0].to_dict()))
    assert (content["number"], content["ended_at"]) == (1, None)
    sentences = {found[0].sentence().text(language) for language in ("nl", "nb", "ru", "en")}
    assert len(sentences) == 4
