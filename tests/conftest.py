"""Shared fixtures: the shipped model, and a miniature one whose every number can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from intentclf.codebooks.loader import Code, Codebook
from intentclf.predict.artifact import load_model
from intentclf.predict.features import WORD, hash_grams
from intentclf.predict.linear import Linear, Vocabulary
from intentclf.predict.model import Head, HeldOut, Model, Thresholds
from intentclf.predict.network import Network
from intentclf.predict.rules import Rule
from intentclf.predict.vectors import Vectors, packed
from intentclf.records import ModelId

# The same examples on every run and no folder of them left behind; the first call of a model takes a second.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

THRESHOLDS = Thresholds(answer=0.7, sure=0.75, accept=0.79, member=0.1, accept_in={"ru": 0.9})
LN2 = math.log(2)


@pytest.fixture(scope="session")
def model() -> Model:
    """The model that comes with the package."""
    return load_model()


@pytest.fixture(scope="session")
def desk() -> Codebook:
    """A book of five codes: `mail` over `mail.lost` and `mail.slow`, beside `game` and `pay`."""
    rows = [("mail", ""), ("mail.lost", "mail"), ("mail.slow", "mail"), ("game", ""), ("pay", "")]
    codes = {code: Code(code, parent, 1 + code.count("."), {"en": code}) for code, parent in rows}
    return Codebook("desk", codes, "d" * 64)


@pytest.fixture(scope="session")
def tiny(desk: Codebook) -> Model:
    """A model of three features, the words 'xbox' and 'mail' and the pair 'mail lost'.

    The scale is ln 2 and the only bias is one unit against 'vague', so that a text with one known word has odds of
    two to the power of its weights:

        xbox  game 16 : 1 : 1 : 1 : 1 (0.8), severity C 8 : 1 : 1 (0.8), vague 16 : 1 against
        mail  mail.lost and mail.slow 4 : 4 : 1 : 1 : 1, so that `mail` has (4 + 4 + 1) / 11
        none of them  five classes alike, severities alike, vague 2 : 1 against

    The pooled view does not count; `tiny_network` says what it would.
    """
    grams = hash_grams(["xbox", "mail lost"], words=2, chars=(2, 2))
    word = grams.hash[grams.kind == WORD]  # xbox, mail, lost, 'mail lost'
    rows = {
        int(word[0]): [4, 0, 0, 0, 0, 0, 0, 3, 3, 0],
        int(word[1]): [0, 0, 2, 2, 0, 0, 0, 0, 0, 0],
        int(word[3]): [0, 0, 4, 0, 0, 0, 2, 0, 0, 0],
    }
    hashes = np.array(sorted(rows), dtype=np.uint64)
    vocabulary = Vocabulary(hashes, np.ones(3, np.float32), np.full(3, WORD, np.uint8), 2, (2, 2))
    heads = (
        Head("desk", ("game", "mail", "mail.lost", "mail.slow", "none"), 0, thresholds=THRESHOLDS),
        Head("severity", ("A", "B", "C"), 5, thresholds=THRESHOLDS),
        Head("vague", ("0", "1"), 8, thresholds=Thresholds(answer=0.5, sure=0.75, accept=2.0)),
    )
    rules = (
        Rule("slow-1", "all", "desk", "mail.slow", "slow*", "desk.txt:3", 30, 29, 0.9),
        Rule("down-1", "en", "severity", "A", "down", "desk.txt:7", 20, 18, 0.85),
        Rule("help-1", "all", "vague", "1", "help", "desk.txt:9", 20, 19, 0.88),
        Rule("guess-1", "all", "desk", "pay", "guess", "desk.txt:11"),
    )
    return Model(
        ModelId("tiny", "1", "0" * 64),
        vocabulary,
        sparse_weights(np.array([rows[int(value)] for value in hashes]), bias=[0, 0, 0, 0, 0, 0, 0, 0, LN2, 0]),
        tiny_network(int(word[0]), int(word[1])),
        heads,
        {"desk": desk},
        rules,
        accept=0.79,
        held_out=HeldOut(
            ("desk", "severity"),
            ("en", "nl"),
            np.array([0, 1, 0], np.uint8),
            np.array([[0.9, 0.8], [0.6, 0.7], [0.3, 0.4]], np.float32),
            np.array([[1, 1], [1, 0], [0, 0]], np.uint8),
        ),
    )


def sparse_weights(dense: NDArray[np.int64], *, bias: Sequence[float]) -> Linear:
    """The linear view of a matrix of whole weights, shape (n_features, n_columns), in units of ln 2."""
    feature, column = np.nonzero(dense)
    return Linear(
        start=np.searchsorted(feature, np.arange(len(dense) + 1)).astype(np.uint32),
        column=column.astype(np.uint16),
        weight=dense[feature, column].astype(np.int8),
        scale=np.full(len(bias), LN2, np.float32),
        bias=np.array(bias, np.float32),
        dense=np.empty((0, len(bias)), np.float32),
    )


def tiny_network(xbox: int, mail: int) -> Network:
    """A network of two dimensions, one for each of two n-grams; all others have no length.

    With both words a text has 1/√2 of each. Logits in units of ln 2, for a text with one of the words:

        xbox  game 1 by the direct path, severity A 3 by the hidden unit (xbox - mail, where that is positive)
        mail  mail.lost 2 by the direct path; the hidden unit is silent
        none of them  nothing
    """
    buckets = 1 << 12
    table = np.zeros((buckets, 2))
    table[xbox % buckets], table[mail % buckets] = (7, 0), (0, 7)
    direct, output = np.zeros((2, 10), np.float32), np.zeros((1, 10), np.float32)
    direct[0, 0], direct[1, 2], output[0, 5] = LN2, 2 * LN2, 3 * LN2
    return Network(
        vectors=Vectors(packed(table), np.full(buckets, 1 / 7, np.float32), 2, (2, 2)),
        gain=1.0,
        hidden=np.array([[1], [-1]], np.float32),
        hidden_bias=np.zeros(1, np.float32),
        output=output,
        direct=direct,
        output_bias=np.zeros(10, np.float32),
    )
