"""Stage 2: one set of features, one linear head for each label, quantised to one byte a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from intentclf.errors import InputError
from intentclf.predict.model import Head, Model
from intentclf.predict.rules import Rule
from intentclf.records import ModelId
from intentclf.settings import FitSettings
from intentclf.train.estimators import MarginClassifier, NgramTfidf
from intentclf.train.prepare import LabelledTexts, alternatives

__all__ = ["fit"]

_UNSAVED = ModelId("unsaved", "0", "")


def fit(texts: LabelledTexts, parts: Sequence[str], settings: FitSettings, rules: Sequence[Rule] = ()) -> Model:
    """Fit the features and all heads on the rows of some parts.

    Parameters
    ----------
    texts : LabelledTexts
        Prepared; of several alternatives the first is learnt.
    parts : sequence of str
        Of 'train' and 'calibration'.
    settings : FitSettings
    rules : sequence of Rule
        Carried into the model.

    Returns
    -------
    Model
        Not calibrated: every temperature is 1.

    Raises
    ------
    InputError
        If a label has only one value, or no n-gram is frequent enough.
    """
    texts = texts.of(*parts)
    targets: Mapping[str, list[str]] = {
        label: [alternatives(cell)[0] for cell in texts.column(label)] for label in texts.labels
    }
    for label, values in targets.items():
        if len(set(values)) < 2:
            raise InputError(
                f"label {label!r} has only one value in the training part, {values[0]!r}: nothing to learn"
            )
    columns = sum(len(set(values)) for values in targets.values())
    tfidf = NgramTfidf(
        words=settings.words,
        chars=(settings.shortest_chars, settings.longest_chars),
        min_documents=settings.min_documents,
        max_features=max(1000, settings.max_weights // columns),
    )
    try:
        matrix = tfidf.fit_transform(texts.column("text"))
    except ValueError as error:
        raise InputError(str(error)) from None
    heads: list[Head] = []
    weights, scales, biases = [], [], []
    start = 0
    for label, values in targets.items():
        machine = MarginClassifier(c=settings.c, seed=settings.seed).fit(matrix, np.array(values))
        scale = np.maximum(np.abs(machine.coef_).max(axis=1), 1e-12) / 127
        weights.append(np.round(machine.coef_ / scale[:, None]).astype(np.int8).T)
        scales.append(scale)
        biases.append(machine.intercept_)
        heads.append(Head(label, tuple(str(name) for name in machine.classes_), start))
        start += machine.classes_.size
    return Model(
        _UNSAVED,
        tfidf.vocabulary_,
        np.concatenate(weights, axis=1),
        np.concatenate(scales).astype(np.float32),
        np.concatenate(biases).astype(np.float32),
        tuple(heads),
        {label: texts.books[label] for label in texts.labels if label in texts.books},
        tuple(rules),
    )
