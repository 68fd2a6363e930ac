"""Severity from the text model, the codes and the signals together: enters what was found, leaves level and grounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import ModelError
from intentclf.predict.calibration import CodeTree
from intentclf.predict.model import SEVERITY, Head, Model
from intentclf.predict.severity import evidence_matrix, evidence_names
from intentclf.records import Reason, Severity
from intentclf.respond.severity.signals import Derived, Signals, derive, highest_level, signal_names

__all__ = ["SeverityGrounds", "bound_severity", "evidence_of", "ground_names", "grounds_of", "weigh_severity"]

Floats = NDArray[np.float64]

_LEVELS = ("A", "B", "C")
_CODE_COUNTS = 0.5


@dataclass(frozen=True, slots=True)
class SeverityGrounds:
    """What the severity rests on, for an agent to check.

    Attributes
    ----------
    signals : Signals
    derived : Derived or None
        What the documents make of the signals.
    text_alone : mapping of str to float
        Probabilities of the levels by the text model alone.
    bound : Derived or None
        The rule that kept the level down, where one did.
    decided : {'text', 'signals and codes', 'bound', 'rule'}
        What the level comes from: the text model's own, another that signals and codes made likelier, the highest that
        the request can have, a keyword rule.
    """

    signals: Signals
    derived: Derived | None
    text_alone: Mapping[str, float]
    bound: Derived | None
    decided: str

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """As plain values, rules in the agent's language."""
        return {
            "affected": self.signals.affected,
            "state": self.signals.state,
            "impact": self.signals.impact,
            "workaround": self.signals.workaround,
            "contradictory": self.signals.contradictory,
            "phrases": [
                {"signal": s.name, "value": s.value, "start": s.start, "end": s.end, "text": s.text, "source": s.source}
                for s in self.signals.found
            ],
            "derived": _derived_dict(self.derived, language),
            "bound": _derived_dict(self.bound, language),
            "text_alone": {level: round(float(p), 6) for level, p in self.text_alone.items()},
            "decided": self.decided,
        }


def grounds_of(
    signals: Signals, text: Floats | None, head: Head | None, judged: Severity, bound: Derived | None
) -> SeverityGrounds:
    """What a severity rests on.

    Parameters
    ----------
    signals : Signals
    text : ndarray of shape (n_levels,) or None
        Probabilities by the text model alone; None where there is none.
    head : Head or None
    judged : Severity
        Before it was bound.
    bound : Derived or None
    """
    alone = {} if text is None or head is None else dict(zip(head.classes, map(float, text), strict=True))
    likeliest = max(alone, key=lambda level: (alone[level], level)) if alone else None
    decided = "bound" if bound else "rule" if judged.decided_by == "rule" else "text"
    if decided == "text" and judged.level != likeliest:
        decided = "signals and codes"
    return SeverityGrounds(signals, derive(signals), alone, bound, decided)


def _derived_dict(derived: Derived | None, language: str) -> dict[str, str] | None:
    return {"level": derived.level, "rule": derived.rule.text(language), "source": derived.source} if derived else None


def ground_names(levels: Sequence[str], trees: Mapping[str, CodeTree]) -> tuple[str, ...]:
    """The names of the columns of `evidence_of`: text, codes, signals, and the level derived from these."""
    return evidence_names(levels, trees, (*signal_names(), *(f"derived={level}" for level in _LEVELS)))


def evidence_of(
    text: Floats, likely: Mapping[str, Floats], trees: Mapping[str, CodeTree], signals: Sequence[Signals]
) -> Floats:
    """Evidence on the severity of each text, shape (n_texts, n_names); see `predict.severity.evidence_matrix`."""
    names = signal_names()
    found = np.zeros((len(signals), len(names) + len(_LEVELS)))
    for row, each in zip(found, signals, strict=True):
        told = {f"{signal.name}={signal.value}" for signal in each.found}
        row[: len(names)] = [name in told for name in names]
        derived = derive(each)
        row[len(names) :] = [derived is not None and derived.level == level for level in _LEVELS]
    return evidence_matrix(text, likely, trees, found)


def weigh_severity(model: Model, likely: Mapping[str, Floats], signals: Sequence[Signals]) -> Floats | None:
    """Probabilities of the levels from text, codes and signals, shape (n_texts, n_levels).

    Returns
    -------
    ndarray or None
        None where the model does not predict severity; those of the text alone where it was fitted on too few rows to
        weigh anything else.

    Raises
    ------
    ModelError
        If the weights are for other evidence than this program gathers.
    """
    if SEVERITY not in likely:
        return None
    if model.severity is None:
        return likely[SEVERITY]
    levels = model.severity.levels
    if model.severity.names != ground_names(levels, model.trees):
        raise ModelError("the model was trained with other signals of severity than this program has; train it again")
    return model.severity.probabilities(evidence_of(likely[SEVERITY], likely, model.trees, signals))


def bound_severity(
    severity: Severity, reasons: Mapping[str, Reason], trees: Mapping[str, CodeTree]
) -> tuple[Severity, Derived | None]:
    """Keep the level within what the request can have at most: billing and sales are never above B.

    A code counts from a probability of 0.5 on.
    """
    paths = {
        book: trees[book].book.path(reason.code)
        for book, reason in reasons.items()
        if reason.code is not None and reason.confidence >= _CODE_COUNTS and book in trees
    }
    cap = highest_level(paths)
    if cap is None or severity.level >= cap.level:
        return severity, None
    levels = {level: 0.0 if level < cap.level else p for level, p in severity.probabilities.items()}
    levels[cap.level] += sum(p for level, p in severity.probabilities.items() if level < cap.level)
    return replace(
        severity, level=cap.level, confidence=levels[cap.level], probabilities=levels, decided_by="rule"
    ), cap
