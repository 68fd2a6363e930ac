"""What stands around the customer's words without saying anything: banner, closing formula, signature, disclaimer.

A postscript stays, and so does prose in the first person or a question below a closing formula.
"""

from __future__ import annotations

from collections.abc import Sequence

from intentclf.intake.mail.records import PartKind
from intentclf.intake.mail.reply.formulas import Formula, formula_of
from intentclf.intake.mail.reply.names import is_name
from intentclf.intake.mail.reply.notices import mark_banner, mark_devices, mark_disclaimers
from intentclf.intake.mail.reply.patterns import union
from intentclf.intake.mail.reply.run import Run, runs_of

__all__ = ["mark_closing"]

_LONGEST_BELOW = 60  # filled lines under a closing formula, disclaimer included
_WORDS = 4
_LONG = 6  # words


def mark_closing(texts: Sequence[str], raw: Sequence[str], kinds: list[PartKind]) -> None:
    """Mark lines in place, run by run of the customer's own ones.

    Parameters
    ----------
    texts : sequence of str
        Lines as they are read, ends stripped, without the mark of a forwarded body.
    raw : sequence of str
        Lines as they stand.
    kinds : list of PartKind
        Of each line; only those of kind 'own' may change.
    """
    for run in list(runs_of(texts, raw, kinds)):
        mark_banner(run)
        mark_disclaimers(run)
        mark_devices(run)
        _Closer(run).mark()
        mark_disclaimers(run)


class _Closer:
    """Takes the signature and what stands under the closing formula off a run."""

    def __init__(self, run: Run) -> None:
        self.run, self.texts, self.raw, self.kinds, self.shown = run, run.texts, run.raw, run.kinds, run.shown

    def mark(self) -> None:
        self._signature()
        self._closing()

    def _signature(self) -> None:
        """All below the mark of RFC 3676, section 4.3; a postscript stays."""
        own = self.run.own()
        marks = [k for k, place in enumerate(own) if self.texts[place] in ("--", "—") and place not in self.shown]
        if not marks:
            return
        prose = max((k for k in range(marks[0], len(own)) if self.run.is_prose(own[k])), default=-1)
        for number in marks:
            sure = self.raw[own[number]].endswith("-- ")
            if sure or number > prose:
                self.kinds[own[number]] = "signature"
                self._drop(own[number + 1 :], name=False, spare=not sure)
                return

    def _closing(self) -> None:
        """From the topmost formula on that has no prose between it and the next one, all goes.

        Above prose only the formula itself goes, and the name under it.
        """
        own = self.run.own()
        spared = self.run.postscripts(own) | self._signature_of(own)
        best, prose = len(own), False
        shows = any(formula_of(self.texts[place]) for place in self.shown)  # then others may be what it is about
        for number in range(len(own) - 1, -1, -1):
            formula = None if own[number] in self.shown else formula_of(self.texts[own[number]])
            if formula and not (shows and prose) and self._closes(own, number, formula, best=best, prose=prose):
                if formula.formal and (best == len(own) or not prose):
                    best, prose = number, False
                elif not prose:
                    best = number
                else:
                    self._lift(own, number)
            prose = prose or (own[number] not in spared and self.run.is_prose(own[number]))
            if best - number > _LONGEST_BELOW and best == len(own):
                break
        if best < len(own):
            self.kinds[own[best]] = "closing"
            self._drop(own[best + 1 :], name=True, spare=True)

    def _closes(self, own: Sequence[int], number: int, formula: Formula, *, best: int, prose: bool) -> bool:
        """Whether a formula closes; thanks do with a name beside or under them, or right above another formula."""
        on_top = not number or (number == 1 and bool(union("greeting").match(self.texts[own[0]])))
        if on_top and any(self._is_long(place) for place in own[number + 1 : best]):
            return False
        if formula.formal:
            return (number > 0 or not prose) and not self._goes_on(own, number)
        signed = number + 1 < len(own) and (number + 1 == best or is_name(self.texts[own[number + 1]]))
        return (signed and not (prose and on_top)) or (formula.named and not prose)

    def _is_long(self, place: int) -> bool:
        """Words without a full stop, but more of them than a function or a company has."""
        words = self.texts[place][:600].split()
        return len(words) >= _LONG and "|" not in words and not self.run.is_rubbish(place)

    def _goes_on(self, own: Sequence[int], number: int) -> bool:
        """Whether a formula stands within a sentence, which ends below it."""
        below = own[number + 1 : number + 2]
        open_above = number > 0 and self.texts[own[number - 1]][-1].isalnum()
        return open_above and any(self.texts[place][0].islower() and self.run.is_prose(place) for place in below)

    def _signature_of(self, own: Sequence[int]) -> set[int]:
        """The last paragraph if it begins with a name and something under it, as above a slogan."""
        first = len(own) - 1
        while first > 0 and own[first - 1] == own[first] - 1:
            first -= 1
        begin = own[max(first, 0) : max(first, 0) + 2]
        below_formula = len(begin) == 2 and is_name(self.texts[begin[0]]) and not self.run.is_prose(begin[1])
        return set(own[first:]) if below_formula else set()

    def _lift(self, own: Sequence[int], number: int) -> None:
        for place in own[number : number + 2]:
            if place == own[number] or is_name(self.texts[place]):
                self.kinds[place] = "closing"

    def _drop(self, below: Sequence[int], *, name: bool, spare: bool) -> None:
        """Mark what stands under a closing; a paragraph is kept from its postscript or its question on."""
        keeping = opens = False
        for number, place in enumerate(below):
            if not number or place > below[number - 1] + 1:
                keeping, opens = False, spare and self._opens_words(place)
            if union("postscript").match(self.texts[place]) or (opens and self.run.speaks(place)):
                keeping = True
            if not keeping:
                near = name and number == 0 and is_name(self.texts[place])
                self.kinds[place] = "closing" if near else self._kind_below(place)

    def _opens_words(self, place: int) -> bool:
        """Whether the first line of a paragraph may be the customer's rather than of a signature with a slogan."""
        text = self.texts[place]
        return len(text.split()) >= _WORDS and "|" not in text and not is_name(text)

    def _kind_below(self, place: int) -> PartKind:
        return "disclaimer" if union("disclaimer").match(self.texts[place][:400].lstrip("*_ ")) else "signature"
