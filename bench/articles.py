"""`python -m bench.articles`: do the four titles of one support article get the same code?

The titles of public support articles in Dutch, Norwegian, Russian and English (nl and nb machine-translated) are
unlabelled; a model that understands them must answer alike. Ends with 0 and one sentence where they are not there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from intentclf.predict.artifact import load_model
from intentclf.records import Query
from intentclf.triage import triage_many

__all__ = ["agreement", "main"]

LANGUAGES = ("nl", "nb", "ru", "en")
_FILE = Path("benchmarks/support_articles.jsonl.gz")
_TARGET = 0.85


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the share of articles whose four titles get one code, and how often two languages agree."""
    parser = argparse.ArgumentParser(prog="python -m bench.articles", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder that holds benchmarks/")
    parser.add_argument("--model", type=Path, help="model folder; the shipped model by default")
    parser.add_argument("--book", default="outlook_com", help="code book to compare")
    options = parser.parse_args(arguments)
    path = options.shared / _FILE
    if not path.is_file():
        print(f"skipped: {path} is not there")
        return 0
    titles = read_titles(path)
    codes = answer(titles, options.model, options.book)
    same, pairs = agreement(codes)
    print(f"{len(codes)} articles; all four titles get one {options.book} code: {same:.1%} (asked for: {_TARGET:.0%})")
    for (one, other), share in pairs.items():
        print(f"  {one} and {other}: {share:.1%}")
    commonest = Counter(code for row in codes for code in row).most_common(3)
    print("  commonest codes: " + ", ".join(f"{code} {n / (4 * len(codes)):.0%}" for code, n in commonest))
    return 0


def read_titles(path: Path) -> list[tuple[str, ...]]:
    """The titles of each article that has all four, in the order of `LANGUAGES`."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = [json.loads(line)["title"] for line in lines if line.strip()]
    return [tuple(title[code] for code in LANGUAGES) for title in found if all(title.get(code) for code in LANGUAGES)]


def answer(titles: Sequence[Sequence[str]], model: Path | None, book: str) -> list[tuple[str | None, ...]]:
    """The code of every title, a tuple for each article."""
    loaded = load_model(model)
    queries = [
        Query(str(k), text, code) for k, row in enumerate(titles) for code, text in zip(LANGUAGES, row, strict=True)
    ]
    codes = [reply.reasons[book].code for reply in triage_many(queries, loaded, words=0)]
    return [tuple(codes[k : k + len(LANGUAGES)]) for k in range(0, len(codes), len(LANGUAGES))]


def agreement(codes: Sequence[Sequence[str | None]]) -> tuple[float, dict[tuple[str, str], float]]:
    """Share of articles with one code in all languages, and of those with one code in each two.

    Examples
    --------
    >>> same, pairs = agreement([("a", "a", "a", "a"), ("a", "a", "b", "a")])
    >>> same, pairs["nl", "nb"], pairs["nl", "ru"]
    (0.5, 1.0, 0.5)
    """
    number = max(len(codes), 1)
    same = sum(len(set(row)) == 1 for row in codes) / number
    pairs = {
        (LANGUAGES[a], LANGUAGES[b]): sum(row[a] == row[b] for row in codes) / number
        for a in range(len(LANGUAGES))
        for b in range(a + 1, len(LANGUAGES))
    }
    return same, pairs


if __name__ == "__main__":
    sys.exit(main())
