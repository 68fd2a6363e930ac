"""Is the seed file fit to train on? Enters the table, leaves every fault with its row and reason.

Codes, agreement of the books with each other, texts that repeat or nearly repeat, texts alike but labelled apart,
openings used too often, texts in another language than stated.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from intentclf.codebooks.loader import Codebook, shipped_codebooks
from intentclf.errors import Fault
from intentclf.intake.cleaning import clean
from intentclf.intake.language import detect_language
from intentclf.predict.features import normalize
from intentclf.train.duplicates import near_duplicate_pairs, overlaps
from intentclf.train.prepare import LabelledTexts, alternatives

__all__ = [
    "ALIKE",
    "OPENING_SHARE",
    "OVERLAP",
    "Implication",
    "check_rows",
    "held_out_faults",
    "implications",
    "opening",
]

ALIKE = 0.7
"""Jaccard similarity of character 5-grams from which two texts count as near-duplicates."""

OVERLAP = 0.5
"""The same from which a text counts as a copy of a held-out one: lower, for what is measured there must be unseen."""

OPENING_WORDS = 5
OPENING_SHARE = 0.004
LONG_RUN = 12
_SURE_LANGUAGE = 0.97
_FEWEST_WORDS = 4
# Varieties in which a text is not what language detection was made for; the note says so.
_EXCUSED = frozenset({"mixed", "translit", "keyboard", "dialect"})
_WORD = re.compile(r"\w+")


class Implication(NamedTuple):
    """What a label allows in another column: labels under any of `allowed`."""

    book: str
    code: str
    implies: str
    allowed: tuple[str, ...]
    why: str


@cache
def implications() -> tuple[Implication, ...]:
    """The implications between the books, from `codebooks/implications.csv`."""
    path = Path(__file__).parent.parent / "codebooks" / "implications.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Implication(row["book"], row["code"], row["implies"], alternatives(row["allowed"]), row["why"])
            for row in csv.DictReader(file)
        )


def check_rows(texts: LabelledTexts) -> list[Fault]:
    """All faults of a table whose codes were already found to exist.

    Parameters
    ----------
    texts : LabelledTexts
        With the seed columns; its column `note` excuses varieties of language.

    Returns
    -------
    list of Fault
        By row, from 1.
    """
    words = [_WORD.findall(normalize(clean(text).text)) for text in texts.column("text")]
    faults = [
        *_implication_faults(texts),
        *_language_faults(texts, words),
        *_opening_faults(texts, words),
        *_repetition_faults(texts),
        *_run_faults(texts, words),
    ]
    return sorted(faults, key=lambda fault: (fault.line, fault.message))


def held_out_faults(texts: LabelledTexts, held_out: Sequence[str], name: str) -> list[Fault]:
    """Rows that repeat a text on which the model is to be measured.

    Parameters
    ----------
    texts : LabelledTexts
    held_out : sequence of str
        Texts as given, in the order of their rows.
    name : str
        What the held-out file is called in the message.

    Returns
    -------
    list of Fault
        By row, from 1.
    """
    own = [clean(text).text for text in texts.column("text")]
    found = overlaps(own, [clean(text).text for text in held_out], OVERLAP)
    return [
        Fault(row + 1, f"repeats row {other + 1} of {name} (similarity {similarity:.2f})")
        for row, other, similarity in found
    ]


def opening(words: Sequence[str]) -> str | None:
    """The first five words of a text that has more than five, None for shorter ones.

    Examples
    --------
    >>> opening("ik kan sinds gisteren niet meer inloggen".split())
    'ik kan sinds gisteren niet'
    """
    return " ".join(words[:OPENING_WORDS]) if len(words) > OPENING_WORDS else None


def _implication_faults(texts: LabelledTexts) -> Iterator[Fault]:
    books: Mapping[str, Codebook] = shipped_codebooks()
    columns = {label: texts.column(label) for label in texts.labels}
    for rule in implications():
        if rule.book not in columns or rule.implies not in columns:
            continue
        for row, (given, implied) in enumerate(zip(columns[rule.book], columns[rule.implies], strict=True), start=1):
            if not _is_under(books.get(rule.book), given, rule.code):
                continue
            if not any(_is_under(books.get(rule.implies), implied, code) for code in rule.allowed):
                allowed = " or ".join(rule.allowed)
                yield Fault(row, f"{rule.book} {given} asks for {rule.implies} {allowed}, got {implied} ({rule.why})")


def _is_under(book: Codebook | None, label: str, code: str) -> bool:
    return label == code if book is None else book.is_under(label, code)


def _language_faults(texts: LabelledTexts, words: Sequence[Sequence[str]]) -> Iterator[Fault]:
    notes = texts.column("note") if "note" in texts.frame else [""] * len(words)
    rows = zip(texts.column("text"), texts.column("lang"), notes, words, strict=True)
    for row, (text, stated, note, tokens) in enumerate(rows, start=1):
        if len(tokens) < _FEWEST_WORDS or _EXCUSED & set(note.split()):
            continue
        guess = detect_language(clean(text).text)
        if guess.code != stated and guess.confidence >= _SURE_LANGUAGE:
            yield Fault(row, f"language is stated as {stated} but reads as {guess.code}")


def _opening_faults(texts: LabelledTexts, words: Sequence[Sequence[str]]) -> Iterator[Fault]:
    languages = texts.column("lang")
    sizes = Counter(languages)
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (language, tokens) in enumerate(zip(languages, words, strict=True), start=1):
        start = opening(tokens)
        if start:
            places[language, start].append(row)
    for (language, start), rows in places.items():
        if len(rows) > max(1.0, OPENING_SHARE * sizes[language]):
            yield from (Fault(row, f"opening {start!r} is used {len(rows)} times in {language}") for row in rows)


def _repetition_faults(texts: LabelledTexts) -> Iterator[Fault]:
    """Near-duplicates of another group, and texts alike (of any group) that are labelled apart."""
    groups = texts.column("group")
    columns = {label: texts.column(label) for label in texts.labels}
    cleaned = [clean(text).text for text in texts.column("text")]
    for first, second, similarity in near_duplicate_pairs(cleaned, ALIKE):
        if groups[first] != groups[second]:
            yield Fault(second + 1, f"nearly repeats row {first + 1} of another group (similarity {similarity:.2f})")
        apart = [label for label, cells in columns.items() if cells[first] != cells[second]]
        if apart:
            yield Fault(second + 1, f"is like row {first + 1} but labelled apart in {', '.join(apart)}")


def _run_faults(texts: LabelledTexts, words: Sequence[Sequence[str]]) -> Iterator[Fault]:
    """Twelve words in a row that stand in a text of another group too; footers are excused by their note."""
    groups = texts.column("group")
    notes = texts.column("note") if "note" in texts.frame else [""] * len(words)
    seen: dict[tuple[str, ...], int] = {}
    for row, tokens in enumerate(words):
        if "footer" in notes[row]:
            continue
        for start in range(len(tokens) - LONG_RUN + 1):
            run = tuple(tokens[start : start + LONG_RUN])
            other = seen.setdefault(run, row)
            if groups[other] != groups[row]:
                yield Fault(row + 1, f"shares {LONG_RUN} words with row {other + 1}: {' '.join(run[:6])} …")
                break
