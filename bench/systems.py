"""Classifiers behind one interface: texts, labels and languages in; labels, confidence and out-of-scope score out.

The settings of a system are the same for every data set. A system whose packages are missing is left out with a reason.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bench.data import NONE
from bench.measures import Floats, Predictions

__all__ = [
    "SYSTEMS",
    "Engine",
    "FastText",
    "SpacyTextcat",
    "System",
    "TfidfSvc",
    "predictions",
    "read_reason",
    "softmax",
]

SEED = 17


class System(ABC):
    """A classifier to fit once and to ask.

    Attributes
    ----------
    name, title, settings : str
        For the command line, for tables, and for the protocol.
    needs : dict of str to str
        Modules that must be importable, and the packages that bring them.
    scope_score : str
        What its out-of-scope score is.

    Parameters
    ----------
    folder : Path
        An empty folder for whatever files it needs.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[str]
    needs: ClassVar[Mapping[str, str]]
    scope_score: ClassVar[str] = "1 - highest in-scope probability"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def missing(cls) -> list[str]:
        """Packages that it needs and that are not installed."""
        return [package for module, package in cls.needs.items() if find_spec(module) is None]

    @abstractmethod
    def fit(self, texts: Sequence[str], labels: Sequence[str], languages: Sequence[str], groups: Sequence[str]) -> None:
        """Learn; rows of one group are translations of each other."""

    @abstractmethod
    def predict(self, texts: Sequence[str], languages: Sequence[str]) -> Predictions:
        """Answer every text."""


class Engine(System):
    """intentclf, from outside: the commands `train` and `score`, and the JSON lines that these write."""

    name = "engine"
    title = "intentclf"
    settings = (
        "`intentclf train --no-track` and `intentclf score` with their default settings, the language stated, and with "
        "whatever the package ships, such as vectors learnt from unlabelled texts"
    )
    needs: ClassVar[Mapping[str, str]] = {"intentclf": "intentclf[train]", "sklearn": "intentclf[train]"}

    def fit(self, texts: Sequence[str], labels: Sequence[str], languages: Sequence[str], groups: Sequence[str]) -> None:
        """Train on a file; the rows for calibration are taken out of it by the engine itself."""
        header = ("group", "text", "intent", "language", "split")
        table = self.folder / "train.csv"
        _write(table, header, zip(groups, texts, labels, languages, ["train"] * len(texts), strict=True))
        named = [part for column in header for part in (f"--{_OPTIONS.get(column, column)}", column)]
        self._run("train", "--data", str(table), "--out", str(self.folder / "model"), *named, "--no-track", "--json")

    def predict(self, texts: Sequence[str], languages: Sequence[str]) -> Predictions:
        """Score a file and read the answers.

        Raises
        ------
        RuntimeError
            If the command fails, or the answers are not those to the questions.
        """
        table, out = self.folder / "test.csv", self.folder / "answers.jsonl"
        ids = [str(number) for number in range(len(texts))]
        _write(table, ("id", "text", "language"), zip(ids, texts, languages, strict=True))
        options = ["--model", str(self.folder / "model"), "--id", "id", "--text", "text", "--language", "language"]
        self._run("score", str(table), "--out", str(out), *options, "--json")
        with out.open(encoding="utf-8") as file:
            answers = [json.loads(line) for line in file]
        if [answer["id"] for answer in answers] != ids:
            raise RuntimeError(f"answers must be one for each of {len(ids)} texts, in order, got {len(answers)}")
        said = [read_reason(answer["reasons"]["intent"]) for answer in answers]
        return Predictions(
            [label for label, _, _ in said],
            np.array([confidence for _, confidence, _ in said], dtype=np.float64),
            np.array([distance for _, _, distance in said], dtype=np.float64),
        )

    @staticmethod
    def _run(*arguments: str) -> None:
        command = [sys.executable, "-m", "intentclf.serve.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"intentclf {arguments[0]} ended with code {done.returncode}: {last}")


class TfidfSvc(System):
    """scikit-learn: TF-IDF of words and characters, linear support vector machine, softmax of the decision values."""

    name = "tfidf"
    title = "TF-IDF + LinearSVC"
    settings = (
        "scikit-learn TfidfVectorizer of words 1-2 beside char_wb 2-5, both sublinear, LinearSVC of C = 1, "
        "softmax of the decision values without a temperature"
    )
    needs: ClassVar[Mapping[str, str]] = {"sklearn": "scikit-learn"}

    def fit(self, texts: Sequence[str], labels: Sequence[str], languages: Sequence[str], groups: Sequence[str]) -> None:
        """Learn from texts and labels alone."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC

        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self._model: Any = make_pipeline(make_union(words, characters), LinearSVC(random_state=SEED))
        self._model.fit(list(texts), list(labels))

    def predict(self, texts: Sequence[str], languages: Sequence[str]) -> Predictions:
        """Softmax of the decision values."""
        margins = np.asarray(self._model.decision_function(list(texts)), dtype=np.float64)
        if margins.ndim == 1:  # of two labels scikit-learn gives one column, in favour of the second
            margins = np.column_stack([-margins, margins])
        return predictions(softmax(margins), [str(label) for label in self._model.classes_])


class FastText(System):
    """fastText's supervised mode."""

    name = "fasttext"
    title = "fastText"
    settings = (
        "fastText supervised, word bigrams, characters 2-5, 25 epochs, learning rate 0.5 (0.1, its default, underfits "
        "sets of this size), one thread (more are not repeatable)"
    )
    needs: ClassVar[Mapping[str, str]] = {"fasttext": "fasttext-numpy2"}

    def fit(self, texts: Sequence[str], labels: Sequence[str], languages: Sequence[str], groups: Sequence[str]) -> None:
        """Learn from a file of numbered labels, which may then hold spaces."""
        self._labels = sorted(set(labels))
        place = {label: number for number, label in enumerate(self._labels)}
        table = self.folder / "train.txt"
        lines = (f"__label__{place[label]} {_line(text)}\n" for text, label in zip(texts, labels, strict=True))
        table.write_text("".join(lines), encoding="utf-8")
        settings = {"wordNgrams": 2, "minn": 2, "maxn": 5, "epoch": 25, "lr": 0.5, "thread": 1, "seed": SEED}
        self._model = import_module("fasttext").train_supervised(str(table), verbose=0, **settings)

    def predict(self, texts: Sequence[str], languages: Sequence[str]) -> Predictions:
        """Probabilities of all labels; asked for a list, fastText needs no conversion that numpy 2 refuses."""
        matrix = np.zeros((len(texts), len(self._labels)))
        found, probabilities = self._model.predict([_line(text) for text in texts], k=-1)
        for row, (names, values) in enumerate(zip(found, probabilities, strict=True)):
            matrix[row, [int(name.removeprefix("__label__")) for name in names]] = values
        return predictions(np.minimum(matrix, 1.0), self._labels)  # its sums exceed 1 by up to 0.001


class SpacyTextcat(System):
    """spaCy's text categoriser on a blank pipeline."""

    name = "spacy"
    title = "spaCy textcat"
    settings = (
        "spaCy TextCatBOW of words 1-2, exclusive classes, on the blank pipeline of the language (`xx` for several), "
        "10 epochs of batches of 64, dropout 0.2, its default optimiser"
    )
    needs: ClassVar[Mapping[str, str]] = {"spacy": "spacy"}
    epochs, batch, drop = 10, 64, 0.2

    def fit(self, texts: Sequence[str], labels: Sequence[str], languages: Sequence[str], groups: Sequence[str]) -> None:
        """Train with spaCy's own loop."""
        import spacy
        from spacy.training import Example
        from spacy.util import fix_random_seed, minibatch

        fix_random_seed(SEED)
        architecture = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 2}
        model = {**architecture, "no_output_layer": False, "length": 262_144}
        self._labels = sorted(set(labels))
        self._nlp: Any = spacy.blank(languages[0] if len(set(languages)) == 1 else "xx")
        self._nlp.add_pipe("textcat", config={"model": model})
        nought = dict.fromkeys(self._labels, 0.0)
        examples = [
            Example.from_dict(self._nlp.make_doc(text), {"cats": {**nought, label: 1.0}})
            for text, label in zip(texts, labels, strict=True)
        ]
        optimiser = self._nlp.initialize(lambda: examples)
        chance = random.Random(SEED)
        for _ in range(self.epochs):
            chance.shuffle(examples)
            for batch in minibatch(examples, self.batch):
                self._nlp.update(batch, sgd=optimiser, drop=self.drop, losses={})

    def predict(self, texts: Sequence[str], languages: Sequence[str]) -> Predictions:
        """Probabilities of all labels."""
        rows = [[doc.cats[label] for label in self._labels] for doc in self._nlp.pipe(list(texts))]
        return predictions(np.array(rows, dtype=np.float64), self._labels)


