"""A sample of what came before, and what it says of a group: how near its members are, how often they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "History", "Integers", "Rings"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_LEAST = 4  # queries of the sample in the smallest group
_LEAN = 20.0  # queries; a language hardly met yet leans on the share in all languages
_HOURS_NEAR = 2
_HOUR_LEAN = 5.0
_SLACK = 1e-5  # of a likeness: the same text placed twice differs by the rounding


@dataclass(frozen=True)
class Rings:
    """Rings around a centre, drawn so that each holds a share of the history, and what of it they hold.

    A text that comes again and again word for word lies as near as its copies, so that the innermost ring that reaches
    it holds all of them and is larger than was asked for; those after it may be empty.

    Attributes
    ----------
    likeness : ndarray of shape (n_rings,)
        From which on a row lies within a ring or a nearer one, falling.
    share : ndarray of shape (n_rings, n_languages)
        How much of the history of a language each ring holds.
    sizes : ndarray of shape (n_rings,)
        Queries of the sample in each ring.
    """

    likeness: Floats
    share: Floats
    sizes: Integers

    def of(self, likeness: NDArray[np.float32]) -> Integers:
        """In which ring each row lies by its likeness to the centre; as many as there are for one outside all."""
        return np.searchsorted(-self.likeness, -likeness, side="left").astype(np.int64)


@dataclass(frozen=True)
class History:
    """A sample of what came before.

    Attributes
    ----------
    place : ndarray of shape (n_sample, n_places), float32
    language : ndarray of shape (n_sample,), int
    codes : ndarray of shape (CODES, n_sample), int
    hour : ndarray of shape (n_sample,), int
        Hour of the day, 0 to 23.
    languages : int
        How many there are.
    shares : tuple of float
        Sizes of a group as shares of the sample, rising; between two of them lies a ring.
    looseness : float
        How much the rates of groups wander by themselves, as the square of their coefficient of variation.
    """

    place: NDArray[np.float32]
    language: Integers
    codes: NDArray[np.int32]
    hour: Integers
    languages: int
    shares: tuple[float, ...]
    looseness: float
    _known: dict[int, tuple[Floats, int]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def sizes(self) -> Integers:
        """Queries of the sample within a group of each size, shape (n_sizes,), rising."""
        wanted = np.round(np.array(self.shares) * len(self.place)).astype(np.int64)
        return np.maximum(wanted, _LEAST * np.arange(1, len(wanted) + 1))

    def rings(self, centre: NDArray[np.float32]) -> Rings:
        """Rings around a centre, shape (n_places,), with as much of the history within each as `shares` says."""
        likeness = self.place @ centre
        ends = self.sizes - 1
        limits = -np.partition(-likeness, ends)[ends].astype(np.float64) - _SLACK
        within = np.flatnonzero(likeness >= limits[-1])
        empty = Rings(limits, np.empty(0), np.empty(0, np.int64))
        pairs = empty.of(likeness[within]) * self.languages + self.language[within]
        found = np.bincount(pairs, minlength=len(limits) * self.languages).reshape(len(limits), -1)
        sizes = found.sum(axis=1)
        return Rings(limits, self._shares(found, sizes[:, None]), sizes)

    def code_share(self, code: int) -> tuple[Floats, int]:
        """Share of each language's history with a code, shape (n_languages,), never 0, and their number, one added."""
        if code not in self._known:
            has = (self.codes == code).any(axis=0)
            within = np.bincount(self.language[has], minlength=self.languages) + self._every / len(self.place)
            size = int(has.sum()) + 1  # the next query may well have a code that none of the sample has
            self._known[code] = self._shares(within, size), size
        return self._known[code]

    def shares_of(self, members: NDArray[np.bool_]) -> Floats:
        """Share of each language's history that the members are, shape (n_languages,)."""
        within = np.bincount(self.language[members], minlength=self.languages).astype(np.float64)
        return self._shares(within, max(int(members.sum()), 1))

    def by_hour(self, members: NDArray[np.bool_], hour: int) -> float:
        """How much oftener than all queries the members come at about this hour of the day; at least 1."""
        apart = np.abs(self.hour - hour)
        near = np.minimum(apart, 24 - apart) <= _HOURS_NEAR
        usual = members.sum() * near.mean()
        return max(1.0, float((near[members].sum() + _HOUR_LEAN) / (usual + _HOUR_LEAN)))

    def shape(self, size: Any) -> Floats:
        """Shape of the distribution of a rate that is known from so many queries."""
        found: Floats = 1.0 / (1.0 / np.asarray(size, dtype=np.float64) + self.looseness)
        return found

    def _shares(self, within: Any, size: Any) -> Floats:
        found: Floats = (within + _LEAN * size / len(self.place)) / (self._every + _LEAN)
        return found

    @cached_property
    def _every(self) -> Integers:
        return np.bincount(self.language, minlength=self.languages).astype(np.int64)
