"""The tables of routes: enters `routes.csv` and `route_order.csv`, leaves the rows that hold for a code and a writer.

A row: book, codes (parted by bars), kind, order, key of a sentence, value, when, source, line, remark. `when` is empty
or conditions joined by '&', each a fact and its values parted by bars ('writer=user|consumer'; 'browser=': not told).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intentclf.codebooks.loader import read_rows
from intentclf.errors import Fault, FaultsError, shorten
from intentclf.respond.patterns import place_faults

__all__ = ["KINDS", "WRITERS", "OrderRow", "RouteRow", "has_routes", "load_routes", "route_order", "rows_for"]

KINDS = ("team", "address", "phone", "cause", "goes_to", "who", "collect", "step", "note")
WRITERS = ("csp_partner", "partner_customer", "administrator", "user", "consumer", "unknown")

_FACTS: Mapping[str, Collection[str] | None] = {"writer": WRITERS, "severity": ("A", "B", "C", ""), "browser": None}
# Of these the deepest code that has any is taken; the others add up from the top.
_DEEPEST = frozenset({"team", "address", "cause", "goes_to"})
_COLUMNS = ("book", "codes", "kind", "order", "key", "value", "when", "source", "line", "remark")
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A row of the table, for one of its codes."""

    book: str
    code: str
    kind: str
    order: int
    key: str
    value: str
    when: str
    source: str
    line: int

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Whether its conditions are met."""
        return all(facts[fact] in values for fact, values in _conditions(self.when))


@dataclass(frozen=True, slots=True)
class OrderRow:
    """Which book comes at a place of the order for a writer, and why."""

    book: str
    key: str
    source: str
    line: int


def has_routes(book: str, code: str) -> bool:
    """Whether the shipped table has a team for a code or one above it."""
    return any(row.kind == "team" for part in _path(code) for row in _shipped().get((book, part), ()))


def rows_for(book: str, code: str, facts: Mapping[str, str]) -> tuple[RouteRow, ...]:
    """The rows of the shipped table that hold for a code, by kind and in their order.

    Parameters
    ----------
    book, code : str
    facts : mapping of str to str
        writer, severity and browser; '' where not told.
    """
    levels = [[row for row in _shipped().get((book, part), ()) if row.holds(facts)] for part in _path(code)]
    chosen: list[RouteRow] = []
    for kind in KINDS:
        found = [[row for row in level if row.kind == kind] for level in levels]
        if kind in _DEEPEST:
            found = [rows for rows in found if rows][-1:]
        chosen += sorted((row for rows in found for row in rows), key=lambda row: row.order)
    return tuple(chosen)


@cache
def route_order() -> Mapping[str, tuple[OrderRow, ...]]:
    """For each writer the books, the one that counts first."""
    path = _FOLDER / "route_order.csv"
    rows, _ = read_rows(path, ("writer", "rank", "book", "key", "source", "line"))
    faults = [Fault(line, message) for line, row in rows for message in place_faults(row)]
    missing = [name for name in WRITERS if name not in {row["writer"] for _, row in rows}]
    faults += [Fault(0, f"writer {shorten(name)} has no order") for name in missing]
    if faults:
        raise FaultsError(path, faults)
    ranked = sorted(rows, key=lambda numbered: int(numbered[1]["rank"]))
    return {
        name: tuple(
            OrderRow(row["book"], row["key"], row["source"], int(row["line"]))
            for _, row in ranked
            if row["writer"] == name
        )
        for name in WRITERS
    }


@cache
def _shipped() -> Mapping[tuple[str, str], tuple[RouteRow, ...]]:
    table: dict[tuple[str, str], tuple[RouteRow, ...]] = {}
    for row in load_routes(_FOLDER / "routes.csv"):
        table[row.book, row.code] = (*table.get((row.book, row.code), ()), row)
    return table


def load_routes(path: str | Path) -> tuple[RouteRow, ...]:
    """Read and check a table of routes, a row for each of the codes of a line.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    path = Path(path)
    rows, _ = read_rows(path, _COLUMNS)
    faults = [Fault(line, message) for line, row in rows for message in _row_faults(row)]
    if faults:
        raise FaultsError(path, faults)
    return tuple(
        RouteRow(
            row["book"],
            code,
            row["kind"],
            int(row["order"]),
            row["key"],
            row["value"],
            row["when"],
            row["source"],
            int(row["line"]),
        )
        for _, row in rows
        for code in row["codes"].split("|")
    )


def _path(code: str) -> tuple[str, ...]:
    parts = code.split(".")
    return tuple(".".join(parts[:depth]) for depth in range(1, len(parts) + 1))


@cache
def _conditions(when: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    told = (part.partition("=") for part in when.split("&") if part.strip())
    return tuple((fact.strip(), tuple(value.strip() for value in values.split("|"))) for fact, _, values in told)


def _row_faults(row: Mapping[str, str]) -> Iterator[str]:
    for column in ("book", "codes", "key", "source", "line"):
        if not row[column]:
            yield f"{column} is empty"
    if row["kind"] not in KINDS:
        yield f"kind must be one of {', '.join(KINDS)}, got {shorten(row['kind'])}"
    if not (row["order"].isascii() and row["order"].isdecimal()):
        yield f"order must be a whole number, got {shorten(row['order'])}"
    for fact, values in _conditions(row["when"]):
        known = _FACTS.get(fact, ())
        if fact not in _FACTS or "=" not in row["when"]:
            yield f"when must name one of {', '.join(_FACTS)} and its values, got {shorten(row['when'])}"
        elif known is not None and not set(values) <= set(known):
            yield f"when gives {fact} a value that it cannot have: {shorten(row['when'])}"
    yield from place_faults(row)
