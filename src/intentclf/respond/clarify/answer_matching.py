"""Which option an answer means: enters what the customer wrote, leaves how likely it is under each option.

The rules, in this order; words and phrases are rows of `answer_phrases.csv`, in the customer's language and English:

1. an option's own wording, or a pointer and nothing else: its number, its letter (also а, б, в), 'de tweede', 'the last
   one'; the number after the last option is 'none of these';
2. 'I do not know' tells nothing;
3. yes and no, where the question asks for them; to a choice, a bare yes tells nothing and a bare no is 'none of these';
4. 'none of these', 'нет, другое': what stands beside it ('no, something else: my printer') is text for the model;
5. else the words that an answer shares with one option and not with the others.

What the words of an answer mean is left to the model: `Match.content` is what it has to read.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intentclf.respond.clarify.clarifying_questions import ClarifyingQuestion, Option, Register, written_language

__all__ = ["Match", "match_answer", "register_of"]

Words = tuple[str, ...]

_WORD = re.compile(r"\w+")
_MARKED = re.compile(r"\W*(\d|[a-iа-и])[).:](?:\s|$)")
_LETTERS = ("abcdefghi", "абвгдежзи")
_SURE = 0.97  # a pointer may still be a slip
_LIKELY = 0.85  # 'no' with a story behind it
_STEM = 5
_SHORTEST = 4
_SHARED_WORD = 3.0  # log-odds of a word that one option alone has
_NONE_UNSAID = 0.3  # who fits no option mostly says so
_NONE_AFTER_NO = 3.0
_LONG_PHRASE = 3
_STORY = 2  # words of four letters or more that say more than a refusal
_LONGEST_LINE = 12


@dataclass(frozen=True, slots=True)
class Match:
    """What an answer says of the options.

    Attributes
    ----------
    likelihood : tuple of float, length n_options + 1
        Of the answer under each option and, last, under none of these; sums to 1.
    content : str
        Text for the model: the answer, or the wording of the option that it points at; '' where it says nothing more.
    none : bool
        Whether it says that none of the options fits.
    """

    likelihood: tuple[float, ...]
    content: str
    none: bool = False


def match_answer(question: ClarifyingQuestion, shown: Sequence[Option], answer: str, language: str) -> Match:
    """Compare an answer with the options that were shown.

    Examples
    --------
    >>> from intentclf.respond.clarify.clarifying_questions import clarifying_questions
    >>> question = clarifying_questions()[0]
    >>> match_answer(question, question.options, "de tweede", "nl").content
    'Inloggen, wachtwoord of code'
    """
    spoken = written_language(language)
    wordings = [option.wording[spoken] for option in shown]
    words, place = _words(answer), _pointed_at(answer, wordings, spoken)
    if place is not None and place <= len(shown):
        return _at(place, wordings, "" if place == len(shown) else wordings[place])
    if not words or place is not None or _is_one_of(words, "unknown", spoken):
        return Match(_even(len(shown)), "")
    if question.kind == "yes_no":
        said = 0 if _starts(words, "yes", spoken) else 1 if _starts(words, "no", spoken) else None
        if said is not None:
            return _at(said, wordings, f"{wordings[said]}. {answer}", _SURE if len(words) == 1 else _LIKELY)
    rest = _without_none(words, spoken)
    if rest is not None:
        told = len([word for word in rest if len(word) >= _SHORTEST]) >= _STORY
        return _at(len(shown), wordings, " ".join(rest) if told else "", _LIKELY if told else _SURE)
    if not _bare(words, "yes", spoken):
        return Match(_even(len(shown)), "")
    if not _bare(words, "no", spoken):
        return _at(len(shown), wordings, "")
    unsaid = _NONE_AFTER_NO if _starts(words, "no", spoken) else _NONE_UNSAID
    return Match(_by_words(words, wordings, unsaid), answer)


def register_of(text: str, language: str) -> Register:
    """How to address a customer: formally unless he says 'je' or 'ты' or writes a careless line of chat.

    Careless is a text of at most twelve words without a capital and without a full stop or question mark at its end.
    Who says 'u' or 'вы' himself is addressed formally all the same.

    Examples
    --------
    >>> register_of("kun je me helpen met mijn mail?", "nl"), register_of("Kunt u mij helpen?", "nl")
    ('informal', 'formal')
    """
    spoken = written_language(language)
    words = _words(text)
    if set(words) & _phrase_words("formal", spoken):
        return "formal"
    if set(words) & _phrase_words("informal", spoken):
        return "informal"
    careless = 0 < len(words) <= _LONGEST_LINE and text == text.lower() and text.rstrip()[-1:] not in (".", "?", "!")
    return "informal" if careless else "formal"


def _at(place: int, wordings: Sequence[str], content: str, sure: float = _SURE) -> Match:
    rest = (1.0 - sure) / len(wordings)
    likelihood = tuple(sure if k == place else rest for k in range(len(wordings) + 1))
    return Match(likelihood, content, none=place == len(wordings))


def _even(number: int) -> tuple[float, ...]:
    return (1.0 / (number + 1),) * (number + 1)


def _pointed_at(answer: str, wordings: Sequence[str], language: str) -> int | None:
    """Place of the option that the answer points at and says nothing else; one too high where there is none."""
    words = _words(answer)
    for k, wording in enumerate(wordings):
        if words and words == _words(wording):
            return k
    marked = _MARKED.match(answer.lower())
    left = [word for word in words if word not in _phrase_words("filler", language)]
    left = [word for word in left if not _is_one_of((word,), "yes", language)] or left
    if marked:  # '2) my mail'
        return _place_of(marked[1], language, len(wordings))
    return _place_of(left[0], language, len(wordings)) if len(left) == 1 else None


def _place_of(word: str, language: str, number: int) -> int | None:
    if word.isascii() and word.isdecimal() and len(word) < _SHORTEST:
        return int(word) - 1 if word != "0" else number
    for letters in _LETTERS:
        if len(word) == 1 and word in letters:
            return letters.index(word)
    if _is_one_of((word,), "last", language):
        return number  # 'none of these' stands last
    ordinals = (k for k in range(9) if _is_one_of((word,), str(k + 1), language))
    return next(ordinals, None)


def _by_words(words: Words, wordings: Sequence[str], unsaid: float) -> tuple[float, ...]:
    """Options that share words with the answer, each word counted by how few options have it."""
    own = {_stem(word) for word in words if len(word) >= _SHORTEST}
    stems = [{_stem(word) for word in _words(wording) if len(word) >= _SHORTEST} for wording in wordings]
    having = {stem: sum(stem in other for other in stems) for stem in own}
    scores = [sum(_SHARED_WORD / having[s] ** 2 for s in own & mine) for mine in stems]
    weights = [math.exp(min(score, 2 * _SHARED_WORD)) for score in scores] + [unsaid]
    return tuple(weight / sum(weights) for weight in weights)


def _stem(word: str) -> str:
    return word[:_STEM]


def _words(text: str) -> Words:
    folded = text.casefold().replace("ё", "е").replace("'", "").replace("’", "")
    return tuple(_WORD.findall(folded))


def _is_one_of(words: Words, kind: str, language: str) -> bool:
    return words in _phrases(kind, language)


def _starts(words: Words, kind: str, language: str) -> bool:
    return any(words[: len(phrase)] == phrase for phrase in _phrases(kind, language))


def _without_none(words: Words, language: str) -> Words | None:
    """What is left of an answer that says that nothing fits; None if it does not say so.

    It says so at its beginning, after 'no' and filler, or anywhere in three words or more: 'other people have it too'
    and 'my phone shows something else' are no refusals.
    """
    light = _phrase_words("filler", language) | {phrase[0] for phrase in _phrases("no", language) if len(phrase) == 1}
    phrases = sorted(_phrases("none", language), key=len, reverse=True)
    rest: list[str] = []
    place, found = 0, False
    while place < len(words):
        phrase = next((p for p in phrases if words[place : place + len(p)] == p), ())
        begins = found or all(word in light for word in words[:place])
        alone = len(phrase) > 1 or place + 1 == len(words)
        if phrase and (len(phrase) >= _LONG_PHRASE or (begins and alone)):
            place, found = place + len(phrase), True
        else:
            rest += [words[place]] if words[place] not in light else []
            place += 1
    return tuple(rest) if found else None


def _bare(words: Words, kind: str, language: str) -> Words:
    """The words of an answer but filler and those of a kind."""
    light = _phrase_words("filler", language) | _phrase_words(kind, language)
    return tuple(word for word in words if word not in light)


def _phrase_words(kind: str, language: str) -> frozenset[str]:
    return frozenset(word for phrase in _phrases(kind, language) for word in phrase)


@cache
def _phrases(kind: str, language: str) -> frozenset[Words]:
    cells = [_table()[kind][spoken] for spoken in {language, "en"}]
    return frozenset(_words(phrase) for cell in cells for phrase in cell.split("|") if phrase)


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    with (Path(__file__).parent / "answer_phrases.csv").open(encoding="utf-8", newline="") as file:
        return {row["kind"]: row for row in csv.DictReader(file)}
