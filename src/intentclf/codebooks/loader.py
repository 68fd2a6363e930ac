"""Code books: what may be said. Enters a CSV file, leaves a checked tree of codes.

A code book is a table with one row for each code. The four shipped ones keep the document and line that every code
comes from; a desk's own is a file of the same form, given by its path.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from intentclf.errors import Fault, FaultsError, InputError, shorten

__all__ = [
    "LABEL_LANGUAGES",
    "NONE",
    "SHIPPED",
    "Code",
    "Codebook",
    "load_codebook",
    "load_shipped",
    "read_rows",
    "shipped_codebooks",
]

NONE = "none"
"""The answer 'nothing in this book fits': a class like any other, but not a row of a book."""

LABEL_LANGUAGES = ("nl", "nb", "ru", "en")
SHIPPED = ("outlook_com", "contact_reason", "service_request", "csp_escalation")

_FOLDER = Path(__file__).parent
_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_PART = re.compile(r"[^\s.|,;]+(?: [^\s.|,;]+)*")
_REQUIRED = ("code", "parent", "level", "label_en", "definition")
_LONGEST_LABEL = 120
_LARGEST_CELL = 100_000
EXTRA = "beyond the header"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a code book.

    Attributes
    ----------
    code, parent : str
        Dotted code and the code above it ('' at the top).
    level : int
        1 at the top.
    labels, names : mapping of language to str
        The desk's label, and the short name that a customer is shown; only languages that are filled.
    definition : str
        English; when to choose the code.
    source : str
        Document the code comes from, '' for codes made from labels.
    line : int
        Line in that document, from 1; 0 where there is none.
    note : str
        Where the source contradicts itself or was mended.
    """

    code: str
    parent: str
    level: int
    labels: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    definition: str = ""
    source: str = ""
    line: int = 0
    note: str = ""

    def label(self, language: str) -> str:
        """The label in a language, else in English, else the code itself."""
        return self.labels.get("nb" if language == "nn" else language) or self.labels.get("en") or self.code

    def descriptions(self) -> tuple[str, ...]:
        """What the book says of the code: labels, further names and definition; without them the words of the code.

        Examples
        --------
        >>> Code("billing.card_declined", "billing", 2).descriptions()
        ('billing card declined',)
        """
        told = dict.fromkeys(text for text in (*self.labels.values(), *self.names.values(), self.definition) if text)
        return tuple(told) or (_BETWEEN_WORDS.sub(" ", self.code),)


@dataclass(frozen=True)
class Codebook:
    """A checked tree of codes.

    Attributes
    ----------
    name : str
    codes : mapping of str to Code
        In the order of the file.
    sha256 : str
        Hash of the file's bytes, or of the codes where there is no file.
    """

    name: str
    codes: Mapping[str, Code]
    sha256: str

    def __contains__(self, code: str) -> bool:
        return code in self.codes or code == NONE

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes.values())

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Codes without children, in the order of the file."""
        parents = {code.parent for code in self}
        return tuple(code.code for code in self if code.code not in parents)

    def children(self, code: str) -> tuple[str, ...]:
        """Codes right under `code` ('' for the top)."""
        return tuple(child.code for child in self if child.parent == code)

    def path(self, code: str) -> tuple[str, ...]:
        """The codes from the top down to `code` itself; `none` and unknown codes are their own path.

        Examples
        --------
        >>> load_shipped("outlook_com").path("not_outlook.windows")
        ('not_outlook', 'not_outlook.windows')
        """
        steps = [code]
        while steps[-1] in self.codes and self.codes[steps[-1]].parent:
            steps.append(self.codes[steps[-1]].parent)
        return tuple(reversed(steps))

    def is_under(self, code: str, ancestor: str) -> bool:
        """Whether `code` is `ancestor` or stands anywhere below it."""
        return ancestor in self.path(code)

    @classmethod
    def from_labels(cls, name: str, labels: Iterable[str]) -> Codebook:
        """Make a book from the values of a label column: dots part the levels, parents are added.

        Raises
        ------
        InputError
            If a label is not a code: empty parts, or one of the characters ``| , ;``.
        """
        codes: dict[str, Code] = {}
        for label in sorted(set(labels) - {NONE}):
            parts = label.split(".")
            if not all(_PART.fullmatch(part) for part in parts):
                raise InputError(f"label {shorten(label)} of {name!r} is not a code: parts between dots must be words")
            for depth in range(1, len(parts) + 1):
                code = ".".join(parts[:depth])
                codes.setdefault(code, Code(code, ".".join(parts[: depth - 1]), depth))
        ordered = {code: codes[code] for code in sorted(codes)}
        return cls(name, ordered, hashlib.sha256("\n".join(ordered).encode()).hexdigest())


def read_rows(path: Path, required: Sequence[str]) -> tuple[list[tuple[int, dict[str, str]]], str]:
    """Read a CSV file of data (not of texts): rows with their line numbers, and the SHA-256 of its bytes.

    Raises
    ------
    InputError
        If the file is missing, empty, not UTF-8, or lacks a required column.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", file=path) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"line {line} is not UTF-8 (byte 0x{content[error.start]:02X})", file=path) from None
    reader = csv.DictReader(io.StringIO(text), restkey=EXTRA)
    missing = [column for column in required if column not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"column {missing[0]!r} is missing; the header is {shorten(text.partition(chr(10))[0])}", file=path
        )
    try:
        # Fields beyond the header come as one list under a column of their own.
        rows = [(reader.line_num, {key: _cell(value) for key, value in row.items()}) for row in reader]
    except csv.Error as error:
        raise InputError(f"line {reader.line_num} cannot be read ({error})", file=path) from None
    large = next(((line, len(cell)) for line, row in rows for cell in row.values() if len(cell) > _LARGEST_CELL), None)
    if large:
        message = f"line {large[0]} has a cell of {large[1]} characters, at most {_LARGEST_CELL} are read"
        raise InputError(message, file=path)
    if not rows:
        raise InputError("has a header but no rows", file=path)
    return rows, hashlib.sha256(content).hexdigest()


