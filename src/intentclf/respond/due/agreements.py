"""What was promised: enters a table of agreements, leaves for each its levels with the time of a first response.

The shipped table is `agreements.csv`, each row with the document and line it stands in; a desk's own is a file of the
same form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Literal, cast

from intentclf.codebooks.loader import EXTRA, read_rows
from intentclf.errors import Fault, FaultsError, InputError, shorten
from intentclf.respond.due.moments import find_zone
from intentclf.respond.due.service_calendar import check_country

__all__ = ["LEVELS", "Agreement", "Commitment", "agreements", "find_agreement", "load_agreements"]

LEVELS = ("A", "B", "C")
"""Severities, the gravest first."""

AROUND_THE_CLOCK = "24x7"

Unit = Literal["hour", "business_day", "none"]

_COLUMNS = (
    ("agreement", "severity", "amount", "unit", "hours", "days", "time_zone", "holidays", "scope")
    + ("source", "line", "remark")
)  # fmt: skip
_UNITS = ("hour", "business_day", "none")
_SCOPES = ("technical", "billing", "any")
_REQUIRES = ("", "premier")
_MOST = 999
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALL_DAYS = "all"


@dataclass(frozen=True, slots=True)
class Commitment:
    """The first response that an agreement promises for one level.

    Attributes
    ----------
    severity : str
        A, B or C.
    amount : int or None
        How many units; None where nothing is promised.
    unit : {'hour', 'business_day', 'none'}
    hours : str
        Service hours, '24x7' or like '09:00-17:00'; the end, at most 24:00, is no longer within them.
    days : str
        'all', or the first and last day of a working week, like 'mon-fri'.
    time_zone : str
        IANA name of the zone that hours and days are counted in; '' for the customer's.
    holidays : str
        ISO 3166 code of the country whose public holidays are closed and whose working weekends are open. '' for none
        or, where the zone is the customer's too and not all days are served, for the customer's country.
    scope : {'technical', 'billing', 'any'}
    requires : {'', 'premier'}
        What a customer must hold for this level.
    source, line, remark : str, int, str
        Document, line in it, and what it leaves to read into it.
    """

    severity: str
    amount: int | None
    unit: Unit
    hours: str
    days: str
    time_zone: str
    holidays: str
    scope: str
    requires: str
    source: str
    line: int
    remark: str

    @property
    def around_the_clock(self) -> bool:
        """Whether hours elapse at any time."""
        return self.hours == AROUND_THE_CLOCK

    @property
    def span(self) -> tuple[timedelta, timedelta]:
        """Opening and closing, counted from midnight."""
        if self.around_the_clock:
            return timedelta(), timedelta(days=1)
        opening, closing = (part.split(":") for part in self.hours.split("-"))
        return _since_midnight(*opening), _since_midnight(*closing)

    @property
    def weekdays(self) -> frozenset[int]:
        """Days of the week that are served, 0 (Monday) to 6."""
        if self.days == _ALL_DAYS:
            return frozenset(range(7))
        first, last = (_WEEKDAYS.index(day) for day in self.days.split("-"))
        return frozenset(range(first, last + 1))


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement: its name and its commitments by level, the gravest first."""

    name: str
    commitments: Mapping[str, Commitment]

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels it has."""
        return tuple(self.commitments)


@cache
def agreements() -> Mapping[str, Agreement]:
    """The shipped agreements by name.

    Examples
    --------
    >>> agreements()["21vianet_billing"].levels
    ('B', 'C')
    """
    return load_agreements(Path(__file__).parent / "agreements.csv")


def find_agreement(agreement: str | Agreement) -> Agreement:
    """An agreement by the name of a shipped one; an agreement that was loaded is given back.

    Raises
    ------
    InputError
        If no shipped agreement has that name.
    """
    if isinstance(agreement, Agreement):
        return agreement
    if agreement not in agreements():
        raise InputError(f"agreement must be one of {', '.join(agreements())}, got {shorten(agreement)}")
    return agreements()[agreement]


def load_agreements(path: str | Path) -> dict[str, Agreement]:
    """Read and check a table of agreements.

    Parameters
    ----------
    path : path
        CSV with the columns agreement, severity, amount, unit, hours, days, time_zone, holidays, scope, source, line,
        remark and, if need be, requires; see `Commitment`.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    path = Path(path)
    rows, _ = read_rows(path, _COLUMNS)
    seen: set[tuple[str, str]] = set()
    faults: list[Fault] = []
    for line, row in rows:
        faults += [Fault(line, message) for message in _row_faults(row, seen)]
        seen.add((row["agreement"], row["severity"]))
    if faults:
        raise FaultsError(path, faults)
    table: dict[str, dict[str, Commitment]] = {}
    for _, row in sorted(rows, key=lambda numbered: numbered[1]["severity"]):
        table.setdefault(row["agreement"], {})[row["severity"]] = _commitment(row)
    names = dict.fromkeys(row["agreement"] for _, row in rows)
    return {name: Agreement(name, table[name]) for name in names}


