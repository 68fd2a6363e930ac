"""The stages in a row: what `intentclf train` and `intentclf evaluate` do, and what each DVC stage does alone."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from intentclf import __version__
from intentclf.codebooks.loader import SHIPPED, Codebook
from intentclf.errors import InputError
from intentclf.predict.artifact import save_model
from intentclf.predict.model import SEVERITY, VAGUE, Model
from intentclf.predict.rules import Rule, load_rules, shipped_rules
from intentclf.settings import Settings
from intentclf.train.calibrate import train
from intentclf.train.card import write_card
from intentclf.train.evaluate import Said, as_dict, evaluate
from intentclf.train.prepare import LabelColumns, LabelledTexts, prepare, read_labelled

__all__ = ["ScoreTable", "evaluate_file", "facts_of", "measure", "rules_for", "train_model"]

ScoreTable = dict[str, dict[str, dict[str, float | int | None]]]


def train_model(
    data: Path,
    out: Path,
    columns: LabelColumns,
    *,
    settings: Settings,
    books: Mapping[str, Codebook],
    rules: Sequence[Path],
    name: str,
    track: bool,
) -> ScoreTable:
    """Train on a file, save the model with its card, track the run.

    Returns
    -------
    dict of head to language to figures
        On the test part; empty where there is none.
    """
    texts = prepare(read_labelled(data, columns, books=books), settings.prepare)
    model = train(texts, settings.fit, settings.calibrate, rules_for(texts.books, rules))
    facts = facts_of(texts, settings)
    identity = save_model(model, out, name=name, version=__version__, facts=facts)
    scores, _ = measure(replace(model, id=identity), texts, settings)
    write_card(out, facts, scores)
    if track:
        from intentclf.train.tracking import track_run

        track_run(out, settings, facts, scores)
    return scores


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
    if not columns.labels:
        columns = replace(columns, labels=_shared_labels(model, data))
    closed = tuple(label for label in (SEVERITY, VAGUE) if label not in model.books)
    texts = read_labelled(data, replace(columns, closed=closed), books=model.books)
    if part is not None:
        texts = texts.of(part)
        if texts.frame.empty:
            raise InputError(f"no row is of part {part!r}", file=data)
    scores, _ = evaluate(model, texts)
    return as_dict(scores)


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


def _shared_labels(model: Model, data: Path) -> tuple[str, ...]:
    from intentclf.intake.tables import read_table

    header = next(iter(read_table(data))).values
    shared = tuple(head.name for head in model.heads if head.name in header)
    if not shared:
        known = ", ".join(head.name for head in model.heads)
        raise InputError(f"has none of the columns that the model predicts: {known}", file=data)
    return shared
