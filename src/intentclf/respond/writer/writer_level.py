"""How technical the writer is: enters a reading, leaves novice, at_home or expert, so that the answer fits.

Document 000, line 23: a customer may know technology well or not at all; sound out the level, to give detailed steps or
short instructions. The evidence is data: phrases with a level and a weight (`writer_phrases.csv`), looked for in all
languages at once, and the formats of raw error codes and of administrators' notation. A person's age, where it is told,
is no evidence: only what the writer says about the own knowledge, and the words and means that the writer uses.

Five numbers of a text (`features`) go into a multinomial logistic whose coefficients are `writer_weights.csv`. They are
fitted by `python -m intentclf.train.writer_level` on 300 of the 600 rows of `data/seed_labels.csv` labelled by hand in
`tests/respond/writer_levels.csv` (criteria: docstring of the test); the other 300 were drawn, read and labelled after
the phrases and the coefficients were frozen, and the test measures on them: accuracy .927 (all at_home: .897), macro-F1
.618 (.315), expected calibration error of the probabilities .036. What it calls novice or expert is worth following
(F1 of expert .61); of novices it finds only 2 of 11, those who say so: most show it by a story without its own words.

A text without any evidence is `at_home` with a confidence of 0.4, although the share of such writers is higher: it
says that nothing is known of this one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import read_rows
from intentclf.predict.calibration import softmax
from intentclf.records import Reading
from intentclf.respond.phrases import Phrases, load_phrases
from intentclf.respond.sentences import Sentence, say

__all__ = ["FEATURES", "LEVELS", "Sign", "WriterLevel", "features", "find_signs", "judge_writer"]

LEVELS = ("novice", "at_home", "expert")
FEATURES = ("novice", "at_home", "expert", "codes", "words", "bias")
"""What the logistic reads, see `features`."""

_SOURCE, _LINE = "000_4c01cbade21a7f71.txt", 23
_UNKNOWN = 0.4
_FOLDER = Path(__file__).parent
_CODE = re.compile(
    r"\b0x[0-9a-f]{4,8}\b|\baadsts\d{4,7}\b|\b[45]\d\d[ -]\d\.\d{1,2}\.\d{1,3}\b|(?<![\d.])[45]\.\d\.\d{1,3}(?![\d.])"
    r"|\bkb\d{6,8}\b|\b8007[0-9a-f]{4}\b|\b(?-i:[A-Z]{4,}(?:_[A-Z]{2,}){1,6})\b",
    re.IGNORECASE,
)
_NOTATION = re.compile(
    r"\b(?:Get|Set|New|Add|Remove|Connect|Enable|Disable|Test|Start|Stop|Export|Import)-[A-Z][A-Za-z]{3,}\b"
    r"|\b[A-Za-z]:\\\w|\\\\\w+\\\w|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])|\b[a-z]+=[a-z]+\b|\s--?[a-z]{2,}=\w"
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Sign:
    """A span that spoke for a level.

    Attributes
    ----------
    start, end : int
        Half-open span of the original text, in code points.
    text : str
        What stands there.
    level : {'novice', 'at_home', 'expert'}
    weight : float
        Above 0; how strongly it speaks.
    kind : {'novice', 'at_home', 'expert', 'codes'}
        The feature that it counts for: raw codes, which people also copy from the screen, have one of their own.
    """

    start: int
    end: int
    text: str
    level: str
    weight: float
    kind: str


@dataclass(frozen=True, slots=True)
class WriterLevel:
    """How technical the writer is.

    Attributes
    ----------
    level : {'novice', 'at_home', 'expert'}
    confidence : float
        Probability, 0 to 1, that the level is right; 0.4 where there is no evidence.
    probabilities : mapping of level to float
        Of the logistic; they sum to 1.
    evidence : tuple of Sign
        What spoke for the level or for another, by place.
    advice : Sentence
        How to answer such a writer.
    source : str
        'document, line N' of the rule.
    """

    level: str
    confidence: float
    probabilities: Mapping[str, float]
    evidence: tuple[Sign, ...]
    advice: Sentence
    source: str = f"{_SOURCE}, line {_LINE}"

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values; probabilities are rounded to six places, the advice is in a language."""
        return {
            "level": self.level,
            "confidence": round(self.confidence, 6),
            "probabilities": {level: round(p, 6) for level, p in self.probabilities.items()},
            "evidence": [
                {name: getattr(sign, name) for name in ("start", "end", "text", "level", "weight", "kind")}
                for sign in self.evidence
            ],
            "advice": self.advice.text(language),
            "source": self.source,
        }


def judge_writer(reading: Reading) -> WriterLevel:
    """Judge how technical the writer of a text is.

    Examples
    --------
    >>> from intentclf.intake import read
    >>> from intentclf.records import Query
    >>> judge_writer(read(Query("1", "ik ben niet zo technisch, waar moet ik klikken?", "nl"))).level
    'novice'
    >>> judge_writer(read(Query("2", "Set-Mailbox geeft een fout in onze tenant", "nl"))).level
    'expert'
    """
    signs = find_signs(reading)
    row = softmax(np.array([features(reading, signs)]) @ _weights())[0]
    likely = {level: float(p) for level, p in zip(LEVELS, row, strict=True)}
    if not signs:
        return WriterLevel("at_home", _UNKNOWN, likely, (), say("writer.no_evidence"))
    level = max(LEVELS, key=lambda name: likely[name])
    return WriterLevel(level, likely[level], likely, signs, say(f"writer.{level}"))


def find_signs(reading: Reading) -> tuple[Sign, ...]:
    """Everything in a text that speaks for a level, by place."""
    found = [(hit.start, hit.end, hit.row["level"], float(hit.row["weight"])) for hit in _phrases().find(reading.text)]
    signs = [_sign(reading, start, end, level, weight, level) for start, end, level, weight in found]
    signs += [_sign(reading, *match.span(), "expert", 1.0, "codes") for match in _CODE.finditer(reading.text)]
    signs += [_sign(reading, *match.span(), "expert", 2.0, "expert") for match in _NOTATION.finditer(reading.text)]
    return tuple(sorted(signs, key=lambda sign: (sign.start, sign.end, sign.kind)))


def features(reading: Reading, signs: tuple[Sign, ...]) -> list[float]:
    """The numbers that the logistic reads, in the order of `FEATURES`; none below 0.

    The logarithm of 1 + the weights of a kind (the same words twice count once), of 1 + the number of words, and 1.
    """
    once = {(sign.kind, sign.text.casefold()): sign.weight for sign in signs}
    sums = [sum(weight for (kind, _), weight in once.items() if kind == name) for name in FEATURES[:4]]
    return [*(float(np.log1p(total)) for total in sums), float(np.log1p(len(_WORD.findall(reading.text)))), 1.0]


def _sign(reading: Reading, start: int, end: int, level: str, weight: float, kind: str) -> Sign:
    first, last = reading.original_span(start, end)
    return Sign(first, last, reading.query.text[first:last], level, weight, kind)


@cache
def _phrases() -> Phrases:
    return load_phrases(_FOLDER / "writer_phrases.csv", {"level": LEVELS}, numbers=("weight",))


@cache
def _weights() -> NDArray[np.float64]:
    """Coefficients, shape (n_features, n_levels)."""
    rows, _ = read_rows(_FOLDER / "writer_weights.csv", ("feature", *LEVELS))
    table = {row["feature"]: [float(row[level]) for level in LEVELS] for _, row in rows}
    return np.array([table[name] for name in FEATURES])
