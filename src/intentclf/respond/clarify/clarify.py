"""The one question that helps most: enters what is believed of a text, leaves a question, and what its answer changes.

**Choice.** The gain of a question is the expected information of its answer about the codes, once the writer has told
more (`question_gain`), times the weight of its book: outlook_com is settled first. Below a floor nothing is asked;
never more than two questions, none twice. Asking where a calibrated model leaves several codes is conformal
clarification (den Hengst et al., arXiv 2403.18973).

**Update.** The probability of a code of the book that was asked about is, up to a constant,

    told * alone ** 0.5 * P(answer | option of the code)

with `alone` what the model says of the answer as a text, and what was believed before in place of `told` where the
customer says that no option fits. The other books were not asked about. The clearer an answer is as a text of its own
(u, from the model's vagueness of it, to the fourth power), the more it counts there:

    ((told ** 0.3 * alone) ** v * joined ** (1 - v)) ** u * (before * alone ** 0.2) ** (1 - u)

with `joined` what the model says of both texts as one and v how vague the first was. Exponents were chosen on seed
texts: vague rows with answers of `bench/asking_answers.csv`, vague rows paired with clear rows of a code below theirs,
clear rows cut in two. For vague rows the product beats the joined text, for halves of a text it is the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.intake import read
from intentclf.predict.calibration import softmax
from intentclf.predict.model import VAGUE, Model
from intentclf.records import Query, Reading
from intentclf.respond.clarify.answer_matching import Match, match_answer, register_of
from intentclf.respond.clarify.clarifying_questions import (
    ClarifyingQuestion,
    Option,
    Register,
    clarifying_questions,
    written_language,
)
from intentclf.respond.clarify.question_gain import channel, gains, likeliest, told
from intentclf.respond.decision import choose_code
from intentclf.respond.sentences import say

__all__ = ["MOST_TURNS", "Asked", "Belief", "believe", "codes_of", "next_question", "update"]

MOST_TURNS = 2

Floats = NDArray[np.float64]

_WEIGHTS = {"outlook_com": 1.0, "contact_reason": 0.5, "service_request": 0.25, "csp_escalation": 0.25}
_LEAST_GAIN = 0.1
_ALONE, _TOLD, _HINT, _CLEARLY = 0.5, 0.3, 0.2, 4  # exponents of the update
_LIKENESS = 4.0  # log-odds of an option whose words mean the same as the answer's
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of a customer's request, before or after an answer.

    Attributes
    ----------
    readings : tuple of Reading
        Of the text and of every answer.
    probabilities : mapping of book to ndarray of shape (n_classes,)
        Calibrated, of the classes of the book's head.
    vague : float
        Probability, 0 to 1, that what was told so far is vague.
    asked : tuple of str
        Ids of the questions that were answered.
    closed : frozenset of str
        Books of which the customer said that none of the options fits.
    """

    readings: tuple[Reading, ...]
    probabilities: Mapping[str, Floats]
    vague: float
    asked: tuple[str, ...] = ()
    closed: frozenset[str] = frozenset()

    @property
    def language(self) -> str:
        """Of the first text."""
        return self.readings[0].language.code


