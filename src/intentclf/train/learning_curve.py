"""Would more rows help? The same training on ever larger parts of the training groups, measured on the same rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from intentclf.predict.rules import Rule
from intentclf.settings import Settings
from intentclf.train.calibrate import train
from intentclf.train.evaluate import Scores, evaluate
from intentclf.train.fit import Start
from intentclf.train.prepare import LabelledTexts, position

__all__ = ["CurvePoint", "learning_curve", "subset", "write_curve"]

SIZES = (500, 1_000, 2_000, 4_000, 8_000)

CurvePoint = tuple[int, Mapping[str, Mapping[str, Scores]]]


def learning_curve(
    texts: LabelledTexts,
    held_out: LabelledTexts,
    settings: Settings,
    start: Start,
    rules: Sequence[Rule],
    sizes: Sequence[int] = SIZES,
) -> Iterable[CurvePoint]:
    """Train on so many rows, and on all, and measure each model.

    Parameters
    ----------
    texts : LabelledTexts
        Prepared; of its training and calibration groups a growing part is used, the smaller inside the larger.
    held_out : LabelledTexts
        Rows to measure on.
    settings : Settings
    start : Start
        What training starts from.
    rules : sequence of Rule
    sizes : sequence of int
        Rows to train on, rising.

    Yields
    ------
    rows : int
        Trained on.
    scores : dict of head to language to Scores
    """
    own = texts.of("train", "calibration")
    total = len(own.frame)
    for size in (*(size for size in sizes if size < total), total):
        part = subset(own, size, settings.prepare.seed)
        model = train(part, settings.fit, settings.calibrate, start, rules)
        scores, _ = evaluate(model, held_out, bins=settings.evaluate.bins)
        yield len(part.frame), scores


def subset(texts: LabelledTexts, size: int, seed: int) -> LabelledTexts:
    """Whole groups until there are `size` rows; which ones depends on their names and the seed alone."""
    counts = Counter(texts.column("group"))
    kept: set[str] = set()
    rows = 0
    for group in sorted(counts, key=lambda name: position(f"curve:{name}", seed)):
        if rows >= size:
            break
        kept.add(group)
        rows += counts[group]
    return replace(texts, frame=texts.frame[texts.frame["group"].isin(kept)])


def write_curve(points: Iterable[CurvePoint], path: Path) -> None:
    """Write the points as a table: rows, head, language, accuracy, macro_f1."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["rows", "head", "language", "accuracy", "macro_f1"])
        for rows, scores in points:
            for head, languages in scores.items():
                for language, row in languages.items():
                    writer.writerow([rows, head, language, f"{row.accuracy:.4f}", f"{row.macro_f1:.4f}"])
