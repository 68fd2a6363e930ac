"""Own lines between two pieces of history, and what is asked of each: a name, prose, a contact, a person speaking."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from intentclf.intake.mail.records import PartKind
from intentclf.intake.mail.reply.formulas import formula_of
from intentclf.intake.mail.reply.names import is_name, is_personal
from intentclf.intake.mail.reply.patterns import union

__all__ = ["RULE", "Run", "runs_of"]

RULE = re.compile(r"[-_=*─—–]{2,}")
_SENTENCE = 4  # words
_LONGEST_LETTER = 40  # filled lines
_CONTACT = re.compile(
    r"https?://|www\.|\w@\w|\+\d|\d[\d\s().-]{6,}\d|^(?:tel|tlf|тел|mob|fax|e-?mail)\b", re.IGNORECASE
)


class Run:
    """Own lines between two pieces of history.

    Parameters
    ----------
    texts : sequence of str
        Lines as they are read, ends stripped, without the mark of a forwarded body.
    raw : sequence of str
        Lines as they stand.
    kinds : list of PartKind
        Of each line; marked in place.
    start, end : int
        Half-open range of lines.
    """

    def __init__(self, texts: Sequence[str], raw: Sequence[str], kinds: list[PartKind], start: int, end: int) -> None:
        self.texts, self.raw, self.kinds = texts, raw, kinds
        self.filled = [place for place in range(start, end) if texts[place]]
        self.shown = self._shown()

    def _shown(self) -> set[int]:
        """Lines of paragraphs right under a line that ends with a colon: the customer shows them."""
        shown: set[int] = set()
        for above, place in zip(self.filled, self.filled[1:], strict=False):
            if self.texts[above].endswith(":") or (above in shown and place == above + 1):
                shown.add(place)
                if self.texts[above].endswith(":") and union("greeting").match(self.texts[place]):
                    shown |= self._letter_from(place)
        return shown

    def _letter_from(self, start: int) -> set[int]:
        """A letter that is shown, down to the name under its closing; nothing where no prose follows it."""
        begin = bisect_left(self.filled, start)
        below = self.filled[begin : begin + _LONGEST_LETTER]
        for number, place in enumerate(below[1:], start=1):
            formula = formula_of(self.texts[place])
            if formula and formula.formal:
                end = number + 1 + (number + 1 < len(below) and is_name(self.texts[below[number + 1]]))
                return set(below[:end]) if any(self.is_prose(each) for each in below[end:]) else set()
        return set()

    def own(self) -> list[int]:
        """Lines with content that nothing has been said about."""
        return [place for place in self.filled if self.kinds[place] == "own"]

    def speaks(self, place: int) -> bool:
        """Prose under a closing that is the customer's: a question, or in the first person."""
        text = self.texts[place][:600]
        return not self.is_rubbish(place) and len(text.split()) >= _SENTENCE and is_personal(text)

    def is_prose(self, place: int) -> bool:
        """A line that reads like a sentence rather than a name, a function, an address or a telephone number."""
        text = self.texts[place]
        ended = text.endswith((".", "!", "?")) and len(text[:600].split()) >= _SENTENCE
        return (ended and not self.is_rubbish(place)) or self.speaks(place)

    def postscripts(self, own: Sequence[int]) -> set[int]:
        """Lines of postscripts, to the ends of their paragraphs."""
        found: set[int] = set()
        for place in own:
            if place - 1 in found or union("postscript").match(self.texts[place]):
                found.add(place)
        return found

    def is_rubbish(self, place: int) -> bool:
        """A disclaimer, an address, a telephone number."""
        text = self.texts[place][:600].lstrip("*_ ")
        return bool(union("disclaimer").match(text) or _CONTACT.search(text))


def runs_of(texts: Sequence[str], raw: Sequence[str], kinds: list[PartKind]) -> Iterator[Run]:
    """The runs of a body, from the top."""
    start = 0
    while start < len(texts):
        end = start
        while end < len(texts) and kinds[end] == "own":
            end += 1
        if end > start:
            yield Run(texts, raw, kinds, start, end)
        start = end + 1
