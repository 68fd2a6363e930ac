"""Unlabelled text in, ways to learn text vectors from it side by side: `python -m bench.compare_vectors`.

Every method learns as many numbers a text from the same translations and is measured as it would be stored: the
package's own tables in half a byte a number, the others, which it does not keep, in one byte. Does a text
find its own translation, and do the vectors help to tell outlook_com codes? The page is made of the record and nothing
else. Ends with 0, and with one sentence where there is no shared folder.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from bench.data import FULL as ALL_TASKS
from bench.run import about
from intentclf.predict.features import normalize
from intentclf.predict.vectors import Vectors
from intentclf.settings import PrepareSettings, VectorSettings
from intentclf.train.contrast import bag_matrix, bucket_weights, contrast, starting_table
from intentclf.train.prepare import LabelColumns, alternatives, prepare, read_labelled

__all__ = ["METHODS", "Learnt", "Method", "Text", "compare", "learn", "main", "markdown", "read_text", "retrieval"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Record = dict[str, Any]
Unit = Mapping[str, str]

PIVOT = "en"
LANGUAGES = ("nl", "nb", "ru", PIVOT)
TASK, BASELINE, OURS = "outlook_com", "tfidf", "contrast"
ROOT = Path(__file__).parents[1]
LABELS = ROOT / "data" / "seed_labels.csv"
RESULTS, SCRATCH = Path("bench/results"), Path("out/bench")
SETTINGS = VectorSettings()
_CHARS = (SETTINGS.shortest_chars, SETTINGS.longest_chars)
_BUCKETS = 1 << SETTINGS.bits
_LONGEST = 500  # characters of a text that is learnt from, as in train.corpus
_VOCABULARY = 20_000
_BEST = 3
_FOLDS = 5
_TOLERANCE = 0.01  # on 3,600 rows as many right as with scikit-learn's 0.0001, in two thirds of the time
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is used.

    Attributes
    ----------
    units, documents : int or None
        Most translations and articles that are read, the held-out ones among them; None for all.
    held : int
        Units held out for retrieval, or a fifth of those in all languages where these are few.
    labelled : int or None
        Most labelled rows that are read; None for all.
    rows : int
        Most rows of their train part.
    """

    units: int | None
    documents: int | None
    held: int
    labelled: int | None
    rows: int


FULL = Scale(None, None, 1000, None, 6000)
QUICK = Scale(2500, 150, 200, 600, 240)


@dataclass(frozen=True)
class Text:
    """What there is to learn from, and what is held out.

    Attributes
    ----------
    units : list of mapping of str to str
        Texts of one meaning by language: translations, and titles and bodies of articles.
    articles : list of (title, body)
        Both by language, whole.
    held : list of mapping of str to str
        Units in all languages; no learnt unit shares a text with them.
    sha256 : dict of str to str
        Of the files.
    """

    units: list[Unit]
    articles: list[tuple[Unit, Unit]]
    held: list[Unit]
    sha256: dict[str, str]


@dataclass(frozen=True)
class Learnt:
    """Vectors: texts in, rows of length 1 out (0 for a text of which nothing is known); how many numbers, how large.

    Attributes
    ----------
    encode : callable
    dimensions : int
    size : int
        Bytes of the tables as stored, two for the index of a word; word lists, where there are any, as UTF-8.
    """

    encode: Callable[[Sequence[str]], Floats]
    dimensions: int
    size: int


@dataclass(frozen=True)
class Rows:
    """Labelled texts."""

    texts: list[str]
    labels: list[str]
    languages: NDArray[np.str_]
    groups: NDArray[np.str_]


# --- reading


