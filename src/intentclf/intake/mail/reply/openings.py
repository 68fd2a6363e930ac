"""Where an earlier message begins: markers, header blocks and attribution lines, at any depth of quoting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from intentclf.intake.mail.reply.attribution import Attribution, find_attributions
from intentclf.intake.mail.reply.lines import Lines
from intentclf.intake.mail.reply.patterns import label_of, rows, union

__all__ = ["Opening", "find_openings"]

_LONGEST_LINE = 500
_LONGEST_WRAP = 3
_OUTLOOK_RULE = 20  # underscores that Outlook draws above a header block
_RULE = re.compile(r"[-_=*─—–]{5,}")
_FULL = 60  # columns from which a line may have been wrapped by a program


@dataclass(frozen=True, slots=True)
class Opening:
    """The lines that announce an earlier message.

    Attributes
    ----------
    kind : 'attribution', 'header' or 'reply_line'
    start, end : int
        Half-open range of lines.
    depth : int
        Quote marks in front of its first line.
    sender, date : str
        As written, '' where they do not stand there.
    marker : '', 'original' or 'forwarded'
        Whether a line of its own says what follows.
    attribution : Attribution or None
    labels : tuple of str
        Kinds of the labels of a header block, in order.
    about : str
        Subject that it gives.
    """

    kind: Literal["attribution", "header", "reply_line"]
    start: int
    end: int
    depth: int
    sender: str = ""
    date: str = ""
    marker: str = ""
    attribution: Attribution | None = None
    labels: tuple[str, ...] = ()
    about: str = ""


def find_openings(lines: Lines) -> list[Opening]:
    """All openings of a body in order, none inside another."""
    found: list[Opening] = []
    attributions = {each.start: each for each in find_attributions(lines)}
    place = 0
    while place < len(lines):
        opening = _opening_at(lines, place, attributions)
        if opening:
            found.append(opening)
        place = opening.end if opening else place + 1
    return found


def _opening_at(lines: Lines, place: int, attributions: Mapping[int, Attribution]) -> Opening | None:
    text = lines.bare[place]
    if not text or len(text) > _LONGEST_LINE:
        return None
    if place in attributions:
        return _of_attribution(attributions[place], depth=lines.depth[place])
    if _is_reply_line(text):
        return Opening("reply_line", place, place + 1, lines.depth[place])
    marker = _marker(text)
    if marker:
        return _below_marker(lines, place, marker, attributions)
    if _RULE.fullmatch(text):
        below = _next_bare(lines, place + 1)
        outlook = text.startswith("_" * _OUTLOOK_RULE) and below < len(lines) and label_of(lines.bare[below])
        marked = bool(outlook and outlook[0] == "from")
        if below < len(lines) and (_is_reply_line(lines.bare[below]) or _is_framed_reply_line(lines, below)):
            return Opening("reply_line", place, below + 1, lines.depth[place])
        block = _block(lines, below, attributions, depth=lines.depth[place], marked=marked)
        return replace(block, start=place, marker="original" if marked else "") if block else None
    return _block(lines, place, attributions, depth=lines.depth[place])


def _of_attribution(attribution: Attribution, *, depth: int) -> Opening:
    return Opening(
        "attribution",
        attribution.start,
        attribution.end,
        depth,
        attribution.sender,
        attribution.date,
        attribution=attribution,
    )


def _below_marker(lines: Lines, place: int, marker: str, attributions: Mapping[int, Attribution]) -> Opening:
    """A marker with the header block or the attribution under it; Apple Mail marks the block of a forward as quoted."""
    following = _next_bare(lines, place + 1)
    depth = lines.depth[place]
    if following in attributions and lines.depth[following] == depth:
        below: Opening | None = _of_attribution(attributions[following], depth=depth)
    else:
        inner = lines.depth[following] if following < len(lines) else depth
        below = (
            _block(lines, following, attributions, depth=inner, marked=True) if inner in (depth, depth + 1) else None
        )
    if below is None:
        return Opening("header", place, place + 1, depth, marker=marker)
    return Opening("header", place, below.end, depth, below.sender, below.date, marker)


def _block(
    lines: Lines, start: int, attributions: Mapping[int, Attribution], *, depth: int, marked: bool = False
) -> Opening | None:
    """The header block that begins at a line, in whatever order its labels stand, wrapped lines included."""
    found: dict[str, str] = {}
    place, end, wrapped = start, start, 0
    apart: bool | None = None  # whether empty lines stand between the labels: all of them or none
    while place < len(lines) and lines.depth[place] == depth and wrapped <= _LONGEST_WRAP:
        label = label_of(lines.bare[place])
        if label and (label[0] == "other" or label[0] not in found):
            if found and apart is None:
                apart = not lines.bare[place - 1]
            found.setdefault(*label)
            place, end, wrapped = place + 1, place + 1, 0
        elif label or not found or place in attributions:
            found = {} if label and apart and lines.bare[place - 1] else found  # the next block, without gaps
            break
        elif lines.bare[place]:
            wrapped += not _lists_addresses(lines.bare[place])
            _continue_value(found, lines.bare[place])
            place += 1
        elif apart is not False and place + 1 < len(lines) and label_of(lines.bare[place + 1]):
            place += 1
        else:
            break
    if "to" in found and place in attributions and lines.depth[place] == depth:  # Yandex: to, subject, attribution
        return replace(_of_attribution(attributions[place], depth=depth), start=start)
    traced = any(_trace().match(lines.bare[k]) for k in range(max(start - 1, 0), min(end + 1, len(lines))))
    if not found or (not marked and (traced or not _is_block(found))):
        return None
    end = _with_tail(lines, end, depth=depth)
    date = found.get("sent") or found.get("date") or ""
    sender, about = (found.get(label, "").strip("* ") for label in ("from", "subject"))
    return Opening("header", start, end, depth, sender, date.strip("* "), labels=tuple(found), about=about)


def _continue_value(found: dict[str, str], text: str) -> None:
    last = next(reversed(found))
    if not found[last]:
        found[last] = text


def _is_block(found: Mapping[str, str]) -> bool:
    """'From' alone, or with 'to', is a customer's list; a mail program says when, about what, or gives addresses."""
    if "from" not in found or next(iter(found)) in ("to", "other"):
        return False
    addressed = any("@" in value for value in found.values())
    if "sent" in found:
        return True
    if "date" in found:
        return addressed or "subject" in found
    return addressed and "to" in found and "subject" in found


