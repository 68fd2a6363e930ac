"""Private data in texts that are passed on: enters a text, leaves it with addresses and numbers masked."""

from __future__ import annotations

import re

__all__ = ["mask_private", "private_spans"]

# What has as many digits as a telephone number and is none: dates, versions of programs.
_NO_NUMBER = (
    r"(?!(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))(?!\d))(?!\d{1,3}(?:\.\d{1,5}){3}(?![\d.]))"
)
_BETWEEN = r"[ \u00a0\u2009\u202f().\u2010-\u2013/-]{0,2}"
_MASKS = (
    (re.compile(r"[\w.+%*\u2026-]+@[\w*\u2026-]+(?:\.[\w*\u2026-]+)*"), "[e-mail]"),
    (re.compile(r"[\w.+-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+\.[a-zа-я]{2,}", re.IGNORECASE), "[e-mail]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]{2,4}){3,8}\b"), "[account number]"),
    (re.compile(rf"(?<![\w.,]){_NO_NUMBER}\d(?:[ \u00a0-]?\d){{12,18}}(?!\w)"), "[card number]"),
    (re.compile(rf"(?<![\w.,]){_NO_NUMBER}\(?(?:\+|00)?\d(?:{_BETWEEN}\d){{6,14}}(?!\w)"), "[phone number]"),
)


def private_spans(text: str) -> list[tuple[int, int, str]]:
    """Half-open spans of e-mail addresses, account, card and telephone numbers with their masks, by place.

    A run of seven digits or more counts as a telephone number: an order number masked is a lesser evil than a
    telephone number kept. Dates, versions, amounts and error codes are left.
    """
    found: list[tuple[int, int, str]] = []
    for expression, mask in _MASKS:
        for match in expression.finditer(text):
            if all(match.end() <= start or end <= match.start() for start, end, _ in found):
                found.append((*match.span(), mask))
    return sorted(found)


def mask_private(text: str) -> str:
    """A text with its private data masked.

    Examples
    --------
    >>> mask_private("bel 06-12345678 of mail jan@live.nl, fout 0x80042109 sinds 12-03-2026")
    'bel [phone number] of mail [e-mail], fout 0x80042109 sinds 12-03-2026'
    >>> mask_private("карта 4276 1600 1234 5678")
    'карта [card number]'
    """
    for start, end, mask in reversed(private_spans(text)):
        text = text[:start] + mask + text[end:]
    return text
