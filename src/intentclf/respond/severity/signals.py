"""Signals of severity that an agent can check: who is affected, does it work, what does it cost, is there another way.

Enters the text that the model reads, leaves the phrases found and what follows from them. The phrases are
`signals.csv`; the levels that the desk's documents derive from signals are `severity_rules.csv`, what bounds them
`severity_caps.csv`, each with its line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intentclf.predict.features import normalize
from intentclf.records import Reading
from intentclf.respond.sentences import Sentence, say

__all__ = ["UNKNOWN", "Derived", "Signal", "Signals", "derive", "find_signals", "highest_level", "signal_names"]

UNKNOWN = "unknown"
_NO_LANGUAGE = "und"
_FOLDER = Path(__file__).parent
# Of several values found for one signal the first counts: the worse one, and 'works' only where nothing is broken.
_ORDER: Mapping[str, tuple[str, ...]] = {
    "affected": ("many", "several", "one"),
    "state": ("unusable", "impaired", "works"),
    "impact": ("production", "deadline", "money"),
    "workaround": ("yes",),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """A phrase that speaks for a value of a signal.

    Attributes
    ----------
    name, value : str
    start, end : int
        Half-open span of code points in the original text.
    text : str
    source : str
        Document and line of the rule that the signal serves.
    """

    name: str
    value: str
    start: int
    end: int
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Signals:
    """What was found in one text.

    Attributes
    ----------
    affected : {'many', 'several', 'one', 'unknown'}
    state : {'unusable', 'impaired', 'works', 'unknown'}
    impact : {'production', 'deadline', 'money', 'unknown'}
    workaround : {'yes', 'unknown'}
    found : tuple of Signal
        Every phrase, also those whose value did not count.
    """

    affected: str = UNKNOWN
    state: str = UNKNOWN
    impact: str = UNKNOWN
    workaround: str = UNKNOWN
    found: tuple[Signal, ...] = ()

    @property
    def contradictory(self) -> bool:
        """Whether phrases of one signal speak for different values."""
        values: dict[str, set[str]] = {}
        for signal in self.found:
            values.setdefault(signal.name, set()).add(signal.value)
        return any(len(each) > 1 for each in values.values())


@dataclass(frozen=True, slots=True)
class Derived:
    """The level that the documents give to a set of signals: level, the rule in words, document and line."""

    level: str
    rule: Sentence
    source: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    name: str
    value: str
    language: str
    pattern: re.Pattern[str]
    source: str


def signal_names() -> tuple[str, ...]:
    """Every signal with every value that can be found, `affected=many` and so on."""
    return tuple(f"{name}={value}" for name, values in _ORDER.items() for value in values)


def find_signals(reading: Reading) -> Signals:
    """The signals of a text, from the phrases of its language; of all languages where it is not known.

    Examples
    --------
    >>> from intentclf.intake import read
    >>> from intentclf.records import Query
    >>> signals = find_signals(read(Query("1", "niemand op kantoor kan mailen, de winkel ligt stil")))
    >>> signals.affected, signals.impact
    ('many', 'production')
    """
    text = normalize(reading.core)
    language = "nb" if reading.language.code == "nn" else reading.language.code
    found = []
    for phrase in _phrases():
        if language not in (phrase.language, _NO_LANGUAGE):
            continue
        for match in phrase.pattern.finditer(text):
            start, end = reading.original_span(*match.span())
            words = reading.query.text[start:end]
            found.append(Signal(phrase.name, phrase.value, start, end, words, phrase.source))
    told = {(signal.name, signal.value) for signal in found}
    values = {
        name: next((value for value in order if (name, value) in told), UNKNOWN) for name, order in _ORDER.items()
    }
    return Signals(**values, found=tuple(sorted(found, key=lambda signal: (signal.start, signal.end, signal.name))))


def derive(signals: Signals) -> Derived | None:
    """The level that the documents give to these signals, by the first rule that fits; None where none does."""
    for derived, needs in _rules():
        if all(getattr(signals, name) in values for name, values in needs):
            return derived
    return None


def highest_level(paths: Mapping[str, Sequence[str]]) -> Derived | None:
    """The level that a request cannot exceed for what it is about; None where every level can be.

    Parameters
    ----------
    paths : mapping of book to sequence of str
        The code of each book that is likely enough to count, with all codes above it.
    """
    for book, code, cap in _caps():
        if code in paths.get(book, ()):
            return cap
    return None


@cache
def _phrases() -> tuple[_Phrase, ...]:
    with (_FOLDER / "signals.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            _Phrase(
                row["signal"],
                row["value"],
                row["lang"],
                re.compile(row["pattern"]),
                f"{row['source']}, line {row['line']}",
            )
            for row in csv.DictReader(file)
        )


@cache
def _rules() -> tuple[tuple[Derived, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
    with (_FOLDER / "severity_rules.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            (
                Derived(row["level"], say(row["rule"]), f"{row['source']}, line {row['line']}"),
                tuple((name, tuple(row[name].split("|"))) for name in _ORDER if row[name]),
            )
            for row in csv.DictReader(file)
        )


@cache
def _caps() -> tuple[tuple[str, str, Derived], ...]:
    with (_FOLDER / "severity_caps.csv").open(encoding="utf-8", newline="") as file:
        rule = say("severity.bound")
        return tuple(
            (row["book"], row["code"], Derived(row["highest"], rule, f"{row['source']}, line {row['line']}"))
            for row in csv.DictReader(file)
        )
