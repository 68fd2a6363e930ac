"""What a route is made of: lines with document and line, a leg for each book, the conflicts between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from intentclf.respond.sentences import Sentence, say

__all__ = ["Conflict", "Leg", "Line", "Route"]

_CONTACT = "contact_reason"
_LOCALES = {"nl": "nl-nl", "nb": "nb-no", "nn": "nb-no", "ru": "ru-ru", "en": "en-us"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a route.

    Attributes
    ----------
    kind : str
        team, address, phone, cause, goes_to, who, collect, step, note or order.
    key : str
        Of its sentence.
    value : str
        Team, address, phone number, cause code, or yes, no, ask for who may open a request; '' for none.
    source, line : str, int
        Document and line.
    """

    kind: str
    key: str
    value: str
    source: str
    line: int

    def text(self, language: str = "en") -> str:
        """What it says; addresses are those of the language (the documents show nl-nl)."""
        return say(self.key, value=self.located(language)).text(language)

    def located(self, language: str = "en") -> str:
        """The value, an address in the form of the language."""
        return self.value.replace("{locale}", _LOCALES.get(language, _LOCALES["en"]))

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values."""
        place = {"source": self.source, "line": self.line}
        return {"kind": self.kind, "text": self.text(language), "value": self.located(language) or None} | place


@dataclass(frozen=True, slots=True)
class Leg:
    """What one book says: its code, the confidence in it (0 to 1, None where not given), its lines in order."""

    book: str
    code: str
    confidence: float | None
    lines: tuple[Line, ...]

    def of(self, *kinds: str) -> tuple[Line, ...]:
        """The lines of some kinds."""
        return tuple(line for line in self.lines if line.kind in kinds)

    @property
    def team(self) -> Line:
        """The team that it belongs to; every route has one."""
        return self.of("team")[0]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two books that point to different teams: the one that comes first, the other, and why."""

    first: Leg
    second: Leg
    why: Line

    def text(self, language: str = "en") -> str:
        """Both, and which comes first and why."""
        both = say(
            "route.two_teams",
            first=self.first.team.text(language),
            first_book=self.first.book,
            second=self.second.team.text(language),
            second_book=self.second.book,
        ).text(language)
        return f"{both[:1].upper()}{both[1:]} {self.why.text(language)}"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a query goes.

    Attributes
    ----------
    writer : str
        csp_partner, partner_customer, administrator, consumer, user or unknown.
    legs : tuple of Leg
        What each book with a code says, the one that counts first; where none has one, that of an agent.
    why_first : Line or None
        Why that book comes first; None for the agent.
    conflicts : tuple of Conflict
    remarks : tuple of Sentence
    """

    writer: str
    legs: tuple[Leg, ...]
    why_first: Line | None
    conflicts: tuple[Conflict, ...]
    remarks: tuple[Sentence, ...]

    @property
    def first(self) -> Leg:
        """What counts."""
        return self.legs[0]

    @property
    def team(self) -> str:
        """Name of the right team."""
        return self.first.team.value

    @property
    def steps(self) -> tuple[Line, ...]:
        """What to do, in order; the contact reason is registered in any case."""
        register = tuple(line for leg in self.legs[1:] if leg.book == _CONTACT for line in leg.of("step"))
        return self.first.of("step") + register

    @property
    def collect(self) -> tuple[Line, ...]:
        """What must be known first."""
        return self.first.of("collect")

    @property
    def addresses(self) -> tuple[Line, ...]:
        """Public addresses and phone numbers."""
        return self.first.of("address", "phone")

    @property
    def causes(self) -> tuple[Line, ...]:
        """Codes that the desk has to choose: the cause code and the contact reason."""
        return self._all("cause")

    @property
    def who(self) -> tuple[Line, ...]:
        """Who may open a request."""
        return self._all("who")

    @property
    def notes(self) -> tuple[Line, ...]:
        """What else is to be known."""
        return self.first.of("note")

    @property
    def may_open(self) -> bool | None:
        """Whether the writer may open a service request; None where that is not told or nobody needs to."""
        told = {line.value for line in self.who}
        return False if "no" in told else True if told == {"yes"} else None

    @property
    def goes_to(self) -> str | None:
        """Whether a case goes to 'microsoft' or stays with the 'partner'; None where the book of partners is silent."""
        return next((line.value for line in self._all("goes_to")), None)

    def _all(self, kind: str) -> tuple[Line, ...]:
        return tuple(line for leg in self.legs for line in leg.of(kind))

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values, the sentences in a language."""
        kinds = ("steps", "collect", "addresses", "causes", "who", "notes")
        return {
            "writer": self.writer,
            "team": self.first.team.to_dict(language) | {"book": self.first.book, "code": self.first.code},
            "why_first": self.why_first.to_dict(language) if self.why_first else None,
            "goes_to": [line.to_dict(language) for line in self._all("goes_to")],
            "may_open": self.may_open,
            **{kind: [line.to_dict(language) for line in getattr(self, kind)] for kind in kinds},
            "other_teams": [leg.team.to_dict(language) | {"book": leg.book, "code": leg.code} for leg in self.legs[1:]],
            "conflicts": [conflict.text(language) for conflict in self.conflicts],
            "remarks": [remark.text(language) for remark in self.remarks],
        }
