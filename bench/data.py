"""Shared data sets in, tasks out: which rows every system is fitted on and which it is tested on.

Files are gzipped CSV with the columns id, lang, split (train or dev), text, intent. Every run draws the same rows, by
hash or with a seed, and parallel rows (one id in several languages) together.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "EXPERIMENTS",
    "FULL",
    "NONE",
    "QUICK",
    "DataSet",
    "Row",
    "Size",
    "Task",
    "draw",
    "read_set",
    "reduce",
    "tasks",
]

NONE = "none"
_RENAMED = {"oos": NONE}
_COLUMNS = ("id", "lang", "split", "text", "intent")
# Name of the experiment to the data set it uses, in the order of the run.
EXPERIMENTS = {
    "massive": "massive",
    "banking77": "banking77",
    "clinc150": "clinc150",
    "it_tickets": "it_tickets",
    "few-shot": "massive",
    "cross-lingual": "massive",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled text; rows of one id are translations of each other. Out-of-scope texts have the label `none`."""

    id: str
    language: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """Rows to fit on, rows to test on, and the SHA-256 of the file."""

    train: tuple[Row, ...]
    test: tuple[Row, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything is run.

    Attributes
    ----------
    labels, train, test : int or None
        Labels kept (`none` always is), and rows kept for each of them and each language; None for all.
    shots : int
        Examples a label in few-shot.
    draws : int
        Draws in few-shot.
    languages : tuple of str or None
        Languages trained on in few-shot and cross-lingual; None for all.
    """

    labels: int | None = None
    train: int | None = None
    test: int | None = None
    shots: int = 8
    draws: int = 10
    languages: tuple[str, ...] | None = None


FULL = Size()
QUICK = Size(labels=8, train=20, test=10, draws=1, languages=("en",))


@dataclass(frozen=True, slots=True)
class Task:
    """One fit and one test.

    Attributes
    ----------
    experiment : str
        One of `EXPERIMENTS`.
    trained_on : str
        Languages of the training rows, with spaces between.
    draw : int
        Number of the draw, from 0; 0 where nothing is drawn.
    train, test : tuple of Row
    """

    experiment: str
    trained_on: str
    draw: int
    train: tuple[Row, ...]
    test: tuple[Row, ...]


def read_set(path: Path) -> DataSet:
    """Read one data set.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    ValueError
        If it lacks a column, or has no row to fit on or to test on.
    """
    content = path.read_bytes()
    reader = csv.DictReader(io.StringIO(gzip.decompress(content).decode("utf-8"), newline=""))
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"{path}: columns must be {', '.join(_COLUMNS)}; {', '.join(missing)} is missing")
    parts: dict[str, list[Row]] = {"train": [], "dev": []}
    for number, record in enumerate(reader, 1):
        if record["split"] not in parts:
            raise ValueError(f"{path}, row {number}: split must be train or dev, got {record['split']!r}")
        label = _RENAMED.get(record["intent"], record["intent"])
        parts[record["split"]].append(Row(record["id"], record["lang"], record["text"], label))
    for name, rows in parts.items():
        if not rows:
            raise ValueError(f"{path}: no row has the split {name!r}")
    return DataSet(tuple(parts["train"]), tuple(parts["dev"]), hashlib.sha256(content).hexdigest())


def reduce(data: DataSet, size: Size) -> DataSet:
    """Keep the labels and rows that the size allows, the same ids in every language."""
    known = sorted({row.label for row in data.train} - {NONE}, key=_hash)
    kept = {*known[: size.labels], NONE}
    train, test = (tuple(_first(rows, kept, most)) for rows, most in ((data.train, size.train), (data.test, size.test)))
    return DataSet(train, test, data.sha256)


def draw(rows: Iterable[Row], shots: int, number: int) -> tuple[Row, ...]:
    """Draw so many rows of each label, or all where there are fewer; the same ids whatever the language of the rows.

    Examples
    --------
    >>> dutch = [Row(str(k), "nl", f"tekst {k}", "pay") for k in range(9)]
    >>> russian = [Row(str(k), "ru", f"текст {k}", "pay") for k in range(9)]
    >>> [row.id for row in draw(dutch, 3, 0)] == [row.id for row in draw(russian, 3, 0)]
    True
    """
    by_label = defaultdict(list)
    for row in rows:
        by_label[row.label].append(row)
    drawn: list[Row] = []
    for label, candidates in sorted(by_label.items()):
        ordered = sorted(candidates, key=lambda row: _hash(row.id))
        drawn += random.Random(f"{number}:{label}").sample(ordered, min(shots, len(ordered)))
    return tuple(drawn)


def tasks(experiment: str, data: DataSet, size: Size) -> Iterator[Task]:
    """The tasks of one experiment, on data that is already reduced."""
    languages = tuple(dict.fromkeys(row.language for row in data.train))
    single = [code for code in languages if size.languages is None or code in size.languages]
    if experiment == "few-shot":
        for code in single:
            test = _of(data.test, [code])
            for number in range(size.draws):
                yield Task(experiment, code, number, draw(_of(data.train, [code]), size.shots, number), test)
    elif experiment == "cross-lingual":
        for code in single:
            others = [other for other in languages if other != code]
            yield Task(experiment, code, 0, _of(data.train, [code]), _of(data.test, others))
    else:
        yield Task(experiment, " ".join(languages), 0, data.train, data.test)


def _of(rows: Iterable[Row], languages: Sequence[str]) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.language in languages)


def _first(rows: Iterable[Row], labels: set[str], most: int | None) -> Iterator[Row]:
    """So many rows of each language and label, those whose ids have the smallest hashes."""
    groups = defaultdict(list)
    for row in rows:
        if row.label in labels:
            groups[row.language, row.label].append(row)
    for group in groups.values():
        yield from group if most is None else sorted(group, key=lambda row: _hash(row.id))[:most]


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
