"""`python -m bench.redaction`: precision and recall of redaction by kind and by language on authored sentences.

The file has one JSON object a line: `lang`, `text`, `items` (each `kind` and `text`, in the order of the sentence) and
perhaps a `note`; a row without items is a look-alike that must stay. A predicted item is right where the kind is equal,
at least 80 % of the true item lie in it and at most two characters of it outside. 'any kind' asks only whether private
data were covered: its recall is the share of true items of which 80 % are hidden, whatever by, its precision the share
of predicted items that touch a true one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from intentclf.errors import InputError, shorten
from intentclf.intake.redaction import KINDS, redact

__all__ = ["CHECKED_KINDS", "Count", "Figures", "Item", "Row", "main", "page", "read_items", "score"]

ITEMS = Path(__file__).parents[1] / "tests" / "intake" / "redaction_items.jsonl"
CHECKED_KINDS = frozenset({"BSN", "CARD", "FODSELSNUMMER", "IBAN", "INN", "SNILS"})
"""Kinds with check digits."""

_LEAST_COVERED = 0.8
_MOST_OUTSIDE = 2

Item = tuple[str, int, int]
"""Kind and half-open span."""


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence, its language, its items, and the part of the file that it belongs to."""

    language: str
    text: str = field(repr=False)
    items: tuple[Item, ...]
    part: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """True items and how many of them were found, predicted items and how many of them were right."""

    true: int = 0
    found: int = 0
    predicted: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """Share, 0 to 1; 1 where there was nothing to find."""
        return self.found / self.true if self.true else 1.0

    @property
    def precision(self) -> float:
        """Share, 0 to 1; 1 where nothing was predicted."""
        return self.right / self.predicted if self.predicted else 1.0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.true + other.true,
            self.found + other.found,
            self.predicted + other.predicted,
            self.right + other.right,
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by kind, by language, of all, of any kind; numbers of the rows, from 1, with a fault, and what it is."""

    by_kind: Mapping[str, Count]
    by_language: Mapping[str, Count]
    total: Count
    any_kind: Count
    faults: Sequence[tuple[int, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Score and print; 2 where the file is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.redaction", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=ITEMS, help="sentences; tests/intake by default")
    parser.add_argument("--part", help="only rows of this part: open (patterns were mended on it) or unseen")
    parser.add_argument("--faults", action="store_true", help="rows with items that were missed or wrong")
    options = parser.parse_args(arguments)
    try:
        figures = score(read_items(options.file, part=options.part))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(page(figures))
    if options.faults:
        print("\n".join(f"row {number}: {fault}" for number, fault in figures.faults))
    return 0


def read_items(path: Path, *, part: str | None = None) -> list[Row]:
    """The rows of a file, all or those of a part.

    Raises
    ------
    InputError
        If it cannot be read, or an item does not stand in its sentence.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    rows = [_row(line, path, number) for number, line in enumerate(lines, start=1) if line.strip()]
    return [row for row in rows if part in (None, row.part)]


def _row(line: str, path: Path, number: int) -> Row:
    try:
        record = json.loads(line)
        language, text = str(record["lang"]), str(record["text"])
        told = [(str(item["kind"]), str(item["text"])) for item in record.get("items", ())]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InputError("must be an object with lang, text and items", file=path, row=number) from None
    items: list[Item] = []
    for kind, part in told:
        start = text.find(part, items[-1][2] if items else 0) if part else -1
        if kind not in KINDS or start < 0:
            reason = "stand in the sentence behind the one before" if kind in KINDS else "be of a known kind"
            raise InputError(f"items must {reason}, got {shorten(kind)}", file=path, row=number)
        items.append((kind, start, start + len(part)))
    return Row(language, text, tuple(items), str(record.get("part", "")))


def score(rows: Iterable[Row]) -> Figures:
    """Redact every sentence and count."""
    by_kind: dict[str, Count] = {}
    by_language: dict[str, Count] = {}
    any_kind = total = Count()
    faults: list[tuple[int, str]] = []
    for number, row in enumerate(rows, start=1):
        predicted: list[Item] = [(item.kind, item.start, item.end) for item in redact(row.text).items]
        any_kind += _any_kind(row.items, predicted)
        for kind, count in _by_kind(row.items, predicted).items():
            by_kind[kind] = by_kind.get(kind, Count()) + count
            by_language[row.language] = by_language.get(row.language, Count()) + count
            total += count
            missed, wrong = count.true - count.found, count.predicted - count.right
            if missed or wrong:
                faults.append((number, f"{row.language} {kind} {missed} missed, {wrong} wrong"))
    return Figures(by_kind, by_language, total, any_kind, faults)


def _by_kind(true: Sequence[Item], predicted: Sequence[Item]) -> dict[str, Count]:
    """Counts of one sentence; every predicted item answers for one true item at most."""
    trues, found = Counter(item[0] for item in true), Counter[str]()
    left = list(predicted)
    for item in true:
        right = next((guess for guess in left if _is_right(item, guess)), None)
        if right is not None:
            left.remove(right)
            found[item[0]] += 1
    guessed = Counter(item[0] for item in predicted)
    return {kind: Count(trues[kind], found[kind], guessed[kind], found[kind]) for kind in trues | guessed}


def _is_right(true: Item, guess: Item) -> bool:
    inside = _overlap(true, guess)
    outside = guess[2] - guess[1] - inside
    return guess[0] == true[0] and inside >= _LEAST_COVERED * (true[2] - true[1]) and outside <= _MOST_OUTSIDE


def _any_kind(true: Sequence[Item], predicted: Sequence[Item]) -> Count:
    hidden = [sum(_overlap(item, guess) for guess in predicted) for item in true]
    found = sum(inside >= _LEAST_COVERED * (item[2] - item[1]) for item, inside in zip(true, hidden, strict=True))
    right = sum(any(_overlap(item, guess) for item in true) for guess in predicted)
    return Count(len(true), found, len(predicted), right)


def _overlap(one: Item, other: Item) -> int:
    return max(0, min(one[2], other[2]) - max(one[1], other[1]))


def page(figures: Figures) -> str:
    """A table in Markdown."""
    lines = ["| | items | recall | predicted | precision |", "|---|---:|---:|---:|---:|"]
    rows = [*sorted(figures.by_kind.items()), *sorted(figures.by_language.items())]
    for name, count in [*rows, ("all", figures.total), ("any kind", figures.any_kind)]:
        lines.append(f"| {name} | {count.true} | {count.recall:.3f} | {count.predicted} | {count.precision:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
