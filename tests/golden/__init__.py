"""Golden files: texts in, whole answers out. `python -m tests.golden` writes the answers anew; read the diff."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from intentclf import Query, load_model
from intentclf.triage import triage_many

FOLDER = Path(__file__).parent
TEXTS = FOLDER / "texts.csv"
ANSWERS = FOLDER / "answers.jsonl"


def read_texts() -> list[dict[str, str]]:
    """Rows of `texts.csv`: id, language, action, text."""
    with TEXTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def answer_texts() -> list[dict[str, Any]]:
    """The answers of the shipped model to the texts."""
    queries = [Query(row["id"], row["text"]) for row in read_texts()]
    return [answer.to_dict() for answer in triage_many(queries, load_model())]


def write_answers() -> None:
    """Write `answers.jsonl` anew."""
    lines = [json.dumps(answer, ensure_ascii=False, sort_keys=True) for answer in answer_texts()]
    ANSWERS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_answers() -> list[dict[str, Any]]:
    """The answers as they were last reviewed."""
    return [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").splitlines()]
