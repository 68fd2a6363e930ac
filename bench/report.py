"""The record of a run in, its acceptance figures and its page out. The page is made of the record and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from bench.data import EXPERIMENTS, NONE

__all__ = ["ACCEPTANCE", "Target", "acceptance", "markdown", "summarise"]

Record = Mapping[str, Any]
BASELINE, ENGINE = "tfidf", "engine"
_MEASURES = ("accuracy", "macro_f1", "ece", "auroc", "train_seconds")
_SHOWN_PACKAGES = ("intentclf", "numpy", "scipy", "scikit-learn", "spacy", "thinc", "fasttext-numpy2", "fasttext")
_DASH = "–"


@dataclass(frozen=True, slots=True)
class Target:
    """One acceptance figure: what it is called, which bound it must keep, and how it is found.

    Attributes
    ----------
    name : str
    bound : float
    at_least : bool
        False: at most.
    unit : {'%', 'points', ''}
        Shares are kept from 0 to 1 and points as hundredths of them; '' is shown as it is.
    found : callable
        Takes what `summarise` gives; None where it was not measured.
    """

    name: str
    bound: float
    at_least: bool
    unit: str
    found: Callable[[Sequence[Record]], float | None]


def _mean(rows: Sequence[Record], measure: str, *, system: str = ENGINE, **where: str) -> float | None:
    return next((row[measure]["mean"] for row in rows if _is(row, system=system, **where) and row[measure]), None)


def _is(row: Record, **where: str) -> bool:
    return all(row[key] == value for key, value in where.items())


def _massive_average(rows: Sequence[Record]) -> float | None:
    found = [_mean(rows, "accuracy", experiment="massive", tested_on=code) for code in ("nl", "nb", "ru", "en")]
    told = [value for value in found if value is not None]
    return fmean(told) if len(told) == len(found) else None


def _lead(rows: Sequence[Record], experiment: str, tested_on: str) -> float | None:
    mine, theirs = (
        _mean(rows, "accuracy", system=system, experiment=experiment, tested_on=tested_on)
        for system in (ENGINE, BASELINE)
    )
    return None if mine is None or theirs is None else mine - theirs


def _figure(measure: str, experiment: str, tested_on: str) -> Callable[[Sequence[Record]], float | None]:
    return lambda rows: _mean(rows, measure, experiment=experiment, tested_on=tested_on)


ACCEPTANCE: tuple[Target, ...] = (
    Target("MASSIVE, mean accuracy of nl, nb, ru, en", 0.86, True, "%", _massive_average),
    Target("Banking77, accuracy above TF-IDF + LinearSVC", 0.01, True, "points", lambda r: _lead(r, "banking77", "en")),
    Target(
        "CLINC150 in scope, accuracy above TF-IDF + LinearSVC",
        0.01,
        True,
        "points",
        lambda rows: _lead(rows, "clinc150", "in scope"),
    ),
    Target("CLINC150, out-of-scope AUROC", 0.96, True, "", _figure("auroc", "clinc150", "in and out of scope")),
    Target("MASSIVE, calibration error", 0.025, False, "", _figure("ece", "massive", "all")),
    Target("Banking77, calibration error", 0.025, False, "", _figure("ece", "banking77", "en")),
    Target("CLINC150 in scope, calibration error", 0.025, False, "", _figure("ece", "clinc150", "in scope")),
    *(
        Target(f"8 examples a label, {code}, accuracy", bound, True, "%", _figure("accuracy", "few-shot", code))
        for code, bound in (("en", 0.61), ("nl", 0.57), ("nb", 0.57), ("ru", 0.57))
    ),
)


def summarise(figures: Iterable[Record]) -> list[dict[str, Any]]:
    """Join the draws of a task: for each measure its mean and, of two draws or more, its standard deviation.

    Examples
    --------
    >>> same = {"experiment": "few-shot", "system": "engine", "trained_on": "en", "tested_on": "en", "n": 9}
    >>> drawn = [same | {"accuracy": share, "macro_f1": 0.5, "ece": 0.1, "auroc": None, "train_seconds": 2.0}
    ...          for share in (0.5, 0.7)]
    >>> [row] = summarise(drawn)
    >>> round(row["accuracy"]["mean"], 2), round(row["accuracy"]["sd"], 4), row["draws"], row["auroc"]
    (0.6, 0.1414, 2, None)
    """
    groups: dict[tuple[str, ...], list[Record]] = {}
    for row in figures:
        key = tuple(row[name] for name in ("experiment", "trained_on", "tested_on", "system"))
        groups.setdefault(key, []).append(row)
    return [
        dict(zip(("experiment", "trained_on", "tested_on", "system"), key, strict=True))
        | {"n": rows[0]["n"], "draws": len(rows)}
        | {measure: _spread([row[measure] for row in rows]) for measure in _MEASURES}
        for key, rows in groups.items()
    ]


def _spread(values: Sequence[float | None]) -> dict[str, float | None] | None:
    told = [value for value in values if value is not None]
    if not told:
        return None
    return {"mean": fmean(told), "sd": stdev(told) if len(told) > 1 else None}


def acceptance(figures: Iterable[Record], *, judged: bool) -> list[dict[str, Any]]:
    """Target and measured figure of every line of `ACCEPTANCE`.

    Parameters
    ----------
    figures : iterable of records
    judged : bool
        False for a reduced run, whose figures say nothing about the targets: `met` is then None.
    """
    rows = summarise(figures)
    lines = []
    for target in ACCEPTANCE:
        found = target.found(rows)
        kept = found is not None and (found >= target.bound if target.at_least else found <= target.bound)
        lines.append(
            {
                "figure": target.name,
                "target": f"{'≥' if target.at_least else '≤'} {_with_unit(target.bound, target.unit)}",
                "measured": None if found is None else round(found, 6),
                "shown": _DASH if found is None else _with_unit(found, target.unit, sign=target.unit == "points"),
                "met": kept if judged and found is not None else None,
            }
        )
    return lines


def markdown(record: Record) -> str:
    """The page of a run.

    Parameters
    ----------
    record : mapping
        As `run.run` gives it, with the lines of `acceptance`.
    """
    rows = summarise(record["figures"])
    titles = {name: system["title"] for name, system in record["systems"].items()}
    sections = [
        "# The engine beside other classifiers",
        f"Written by `{record['command']}`; every figure is in results.json.",
        *([_QUICK] if record["quick"] else [_PARTIAL] if record["partial"] else []),
        "## Acceptance",
        _acceptance_table(record["acceptance"]),
        "## Protocol",
        _protocol(record),
        "## Engine against each of the others",
        "Accuracy of the engine less that of the other, in points; a minus is a loss.",
        _difference_table(rows, titles),
        "## All figures",
        _NOTES,
        *(part for name in EXPERIMENTS for part in _experiment(name, rows, titles)),
        *_failures(record),
        "## Machine and versions",
        _circumstances(record),
    ]
    return "\n\n".join(sections) + "\n"


_QUICK = (
    "**A quick run on few labels and few rows. It shows that everything works; its figures are not the benchmark's.**"
)
_PARTIAL = "**A partial run: systems or experiments were left out on the command line.**"
_NOTES = (
    "Accuracy and macro-F1 in percent; ECE and AUROC from 0 to 1. The last four columns are ratios to TF-IDF + "
    "LinearSVC on the same rows: above 1 is better for accuracy and macro-F1, below 1 for ECE and seconds. The softmax "
    "of a support vector machine's decision values is no probability, hence the ECE of that baseline; a temperature "
    "fitted on held-out rows would mend most of it."
)


def _protocol(record: Record) -> str:
    size = record["size"]
    settings = "; ".join(f"{system['title']}: {system['settings']}" for system in record["systems"].values())
    scores = sorted({system["scope_score"] for system in record["systems"].values()})
    return " ".join(
        [
            "All systems are fitted on the same training rows and tested on the same development rows of the shared "
            "data sets, in one run on one machine, one after the other, and no row of the official test parts is used.",
            f"Their settings are the same for every data set ({settings}), and what a system needs for calibration or "
            "early stopping it takes out of the training rows.",
            "Accuracy and macro-F1 (over all labels that occur or were given) are scikit-learn's, the expected "
            "calibration error (ECE) has 15 bins of equal mass of the confidence in the given label, and training "
            "seconds are wall-clock time, for the engine with the start of its process and the files it reads and "
            "writes.",
            f"CLINC150's `oos` is a label of the training rows (`{NONE}`), accuracy, macro-F1 and ECE are given "
            f"without and with out-of-scope rows, and AUROC is of the score {' or '.join(scores)}.",
            f"Few-shot is MASSIVE with {size['shots']} examples a label (all where there are fewer) in one language, "
            f"tested on that language, mean ± standard deviation over draws ({size['draws']}) that are the same for "
            "all systems and languages; cross-lingual is MASSIVE trained on one language and tested on the others.",
        ]
    )


def _acceptance_table(lines: Iterable[Record]) -> str:
    verdicts = {True: "yes", False: "**no**", None: "not judged"}
    rows = [(line["figure"], line["target"], line["shown"], verdicts[line["met"]]) for line in lines]
    return _table(("figure", "target", "measured", "met"), rows, left=1)


def _difference_table(rows: Sequence[Record], titles: Mapping[str, str]) -> str:
    others = [name for name in titles if name != ENGINE]
    lines = []
    for place, found in _by_place(rows):
        mine = found.get(ENGINE)
        if mine is not None:
            leads = (
                _with_unit(
                    mine["accuracy"]["mean"] - found[name]["accuracy"]["mean"], "", sign=True, scale=100, digits=1
                )
                if name in found
                else _DASH
                for name in others
            )
            lines.append((*place, *leads))
    return _table(("experiment", "trained on", "tested on", *(titles[name] for name in others)), lines, left=3)


def _experiment(name: str, rows: Sequence[Record], titles: Mapping[str, str]) -> list[str]:
    mine = [row for row in rows if row["experiment"] == name]
    if not mine:
        return []
    head = ("trained on", "tested on", "system", "n", "accuracy", "macro-F1", "ECE", "AUROC", "train s")
    ratios = ("accuracy ×", "macro-F1 ×", "ECE ×", "train s ×")
    lines = []
    for (_, trained_on, tested_on), found in _by_place(mine):
        for system in [system for system in titles if system in found]:
            row, base = found[system], found.get(BASELINE)
            figures = (
                _cell(row["accuracy"], scale=100, digits=1),
                _cell(row["macro_f1"], scale=100, digits=1),
                _cell(row["ece"]),
                _cell(row["auroc"]),
                _cell(row["train_seconds"], digits=1),
            )
            compared = (_ratio(row, base, measure) for measure in ("accuracy", "macro_f1", "ece", "train_seconds"))
            lines.append((trained_on, tested_on, titles[system], str(row["n"]), *figures, *compared))
    return [f"### {name}", _table((*head, *ratios), lines, left=3)]


def _by_place(rows: Iterable[Record]) -> list[tuple[tuple[str, str, str], dict[str, Record]]]:
    """Rows of every system for each experiment, training languages and tested part."""
    places: dict[tuple[str, str, str], dict[str, Record]] = {}
    for row in rows:
        places.setdefault((row["experiment"], row["trained_on"], row["tested_on"]), {})[row["system"]] = row
    return list(places.items())


def _failures(record: Record) -> list[str]:
    lines = [f"- {each}" for each in record["skipped"]]
    lines += [f"- {each['experiment']}, {each['system']}: {each['message']}" for each in record["failures"]]
    return ["## Skipped and failed", "\n".join(lines)] if lines else []


def _circumstances(record: Record) -> str:
    machine, packages = record["machine"], record["packages"]
    versions = ", ".join(f"{name} {packages[name]}" for name in _SHOWN_PACKAGES if name in packages)
    data = "; ".join(
        f"{name} ({each['train']} + {each['test']} rows, {each['labels']} labels, sha256 {each['sha256'][:12]})"
        for name, each in record["data"].items()
    )
    return "\n".join(
        [
            f"- {record['date']}, {record['seconds']:.0f} s, commit {record['commit'] or 'unknown'}",
            f"- {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}",
            f"- Python {record['python']}, {versions}; all others in results.json",
            f"- data: {data}",
        ]
    )


def _ratio(row: Record, base: Record | None, measure: str) -> str:
    if base is None or not base[measure] or not row[measure] or math.isclose(base[measure]["mean"], 0.0):
        return _DASH
    return f"{row[measure]['mean'] / base[measure]['mean']:.2f}"


def _cell(spread: Mapping[str, float | None] | None, *, scale: float = 1, digits: int = 3) -> str:
    if spread is None or spread["mean"] is None:
        return _DASH
    mean = f"{scale * spread['mean']:.{digits}f}"
    return mean if spread["sd"] is None else f"{mean} ± {scale * spread['sd']:.{digits}f}"


def _with_unit(value: float, unit: str, *, sign: bool = False, scale: float = 1, digits: int = 3) -> str:
    if unit:
        scale, digits = 100, 1
    text = f"{scale * value:{'+' if sign else ''}.{digits}f}".replace("-", "−")
    return f"{text} {unit}".strip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int) -> str:
    """A table of Markdown whose first columns stand left and whose others stand right."""
    marks = ["---"] * left + ["--:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))
