"""Written forms read alike: full-width digits, kinds of spaces and dashes become plain ones, one for one.

Every function here keeps the length of a text, so that a place found in the result is that place in the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from intentclf.intake.redaction.records import KINDS

__all__ = ["KEPT", "SIGNS", "TAKEN", "fold", "lower_case", "read_as_latin"]

KEPT = "\x02"
"""Stands where something is that is no item although it looks like one."""

SIGNS: Mapping[str, str] = {kind: chr(0x0E + number) for number, kind in enumerate(sorted(KINDS))}
"""Of each kind the sign that stands where an item of it was found, of the control characters 0x0E to 0x1B."""

TAKEN = r"[\x0e-\x1b]"
"""Any of these signs, as a pattern."""

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_LINE_ENDS = "\x0b\x0c\x85\u2028\u2029"
_PLAIN: Mapping[str, str] = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_UNSEEN, "\u200b"),
    **dict.fromkeys(_LINE_ENDS, "\n"),
    "\r": " ",
    **dict.fromkeys([KEPT, *SIGNS.values()], "\ufffd"),
    "’": "'",
}
_LOOK_ALIKES = str.maketrans("АВЕЅІЈКМНОРСТУХавеіјкмнорстух", "ABESIJKMHOPCTYXabeijkmhopctyx")


def fold(text: str) -> str:
    """A text of the same length with plain digits, spaces, dashes and line ends.

    Examples
    --------
    >>> fold("+３１\u00a06\u201112")
    '+31 6-12'
    """
    return text.translate(
        {ord(sign): _plain(sign) for sign in set(text) if not " " <= sign <= "~" and sign not in "\t\n"}
    )


def read_as_latin(text: str) -> str:
    """A text of the same length with Cyrillic letters that look like Latin ones read as those."""
    return text if text.isascii() else text.translate(_LOOK_ALIKES)


def lower_case(text: str) -> str:
    """A text of the same length in lower case."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)  # of 'İ' two signs would come


def _plain(sign: str) -> str:
    """The plain sign that one is read as; most are their own."""
    if sign in _PLAIN:
        return _PLAIN[sign]
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if "\uff01" <= sign <= "\uff5e":  # full-width forms of ASCII
        return chr(ord(sign) - 0xFEE0)
    return " " if unicodedata.category(sign) == "Zs" else sign
