"""When a severity may be lowered: enters what was asked of a customer and when, leaves a proposal, never a change.

Document 001, line 132: if the customer does not provide the resources needed or does not answer within 'a reasonable
time', the support team may lower the severity. It gives no figure. The default here is the time that the desk itself
has for a first response at that level, counted in the same way: what is reasonable for one side is so for the other.
Where the agreement commits to no time, nothing is proposed unless the desk gives a time of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from intentclf.errors import InputError
from intentclf.respond.due.agreements import Agreement, find_agreement
from intentclf.respond.due.deadline import Due, respond_by
from intentclf.respond.due.moments import find_zone, place, write_moment
from intentclf.respond.sentences import Sentence, say

__all__ = ["Lowering", "propose_lower"]

_DOCUMENT, _LINE = "001_574ea51a17b28c09.txt", 132
_LONGEST = timedelta(days=999)
# Of what is said about a due time, what also holds for the customer's.
_KEPT = frozenset({"due.fold", "due.gap", "due.no_level", "due.premier_only"})


@dataclass(frozen=True, slots=True)
class Lowering:
    """A proposal to lower a severity by one level, or none.

    Attributes
    ----------
    current : str
        The level that counts now, see `Due.applied`.
    proposed : str or None
        The next lower level; None where nothing is proposed.
    since : datetime or None
        When the reasonable time ends, also where that lies ahead; None where there is none.
    remarks : tuple of Sentence
        Why, in the four languages of the sentences.
    source : str
        'document, line N' of the rule.
    """

    current: str
    proposed: str | None
    since: datetime | None
    remarks: tuple[Sentence, ...]
    source: str = f"{_DOCUMENT}, line {_LINE}"

    @property
    def why(self) -> tuple[str, ...]:
        """The remarks in English."""
        return tuple(remark.text() for remark in self.remarks)


def propose_lower(
    severity: str,
    asked_at: datetime,
    now: datetime,
    *,
    answered: bool,
    agreement: str | Agreement,
    reasonable: timedelta | None = None,
    zone: str | None = None,
    country: str | None = None,
    premier: bool = False,
) -> Lowering:
    """Propose the next lower level for a request whose customer does not answer.

    Parameters
    ----------
    severity : {'A', 'B', 'C'}
    asked_at : datetime
        When the customer was asked for something.
    now : datetime
    answered : bool
        Whether the customer has answered since.
    agreement : str or Agreement
    reasonable : timedelta, optional
        Elapsed time that a customer has; by default that of the first response at this level.
    zone, country, premier
        As for `respond_by`.

    Raises
    ------
    InputError
        If the reasonable time is not positive, and where `respond_by` raises it.

    Examples
    --------
    >>> asked, now = datetime.fromisoformat("2026-11-20T08:00Z"), datetime.fromisoformat("2026-11-20T17:00Z")
    >>> propose_lower("B", asked, now, answered=False, agreement="office365_business").proposed
    'C'
    """
    due = respond_by(asked_at, severity, agreement, now=now, zone=zone, country=country, premier=premier)
    since = _until(due, reasonable)
    lower = next((level for level in find_agreement(agreement).levels if level > due.applied), None)
    present = place(now, None if zone is None else find_zone(zone))[0]
    key = _verdict(answered, lower, since, present)
    shown = {} if since is None else {"since": f"{write_moment(since)} ({since.tzname()})"}
    kept = [remark for remark in due.remarks if remark.key in _KEPT]
    remarks = [*kept, say(key, asked=due.applied, proposed=lower, **shown)]
    if not due.source.startswith(_DOCUMENT):
        remarks.append(say("lower.other_document"))
    return Lowering(due.applied, lower if key == "lower.proposed" else None, since, tuple(remarks))


def _until(due: Due, reasonable: timedelta | None) -> datetime | None:
    if reasonable is None:
        return due.due_by
    if not timedelta() < reasonable <= _LONGEST:
        raise InputError(f"the reasonable time must be more than 0 and at most {_LONGEST.days} days, got {reasonable}")
    # On UTC: adding to a zone's own reading would be off by the hour of a change of clocks.
    return (due.received.astimezone(UTC) + reasonable).astimezone(due.received.tzinfo)


def _verdict(answered: bool, lower: str | None, since: datetime | None, present: datetime) -> str:
    if answered:
        return "lower.answered"
    if lower is None:
        return "lower.lowest"
    if since is None:
        return "lower.no_time"
    # 'Or less': an answer at the very moment is still in time.
    return "lower.proposed" if present > since.astimezone(UTC) else "lower.waiting"
