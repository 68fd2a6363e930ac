"""A detector that was saved goes on as if it had never stopped; what is damaged is refused with one sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from intentclf.errors import InputError
from intentclf.respond.surges.detector import SurgeDetector
from intentclf.respond.surges.records import CodeScore, ScoredQuery, SurgeSettings
from intentclf.respond.surges.state import load_detector, save_detector

START = datetime(2026, 11, 2, tzinfo=UTC)
CENTRES = np.eye(12)
SETTINGS = SurgeSettings(warm_up=timedelta(days=2), sample=500)


@pytest.fixture(scope="module")
def queries():
    """Five days of ten queries an hour on twelve topics; from hour 100 to 104 thirty an hour more on one of them."""
    rng = np.random.default_rng(1)
    moments = [(float(hour), int(rng.integers(12))) for hour in rng.random(1200) * 120]
    moments += [(float(hour), 4) for hour in 100 + rng.random(120) * 4]
    found = []
    for number, (hour, topic) in enumerate(sorted(moments)):
        vector = CENTRES[topic] + 0.1 * rng.normal(size=12)
        codes = (CodeScore("outlook_com", f"desk.topic{topic}", 0.8),)
        language = ("nl", "nb", "ru", "en")[number % 4]
        text = f"почта {number}"
        moment = START + timedelta(hours=hour)
        found.append(
            ScoredQuery(str(number), moment, vector / np.linalg.norm(vector), codes, language, text, f"s{number}")
        )
    return found


# Without history; with a sample but before the surge; in the middle of it, with a group going on; after its end.
@pytest.mark.parametrize("hours", [0, 20, 90, 102, 115])
def test_a_detector_goes_on_where_it_was_left(queries, tmp_path, hours):
    border = START + timedelta(hours=hours)
    first = [query for query in queries if query.received < border]
    rest = [query for query in queries if query.received >= border]
    straight, stopped = SurgeDetector(SETTINGS), SurgeDetector(SETTINGS)
    straight.add_all(first)
    stopped.add_all(first)
    save_detector(stopped, tmp_path)
    resumed = load_detector(tmp_path)
    assert [surge.to_dict() for surge in resumed.surges()] == [surge.to_dict() for surge in stopped.surges()]
    assert resumed.add_all(rest) == straight.add_all(rest)
    assert [surge.to_dict() for surge in resumed.surges()] == [surge.to_dict() for surge in straight.surges()]
    assert resumed.tally == straight.tally
    assert len(resumed.surges()) == 1  # the surge, whichever side of the border it was found on


def test_a_copy_is_known_again_after_loading(queries, tmp_path):
    detector = SurgeDetector(SETTINGS)
    detector.add_all(queries[:50])
    save_detector(detector, tmp_path)
    resumed = load_detector(tmp_path)
    resumed.add(queries[49])
    assert (resumed.tally.copies, resumed.tally.counted) == (1, 50)


def test_arrays_are_stored_without_pickle(queries, tmp_path):
    detector = SurgeDetector(SETTINGS)
    detector.add_all(queries[:900])
    save_detector(detector, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["surge.json", "surge.npz"]
    with np.load(tmp_path / "surge.npz", allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


def rewrite(folder, **changed):
    path = folder / "surge.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changed), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "surge.json").unlink(), "is no state of a surge detector"),
        (lambda folder: (folder / "surge.json").write_text("{", encoding="utf-8"), "cannot be read"),
        (lambda folder: (folder / "surge.npz").write_bytes(b"PK"), "is not the one written with surge.json"),
        (lambda folder: rewrite(folder, format=99), "format 99, this program reads 1"),
        (lambda folder: rewrite(folder, desk={}), "cannot be read"),
    ],
    ids=["missing", "not JSON", "other arrays", "other version", "a part missing"],
)
def test_a_damaged_state_is_refused(queries, tmp_path, damage, message):
    detector = SurgeDetector(SETTINGS)
    detector.add_all(queries[:60])
    save_detector(detector, tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=message):
        load_detector(tmp_path)
