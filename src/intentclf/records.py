"""What is handed from step to step: Query -> Reading -> (scores, hits) -> Answer. Frozen and typed.

`Answer.to_dict` gives the stable output form, one JSON object for each query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "AcceptPoint",
    "Action",
    "Answer",
    "Candidate",
    "DecidedBy",
    "Decision",
    "Evidence",
    "LanguageGuess",
    "ModelId",
    "Query",
    "Reading",
    "Reason",
    "RuleHit",
    "Severity",
    "Vagueness",
]

Action = Literal["accept", "confirm", "ask"]
DecidedBy = Literal["model", "rule", "none"]


@dataclass(frozen=True, slots=True)
class Query:
    """A customer's text as it came in.

    Attributes
    ----------
    id : str
        The row's own id, or its number from 0.
    text : str
        The original text; all offsets in the answer point into it.
    language : str or None
        Language code where the source states it, else None.
    warnings : tuple of str
        What was odd about the source of this text.
    extra : mapping of str to str
        What else the source says: channel, browser, account type, role, the moment received.
    """

    id: str
    text: str
    language: str | None = None
    warnings: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language code (nl, nb, nn, ru, en or und) and the probability, 0 to 1, that it is right."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A query after intake.

    Attributes
    ----------
    query : Query
    text : str
        Cleaned text: NFC, mojibake mended, mark-up and control characters gone.
    spans : tuple of (int, int) or None
        For each code point of `text` the half-open span of `query.text` that it stems from; None where the two
        texts are the same.
    language : LanguageGuess
    warnings : tuple of str
    core : str
        As `text` and as long, with greetings, thanks and politeness blanked: what the model reads. By default `text`.
    """

    query: Query
    text: str
    spans: tuple[tuple[int, int], ...] | None
    language: LanguageGuess
    warnings: tuple[str, ...] = ()
    core: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "core", self.core or self.text)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Half-open span in the original text for one in the cleaned text that is not empty."""
        if self.spans is None:
            return start, end
        return self.spans[start][0], self.spans[end - 1][1]


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A keyword rule that fired: its id, book, code, measured precision (0 to 1 or None), source, span."""

    rule: str
    book: str
    code: str
    precision: float | None
    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A leaf code and its probability, 0 to 1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of the original text (code points) that spoke for a code, or against it where the weight is negative."""

    start: int
    end: int
    text: str
    weight: float
    rule: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """The answer of one code book.

    Attributes
    ----------
    code : str or None
        Deepest code that the evidence carries; None where none can be told.
    confidence : float
        Probability, 0 to 1, that `code` or a code under it is right.
    decided_by : {'model', 'rule', 'none'}
    candidates : tuple of Candidate
        Leaf codes, most probable first, five at most.
    prediction_set : tuple of str
        Leaf codes that hold the right one at the configured coverage.
    evidence : tuple of Evidence
    accepted : bool
        Whether the confidence clears the threshold chosen for the target precision.
    """

    code: str | None
    confidence: float
    decided_by: DecidedBy
    candidates: tuple[Candidate, ...]
    prediction_set: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Severity:
    """Severity A, B or C, the probability of it (0 to 1) and of each level, and what decided."""

    level: str
    confidence: float
    probabilities: Mapping[str, float]
    decided_by: Literal["model", "rule"]
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Vagueness:
    """Whether a careful agent would have to ask first, and the probability (0 to 1) that this verdict is right."""

    is_vague: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next: accept, confirm or ask; why, in words; the question where the action is to ask."""

    action: Action
    why: str
    question: str | None = None


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which model answered: name, version, SHA-256 of its manifest."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything said about one query.

    Attributes
    ----------
    advice : mapping of str to JSON values, or None
        What the desk does next, under keys of its own beside the fixed ones; None where it was not asked for.
    """

    id: str
    language: LanguageGuess
    reasons: Mapping[str, Reason]
    severity: Severity
    vague: Vagueness
    decision: Decision
    model: ModelId
    warnings: Sequence[str] = field(default=())
    advice: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The stable output form, ready for `json.dumps`; probabilities are rounded to six places."""
        return {
            "id": self.id,
            "language": {"code": self.language.code, "confidence": _round(self.language.confidence)},
            "reasons": {book: _reason_dict(reason) for book, reason in self.reasons.items()},
            "severity": {
                "level": self.severity.level,
                "confidence": _round(self.severity.confidence),
                "probabilities": {level: _round(p) for level, p in self.severity.probabilities.items()},
                "decided_by": self.severity.decided_by,
                "accepted": self.severity.accepted,
            },
            "vague": {"is_vague": self.vague.is_vague, "confidence": _round(self.vague.confidence)},
            "decision": {
                "action": self.decision.action,
                "why": self.decision.why,
                "question": self.decision.question,
            },
            "model": {"name": self.model.name, "version": self.model.version, "sha256": self.model.sha256},
            "warnings": list(self.warnings),
            **(self.advice or {}),
        }


def _reason_dict(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code,
        "confidence": _round(reason.confidence),
        "decided_by": reason.decided_by,
        "candidates": [{"code": c.code, "confidence": _round(c.confidence)} for c in reason.candidates],
        "prediction_set": list(reason.prediction_set),
        "evidence": [
            {
                "start": e.start,
                "end": e.end,
                "text": e.text,
                "weight": _round(e.weight),
                "rule": e.rule,
                "source": e.source,
            }
            for e in reason.evidence
        ],
        "accepted": reason.accepted,
    }


def _round(value: float) -> float:
    return round(float(value), 6)


@dataclass(frozen=True, slots=True)
class AcceptPoint:
    """What accepting the surest answers of a head would give.

    Attributes
    ----------
    head, language : str
        A head or 'query', its least sure label; a language or 'all'.
    threshold : float
        Least confidence that is accepted.
    accepted : float
        Share of the rows, 0 to 1.
    precision : float
        Share of these that are right, 0 to 1.
    """

    head: str
    language: str
    threshold: float
    accepted: float
    precision: float
