"""A door for more: sentence vectors by an encoder that lies on the desk's own disk.

A folder of Model2Vec (its ``config.json`` says so) or of sentence-transformers (``modules.json``). Neither package is
needed otherwise, and nothing is ever downloaded: a name that is no folder is refused. The folder stays where it is; a
model that was trained with it holds its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import ModelError

__all__ = ["Encoder", "open_encoder"]

_SENTENCE_TRANSFORMERS = "modules.json"
_CONFIG = "config.json"
_PIECE = 1 << 20
_SMALLEST = 1e-12


class _Loaded(Protocol):
    def encode(self, sentences: list[str], **options: Any) -> Any: ...


@dataclass(frozen=True)
class Encoder:
    """An encoder folder whose hash was taken.

    Attributes
    ----------
    folder : Path
    sha256 : str
        Over names and contents of all its files.
    """

    folder: Path
    sha256: str

    @cached_property
    def _loaded(self) -> _Loaded:
        if _is_static(self.folder):
            return _static_model(self.folder)
        return _sentence_transformer(self.folder)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, shape (n_texts, n_dimensions), of length 1; of length 0 where the encoder knows no word.

        Raises
        ------
        ModelError
            If the package that reads the folder is missing, or refuses it.
        """
        try:
            found = np.asarray(self._loaded.encode(list(texts)), dtype=np.float32)
        except ModelError:
            raise
        except Exception as error:  # whatever somebody else's package raises about somebody else's files
            raise ModelError(f"{self.folder}: this encoder cannot be used ({type(error).__name__}: {error})") from None
        rows = np.nan_to_num(found.reshape(len(texts), -1))
        unit: NDArray[np.float32] = rows / np.maximum(np.sqrt((rows * rows).sum(axis=1, keepdims=True)), _SMALLEST)
        return unit


def open_encoder(folder: str | Path, *, sha256: str | None = None) -> Encoder:
    """Check an encoder folder; its package is imported when the first text is encoded.

    Parameters
    ----------
    folder : path
    sha256 : str, optional
        What its hash must be.

    Raises
    ------
    ModelError
        If there is no such folder, it is of neither kind, or it is not the one that is wanted.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such encoder folder (an encoder is never downloaded)")
    if not _is_static(folder) and not (folder / _SENTENCE_TRANSFORMERS).is_file():
        raise ModelError(f"{folder}: is no encoder: it has no {_SENTENCE_TRANSFORMERS}, nor a {_CONFIG} of Model2Vec")
    found = _hash(folder)
    if sha256 is not None and found != sha256:
        raise ModelError(f"{folder}: is not the encoder that the model was trained with (another SHA-256)")
    return Encoder(folder, found)


def _is_static(folder: Path) -> bool:
    """Whether it is a folder of Model2Vec; such a folder may hold a `modules.json` too."""
    try:
        config = json.loads((folder / _CONFIG).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and (config.get("model_type") == "model2vec" or "embedding_dtype" in config)


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(folder)).encode() + b"\0")
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()


def _static_model(folder: Path) -> _Loaded:
    try:
        from model2vec import StaticModel
    except ImportError:
        raise ModelError(f"{folder}: reading it needs model2vec: pip install 'intentclf[encoder]'") from None
    loaded: _Loaded = StaticModel.from_pretrained(folder)
    return loaded


def _sentence_transformer(folder: Path) -> _Loaded:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise ModelError(f"{folder}: reading it needs its package: pip install sentence-transformers") from None
    loaded: _Loaded = SentenceTransformer(str(folder), local_files_only=True)
    return loaded
