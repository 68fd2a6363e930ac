"""The stages in a row: what `intentclf train` and `intentclf evaluate` do, and what each DVC stage does alone."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from intentclf import __version__
from intentclf.codebooks.loader import SHIPPED, Codebook
from intentclf.errors import InputError
from intentclf.predict.artifact import CARD, load_model, save_model
from intentclf.predict.encoder import open_encoder
from intentclf.predict.model import SEVERITY, VAGUE, HeldOut, Model
from intentclf.predict.rules import Rule, load_rules, shipped_rules
from intentclf.predict.vectors import default_vectors_folder, load_vectors
from intentclf.records import AcceptPoint
from intentclf.settings import Settings
from intentclf.train.calibrate import train
from intentclf.train.card import write_card
from intentclf.train.evaluate import Said, as_dict, evaluate
from intentclf.train.fit import Start
from intentclf.train.prepare import LabelColumns, LabelledTexts, prepare, read_labelled
from intentclf.train.tune import ALL, QUERY, curve, tune

__all__ = ["ScoreTable", "evaluate_file", "facts_of", "measure", "rules_for", "start_from", "train_model", "tune_model"]

ScoreTable = dict[str, dict[str, dict[str, float | int | None]]]


def train_model(
    data: Path,
    out: Path,
    columns: LabelColumns,
    *,
    settings: Settings,
    books: Mapping[str, Codebook],
    rules: Sequence[Path],
    start: Start,
    name: str,
    track: bool,
    redact: bool = False,
) -> ScoreTable:
    """Train on a file, save the model with its card, track the run; with `redact` without the private data in it.

    Returns
    -------
    dict of head to language to figures
        On the test part; empty where there is none.
    """
    labelled = read_labelled(data, columns, books=books)
    texts = prepare(labelled.redacted() if redact else labelled, settings.prepare)
    model = train(texts, settings.fit, settings.calibrate, start, rules_for(texts.books, rules))
    facts = facts_of(texts, settings)
    identity = save_model(model, out, name=name, version=__version__, facts=facts)
    scores, _ = measure(replace(model, id=identity), texts, settings)
    write_card(out, facts, scores)
    if track:
        from intentclf.train.tracking import track_run

        track_run(out, settings, facts, scores)
    return scores


def start_from(vectors: Path | None, encoder: Path | None, *, encoder_only: bool = False) -> Start:
    """Open what training starts from.

    Parameters
    ----------
    vectors : Path or None
        None for `models/vectors`; where that is not there, as in an installed package, those that the shipped model
        ended with.
    encoder : Path or None
    encoder_only : bool
        Without sub-word vectors: the pooled view learns nothing but how frequent each class is.

    Raises
    ------
    InputError
        If the encoder is to replace the vectors, and there is none.
    ModelError
        If a folder cannot be used.
    """
    if encoder_only and encoder is None:
        raise InputError("--encoder-only needs --encoder")
    opened = open_encoder(encoder) if encoder else None
    if vectors or default_vectors_folder().is_dir():
        found = load_vectors(None if encoder_only else vectors)
    else:
        found = load_model().network.vectors
    return Start(found.emptied() if encoder_only else found, opened)


def measure(model: Model, texts: LabelledTexts, settings: Settings) -> tuple[ScoreTable, dict[str, list[Said]]]:
    """Figures on the test part, and what was said about each of its rows."""
    held_out = texts.of("test")
    if held_out.frame.empty:
        return {}, {}
    scores, rows = evaluate(model, held_out, bins=settings.evaluate.bins)
    return as_dict(scores), rows


def evaluate_file(model: Model, data: Path, columns: LabelColumns, *, part: str | None = None) -> ScoreTable:
    """Figures of a model on a file of labelled texts.

    Parameters
    ----------
    model : Model
    data : Path
    columns : LabelColumns
        Without labels, those that the file and the model share.
    part : str, optional
        Only rows whose split column says this.

    Raises
    ------
    InputError
        If the file has no label that the model predicts, or no row of that part.
    """
    texts = read_labelled(data, _columns_of(model, columns, data), books=model.books)
    if part is not None:
        texts = texts.of(part)
        if texts.frame.empty:
            raise InputError(f"no row is of part {part!r}", file=data)
    scores, _ = evaluate(model, texts)
    return as_dict(scores)


def tune_model(
    folder: Path, target: float, data: Path | None, *, save: bool
) -> tuple[dict[str, dict[str, float]], list[AcceptPoint]]:
    """Choose the thresholds of a model anew and write them into its folder.

    Parameters
    ----------
    folder : Path
    target : float
        Share of accepted answers that is to be right.
    data : Path or None
        Labelled texts; None: what the model said of its calibration rows before it was fitted on them.
    save : bool
        Without, nothing is changed.

    Returns
    -------
    thresholds : dict of head to language to threshold
        'all' first; 2 where no threshold meets the target.
    points : list of AcceptPoint
    """
    model = load_model(folder)
    held_out = _said_of(model, data) if data else model.held_out
    tuned = tune(model, target, held_out)
    if save:
        _rewrite(tuned, folder, target)
    heads = [head for head in tuned.heads if held_out and head.name in held_out.heads]
    thresholds = {head.name: {ALL: head.thresholds.accept, **head.thresholds.accept_in} for head in heads}
    return {**thresholds, QUERY: {ALL: tuned.accept}}, curve(held_out) if held_out else []


def _said_of(model: Model, data: Path) -> HeldOut:
    texts = read_labelled(data, _columns_of(model, LabelColumns(), data), books=model.books)
    _, found = evaluate(model, texts)
    heads = tuple(label for label in found if label != VAGUE)
    if not heads:
        raise InputError("has labels of vagueness alone; thresholds are for codes and severity", file=data)
    languages, language = np.unique([row.language for row in found[heads[0]]], return_inverse=True)
    return HeldOut(
        heads,
        tuple(str(name) for name in languages),
        language.astype(np.uint8),
        np.array([[row.confidence for row in found[label]] for label in heads], dtype=np.float32).T,
        np.array([[row.label in row.truth for row in found[label]] for label in heads], dtype=np.uint8).T,
    )


def _rewrite(model: Model, folder: Path, target: float) -> None:
    """Save a model where it came from, with its card."""
    folder = folder.resolve()  # the folder that one stands in is exchanged, and its relative name with it
    card, manifest = folder / CARD, json.loads((folder / "manifest.json").read_bytes())
    words = card.read_bytes() if card.is_file() else None
    facts = {**manifest["facts"], "tuned_for_precision": target}
    save_model(model, folder, name=model.id.name, version=model.id.version, facts=facts)
    if words is not None:
        card.write_bytes(words)


def rules_for(books: Mapping[str, Codebook], extra: Sequence[Path]) -> tuple[Rule, ...]:
    """Shipped rules where the books are the shipped ones, and those of further files."""
    shipped = shipped_rules() if all(name in books for name in SHIPPED) else ()
    return (*shipped, *(rule for path in extra for rule in load_rules(path, books)))


def facts_of(texts: LabelledTexts, settings: Settings) -> dict[str, Any]:
    """What went into a model: hashes, counts and settings. No times and no paths, so that it can be made again."""
    split = "\n".join("\t".join(pair) for pair in zip(texts.column("id"), texts.column("split"), strict=True))
    return {
        "data_sha256": texts.sha256,
        "split_sha256": hashlib.sha256(split.encode()).hexdigest(),
        "codebook_sha256": {name: book.sha256 for name, book in texts.books.items()},
        "rows": dict(sorted(Counter(texts.column("split")).items())),
        "languages": dict(sorted(Counter(texts.column("lang")).items())),
        "settings": settings.to_dict(),
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def _columns_of(model: Model, columns: LabelColumns, data: Path) -> LabelColumns:
    """The label columns that model and file share where none are named; severity and vague hold nothing else."""
    closed = tuple(label for label in (SEVERITY, VAGUE) if label not in model.books)
    return replace(columns, labels=columns.labels or _shared_labels(model, data), closed=closed)


def _shared_labels(model: Model, data: Path) -> tuple[str, ...]:
    from intentclf.intake.tables import read_table

    header = next(iter(read_table(data))).values
    shared = tuple(head.name for head in model.heads if head.name in header)
    if not shared:
        known = ", ".join(head.name for head in model.heads)
        raise InputError(f"has none of the columns that the model predicts: {known}", file=data)
    return shared
