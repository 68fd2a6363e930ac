"""The model card: what went in, how good it is in each language, what it must not be used for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from intentclf.predict.artifact import CARD

__all__ = ["card_text", "write_card"]

_COLUMNS = {
    "n": "rows",
    "accuracy": "accuracy",
    "level_1": "level 1",
    "level_2": "level 2",
    "macro_f1": "macro-F1",
    "majority": "majority baseline",
    "calibration_error": "calibration error",
    "accepted": "accepted",
    "accepted_precision": "right of accepted",
}


def write_card(folder: Path, facts: Mapping[str, Any], scores: Mapping[str, Any]) -> None:
    """Write CARD.md into a model folder; name and version are read from its manifest."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / CARD).write_text(card_text(manifest, facts, scores), encoding="utf-8")


def card_text(manifest: Mapping[str, Any], facts: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    size = sum(file["bytes"] for file in manifest["files"].values())
    hashes = [f"- {name}: `{digest}`" for name, digest in facts["codebook_sha256"].items()]
    lines = [
        f"# Model card: {manifest['name']} {manifest['version']}",
        "",
        "Two views of a text, weighed for each head on held-out rows: linear machines over hashed words and character",
        "n-grams, and a small network over sub-word vectors (`models/vectors`) that all heads share.",
        f"{size / 1e6:.1f} MB in {len(manifest['files'])} files, no pickle.",
        "",
        "## What went in",
        "",
        f"- labelled texts: SHA-256 `{facts['data_sha256']}`, rows {_counts(facts['rows'])}; by language "
        f"{_counts(facts['languages'])}",
        f"- split: SHA-256 `{facts['split_sha256']}`, by group, made once",
        *([f"- code books: {len(hashes)}", *("  " + line for line in hashes)] if hashes else []),
        f"- settings: `{json.dumps(facts['settings'], sort_keys=True)}`",
        "",
        *_source(manifest),
        "## How good it is",
        "",
        "On the test part, which neither weights nor calibration have seen.",
        "",
        *_tables(scores),
        "## Use and limits",
        "",
        "Made to suggest codes that a person confirms. It has seen no real customer mail unless its training data did.",
        "Other languages, other businesses and irony are outside of what it was measured on.",
        "",
    ]
    return "\n".join(lines)


def _source(manifest: Mapping[str, Any]) -> list[str]:
    if manifest["name"] != "default":
        return []
    return [
        "Texts: `data/seed_labels.csv`, written for this project and not collected from customers, Apache-2.0.",
        "Code books and keyword rules: terms and codes of the desk's five source documents, named in every row with",
        "document and line; labels, definitions and rules are the project's own wording, Apache-2.0. Rules were",
        "selected by their precision on all labelled texts, those of the test part among them.",
        "",
    ]


def _tables(scores: Mapping[str, Any]) -> list[str]:
    if not scores:
        return ["No rows were held out.", ""]
    lines: list[str] = []
    for head, languages in scores.items():
        lines += [f"### {head}", "", "| language | " + " | ".join(_COLUMNS.values()) + " |"]
        lines.append("|---|" + "---:|" * len(_COLUMNS))
        for language, row in languages.items():
            lines.append(f"| {language} | " + " | ".join(_figure(row[key]) for key in _COLUMNS) + " |")
        lines.append("")
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items())


def _figure(value: float | int | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
