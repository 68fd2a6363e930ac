"""A model on disk: a folder of plain arrays and text, opened only after every byte of it was checked.

    manifest.json    format, name, version, heads, calibration, settings, hashes of the other files
    codebooks.json   the code books it answers in
    rules.json       rules with their measured precision
    vocabulary.npy, idf.npy, kind.npy, weights.npy, scale.npy, bias.npy
    CARD.md          what went in, what comes out (not read)

There is no pickle in it. Arrays are opened with `allow_pickle=False`, must be of the types listed here, and their
hashes, sizes and shapes must be those of the manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import Code, Codebook
from intentclf.errors import ModelError
from intentclf.predict.model import Head, Model, Thresholds, Vocabulary
from intentclf.predict.rules import Rule
from intentclf.records import ModelId

__all__ = ["CARD", "FORMAT", "default_model_folder", "load_model", "save_model"]

FORMAT = 1
"""Raised whenever a folder written before can no longer be read, or means something else."""

CARD = "CARD.md"
"""The model card beside the checked files; it is for people and is not read."""

_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 4_000_000
_ARRAYS: Mapping[str, tuple[str, int]] = {
    "vocabulary": ("uint64", 1),
    "idf": ("float32", 1),
    "kind": ("uint8", 1),
    "weights": ("int8", 2),
    "scale": ("float32", 1),
    "bias": ("float32", 1),
}
"""The arrays of a model with the only type and number of dimensions that each may have."""


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
    if folder.exists():
        _refuse_strangers(folder)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    vocabulary = model.vocabulary
    arrays = {
        "vocabulary": vocabulary.hashes,
        "idf": vocabulary.idf,
        "kind": vocabulary.kind,
        "weights": model.weights,
        "scale": model.scale,
        "bias": model.bias,
    }
    try:
        fresh.mkdir(parents=True)
        for key, array in arrays.items():
            np.save(fresh / f"{key}.npy", np.ascontiguousarray(array, dtype=_ARRAYS[key][0]), allow_pickle=False)
        _write_json(fresh / "codebooks.json", {key: _book_dict(book) for key, book in model.books.items()})
        _write_json(fresh / "rules.json", [asdict(rule) for rule in model.rules])
        manifest = {
            "format": FORMAT,
            "name": name,
            "version": version,
            "words": vocabulary.words,
            "chars": list(vocabulary.chars),
            "heads": [asdict(head) for head in model.heads],
            "accept": model.accept,
            "facts": dict(facts),
            "files": {file.name: _file_facts(file) for file in sorted(fresh.iterdir())},
        }
        _write_json(fresh / _MANIFEST, manifest)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return ModelId(name, version, _sha256((folder / _MANIFEST).read_bytes()))


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
    content, manifest = _read_manifest(folder)
    _check_files(folder, manifest)
    try:
        arrays = {key: _open_array(folder, key) for key in _ARRAYS}
        vocabulary = Vocabulary(
            arrays["vocabulary"], arrays["idf"], arrays["kind"], int(manifest["words"]), tuple(manifest["chars"])
        )
        heads = tuple(
            Head(
                head["name"],
                tuple(head["classes"]),
                head["start"],
                head["temperature"],
                Thresholds(**head["thresholds"]),
            )
            for head in manifest["heads"]
        )
        books = {name: _book(book) for name, book in json.loads((folder / "codebooks.json").read_bytes()).items()}
        rules = tuple(Rule(**rule) for rule in json.loads((folder / "rules.json").read_bytes()))
        accept = float(manifest["accept"])
        identity = ModelId(manifest["name"], manifest["version"], _sha256(content))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{folder}: manifest and files do not fit together ({type(error).__name__}: {error})"
        ) from None
    model = Model(identity, vocabulary, arrays["weights"], arrays["scale"], arrays["bias"], heads, books, rules, accept)
    _check_shapes(folder, model)
    return model


def _read_manifest(folder: Path) -> tuple[bytes, dict[str, Any]]:
    path = folder / _MANIFEST
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    if not path.is_file():
        raise ModelError(f"{folder}: is not a model: it has no {_MANIFEST}")
    if path.stat().st_size > _LARGEST_MANIFEST:
        raise ModelError(f"{path}: is larger than any manifest ({path.stat().st_size} bytes)")
    content = path.read_bytes()
    try:
        manifest = json.loads(content)
        found = manifest["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(f"{path}: is not a manifest of this program") from None
    if found != FORMAT:
        raise ModelError(
            f"{folder}: is a model of format {found!r}, this program reads format {FORMAT}; train it again"
        )
    return content, manifest


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise ModelError(f"{folder}: its manifest lists no files")
    expected = {f"{key}.npy" for key in _ARRAYS} | {"codebooks.json", "rules.json"}
    if set(files) != expected:
        odd = sorted(set(files) ^ expected)[0]
        raise ModelError(
            f"{folder}: its manifest must list exactly {len(expected)} files, {odd!r} is missing or unknown"
        )
    for name, facts in files.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{folder}: {name} is missing")
        if _file_facts(path) != facts:
            raise ModelError(f"{path}: was altered after the model was saved (its SHA-256 is not that of the manifest)")


def _open_array(folder: Path, key: str) -> NDArray[Any]:
    kind, dimensions = _ARRAYS[key]
    path = folder / f"{key}.npy"
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(f"{path}: is not a plain array ({error})") from None
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{path}: is not a plain array (several arrays in one file)")
    if array.dtype != np.dtype(kind) or array.ndim != dimensions:
        raise ModelError(f"{path}: must be {kind} with {dimensions} dimensions, got {array.dtype} with {array.ndim}")
    return array


def _check_shapes(folder: Path, model: Model) -> None:
    rows, columns = model.weights.shape
    vocabulary = model.vocabulary
    lengths = {vocabulary.hashes.size, vocabulary.idf.size, vocabulary.kind.size, rows}
    wide = {model.scale.size, model.bias.size, columns, sum(len(head.classes) for head in model.heads)}
    if len(lengths) != 1 or len(wide) != 1:
        raise ModelError(f"{folder}: its arrays do not fit together (rows {sorted(lengths)}, columns {sorted(wide)})")


def _refuse_strangers(folder: Path) -> None:
    """Replace a model, never a folder with anything else in it."""
    ours = {f"{key}.npy" for key in _ARRAYS} | {"codebooks.json", "rules.json", _MANIFEST, CARD}
    strange = sorted(file.name for file in folder.iterdir() if file.name not in ours) if folder.is_dir() else [""]
    if not strange and (folder / _MANIFEST).is_file() and not _is_manifest(folder / _MANIFEST):
        strange = [_MANIFEST]
    if strange:
        what = f"holds {strange[0]!r}" if strange[0] else "is a file"
        raise ModelError(f"{folder}: {what} and is not a model; choose another folder")


def _is_manifest(path: Path) -> bool:
    """Whether a file is a manifest of ours, of any format."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"format", "heads", "files"} <= content.keys()


def _file_facts(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": _sha256(content)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _book_dict(book: Codebook) -> dict[str, Any]:
    return {"name": book.name, "sha256": book.sha256, "codes": [asdict(code) for code in book]}


def _book(content: Mapping[str, Any]) -> Codebook:
    return Codebook(content["name"], {code["code"]: Code(**code) for code in content["codes"]}, content["sha256"])
