"""Tables of phrases: enters a CSV file of word patterns, leaves where they stand in a text.

The notation is that of the keyword rules: words parted by blanks, ``word*`` any ending, ``a|b`` alternatives, ``~`` up
to three words between. Phrases of every language are looked for in every text, because customers mix languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from intentclf.codebooks.loader import EXTRA, read_rows
from intentclf.errors import Fault, FaultsError, shorten
from intentclf.predict.features import normalize

__all__ = ["Found", "Phrases", "load_phrases"]

LANGUAGES = ("nl", "nb", "ru", "en", "all")
_COLUMNS = ("pattern", "language", "source", "line")
_PIECE = re.compile(r"~|[^\s*|~]+\*?(?:\|[^\s*|~]+\*?)*")
_WORD = re.compile(r"\w")
_START = re.compile(r"(?<!\w)\S")
_BETWEEN = r"\W{1,4}"
_GAP = r"(?:\W{1,4}\w+){0,3}"
_HEAVIEST = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase that stands in a text.

    Attributes
    ----------
    start, end : int
        Half-open span of code points.
    row : mapping of str to str
        The row of the table.
    """

    start: int
    end: int
    row: Mapping[str, str]


class Phrases:
    """Rows of phrases, ready to be looked for.

    Parameters
    ----------
    rows : sequence of mapping of str to str
        Each with a `pattern`.
    """

    def __init__(self, rows: Sequence[Mapping[str, str]]) -> None:
        # At one place the longest phrase wins: 'sql server' before 'sql', 'outlook.com' before 'outlook|outlooken'.
        pairs = sorted(((choice, row) for row in rows for choice in _choices(row["pattern"])), key=_size, reverse=True)
        # By the letter that a phrase starts with, so that few are tried at a place.
        starting: dict[str, list[tuple[str, Mapping[str, str]]]] = {}
        for choice, row in pairs:
            for letter in sorted({word[0] for word in normalize(choice).split()[0].split("|")}):
                starting.setdefault(letter, []).append((choice, row))
        self._starting = {letter: _Branches(these) for letter, these in starting.items()}

    def find(self, text: str) -> list[Found]:
        """The phrases that stand in a text, by place; none overlaps another."""
        folded, behind = normalize(text), 0
        found: list[Found] = []
        for place in _START.finditer(folded):
            branches = self._starting.get(place.group())
            hit = branches.match(folded, place.start()) if branches and place.start() >= behind else None
            if hit:
                found.append(hit)
                behind = hit.end
        return found


class _Branches:
    """Phrases that start with one letter, the longest first."""

    def __init__(self, pairs: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        self._rows = [row for _, row in pairs]
        self._expression = re.compile(rf"(?:{'|'.join(f'({_expression(choice)})' for choice, _ in pairs)})(?!\w)")

    def match(self, folded: str, place: int) -> Found | None:
        found = self._expression.match(folded, place)
        return Found(*found.span(), self._rows[(found.lastindex or 1) - 1]) if found else None


def load_phrases(path: Path, choices: Mapping[str, Sequence[str]], *, numbers: Sequence[str] = ()) -> Phrases:
    """Read and check a table of phrases.

    Parameters
    ----------
    path : path
        CSV with the columns pattern, language, source, line and those named below.
    choices : mapping of column to allowed values
        No values: anything but nothing.
    numbers : sequence of str
        Columns that hold a number above 0, at most 5.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    rows, _ = read_rows(path, (*_COLUMNS, *choices, *numbers))
    allowed = {"language": LANGUAGES} | dict(choices)
    seen: set[str] = set()
    faults: list[Fault] = []
    for line, row in rows:
        faults += [Fault(line, message) for message in _faults(row, allowed, numbers, seen)]
        seen.add(normalize(row["pattern"]))
    if faults:
        raise FaultsError(path, faults)
    return Phrases([row for _, row in rows])


def _faults(
    row: Mapping[str, str], choices: Mapping[str, Sequence[str]], numbers: Sequence[str], seen: set[str]
) -> Iterator[str]:
    pattern = row["pattern"]
    pieces = pattern.split()
    is_pattern = _WORD.search(pattern) and all(_PIECE.fullmatch(piece) for piece in pieces)
    if not is_pattern or "~" in (pieces[0], pieces[-1]):
        yield f"pattern must be words, word*, a|b or ~ between words, got {shorten(pattern)}"
    elif normalize(pattern) in seen:
        yield f"pattern {shorten(pattern)} stands twice"
    for column, values in choices.items():
        if values and row[column] not in values:
            yield f"{column} must be one of {', '.join(values)}, got {shorten(row[column])}"
        elif not row[column]:
            yield f"{column} is empty"
    for column in numbers:
        if not _is_weight(row[column]):
            yield f"{column} must be a number above 0, at most {_HEAVIEST:g}, got {shorten(row[column])}"
    if row["line"] and not (row["line"].isascii() and row["line"].isdecimal()):
        yield f"line must be a whole number, got {shorten(row['line'])}"
    if row.get(EXTRA):
        yield f"row has more fields than the header (a comma without quotes?): {shorten(row[EXTRA])}"


def _is_weight(text: str) -> bool:
    return re.fullmatch(r"\d(\.\d+)?", text, re.ASCII) is not None and 0 < float(text) <= _HEAVIEST


def _choices(pattern: str) -> list[str]:
    """The alternatives of a pattern of one piece; a longer pattern whole."""
    return [pattern] if " " in pattern.strip() else pattern.split("|")


def _size(pair: tuple[str, Mapping[str, str]]) -> tuple[int, int]:
    """Pieces and letters of a pattern."""
    return len(pair[0].split()), len(pair[0])


def _expression(pattern: str) -> str:
    """A pattern as a regular expression without groups that capture."""
    parts: list[str] = []
    for piece in normalize(pattern).split():
        if piece == "~":
            parts.append(_GAP)
            continue
        words = "|".join(re.escape(word.removesuffix("*")) + r"\w*" * word.endswith("*") for word in piece.split("|"))
        parts.append((_BETWEEN if parts else "") + f"(?:{words})")
    return "".join(parts)
