"""A body in, what the customer wrote this time out.

Enters the laid-out body of a message, leaves its parts as exact spans and the customer's own text: without quoted
history, header blocks, signature, disclaimer. The steps: `history` tells history from own lines,
`closing` what closes those; both read `reply_patterns.csv`, one row for each language and style.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from intentclf.intake.mail.records import Part, PartKind, SplitBody
from intentclf.intake.mail.reply.closing import mark_closing
from intentclf.intake.mail.reply.history import History, find_history
from intentclf.intake.mail.reply.lines import TYPED_MARK, Lines, read_lines, shown, without_mark

__all__ = ["split_body"]

_MOST_LINES = 20_000  # what follows these is taken as one line; nobody reads so far
_HISTORY = frozenset({"quote", "attribution", "header"})


def split_body(body: str, *, subject: str = "") -> SplitBody:
    r"""Take a body apart; when in doubt, words are the customer's own.

    Parameters
    ----------
    body : str
        Laid-out text, quoted blocks of HTML marked with '> ', format=flowed joined, lines ended by one newline.
    subject : str
        Tells a forward ('Fwd:') and a reply ('Re:'); '' where it is not known.

    Returns
    -------
    SplitBody
        Its text keeps the greeting, answers between and below quoted lines, postscripts and hard line breaks; runs of
        empty lines are reduced to one. Splitting the text again changes nothing.

    Examples
    --------
    >>> split = split_body("Werkt niet.\n\nMvg, Piet\n\nOp 3 mei 2025 om 10:12 schreef Jan <jan@example.org>:\n> Beste")
    >>> split.text, split.raised_before
    ('Werkt niet.', True)
    >>> dict(split.earlier[0])
    {'sender': 'Jan <jan@example.org>', 'date': '3 mei 2025 om 10:12'}
    """
    lines = read_lines(body.split("\n", _MOST_LINES))
    history, kinds = _read(lines, subject=subject)
    unmarked = set(history.unmarked)
    kept: list[int] = []
    # What is left may close otherwise than before, a formula above a cut quote: read again until nothing changes.
    while (left := _kept(lines, kinds, unmarked)) != kept:
        kept = left
        pieces = _pieces(lines, kinds, kept, unmarked)
        again = read_lines(pieces)
        more, fewer = _read(again, subject="")
        filled = [place for place in range(len(again)) if again.plain[place]]
        for place, old in zip(filled, kept, strict=True):
            kinds[old] = fewer[place]
            if place in more.unmarked:
                unmarked.add(old)
    text = _joined(_pieces(lines, kinds, kept, unmarked))
    return SplitBody(text, _parts(body, lines, kinds), bool(history.earlier), history.earlier)


def _read(lines: Lines, *, subject: str) -> tuple[History, list[PartKind]]:
    history = find_history(lines, subject=subject)
    kinds = list(history.kinds)
    texts = [lines.bare[k] if k in history.unmarked else line for k, line in enumerate(lines.plain)]
    mark_closing(texts, lines.raw, kinds)
    return history, kinds


def _kept(lines: Lines, kinds: Sequence[PartKind], unmarked: set[int]) -> list[int]:
    """Own lines with content."""
    return [place for place, kind in enumerate(kinds) if kind == "own" and not _is_blank(lines, place, unmarked)]


def _is_blank(lines: Lines, place: int, unmarked: set[int]) -> bool:
    return not (lines.bare[place] if place in unmarked else lines.plain[place])


def _pieces(lines: Lines, kinds: Sequence[PartKind], kept: Sequence[int], unmarked: set[int]) -> list[str]:
    """Own lines; where an empty line or history stood between two, one empty line."""
    pieces: list[str] = []
    last = -1
    for place in kept:
        between = range(last + 1, place)
        if pieces and any(kinds[k] in _HISTORY or _is_blank(lines, k, unmarked) for k in between):
            pieces.append("")
        line = shown(lines.raw[place])
        pieces.append(shown(without_mark(line)) if place in unmarked else line)
        last = place
    return pieces


def _joined(pieces: Sequence[str]) -> str:
    """The text; the blank of format=flowed before a typed '>' goes where the line is no quote without it either."""
    bare = [piece.removeprefix(" ") if piece.startswith(TYPED_MARK) else piece for piece in pieces]
    if bare != pieces:
        lines = read_lines(bare)
        if len(_kept(lines, _read(lines, subject="")[1], set())) < sum(map(bool, lines.plain)):
            return "\n".join(pieces)
    return "\n".join(bare).strip()


def _parts(body: str, lines: Lines, kinds: Sequence[PartKind]) -> tuple[Part, ...]:
    """Runs of lines of one kind, newlines included; an empty line belongs to what stands above it."""
    spread: list[PartKind] = []
    first = lines.filled_from(0)
    current: PartKind = kinds[first] if first < len(lines) else "own"
    for place in range(len(lines)):
        current = kinds[place] if lines.plain[place] else current
        spread.append(current)
    parts: list[Part] = []
    start = place = 0
    for kind, run in groupby(spread):
        count = len(list(run))
        length = sum(len(lines.raw[k]) + 1 for k in range(place, place + count))
        end = min(start + length, len(body))
        if end > start:
            parts.append(Part(kind, start, end, body[start:end]))
        start, place = end, place + count
    return tuple(parts)
