"""A detector on disk and back: `surge.json` and `surge.npz` in a folder, without pickle.

The texts of the last hours are in it, as they may become examples; keep it as you keep the queries.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import InputError
from intentclf.respond.surges.detector import SurgeDetector
from intentclf.respond.surges.memory import Rows
from intentclf.respond.surges.records import Example, Surge, SurgeSettings, Tally
from intentclf.respond.surges.scan import Find
from intentclf.respond.surges.topics import TopicSpace
from intentclf.respond.surges.tracks import Member, Track

__all__ = ["load_detector", "save_detector"]

FORMAT = 1
_JSON, _ARRAYS = "surge.json", "surge.npz"
_TIMES = ("tolerance", "copies_within", "warm_up")
_COUNTED = ("first", "committed", "eligible", "fitted_at", "fitted_on", "wander", "dimensions")

Arrays = dict[str, NDArray[Any]]
Plain = dict[str, Any]


def save_detector(detector: SurgeDetector, folder: str | Path) -> None:
    """Write the state of a detector; each of the two files is replaced whole.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    arrays: Arrays = {}
    plain = _plain(detector, arrays)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    plain["sha256"] = hashlib.sha256(buffer.getvalue()).hexdigest()
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / _ARRAYS, buffer.getvalue())
        _replace(folder / _JSON, json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", file=folder) from None


def load_detector(folder: str | Path) -> SurgeDetector:
    """Take a detector up where `save_detector` left it.

    Raises
    ------
    InputError
        If there is none, or its files are damaged or of another version.
    """
    folder = Path(folder)
    try:
        content = (folder / _ARRAYS).read_bytes()
        plain = json.loads((folder / _JSON).read_bytes().decode("utf-8", "surrogatepass"))
        if plain["format"] != FORMAT:
            raise ValueError(f"format {plain['format']}, this program reads {FORMAT}")
        if hashlib.sha256(content).hexdigest() != plain["sha256"]:
            raise ValueError(f"{_ARRAYS} is not the one written with {_JSON}")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return _detector(plain, dict(stored))
    except OSError as error:
        raise InputError(f"is no state of a surge detector ({error.strerror})", file=folder) from None
    except (AttributeError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"is a state that cannot be read ({type(error).__name__}: {error})", file=folder) from None


def _plain(detector: SurgeDetector, arrays: Arrays) -> Plain:
    desk = detector.desk
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
    return {
        "format": FORMAT,
        "settings": settings,
        "since": detector.since,
        "now": _finite(detector.now),
        "looked": _finite(detector._looked),
        "found": detector.found,
        "tally": detector.tally.to_dict(),
        "seen": {"ids": list(detector._seen.ids.items()), "texts": list(detector._seen.texts.items())},
        "desk": {name: _finite(getattr(desk, name)) for name in _COUNTED},
        "languages": desk.languages.known,
        "codes": desk.codes.known,
        "draws": desk.draws.bit_generator.state,
        "recent": texts,
        "active": [_track_plain(track, arrays) for track in detector.active],
        "ended": [surge.to_dict() | {"exact": [surge.expected, surge.p_value]} for surge in detector.ended],
    }


def _detector(plain: Plain, arrays: Arrays) -> SurgeDetector:
    given = dict(plain["settings"])
    given |= {name: timedelta(seconds=given[name]) for name in _TIMES}
    given |= {name: tuple(given[name]) for name in ("windows", "shares")}
    detector = SurgeDetector(SurgeSettings(**given))
    detector.since, detector.found = plain["since"], plain["found"]
    detector.now, detector._looked = _infinite(plain["now"], -np.inf), _infinite(plain["looked"], -np.inf)
    detector.tally = Tally(**plain["tally"])
    detector._seen.ids, detector._seen.texts = (OrderedDict(plain["seen"][name]) for name in ("ids", "texts"))
    desk = detector.desk
    desk.languages.known, desk.codes.known = plain["languages"], plain["codes"]
    desk.draws.bit_generator.state = plain["draws"]
    desk.profile.counts, desk.profile.hours = arrays["profile_counts"], arrays["profile_hours"]
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
        desk._renew()
    detector.active = [_track(each, arrays) for each in plain["active"]]
    detector.ended.extend(_surge(each) for each in plain["ended"])
    return detector


def _restore(rows: Rows, name: str, arrays: Arrays, ids: list[str], texts: list[str]) -> None:
    rows.restore({key: arrays[f"{name}_{key}"] for key in rows.arrays()}, ids, texts)


def _track_plain(track: Track, arrays: Arrays) -> Plain:
    key = f"track{track.number}"
    arrays[f"{key}_centre"] = track.find.centre
    arrays[f"{key}_balls"] = np.array([centre for centre, _ in track.balls], dtype=np.float32)
    arrays[f"{key}_places"] = np.array([member.place for member in track.kept], dtype=np.float32)
    if track.sum is not None:
        arrays[f"{key}_sum"] = track.sum
    find = {name: getattr(track.find, name) for name in ("kind", "window", "observed", "expected", "p_value", "code")}
    names = ("number", "seconds", "chance", "detected", "ended", "observed", "total", "first", "last")
    return {
        **{name: getattr(track, name) for name in names},
        "find": find | {"likeness": track.find.likeness},
        "likeness": [likeness for _, likeness in track.balls],
        "languages": track.languages,
        "codes": track.codes,
        "kept": [[each.time, each.language, each.codes, each.id, each.text] for each in track.kept],
    }


def _track(plain: Plain, arrays: Arrays) -> Track:
    key = f"track{plain['number']}"
    find = Find(**plain["find"], centre=arrays[f"{key}_centre"])
    track = Track(plain["number"], find, plain["seconds"], plain["chance"], plain["detected"])
    track.balls = list(zip(arrays[f"{key}_balls"], plain["likeness"], strict=True))
    for name in ("ended", "observed", "total", "first", "last"):
        setattr(track, name, plain[name])
    track.languages, track.codes = Counter(plain["languages"]), Counter(plain["codes"])
    track.sum = arrays.get(f"{key}_sum")
    places = arrays[f"{key}_places"]
    track.kept = [
        Member(time, language, tuple(codes), place, identifier, text)
        for (time, language, codes, identifier, text), place in zip(plain["kept"], places, strict=True)
    ]
    return track


def _surge(plain: Mapping[str, Any]) -> Surge:
    same: dict[str, Any] = {}
    moments = ("first_seen", "last_seen", "detected_at", "ended_at")
    names = ("number", "kind", "label", "codes", "languages", "observed", "chance_per_week", "total")
    same |= {name: plain[name] for name in names}
    same |= {name: plain[name] and datetime.fromisoformat(plain[name]) for name in moments}
    return Surge(
        **same,
        examples=tuple(
            Example(each["id"], each["language"], datetime.fromisoformat(each["received"]), each["text"])
            for each in plain["examples"]
        ),
        window=timedelta(hours=plain["window_hours"]),
        expected=plain["exact"][0],
        p_value=plain["exact"][1],
    )


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _infinite(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    os.replace(beside, path)
