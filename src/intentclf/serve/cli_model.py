"""The commands `intentclf tune` and `intentclf vectors …`: what a model accepts, and the vectors it starts from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from intentclf.serve.cli_data import needs_training_extra

__all__ = ["tune", "vectors_app"]

vectors_app = typer.Typer(no_args_is_help=True, help="Learn sub-word vectors from unlabelled text.")


def tune(
    model: Annotated[Path, typer.Option("--model", help="Model folder; its thresholds are replaced.")],
    target_precision: Annotated[
        float, typer.Option("--target-precision", help="Share of accepted answers that is to be right, 0 to 1.")
    ] = 0.95,
    data: Annotated[
        Path | None, typer.Option("--data", help="Labelled texts of your own desk; by default the calibration rows.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the curve, change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Choose from which confidence on answers are accepted, for each book and language."""
    needs_training_extra()
    from intentclf.serve.render import show_curve
    from intentclf.train.pipeline import tune_model

    thresholds, points = tune_model(model, target_precision, data, save=not dry_run)
    if as_json:
        print(json.dumps({"thresholds": thresholds, "curve": [asdict(point) for point in points]}))
        return
    show_curve(thresholds, points)


@vectors_app.command(
    "build",
    epilog="Example: `intentclf vectors build --corpus parallel.jsonl.gz --corpus archive.mbox --out models/vectors`",
)
def vectors_build(
    corpus: Annotated[
        list[Path],
        typer.Option("--corpus", help="Translations or documents (.jsonl, .jsonl.gz), or a mail archive; repeat it."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write the vectors to.")],
    sources: Annotated[
        Path | None, typer.Option("--sources", help="Table of source, repository, commit, licence for the card.")
    ] = None,
    bits: Annotated[int, typer.Option("--bits", help="Two to this power is the number of buckets.")] = 17,
    dimensions: Annotated[int, typer.Option("--dimensions", help="Numbers in a vector.")] = 128,
    words: Annotated[int, typer.Option("--words", help="Longest run of words.")] = 2,
    shortest_chars: Annotated[int, typer.Option("--shortest-chars", help="Shortest run of characters.")] = 2,
    longest_chars: Annotated[int, typer.Option("--longest-chars", help="Longest run of characters.")] = 5,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over the corpora.")] = 6,
    batch: Annotated[int, typer.Option("--batch", help="Units at a time.")] = 1024,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same vectors.")] = 17,
) -> None:
    """Learn vectors in which words of one meaning lie close, whatever their language."""
    needs_training_extra()
    from intentclf.settings import VectorSettings
    from intentclf.train.vectors import build_vectors

    settings = VectorSettings(bits, dimensions, words, shortest_chars, longest_chars, epochs, batch, seed)
    build_vectors(corpus, out, settings, sources)
    print(f"vectors written to {out}")
