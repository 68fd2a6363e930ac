"""Numbers that are what they look like: enters digits in a text, leaves where the number of a kind ends, or None."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from intentclf.intake.redaction.checksums import (
    is_bsn,
    is_fodselsnummer,
    is_inn,
    is_snils,
    passes_luhn,
    passes_mod97,
)
from intentclf.intake.redaction.forms import expand, read_rows

__all__ = [
    "CHECKED",
    "checked_end",
    "iban_end",
    "international_end",
    "is_card",
    "is_private_ip",
    "is_rarely_met",
    "local_end",
]

_END = re.compile(expand("<end>"))
_DIGIT = re.compile(r"\d")
_SIGN = re.compile(r"[A-Za-z0-9]")
_GROUP = re.compile(r"\d+")
_COMPACT_PHONE = 8
_LONGEST_CODE = 3
_SHORTEST_PHONE = 7
_FIRM = 10


def is_card(digits: str) -> bool:
    """Prefix and length of a card scheme (`card_prefixes.csv`), and Luhn's test."""
    prefixes = (digits[:size] for size in range(1, 5))
    return passes_luhn(digits) and any(len(digits) in _prefixes().get(prefix, ()) for prefix in prefixes)


CHECKED: Mapping[str, tuple[frozenset[int], Callable[[str], bool]]] = {
    "BSN": (frozenset({8, 9}), is_bsn),
    "CARD": (frozenset(range(12, 20)), is_card),
    "FODSELSNUMMER": (frozenset({11}), is_fodselsnummer),
    "INN": (frozenset({10, 12}), is_inn),
    "SNILS": (frozenset({11}), is_snils),
}
"""Of each kind with a check digit its lengths in digits and the test."""


def checked_end(kind: str, text: str, start: int, end: int, *, announced: bool) -> int | None:
    """Where the longest number of a kind ends that starts at `start` and passes its test.

    Without a word that announced it, it must be all of the digits; behind a card's may stand those of its back.
    """
    lengths, test = CHECKED[kind]
    digits = ""
    ends: list[tuple[str, int]] = []  # a number ends where a group of digits does
    for group in _GROUP.finditer(text, start, end):
        digits += group.group()
        if len(digits) in lengths:
            ends.append((digits, group.end()))
    for number, stop in reversed(ends):
        whole = announced or kind == "CARD" or number == digits
        if whole and _stops(text, start, stop) and test(number):
            return stop
    return None


def is_rarely_met(kind: str, number: str) -> bool:
    """Whether next to no other number passes the test: one of a hundred or fewer, not one of ten."""
    return kind in ("FODSELSNUMMER", "SNILS") or (kind == "INN" and sum(map(str.isdigit, number)) > _FIRM)


def iban_end(text: str, start: int, end: int) -> tuple[int, bool] | None:
    """Where a code of the form of an IBAN ends by its country's length, and whether it passes; None for other form."""
    length = _iban_lengths().get(text[start : start + 2].upper())
    signs = [match.end() for match in _SIGN.finditer(text, start, end)]
    if length is None or length > len(signs) or not _stops(text, start, signs[length - 1]):
        return None
    stop = signs[length - 1]
    return stop, passes_mod97("".join(_SIGN.findall(text, start, stop)).upper())


def international_end(text: str, start: int, end: int) -> int | None:
    """Where a telephone number with a country's code (`country_codes.csv`) ends; the zero of '+31 (0)6' is no digit."""
    places = [match.start() for match in _DIGIT.finditer(text, start, end)]
    if text[places[0] : places[0] + 2] == "00" and text[start] not in "+(":
        places = places[2:]
    digits = "".join(text[place] for place in places)
    known = next((digits[:size] for size in range(_LONGEST_CODE, 0, -1) if digits[:size] in _country_codes()), None)
    if known is None:
        return None
    least, most = _country_codes()[known]
    places = places[len(known) :]
    if places and text[places[0]] == "0":  # '+31 (0)6', and '+31 06' by mistake
        places = places[1:]
    for count in range(min(most, len(places)), least - 1, -1):
        if _stops(text, start, places[count - 1] + 1):
            return places[count - 1] + 1
    return None


def local_end(text: str, start: int, end: int) -> int | None:
    """Where a telephone number in any grouping ends that a word announced.

    A first group of eight digits or more is all of it; so is the first line, where that is long enough.
    """
    first = _GROUP.search(text, start, end)
    if first and len(first.group()) >= _COMPACT_PHONE:
        return first.end()
    line = text.find("\n", start, end)
    if line >= 0 and len(_DIGIT.findall(text, start, line)) >= _SHORTEST_PHONE:
        return max(match.end() for match in _DIGIT.finditer(text, start, line))
    return end if text.count("\n", start, end) <= 1 else None


def is_private_ip(address: str) -> bool:
    """An address of a machine: not a mask, not the machine itself, and no number of a version with leading zeros."""
    try:
        if "." in address and ":" not in address:
            fourth = IPv4Address(address)
            return not (fourth.is_loopback or fourth.is_unspecified or fourth.packed[0] in (0, 255))
        sixth = IPv6Address(address)
    except AddressValueError:
        return False
    # Global unicast, unique local, link local (RFC 4291, RFC 4193), or IPv4 in it; '12::30' is nothing of these.
    return sixth.packed[0] >> 5 == 1 or sixth.packed[0] >> 1 == 0x7E or sixth.is_link_local or bool(sixth.ipv4_mapped)


def _stops(text: str, start: int, end: int) -> bool:
    """Whether a number ends there and not in a longer one, and is broken over two lines at most."""
    return _END.match(text, end) is not None and text.count("\n", start, end) <= 1


@cache
def _prefixes() -> Mapping[str, frozenset[int]]:
    table: dict[str, frozenset[int]] = {}
    for row in read_rows("card_prefixes.csv"):
        lengths = frozenset(map(int, row["lengths"].split()))
        for prefix in range(int(row["first"]), int(row["last"]) + 1):
            table[str(prefix)] = table.get(str(prefix), frozenset()) | lengths
    return table


@cache
def _iban_lengths() -> Mapping[str, int]:
    return {row["country"]: int(row["length"]) for row in read_rows("iban_lengths.csv")}


@cache
def _country_codes() -> Mapping[str, tuple[int, int]]:
    return {row["code"]: (int(row["least"]), int(row["most"])) for row in read_rows("country_codes.csv")}