def _cell(value: str | list[str] | None) -> str:
    return ", ".join(value) if isinstance(value, list) else (value or "").strip()


def load_codebook(path: str | Path, *, name: str | None = None) -> Codebook:
    """Read and check a code book.

    Parameters
    ----------
    path : path
        CSV with the columns code, parent, level, label_en, definition; further label_xx and name_xx (nl, nb, ru, en),
        source, line and note.
    name : str, optional
        Name of the book; by default the file's name without its ending.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    path = Path(path)
    rows, digest = read_rows(path, _REQUIRED)
    faults: list[Fault] = []
    codes: dict[str, Code] = {}
    for line, row in rows:
        faults += [Fault(line, message) for message in _row_faults(row, codes)]
        codes.setdefault(row["code"], _code(row))
    faults += _tree_faults(codes, {row["code"]: line for line, row in reversed(rows)})
    if faults:
        raise FaultsError(path, sorted(faults, key=lambda fault: fault.line))
    return Codebook(name or path.stem, codes, digest)


@cache
def load_shipped(name: str) -> Codebook:
    """One of the four shipped books.

    Raises
    ------
    InputError
        If there is no shipped book of that name.
    """
    if name not in SHIPPED:
        raise InputError(f"there is no shipped code book {name!r}; shipped are {', '.join(SHIPPED)}")
    return load_codebook(_FOLDER / f"{name}.csv")


def shipped_codebooks() -> dict[str, Codebook]:
    """All shipped books by name."""
    return {name: load_shipped(name) for name in SHIPPED}


def _code(row: Mapping[str, str]) -> Code:
    level, line = row["level"], row.get("line", "")
    return Code(
        code=row["code"],
        parent=row["parent"],
        level=int(level) if level.isdecimal() else 0,
        labels={lang: row[f"label_{lang}"] for lang in LABEL_LANGUAGES if row.get(f"label_{lang}")},
        names={lang: row[f"name_{lang}"] for lang in LABEL_LANGUAGES if row.get(f"name_{lang}")},
        definition=row["definition"],
        source=row.get("source", ""),
        line=int(line) if line.isdecimal() else 0,
        note=row.get("note", ""),
    )


def _row_faults(row: Mapping[str, str], seen: Mapping[str, Code]) -> Iterator[str]:
    code, parent, level = row["code"], row["parent"], row["level"]
    parts = code.split(".")
    if not code or not all(_PART.fullmatch(part) for part in parts):
        yield f"code must be words parted by dots, got {shorten(code)}"
    elif code == NONE:
        yield f"code {NONE!r} is reserved: it says that nothing in the book fits"
    elif code in seen:
        yield f"code {shorten(code)} stands twice"
    else:
        if parent != ".".join(parts[:-1]):
            yield f"parent of {shorten(code)} must be {'.'.join(parts[:-1])!r}, got {shorten(parent)}"
        if level != str(len(parts)):
            yield f"level of {shorten(code)} must be {len(parts)}, got {shorten(level)}"
    yield from _cell_faults(row)


def _cell_faults(row: Mapping[str, str]) -> Iterator[str]:
    code = row["code"]
    if row.get(EXTRA):
        yield f"row of {shorten(code)} has more fields than the header (a comma without quotes?): {shorten(row[EXTRA])}"
    for column in ("label_en", "definition"):
        if not row[column]:
            yield f"{column} of {shorten(code)} is empty"
    for column, value in row.items():
        if column.startswith(("label_", "name_")) and len(value) > _LONGEST_LABEL:
            yield f"{column} of {shorten(code)} must be at most {_LONGEST_LABEL} characters, got {len(value)}"
    if row.get("line") and not row["line"].isdecimal():
        yield f"line of {shorten(code)} must be a whole number, got {shorten(row['line'])}"


def _tree_faults(codes: Mapping[str, Code], lines: Mapping[str, int]) -> Iterator[Fault]:
    taken: dict[tuple[str, str, str], str] = {}
    definitions: dict[str, str] = {}
    for code in codes.values():
        line = lines[code.code]
        if code.parent and code.parent not in codes:
            yield Fault(line, f"parent {shorten(code.parent)} of {shorten(code.code)} is not in the book")
        for kind, values in (("label", code.labels), ("name", code.names)):
            for language, value in values.items():
                other = taken.setdefault((code.parent, f"{kind}_{language}", value.casefold()), code.code)
                if other != code.code:
                    where = f"{kind}_{language} {shorten(value)} of {shorten(code.code)}"
                    yield Fault(line, f"{where} is also that of its sibling {other!r}")
        other = definitions.setdefault(code.definition.casefold(), code.code) if code.definition else code.code
        if other != code.code:
            yield Fault(line, f"definition of {shorten(code.code)} is also that of {other!r}")