def _with_tail(lines: Lines, end: int, *, depth: int) -> int:
    """The end of a block whose last value goes on in the next line."""
    for _ in range(2):
        if end >= len(lines) or not lines.bare[end] or lines.depth[end] != depth:
            break
        indented = lines.raw[end][:1] in (" ", "\t") and depth == 0
        wrapped = len(lines.bare[end - 1]) >= _FULL and _next_bare(lines, end + 1) != end + 1
        if not (indented or wrapped):
            break
        end += 1
    return end


def _lists_addresses(text: str) -> bool:
    return "@" in text or text.endswith((";", ","))


def _next_bare(lines: Lines, place: int) -> int:
    """The next line that has content beside quote marks, at most three lines away, else the number of lines."""
    return next((k for k in range(place, min(place + 4, len(lines))) if lines.bare[k]), len(lines))


def _marker(text: str) -> str:
    """What a line such as '-----Original Message-----' announces."""
    for kind in ("original", "forwarded"):
        found = _marker_pattern(kind).match(text)
        # Samsung's header lines may stand behind it.
        if found and (found.end() == len(text) or label_of(text[found.end() :].strip())):
            return kind
    return ""


@cache
def _marker_pattern(kind: str) -> re.Pattern[str]:
    words = union(kind).pattern
    dashed = rf"[-_=*]{{2,60}}\s*(?:{words})(?: (?:{union('marker_from').pattern}))?\s*:?\s*[-_=*]{{2,60}}"
    spoken = rf"|[*_]{{0,2}}(?:{words})\s?:[*_]{{0,2}}$" if kind == "forwarded" else ""
    return re.compile(dashed + spoken, re.IGNORECASE)


def _is_reply_line(text: str) -> bool:
    """'##- Please type your reply above this line -##', or the same words alone on a line."""
    if len(text) > 160:
        return False
    if union("reply_line").fullmatch(text.rstrip(".!:")):
        return True
    decorated = text.startswith(("##", "--", "==", "**", "__", "- -", "—")) and not text[-1].isalnum()
    return decorated and bool(union("line_above").search(text))


def _is_framed_reply_line(lines: Lines, place: int) -> bool:
    """Such words, or more of them, between two drawn lines."""
    text = lines.bare[place]
    framed = place + 1 < len(lines) and _RULE.fullmatch(lines.bare[place + 1]) is not None
    return framed and len(text) <= 160 and union("line_above").search(text) is not None


@cache
def _trace() -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{row.pattern})\s?:" for row in rows("trace")), re.IGNORECASE)