SYSTEMS: Mapping[str, type[System]] = {kind.name: kind for kind in (Engine, TfidfSvc, FastText, SpacyTextcat)}
_OPTIONS = {"intent": "label"}


def read_reason(reason: Mapping[str, Any]) -> tuple[str, float, float]:
    """Label, confidence and out-of-scope score of one answer of the engine.

    Where it gives no code, its most likely candidate counts; where it has none either, the label is empty.

    Examples
    --------
    >>> likely = [{"code": "none", "confidence": 0.5}, {"code": "pay", "confidence": 0.375}]
    >>> read_reason({"code": None, "confidence": 0.0, "candidates": likely})
    ('none', 0.5, 0.625)
    """
    told = [(str(each["code"]), float(each["confidence"])) for each in reason["candidates"]]
    if reason["code"] is None:
        label, confidence = max(told, key=lambda pair: pair[1], default=("", 0.0))
    else:
        label, confidence = str(reason["code"]), float(reason["confidence"])
    in_scope = (value for code, value in (*told, (label, confidence)) if code not in (NONE, ""))
    return label, confidence, 1.0 - max(in_scope, default=0.0)


def predictions(probabilities: Floats, labels: Sequence[str]) -> Predictions:
    """The most probable label of each row, its probability, and 1 - the highest probability of any label but `none`.

    Parameters
    ----------
    probabilities : ndarray of shape (n_texts, n_labels)
    labels : sequence of str
    """
    best = probabilities.argmax(axis=1)
    in_scope = probabilities[:, [label != NONE for label in labels]]
    return Predictions([labels[k] for k in best], probabilities.max(axis=1), 1.0 - in_scope.max(axis=1, initial=0.0))


def softmax(margins: Floats) -> Floats:
    """Rows that sum to 1.

    Parameters
    ----------
    margins : ndarray of shape (n_texts, n_labels)
    """
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)


def _line(text: str) -> str:
    return " ".join(text.split())


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