def read_text(shared: Path, scale: Scale) -> Text:
    """Read translations and articles, and hold out the units whose keys have the smallest hashes.

    Raises
    ------
    FileNotFoundError
        If one of the two files is not there.
    """
    paths = shared / "corpora/parallel.jsonl.gz", shared / "benchmarks/support_articles.jsonl.gz"
    rows = sorted(_lines(paths[0]), key=lambda row: _hash(f"{row['source']}:{row['key']}"))
    everything = [_cut(row) for row in rows[: scale.units]]
    complete = [unit for unit in everything if len(unit) == len(LANGUAGES)]
    held, taken = _held(complete, min(scale.held, len(complete) // 5))
    units = [unit for unit in everything if not taken & _identity(unit)]
    articles = sorted(_lines(paths[1]), key=lambda row: _hash(row["slug"]))[: scale.documents]
    pairs = [(_whole(row["title"]), _whole(row["body"])) for row in articles]
    pairs = [pair for pair in pairs if not taken & (_identity(pair[0]) | _identity(pair[1]))]
    units += [_cut(part) for pair in pairs for part in pair]
    return Text(units, pairs, held, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths})


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def _whole(row: Mapping[str, str | None]) -> Unit:
    return {code: " ".join(text.split()) for code in LANGUAGES if (text := row.get(code))}


def _cut(row: Mapping[str, str | None]) -> Unit:
    return {code: text[:_LONGEST] for code, text in _whole(row).items()}


def _held(complete: Iterable[Unit], most: int) -> tuple[list[Unit], set[tuple[str, str]]]:
    """The first units no two of which share a text, and all their texts."""
    held: list[Unit] = []
    taken: set[tuple[str, str]] = set()
    for unit in complete:
        if len(held) == most:
            break
        if not taken & _identity(unit):
            held.append(unit)
            taken |= _identity(unit)
    return held, taken


def _identity(unit: Unit) -> set[tuple[str, str]]:
    """The texts of a unit without case and punctuation, by language."""
    return {(code, " ".join(re.findall(r"\w+", normalize(text)))) for code, text in unit.items()}


def read_rows(path: Path, scale: Scale) -> Rows:
    """The train part of the labelled texts, whole groups in the order of their hashes; Nynorsk counts as Norwegian."""
    given = read_labelled(path, LabelColumns())
    if scale.labelled is not None:
        given = replace(given, frame=_first_groups(given.frame, scale.labelled))
    frame = prepare(given, PrepareSettings()).of("train").frame
    frame = frame.assign(lang=frame["lang"].replace("nn", "nb"))
    frame = _first_groups(frame[frame["lang"].isin(LANGUAGES)], scale.rows)
    texts, labels, languages, groups = (frame[name].astype(str).tolist() for name in ("text", TASK, "lang", "group"))
    return Rows(texts, labels, np.array(languages), np.array(groups))


def _first_groups(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, whole groups in the order of the hashes of their names."""
    sizes = Counter(frame["group"].astype(str).tolist())
    names = sorted(sizes, key=_hash)
    totals = accumulate(sizes[name] for name in names)
    return frame[frame["group"].isin([name for name, total in zip(names, totals, strict=True) if total <= most])]


# --- the methods


def _document_lsi(text: Text) -> Learnt:
    """Articles, each with all its languages in a row."""
    return _hashed(_lsi(_bags([" ".join([*title.values(), *body.values()]) for title, body in text.articles])))


def _sentence_lsi(text: Text) -> Learnt:
    """Units, each with all its languages in a row."""
    return _hashed(_lsi(_bags([" ".join(unit.values()) for unit in text.units])))


def _contrast(text: Text) -> Learnt:
    """As `intentclf vectors build` does it: units, and the titles and bodies of an article beside each other."""
    wider = [[value[:_LONGEST] for part in article for value in part.values()] for article in text.articles]
    families = [list(dict.fromkeys(family)) for family in (*(unit.values() for unit in text.units), *wider)]
    families = [family for family in families if len(family) > 1]
    bags = _bags([value for family in families for value in family])
    group = np.repeat(np.arange(len(families)), [len(family) for family in families])
    start = starting_table(bucket_weights(bags), SETTINGS.dimensions, seed=SETTINGS.seed)
    learnt = contrast(bags, group, start, epochs=SETTINGS.epochs, batch=SETTINGS.batch, seed=SETTINGS.seed)
    return _hashed(learnt)


def _random(text: Text) -> Learnt:
    """Random directions, as long as the n-gram is rare."""
    weights = bucket_weights(_bags([value for unit in text.units for value in unit.values()]))
    return _hashed(starting_table(weights, SETTINGS.dimensions, seed=SETTINGS.seed))


def _ppmi(text: Text) -> Learnt:
    """Words that stand in translations of each other more often than by chance; their vectors have one length."""
    counter, sides = _counted(text)
    every = sum(sides.values())
    together = (every.T @ every - sum(side.T @ side for side in sides.values())).tocoo()
    row, column, number = (part[together.data > 0] for part in (together.row, together.col, together.data))
    often = np.bincount(row, weights=number, minlength=together.shape[0])
    information = np.log(number * often.sum() / (often[row] * often[column]))
    kept = information > 0
    matrix = sp.csr_matrix((information[kept].astype(np.float32), (row[kept], column[kept])), shape=together.shape)
    texts = sum(bool(value) for unit in text.units for value in unit.values())
    rarity = np.log((1 + texts) / (1 + np.bincount(every.indices, minlength=every.shape[1])))
    table = _stored(_unit(_directions(matrix)) * rarity.astype(np.float32)[:, None])
    size = table.size + _letters(counter)
    return Learnt(lambda asked: _unit(counter.transform(asked) @ table), table.shape[1], size)


def _alignment(text: Text) -> Learnt:
    """Three English words a word, with shares by Dice of each language, these weighed by how often it has the word."""
    counter, sides = _counted(text)
    english = _counter(max_features=_VOCABULARY)
    target = english.fit_transform([unit.get(PIVOT, "") for unit in text.units])
    score = sp.csr_matrix((len(counter.vocabulary_), target.shape[1]), dtype=np.float64)
    for code, side in sides.items():
        present = np.array([code in unit for unit in text.units])
        source_often, target_often = (np.asarray(part.sum(axis=0)).ravel() for part in (side, target[present]))
        both = (side.T @ target).tocoo()
        dice = 2 * both.data / (source_often[both.row] + target_often[both.col])
        score = score + sp.csr_matrix((dice * source_often[both.row], (both.row, both.col)), shape=score.shape)
    best = _best(score)
    table = _stored(_lsi(target))
    size = table.size + best.nnz * 3 + _letters(counter)  # an index of two bytes and a share of one
    return Learnt(lambda asked: _unit(counter.transform(asked) @ (best @ table)), table.shape[1], size)


def _joined(parts: Sequence[Learnt]) -> Learnt:
    def encode(texts: Sequence[str]) -> Floats:
        return _unit(np.hstack([part.encode(texts) for part in parts]))

    return Learnt(encode, sum(part.dimensions for part in parts), sum(part.size for part in parts))


@dataclass(frozen=True, slots=True)
class Method:
    """One way to learn: its name, its titles for the table and for the list below it, and how.

    Attributes
    ----------
    learn : callable, optional
        None for a method that puts others side by side.
    parts : tuple of str
        Names of these others.
    """

    name: str
    title: str
    how: str
    learn: Callable[[Text], Learnt] | None = None
    parts: tuple[str, ...] = ()


METHODS: tuple[Method, ...] = (
    Method(
        "document_lsi",
        "LSI of documents",
        "truncated SVD of the tf-idf of n-grams of the articles alone, each with all its languages in a row",
        _document_lsi,
    ),
    Method(
        "sentence_lsi",
        "LSI of sentences",
        "the same of units: translations, titles and bodies, each with all its languages in a row",
        _sentence_lsi,
    ),
    Method(
        "ppmi",
        "PPMI + SVD",
        f"positive pointwise mutual information of words ({_VOCABULARY:,} most frequent of each language) in one "
        "language with words in another of the same unit, left singular vectors at length 1; text: idf-weighted mean",
        _ppmi,
    ),
    Method(
        "alignment",
        "Dice alignment + LSI",
        f"every word becomes its {_BEST} best English words by Dice over the units; LSI of English words",
        _alignment,
    ),
    Method(
        OURS,
        "Contrast",
        f"`train.contrast` of the same n-grams, {SETTINGS.epochs} epochs, batch {SETTINGS.batch:,}, as `intentclf "
        "vectors build` does it by default",
        _contrast,
    ),
    Method("random", "Random vectors", "of the same n-grams, longer where rare; nothing learnt but rarity", _random),
    Method(
        "joined",
        "LSI of sentences + contrast",
        "both side by side, with twice the numbers of every other",
        parts=("sentence_lsi", OURS),
    ),
)


def learn(text: Text) -> Iterator[tuple[Method, Learnt, float, float]]:
    """Every method with what it learnt, and the seconds and processor seconds that it took from text to table."""
    known: dict[str, tuple[Learnt, float, float]] = {}
    for method in METHODS:
        began, worked = time.perf_counter(), time.process_time()
        if method.learn:
            learnt = method.learn(text)
            known[method.name] = learnt, time.perf_counter() - began, time.process_time() - worked
        else:
            parts, seconds, processor = zip(*(known[name] for name in method.parts), strict=True)
            known[method.name] = _joined(parts), sum(seconds), sum(processor)
        yield (method, *known[method.name])


def _bags(texts: Sequence[str]) -> sp.csr_matrix:
    return bag_matrix(texts, buckets=_BUCKETS, words=SETTINGS.words, chars=_CHARS)


def _hashed(table: Floats) -> Learnt:
    """A table of n-gram buckets, read by the very code that serves it."""
    vectors = Vectors.of(table, SETTINGS.words, _CHARS)
    return Learnt(
        lambda asked: vectors.encode(asked).astype(np.float32, copy=False), vectors.dimensions, vectors.table.size
    )


def _lsi(counts: sp.csr_matrix) -> Floats:
    """Latent semantic indexing: weighted counts times this table lie in the space of the first singular vectors."""
    weights = bucket_weights(counts)
    directions = _directions(_weighted(counts, weights).T)
    return directions * weights[:, None]


def _directions(matrix: Any) -> Floats:
    """The first left singular vectors, shape (n_rows, n_dimensions)."""
    most = min(SETTINGS.dimensions, min(matrix.shape) - 1)
    seed = SETTINGS.seed
    left, _, _ = randomized_svd(matrix, most, n_iter=4, power_iteration_normalizer="QR", random_state=seed)
    return np.asarray(left, dtype=np.float32)


def _weighted(counts: sp.csr_matrix, weights: Floats) -> sp.csr_matrix:
    """Columns times weights, then rows at length 1."""
    matrix = sp.csr_matrix(counts @ sp.diags_array(weights), dtype=np.float32)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    matrix.data /= np.repeat(np.maximum(lengths, _SMALLEST), np.diff(matrix.indptr)).astype(np.float32)
    return matrix


def _unit(rows: Floats) -> Floats:
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    unit: Floats = (rows / np.maximum(lengths, _SMALLEST)).astype(np.float32)
    return unit


def _stored(table: NDArray[np.floating[Any]]) -> Floats:
    """As it comes back from one byte a number."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), _SMALLEST) / 127
    stored: Floats = np.round(table / scale).astype(np.float32) * scale.astype(np.float32)
    return stored


def _counter(**options: Any) -> Any:
    return CountVectorizer(preprocessor=normalize, token_pattern=r"\w+", binary=True, dtype=np.float32, **options)


def _counted(text: Text) -> tuple[Any, dict[str, Any]]:
    """A counter of the words most frequent in any language, and which unit has which word in which language."""
    sides = {code: [unit.get(code, "") for unit in text.units] for code in LANGUAGES}
    words = {word for side in sides.values() for word in _counter(max_features=_VOCABULARY).fit(side).vocabulary_}
    counter = _counter(vocabulary=sorted(words)).fit([])
    return counter, {code: counter.transform(side) for code, side in sides.items()}


def _letters(counter: Any) -> int:
    return sum(len(word.encode()) + 1 for word in counter.vocabulary_)


def _best(score: sp.csr_matrix) -> sp.csr_matrix:
    """The few largest scores of each row, as shares of one byte."""
    entries = score.tocoo()
    order = np.lexsort((entries.col, -entries.data, entries.row))
    row = entries.row[order]
    kept = order[np.arange(row.size) - np.searchsorted(row, row) < _BEST]
    total = np.bincount(entries.row[kept], weights=entries.data[kept])
    share = np.round(255 * entries.data[kept] / total[entries.row[kept]]).astype(np.float32) / np.float32(255)
    return sp.csr_matrix((share, (entries.row[kept], entries.col[kept])), shape=score.shape)


# --- what is measured


def retrieval(encode: Callable[[Sequence[str]], Any], held: Sequence[Unit]) -> dict[str, float]:
    """Share of the texts of each language that lie closer to their own English text than to any other.

    Examples
    --------
    >>> units = [{"nl": "a", "nb": "a", "ru": "b", "en": "a"}, {"nl": "b", "nb": "a", "ru": "a", "en": "b"}]
    >>> retrieval(lambda texts: np.array([[text == "a", text == "b"] for text in texts], dtype=np.float32), units)
    {'nl': 1.0, 'nb': 0.5, 'ru': 0.0}
    """
    english = encode([unit[PIVOT] for unit in held])
    return {code: _own_first(encode([unit[code] for unit in held]) @ english.T) for code in LANGUAGES if code != PIVOT}


def _own_first(cosines: Any) -> float:
    """A tie is not first."""
    cosines = np.asarray(cosines.toarray() if hasattr(cosines, "toarray") else cosines)
    own = cosines.diagonal().copy()
    np.fill_diagonal(cosines, -np.inf)
    return float((own > cosines.max(axis=1)).mean())


def splits(rows: Rows) -> dict[str, list[tuple[Integers, Integers]]]:
    """Rows to train on and to test on; of each kind of split every row is tested once."""
    folds = list(GroupKFold(_FOLDS).split(rows.texts, groups=rows.groups))
    inside = {code: rows.languages == code for code in LANGUAGES if code in rows.languages}
    return {
        "new_situation": folds,
        "new_language": [(np.flatnonzero(~own), np.flatnonzero(own)) for own in inside.values()],
        "both_new": [
            (train[~own[train]], test[own[test]]) for own in inside.values() for train, test in folds if own[test].any()
        ],
    }


def accuracy(rows: Rows, bags: sp.csr_matrix, vectors: Floats | None, *, words: bool) -> dict[str, float]:
    """Accuracy of outlook_com on every kind of split, from tf-idf, from vectors, or from both side by side."""
    labels = np.array([alternatives(cell)[0] for cell in rows.labels])
    found = {}
    for kind, parts in splits(rows).items():
        said = np.full(len(labels), "", dtype=object)
        for train, test in parts:
            views: list[Any] = [_weighted(bags, _seen_weights(bags[train]))] if words else []
            views += [] if vectors is None else [sp.csr_matrix(vectors) if words else vectors]
            inputs = sp.hstack(views, format="csr") if words else views[0]
            fitted = LinearSVC(tol=_TOLERANCE, random_state=SETTINGS.seed).fit(inputs[train], labels[train])
            said[test] = fitted.predict(inputs[test])
        right = np.array([label in alternatives(cell) for label, cell in zip(said, rows.labels, strict=True)])
        codes = np.unique(rows.languages)
        alone = [float(right[rows.languages == code].mean()) for code in codes]
        found[kind] = float(right.mean()) if kind == "new_situation" else fmean(alone)
    return found


def _seen_weights(bags: sp.csr_matrix) -> Floats:
    """Inverse document frequency, 0 for what no training row has."""
    weights = bucket_weights(bags)
    weights[np.bincount(bags.indices, minlength=weights.size) == 0] = 0
    return weights


def compare(text: Text, rows: Rows, *, say: Callable[[str], None]) -> list[Record]:
    """Figures of tf-idf alone and of every method."""
    bags = _bags(rows.texts)
    bags = bags[:, np.unique(bags.indices)]
    known = bucket_weights(_bags([value for unit in text.units for value in unit.values()]))
    figures: list[Record] = [
        {"name": BASELINE, "title": "tf-idf alone", "dimensions": None, "bytes": None, "seconds": None, "cpu": None}
        | {"retrieval": retrieval(lambda texts: _weighted(_bags(texts), known), text.held)}
        | {"alone": accuracy(rows, bags, None, words=True), "both": None}
    ]
    for method, learnt, seconds, processor in learn(text):
        vectors = learnt.encode(rows.texts)
        figures.append(
            {"name": method.name, "title": method.title, "dimensions": learnt.dimensions, "bytes": learnt.size}
            | {"seconds": round(seconds, 1), "cpu": round(processor, 1)}
            | {"retrieval": retrieval(learnt.encode, text.held)}
            | {"alone": accuracy(rows, bags, vectors, words=False), "both": accuracy(rows, bags, vectors, words=True)}
        )
        say(f"{method.title}: learnt in {seconds:.1f} s, precision at 1 {_percent(_mean(figures[-1]['retrieval']))} %")
    return figures


# --- the page


_KINDS = {"new_situation": "new situation", "new_language": "new language", "both_new": "both new"}


def _column(kind: str, view: str) -> Callable[[Record], float]:
    """The figure of a view, of tf-idf alone where there is none: nothing stands beside it."""
    return lambda row: float((row[view] or row["alone"])[kind])


_COLUMNS: Mapping[str, Callable[[Record], float]] = {
    "retrieval": lambda row: _mean(row["retrieval"]),
    **{
        f"{title}, {name}": _column(kind, view)
        for kind, title in _KINDS.items()
        for view, name in (("alone", "alone"), ("both", "side by side"))
    },
}
_QUICK = "**A quick run on few units and few rows. It shows that everything works; its figures say nothing.**"


def markdown(record: Record) -> str:
    """The page of a record."""
    figures, size = record["figures"], record["data"]
    machine, packages = record["machine"], record["packages"]
    shown = ("intentclf", "numpy", "scipy", "scikit-learn")
    versions = ", ".join(f"{name} {packages[name]}" for name in shown if name in packages)
    hashes = ", ".join(f"{name} {digest[:12]}" for name, digest in size["sha256"].items())
    return "\n\n".join(
        [
            "# Ways to learn text vectors from the same unlabelled text",
            f"Written by `{record['command']}`; every figure is in vectors.json.",
            *([_QUICK] if record["quick"] else []),
            _table(_head(), [_line(row) for row in figures]),
            "In percent. Retrieval: precision at 1 by cosine among the held-out units, mean of nl, nb and ru against "
            f"en, then each. The next three columns: accuracy of {TASK} from vectors alone / from tf-idf and vectors "
            "side by side.",
            "## Contrast less each of the others",
            "In points; a minus is a loss. Side by side less tf-idf alone in the first line.",
            _table(("other", *_COLUMNS), _lines_of_differences(figures)),
            f"Best by column: {_best_by_column(figures)}.",
            f"Side by side less tf-idf alone ({', '.join(_KINDS.values())}): {_beside_words(figures)}.",
            "## Protocol",
            _protocol(size),
            "## Methods",
            "\n".join(f"- {method.title}: {method.how}." for method in METHODS),
            "## Machine and versions",
            f"- {record['date']}, {record['seconds']:.0f} s, commit {record['commit'] or 'unknown'}\n"
            f"- {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}\n"
            f"- Python {record['python']}, {versions}; all others in vectors.json\n"
            f"- data (SHA-256): {hashes}\n",
        ]
    )


def _protocol(size: Mapping[str, Any]) -> str:
    return (
        f"All methods learn on one thread from the same text ({size['units']:,} units of which {size['articles']:,} "
        "articles give two each; LSI of documents from the articles alone), and are measured with tables of one byte a "
        "number, half a byte where the package's own code reads them (all hashed n-grams); "
        f"{size['held']:,} units in four languages were held out by a hash of their key, with every unit that "
        "shares a text with one of them. "
        f"{TASK} is told by LinearSVC (C = 1, tolerance {_TOLERANCE}) on {size['rows']:,} rows of the train part of "
        f"seed_labels.csv, whole groups chosen by a hash: in {_FOLDS} folds of groups (new situation), trained on "
        "three languages and tested on the fourth (new language; most situations were seen in another language), and "
        "both at once; means of four languages in the last two, Nynorsk with Norwegian. "
        "Seconds are wall-clock time from text to table, and sizes count tables and word lists but no scales. "
        "Contrast has the package's default settings; for the others a few textbook variants (scaling by singular "
        "values, length of word vectors, Dice by language) were looked at on these same held-out units and the best in "
        "retrieval kept, which can only favour them there."
    )


def _head() -> tuple[str, ...]:
    return ("vectors", "dim.", "retrieval", "nl", "nb", "ru", *_KINDS.values(), "seconds", "processor s", "MB")


def _line(row: Record) -> tuple[str, ...]:
    return (
        row["title"],
        "–" if row["dimensions"] is None else str(row["dimensions"]),
        *(_percent(share) for share in (_mean(row["retrieval"]), *row["retrieval"].values())),
        *(" / ".join(_percent(row[view][kind]) for view in ("alone", "both") if row[view]) for kind in _KINDS),
        *("–" if row[name] is None else f"{row[name]:.1f}" for name in ("seconds", "cpu")),
        "–" if row["bytes"] is None else f"{row['bytes'] / 1e6:.2f}",
    )


def _lines_of_differences(figures: Sequence[Record]) -> list[tuple[str, ...]]:
    mine = next(row for row in figures if row["name"] == OURS)
    others = (row for row in figures if row is not mine)
    return [(row["title"], *(_points(figure(mine) - figure(row)) for figure in _COLUMNS.values())) for row in others]


def _best_by_column(figures: Sequence[Record]) -> str:
    """With tf-idf alone among the candidates, as it stands beside nothing."""
    return "; ".join(f"{name}: {max(figures, key=figure)['title']}" for name, figure in _COLUMNS.items())


def _beside_words(figures: Sequence[Record]) -> str:
    baseline, *others = figures
    return "; ".join(
        f"{row['title']} {', '.join(_points(row['both'][kind] - baseline['alone'][kind]) for kind in _KINDS)}"
        for row in others
    )


def _mean(shares: Mapping[str, float]) -> float:
    return fmean(shares.values())


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))


