"""Stage 1: labelled texts are checked, cleaned and split once into train, calibration and test.

The split is by group: translations of one situation share one, and texts that nearly repeat each other are joined
into one. Which part a group falls into depends on its name and the seed alone, so that rows added later leave the
others, and with them the test part, where they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from intentclf.codebooks.loader import NONE, SHIPPED, Codebook, load_shipped
from intentclf.errors import Fault, FaultsError, InputError, shorten
from intentclf.intake.cleaning import clean
from intentclf.intake.language import detect_language
from intentclf.intake.tables import Row, known_language, read_table
from intentclf.predict.model import SEVERITY, VAGUE
from intentclf.records import Query
from intentclf.settings import PrepareSettings
from intentclf.train.duplicates import near_duplicate_groups

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PARTS", "LabelColumns", "LabelledTexts", "alternatives", "position", "prepare", "read_labelled"]

PARTS = ("train", "calibration", "test")
SEED_LABELS = (*SHIPPED, SEVERITY, VAGUE)
_CLOSED: Mapping[str, frozenset[str]] = {SEVERITY: frozenset("ABC"), VAGUE: frozenset("01")}
_PART_NAMES = {
    "train": "train",
    "training": "train",
    "calibration": "calibration",
    "cal": "calibration",
    "valid": "test",
    "validation": "test",
    "val": "test",
    "dev": "test",
    "test": "test",
}


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Columns of a table of labelled texts.

    Attributes
    ----------
    text : str
    labels : tuple of str
        Empty: those of the shipped books, severity and vague that the table has.
    language, split, group : str or None
        None: `lang` (or `language`), `split`, `group` (or `id`) where the table has them.
    closed : tuple of str
        Columns among `labels` that hold severities (A, B, C) or vagueness (0, 1) and nothing else.
    """

    text: str = "text"
    labels: tuple[str, ...] = ()
    language: str | None = None
    split: str | None = None
    group: str | None = None
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelledTexts:
    """Labelled texts and the books of their labels.

    Attributes
    ----------
    frame : DataFrame
        Columns id, group, text (as given), lang, split and note ('' where not given), and one for each label. Label
        cells may hold alternatives, ``a|b``.
    labels : tuple of str
    books : mapping of str to Codebook
        For the label columns that are code books.
    sha256 : str
        Hash of the file.
    """

    frame: pd.DataFrame
    labels: tuple[str, ...]
    books: Mapping[str, Codebook]
    sha256: str

    def column(self, name: str) -> list[str]:
        """The values of a column."""
        return [str(value) for value in self.frame[name]]

    def queries(self) -> list[Query]:
        """The texts as queries with their stated languages."""
        columns = (self.column(name) for name in ("id", "text", "lang"))
        return [Query(*values) for values in zip(*columns, strict=True)]

    def redacted(self) -> LabelledTexts:
        """The same with placeholders for private data."""
        from intentclf.intake.redaction import redact

        texts = [redact(text).text for text in self.column("text")]
        return replace(self, frame=self.frame.assign(text=texts))

    def of(self, *parts: str) -> LabelledTexts:
        """The rows of some parts."""
        return replace(self, frame=self.frame[self.frame["split"].isin(list(parts))])


def alternatives(cell: str) -> tuple[str, ...]:
    """The labels of a cell, any of which is right.

    Examples
    --------
    >>> alternatives("B|C")
    ('B', 'C')
    """
    return tuple(part.strip() for part in cell.split("|"))


def read_labelled(
    path: Path,
    columns: LabelColumns,
    *,
    books: Mapping[str, Codebook] | None = None,
    collect: list[Fault] | None = None,
) -> LabelledTexts:
    """Read and check a table of labelled texts.

    Parameters
    ----------
    path : Path
        A table, see `intake.tables`.
    columns : LabelColumns
    books : mapping of str to Codebook, optional
        Code books of label columns; without, a column named like a shipped book has that one (if all columns are the
        seed columns), any other gets a book made of its labels.
    collect : list of Fault, optional
        Takes the faults of single rows instead of an exception, so that a checker can go on and find the rest.

    Raises
    ------
    FaultsError
        With every unknown code, unknown language and empty label, by row; where no label columns are named, which means
        the seed columns, with every repeated id too.
    InputError
        If the table cannot be read, or has none of the columns.
    """
    import pandas as pd

    rows = list(read_table(path, [name for name in (columns.text, *columns.labels) if name]))
    header = rows[0].values
    labels = columns.labels or tuple(name for name in SEED_LABELS if name in header)
    if not labels:
        raise InputError(f"has no label column; name one (its columns are {', '.join(list(header)[:12])})", file=path)
    language, split, group = _found_columns(path, header, columns)
    known = _books_of(rows, labels, columns, books or {})
    identified = "id" in header and not columns.labels
    faults = list(_faults(rows, labels, known, language, identified))
    if collect is not None:
        collect += faults
    elif faults:
        raise FaultsError(path, faults)
    records = [
        {
            "id": row.values.get("id") or str(row.number - 1),
            "group": (row.values[group] if group else "") or str(row.number - 1),
            "text": row.values[columns.text],
            "lang": _language(row.values, language, columns.text),
            "split": row.values[split] if split else "",
            "note": row.values.get("note", ""),
            **{label: row.values[label].strip() for label in labels},
        }
        for row in rows
    ]
    return LabelledTexts(pd.DataFrame(records, dtype=str), labels, known, _file_hash(path))


