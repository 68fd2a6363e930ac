"""A detector that was saved goes on as if it had never stopped; what is damaged is refused with one sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from intentclf.errors import InputError
from intentclf.respond.surges.detector import SurgeDetector
from intentclf.respond.surges.records import CodeScore, ScoredQuery, SurgeSettings
from intentclf.respond.surges.state import load_detector, save_detector

START = datetime(2026, 11, 2, tzinfo=UTC)
CENTRES = np.eye(12)
SETTINGS = SurgeSettings(warm_up=timedelta(days=2), sample=500, zone="Europe/Oslo")


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


# Without history; with a sample but before the surge; in the middle of it, with a group going on; a short
# while after its end, when it may open again; long after.
@pytest.mark.parametrize("hours", [0, 20, 90, 102, 108, 119])
def test_a_detector_goes_on_where_it_was_left(queries, tmp_path, hours):
    border = START + timedelta(hours=hours)
    first = [query for query in queries if query.received < border]
    rest = [query for query in queries if query.received >= border]
    straight, stopped = SurgeDetector(SETTINGS), SurgeDetector(SETTINGS)
    straight.add_all(first)
    stopped.add_all(first)
    save_detector(stopped, tmp_path)
    resumed = load_detector(tmp_path)
    assert resumed.surges() == stopped.surges()
    assert resumed.add_all(rest) == straight.add_all(rest)
    assert resumed.surges() == straight.surges()
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
    assert [path.name for path in tmp_path.iterdir()] == ["surge.npz"]
    with np.load(tmp_path / "surge.npz", allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


def test_rows_that_wait_and_stretches_that_are_missing_are_kept(queries, tmp_path):
    detector = SurgeDetector(SETTINGS)
    detector.add_all(queries[:900])
    slip = replace(queries[900], received=datetime(2031, 1, 1, tzinfo=UTC), keys=("a", "b"))
    detector.add(slip)
    detector.desk.skipped, detector.desk.early = [(10**9, 10**9 + 5)], {10**9: 3}
    save_detector(detector, tmp_path)
    resumed = load_detector(tmp_path)
    (held,) = resumed.ahead.held
    assert replace(held, vector=slip.vector) == slip
    assert held.vector.tolist() == slip.vector.tolist()
    assert resumed.ahead.run == 1
    assert (resumed.desk.skipped, resumed.desk.early) == (detector.desk.skipped, detector.desk.early)


def rewrite(folder, **changed):
    path = folder / "surge.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    plain = json.loads(arrays.pop("plain").tobytes()) | changed
    np.savez(path, **arrays, plain=np.frombuffer(json.dumps(plain).encode(), np.uint8))


def without_text(folder):
    np.savez(folder / "surge.npz", sample_time=np.zeros(3))


def cut(folder):
    path = folder / "surge.npz"
    path.write_bytes(path.read_bytes()[:-100])


def altered(folder):
    path = folder / "surge.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "surge.npz").unlink(), "is no state of a surge detector"),
        (lambda folder: (folder / "surge.npz").write_bytes(b""), "cannot be read"),
        (lambda folder: (folder / "surge.npz").write_bytes(b"PK"), "cannot be read"),
        (cut, "cannot be read"),
        (altered, "cannot be read"),
        (without_text, "written by an older version, this program reads format 2"),
        (lambda folder: rewrite(folder, format=99), "format 99, this program reads 2"),
        (lambda folder: rewrite(folder, desk={}), "cannot be read"),
    ],
    ids=["missing", "empty", "no archive", "cut", "altered", "old", "other version", "a part missing"],
)
def test_a_damaged_state_is_refused(queries, tmp_path, damage, message):
    detector = SurgeDetector(SETTINGS)
    detector.add_all(queries[:60])
    save_detector(detector, tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=message):
        load_detector(tmp_path)