# --- the command


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, compare, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare_vectors", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"), help="folder with corpora/ and benchmarks/")
    parser.add_argument("--out", type=Path, help=f"folder of the results; {RESULTS}, or {SCRATCH} with --quick")
    parser.add_argument("--quick", action="store_true", help="a few thousand units, under a minute; for CI")
    options = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "bench.compare_vectors", *(sys.argv[1:] if arguments is None else arguments)])
    began, scale = time.monotonic(), QUICK if options.quick else FULL
    with threadpool_limits(1):
        try:
            text = read_text(options.shared, scale)
        except FileNotFoundError as error:
            _say(f"compare_vectors: skipped, because there is no file {error.filename} with unlabelled text.")
            return 0
        rows = read_rows(LABELS, scale)
        _say(f"{len(text.units):,} units, {len(text.held):,} held out, {len(rows.texts):,} labelled rows")
        figures = compare(text, rows, say=_say)
    facts = about(command, ALL_TASKS)
    record = {name: facts[name] for name in ("command", "date", "commit", "machine", "python", "packages")}
    record |= {"seconds": round(time.monotonic() - began, 1), "quick": options.quick, "scale": asdict(scale)}
    record["data"] = {"units": len(text.units), "articles": len(text.articles), "held": len(text.held)}
    record["data"] |= {"rows": len(rows.texts), "sha256": text.sha256 | {LABELS.name: _file_hash(LABELS)}}
    record["figures"] = figures
    out = options.out or (SCRATCH if options.quick else RESULTS)
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "vectors.json", json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    _write(out / "vectors.md", markdown(record))
    _say(f"{out / 'vectors.md'} and {out / 'vectors.json'} written in {record['seconds']:.0f} s")
    return 0


def _write(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
