"""Stage 2: one set of n-grams, two views of it, one head for each label; weights quantised to one byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from intentclf.errors import InputError
from intentclf.intake.courtesy import blank_courtesy
from intentclf.predict.encoder import Encoder
from intentclf.predict.features import tokens
from intentclf.predict.linear import Linear
from intentclf.predict.model import Head, Model
from intentclf.predict.network import Network
from intentclf.predict.rules import Rule
from intentclf.predict.vectors import Vectors
from intentclf.records import ModelId
from intentclf.settings import FitSettings
from intentclf.train.contrast import bag_matrix, contrast
from intentclf.train.estimators import MarginClassifier, NgramTfidf
from intentclf.train.network import PooledNetwork
from intentclf.train.prepare import LabelledTexts, alternatives

__all__ = ["Start", "fit"]

_UNSAVED = ModelId("unsaved", "0", "")
_MANY_TEXTS = 5000
_MOST_COEFFICIENTS = 250_000_000
_MOST_COLUMNS = 65_536


@dataclass(frozen=True)
class Start:
    """What training starts from.

    Attributes
    ----------
    vectors : Vectors
        They also say which n-grams a text is cut into.
    encoder : Encoder or None
        Its vectors join the linear view.
    """

    vectors: Vectors
    encoder: Encoder | None = None


Targets = Mapping[str, NDArray[np.str_]]
_NOT_TOLD = ""
"""Stands for the label of a description in all books but its own."""


def fit(
    texts: LabelledTexts, parts: Sequence[str], settings: FitSettings, start: Start, rules: Sequence[Rule] = ()
) -> Model:
    """Fit both views on the rows of some parts.

    Parameters
    ----------
    texts : LabelledTexts
        Prepared; of several alternatives the first is learnt.
    parts : sequence of str
        Of 'train' and 'calibration'.
    settings : FitSettings
    start : Start
        Vectors that the pooled view starts from, and an encoder that joins the linear one.
    rules : sequence of Rule
        Carried into the model.

    Returns
    -------
    Model
        Not calibrated: the linear view alone counts.

    Raises
    ------
    InputError
        If a label has only one value or far too many, or no n-gram is frequent enough.
    """
    texts = texts.of(*parts)
    targets = {label: np.array([alternatives(cell)[0] for cell in texts.column(label)]) for label in texts.labels}
    _check(targets)
    read = [blank_courtesy(text) for text in texts.column("text")]
    if not any(map(tokens, read)):
        raise InputError(f"none of the {len(read)} texts of the training part has a word")
    groups = texts.column("group")
    for text, label, code in _descriptions(texts, targets) * settings.description_copies:
        read.append(text)
        groups.append(f"{label}: {code}")
        for name, values in targets.items():
            targets[name] = np.append(values, code if name == label else _NOT_TOLD)
    heads = _heads(targets)
    with ThreadPoolExecutor(max_workers=1) as beside:  # the machines leave a core free at times, the network needs one
        network = beside.submit(_fit_network, read, groups, targets, settings, start.vectors)
        tfidf, linear = _fit_linear(read, targets, settings, start)
    return Model(
        _UNSAVED,
        tfidf.vocabulary_,
        linear,
        network.result(),
        heads,
        {label: texts.books[label] for label in texts.labels if label in texts.books},
        tuple(rules),
        encoder=start.encoder,
    )


def _check(targets: Targets) -> None:
    columns = 0
    for label, values in targets.items():
        classes = np.unique(values)
        if classes.size < 2:
            raise InputError(
                f"label {label!r} has only one value in the training part, {str(classes[0])!r}: nothing to learn"
            )
        columns += classes.size
        if columns > _MOST_COLUMNS:
            raise InputError(
                f"label {label!r} has {classes.size} different values: a model holds {_MOST_COLUMNS} in all; "
                "is it a column of ids?"
            )


def _descriptions(texts: LabelledTexts, targets: Targets) -> list[tuple[str, str, str]]:
    """What the code books say of their codes, as further texts: (text, label, code).

    With few texts they say what a code is about in words of its own; a leaf that has no text at all can be found by
    them alone. Parents that no text is labelled with stay out: they would compete with their children.
    """
    found = []
    for label, book in texts.books.items():
        used = set(targets[label].tolist()) if label in targets else set()
        leaves = set(book.leaves)
        for code in book if used else ():
            if code.code in used or (code.code in leaves and code.labels):
                found += [(text, label, code.code) for text in code.descriptions()]
    return found


def _heads(targets: Targets) -> tuple[Head, ...]:
    heads: list[Head] = []
    start = 0
    for label, values in targets.items():
        classes = tuple(str(value) for value in np.unique(values[values != _NOT_TOLD]))
        heads.append(Head(label, classes, start))
        start += len(classes)
    return tuple(heads)


def _fit_linear(
    texts: Sequence[str], targets: Targets, settings: FitSettings, start: Start
) -> tuple[NgramTfidf, Linear]:
    tfidf = NgramTfidf(
        words=start.vectors.words,
        chars=start.vectors.chars,
        min_documents=settings.min_documents if len(texts) >= _MANY_TEXTS else 1,
    )
    try:
        matrix = tfidf.fit_transform(texts)
    except ValueError as error:
        raise InputError(str(error)) from None
    known = matrix.shape[1]
    classes = sum(np.unique(values).size for values in targets.values())
    if classes * known > _MOST_COEFFICIENTS:
        raise InputError(
            f"{classes} classes times {known} n-grams are more than {_MOST_COEFFICIENTS:,} weights; "
            "join rare classes, or raise fit.min_documents"
        )
    if start.encoder:
        matrix = sp.hstack([matrix, sp.csr_matrix(start.encoder.encode(texts))], format="csr")
    machines = []
    for values in targets.values():
        told = values != _NOT_TOLD
        machine = MarginClassifier(c=settings.c, seed=settings.seed)
        machines.append(machine.fit(matrix if told.all() else matrix[told], values[told]))
    weights = np.concatenate([machine.coef_ for machine in machines]).astype(np.float32).T
    bias = np.concatenate([machine.intercept_ for machine in machines]).astype(np.float32)
    return tfidf, _pruned(weights[:known], weights[known:], bias, settings.max_weights)


def _pruned(weights: NDArray[np.float32], dense: NDArray[np.float32], bias: NDArray[np.float32], most: int) -> Linear:
    """The largest weights of a matrix of shape (n_features, n_columns), quantised to one byte each."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
    size = np.abs(weights)
    least = np.partition(size, size.size - most, axis=None)[size.size - most] if size.size > most else 0.0
    whole = np.round(weights / scale).astype(np.int8)
    whole[size < least] = 0
    row, column = np.nonzero(whole)
    start = np.searchsorted(row, np.arange(weights.shape[0] + 1))
    return Linear(
        start.astype(np.uint32), column.astype(np.uint16), whole[row, column], scale.astype(np.float32), bias, dense
    )