def _found_columns(
    path: Path, header: Mapping[str, str], columns: LabelColumns
) -> tuple[str | None, str | None, str | None]:
    """The columns of language, split and group: as named, else under their usual names, else None."""
    language = columns.language or next((name for name in ("lang", "language") if name in header), None)
    split = columns.split or ("split" if "split" in header else None)
    # Without a group, rows of one id belong together: parallel corpora number their translations alike.
    group = columns.group or next((name for name in ("group", "id") if name in header), None)
    for name in (language, split, group):
        if name and name not in header:
            raise InputError(f"has no column {name!r}; its columns are {', '.join(list(header)[:12])}", file=path)
    return language, split, group


def _books_of(
    rows: Sequence[Row], labels: Sequence[str], columns: LabelColumns, given: Mapping[str, Codebook]
) -> dict[str, Codebook]:
    """The code book of each label column; none for severity and vague."""
    books = {label: given[label] for label in labels if label in given}
    for label in labels:
        closed = label in _CLOSED and (not columns.labels or label in columns.closed or _is_closed(rows, label))
        if label in books or closed:
            continue
        shipped = label in SHIPPED and not columns.labels
        books[label] = load_shipped(label) if shipped else Codebook.from_labels(label, _values(rows, label))
    return books


def prepare(texts: LabelledTexts, settings: PrepareSettings) -> LabelledTexts:
    """Clean the texts, join near-duplicates into groups, and fill the column `split`.

    Parameters
    ----------
    texts : LabelledTexts
        Where a split is given for some rows, these keep it and the rest of their group has it; calibration is taken
        out of train unless it is given too.
    settings : PrepareSettings
    """
    frame = texts.frame.copy()
    frame["text"] = [clean(text).text for text in frame["text"]]
    frame["group"] = near_duplicate_groups(frame["text"].tolist(), frame["group"].tolist(), settings.near_duplicate)
    frame["split"] = _parts(frame["group"].tolist(), frame["split"].tolist(), settings)
    parts = set(frame["split"])
    for part in ("train", "calibration"):
        if part not in parts:
            raise InputError(f"no row falls into the part {part!r}; {len(frame)} rows are too few to be split")
    return LabelledTexts(frame, texts.labels, texts.books, texts.sha256)


def _parts(groups: Sequence[str], stated: Sequence[str], settings: PrepareSettings) -> list[str]:
    """The part of each row: what it is given, else what its group is given, else what the hash of the group says.

    Where calibration is given, none is drawn: rows that fall there are for training. Where it is not, it is taken out
    of what is given as training.
    """
    rows = [_PART_NAMES.get(part.strip().lower(), "test" if part.strip() else "") for part in stated]
    of_group: dict[str, str] = {}
    for part in ("train", "calibration", "test"):  # what stands last counts most
        of_group |= {group: part for group, own in zip(groups, rows, strict=True) if own == part}
    chosen = "calibration" in rows
    places = {group: position(group, settings.seed) for group in set(groups)}
    parts = []
    for group, own in zip(groups, rows, strict=True):
        stated_part = own or of_group.get(group, "")
        part = stated_part or _part(places[group], settings)
        if not chosen and stated_part == "train" and places[group] < settings.calibration:
            part = "calibration"
        elif chosen and not stated_part and part == "calibration":
            part = "train"
        parts.append(part)
    return parts


def _part(place: float, settings: PrepareSettings) -> str:
    if place < settings.calibration:
        return "calibration"
    return "test" if place < settings.calibration + settings.test else "train"


def position(group: str, seed: int) -> float:
    """A number from 0 to 1 that depends on the group's name and the seed alone."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _is_closed(rows: Sequence[Row], label: str) -> bool:
    """Whether a column named severity or vague holds nothing else."""
    return label in _CLOSED and all(set(alternatives(row.values[label])) <= _CLOSED[label] for row in rows)


def _values(rows: Sequence[Row], label: str) -> list[str]:
    return [value for row in rows for value in alternatives(row.values[label]) if value]


def _faults(
    rows: Sequence[Row], labels: Sequence[str], books: Mapping[str, Codebook], language: str | None, identified: bool
) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for row in rows:
        identifier = row.values["id"] if identified else ""
        if identifier:
            if identifier in seen:
                yield Fault(row.number, f"id {shorten(identifier)} stands twice, first in row {seen[identifier]}")
            seen.setdefault(identifier, row.number)
        if language and row.values[language].strip() and known_language(row.values[language]) is None:
            known = "nl, nb, nn, ru, en or und"
            yield Fault(row.number, f"{language} must be {known}, got {shorten(row.values[language])}")
        for label in labels:
            for value in alternatives(row.values[label]):
                allowed = value in books[label] if label in books else value in _CLOSED[label]
                if not value:
                    yield Fault(row.number, f"{label} is empty; write {NONE!r} where nothing fits")
                elif not allowed:
                    yield Fault(row.number, f"unknown code {shorten(value)} in {label}")


def _language(values: Mapping[str, str], column: str | None, text: str) -> str:
    """Stated, else the text column's own name ('ru' in a table with a column for each language), else detected."""
    if column and values[column].strip():
        return known_language(values[column]) or "und"
    return known_language(text) or detect_language(clean(values[text]).text).code


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
