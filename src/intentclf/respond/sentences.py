"""Sentences for people: enters a key and its values, leaves a sentence in Dutch, Norwegian, Russian or English.

The tables are `sentences_<topic>.csv`: one row for each key, which begins with its topic; the same placeholders in
every language.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intentclf.errors import InputError, shorten

__all__ = ["SPOKEN", "Sentence", "check_spoken", "say"]

SPOKEN = ("nl", "nb", "ru", "en")
"""Languages in which every sentence stands."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that is not written out yet: its key in the tables, and what stands in its placeholders."""

    key: str
    values: tuple[tuple[str, str], ...] = ()

    def text(self, language: str = "en") -> str:
        """The sentence in a language (nn: as nb), in English where the table does not have that language.

        Examples
        --------
        >>> say("lower.answered", asked="B").text()
        'The customer has answered; level B stays.'
        """
        row = _table()[self.key]
        return row.get("nb" if language == "nn" else language, row["en"]).format_map(dict(self.values))


def say(key: str, **values: object) -> Sentence:
    """A sentence of the tables with its values."""
    return Sentence(key, tuple((name, str(value)) for name, value in values.items()))


def check_spoken(language: str) -> None:
    """Refuse a language that sentences do not stand in.

    Raises
    ------
    InputError
    """
    if language not in SPOKEN:
        raise InputError(f"what is said to agents can be in {', '.join(SPOKEN)}, got {shorten(language)}")


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for path in sorted(Path(__file__).parent.glob("sentences_*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            table |= {row["key"]: {code: row[code] for code in SPOKEN} for row in csv.DictReader(file)}
    return table
