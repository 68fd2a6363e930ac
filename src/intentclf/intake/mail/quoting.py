"""Lines with marks of quoted blocks in, lines quoted with '> ' out."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from intentclf.intake.mail.flowed import QUOTE

__all__ = ["END", "PERHAPS", "QUOTED", "RULE", "SIGNATURE", "mark_quotes", "matches_body"]

QUOTED, PERHAPS, END, SIGNATURE, RULE = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
"""Marks, each once on a line: a quoted block begins, one that may be quoted begins, it ends, a signature, a line."""

_FOLDER = Path(__file__).parent
_RULED = "_" * 32  # as Outlook writes it in plain text
_MARK = re.compile("([\ue000-\ue004])")
_DEEPEST = 100  # levels that are shown
_FIELD = re.compile(r"\*?[^\s:][^:]{0,40}:")
_DATED = re.compile(r"@|\d{1,2}[:.]\d{2}|\b\d{4}\b")
_HEADER_LINES = 8  # between 'Forwarded message' and the message


def mark_quotes(text: str) -> str:
    r"""Turn marks into what a plain text has in their place.

    The line above the quote, 'On Monday Jan wrote:', stays outside also where a program puts it inside.

    Examples
    --------
    >>> mark_quotes("Nee.\n\ue000\n3 mei 2021, 10:12, Jan:\nWerkt het?\n\ue002\n")
    'Nee.\n3 mei 2021, 10:12, Jan:\n> Werkt het?'
    """
    tokens = [token.rstrip() for line in text.split("\n") for token in _tokens(line)]
    following = _following(tokens)
    out: list[str] = []
    above: list[str] = []  # lines of `out` that are not empty, without their quote marks
    levels: list[bool] = []
    depth = 0
    hoisted = False  # whether the next line belongs outside the innermost level
    split = False  # whether a quote was told by the line above it: the blocks that follow are the rest of it
    for place, token in enumerate(tokens):
        if token in (QUOTED, PERHAPS):
            begin = following[place]
            rest = split and not levels and not "".join(above[-1:]).endswith(":") and not _follows_forward(above)
            levels.append(rest or _is_quote(token, above, begin))
            split = split or (levels[-1] and token == PERHAPS)
            depth += levels[-1]
            hoisted = levels[-1] and _is_attribution([begin]) and not _is_attribution(above[-2:])
        elif token == END:
            depth -= levels.pop() if levels else 0
            hoisted = False
        elif token == SIGNATURE:
            if above[-1:] != ["--"] and following[place].rstrip() != "--":
                out.append(_quoted("-- ", depth))
        else:
            content = _RULED if token == RULE else token
            out.append(_quoted(content, depth - (hoisted and bool(content))))
            if content:
                above.append(content.strip())
                hoisted = False
    return _without_gaps(out)


def matches_body(kind: str, text: str) -> bool:
    """Whether a text holds a pattern of `body.csv`, of any language.

    Parameters
    ----------
    kind : {'stub', 'forward'}
    text : str
    """
    return _patterns()[kind].search(text) is not None


def _tokens(line: str) -> list[str]:
    """A line, or its marks and what stands between them: cells of a table share a line."""
    if not _MARK.search(line):
        return [line]
    return [piece for piece in _MARK.split(line) if piece.strip()]


def _following(tokens: Sequence[str]) -> list[str]:
    """For each token the first line behind it that is not empty, '' where a block ends before that."""
    found = ""
    following = []
    for token in reversed(tokens):
        following.append(found)
        if token == END:
            found = ""
        elif token and not _MARK.match(token):
            found = token.strip()
    return following[::-1]


def _is_quote(mark: str, above: Sequence[str], begin: str) -> bool:
    if matches_body("forward", begin[:200]) or _follows_forward(above):
        return False
    # An address and a colon: people indent what they got, too, under 'At 10:12 I saw this:'.
    return mark == QUOTED or any(_is_attribution(lines) and "@" in "".join(lines) for lines in (above[-2:], [begin]))


def _follows_forward(above: Sequence[str]) -> bool:
    """Whether nothing but header lines stands between 'Forwarded message' and here."""
    for line in reversed(above[-_HEADER_LINES:]):
        if matches_body("forward", line[:200]):
            return True
        if not _FIELD.match(line) and not line.endswith(":"):
            return False
    return False


def _is_attribution(lines: Sequence[str]) -> bool:
    """'On Monday 3 May 2021 Jan wrote:': a date, a time or an address, and a colon at the end, in any language."""
    joined = " ".join(line[-300:] for line in lines)
    return joined.endswith(":") and _DATED.search(joined) is not None


def _quoted(content: str, depth: int) -> str:
    if content == "--":
        content = "-- "
    if not content:
        return (QUOTE * min(depth, _DEEPEST)).rstrip()
    return QUOTE * min(depth, _DEEPEST) + content


def _without_gaps(lines: Sequence[str]) -> str:
    """One empty line where there were several, none at the ends of the text and of quoted blocks."""
    kept: list[str] = []
    for place, line in enumerate(lines):
        if not line.strip("> "):
            above = kept[-1] if kept else ""
            below = lines[place + 1] if place + 1 < len(lines) else ""
            if not above.strip("> ") or (line and (_depth(above) < _depth(line) or _depth(below) < _depth(line))):
                continue
        kept.append(line)
    return "\n".join(kept).strip("\n")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip("> "))


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    with (_FOLDER / "body.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        kind: re.compile("|".join(f"(?:{row['pattern']})" for row in rows if row["kind"] == kind), re.IGNORECASE)
        for kind in sorted({row["kind"] for row in rows})
    }
