"""Where a query goes: enters a code for each book, severity, extra information, leaves teams, steps and who may ask.

The lines of a route are rows of `routes.csv`, each with the document and line it stands in. A code has the rows of its
own and of the codes above it: what is to be collected, done or noted adds up; of the team, the cause code, the address
and where it goes to, the deepest code that has any is taken. Which book comes first depends on who writes, see
`route_order.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intentclf.codebooks.loader import NONE
from intentclf.errors import InputError, shorten
from intentclf.respond.route.extra import Extra
from intentclf.respond.route.route_records import Conflict, Leg, Line, Route
from intentclf.respond.route.route_table import OrderRow, RouteRow, has_routes, route_order, rows_for
from intentclf.respond.sentences import Sentence, say

__all__ = ["Conflict", "Leg", "Line", "Route", "route", "writer_of"]

_CONTACT_DESK = "contact_desk"
_PARTNERS_BOOK, _WITH_PARTNER = "csp_escalation", frozenset({"csp_partner", "partner_customer"})
_LEVELS = ("A", "B", "C")
UNSURE = 0.5
"""Below this confidence, 0 to 1, an agent confirms the code first."""


def route(
    codes: Mapping[str, str | None],
    severity: str | None = None,
    extra: Extra | None = None,
    confidences: Mapping[str, float] | None = None,
) -> Route:
    """Where a query goes, and what has to be done.

    Parameters
    ----------
    codes : mapping of book to code
        `none` or None where a book says nothing. A book or a code without route is reported in a remark.
    severity : {'A', 'B', 'C'}, optional
    extra : Extra, optional
        Who writes, see `merge_extra`.
    confidences : mapping of book to float, optional
        In the codes, 0 to 1. Below 0.5 in the code that counts, a remark asks an agent to confirm it.

    Raises
    ------
    InputError
        If the severity is no level, or a confidence is not from 0 to 1.

    Examples
    --------
    >>> found = route({"outlook_com": "not_outlook.windows", "service_request": "none"})
    >>> found.team, found.addresses[0].located("nl")
    ('windows', 'https://support.microsoft.com/nl-nl')
    """
    _check(severity, confidences or {})
    facts = _facts(severity, extra or Extra())
    writer, order = facts["writer"], route_order()[facts["writer"]]
    told = {book: code for book, code in codes.items() if code not in (None, NONE)}
    ranks = {row.book: rank for rank, row in enumerate(order)}
    legs = [
        Leg(book, str(code), (confidences or {}).get(book), _lines(book, str(code), facts))
        for book, code in sorted(told.items(), key=lambda item: ranks.get(item[0], len(ranks)))
        if book in ranks and has_routes(book, str(code))
    ]
    lost = tuple(
        say("route.no_route", book=b, code=c) for b, c in told.items() if b not in ranks or not has_routes(b, str(c))
    )
    if not legs:
        return Route(writer, (Leg("any", NONE, None, _lines("any", NONE, facts)),), None, (), lost)
    why = next(Line("order", row.key, "", row.source, row.line) for row in order if row.book == legs[0].book)
    others = [leg for leg in legs[1:] if _differ(legs[0], leg)]
    conflicts = tuple(Conflict(legs[0], other, why) for other in others)
    remarks = lost + _doubts(legs[0], order) + _without_partner(legs, writer, extra or Extra())
    return Route(writer, tuple(legs), why, conflicts, remarks)


def writer_of(extra: Extra) -> str:
    """Who writes, as far as it is told: that decides which book comes first and who may open a request.

    A partner, then a partner's customer, come before an administrator (document 001, line 25: who bought everything
    through a partner turns to that partner, administrator or not).
    """
    if extra.role == "partner":
        return "csp_partner"
    if extra.subscription_through == "partner":
        return "partner_customer"
    if extra.role == "administrator":
        return "administrator"
    if extra.account_type == "personal":
        return "consumer"
    return extra.role or "unknown"


def _facts(severity: str | None, extra: Extra) -> dict[str, str]:
    return {"writer": writer_of(extra), "severity": severity or "", "browser": extra.value("browser") or ""}


def _lines(book: str, code: str, facts: Mapping[str, str]) -> tuple[Line, ...]:
    return tuple(_line(row, code) for row in rows_for(book, code, facts))


def _line(row: RouteRow, code: str) -> Line:
    return Line(row.kind, row.key, row.value.replace("{code}", code), row.source, row.line)


def _differ(first: Leg, other: Leg) -> bool:
    # The desk that took the contact registers its reason whatever the other books say: no conflict with anyone.
    return first.team.value != other.team.value and _CONTACT_DESK not in (first.team.value, other.team.value)


def _doubts(first: Leg, order: tuple[OrderRow, ...]) -> tuple[Sentence, ...]:
    found = []
    if order[0].book != first.book:
        found.append(say("route.next_book", book=order[0].book, next=first.book))
    if first.confidence is not None and first.confidence < UNSURE:
        found.append(say("route.unsure", code=first.code, book=first.book, confidence=round(100 * first.confidence)))
    return tuple(found)


def _without_partner(legs: Sequence[Leg], writer: str, extra: Extra) -> tuple[Sentence, ...]:
    if writer in _WITH_PARTNER or all(leg.book != _PARTNERS_BOOK for leg in legs):
        return ()
    direct = extra.subscription_through == "microsoft"
    return (say("route.bought_directly" if direct else "route.only_with_partner"),)


def _check(severity: str | None, confidences: Mapping[str, float]) -> None:
    if severity is not None and severity not in _LEVELS:
        raise InputError(f"severity must be A, B or C, got {shorten(severity)}")
    for book, confidence in confidences.items():
        if not 0 <= confidence <= 1:
            raise InputError(f"confidence of {book} must be 0 to 1, got {confidence}")
