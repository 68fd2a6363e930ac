"""`python -m bench.severity`: what codes and signals add to the text model's severity.

The weights of every line but the first are fitted anew on the calibration rows of the seed file, which the text model
has not seen, with the evidence that the line names; all lines are measured on the same rows.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from intentclf.intake import read
from intentclf.predict.artifact import load_model
from intentclf.predict.model import SEVERITY, Model
from intentclf.respond.severity.grounds import evidence_of, ground_names
from intentclf.respond.severity.signals import find_signals
from intentclf.settings import Settings
from intentclf.train.prepare import LabelColumns, LabelledTexts, alternatives, prepare, read_labelled
from intentclf.train.severity import severity_weights

__all__ = ["ablation", "main"]

ROOT = Path(__file__).parents[1]
SEED = ROOT / "data" / "seed_labels.csv"
PARTS: Mapping[str, tuple[str, ...]] = {
    "text and codes": ("text", "code"),
    "text and signals": ("text", "signal"),
    "text, codes and signals": ("text", "code", "signal"),
    "codes and signals without the text": ("code", "signal"),
    "signals without the rest": ("signal",),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print accuracy and macro-F1 for each kind of evidence, beside the majority level."""
    parser = argparse.ArgumentParser(prog="python -m bench.severity", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/dev/cases.csv"), help="labelled texts")
    parser.add_argument("--part", help="only rows whose split column says this, such as test")
    parser.add_argument("--model", type=Path, help="model folder; the shipped model by default")
    parser.add_argument(
        "--seed-file", type=Path, default=SEED, help="labelled texts whose calibration part is fitted on"
    )
    options = parser.parse_args(arguments)
    if not options.data.is_file():
        print(f"skipped: {options.data} is not there")
        return 0
    model = load_model(options.model)
    seed = prepare(read_labelled(options.seed_file, LabelColumns()), Settings().prepare).of("calibration")
    texts = read_labelled(options.data, LabelColumns())
    found = ablation(model, seed, texts.of(options.part) if options.part else texts)
    print(f"{'evidence':36s} {'accuracy':>9s} {'macro-F1':>9s}")
    for name, (accuracy, macro) in found.items():
        print(f"{name:36s} {accuracy:9.1%} {macro:9.3f}")
    return 0


def ablation(model: Model, seed: LabelledTexts, texts: LabelledTexts) -> dict[str, tuple[float, float]]:
    """Accuracy and macro-F1 by evidence; the majority level and the text model alone first.

    Parameters
    ----------
    model : Model
        With a severity head that was not fitted on the rows of `seed`.
    seed, texts : LabelledTexts
        To fit the weights on; to measure on.
    """
    head = model.head(SEVERITY)
    assert head is not None, SEVERITY
    names = ground_names(head.classes, model.trees)
    known, likely = _evidence(model, seed)
    rows, alone = _evidence(model, texts)
    target = np.array([alternatives(cell)[0] for cell in seed.column(SEVERITY)])
    truth = [alternatives(cell) for cell in texts.column(SEVERITY)]
    majority = Counter(labels[0] for labels in truth).most_common(1)[0][0]
    found = {
        "majority": _figures([majority] * len(truth), truth),
        "text alone": _figures([head.classes[k] for k in alone.argmax(axis=1)], truth),
    }
    kinds = np.array([_kind(name) for name in names])
    for title, kept in PARTS.items():
        mask = np.isin(kinds, kept).astype(float)
        weights = severity_weights(names, head.classes, known * mask, target)
        given = weights.probabilities(rows * mask).argmax(axis=1)
        found[title] = _figures([head.classes[k] for k in given], truth)
    return found


def _kind(name: str) -> str:
    first = name.partition(":")[0]
    return first if first in ("text", "signal") else "code"


def _evidence(model: Model, texts: LabelledTexts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Evidence of each row, and the probabilities of the text model alone."""
    readings = [read(query) for query in texts.queries()]
    likely = model.probabilities(model.views(model.read([reading.core for reading in readings])))
    signals = [find_signals(reading) for reading in readings]
    return evidence_of(likely[SEVERITY], likely, model.trees, signals), likely[SEVERITY]


def _figures(given: Sequence[str], truth: Sequence[tuple[str, ...]]) -> tuple[float, float]:
    right: Any = [level if level in labels else labels[0] for level, labels in zip(given, truth, strict=True)]
    accuracy = float(np.mean([level in labels for level, labels in zip(given, truth, strict=True)]))
    return accuracy, float(f1_score(right, list(given), average="macro", zero_division=0))


if __name__ == "__main__":
    raise SystemExit(main())