def _commitment(row: Mapping[str, str]) -> Commitment:
    return Commitment(
        severity=row["severity"],
        amount=int(row["amount"]) if row["amount"] else None,
        unit=cast("Unit", row["unit"]),
        hours=row["hours"],
        days=row["days"],
        time_zone=row["time_zone"],
        holidays=row["holidays"],
        scope=row["scope"],
        requires=row.get("requires", ""),
        source=row["source"],
        line=int(row["line"] or 0),
        remark=row["remark"],
    )


def _since_midnight(hours: str, minutes: str) -> timedelta:
    return timedelta(hours=int(hours), minutes=int(minutes))


def _row_faults(row: Mapping[str, str], seen: set[tuple[str, str]]) -> Iterator[str]:
    if not row["agreement"]:
        yield "agreement is empty"
    elif (row["agreement"], row["severity"]) in seen:
        yield f"level {shorten(row['severity'])} of {shorten(row['agreement'])} stands twice"
    choices = {"severity": LEVELS, "unit": _UNITS, "scope": _SCOPES, "requires": _REQUIRES}
    for column, allowed in choices.items():
        if row.get(column, "") not in allowed:
            named = ", ".join(choice or "empty" for choice in allowed)
            yield f"{column} must be one of {named}, got {shorten(row[column])}"
    yield from _amount_faults(row)
    yield from _calendar_faults(row)
    if row["line"] and not _is_number(row["line"]):
        yield f"line must be a whole number, got {shorten(row['line'])}"
    if row.get(EXTRA):
        yield f"row has more fields than the header (a comma without quotes?): {shorten(row[EXTRA])}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _amount_faults(row: Mapping[str, str]) -> Iterator[str]:
    amount = row["amount"]
    if row["unit"] == "none":
        if amount:
            yield f"amount must be empty where the unit is none, got {shorten(amount)}"
    elif not _is_number(amount) or not 1 <= int(amount) <= _MOST:
        yield f"amount must be a whole number from 1 to {_MOST}, got {shorten(amount)}"


def _calendar_faults(row: Mapping[str, str]) -> Iterator[str]:
    hours, days = row["hours"], row["days"]
    found = _HOURS.fullmatch(hours)
    if hours == AROUND_THE_CLOCK:
        if days != _ALL_DAYS or row["holidays"]:
            yield f"hours {AROUND_THE_CLOCK} needs days 'all' and no holidays, got {shorten(days)}"
    elif not found or not _since_midnight(*found.group(1, 2)) < _since_midnight(*found.group(3, 4)) <= timedelta(
        days=1
    ):
        yield f"hours must be {AROUND_THE_CLOCK} or like 09:00-17:00, the end after the start, got {shorten(hours)}"
    first, _, last = days.partition("-")
    if days != _ALL_DAYS and not (
        first in _WEEKDAYS and last in _WEEKDAYS and _WEEKDAYS.index(first) <= _WEEKDAYS.index(last)
    ):
        yield f"days must be 'all' or like 'mon-fri', got {shorten(days)}"
    yield from _place_faults(row["time_zone"], row["holidays"])


def _place_faults(zone: str, country: str) -> Iterator[str]:
    try:
        if zone:
            find_zone(zone)
    except InputError as error:
        yield str(error)
    try:
        if country:
            check_country(country)
    except InputError as error:
        yield str(error)
