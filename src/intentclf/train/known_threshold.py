"""`python -m intentclf.train.known_threshold`: what a threshold of likeness finds, and what it finds wrongly.

The figures in the docstring of `respond.known_issues` are what this prints for `data/seed_labels.csv` and
`models/vectors`. One text of a situation about mailbox trouble is an issue's only text; its translations are queries
about that issue, texts of 4,000 other situations are queries about none.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intentclf.intake.cleaning import clean
from intentclf.intake.courtesy import blank_courtesy
from intentclf.intake.tables import read_table
from intentclf.predict.artifact import load_model
from intentclf.predict.vectors import Vectors, load_vectors

__all__ = ["Rates", "measure"]

Rates = tuple[float, float, float]
"""Translations that find their issue, other messages given one, those of them about mailbox trouble; each 0 to 1."""

_THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
_TROUBLE = "troubleshooting"
_OTHERS = 4_000
_REGISTERS = 40

Row = Mapping[str, str]


def measure(rows: Sequence[Row], vectors: Vectors, *, issues: int, seed: int = 1) -> dict[float, Rates]:
    """Rates by threshold, the mean of up to 40 registers of so many issues.

    Parameters
    ----------
    rows : sequence of mapping
        With group, text, lang and outlook_com.
    vectors : Vectors
    issues : int
        Of a register.
    seed : int
        Draws situations.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(row)
    several = sorted(name for name, each in groups.items() if len({row["lang"] for row in each}) > 1)
    trouble = [name for name in several if groups[name][0]["outlook_com"].startswith(_TROUBLE + ".")]
    draw = random.Random(seed)
    draw.shuffle(trouble)
    draw.shuffle(several)
    others = [row for name in several[:_OTHERS] for row in groups[name]]
    encoded = _encode(others, vectors)
    starts = range(0, min(len(trouble) - issues + 1, issues * _REGISTERS), issues)
    registers = [[groups[name] for name in trouble[start : start + issues]] for start in starts]
    rates = np.mean([_rates(register, others, encoded, vectors) for register in registers], axis=0)
    return {limit: (float(a), float(b), float(c)) for limit, (a, b, c) in zip(_THRESHOLDS, rates, strict=True)}


def _rates(
    register: Sequence[Sequence[Row]], others: Sequence[Row], encoded: NDArray[np.float64], vectors: Vectors
) -> NDArray[np.float64]:
    """Rates of one register, shape (n_thresholds, 3)."""
    texts = _encode([rows[0] for rows in register], vectors)
    pairs = [
        (number, row) for number, rows in enumerate(register) for row in rows[1:] if row["lang"] != rows[0]["lang"]
    ]
    own = (_encode([row for _, row in pairs], vectors) * texts[[number for number, _ in pairs]]).sum(axis=1)
    mine = {rows[0]["group"] for rows in register}
    strange = np.array([row["group"] not in mine for row in others])
    trouble = np.array([row["outlook_com"].startswith(_TROUBLE) for row in others]) & strange
    best = (encoded @ texts.T).max(axis=1)
    found = [
        ((own >= limit).mean(), (best[strange] >= limit).mean(), (best[trouble] >= limit).mean())
        for limit in _THRESHOLDS
    ]
    return np.array(found)


def _encode(rows: Sequence[Row], vectors: Vectors) -> NDArray[np.float64]:
    return vectors.encode([blank_courtesy(clean(row["text"]).text) for row in rows])


def main() -> None:
    """Print the rates for registers of 5, 20 and 200 issues."""
    parser = argparse.ArgumentParser(description="Measure thresholds of likeness for known issues.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", help="only rows whose column split says this, such as test")
    parser.add_argument("--vectors", type=Path, help="folder of vectors; by default those of the shipped model")
    options = parser.parse_args()
    rows = [row.values for row in read_table(options.data, ("group", "text", "lang", "outlook_com"))]
    rows = [row for row in rows if not options.part or row.get("split") == options.part]
    vectors = load_vectors(options.vectors) if options.vectors else load_model().network.vectors
    for issues in (5, 20, 200):
        sys.stdout.write(f"{issues} issues\nthreshold  found   others  others with mailbox trouble\n")
        for limit, rates in measure(rows, vectors, issues=issues).items():
            sys.stdout.write(f"{limit:9.2f}  " + "  ".join(f"{100 * rate:5.2f}%" for rate in rates) + "\n")


if __name__ == "__main__":
    main()
