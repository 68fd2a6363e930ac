"""A model on disk: a checked folder (`predict.store`) of plain arrays and text.

- manifest.json: format, name, version, heads, calibration, settings, hashes of the other files
- codebooks.json, rules.json: the code books it answers in, rules with their measured precision
- vocabulary, idf, kind: the n-grams of the linear view; start, column, weight, scale, bias, dense: its weights
- table, table_scale, hidden, hidden_bias, output, direct, output_bias: the pooled view
- held_language, held_confidence, held_right: what it said of the calibration rows
- CARD.md: what went in, what comes out (not read)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import Code, Codebook
from intentclf.errors import ModelError
from intentclf.predict.encoder import open_encoder
from intentclf.predict.linear import Linear, Vocabulary
from intentclf.predict.model import Head, HeldOut, Model, Thresholds
from intentclf.predict.network import Network
from intentclf.predict.rules import Rule
from intentclf.predict.severity import SeverityWeights
from intentclf.predict.store import CARD, Stored, read_folder, write_folder
from intentclf.predict.vectors import Vectors
from intentclf.records import ModelId

__all__ = ["CARD", "FORMAT", "default_model_folder", "load_model", "save_model"]

FORMAT = 4
"""Raised whenever a folder written before can no longer be read, or means something else."""

_WHAT = "a model"
_TEXTS = ("codebooks.json", "rules.json")
_ARRAYS: Mapping[str, tuple[str, int]] = {
    "vocabulary": ("uint64", 1),
    "idf": ("float32", 1),
    "kind": ("uint8", 1),
    "start": ("uint32", 1),
    "column": ("uint16", 1),
    "weight": ("int8", 1),
    "scale": ("float32", 1),
    "bias": ("float32", 1),
    "dense": ("float32", 2),
    "table": ("uint8", 2),
    "table_scale": ("float32", 1),
    "hidden": ("float32", 2),
    "hidden_bias": ("float32", 1),
    "output": ("float32", 2),
    "direct": ("float32", 2),
    "output_bias": ("float32", 1),
    "severity_weights": ("float32", 2),
    "severity_bias": ("float32", 1),
    "held_language": ("uint8", 1),
    "held_confidence": ("float32", 2),
    "held_right": ("uint8", 2),
}


def default_model_folder() -> Path:
    """The model that comes with the package; in a working copy, `models/default`."""
    packaged = Path(__file__).parent.parent / "models" / "default"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "models" / "default"


def save_model(model: Model, folder: Path, *, name: str, version: str, facts: Mapping[str, Any]) -> ModelId:
    """Write a model folder; an older one of that name is replaced only when the new one is complete.

    Parameters
    ----------
    model : Model
        Its own id is not used.
    folder : Path
    name, version : str
    facts : mapping
        Settings, hashes of data and code books, sizes: what the model card reports, for programs to read.

    Raises
    ------
    ModelError
        If the folder exists and is not a model, or cannot be written.
    """
    held, encoder = model.held_out, model.encoder
    manifest = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "words": model.vocabulary.words,
        "chars": list(model.vocabulary.chars),
        "gain": model.network.gain,
        "heads": [asdict(head) for head in model.heads],
        "accept": model.accept,
        "encoder": {"folder": str(encoder.folder.resolve()), "sha256": encoder.sha256} if encoder else None,
        "held_out": {"heads": held.heads, "languages": held.languages} if held else None,
        "severity": {"names": model.severity.names, "levels": model.severity.levels} if model.severity else None,
        "facts": dict(facts),
    }
    texts = {
        "codebooks.json": {key: _book_dict(book) for key, book in model.books.items()},
        "rules.json": [asdict(rule) for rule in model.rules],
    }
    digest = write_folder(folder, manifest, _arrays_of(model), _ARRAYS, texts, what=_WHAT)
    return ModelId(name, version, digest)


def load_model(folder: str | Path | None = None) -> Model:
    """Check a model folder and open it; the arrays stay on disk until they are needed.

    Parameters
    ----------
    folder : path, optional
        By default the model that comes with the package.

    Raises
    ------
    ModelError
        If the folder is not a model, is of another format, or if any file is missing, altered, or holds a type
        that is not allowed.
    """
    folder = Path(folder) if folder else default_model_folder()
    stored = read_folder(folder, FORMAT, _ARRAYS, _TEXTS, what=_WHAT)
    with stored.fits():
        model = _model_of(stored)
    _check_shapes(folder, model, stored.arrays)
    return model


def _arrays_of(model: Model) -> dict[str, NDArray[Any]]:
    vocabulary, linear, network, held = model.vocabulary, model.linear, model.network, model.held_out
    return {
        "vocabulary": vocabulary.hashes,
        "idf": vocabulary.idf,
        "kind": vocabulary.kind,
        **{key: getattr(linear, key) for key in ("start", "column", "weight", "scale", "bias", "dense")},
        "table": network.vectors.table,
        "table_scale": network.vectors.scale,
        **{key: getattr(network, key) for key in ("hidden", "hidden_bias", "output", "direct", "output_bias")},
        "severity_weights": model.severity.weights if model.severity else np.empty((0, 0)),
        "severity_bias": model.severity.bias if model.severity else np.empty(0),
        "held_language": held.language if held else np.empty(0),
        "held_confidence": held.confidence if held else np.empty((0, 0)),
        "held_right": held.right if held else np.empty((0, 0)),
    }


def _model_of(stored: Stored) -> Model:
    manifest, arrays = stored.manifest, stored.arrays
    words, chars = int(manifest["words"]), tuple(manifest["chars"])
    held, encoder, severity = manifest["held_out"], manifest["encoder"], manifest["severity"]
    return Model(
        ModelId(manifest["name"], manifest["version"], stored.sha256),
        Vocabulary(arrays["vocabulary"], arrays["idf"], arrays["kind"], words, chars),
        Linear(*(arrays[key] for key in ("start", "column", "weight", "scale", "bias", "dense"))),
        Network(
            Vectors(arrays["table"], arrays["table_scale"], words, chars),
            float(manifest["gain"]),
            *(arrays[key] for key in ("hidden", "hidden_bias", "output", "direct", "output_bias")),
        ),
        tuple(
            Head(**{**head, "classes": tuple(head["classes"]), "thresholds": Thresholds(**head["thresholds"])})
            for head in manifest["heads"]
        ),
        {name: _book(book) for name, book in stored.json("codebooks.json").items()},
        tuple(Rule(**rule) for rule in stored.json("rules.json")),
        float(manifest["accept"]),
        HeldOut(
            tuple(held["heads"]),
            tuple(held["languages"]),
            *(arrays[key] for key in ("held_language", "held_confidence", "held_right")),
        )
        if held
        else None,
        open_encoder(encoder["folder"], sha256=encoder["sha256"]) if encoder else None,
        SeverityWeights(
            tuple(severity["names"]), tuple(severity["levels"]), arrays["severity_weights"], arrays["severity_bias"]
        )
        if severity
        else None,
    )


def _check_shapes(folder: Path, model: Model, arrays: Mapping[str, NDArray[Any]]) -> None:
    vocabulary, linear, network, held = model.vocabulary, model.linear, model.network, model.held_out
    buckets, dimensions = network.vectors.table.shape[0], network.vectors.dimensions
    columns = sum(len(head.classes) for head in model.heads)
    agree = {
        "n-grams": {vocabulary.hashes.size, vocabulary.idf.size, vocabulary.kind.size, linear.start.size - 1},
        "weights": {linear.column.size, linear.weight.size, int(linear.start[-1]) if linear.start.size else -1},
        "columns": {columns, linear.scale.size, linear.bias.size, network.output_bias.size, network.output.shape[1]}
        | {network.direct.shape[1], linear.dense.shape[1], max(columns, int(linear.column.max(initial=0)) + 1)},
        "buckets": {buckets, network.vectors.scale.size, 1 << max(buckets.bit_length() - 1, 0)},
        "dimensions": {dimensions, network.hidden.shape[0], network.direct.shape[0]},
        "hidden units": {network.hidden.shape[1], network.hidden_bias.size, network.output.shape[0]},
    }
    if model.encoder is None:
        agree["encoder dimensions"] = {0, linear.dense.shape[0]}
    if not model.severity:
        agree["weights of severity"] = {0, arrays["severity_weights"].size, arrays["severity_bias"].size}
    else:
        weights = model.severity.weights
        agree["evidence on severity"] = {len(model.severity.names), weights.shape[0]}
        agree["levels"] = {len(model.severity.levels), weights.shape[1], model.severity.bias.size}
    if held:
        rows, heads = held.confidence.shape
        agree["held-out rows"] = {rows, held.right.shape[0], held.language.size}
        agree["held-out heads"] = {heads, held.right.shape[1], len(held.heads)}
    if np.any(np.diff(linear.start.astype(np.int64)) < 0):
        raise ModelError(f"{folder}: its arrays do not fit together (places of weights must not fall)")
    for what, sizes in agree.items():
        if len(sizes) != 1:
            raise ModelError(f"{folder}: its arrays do not fit together ({what}: {', '.join(map(str, sorted(sizes)))})")


def _book_dict(book: Codebook) -> dict[str, Any]:
    return {"name": book.name, "sha256": book.sha256, "codes": [asdict(code) for code in book]}


def _book(content: Mapping[str, Any]) -> Codebook:
    return Codebook(content["name"], {code["code"]: Code(**code) for code in content["codes"]}, content["sha256"])
