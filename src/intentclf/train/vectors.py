"""`intentclf vectors build`: sub-word vectors from unlabelled text, with their card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from intentclf.errors import InputError, ModelError
from intentclf.intake.tables import read_table
from intentclf.predict.store import CARD
from intentclf.predict.vectors import Vectors, save_vectors
from intentclf.settings import VectorSettings
from intentclf.train.contrast import bag_matrix, bucket_weights, contrast, starting_table
from intentclf.train.corpus import Corpus, all_texts, read_corpus

__all__ = ["build_vectors"]

_SOURCE_COLUMNS = ("source", "repository", "commit", "licence")


def build_vectors(files: Sequence[Path], out: Path, settings: VectorSettings, sources: Path | None = None) -> Vectors:
    """Learn vectors from corpora and save them with their card.

    Parameters
    ----------
    files : sequence of Path
        See `train.corpus`. The same files and settings give the same vectors.
    out : Path
    settings : VectorSettings
    sources : Path, optional
        Table with source, repository, commit and licence of what is in the corpora, for the card.

    Raises
    ------
    InputError
        If a corpus cannot be read or holds nothing to learn from.
    ModelError
        If `out` is something else or cannot be written.
    """
    if not files:
        raise InputError("--corpus must name at least one file")
    listed = _listed(sources)
    corpora = [read_corpus(path) for path in files]
    if sum(len(corpus.units) for corpus in corpora) < 2:
        raise InputError("holds one unit only: there is no other to tell it from", file=files[0])
    vectors = _learn(corpora, settings)
    facts = {
        "corpora": [
            {"name": corpus.name, "sha256": corpus.sha256, "units": len(corpus.units), "sources": corpus.sources}
            for corpus in corpora
        ],
        "settings": asdict(settings),
    }
    digest = save_vectors(vectors, out, facts=facts)
    try:
        (out / CARD).write_text(_card(facts, digest, listed), encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{out / CARD}: cannot be written ({error.strerror or error})") from None
    return vectors


def _learn(corpora: Sequence[Corpus], settings: VectorSettings) -> Vectors:
    words, chars = settings.words, (settings.shortest_chars, settings.longest_chars)
    texts, numbers = all_texts(corpora)
    bags = bag_matrix(texts, buckets=1 << settings.bits, words=words, chars=chars)
    with threadpool_limits(limits=1, user_api="blas"):  # several threads would add in another order
        table = contrast(
            bags,
            np.array(numbers, dtype=np.int64),
            starting_table(bucket_weights(bags), settings.dimensions, seed=settings.seed),
            epochs=settings.epochs,
            batch=settings.batch,
            seed=settings.seed,
        )
    return Vectors.of(table, words, chars)


def _listed(sources: Path | None) -> list[tuple[str, ...]]:
    if sources is None:
        return []
    return [tuple(row.values[name] for name in _SOURCE_COLUMNS) for row in read_table(sources, _SOURCE_COLUMNS)]


def _card(facts: dict[str, Any], digest: str, listed: Sequence[tuple[str, ...]]) -> str:
    settings = facts["settings"]
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in settings.items())
    files = " ".join(f"--corpus {corpus['name']}" for corpus in facts["corpora"])
    rows = "\n".join(f"| {c['name']} | {c['units']:,} | `{c['sha256']}` |" for c in facts["corpora"])
    counts: Counter[str] = Counter()
    for corpus in facts["corpora"]:
        counts.update(corpus["sources"])
    origins = "\n".join(f"| {' | '.join(row)} | {counts.get(row[0], 0):,} |" for row in listed)
    return f"""# Sub-word vectors

{1 << settings["bits"]:,} buckets of hashed n-grams (words up to {settings["words"]}, {settings["shortest_chars"]} to \
{settings["longest_chars"]} characters inside words), {settings["dimensions"]} dimensions, half a byte each; Dutch, \
Norwegian, Russian and English texts of one meaning lie close. They hold sums over hashed pieces of words, no text.

Learnt by contrast of translations: a text must be closer to its own translation than to the others of its batch \
(`intentclf.train.contrast`). Command:

    intentclf vectors build {files} {options}

Manifest: SHA-256 `{digest}`.

| corpus | units | SHA-256 |
|---|--:|---|
{rows}
""" + (
        f"""
What is in them, with licences; attribution as these ask for it:

| source | repository | commit | licence | units |
|---|---|---|---|--:|
{origins}
"""
        if listed
        else ""
    )
