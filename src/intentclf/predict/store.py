"""A folder of plain arrays and text on disk, opened only after every byte of it was checked.

There is no pickle in it. Arrays are opened with `allow_pickle=False`, must be of the types that the caller lists, and
their hashes and sizes must be those of `manifest.json`. A model and a table of vectors are both such folders.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import ModelError

__all__ = ["CARD", "Stored", "read_folder", "sha256", "write_folder"]

CARD = "CARD.md"
"""The card beside the checked files; it is for people and is not read."""

_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 4_000_000
_FIRST_KIND = "a model"  # what was written before manifests said their kind

ArrayTypes = Mapping[str, tuple[str, int]]
"""Name of each array, with the only type and number of dimensions that it may have."""


@dataclass(frozen=True)
class Stored:
    """A checked folder.

    Attributes
    ----------
    folder : Path
    manifest : dict
    arrays : dict of str to ndarray
        Still on disk until they are needed.
    sha256 : str
        Of the manifest, and so of everything.
    """

    folder: Path
    manifest: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    sha256: str

    def json(self, name: str) -> Any:
        """The content of one of its JSON files."""
        return json.loads((self.folder / name).read_bytes())

    @contextmanager
    def fits(self) -> Iterator[None]:
        """Turn what goes wrong while the parts are put together into one sentence."""
        try:
            yield
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ModelError(
                f"{self.folder}: manifest and files do not fit together ({type(error).__name__}: {error})"
            ) from None


def write_folder(
    folder: Path,
    manifest: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    types: ArrayTypes,
    texts: Mapping[str, object] | None = None,
    *,
    what: str,
) -> str:
    """Write a folder; an older one of its kind is replaced only when the new one is complete.

    Parameters
    ----------
    folder : Path
    manifest : mapping
        Gets the hashes of all files.
    arrays, types
    texts : mapping of file name to content, optional
        JSON files beside the arrays.
    what : str
        What the folder is, for messages: 'a model'.

    Returns
    -------
    str
        SHA-256 of the manifest.

    Raises
    ------
    ModelError
        If the folder exists and is something else, or cannot be written.
    """
    texts = texts or {}
    place = folder.resolve()
    if place.exists():
        _refuse_strangers(folder, what)
    fresh = place.with_name(f".{place.name}.{os.getpid()}.new")
    older = place.with_name(f".{place.name}.{os.getpid()}.old")
    try:
        fresh.mkdir(parents=True)
        for key, array in arrays.items():
            np.save(fresh / f"{key}.npy", np.ascontiguousarray(array, dtype=types[key][0]), allow_pickle=False)
        for name, content in texts.items():
            _write_json(fresh / name, content)
        files = {file.name: _file_facts(file) for file in sorted(fresh.iterdir())}
        _write_json(fresh / _MANIFEST, {**manifest, "kind": what, "files": files})
        _exchange(fresh, place, older)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror or error})") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return sha256((place / _MANIFEST).read_bytes())


def _exchange(fresh: Path, folder: Path, older: Path) -> None:
    """Give the new folder its name; the older one is removed only after that, and comes back where it fails."""
    replaced = folder.exists()
    if replaced:
        folder.rename(older)
    try:
        fresh.rename(folder)
    except OSError:
        if replaced:
            older.rename(folder)
        raise
    shutil.rmtree(older, ignore_errors=True)


def read_folder(folder: Path, expected: int, types: ArrayTypes, texts: tuple[str, ...] = (), *, what: str) -> Stored:
    """Check a folder and open its arrays.

    Parameters
    ----------
    folder : Path
    expected : int
        The format that this program reads.
    types : mapping
    texts : tuple of str
        Names of the JSON files beside the arrays.
    what : str

    Raises
    ------
    ModelError
        If the folder is something else, is of another format, or if any file is missing, altered, or holds a type
        that is not allowed.
    """
    content, manifest = _read_manifest(folder, expected, what)
    _check_files(folder, manifest, {*(f"{key}.npy" for key in types), *texts})
    arrays = {key: _open_array(folder, key, *types[key]) for key in types}
    return Stored(folder, manifest, arrays, sha256(content))


def sha256(content: bytes) -> str:
    """Hash of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _read_manifest(folder: Path, expected: int, what: str) -> tuple[bytes, dict[str, Any]]:
    path = folder / _MANIFEST
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such {what.split(maxsplit=1)[1]}{'' if 'folder' in what else ' folder'}")
    if not path.is_file():
        raise ModelError(f"{folder}: is not {what}: it has no {_MANIFEST}")
    if path.stat().st_size > _LARGEST_MANIFEST:
        raise ModelError(f"{path}: is larger than any manifest ({path.stat().st_size} bytes)")
    content = path.read_bytes()
    try:
        manifest = json.loads(content)
        found = manifest["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelError(f"{path}: is not a manifest of this program") from None
    if found != expected:
        raise ModelError(
            f"{folder}: is {what} of format {found!r}, this program reads format {expected}; train it again"
        )
    return content, manifest


def _check_files(folder: Path, manifest: Mapping[str, Any], expected: set[str]) -> None:
    files = manifest.get("files")
    if not isinstance(files, dict):
        raise ModelError(f"{folder}: its manifest lists no files")
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


def _open_array(folder: Path, key: str, kind: str, dimensions: int) -> NDArray[Any]:
    path = folder / f"{key}.npy"
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, OverflowError, TypeError, tokenize.TokenError) as error:
        raise ModelError(f"{path}: is not a plain array ({error})") from None
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{path}: is not a plain array (several arrays in one file)")
    if array.dtype != np.dtype(kind) or array.ndim != dimensions:
        raise ModelError(f"{path}: must be {kind} with {dimensions} dimensions, got {array.dtype} with {array.ndim}")
    return array.view(np.ndarray)  # still mapped, without the class that makes each look-up slow


def _refuse_strangers(folder: Path, what: str) -> None:
    """Replace a folder of the same kind and whatever format, never one with anything else in it."""
    if not folder.is_dir():
        raise ModelError(f"{folder}: is a file and is not {what}; choose another folder")
    present = sorted(file.name for file in folder.iterdir())
    ours = {_MANIFEST, CARD, *_listed_files(folder, what)}
    strange = [name for name in present if name not in ours or _MANIFEST not in present]
    if present and (strange or ours == {_MANIFEST, CARD}):
        raise ModelError(f"{folder}: holds {(strange or present)[0]!r} and is not {what}; choose another folder")


def _listed_files(folder: Path, what: str) -> set[str]:
    """The files that a manifest of this kind lists; none where it is no such manifest."""
    try:
        content = json.loads((folder / _MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return set()
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict) or "format" not in content:
        return set()
    kind = content.get("kind", _FIRST_KIND if "heads" in content else None)
    return set(content["files"]) if kind == what else set()


def _file_facts(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": sha256(content)}


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
