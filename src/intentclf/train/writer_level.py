"""`python -m intentclf.train.writer_level`: the coefficients of `respond.writer_level` from rows labelled by hand.

    python -m intentclf.train.writer_level --labels tests/respond/writer_levels.csv --data data/seed_labels.csv

reads the rows of the half `fit` and writes `respond/writer_weights.csv`: a multinomial logistic with a squared penalty
of strength 1 (`C` = 1), rounded to four places. The same rows give the same file.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import read_rows
from intentclf.errors import Fault, FaultsError, shorten
from intentclf.intake import read
from intentclf.intake.tables import read_table
from intentclf.records import Query, Reading
from intentclf.respond.writer import writer_level
from intentclf.respond.writer.writer_level import FEATURES, LEVELS, features, find_signs

__all__ = ["fit_weights", "labelled_readings"]

Pair = tuple[Reading, str]


def labelled_readings(labels: Path, data: Path) -> tuple[list[Pair], list[Pair], list[str]]:
    """The labelled rows: those for fitting (the first half of the file), those for measuring, and lost ids.

    Parameters
    ----------
    labels : path
        CSV with the columns id, level.
    data : path
        Table of texts with the columns id, text, lang. Rows that have been taken out of it since are lost ids.

    Raises
    ------
    FaultsError
        With every level that is none and every id that stands twice.
    """
    rows, _ = read_rows(labels, ("id", "level"))
    ids = [row["id"] for _, row in rows]
    faults = [Fault(line, message) for k, (line, row) in enumerate(rows) for message in _faults(row, ids[:k])]
    if faults:
        raise FaultsError(labels, faults)
    wanted = set(ids)
    texts = {row.values["id"]: row.values for row in read_table(data) if row.values["id"] in wanted}
    halves: tuple[list[Pair], list[Pair]] = ([], [])
    for k, (_, row) in enumerate(rows):
        values = texts.get(row["id"])
        if values:
            reading = read(Query(row["id"], values["text"], values["lang"]))
            halves[k >= len(rows) // 2].append((reading, row["level"]))
    return *halves, [name for name in ids if name not in texts]


def fit_weights(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Coefficients of shape (n_features, n_levels)."""
    from sklearn.linear_model import LogisticRegression

    rows = np.array([features(reading, find_signs(reading)) for reading, _ in pairs])
    # The last feature is the bias; the penalty is to leave it alone, so the estimator's own intercept takes its place.
    model = LogisticRegression(C=1.0, max_iter=1000).fit(rows[:, :-1], [level for _, level in pairs])
    order = [list(model.classes_).index(level) for level in LEVELS]
    table: NDArray[np.float64] = np.vstack([model.coef_.T, model.intercept_])[:, order]
    return np.round(table, 4)


def _faults(row: dict[str, str], seen: Sequence[str]) -> Iterator[str]:
    if row["id"] in seen:
        yield f"id {shorten(row['id'])} stands twice"
    if row["level"] not in LEVELS:
        yield f"level must be one of {', '.join(LEVELS)}, got {shorten(row['level'])}"


def main() -> None:
    """Fit and write the coefficients."""
    parser = argparse.ArgumentParser(description="Fit the coefficients of respond.writer_level.")
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    default = Path(writer_level.__file__).parent / "writer_weights.csv"
    parser.add_argument("--out", type=Path, default=default)
    options = parser.parse_args()
    fitting, _, lost = labelled_readings(options.labels, options.data)
    if lost:
        sys.stderr.write(f"{options.data} no longer has {', '.join(lost)}: left out\n")
    weights = fit_weights(fitting)
    with options.out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["feature", *LEVELS])
        writer.writerows([name, *row] for name, row in zip(FEATURES, weights.tolist(), strict=True))


if __name__ == "__main__":
    main()
