"""Rows as they come in: which repeat an earlier one, and which lie so far ahead of all others that they must wait."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from intentclf.respond.surges.records import ScoredQuery

__all__ = ["Ahead", "Copies", "content_keys"]

_REMEMBERED = 7 * 86_400.0  # seconds that a key is remembered at least; exports overlap
_MOST_REMEMBERED = 200_000
_CONFIRMED = 3
_MOST_AHEAD = 1000


@dataclass
class Copies:
    """Keys and texts of late, to tell copies.

    Attributes
    ----------
    within : float
        Seconds within which the same text of one sender is a copy.
    keys, texts : mapping of str to float
        With the moment of the row, those met last at the end.
    """

    within: float
    keys: OrderedDict[str, float] = field(default_factory=OrderedDict)
    texts: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def is_copy(self, query: ScoredQuery, time: float) -> bool:
        """Whether the row repeats one that is remembered."""
        if any(key in self.keys for key in _keys(query)):
            return True
        return abs(time - self.texts.get(_said(query), float("-inf"))) <= self.within

    def remember(self, query: ScoredQuery, time: float) -> None:
        """Keep what tells a copy of the row."""
        for key in _keys(query):
            self.keys[key] = time
        if said := _said(query):
            self.texts[said] = time
            self.texts.move_to_end(said)

    def forget(self, now: float) -> None:
        """Drop what is old, and what came first where there is too much."""
        for each in (self.keys, self.texts):
            oldest = now - max(_REMEMBERED, self.within)
            for key in [key for key, time in each.items() if time < oldest]:
                del each[key]
            while len(each) > _MOST_REMEMBERED:
                each.popitem(last=False)


def _keys(query: ScoredQuery) -> tuple[str, ...]:
    return query.keys or (query.id,)


def _said(query: ScoredQuery) -> str:
    """Sender and text, '' where one is not known."""
    return f"{query.sender}\n{' '.join(query.text.lower().split())}" if query.sender and query.text else ""


@dataclass
class Ahead:
    """Rows far ahead of all others: a slip of the date, or the first after a silence.

    They wait until three in a row, no other between them, lie closer together than the first of them lies to what
    came before.

    Attributes
    ----------
    held : list of ScoredQuery
        In the order in which they came; the oldest are let go beyond a thousand.
    run : int
        How many of the last came in a row.
    """

    held: list[ScoredQuery] = field(default_factory=list)
    run: int = 0

    def hold(self, query: ScoredQuery, now: float) -> list[ScoredQuery]:
        """Put a row aside; the rows that are confirmed by it, oldest first, are no longer held."""
        self.held.append(query)
        del self.held[:-_MOST_AHEAD]
        self.run += 1
        last = sorted(each.received.timestamp() for each in self.held[-_CONFIRMED:])
        if self.run < _CONFIRMED or last[-1] - last[0] > last[0] - now:
            return []
        return self.reached(last[-1])

    def reached(self, now: float) -> list[ScoredQuery]:
        """The rows up to a moment, oldest first, which are no longer held; the run is broken."""
        self.run = 0
        due = [each for each in self.held if each.received.timestamp() <= now]
        self.held = [each for each in self.held if each.received.timestamp() > now]
        return sorted(due, key=lambda each: each.received.timestamp())


def content_keys(rows: Iterable[tuple[datetime, str, str]]) -> list[str]:
    """Keys of rows without an id, from moment, sender and text; the same in every file that holds the row.

    Several rows that are the same in all get keys of their own, in their order.
    """
    met: Counter[str] = Counter()
    keys = []
    for moment, sender, text in rows:
        said = repr((moment.timestamp(), sender, text)).encode("utf-8", "surrogatepass")
        content = hashlib.blake2b(said, digest_size=16).hexdigest()
        met[content] += 1
        keys.append(f"{content}.{met[content]}")
    return keys
