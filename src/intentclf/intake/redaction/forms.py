"""Written forms of private data as rows of `forms.csv`: enters the file, leaves compiled expressions in its order.

The order is the precedence: what an earlier row takes no later one sees. Rows of the kind KEEP take what only looks
like private data. A named group `item`, `quoted` or `loose` is what is taken, else all of the match. Short names such
as <sep> and <town> stand for the patterns of `fragments.csv`; <taken> for the signs of what was found.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from intentclf.intake.redaction.folding import KEPT, SIGNS, TAKEN

__all__ = ["KEEP", "Form", "expand", "forms", "read_rows", "sign_of"]

KEEP = "KEEP"

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Form:
    """Rows of one kind that follow each other, as one expression.

    Attributes
    ----------
    kind : str
        A kind of private data, or KEEP.
    cue : str
        'needed': only with a word of `cues.csv` that tells this kind; '!*': not with one that tells another;
        '!compact': so where nothing stands between the digits; '!' and a kind: not with a word of that kind; '': any.
    script : str
        'Cyrl', 'Latn': only with, without Cyrillic letters nearby; 'look-alike': Cyrillic letters are read as the
        Latin ones they look like; '': any.
    near : str
        A sign or class of signs without which there is no match; '': none such.
    expression : re.Pattern of str
    """

    kind: str
    cue: str
    script: str
    near: str
    expression: re.Pattern[str]


@cache
def forms() -> tuple[Form, ...]:
    """All rows in the order of the file."""
    found = []
    for (kind, cue, script, near, _), rows in groupby(read_rows("forms.csv"), key=_together):
        found.append(Form(kind, cue, script, near, re.compile(_alternatives([row["pattern"] for row in rows]))))
    return tuple(found)


def sign_of(kind: str) -> str:
    """The sign that stands for what was taken."""
    return SIGNS.get(kind, KEPT)


def expand(pattern: str) -> str:
    """A pattern with its short names written out; one may stand in another before it in the file."""
    for name, meaning in _fragments().items():
        pattern = pattern.replace(name, meaning)
    return pattern


@cache
def _fragments() -> Mapping[str, str]:
    rows = {f"<{row['name']}>": row["pattern"] for row in read_rows("fragments.csv")}
    return {**rows, "<taken>": TAKEN.strip("[]")}


def _alternatives(patterns: Sequence[str]) -> str:
    """One pattern for several; how all of them begin or end is written once, that is quicker and may hold a name."""
    start = "<start>" if all(pattern.startswith("<start>") for pattern in patterns) else ""
    end = "<value>" if all(pattern.endswith("<value>") for pattern in patterns) else ""
    inner = "|".join(f"(?:{pattern[len(start) : len(pattern) - len(end)]})" for pattern in patterns)
    return expand(f"{start}(?:{inner}){end}")


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file beside this module."""
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _together(row: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """What rows of one expression have in common; a name may stand only once in an expression."""
    named = row["pattern"] if "(?P<" in row["pattern"] else ""
    return row["kind"], row["cue"], row["script"], row["near"], named
