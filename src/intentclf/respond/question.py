"""The question to put to the customer where nothing can be done without an answer."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from intentclf.codebooks.loader import NONE
from intentclf.intake.language import LANGUAGES
from intentclf.records import Reading, Reason

__all__ = ["question_for"]


def question_for(reading: Reading, reasons: Mapping[str, Reason]) -> str:
    """The question that fits what is missing, in the customer's language; in English where that is not known.

    Parameters
    ----------
    reading : Reading
    reasons : mapping of book to Reason
        Where every book says `none` or nothing, the product is asked for, else the symptom.
    """
    if not reading.text:
        situation = "nothing"
    elif all(reason.code in (None, NONE) for reason in reasons.values()):
        situation = "nothing"
    else:
        first = next(iter(reasons.values()))
        situation = "product" if first.code in (None, NONE) else "symptom"
    return _questions()[situation].get(reading.language.code) or _questions()[situation]["en"]


@cache
def _questions() -> Mapping[str, Mapping[str, str]]:
    with (Path(__file__).parent / "questions.csv").open(encoding="utf-8", newline="") as file:
        return {row["situation"]: {code: row[code] for code in LANGUAGES} for row in csv.DictReader(file)}
