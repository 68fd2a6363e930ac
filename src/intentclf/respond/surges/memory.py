"""Rows that the surge detector remembers: the last hours whole, the history before them as a random sample."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.respond.surges.topics import CODE_WIDTH, TopicSpace

__all__ = ["CODES", "OTHER", "Names", "Row", "Rows"]

CODES = 8
"""Most codes of a row, those above a code among them."""
OTHER = "other"
"""Stands for all names for which there was no room."""

_START = 256
_OF_A_ROW = ("time", "hour", "sender", "language", "codes", "raw", "code", "place")
_COLUMNS = (*_OF_A_ROW, "surge")


@dataclass(frozen=True, slots=True)
class Row:
    """One query as numbers.

    Attributes
    ----------
    time : float
        Seconds from the epoch.
    hour : int
        Of the day, by the desk's clock.
    sender : int
        Stands for the sender; 0 where it is not known.
    language : int
    codes : ndarray of shape (CODES,), int32
        -1 where there are fewer.
    raw, code, place : ndarray, float32
        Text vector, row of codes, and both as the space places them.
    id, text : str
    """

    time: float
    hour: int
    sender: int
    language: int
    codes: NDArray[np.int32]
    raw: NDArray[np.float32]
    code: NDArray[np.float32]
    place: NDArray[np.float32]
    id: str = ""
    text: str = ""


@dataclass
class Names:
    """Numbers for names, from 0 in the order in which they come; the last of `most` is `OTHER`, for all that follow."""

    most: int
    known: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """The number of a name."""
        if name not in self.known and len(self.known) < self.most - 1:
            self.known[name] = len(self.known)
        return self.known.get(name, self.most - 1)

    def has_name(self, number: int) -> bool:
        """Whether a number stands for one name."""
        return number < self.most - 1

    def name(self, number: int) -> str:
        """The name of a number; `OTHER` where it stands for many."""
        return next((name for name, each in self.known.items() if each == number), OTHER)


class Rows:
    """Columns of rows that grow up to a bound; `surge` is the number of the surge that a row belongs to, 0 for none.

    Parameters
    ----------
    most : int
        Bound.
    dimensions, places : int
        Of text vectors, and of rows of the space.
    keeps_texts : bool
    """

    def __init__(self, most: int, dimensions: int, places: int, *, keeps_texts: bool) -> None:
        self.most, self.size, self.keeps_texts = most, 0, keeps_texts
        room = min(_START, most)
        self._columns: dict[str, NDArray[Any]] = {
            "time": np.zeros(room),
            "hour": np.zeros(room, np.int64),
            "sender": np.zeros(room, np.int64),
            "language": np.zeros(room, np.int64),
            "codes": np.full((room, CODES), -1, np.int32),
            "surge": np.zeros(room, np.int64),
            "raw": np.zeros((room, dimensions), np.float32),
            "code": np.zeros((room, CODE_WIDTH), np.float32),
            "place": np.zeros((room, places), np.float32),
        }
        self.ids: list[str] = []
        self.texts: list[str] = []

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column, by the names of `Row` and 'surge'; what is written into it stays."""
        return self._columns[name][: self.size]

    def append(self, row: Row) -> None:
        """Put a row at the end; there must be fewer than `most`."""
        if self.size == len(self._columns["time"]):
            room = min(2 * self.size, self.most)
            for name, column in self._columns.items():
                grown = np.zeros((room, *column.shape[1:]), column.dtype)
                grown[: self.size] = column
                self._columns[name] = grown
        self.size += 1
        if self.keeps_texts:
            self.ids.append("")
            self.texts.append("")
        self.put(self.size - 1, row)

    def put(self, slot: int, row: Row) -> None:
        """Put a row in the place of another."""
        for name in _OF_A_ROW:
            self._columns[name][slot] = getattr(row, name)
        self._columns["surge"][slot] = 0
        if self.keeps_texts:
            self.ids[slot], self.texts[slot] = row.id, row.text

    def row(self, slot: int) -> Row:
        """A row, without id and text."""
        numbers = {name: int(self[name][slot]) for name in ("hour", "sender", "language")}
        arrays = {name: self[name][slot].copy() for name in ("codes", "raw", "code", "place")}
        return Row(float(self["time"][slot]), **numbers, **arrays)  # type: ignore[arg-type]

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Forget the rows where `kept`, of shape (size,), is false."""
        for column in self._columns.values():
            column[: int(kept.sum())] = column[: self.size][kept]
        if self.keeps_texts:
            self.ids = [each for each, stays in zip(self.ids, kept, strict=True) if stays]
            self.texts = [each for each, stays in zip(self.texts, kept, strict=True) if stays]
        self.size = int(kept.sum())

    def place_in(self, space: TopicSpace) -> None:
        """Place all rows anew."""
        if self.size:
            self._columns["place"][: self.size] = space.rows(self["raw"], self["code"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All columns, to be stored."""
        return {name: self[name].copy() for name in _COLUMNS}

    def restore(self, arrays: dict[str, NDArray[Any]], ids: list[str], texts: list[str]) -> None:
        """Take stored columns.

        Raises
        ------
        ValueError
            If they do not fit together.
        """
        size = len(arrays["time"])
        for name in _COLUMNS:
            column, old = arrays[name], self._columns[name]
            if column.shape != (size, *old.shape[1:]) or column.dtype != old.dtype:
                raise ValueError(f"column {name!r} is of shape {column.shape} and type {column.dtype}")
        if size > self.most or (self.keeps_texts and not len(ids) == len(texts) == size):
            raise ValueError(f"{size} rows, {len(ids)} ids, {len(texts)} texts")
        room = max(size, min(_START, self.most))
        for name in _COLUMNS:
            grown = np.zeros((room, *arrays[name].shape[1:]), arrays[name].dtype)
            grown[:size] = arrays[name]
            self._columns[name] = grown
        self.size = size
        if self.keeps_texts:
            self.ids, self.texts = list(ids), list(texts)
