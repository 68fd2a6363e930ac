"""`python -m bench.calibration_noise`: what calibration error a perfectly calibrated model would show on so few rows.

Every answer of the model is made right with the probability of its confidence, again and again: what is then measured
is noise, and a measured error within it says nothing against the model.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.artifact import load_model
from intentclf.train.evaluate import evaluate, expected_calibration_error
from intentclf.train.prepare import LabelColumns, read_labelled

__all__ = ["main", "noise"]

_DRAWS, _BINS = 1000, 15


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the mean and the 95th percentile for each head."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration_noise", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/dev/cases.csv"), help="labelled texts")
    parser.add_argument("--model", type=Path, help="model folder; the shipped model by default")
    options = parser.parse_args(arguments)
    if not options.data.is_file():
        print(f"skipped: {options.data} is not there")
        return 0
    _, said = evaluate(load_model(options.model), read_labelled(options.data, LabelColumns()))
    print(f"{'head':18s} {'rows':>6s} {'mean':>7s} {'95 %':>7s}")
    for head, rows in said.items():
        found = noise(np.array([row.confidence for row in rows]))
        print(f"{head:18s} {len(rows):6d} {found.mean():7.3f} {np.quantile(found, 0.95):7.3f}")
    return 0


def noise(confidence: NDArray[np.float64], *, seed: int = 0) -> NDArray[np.float64]:
    """Calibration errors of 1,000 draws in which every confidence, shape (n_rows,), is the truth."""
    draws = np.random.default_rng(seed)
    truths = (draws.random(confidence.size) < confidence for _ in range(_DRAWS))
    return np.array([expected_calibration_error(confidence, right, _BINS) for right in truths])


if __name__ == "__main__":
    raise SystemExit(main())
