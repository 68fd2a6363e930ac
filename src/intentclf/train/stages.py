"""The DVC stages as commands: ``python -m intentclf.train.stages prepare | fit | calibrate | evaluate | curve``.

Each reads `params.yaml` and the files that `dvc.yaml` names for it, and nothing else.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from intentclf import __version__
from intentclf.errors import IntentclfError
from intentclf.predict.artifact import CARD, load_model, save_model
from intentclf.predict.vectors import load_vectors
from intentclf.settings import Settings
from intentclf.train.calibrate import calibrate
from intentclf.train.card import write_card
from intentclf.train.evaluate import Said, accept_curve, reliability
from intentclf.train.fit import Start, fit
from intentclf.train.learning_curve import learning_curve, write_curve
from intentclf.train.pipeline import facts_of, measure, rules_for
from intentclf.train.prepare import LabelColumns, LabelledTexts, prepare, read_labelled

__all__ = ["main"]

SEED = Path("data/seed_labels.csv")
PREPARED = Path("build/prepared.csv")
FITTED = Path("build/fitted")
VECTORS = Path("models/vectors")
MODEL = Path("models/default")
METRICS = Path("metrics")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage in the current folder; 2 where its input is at fault."""
    stages: Mapping[str, Callable[[Settings], None]] = {
        "prepare": _prepare,
        "fit": _fit,
        "calibrate": _calibrate,
        "evaluate": _evaluate,
        "curve": _curve,
    }
    parser = argparse.ArgumentParser(prog="intentclf.train.stages", description=__doc__)
    parser.add_argument("stage", choices=stages)
    stage = stages[parser.parse_args(arguments).stage]
    try:
        stage(Settings.load("params.yaml"))
    except IntentclfError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _prepare(settings: Settings) -> None:
    texts = prepare(read_labelled(SEED, LabelColumns()), settings.prepare)
    PREPARED.parent.mkdir(parents=True, exist_ok=True)
    texts.frame.to_csv(PREPARED, index=False, lineterminator="\n")


def _prepared() -> LabelledTexts:
    """The split texts; the hash is that of the file that people edit."""
    import hashlib

    texts = read_labelled(PREPARED, LabelColumns())
    return replace(texts, sha256=hashlib.sha256(SEED.read_bytes()).hexdigest())


def _fit(settings: Settings) -> None:
    texts = _prepared()
    model = fit(texts, ["train"], settings.fit, Start(load_vectors(VECTORS)))
    save_model(model, FITTED, name="fitted", version=__version__, facts=facts_of(texts, settings))


def _calibrate(settings: Settings) -> None:
    texts = _prepared()
    if not (MODEL / "manifest.json").exists():  # DVC took the old model away, but not the card of a later stage
        (MODEL / CARD).unlink(missing_ok=True)
    rules = rules_for(texts.books, [])
    model = calibrate(load_model(FITTED), texts, settings.fit, settings.calibrate, Start(load_vectors(VECTORS)), rules)
    save_model(model, MODEL, name="default", version=__version__, facts=facts_of(texts, settings))


def _evaluate(settings: Settings) -> None:
    texts = _prepared()
    scores, rows = measure(load_model(MODEL), texts, settings)
    METRICS.mkdir(exist_ok=True)
    (METRICS / "metrics.json").write_text(json.dumps(scores, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _write_plots(rows, settings.evaluate.bins)
    write_card(MODEL, facts_of(texts, settings), scores)


def _curve(settings: Settings) -> None:
    texts = _prepared()
    METRICS.mkdir(exist_ok=True)
    points = learning_curve(texts, texts.of("test"), settings, Start(load_vectors(VECTORS)), rules_for(texts.books, []))
    write_curve(points, METRICS / "learning_curve.csv")


def _write_plots(rows: Mapping[str, Sequence[Said]], bins: int) -> None:
    with (METRICS / "reliability.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["head", "rows", "confidence", "right"])
        for head, said in rows.items():
            confidence = np.array([row.confidence for row in said])
            right = np.array([row.label in row.truth for row in said])
            writer.writerows(
                [head, n, f"{mean:.4f}", f"{share:.4f}"] for n, mean, share in reliability(confidence, right, bins)
            )
    with (METRICS / "accept_curve.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["head", "accepted", "right"])
        for head, said in rows.items():
            writer.writerows([head, f"{share:.4f}", f"{precision:.4f}"] for share, precision in accept_curve(said))


if __name__ == "__main__":
    raise SystemExit(main())
