"""Private data out of a text: enters a text, leaves it with typed placeholders, spans of both, no data.

The forms of `forms.csv` are tried in their order on a view of the text in which written forms are alike and every
placeholder is one sign; that is repeated until nothing more is found, so that redacting twice is redacting once. A
number with a check digit needs the digits right; then a typical form is enough, unless a word ('order', 'ticket')
says that it is something else or, for the weak tests of BSN and the ИНН of ten digits, the letters nearby are of
another country's script.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import cast

from intentclf.errors import InputError, shorten
from intentclf.intake.redaction.folding import fold
from intentclf.intake.redaction.forms import KEEP, sign_of
from intentclf.intake.redaction.records import KINDS, Kind, Piece, Redacted, RedactedItem
from intentclf.intake.redaction.search import Found, find_items
from intentclf.records import Query

__all__ = ["redact", "redact_query"]

_MOMENT = "received"  # of `Query.extra`: a moment may look like a telephone number
_ROUNDS = 20  # two are the rule: one finds, one finds nothing more
_PLACEHOLDER = re.compile(rf"\[({'|'.join(sorted(KINDS))})\]")
# Digits without end and tables of single ones: no number of a person or a card is as long.
_TABLE = re.compile(r"\d{65,}+|(?<![\d.])(?:\d(?!\d)[ \t,;|>./\n-]{1,4}+){40,}+")


@dataclass(frozen=True, slots=True)
class _View:
    """A text as the forms see it.

    Attributes
    ----------
    text : str
    starts, originals : sequence of int
        Where each stretch between placeholders starts, here and in the original.
    """

    text: str
    starts: Sequence[int]
    originals: Sequence[int]

    def original(self, place: int) -> int:
        """The place in the original of a sign that is no placeholder."""
        number = bisect_right(self.starts, place) - 1
        return self.originals[number] + place - self.starts[number]


def redact(text: str, *, kinds: Collection[str] | None = None) -> Redacted:
    """Replace private data by typed placeholders.

    Parameters
    ----------
    text : str
        Any string at all, in any of the four languages or several.
    kinds : collection of str, optional
        Kinds to replace, of `KINDS`; None takes all. What is not chosen stays, but is not taken for another kind.

    Returns
    -------
    Redacted
        Doing it twice is doing it once; outside its items the text is as it was.

    Raises
    ------
    InputError
        If a kind is unknown.

    Examples
    --------
    >>> redact("Bel 06-12345678 of mail jan@example.org, fout 0x80070005").text
    'Bel [PHONE] of mail [EMAIL], fout 0x80070005'
    """
    chosen = _chosen(kinds)
    folded = fold(text)
    blocked: list[Found] = [(*match.span(), match[1]) for match in _PLACEHOLDER.finditer(text)]
    blocked += [(*match.span(), KEEP) for match in _TABLE.finditer(folded)]
    items: list[Found] = []
    for _ in range(_ROUNDS):
        view = _view(folded, sorted([*blocked, *items]))
        found = [(start, end, kind) for start, end, kind in find_items(view.text) if kind in chosen]
        if not found:
            break
        items += [(view.original(start), view.original(end - 1) + 1, kind) for start, end, kind in found]
    return _redacted(text, sorted(items))


def redact_query(query: Query, *, kinds: Collection[str] | None = None) -> Query:
    """A query with its text and the values of `extra` redacted; its id, language, warnings and moment stay.

    Offsets of an answer then point into the redacted text; `redact` gives the way back.

    Examples
    --------
    >>> redact_query(Query("7", "bel 06-12345678", extra={"sender": "jan@example.org"})).extra
    {'sender': '[EMAIL]'}
    """
    told = query.extra.items()
    extra = {name: value if name == _MOMENT else redact(value, kinds=kinds).text for name, value in told}
    return replace(query, text=redact(query.text, kinds=kinds).text, extra=extra)


def _chosen(kinds: Collection[str] | None) -> frozenset[str]:
    if kinds is None:
        return KINDS
    chosen = frozenset([kinds] if isinstance(kinds, str) else kinds)
    if unknown := sorted(chosen - KINDS):
        raise InputError(f"kinds must be of {', '.join(sorted(KINDS))}, got {shorten(unknown[0])}")
    return chosen


def _view(folded: str, blocked: Sequence[Found]) -> _View:
    """The text with one sign for every placeholder, item and table: what is found does not depend on their lengths."""
    parts: list[str] = []
    starts, originals = [0], [0]
    for start, end, kind in blocked:
        parts += folded[originals[-1] : start], sign_of(kind)
        starts.append(starts[-1] + start - originals[-1] + 1)
        originals.append(end)
    parts.append(folded[originals[-1] :])
    return _View("".join(parts), starts, originals)


def _redacted(text: str, found: Sequence[Found]) -> Redacted:
    parts: list[str] = []
    items: list[RedactedItem] = []
    pieces: list[Piece] = []
    place = done = 0  # in the new text, in the original
    for start, end, kind in [*found, (len(text), len(text), "")]:
        if start > done:
            parts.append(text[done:start])
            pieces.append((place, place + start - done, done, start))
            place += start - done
        if kind:
            placeholder = f"[{kind}]"
            parts.append(placeholder)
            behind = place + len(placeholder)
            items.append(RedactedItem(cast(Kind, kind), start, end, place, behind, placeholder))
            pieces.append((place, behind, start, end))
            place = behind
        done = end
    return Redacted("".join(parts), tuple(items), tuple(pieces))
