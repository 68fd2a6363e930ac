"""Which lines of a body are history: quoted lines, what announces them, and what unmarked programs put below.

When in doubt a line is the customer's own: marked lines after a colon, or that look like a console, stay where nothing
says that they are a quote; an attribution without marked lines under it needs the form of a mail program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from intentclf.intake.mail.records import PartKind
from intentclf.intake.mail.reply.evidence import is_of_program
from intentclf.intake.mail.reply.lines import Lines
from intentclf.intake.mail.reply.openings import Opening, find_openings
from intentclf.intake.mail.reply.patterns import union

__all__ = ["History", "find_history"]

_MOST_EARLIER = 100
_ENOUGH_PROOF = 4
_FULL = 65  # columns from which a line may have been wrapped by a program
_MOST_BROKEN_OFF = 3  # words
_WORDS = 3
_TECHNICAL = re.compile(
    r"0x[0-9a-f]{2}|\b[a-z]:\\|\\\\|(?:^|\s)/\w+/|[{}|=;$#\[\]^~]|\w\(|(?:^|\s)--?\w|\d+\.\d+\.\d+|::|\d:\d\d:\d\d"
    r"|\b[A-Z]{2,}[-_]\w|\b\w+_\w+|\.(?:exe|dll|py|sh|ps1|bat|log|sys|json|xml|ini|cfg)\b"
    r"|\berror\b.*\d{3}|^\W*$|^(?:[a-z]:|PS\b|sudo|ping|nslookup|ipconfig|npm|pip|git|curl|telnet|tracert)"
)


@dataclass(frozen=True, slots=True)
class History:
    """What was found.

    Attributes
    ----------
    kinds : list of PartKind
        Of each line: 'own', 'quote', 'attribution' or 'header'.
    unmarked : frozenset of int
        Lines of a forwarded body that its program marked as quoted.
    earlier : tuple of mapping
        Sender and date of each earlier message.
    """

    kinds: list[PartKind]
    unmarked: frozenset[int]
    earlier: tuple[Mapping[str, str], ...]


def find_history(lines: Lines, *, subject: str) -> History:
    """Tell history from what the customer wrote.

    Parameters
    ----------
    lines : Lines
    subject : str
        Says whether the message is a reply or a forward; '' where it is not known.
    """
    return _Reader(lines, subject).read()


class _Reader:
    """One walk over the lines."""

    def __init__(self, lines: Lines, subject: str) -> None:
        self.lines = lines
        self.kinds: list[PartKind] = ["own"] * len(lines)
        self.openings = find_openings(lines)
        self.at = {each.start: each for each in self.openings}
        self.subject = subject
        self.reply, self.forward = _prefix(subject)
        self.attributed = any(each.kind != "reply_line" for each in self.openings)
        self.quoted = False  # a quote was found above
        self.pasted = False  # header lines above were the customer's own
        self.forwarded: int | None = None  # line from which on the body is a forwarded message
        self.header_of_forward: Opening | None = None
        self.unmarked: set[int] = set()

    def read(self) -> History:
        place = 0
        while place < len(self.lines):
            opening = self.at.get(place)
            if opening and opening.depth == 0:
                place = self._open(opening)
            elif self.lines.depth[place] and place not in self.unmarked:
                place = self._judge(place)
            elif _is_end_of_message(self.lines.plain[place]):
                place = self._fill(place, place + 1, "header")
            else:
                place += 1
        return History(self.kinds, frozenset(self.unmarked), self._earlier())

    def _open(self, opening: Opening) -> int:
        if opening.kind == "reply_line":
            return self._fill(opening.start, len(self.lines), "quote")
        if self._is_forward(opening):
            return self._forward(opening)
        if not self._is_history(opening):
            return opening.end
        self._fill(opening.start, opening.end, "attribution" if opening.kind == "attribution" else "header")
        self.quoted = True
        following = self.lines.filled_from(opening.end)
        if following < len(self.lines) and self.lines.depth[following]:
            return self._fill(opening.end, self._end_of_marked(following), "quote")
        return self._fill(opening.end, len(self.lines), "quote")

    def _is_forward(self, opening: Opening) -> bool:
        if self.quoted:
            return False
        if self.forwarded is not None:
            return opening.marker == "forwarded"
        by_subject = self.forward and self._is_announced(opening)
        return opening.marker == "forwarded" or by_subject

    def _forward(self, opening: Opening) -> int:
        """Keep the forwarded body; of one that is marked as a quote the first mark goes."""
        if self.forwarded is None:
            self.forwarded, self.header_of_forward = opening.end, opening
        self._fill(opening.start, opening.end, "header")
        following = self.lines.filled_from(opening.end)
        if following >= len(self.lines) or not self.lines.depth[following]:
            return opening.end
        end = self._end_of_marked(following)
        for place in range(following, end):
            nested = self.at.get(place)
            if nested and nested.depth == 1 and nested.start >= opening.end:
                return self._fill(place, end, "quote")
            if self.lines.depth[place] > 1:
                self.kinds[place] = "quote"
            elif self.lines.depth[place]:
                self.unmarked.add(place)
        return end

    def _is_history(self, opening: Opening) -> bool:
        return self.forwarded is not None and opening.kind == "header" or self._is_announced(opening)

    def _is_announced(self, opening: Opening) -> bool:
        """Whether a mail program, not the customer, says that an earlier message follows."""
        if opening.kind == "attribution":
            return self._is_strong(opening)
        pasted = self.pasted
        self.pasted = not opening.marker and not is_of_program(self.lines, opening, subject=self.subject, pasted=pasted)
        return not self.pasted

    def _is_strong(self, opening: Opening) -> bool:
        """An attribution above marked lines, or one with the whole form of a mail program."""
        attribution = opening.attribution
        if attribution is None:
            return False
        following = self.lines.filled_from(opening.end)
        if following < len(self.lines) and self.lines.depth[following]:
            marked = range(following, self._end_of_marked(following))
            told = attribution.proof or self.reply
            return bool(told) or not self._is_technical(marked) and self._reads_like_a_letter(marked)
        if not (attribution.spoken or attribution.colon):
            return False  # a moment, a name and an address are a list's, too
        apart = int(following > opening.end)
        apart += attribution.addressed and self.lines.filled_before(opening.start) < opening.start - 1
        proof = attribution.proof + apart + self.reply
        return proof >= _ENOUGH_PROOF + (not attribution.colon)

    def _judge(self, start: int) -> int:
        """Decide on marked lines with nothing right above them that announces them."""
        end = self._end_of_marked(start)
        if not self.lines.plain[start].startswith(">") and not self.quoted:
            return end  # initials before the mark, but no attribution above: 'CN> show version'
        opening = self.at.get(next((k for k in range(start, end) if self.lines.bare[k]), start))
        if opening and opening.end < end and self._is_forward(opening):
            return self._forward(opening)
        if self._is_quote(range(start, end)):
            self.quoted = True
            return self._fill(start, end, "quote")
        return end

    def _is_quote(self, block: range) -> bool:
        if any(place in self.at for place in block):
            return True
        leads, technical = self._leads(block.start), self._is_technical(block)
        if self.quoted:
            return not (technical and leads)
        if leads or technical or self._is_within_sentence(block):  # rather something that the customer pasted
            return self.reply and not self.attributed and not technical and not self._is_within_sentence(block)
        if self.reply and not self.attributed:
            return not self._is_adjacent(block) or self._reads_like_a_letter(block)
        return self._reads_like_a_letter(block) and not (block.start and self.lines.plain[block.start - 1])

    def _is_within_sentence(self, block: range) -> bool:
        """Whether the sentence above goes on below: 'The page says', what it says, 'but I had signed in.'"""
        above, below = self.lines.filled_before(block.start), self.lines.filled_from(block.stop)
        if above < 0 or below >= len(self.lines) or self.kinds[above] != "own":
            return False
        said = self.lines.plain[above]
        return said[-1].isalnum() and len(said.split()) >= _WORDS and self.lines.plain[below][0].islower()

    def _is_adjacent(self, block: range) -> bool:
        """Whether unmarked lines stand right above and below, as around the prompts of a console."""
        above, below = block.start - 1, block.stop
        return (
            above >= 0 and bool(self.lines.plain[above]) and below < len(self.lines) and bool(self.lines.plain[below])
        )

    def _leads(self, place: int) -> bool:
        """Whether what stands above ends with a colon: the customer shows something."""
        above = self.lines.filled_before(place)
        return above >= 0 and self.kinds[above] == "own" and self.lines.plain[above].endswith(":")

    def _is_technical(self, block: range) -> bool:
        texts = [self.lines.bare[place] for place in block if self.lines.bare[place]]
        technical = sum(bool(_TECHNICAL.search(text[:200])) for text in texts)
        return not texts or technical > len(texts) / 3

    def _reads_like_a_letter(self, block: range) -> bool:
        texts = [self.lines.bare[place] for place in block if self.lines.bare[place]]
        depths = {self.lines.depth[place] for place in block if self.lines.depth[place]}
        alone = self.lines.filled_before(block.start) < 0 and self.lines.filled_from(block.stop) >= len(self.lines)
        greeted = bool(texts) and bool(union("greeting").match(texts[0]))
        return alone or greeted or depths == {1, 2} or sum(map(_is_prose, texts)) >= len(texts) / 2

    def _end_of_marked(self, start: int) -> int:
        """End of the run of marked lines, empty lines between them included."""
        place = start
        while place < len(self.lines):
            following = self.lines.filled_from(place)
            if following >= len(self.lines) or not (self.lines.depth[following] or self._is_broken_off(following)):
                return place
            place = following + 1
        return place

    def _is_broken_off(self, place: int) -> bool:
        """Whether a line is the end of the marked line above it, which a program wrapped without marking it again."""
        if not 0 < place < len(self.lines) - 1 or not (self.lines.depth[place - 1] and self.lines.depth[place + 1]):
            return False
        above, text = self.lines.plain[place - 1], self.lines.plain[place]
        return (
            len(above) >= _FULL and above[-1].isalnum() and text[0].islower() and len(text.split()) <= _MOST_BROKEN_OFF
        )

    def _fill(self, start: int, end: int, kind: PartKind) -> int:
        self.kinds[start:end] = [kind] * (end - start)
        return end

    def _earlier(self) -> tuple[Mapping[str, str], ...]:
        """Openings in what is history of this conversation; one without a name for a quote without any."""
        last = self.forwarded if self.forwarded is not None else len(self.lines)
        found = [
            {"sender": each.sender, "date": each.date}
            for each in self.openings
            if each.start < last
            and each is not self.header_of_forward
            and each.kind != "reply_line"
            and self.kinds[each.start] != "own"
        ]
        if not found and any(kind != "own" for kind in self.kinds[: self._start_of_forward()]):
            found = [{"sender": "", "date": ""}]
        return tuple(found[:_MOST_EARLIER])

    def _start_of_forward(self) -> int:
        return self.header_of_forward.start if self.header_of_forward else len(self.lines)


def _is_prose(text: str) -> bool:
    words = text.split()
    return len(words) >= 2 and (text.endswith((".", "?", "!", ",")) or (len(words) >= 4 and text[0].isupper()))


def _prefix(subject: str) -> tuple[bool, bool]:
    """Whether a subject is a reply's, and whether it is a forward's; the first prefix counts."""
    found = _subject_prefix().match(subject)
    return (bool(found and found["reply"]), bool(found and found["forward"]))


def _is_end_of_message(text: str) -> bool:
    return text.startswith("--") and len(text) <= 200 and bool(union("message_end").fullmatch(text.strip("-_ ")))


@cache
def _subject_prefix() -> re.Pattern[str]:
    reply, forward = union("subject_reply").pattern, union("subject_forward").pattern
    return re.compile(
        rf"\s*(?:\[[^\[\]]{{0,60}}\]\s*)*(?:(?P<forward>{forward})|(?P<reply>{reply}))\s?(?:[\[(]\d+[\])])?\s?:",
        re.IGNORECASE,
    )
