"""How much speaks for header lines being put there by a mail program, rather than shown by the customer.

Lists of senders, lines of a log and a lost message typed off have the same labels; a program also gives a moment,
keeps to its order, leaves empty lines around the block and repeats the subject of the conversation.
"""

from __future__ import annotations

import re

from intentclf.intake.mail.reply.lines import Lines
from intentclf.intake.mail.reply.openings import Opening
from intentclf.intake.mail.reply.patterns import union

__all__ = ["is_of_program", "without_prefixes"]

_ENOUGH = 6
_MOMENT = re.compile(r"(?=.*\d[:.h]\d{2}(?!\d)).*(?<!\d)(?:(?:19|20)\d{2}(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2})")
_NAMED = re.compile(r"[\"'«]?[^\W\d_][^@<>\"]*[^\W\d_]")
_LOGGED = re.compile(
    r"\d{1,2}:\d{2}(?::\d{2})?|\d{3}[ -]|\[|<\d+>|[{}<>|\\]|\d{4}-\d{2}-\d{2}|[$#>]|[\w.-]+=|[A-Z]{4,}\b"
)
_ORDERS = (
    ("from", "when", "to", "subject"),  # Outlook, HCL Notes
    ("from", "to", "when", "subject"),  # Exchange, Mail.ru
    ("from", "subject", "when", "to"),  # Apple Mail
    ("from", "when", "subject", "to"),  # Gmail
    ("subject", "when", "from", "to"),  # Thunderbird
    ("when", "from", "to", "subject"),  # mail.com
)
_MOST_PREFIXES = 6
_LONG_ENOUGH = 5  # characters
_TAG = re.compile(r"\[[^\[\]]{0,60}\]\s*")


def is_of_program(lines: Lines, opening: Opening, *, subject: str, pasted: bool = False) -> bool:
    """Whether a header block without any marker was put there by a mail program.

    Parameters
    ----------
    lines : Lines
    opening : Opening
        Of kind 'header'.
    subject : str
        Of the message, '' where it is not known.
    pasted : bool
        Whether the customer showed such lines further up.
    """
    weight = _of_block(opening) + _of_surroundings(lines, opening)
    weight += 3 * _is_same(without_prefixes(opening.about), without_prefixes(subject))
    return weight - 3 * pasted >= _ENOUGH


def _is_same(one: str, other: str) -> bool:
    """Whether two subjects are the same, or one is cut off or has more in front of it."""
    shorter, longer = sorted((one, other), key=len)
    return shorter == longer != "" or (len(shorter) >= _LONG_ENOUGH and shorter in longer)


def without_prefixes(subject: str) -> str:
    """A subject as it is compared: without 'Re:', 'Fwd: RE:' and the like."""
    text = _TAG.sub("", " ".join(subject.lower().split()))
    prefix = re.compile(
        rf"(?:{union('subject_reply').pattern}|{union('subject_forward').pattern})\s?:\s*", re.IGNORECASE
    )
    for _ in range(_MOST_PREFIXES):
        found = prefix.match(text)
        if not found:
            break
        text = text[found.end() :]
    return text


def _of_block(opening: Opening) -> int:
    order = tuple("when" if label in ("sent", "date") else label for label in opening.labels if label != "other")
    known = any(order == tuple(label for label in each if label in order) for each in _ORDERS)
    dated = 2 if _MOMENT.match(opening.date) else -2 * ("when" not in order)
    return dated - 2 * (not known) + bool(_NAMED.match(opening.sender) and "@" not in opening.sender.split("<")[0])


def _of_surroundings(lines: Lines, opening: Opening) -> int:
    """Empty lines around, a salutation below; against it a colon or a line of a log above."""
    weight = 0
    above, below = lines.filled_before(opening.start), lines.filled_from(opening.end)
    if above < opening.start - 1 or above < 0:
        weight += 1
    elif _LOGGED.match(lines.plain[above]):
        weight -= 2
    if above >= 0 and lines.plain[above].endswith(":"):
        weight -= 3
    weight += 1 if below > opening.end or below >= len(lines) else -1
    return weight + (below < len(lines) and _is_salutation(lines.bare[below]))


def _is_salutation(text: str) -> bool:
    return bool(union("greeting").match(text)) or (text.endswith((",", "!")) and len(text.split()) <= 3)