@dataclass(frozen=True)
class Asked:
    """A question as it is put to a customer.

    Attributes
    ----------
    question : ClarifyingQuestion
    options : tuple of Option
        Those that are shown, the likeliest eight at most, in the order of the table.
    language, register : str
    gain : float
        Expected information in bits, times the weight of the book.
    """

    question: ClarifyingQuestion
    options: tuple[Option, ...]
    language: str
    register: Register
    gain: float

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The question, its numbered options with 'none of these' last, and how to answer."""
        spoken = written_language(self.language)
        if self.question.kind == "yes_no":
            return self.question.text(spoken, self.register), say("clarify.how_yes_no").text(spoken)
        shown = [option.wording[spoken] for option in self.options] + [say("clarify.none").text(spoken)]
        numbered = (f"{number}. {wording}" for number, wording in enumerate(shown, 1))
        return self.question.text(spoken, self.register), *numbered, say("clarify.how").text(spoken)

    def to_dict(self) -> dict[str, Any]:
        """The question as plain values."""
        return {
            "question": self.question.id,
            "book": self.question.book,
            "language": written_language(self.language),
            "register": self.register,
            "gain": round(self.gain, 6),
            "options": [{"id": option.id, "codes": list(option.codes)} for option in self.options],
            "lines": list(self.lines),
        }


def believe(query: Query, model: Model) -> Belief:
    """What the model says of a text before anything is asked."""
    reading = read(query)
    likely = _likely([reading.core], model)[0]
    vague = _vagueness(likely, model) if reading.text else 1.0
    return Belief((reading,), {book: likely[book] for book in model.trees}, vague)


def codes_of(belief: Belief, model: Model) -> dict[str, tuple[str | None, float]]:
    """The code of each book with its confidence, as `triage` chooses it; rules count until something was answered."""
    if not any(reading.text for reading in belief.readings):
        return dict.fromkeys(model.trees, (None, 0.0))
    hits = model.matcher.find(belief.readings[0])
    found: dict[str, tuple[str | None, float]] = {}
    for book, tree in model.trees.items():
        head = model.head(book)
        assert head is not None, book
        row = tree.code_probabilities(belief.probabilities[book][None])[0]
        mine = [] if belief.asked else [hit for hit in hits if hit.book == book]
        found[book] = choose_code(head.thresholds, tree, row, mine)[:2]
    return found


def next_question(
    belief: Belief, model: Model, *, questions: Sequence[ClarifyingQuestion] | None = None, least: float = _LEAST_GAIN
) -> Asked | None:
    """The question with the highest expected gain; None after two turns, or where none is worth asking.

    Parameters
    ----------
    belief, model
    questions : sequence of ClarifyingQuestion, optional
        By default the shipped ones.
    least : float
        Gain in bits below which nothing is asked.
    """
    if len(belief.asked) >= MOST_TURNS:
        return None
    offered: list[tuple[float, ClarifyingQuestion]] = []
    every = tuple(clarifying_questions() if questions is None else questions)
    for book, tree in model.trees.items():
        own = tuple(question for question in every if question.book == book)
        if not own:
            continue
        weighed = _WEIGHTS.get(book, 1.0) * gains(own, _told(belief, book, model), tree)
        offered += [(gain, one) for gain, one in zip(weighed.tolist(), own, strict=True) if one.id not in belief.asked]
    gain, best = max(offered, key=lambda each: each[0], default=(-1.0, None))
    if best is None or gain < least:
        return None
    shown = likeliest(best, _told(belief, best.book, model), model.trees[best.book])
    return Asked(best, shown, belief.language, register_of(belief.readings[0].text, belief.language), gain)


def update(before: Belief, question: Asked, answer: str, model: Model) -> Belief:
    """What is believed after an answer in the customer's own words; see the head of this module.

    The answer is free text, a number, 'de tweede', 'нет, другое'; after an empty one the question was asked, no more.
    """
    asked, book = (*before.asked, question.question.id), question.question.book
    reading = read(Query(before.readings[0].query.id, answer, before.language))
    match = match_answer(question.question, question.options, reading.text, before.language)
    closed = before.closed | {book} if match.none else before.closed
    chances = dict(before.probabilities)
    score = _log(chances[book] if match.none else _told(before, book, model)) + _log(_fits(question, match, model))
    if not match.content:
        if len(set(match.likelihood)) > 1:  # 'I do not know' moves nothing
            chances[book] = softmax(score[None])[0]
        return replace(before, readings=(*before.readings, reading), probabilities=chances, asked=asked, closed=closed)
    meant = reading if match.content == reading.text else replace(reading, core=match.content)
    joined = "\n".join(part.core for part in (*before.readings, meant))
    alone, both = _likely([meant.core, joined], model)
    chances[book] = softmax((score + _ALONE * _log(alone[book]))[None])[0]
    for other in model.trees:
        if other != book:
            chances[other] = _overheard(before, other, alone, both[other], model)
    return Belief((*before.readings, meant), chances, _vagueness(both, model), asked, closed)


def _overheard(before: Belief, book: str, alone: Mapping[str, Floats], both: Floats, model: Model) -> Floats:
    """What an answer says of a book that was not asked about."""
    clear = (1.0 - _vagueness(alone, model)) ** _CLEARLY
    says = _log(alone[book])
    new = before.vague * (_TOLD * _log(_told(before, book, model)) + says) + (1.0 - before.vague) * _log(both)
    old = _log(before.probabilities[book]) + _HINT * says
    chances: Floats = softmax((clear * new + (1.0 - clear) * old)[None])[0]
    return chances


def _fits(question: Asked, match: Match, model: Model) -> Floats:
    """Likelihood of the answer under each class; where it is in words, options that mean the like gain."""
    likelihood = np.array(match.likelihood)
    if match.content:
        spoken = written_language(question.language)
        vectors = model.network.vectors.encode([match.content, *(o.wording[spoken] for o in question.options)])
        likely = likelihood[:-1] * np.exp(_LIKENESS * (vectors[1:] @ vectors[0]))
        likelihood[:-1] = likely / likely.sum() * likelihood[:-1].sum()
    fits: Floats = channel(question.question, question.options, model.trees[question.question.book]) @ likelihood
    return fits


def _told(belief: Belief, book: str, model: Model) -> Floats:
    """After 'none of these' the customer has told what he has to tell."""
    chances = belief.probabilities[book]
    return chances if book in belief.closed else told(chances, belief.vague, model.trees[book])


def _likely(texts: Sequence[str], model: Model) -> list[dict[str, Floats]]:
    likely = model.probabilities(model.views(model.read(texts)))
    return [{name: matrix[k] for name, matrix in likely.items()} for k in range(len(texts))]


def _vagueness(likely: Mapping[str, Floats], model: Model) -> float:
    """A model without that head is asked about texts that somebody found vague."""
    head = model.head(VAGUE)
    return float(likely[VAGUE][head.classes.index("1")]) if head else 1.0


def _log(chances: Floats) -> Floats:
    return np.log(np.maximum(chances, _TINY))
