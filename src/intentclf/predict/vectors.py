"""Sub-word vectors: every n-gram of a text falls into a bucket, every bucket has a vector, their sum is the text's.

Words that were never seen share their pieces with words that were, and words of one meaning in several languages lie
close because the table was learnt from translations (`train.contrast`). Half a byte a number, one scale a bucket, plain
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

__all__ = ["Bag", "Vectors", "default_vectors_folder", "load_vectors", "packed", "quantize", "save_vectors", "unpacked"]

FORMAT = 2
_WHAT = "a folder of vectors"
_ARRAYS = {"table": ("uint8", 2), "scale": ("float32", 1)}
_SMALLEST = 1e-12
_LONGEST_CHARS = 8
_MOST = 7
_ZERO = 8  # half a byte holds 1 to 15, read as -7 to 7

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
    table : ndarray of shape (n_buckets, n_dimensions / 2), uint8
        `n_buckets` is a power of two. Each byte holds two numbers, the one of the first half of the dimensions in its
        lower four bits.
    scale : ndarray of shape (n_buckets,), float32
        A bucket's vector is its numbers, -7 to 7, times this; rare n-grams are longer.
    words, chars
        The n-gram lengths, see `features.hash_grams`.
    """

    table: NDArray[np.uint8]
    scale: Floats
    words: int
    chars: tuple[int, int]

    @classmethod
    def of(cls, table: NDArray[np.floating[Any]], words: int, chars: tuple[int, int]) -> Vectors:
        """Quantise a table of shape (n_buckets, n_dimensions); see `quantize`."""
        return cls(*quantize(table), words, chars)

    @property
    def dimensions(self) -> int:
        """Of a vector."""
        return 2 * int(self.table.shape[1])

    def emptied(self) -> Vectors:
        """Vectors that tell nothing, for the same n-grams."""
        return Vectors.of(np.zeros((2, 2)), self.words, self.chars)

    def numbers(self, bucket: NDArray[np.int64]) -> NDArray[np.float64]:
        """The numbers of some buckets, without their scale, shape (n_buckets_asked_for, n_dimensions)."""
        return unpacked(self.table[bucket]).astype(np.float64)

    def dense(self) -> Floats:
        """All vectors, shape (n_buckets, n_dimensions)."""
        found: Floats = unpacked(self.table).astype(np.float32) * self.scale[:, None]
        return found

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
        rows = np.zeros((len(bags), self.dimensions))
        for k, bag in enumerate(bags):
            weights = bag.value.astype(np.float64) * self.scale[bag.bucket]
            rows[k] = weights @ self.numbers(bag.bucket)
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


def quantize(table: NDArray[np.floating[Any]]) -> tuple[NDArray[np.uint8], Floats]:
    """Half a byte a number, one scale a row, so that the largest number of a row is 7.

    Sums over a text's hundred and more n-grams average the rounding out.

    Parameters
    ----------
    table : ndarray of shape (n_rows, n_columns)
        An odd number of columns gets one of zeros.

    Returns
    -------
    rows : ndarray of shape (n_rows, (n_columns + 1) // 2), uint8
    scale : ndarray of shape (n_rows,), float32

    Examples
    --------
    >>> rows, scale = quantize(np.array([[-1.75, 0.25, 0.0, 0.8]]))
    >>> unpacked(rows).tolist(), scale.tolist()
    ([[-7, 1, 0, 3]], [0.25])
    """
    scale = np.maximum(np.abs(table).max(axis=1), _SMALLEST) / _MOST
    whole: NDArray[Any] = np.round(table / scale[:, None])
    return packed(np.pad(whole, ((0, 0), (0, whole.shape[1] % 2)))), scale.astype(np.float32)


def packed(numbers: NDArray[Any]) -> NDArray[np.uint8]:
    """Whole numbers from -7 to 7, two to a byte, shape (n_rows, n_columns / 2); `n_columns` even."""
    low, high = np.hsplit((numbers + _ZERO).astype(np.uint8), 2)
    return np.bitwise_or(low, np.left_shift(high, np.uint8(4)))


def unpacked(rows: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The numbers of rows that `packed` made, shape (n_rows, n_columns), int8."""
    halves = np.concatenate([rows & 15, rows >> 4], axis=1).astype(np.int8)
    numbers: NDArray[np.int8] = halves - np.int8(_ZERO)
    return numbers


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
