"""Unlabelled text in, units out: each unit is a few texts that mean the same, in one language or several.

Three kinds of file give units:

- JSON Lines of translations: an object whose keys nl, nb, nn, ru, en hold one text in these languages;
- JSON Lines of documents: an object with such objects in it (``{"title": {"en": …, "nl": …}, "body": {…}}``) gives one
  unit for each, and one of every title beside the bodies;
- anything that `score` reads (tables, folders of .eml, mbox): a desk's own mail. The two halves of a text are about the
  same thing (the inverse cloze task of Lee et al., ACL 2019).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from intentclf.errors import InputError, shorten
from intentclf.intake.cleaning import clean
from intentclf.intake.tables import Columns, known_language, read_queries

__all__ = ["Corpus", "read_corpus"]

_LONGEST = 500
_FEWEST_WORDS = 8
_NO_SOURCE = "-"


@dataclass(frozen=True)
class Corpus:
    """Units of one file.

    Attributes
    ----------
    name : str
        Of the file.
    sha256 : str
    units : list of tuple of str
        At least two texts each.
    sources : dict of str to int
        Units by the field `source` of a line, where it has one.
    """

    name: str
    sha256: str
    units: list[tuple[str, ...]]
    sources: dict[str, int]


def read_corpus(path: Path) -> Corpus:
    """Read the units of a file or folder.

    Raises
    ------
    InputError
        If it cannot be read, a line is no JSON object, or there is no unit in it.
    """
    if path.is_file() and path.name.endswith((".jsonl", ".jsonl.gz")):
        found = list(_from_lines(path))
    else:
        queries = read_queries(path, Columns("text", None, None))
        found = [(_NO_SOURCE, unit) for query in queries for unit in _halves(clean(query.text).text)]
    if not found:
        raise InputError("holds no two texts that mean the same, and no text long enough to be halved", file=path)
    counts = Counter(source for source, _ in found)
    return Corpus(path.name, _hash(path), [unit for _, unit in found], dict(sorted(counts.items())))


def _from_lines(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    row = _object(path, number, line)
                    source = str(row.get("source") or _NO_SOURCE)
                    yield from ((source, unit) for unit in _units(row))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"cannot be read ({error})", file=path) from None


def _object(path: Path, number: int, line: str) -> Mapping[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise InputError(f"is no JSON object: {shorten(line)}", file=path, row=number)
    return row


def _units(row: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """The translations of a line, of each of its parts, and of parts beside each other."""
    parts = [row, *(part for part in row.values() if isinstance(part, dict))]
    if isinstance(row.get("text"), str):
        yield from _halves(clean(str(row["text"])).text)
    texts = [unit for unit in map(_translations, parts) if unit]
    yield from (unit for unit in texts if len(unit) > 1)
    if len(texts) > 1:
        together = tuple(dict.fromkeys(text for unit in texts for text in unit))
        yield from (together,) if len(together) > 1 else ()
    elif len(texts) == 1 and len(texts[0]) == 1:
        yield from _halves(texts[0][0])


def _translations(part: Mapping[str, object]) -> tuple[str, ...]:
    values = [value for key, value in part.items() if known_language(key) and isinstance(value, str)]
    cut = (" ".join(value.split())[:_LONGEST] for value in values)
    return tuple(dict.fromkeys(text for text in cut if text))


def _halves(text: str) -> Iterator[tuple[str, ...]]:
    words = text.split()
    if len(words) >= _FEWEST_WORDS:
        middle = len(words) // 2
        yield " ".join(words[:middle])[:_LONGEST], " ".join(words[middle:])[:_LONGEST]


def _hash(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder in the order of their names."""
    files: Sequence[Path] = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def all_texts(corpora: Iterable[Corpus]) -> tuple[list[str], list[int]]:
    """All texts in a row, and the number of the unit that each belongs to."""
    texts: list[str] = []
    numbers: list[int] = []
    for number, unit in enumerate(unit for corpus in corpora for unit in corpus.units):
        texts += unit
        numbers += [number] * len(unit)
    return texts, numbers
