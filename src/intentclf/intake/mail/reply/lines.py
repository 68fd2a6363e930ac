"""A body as lines, with what is asked of them again and again worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["TYPED_MARK", "Lines", "read_lines", "shown", "without_mark"]

TYPED_MARK = " >"
"""Begins a line whose '>' the customer typed: the blank is that of format=flowed (RFC 3676, section 4.4)."""

_FRAME = 12
_ODD_BLANKS = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_MARKS = re.compile(r"(?:> ?)+")
# The Bat! puts initials in front of the mark, GroupWise marks around the line that announces a quote.
_INITIALS = re.compile(r"(?!PS>|SQL>)[A-ZА-ЯЁІЇЄ]{1,3}(?:> ?){1,9}(?=\s|\S|$)")
_ONE_MARK = re.compile(r"\s*> ?")


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a body.

    Attributes
    ----------
    raw : list of str
        As they stand, without the newline.
    plain : list of str
        Ends stripped, odd blanks made plain ones, direction marks and the like left out.
    bare : list of str
        `plain` without quote marks.
    depth : list of int
        Number of quote marks in front.
    """

    raw: list[str]
    plain: list[str]
    bare: list[str]
    depth: list[int]
    _following: list[int]
    _before: list[int]

    def __len__(self) -> int:
        return len(self.raw)

    def filled_from(self, place: int) -> int:
        """Index of the first line with content at or after `place`; the number of lines if there is none."""
        return self._following[min(place, len(self.raw))]

    def filled_before(self, place: int) -> int:
        """Index of the last line with content before `place`; -1 if there is none."""
        return self._before[place]


def read_lines(raw: list[str]) -> Lines:
    """Look at lines once.

    Parameters
    ----------
    raw : list of str
        Without newlines.
    """
    plain = [_plain(line) for line in raw]
    bare, depth = list(plain), [0] * len(plain)
    for place, line in enumerate(plain):
        if ">" not in line[:4] or (line.startswith(">>>") and line.endswith(">>>") and len(line) > _FRAME):
            continue
        if raw[place].startswith(TYPED_MARK):
            continue
        if marks := _MARKS.match(line) or _INITIALS.match(line):
            bare[place] = line[marks.end() :].strip()
            depth[place] = marks.group().count(">")
    following, before = [len(plain)] * (len(plain) + 1), [-1] * (len(plain) + 1)
    for place in range(len(plain) - 1, -1, -1):
        following[place] = place if plain[place] else following[place + 1]
    for place, line in enumerate(plain):
        before[place + 1] = place if line else before[place]
    return Lines(raw, plain, bare, depth, following, before)


def _plain(line: str) -> str:
    return (line if line.isascii() else _UNSEEN.sub("", _ODD_BLANKS.sub(" ", line))).strip()


def shown(line: str) -> str:
    """A line without blanks behind it and without byte order marks and the like around it."""
    return line.strip("\u200b\u200e\u200f\u2060\ufeff").rstrip()


def without_mark(line: str) -> str:
    """A line without its first quote mark, the blank behind it included."""
    return _ONE_MARK.sub("", line, count=1)
