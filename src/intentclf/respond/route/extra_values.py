"""The words of extra information: enters a table, leaves what each word stands for.

One row for a value, or, where the value is empty, for the column itself; the words of a language stand in one cell,
parted by bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from intentclf.codebooks.loader import read_rows
from intentclf.errors import Fault, FaultsError, shorten
from intentclf.respond.patterns import place_faults

__all__ = ["FIELDS", "load_values", "plain_word"]

FIELDS = ("channel", "browser", "device", "os", "account_type", "role", "subscription_through")
"""What extra information may tell."""

_LANGUAGES = ("nl", "nb", "ru", "en")
_COLUMNS = ("field", "value", *_LANGUAGES, "source", "line")


def load_values(path: str | Path) -> dict[tuple[str, str], str]:
    """Read and check a table of words: (field, word) to value, and ('', word) to the field that a column is.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    path = Path(path)
    rows, _ = read_rows(path, _COLUMNS)
    table: dict[tuple[str, str], str] = {}
    faults: list[Fault] = []
    for line, row in rows:
        faults += [Fault(line, message) for message in _row_faults(row)]
        under, meant = (row["field"], row["value"]) if row["value"] else ("", row["field"])
        for word in {plain_word(w) for lang in _LANGUAGES for w in (row[lang].split("|") if row[lang] else [])} | {
            plain_word(meant)
        }:
            if table.setdefault((under, word), meant) != meant:
                faults.append(Fault(line, f"word {shorten(word)} of {meant!r} is also that of {table[under, word]!r}"))
    if faults:
        raise FaultsError(path, faults)
    return table


def _row_faults(row: Mapping[str, str]) -> Iterator[str]:
    if row["field"] not in FIELDS:
        yield f"field must be one of {', '.join(FIELDS)}, got {shorten(row['field'])}"
    for language in _LANGUAGES:
        if not row[language] or not all(map(str.strip, row[language].split("|"))):
            yield f"column {language} must hold words parted by bars, got {shorten(row[language])}"
    yield from place_faults(row)


def plain_word(word: str) -> str:
    """A word without case, ё, underscores and white space that it need not have."""
    return " ".join(word.replace("_", " ").replace("ё", "е").replace("Ё", "Е").casefold().split())
