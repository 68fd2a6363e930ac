"""When an answer is due: enters when a request was received, its severity and its agreement, leaves a moment and why.

The rules, and where they stand or why they were chosen:

- **Hours around the clock** (document 003, lines 50 to 68; 001, line 138) elapse on UTC: clocks put forward or back do
  not make them shorter or longer.
- **Business days.** A request that comes in during service hours of a working day starts its clock at once; any other
  starts it at the next opening. '1 business day or less' ends at the same time of the next working day, 3 business days
  at that time of the third: so everyone has a full working day, whatever hour the request came in, and what is due is
  always due within service hours. Service hours are half open: who writes at closing time starts at the next opening.
- **21Vianet, technical, B and C** is served 09:00 to 24:00 Beijing time on 365 days a year (001, line 140). There is no
  day without service, so every day is a business day, weekends and public holidays too.
- **21Vianet, billing** works Monday to Friday during Chinese business hours (001, line 67), which are read as 09:00 to
  17:00 (line 35). The document is silent about holidays: Chinese public holidays are taken as closed, weekends that
  are worked in exchange as open.
- **Hours within service hours** do not occur in the documents but may in a desk's own table: only time served counts.
- **Level A** that an agreement does not have (billing) or grants to holders of the extended agreement only (001, line
  134) falls to the highest level that it does grant.
- A clock that skips a reading or shows it twice: fold 0 of PEP 495 for what came in, the first moment that shows at
  least that time for what is due. Later requests are never due earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from intentclf.errors import InputError, shorten
from intentclf.respond.due.agreements import (
    LEVELS,
    Agreement,
    Commitment,
    agreements,
    find_agreement,
    load_agreements,
)
from intentclf.respond.due.moments import find_zone, parse_moment, place
from intentclf.respond.due.service_calendar import ServiceCalendar, check_country
from intentclf.respond.sentences import Sentence, say

__all__ = [
    "Agreement",
    "Commitment",
    "Due",
    "agreements",
    "applied_level",
    "load_agreements",
    "parse_moment",
    "respond_by",
]


@dataclass(frozen=True, slots=True)
class Due:
    """When the first response to a request is due.

    Attributes
    ----------
    received : datetime
        Aware; in the customer's zone where that was given, else in the zone it came with.
    due_by : datetime or None
        In the same zone; None where the agreement commits to no time.
    remaining : timedelta or None
        From now on; negative when overdue.
    agreement : str
        Its name.
    asked, applied : str
        The severity asked for, and the level whose time counts.
    remarks : tuple of Sentence
        Why, in the four languages of the sentences.
    source : str
        'document, line N' of the commitment.
    """

    received: datetime
    due_by: datetime | None
    remaining: timedelta | None
    agreement: str
    asked: str
    applied: str
    remarks: tuple[Sentence, ...]
    source: str

    @property
    def why(self) -> tuple[str, ...]:
        """The remarks in English."""
        return tuple(remark.text() for remark in self.remarks)


def respond_by(
    received: datetime,
    severity: str,
    agreement: str | Agreement,
    *,
    now: datetime | None = None,
    zone: str | None = None,
    country: str | None = None,
    premier: bool = False,
) -> Due:
    """When the first response is due.

    Parameters
    ----------
    received : datetime
        A naive one is the reading of a clock in `zone`.
    severity : {'A', 'B', 'C'}
    agreement : str or Agreement
        Name of a shipped agreement, or one that was loaded.
    now : datetime, optional
        By default the present. It may lie before `received`: a desk's clock can be slow.
    zone : str, optional
        IANA name of the customer's time zone; what is returned is in it.
    country : str, optional
        ISO 3166 code of the customer's country: its public holidays count where an agreement counts days in the
        customer's zone and is not served on all days.
    premier : bool
        Whether the customer holds the extended agreement that level A of 21Vianet is reserved for.

    Raises
    ------
    InputError
        If a moment is naive and no zone is given, the zone, country or agreement is unknown, the severity is no level,
        the agreement lacks the level, or it counts in the customer's zone and that is not given.

    Examples
    --------
    >>> due = respond_by(parse_moment("2026-11-20T16:00+08:00"), "B", "21vianet_billing")
    >>> due.due_by.isoformat(), due.source
    ('2026-11-23T16:00:00+08:00', '001_574ea51a17b28c09.txt, line 134')
    """
    customer = None if zone is None else find_zone(zone)
    if country is not None:
        check_country(country)
    start, oddities = place(received, customer)
    present = datetime.now(UTC) if now is None else place(now, customer)[0]
    commitment, fallen = applied_level(find_agreement(agreement), severity, premier=premier)
    due, reasons = _due(commitment, start, customer, country)
    shown: tzinfo = customer or received.tzinfo or UTC
    return Due(
        received=start.astimezone(shown),
        due_by=None if due is None else due.astimezone(shown),
        remaining=None if due is None else due - present,
        agreement=find_agreement(agreement).name,
        asked=severity,
        applied=commitment.severity,
        remarks=(*oddities, *fallen, *reasons),
        source=f"{commitment.source}, line {commitment.line}",
    )


def applied_level(
    agreement: Agreement, severity: str, *, premier: bool = False
) -> tuple[Commitment, tuple[Sentence, ...]]:
    """The commitment whose time counts for a severity, and why where it is of another level.

    Raises
    ------
    InputError
        If the severity is no level, or the agreement has neither it nor one that it can fall to.
    """
    if severity not in LEVELS:
        raise InputError(f"severity must be A, B or C, got {shorten(severity)}")
    granted = [level for level, row in agreement.commitments.items() if premier or row.requires != "premier"]
    if severity in granted:
        return agreement.commitments[severity], ()
    is_reserved = severity in agreement.levels
    lower = [level for level in granted if level > severity]
    # Only what is graver than all that an agreement has falls: a gap in the middle is a fault of its table.
    if not lower or (not is_reserved and severity > agreement.levels[0]):
        raise InputError(f"agreement {agreement.name!r} has no level {severity}; it has {', '.join(granted) or 'none'}")
    key = "due.premier_only" if is_reserved else "due.no_level"
    return agreement.commitments[lower[0]], (say(key, asked=severity, applied=lower[0]),)


def _due(
    commitment: Commitment, start: datetime, customer: ZoneInfo | None, country: str | None
) -> tuple[datetime | None, tuple[Sentence, ...]]:
    if commitment.amount is None:
        return None, (say("due.no_commitment", applied=commitment.severity),)
    if commitment.unit == "hour" and commitment.around_the_clock:
        return start + timedelta(hours=commitment.amount), (say("due.hours", amount=commitment.amount),)
    calendar = _calendar(commitment, customer, country)
    in_days = commitment.unit == "business_day"
    add = calendar.add_business_days if in_days else calendar.add_hours
    due = add(start, commitment.amount)
    key = "due.business_days" if in_days else "due.service_hours"
    rule = say(key, amount=commitment.amount, hours=commitment.hours, zone=calendar.zone)
    unknown = () if calendar.country or not _follows_customer(commitment) else (say("due.no_country"),)
    return due, (rule, *unknown, *calendar.remarks(start, due))


def _calendar(commitment: Commitment, customer: ZoneInfo | None, country: str | None) -> ServiceCalendar:
    zone = find_zone(commitment.time_zone) if commitment.time_zone else customer
    if zone is None:
        raise InputError(f"level {commitment.severity} counts in the customer's time zone, which is not given")
    closed = commitment.holidays or (country or "" if _follows_customer(commitment) else "")
    return ServiceCalendar(*commitment.span, commitment.weekdays, zone, closed)


def _follows_customer(commitment: Commitment) -> bool:
    """Whether the public holidays of the customer's country are closed."""
    return not commitment.time_zone and not commitment.holidays and commitment.days != "all"
