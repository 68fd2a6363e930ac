"""Tasks and systems in, one record of everything out, as it is written to results.json.

A system that fails on a task is recorded with its message, and the run goes on.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data import EXPERIMENTS, NONE, DataSet, Size, Task, read_set, reduce, tasks
from bench.measures import score
from bench.systems import System

__all__ = ["Record", "about", "parts", "run", "run_task"]

Record = dict[str, Any]
Say = Callable[[str], None]
ROOT = Path(__file__).parents[1]


def run(
    experiments: Sequence[str],
    systems: Sequence[type[System]],
    folder: Path,
    size: Size,
    *,
    command: str,
    say: Say,
    save: Callable[[Record], None],
) -> Record:
    """Run every experiment on every system.

    Parameters
    ----------
    experiments : sequence of str
        Of `EXPERIMENTS`.
    systems : sequence of System classes
        Those whose packages are missing are left out.
    folder : Path
        Of the data sets.
    size : Size
    command : str
        For the record.
    say : callable
        Takes lines of progress.
    save : callable
        Takes the record after every experiment, so that a long run that is broken off leaves what it has.
    """
    record = about(command, size)
    ready = [kind for kind in systems if _is_ready(kind, record, say)]
    began = time.monotonic()
    for experiment in experiments:
        data = _data(experiment, folder, size, record, say)
        if data is None:
            continue
        for task in tasks(experiment, data, size):
            for kind in ready:
                _record_task(kind, task, record, say)
        record["seconds"] = round(time.monotonic() - began, 1)
        save(record)
    return record


def run_task(kind: type[System], task: Task) -> list[Record]:
    """Fit and test one system on one task; a record of figures for each part of the test rows."""
    texts, labels, languages, groups = (
        [getattr(row, name) for row in task.train] for name in ("text", "label", "language", "id")
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        system = kind(Path(folder))
        begun = time.perf_counter()
        system.fit(texts, labels, languages, groups)
        fitted = time.perf_counter()
        said = system.predict([row.text for row in task.test], [row.language for row in task.test])
        ended = time.perf_counter()
    gold = [row.label for row in task.test]
    same = {
        "experiment": task.experiment,
        "system": kind.name,
        "trained_on": task.trained_on,
        "draw": task.draw,
        "train_rows": len(texts),
        "labels": len(set(labels)),
        "train_seconds": round(fitted - begun, 3),
        "test_seconds": round(ended - fitted, 3),
    }
    return [
        same | {"tested_on": name} | {key: _rounded(value) for key, value in asdict(scores).items()}
        for name, scores in ((name, score(gold, said, keep, none=NONE)) for name, keep in parts(task))
    ]


def parts(task: Task) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Parts of the test rows: each language and all of them; where some are out of scope, without and with them."""
    labels = np.array([row.label for row in task.test], dtype=object)
    languages = np.array([row.language for row in task.test], dtype=object)
    codes = list(dict.fromkeys(languages))
    every = np.ones(len(labels), dtype=bool)
    if NONE in labels:
        yield "in scope", np.array(labels != NONE, dtype=bool)
        yield "in and out of scope", every
        return
    for code in codes:
        yield str(code), np.array(languages == code, dtype=bool)
    if len(codes) > 1:
        yield "all", every


def about(command: str, size: Size) -> Record:
    """Where, when and with what a run is made, and empty lists for what comes out of it."""
    return {
        "command": command,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": 0.0,
        "size": asdict(size),
        "commit": _commit(),
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        },
        "python": sys.version.split()[0],
        "packages": dict(sorted({str(each.name): each.version for each in distributions()}.items())),
        "data": {},
        "systems": {},
        "figures": [],
        "failures": [],
        "skipped": [],
    }


def _is_ready(kind: type[System], record: Record, say: Say) -> bool:
    missing = kind.missing()
    if missing:
        reason = f"{kind.title}: skipped, because {', '.join(missing)} is not installed"
        record["skipped"].append(reason)
        say(reason)
        return False
    record["systems"][kind.name] = {"title": kind.title, "settings": kind.settings, "scope_score": kind.scope_score}
    return True


def _data(experiment: str, folder: Path, size: Size, record: Record, say: Say) -> DataSet | None:
    path = folder / f"{EXPERIMENTS[experiment]}.csv.gz"
    try:
        data = reduce(read_set(path), size)
    except FileNotFoundError:
        reason = f"{experiment}: skipped, because there is no file {path}"
        record["skipped"].append(reason)
        say(reason)
        return None
    record["data"][EXPERIMENTS[experiment]] = {
        "sha256": data.sha256,
        "train": len(data.train),
        "test": len(data.test),
        "labels": len({row.label for row in data.train}),
        "languages": list(dict.fromkeys(row.language for row in data.train)),
    }
    return data


def _record_task(kind: type[System], task: Task, record: Record, say: Say) -> None:
    name = f"{task.experiment}, trained on {task.trained_on}, draw {task.draw + 1}, {kind.title}"
    try:
        figures = run_task(kind, task)
    except Exception as error:  # a system is somebody else's code: one that fails must not take the others with it
        message = f"{type(error).__name__}: {error}"
        record["failures"].append({"experiment": task.experiment, "system": kind.name, "message": message})
        say(f"{name}: failed, {message}")
        return
    record["figures"] += figures
    shown = ", ".join(f"{each['tested_on']} {100 * each['accuracy']:.1f} %" for each in figures)
    say(f"{name}: {shown}; trained in {figures[0]['train_seconds']:.1f} s")


def _rounded(value: float | int | None) -> float | int | None:
    return round(value, 6) if isinstance(value, float) else value


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def _commit() -> str | None:
    """The commit that is checked out, with a note where files differ from it; None where there is no repository."""

    def git(*arguments: str) -> str:
        command = ["git", "--no-optional-locks", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        commit = git("rev-parse", "HEAD")
        return f"{commit} with uncommitted changes" if git("status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return None
