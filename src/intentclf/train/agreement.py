"""How far two readers agree: the seed file's labels beside those of somebody who did not write the texts."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from intentclf.errors import InputError
from intentclf.train.prepare import LabelledTexts, alternatives

__all__ = ["Agreement", "agreement", "cohen_kappa"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """One column in one language: rows read twice, share of equal labels, and Cohen's kappa."""

    label: str
    language: str
    n: int
    share: float
    kappa: float


def agreement(texts: LabelledTexts, path: Path) -> list[Agreement]:
    """Compare first and second reading.

    Parameters
    ----------
    texts : LabelledTexts
        Gives the languages.
    path : Path
        CSV with the column id and, for each label, `first_<label>` and `second_<label>`: what the writer and the
        second reader gave before anything was settled.

    Returns
    -------
    list of Agreement
        For each label all languages, then each.

    Raises
    ------
    InputError
        If a row's id is not among the texts.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    languages = dict(zip(texts.column("id"), texts.column("lang"), strict=True))
    strange = next((row["id"] for row in rows if row["id"] not in languages), None)
    if strange is not None:
        raise InputError(f"id {strange!r} is not in the seed file", file=path)
    found = []
    for label in texts.labels:
        pairs = [(languages[row["id"]], row[f"first_{label}"], row[f"second_{label}"]) for row in rows]
        for language in ("all", *sorted({language for language, _, _ in pairs})):
            own = [(a, b) for code, a, b in pairs if language in ("all", code)]
            share = sum(_equal(a, b) for a, b in own) / len(own)
            found.append(Agreement(label, language, len(own), share, cohen_kappa(own)))
    return found


def _equal(first: str, second: str) -> bool:
    return bool(set(alternatives(first)) & set(alternatives(second)))


def cohen_kappa(pairs: list[tuple[str, str]]) -> float:
    """Agreement beyond chance (Cohen 1960), 1 where both always agree.

    Examples
    --------
    >>> round(cohen_kappa([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]), 2)
    0.5
    """
    n = len(pairs)
    first: Mapping[str, int] = _counts([a for a, _ in pairs])
    second: Mapping[str, int] = _counts([b for _, b in pairs])
    observed = sum(_equal(a, b) for a, b in pairs) / n
    expected = sum(first[label] * second.get(label, 0) for label in first) / n**2
    return 1.0 if expected >= 1.0 else (observed - expected) / (1.0 - expected)


def _counts(labels: list[str]) -> dict[str, int]:
    return {label: labels.count(label) for label in set(labels)}
