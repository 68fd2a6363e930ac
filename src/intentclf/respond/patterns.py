r"""What a text says in passing: enters a text and a table of patterns, leaves spans with the field that each fills.

A table has one row for each pattern: field, value, language ('all' for every one), pattern, example, source, line. A
pattern is a regular expression over whole words, capitals or not; `{weekday}` and the like stand for the words of its
language in `pattern_words.csv`. The group `v` narrows the span, `n` holds a number. A row with the value 'ignore' takes
away what other rows of its field find in its span. Every row shows an example that it must match.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intentclf.codebooks.loader import EXTRA, read_rows
from intentclf.errors import Fault, FaultsError, shorten

__all__ = ["Found", "Pattern", "find_patterns", "load_patterns", "place_faults"]

ALL = "all"
IGNORE = "ignore"

_COLUMNS = ("field", "value", "language", "pattern", "example", "source", "line")
_LANGUAGES = ("nl", "nb", "ru", "en")
_NAME = re.compile(r"\{([a-z]+)\}")
# One character for one, so that every offset stays: white space, ё, the typographic apostrophe.
_PLAIN = str.maketrans("\n\r\t\u00a0\u202f\u2011ёЁ’", "     -еЕ'")
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Pattern:
    """A row of a table: the field that it fills, the value ('' for the words themselves), its language, its place."""

    field: str
    value: str
    language: str
    expression: re.Pattern[str]
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Found:
    """A half-open span of a text that fills a field.

    Attributes
    ----------
    field : str
    value : str
        That of the pattern, the number in the span, or the words themselves.
    start, end : int
        Code points of the text.
    text : str
        The words themselves.
    """

    field: str
    value: str
    start: int
    end: int
    text: str

    def overlaps(self, other: Found) -> bool:
        """Whether the two spans share a character."""
        return self.start < other.end and other.start < self.end

    def to_dict(self) -> dict[str, str | int]:
        """Plain values."""
        return {"value": self.value, "start": self.start, "end": self.end, "text": self.text}


def load_patterns(path: str | Path, fields: Collection[str]) -> tuple[Pattern, ...]:
    """Read and check a table of patterns.

    Parameters
    ----------
    path : path
    fields : collection of str
        What a row may fill.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    path = Path(path)
    rows, _ = read_rows(path, _COLUMNS)
    faults = [Fault(line, message) for line, row in rows for message in _row_faults(row, fields)]
    if faults:
        raise FaultsError(path, faults)
    return tuple(
        Pattern(
            row["field"],
            row["value"],
            row["language"],
            _compile(row["pattern"], row["language"]),
            row["source"],
            int(row["line"] or 0),
        )
        for _, row in rows
    )


def find_patterns(patterns: Sequence[Pattern], text: str, language: str) -> tuple[Found, ...]:
    """What a text says, in its order; within a field the longest of overlapping spans.

    Parameters
    ----------
    patterns : sequence of Pattern
    text : str
    language : str
        Rows of this language and those for all are tried (nn: as nb); all rows where it is none of the tables'.
    """
    plain = text.translate(_PLAIN)
    spoken = "nb" if language == "nn" else language
    tried = [row for row in patterns if row.language in (ALL, spoken) or spoken not in _LANGUAGES]
    hits = [found for row in tried for found in _hits(row, plain, text)]
    kept: list[Found] = []
    for found in sorted(hits, key=lambda hit: (hit.value != IGNORE, hit.start - hit.end, hit.start)):
        if not any(found.field == other.field and found.overlaps(other) for other in kept):
            kept.append(found)
    return tuple(sorted((f for f in kept if f.value != IGNORE), key=lambda hit: (hit.start, hit.end, hit.field)))


def _hits(row: Pattern, plain: str, text: str) -> Iterator[Found]:
    named = row.expression.groupindex
    for match in row.expression.finditer(plain):
        start, end = match.span("v" if "v" in named else 0)
        value = row.value
        if "n" in named and value != IGNORE:
            value = _number(match["n"])
        yield Found(row.field, value or text[start:end], start, end, text[start:end])


def _number(word: str) -> str:
    return str(int(word)) if word.isdecimal() else _numbers().get(word.lower(), word)


def place_faults(row: Mapping[str, str]) -> Iterator[str]:
    """Faults of the columns source and line: a line is a whole number, and neither stands without the other."""
    source, line = row["source"], row["line"]
    if line and not (line.isascii() and line.isdecimal() and 0 < int(line[:9])):
        yield f"line must be a whole number from 1, got {shorten(line)}"
    if bool(source) != bool(line):
        yield f"source and line must both be given or both be empty, got {shorten(source)} and {shorten(line)}"
    if row.get(EXTRA):
        yield f"row has more fields than the header (a comma without quotes?): {shorten(row[EXTRA])}"


def _row_faults(row: Mapping[str, str], fields: Collection[str]) -> Iterator[str]:
    if row["field"] not in fields:
        yield f"field must be one of {', '.join(fields)}, got {shorten(row['field'])}"
    if row["language"] not in (ALL, *_LANGUAGES):
        yield f"language must be one of {', '.join((ALL, *_LANGUAGES))}, got {shorten(row['language'])}"
    else:
        yield from _expression_faults(row)
    yield from place_faults(row)


def _expression_faults(row: Mapping[str, str]) -> Iterator[str]:
    try:
        expression = _compile(row["pattern"], row["language"])
    except (re.error, KeyError, RecursionError) as error:
        yield f"pattern {shorten(row['pattern'])} cannot be read ({error})"
        return
    if expression.match(""):
        yield f"pattern {shorten(row['pattern'])} matches the empty text"
    if not expression.search(row["example"].translate(_PLAIN)):
        yield f"pattern {shorten(row['pattern'])} does not match its example {shorten(row['example'])}"


@cache
def _compile(pattern: str, language: str) -> re.Pattern[str]:
    written = _written_out(pattern, language)
    return re.compile(rf"(?<!\w)(?:{written})(?!\w)".translate(_PLAIN), re.IGNORECASE)


def _written_out(pattern: str, language: str) -> str:
    for _ in range(_DEEPEST):
        pattern = _NAME.sub(lambda name: f"(?:{_words()[language, name[1]]})", pattern)
    return pattern


@cache
def _words() -> Mapping[tuple[str, str], str]:
    rows = _word_rows()
    return {(row["language"], row["name"]): "|".join(w.partition("=")[0] for w in _parts(row)) for row in rows}


@cache
def _numbers() -> Mapping[str, str]:
    """Number words of every language; ё as the patterns see it."""
    listed = (part.partition("=") for row in _word_rows() if row["name"] == "number" for part in _parts(row))
    return {word.translate(_PLAIN): number for word, _, number in listed}


def _parts(row: Mapping[str, str]) -> Iterable[str]:
    # Nested alternatives keep their bars: only the words of numbers carry a value.
    return row["words"].split("|") if row["name"] == "number" else [row["words"]]


@cache
def _word_rows() -> Sequence[Mapping[str, str]]:
    return [row for _, row in read_rows(Path(__file__).parent / "pattern_words.csv", ("language", "name", "words"))[0]]