def _fit_network(
    texts: Sequence[str], groups: Sequence[str], targets: Targets, settings: FitSettings, vectors: Vectors
) -> Network:
    """Bring texts of one situation together first, labels unseen, then learn the labels."""
    bags = bag_matrix(texts, buckets=vectors.scale.size, words=vectors.words, chars=vectors.chars)
    table = vectors.dense()
    _, number = np.unique(groups, return_inverse=True)
    order = np.argsort(number, kind="stable")
    # One thread: several would add in another order, and give other weights on every machine.
    with threadpool_limits(limits=1, user_api="blas"):
        table = contrast(
            bags[order],
            number[order],
            table,
            epochs=settings.contrast_epochs,
            batch=settings.contrast_batch,
            seed=settings.seed,
        )
        network = _network_of(settings, table).fit(bags, np.stack(list(targets.values()), axis=1))
    return Network(
        Vectors.of(network.table_, vectors.words, vectors.chars),
        settings.gain,
        network.hidden_,
        network.hidden_bias_,
        network.output_,
        network.direct_,
        network.output_bias_,
    )


def _network_of(settings: FitSettings, table: NDArray[np.float32]) -> PooledNetwork:
    return PooledNetwork(
        table,
        missing=_NOT_TOLD,
        hidden=settings.hidden,
        epochs=settings.epochs,
        batch=settings.batch,
        dropout=settings.dropout,
        gram_dropout=settings.gram_dropout,
        gain=settings.gain,
        table_rate=settings.table_rate,
        rate=settings.rate,
        seed=settings.seed,
    )
