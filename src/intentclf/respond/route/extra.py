"""Extra information: enters metadata columns or a text, leaves who writes, from where and with what.

Document 000, line 21: look at the tab 'Extra info' before asking, it may hold what matters. The words for values are
`extra_values.csv` (in four languages, several to a cell parted by bars; a row without value names the column itself),
what a text says in passing is found by `extra_phrases.csv`, see `patterns`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from intentclf.errors import InputError, shorten
from intentclf.respond.patterns import Pattern, find_patterns, load_patterns
from intentclf.respond.route.extra_values import FIELDS, load_values, plain_word
from intentclf.respond.sentences import Sentence, say

__all__ = ["FIELDS", "Extra", "Fact", "extra_from_text", "merge_extra", "read_extra"]

Origin = Literal["metadata", "text"]

_FOLDER = Path(__file__).parent
# Of a sentence within quotation marks nothing is the writer's own statement: 'ask your administrator' is a message.
_QUOTED = re.compile('“[^“”]{1,300}”|«[^«»]{1,300}»|„[^„“”]{1,300}[“”]|"[^"]{1,300}"')


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is told.

    Attributes
    ----------
    field : str
        One of `FIELDS`.
    value : str
        Normalised; as written where it is not known.
    written : str
        As it stood.
    origin : {'metadata', 'text'}
    known : bool
        Whether the table has it.
    start, end : int or None
        Half-open span in the text; None for metadata.
    """

    field: str
    value: str
    written: str
    origin: Origin
    known: bool = True
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """What is told beside the query.

    Attributes
    ----------
    facts : tuple of Fact
        At most one for each field.
    further : tuple of (str, str)
        Pairs of columns that are none of the fields.
    remarks : tuple of Sentence
        Values that are not known, and which of two values was taken.
    """

    facts: tuple[Fact, ...] = ()
    further: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Sentence, ...] = ()

    def fact(self, field: str) -> Fact | None:
        """What is told about a field, if anything."""
        return next((fact for fact in self.facts if fact.field == field), None)

    def value(self, field: str) -> str | None:
        """The value of a field where the table has it; None where nothing, or nothing known, is told."""
        fact = self.fact(field)
        return fact.value if fact and fact.known else None

    @property
    def role(self) -> str | None:
        """Role: administrator, user or partner."""
        return self.value("role")

    @property
    def account_type(self) -> str | None:
        """Kind of account: personal or work."""
        return self.value("account_type")

    @property
    def subscription_through(self) -> str | None:
        """Where the subscription was bought: microsoft or partner."""
        return self.value("subscription_through")

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values."""
        fields = {
            fact.field: {
                "value": fact.value,
                "written": fact.written,
                "origin": fact.origin,
                "known": fact.known,
                "span": None if fact.start is None else [fact.start, fact.end],
            }
            for fact in self.facts
        }
        remarks = [remark.text(language) for remark in self.remarks]
        return {"fields": fields, "further": dict(self.further), "remarks": remarks}


def read_extra(mapping: Mapping[str, str | None]) -> Extra:
    """Read metadata columns.

    Parameters
    ----------
    mapping : mapping of column to value
        Columns and values in any of the four languages, capitals or not. Empty values count as not given. A value that
        the table does not have is kept as it stands and reported; a column that it does not have goes to `further`.

    Raises
    ------
    InputError
        If a column or a value is not text, or two columns tell one field different things.

    Examples
    --------
    >>> extra = read_extra({"Rol": "beheerder", "тип аккаунта": "рабочий", "ticket": "17"})
    >>> extra.role, extra.account_type, extra.further
    ('administrator', 'work', (('ticket', '17'),))
    """
    facts: dict[str, Fact] = {}
    further: list[tuple[str, str]] = []
    for column, written in mapping.items():
        if not isinstance(column, str) or not isinstance(written, str | None):
            raise InputError(f"extra information must be pairs of text, got {shorten(column)}: {shorten(written)}")
        if written is None or not written.strip():
            continue
        field = _table().get(("", plain_word(column)))
        if field is None:
            further.append((column, written))
            continue
        value = _table().get((field, plain_word(written)))
        fact = Fact(field, value or written.strip(), written, "metadata", value is not None)
        if field in facts and facts[field].value != fact.value:
            raise InputError(
                f"{field} is given twice: {shorten(facts[field].written)} and, in column {shorten(column)}, "
                f"{shorten(written)}"
            )
        facts.setdefault(field, fact)
    unknown = [fact for fact in facts.values() if not fact.known]
    remarks = tuple(say("extra.unknown_value", field=fact.field, value=fact.written) for fact in unknown)
    return Extra(tuple(facts.values()), tuple(further), remarks)


def extra_from_text(text: str, language: str) -> Extra:
    """What the writer says about themself; nothing within quotation marks counts.

    Parameters
    ----------
    text : str
    language : str
        Code; phrases of this language and those for all are looked for, of all where it is not known.

    Returns
    -------
    Extra
        The first value for each field, with a remark where the text names another one too.

    Examples
    --------
    >>> found = extra_from_text("Als beheerder krijg ik via Edge een lege pagina", "nl")
    >>> found.role, found.value("browser")
    ('administrator', 'edge')
    """
    facts: dict[str, Fact] = {}
    remarks: list[Sentence] = []
    for found in find_patterns(_phrases(), _unquoted(text), language):
        fact = Fact(found.field, found.value, found.text, "text", start=found.start, end=found.end)
        first = facts.setdefault(found.field, fact)
        remark = say("extra.two_in_text", field=found.field, first=first.value, second=fact.value)
        if first.value != fact.value and remark not in remarks:
            remarks.append(remark)
    return Extra(tuple(facts.values()), (), tuple(remarks))


def merge_extra(stated: Extra, told: Extra) -> Extra:
    """Join metadata with what a text says: metadata wins, and a remark says so where they differ.

    Of a value in the metadata that the table does not have, that of the text is taken; the former was reported.

    Parameters
    ----------
    stated, told : Extra
        As `read_extra` and `extra_from_text` give them.
    """
    facts = {fact.field: fact for fact in stated.facts}
    remarks = [*stated.remarks, *told.remarks]
    for fact in told.facts:
        other = facts.get(fact.field)
        if other is None:
            facts[fact.field] = fact
        elif other.value != fact.value:
            key = "extra.metadata_wins" if other.known else "extra.text_taken"
            remarks.append(say(key, field=fact.field, stated=other.value, told=fact.value))
            facts[fact.field] = other if other.known else fact
    lost = tuple(
        (fact.field, fact.written) for fact in stated.facts if not fact.known and facts[fact.field] is not fact
    )
    return replace(stated, facts=tuple(facts.values()), further=stated.further + lost, remarks=tuple(remarks))


def _unquoted(text: str) -> str:
    return _QUOTED.sub(lambda quote: " " * len(quote.group()), text)


@cache
def _phrases() -> tuple[Pattern, ...]:
    return load_patterns(_FOLDER / "extra_phrases.csv", FIELDS)


@cache
def _table() -> Mapping[tuple[str, str], str]:
    return load_values(_FOLDER / "extra_values.csv")
