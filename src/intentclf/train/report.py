"""What is in the seed file: numbers beside the quotas they must reach, coverage, lengths, plots."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from intentclf.codebooks.loader import NONE, Codebook
from intentclf.predict.features import normalize
from intentclf.train.check import opening
from intentclf.train.duplicates import near_duplicate_pairs
from intentclf.train.prepare import LabelledTexts

__all__ = ["LANGUAGES", "QuotaResult", "coverage", "length_table", "quota_results", "thin_codes", "write_plots"]

LANGUAGES = ("nl", "nb", "ru", "en")
"""Nynorsk counts towards Bokmål in coverage: the desk has one Norwegian queue."""

_WORD = re.compile(r"\w+")
_EDGES = (5, 10, 15, 30, 50, 80, 120, 200)


@dataclass(frozen=True, slots=True)
class QuotaResult:
    """One number of the seed file beside what it must be."""

    name: str
    value: float
    bound: float
    unit: str

    @property
    def reached(self) -> bool:
        """Whether the number keeps to its bound."""
        return self.value <= self.bound if self.unit == "at most" else self.value >= self.bound


def quota_results(texts: LabelledTexts) -> list[QuotaResult]:
    """Every quota of `quotas.csv` with the number found."""
    with (Path(__file__).parent / "quotas.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = _numbers(texts)
    return [QuotaResult(row["quota"], found[row["quota"]], float(row["at_least"]), row["unit"]) for row in rows]


def _numbers(texts: LabelledTexts) -> dict[str, float]:
    n = len(texts.frame)
    words = [len(text.split()) for text in texts.column("text")]
    notes = Counter(word for note in texts.column("note") for word in set(note.split()))
    languages = Counter(texts.column("lang"))
    leaves, parents, nones = _least_coverage(texts)
    return {
        "rows": n,
        "vague": texts.column("vague").count("1") / n,
        "15 words or fewer": sum(count <= 15 for count in words) / n,
        "more than 80 words": sum(count > 80 for count in words) / n,
        "severity A": texts.column("severity").count("A"),
        "nynorsk": languages["nn"],
        "mixed language": notes["mixed"],
        "transliterated or wrong keyboard": notes["translit"] + notes["keyboard"],
        "flemish": notes["flemish"],
        "texts of each leaf in each language": leaves,
        "texts of each parent": parents,
        "texts of none in each book": nones,
        "near-duplicates outside their group": _near_duplicates(texts) / n,
        "rows of a language with one opening": _commonest_opening(texts),
    }


def coverage(texts: LabelledTexts, label: str) -> Counter[tuple[str, str]]:
    """Texts by code and language, Nynorsk counted as Bokmål."""
    languages = ["nb" if language == "nn" else language for language in texts.column("lang")]
    return Counter(zip(texts.column(label), languages, strict=True))


def thin_codes(texts: LabelledTexts, label: str, book: Codebook, least: int) -> list[tuple[str, list[int]]]:
    """Leaves with fewer texts than `least` in some language, and the numbers by language."""
    counts = coverage(texts, label)
    numbers = {code: [counts[code, language] for language in LANGUAGES] for code in book.leaves}
    return [(code, row) for code, row in numbers.items() if min(row) < least]


def length_table(texts: LabelledTexts) -> list[tuple[str, int, float]]:
    """Rows and share of them for each class of length in words."""
    words = [len(text.split()) for text in texts.column("text")]
    names = [f"up to {edge}" for edge in _EDGES] + [f"over {_EDGES[-1]}"]
    classes = Counter(sum(count > edge for edge in _EDGES) for count in words)
    return [(name, classes[k], classes[k] / len(words)) for k, name in enumerate(names)]


def _least_coverage(texts: LabelledTexts) -> tuple[int, int, int]:
    leaves, parents, nones = [], [], []
    for label, book in texts.books.items():
        counts = coverage(texts, label)
        total: Counter[str] = Counter()
        for (code, _), number in counts.items():
            total[code] += number
        leaves += [counts[code, language] for code in book.leaves for language in LANGUAGES]
        parents += [total[code.code] for code in book if code.code not in book.leaves]
        nones.append(total[NONE])
    return min(leaves), min(parents), min(nones)


def _near_duplicates(texts: LabelledTexts) -> int:
    groups = texts.column("group")
    pairs = near_duplicate_pairs(texts.column("text"), 0.7)
    return len({row for first, second, _ in pairs if groups[first] != groups[second] for row in (first, second)})


def _commonest_opening(texts: LabelledTexts) -> float:
    languages = texts.column("lang")
    sizes = Counter(languages)
    starts = [opening(_WORD.findall(normalize(text))) for text in texts.column("text")]
    used = Counter((language, start) for language, start in zip(languages, starts, strict=True) if start)
    # One of a handful of rows is no habit of a writer.
    return max((n / sizes[language] for (language, _), n in used.items() if n > 1), default=0.0)


def write_plots(texts: LabelledTexts, folder: Path) -> list[Path]:
    """Draw lengths by language and coverage by book as SVG.

    Returns
    -------
    list of Path
        The files written.
    """
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "intentclf"  # the same numbers give the same file
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    words = [len(text.split()) for text in texts.column("text")]
    languages = texts.column("lang")
    for language in sorted(set(languages)):
        own = sorted(count for count, code in zip(words, languages, strict=True) if code == language)
        axes.plot(own, [(k + 1) / len(own) for k in range(len(own))], label=f"{language} ({len(own)})")
    axes.set(xscale="log", xlabel="words", ylabel="share of texts with at most as many", title="Length of the texts")
    axes.legend()
    return [_save(figure, folder / "lengths.svg"), _coverage_plot(texts, folder / "coverage.svg")]


def _coverage_plot(texts: LabelledTexts, path: Path) -> Path:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(texts.books), figsize=(12, 4), layout="constrained", squeeze=False)
    for place, (label, book) in zip(axes[0], texts.books.items(), strict=True):
        counts = coverage(texts, label)
        for language in LANGUAGES:
            values: Sequence[int] = sorted((counts[code, language] for code in book.leaves), reverse=True)
            place.plot(range(1, len(values) + 1), values, label=language)
        place.set(yscale="log", title=label, xlabel="leaf codes, most frequent first")
    axes[0][0].set_ylabel("texts")
    axes[0][0].legend()
    return _save(figure, path)


def _save(figure: object, path: Path) -> Path:
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    assert isinstance(figure, Figure)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path
