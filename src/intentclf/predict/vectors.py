"""Sub-word vectors: every n-gram of a text falls into a bucket, every bucket has a vector, their sum is the text's.

Words that were never seen share their pieces with words that were, and words of one meaning in several languages lie
close because the table was learnt from translations (`train.contrast`). One byte a number, one scale a bucket, plain
NumPy: nothing heavy is needed to read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.predict.features import Grams, hash_grams
from intentclf.predict.store import read_folder, write_folder

__all__ = ["Bag", "Vectors", "default_vectors_folder", "load_vectors", "quantize", "save_vectors"]

FORMAT = 1
_WHAT = "a folder of vectors"
_ARRAYS = {"table": ("int8", 2), "scale": ("float32", 1)}
_SMALLEST = 1e-12
_LONGEST_CHARS = 8

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bag:
    """The buckets of one text.

    Attributes
    ----------
    bucket : ndarray of shape (n_buckets_of_the_text,), int64
        Rising, each once.
    value : ndarray of shape (n_buckets_of_the_text,), float32
        1 + log of the number of n-grams that fell into it.
    """

    bucket: NDArray[np.int64]
    value: Floats


@dataclass(frozen=True)
class Vectors:
    """A table of bucket vectors.

    Attributes
    ----------
    table : ndarray of shape (n_buckets, n_dimensions), int8
        `n_buckets` is a power of two.
    scale : ndarray of shape (n_buckets,), float32
        A bucket's vector is its row times this; rare n-grams are longer.
    words, chars
        The n-gram lengths, see `features.hash_grams`.
    """

    table: NDArray[np.int8]
    scale: Floats
    words: int
    chars: tuple[int, int]

    def emptied(self) -> Vectors:
        """Vectors that tell nothing, for the same n-grams."""
        return Vectors(np.zeros((2, 1), np.int8), np.zeros(2, np.float32), self.words, self.chars)

    def bags(self, grams: Grams, n_texts: int) -> list[Bag]:
        """The buckets of each text of a batch."""
        size = self.scale.size
        unique, counts = np.unique(grams.document * size + self.buckets(grams), return_counts=True)
        document, bucket = np.divmod(unique, size)
        value = (1.0 + np.log(counts)).astype(np.float32)
        bounds = np.searchsorted(document, np.arange(n_texts + 1))
        return [Bag(bucket[a:b], value[a:b]) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]

    def buckets(self, grams: Grams) -> NDArray[np.int64]:
        """The bucket of each n-gram, shape (n_grams,)."""
        low = grams.hash & np.uint64(self.scale.size - 1)
        return low.astype(np.int64)

    def pool(self, bags: Sequence[Bag]) -> NDArray[np.float64]:
        """The sum of each text's vectors, shape (n_texts, n_dimensions); every text by itself.

        In double precision, so that processors which add in another order still give the same answer.
        """
        rows = np.zeros((len(bags), self.table.shape[1]))
        for k, bag in enumerate(bags):
            weights = bag.value.astype(np.float64) * self.scale[bag.bucket]
            rows[k] = weights @ self.table[bag.bucket].astype(np.float64)
        return rows

    def encode(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Vectors of texts, shape (n_texts, n_dimensions), of length 1; of length 0 for a text without words.

        Examples
        --------
        >>> encoded = load_vectors().encode(["wachtwoord vergeten", "glemt passordet", "забыл пароль", "nice weather"])
        >>> alike = encoded @ encoded[0]
        >>> bool(alike[1] > alike[3] and alike[2] > alike[3])
        True
        """
        pooled = self.pool(self.bags(hash_grams(texts, words=self.words, chars=self.chars), len(texts)))
        lengths = np.sqrt((pooled * pooled).sum(axis=1, keepdims=True))
        unit: NDArray[np.float64] = pooled / np.maximum(lengths, _SMALLEST)
        return unit


def quantize(table: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], Floats]:
    """One byte a number, one scale a row, so that the largest number of a row is 127.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    whole : ndarray of shape (n_rows, n_columns), int8
    scale : ndarray of shape (n_rows,), float32
    """
    scale = np.maximum(np.abs(table).max(axis=1), _SMALLEST) / 127
    return np.round(table / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def default_vectors_folder() -> Path:
    """The vectors of a working copy, `models/vectors`; an installed package has none beside those of its model."""
    return Path(__file__).parents[3] / "models" / "vectors"


def save_vectors(vectors: Vectors, folder: Path, *, facts: dict[str, Any]) -> str:
    """Write vectors with a manifest of what they were made from; its SHA-256 is returned.

    Raises
    ------
    ModelError
        If the folder exists and holds something else, or cannot be written.
    """
    manifest = {"format": FORMAT, "words": vectors.words, "chars": list(vectors.chars), "facts": facts}
    return write_folder(folder, manifest, {"table": vectors.table, "scale": vectors.scale}, _ARRAYS, what=_WHAT)


def load_vectors(folder: str | Path | None = None) -> Vectors:
    """Check a folder of vectors and open it; by default that of the working copy.

    Raises
    ------
    ModelError
        If it is missing, of another format, or altered.
    """
    folder = Path(folder) if folder else default_vectors_folder()
    stored = read_folder(folder, FORMAT, _ARRAYS, what=_WHAT)
    with stored.fits():
        table, scale = stored.arrays["table"], stored.arrays["scale"]
        if table.shape[0] != scale.size or scale.size & (scale.size - 1) or not scale.size:
            raise ValueError(f"{table.shape[0]} vectors, {scale.size} scales; must be one power of two")
        words, chars = stored.manifest["words"], stored.manifest["chars"]
        shortest, longest = chars
        if words not in (1, 2) or not 1 <= shortest <= longest <= _LONGEST_CHARS:
            raise ValueError(f"n-grams of {words!r} words and {chars!r} characters")
        return Vectors(table, scale, int(words), (int(shortest), int(longest)))
