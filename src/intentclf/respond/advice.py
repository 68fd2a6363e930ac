"""What the desk does next for a query: signals, due time, route, draft, question, writer, known issues, note.

Enters a reading with the answer of the model, leaves additional keys of the answer. Every part is a module of its own
and can be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from intentclf.errors import InputError, shorten
from intentclf.predict.model import Model
from intentclf.records import Query, Reading, Reason, Severity
from intentclf.respond.clarify.clarify import Belief, next_question
from intentclf.respond.complaint.complaint import compose_note
from intentclf.respond.request.service_request import draft_request
from intentclf.respond.route.extra import Extra, extra_from_text, merge_extra, read_extra
from intentclf.respond.route.route import route
from intentclf.respond.sentences import check_spoken
from intentclf.respond.severity.grounds import SeverityGrounds
from intentclf.respond.writer.writer_level import judge_writer

if TYPE_CHECKING:
    from intentclf.respond.due.agreements import Agreement
    from intentclf.respond.known.issue_register import Register
    from intentclf.respond.known.known_issues import KnownIssues

__all__ = ["PARTS", "AdviceSettings", "Advised", "advise", "as_known", "known_issues_of"]

PARTS = ("signals", "due", "route", "request", "clarify", "writer", "known_issues", "note")
"""Names of the parts, which are the keys of the answer too."""

_RECEIVED = ("received", "date", "received_at")
_UNMEASURED = 0.5


@dataclass(frozen=True, slots=True)
class AdviceSettings:
    """What a desk says of itself.

    Attributes
    ----------
    parts : sequence of str
        Of `PARTS`; those that are made.
    agreement : str or Agreement or None
        Whose response times hold; None: no due time.
    zone, country : str or None
        The customer's time zone and country, where a row does not say (columns `zone` and `country`).
    premier : bool
        Whether the customer holds the extended agreement that level A asks for.
    register : Register or None
        Known issues.
    now : datetime or None
        The moment that remaining time and known issues are reckoned from; None: the clock.
    speak : {'nl', 'nb', 'ru', 'en'}
        Language of what is said to the agent. What is meant for the customer is in the customer's.
    """

    parts: Sequence[str] = PARTS
    agreement: str | Agreement | None = None
    zone: str | None = None
    country: str | None = None
    premier: bool = False
    register: Register | None = None
    now: datetime | None = None
    speak: str = "en"

    def __post_init__(self) -> None:
        check_spoken(self.speak)
        for part in self.parts:
            if part not in PARTS:
                raise InputError(f"unknown part of advice {shorten(part)}; known are {', '.join(PARTS)}")


@dataclass(frozen=True, slots=True)
class Advised:
    """The additional keys, and what they change in the rest of the answer.

    Attributes
    ----------
    keys : dict of str to JSON values
    question : str or None
        The clarifying question with its options, in the customer's language.
    warnings : tuple of str
        What could not be done, such as a due time for a date that cannot be read.
    """

    keys: dict[str, Any]
    question: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Case:
    """One query on its way through the parts."""

    reading: Reading
    reasons: Mapping[str, Reason]
    severity: Severity
    grounds: SeverityGrounds
    belief: Belief
    known: KnownIssues | None
    model: Model
    settings: AdviceSettings
    extra: Extra
    ask: bool
    question: str | None = None
    warnings: list[str] = field(default_factory=list)


def advise(
    reading: Reading,
    reasons: Mapping[str, Reason],
    severity: Severity,
    grounds: SeverityGrounds,
    belief: Belief,
    known: KnownIssues | None,
    model: Model,
    settings: AdviceSettings,
    *,
    ask: bool,
) -> Advised:
    """Everything that the desk's documents say of a query.

    Parameters
    ----------
    reading : Reading
        Metadata of its query (`Query.extra`) are used: channel, browser, account type, role, received, zone, country.
    reasons : mapping of book to Reason
    severity : Severity
    grounds : SeverityGrounds
    belief : Belief
        Probabilities of the codes, as the clarifying question needs them.
    known : KnownIssues or None
        See `known_issues_of`.
    model : Model
    settings : AdviceSettings
    ask : bool
        Whether the decision is to ask: only then is a question put into it, and a draft waits for its answer.
    """
    extra = merge_extra(read_extra(_metadata(reading.query)), extra_from_text(reading.text, reading.language.code))
    case = _Case(reading, reasons, severity, grounds, belief, known, model, settings, extra, ask)
    makers = {
        "signals": _signals,
        "due": _due,
        "route": _route,
        "clarify": _clarify,
        "request": _request,
        "writer": _writer,
        "known_issues": _known_issues,
        "note": _note,
    }
    keys = {name: make(case) for name, make in makers.items() if name in settings.parts}
    return Advised(keys, case.question, tuple(case.warnings))


def known_issues_of(reading: Reading, model: Model, settings: AdviceSettings) -> KnownIssues | None:
    """The known issues that a query is about; None where the desk keeps no register or does not ask for them."""
    if settings.register is None or "known_issues" not in settings.parts:
        return None
    from intentclf.respond.known.known_issues import match

    vector = model.network.vectors.encode([reading.core])[0]
    return match(reading, vector, settings.register, settings.now or datetime.now(UTC))


def as_known(reasons: Mapping[str, Reason], known: KnownIssues | None) -> dict[str, Reason]:
    """Reasons with the codes of the first known issue.

    How often such a match is right was not measured: its confidence is 1 in 2, and so an agent confirms it.
    """
    codes = known.matches[0].codes if known and known.matches else {}
    return {
        book: replace(reason, code=codes[book], confidence=_UNMEASURED, decided_by="rule", accepted=False)
        if book in codes
        else reason
        for book, reason in reasons.items()
    }


def _metadata(query: Query) -> dict[str, str | None]:
    return {name: value for name, value in query.extra.items() if name not in (*_RECEIVED, "zone", "country")}


def _signals(case: _Case) -> dict[str, Any]:
    return case.grounds.to_dict(case.settings.speak)


def _due(case: _Case) -> dict[str, Any] | None:
    """None where the desk has no agreement or the query no moment."""
    settings, told = case.settings, case.reading.query.extra
    written = next((told[name] for name in _RECEIVED if told.get(name)), None)
    if settings.agreement is None or written is None:
        return None
    from intentclf.respond.due.deadline import parse_moment, respond_by

    zone = told.get("zone") or settings.zone
    try:
        due = respond_by(
            parse_moment(written, zone),
            case.severity.level,
            settings.agreement,
            now=settings.now or datetime.now(UTC),
            zone=zone,
            country=told.get("country") or settings.country,
            premier=settings.premier,
        )
    except InputError as error:  # one row's date must not end a run
        case.warnings.append(f"no due time: {error}")
        return None
    language = case.reading.language.code
    return {
        "agreement": due.agreement,
        "received": due.received.isoformat(),
        "respond_by": due.due_by.isoformat() if due.due_by else None,
        "remaining_seconds": int(due.remaining.total_seconds()) if due.remaining is not None else None,
        "severity": due.applied,
        "why": [remark.text(settings.speak) for remark in due.remarks],
        "for_customer": [remark.text(language) for remark in due.remarks],
        "source": due.source,
    }


def _route(case: _Case) -> dict[str, Any]:
    codes = {book: reason.code for book, reason in case.reasons.items()}
    confidences = {book: reason.confidence for book, reason in case.reasons.items()}
    return route(codes, case.severity.level, case.extra, confidences).to_dict(case.settings.speak)


def _clarify(case: _Case) -> dict[str, Any] | None:
    """None where nothing is open: the decision is not to ask, and no prediction set holds several codes."""
    if not case.reading.text:
        return None
    if not case.ask and all(len(reason.prediction_set) <= 1 for reason in case.reasons.values()):
        return None
    asked = next_question(case.belief, case.model)
    if asked is None:
        return None
    if case.ask:  # else the question is offered to the agent, and nobody waits for an answer to it
        case.question = "\n".join(asked.lines)
    return asked.to_dict()


def _request(case: _Case) -> dict[str, Any] | None:
    reason = case.reasons.get("service_request")
    draft = draft_request(
        case.reading.text,
        case.reading.language.code,
        reason.code if reason else None,
        case.severity.level,
        extra=case.extra,
        question=case.question,
    )
    return draft.to_dict(case.settings.speak) if draft else None


def _writer(case: _Case) -> dict[str, Any]:
    return judge_writer(case.reading).to_dict(case.settings.speak)


def _known_issues(case: _Case) -> dict[str, Any] | None:
    """None where the desk keeps no register."""
    return case.known.to_dict(case.settings.speak) if case.known else None


def _note(case: _Case) -> dict[str, Any] | None:
    note = compose_note(case.reading, case.reasons, case.severity)
    return note.to_dict(case.settings.speak) if note else None
