"""A detector on disk and back: `surge.npz` in a folder, arrays and a text in JSON, without pickle.

The texts of the last hours are in it, as they may become examples; keep it as you keep the queries.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections import OrderedDict
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from intentclf.errors import InputError
from intentclf.respond.surges.arrivals import Ahead
from intentclf.respond.surges.desk import Desk
from intentclf.respond.surges.detector import SurgeDetector
from intentclf.respond.surges.memory import Rows
from intentclf.respond.surges.plain import (
    Arrays,
    Plain,
    plain_query,
    plain_surge,
    plain_track,
    query_of,
    surge_of,
    track_of,
)
from intentclf.respond.surges.records import SurgeSettings, Tally
from intentclf.respond.surges.topics import TopicSpace

__all__ = ["has_state", "load_detector", "save_detector"]

FORMAT = 2
_FILE, _PLAIN = "surge.npz", "plain"
_TIMES = ("tolerance", "copies_within", "warm_up")
_COUNTED = ("first", "committed", "eligible", "fitted_at", "fitted_on", "wander", "dimensions")


def has_state(folder: str | Path) -> bool:
    """Whether `save_detector` wrote to this folder."""
    return (Path(folder) / _FILE).exists()


def save_detector(detector: SurgeDetector, folder: str | Path) -> None:
    """Write the state of a detector; a file that is there is replaced whole.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    arrays: Arrays = {}
    text = json.dumps(_plain(detector, arrays), ensure_ascii=False).encode("utf-8", "surrogatepass")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays, **{_PLAIN: np.frombuffer(text, np.uint8)})
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / _FILE, buffer.getvalue())
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", file=folder) from None


def load_detector(folder: str | Path) -> SurgeDetector:
    """Take a detector up where `save_detector` left it.

    Raises
    ------
    InputError
        If there is none, or its file is damaged or of another version.
    """
    folder = Path(folder)
    try:
        content = (folder / _FILE).read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = dict(stored)
        if _PLAIN not in arrays:
            raise ValueError(f"written by an older version, this program reads format {FORMAT}")
        plain = json.loads(arrays.pop(_PLAIN).tobytes().decode("utf-8", "surrogatepass"))
        if plain["format"] != FORMAT:
            raise ValueError(f"format {plain['format']}, this program reads {FORMAT}")
        return _detector(plain, arrays)
    except OSError as error:
        raise InputError(f"is no state of a surge detector ({error.strerror or error})", file=folder) from None
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(f"is a state that cannot be read ({type(error).__name__}: {error})", file=folder) from None


def _plain(detector: SurgeDetector, arrays: Arrays) -> Plain:
    desk, open_surges = detector.desk, detector.open
    settings = asdict(detector.settings)
    settings |= {name: settings[name].total_seconds() for name in _TIMES}
    arrays |= {"profile_counts": desk.profile.counts, "profile_hours": desk.profile.hours}
    texts: Plain = {}
    if desk.dimensions:
        for name, rows in (("recent", desk.recent), ("sample", desk.sample)):
            arrays |= {f"{name}_{key}": column for key, column in rows.arrays().items()}
        texts = {"ids": desk.recent.ids, "texts": desk.recent.texts}
    if desk.space is not None:
        arrays |= {"space_mean": desk.space.mean, "space_matrix": desk.space.matrix}
    if detector.ahead.held:
        arrays["ahead"] = np.array([query.vector for query in detector.ahead.held])
    return {
        "format": FORMAT,
        "settings": settings,
        "since": detector.since,
        "now": _finite(detector.now),
        "looked": _finite(open_surges.looked),
        "found": open_surges.found,
        "tally": detector.tally.to_dict(),
        "copies": {"keys": list(detector.copies.keys.items()), "texts": list(detector.copies.texts.items())},
        "ahead": {"run": detector.ahead.run, "held": [plain_query(query) for query in detector.ahead.held]},
        "desk": {name: _finite(getattr(desk, name)) for name in _COUNTED},
        "skipped": desk.skipped,
        "early": list(desk.early.items()),
        "languages": desk.languages.known,
        "codes": desk.codes.known,
        "draws": desk.draws.bit_generator.state,
        "recent": texts,
        "tracks": [plain_track(track, arrays) for track in (*open_surges.active, *open_surges.resting)],
        "ended": [plain_surge(surge) for surge in open_surges.ended],
    }


def _detector(plain: Plain, arrays: Arrays) -> SurgeDetector:
    given = dict(plain["settings"])
    given |= {name: timedelta(seconds=given[name]) for name in _TIMES}
    given |= {name: tuple(given[name]) for name in ("windows", "shares")}
    detector = SurgeDetector(SurgeSettings(**given))
    detector.since, detector.now = plain["since"], _infinite(plain["now"], -np.inf)
    detector.tally = Tally(**plain["tally"])
    detector.copies.keys, detector.copies.texts = (OrderedDict(plain["copies"][name]) for name in ("keys", "texts"))
    held = zip(plain["ahead"]["held"], arrays.get("ahead", []), strict=True)
    detector.ahead = Ahead([query_of(each, vector) for each, vector in held], plain["ahead"]["run"])
    _fill_desk(detector.desk, plain, arrays)
    found, tracks = detector.open, [track_of(each, arrays) for each in plain["tracks"]]
    found.found, found.looked = plain["found"], _infinite(plain["looked"], -np.inf)
    found.active = [track for track in tracks if track.ended is None]
    found.resting = [track for track in tracks if track.ended is not None]
    found.ended.extend(surge_of(each, found.zone) for each in plain["ended"])
    return detector


def _fill_desk(desk: Desk, plain: Plain, arrays: Arrays) -> None:
    desk.languages.known, desk.codes.known = plain["languages"], plain["codes"]
    desk.draws.bit_generator.state = plain["draws"]
    desk.profile.counts, desk.profile.hours = arrays["profile_counts"], arrays["profile_hours"]
    desk.skipped = [(first, last) for first, last in plain["skipped"]]
    desk.early = dict(plain["early"])
    if plain["desk"]["dimensions"]:
        desk.open(plain["desk"]["dimensions"])
        _restore(desk.recent, "recent", arrays, plain["recent"]["ids"], plain["recent"]["texts"])
        _restore(desk.sample, "sample", arrays, [], [])
    for name in _COUNTED:
        setattr(desk, name, plain["desk"][name])
    desk.first, desk.fitted_at = _infinite(desk.first, np.inf), _infinite(desk.fitted_at, -np.inf)
    if "space_mean" in arrays:
        desk.space = TopicSpace(arrays["space_mean"], arrays["space_matrix"])
    if desk.dimensions:
        desk.renew()


def _restore(rows: Rows, name: str, arrays: Arrays, ids: list[str], texts: list[str]) -> None:
    rows.restore({key: arrays[f"{name}_{key}"] for key in rows.arrays()}, ids, texts)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _infinite(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
