"""`python -m bench.asking --data FILE`: what does one clarifying question bring, and what a second?

A customer is simulated for every vague row of a labelled table: he knows the true codes of his row and answers what he
is asked with a text of `asking_answers.csv`, drawn with a seed, in the language of the row. Where his code stands under
none of the options shown he answers that none fits, also where it is a parent above them. Of alternatives, a|b, he has
one, drawn anew in each draw.

The figures flatter. The answers were written by the author of the questions; the exponents of the update were chosen on
calibration rows with these very answers, and phrases for 'none of these' were added after reading which were missed. A
writer whose label is `none` for want of information really has something to tell; here he never tells it.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from intentclf.codebooks.loader import NONE, Codebook
from intentclf.errors import InputError, IntentclfError
from intentclf.predict.artifact import load_model
from intentclf.predict.model import VAGUE, Model
from intentclf.records import Query
from intentclf.respond.clarify.clarify import MOST_TURNS, Asked, Belief, believe, codes_of, next_question, update
from intentclf.respond.clarify.clarifying_questions import written_language

__all__ = ["Case", "Outcome", "main", "play", "read_cases", "reply"]

ALL = "all"
_ANSWERS = Path(__file__).with_name("asking_answers.csv")
_ANY = "*"
_KINDS = ("leaf", "parent", NONE)


@dataclass(frozen=True, slots=True)
class Case:
    """A vague row: its id, text, stated language, and for each book the labels that are right."""

    id: str
    text: str
    language: str
    truth: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row in one draw and one book: whether the code was right after 0, 1 and 2 questions.

    Attributes
    ----------
    language, book, kind : str
        Kind of the true label: leaf, parent or none.
    right : tuple of bool, length 3
    asked : tuple of str
        Ids of the questions put.
    """

    language: str
    book: str
    kind: str
    right: tuple[bool, ...]
    asked: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print exact hit rates before asking and after one and two questions."""
    parser = argparse.ArgumentParser(prog="python -m bench.asking", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="table with text, lang, the books and vague")
    parser.add_argument("--model", type=Path, help="model folder; the shipped model by default")
    parser.add_argument("--part", default="", help="'test': only rows that fall into that part of the seed file")
    parser.add_argument("--draws", type=int, default=10, help="how often each customer is simulated")
    parser.add_argument("--rows", type=int, default=0, help="at most so many rows, drawn with the seed; 0 for all")
    parser.add_argument("--answers", choices=("any", "own"), default="any", help="own: none that repeat an option")
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args(arguments)
    try:
        model = load_model(options.model)
        cases = read_cases(options.data, model, part=options.part)
        if options.rows and options.rows < len(cases):
            cases = random.Random(options.seed).sample(cases, options.rows)
        own = options.answers == "own"
        outcomes = [outcome for case in cases for outcome in play(case, model, options.draws, options.seed, own=own)]
    except IntentclfError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.data}: {len(cases)} vague rows, {options.draws} draws of a simulated customer each")
    for line in table(outcomes, list(model.trees), options.draws):
        print(line)
    return 0


def read_cases(path: Path, model: Model, *, part: str = "") -> list[Case]:
    """The rows that are labelled vague (or perhaps vague, 0|1).

    Raises
    ------
    InputError
        If the table lacks the column vague or a book, or no row is vague.
    """
    from intentclf.settings import PrepareSettings
    from intentclf.train.prepare import LabelColumns, alternatives, prepare, read_labelled

    texts = read_labelled(path, LabelColumns())
    missing = [name for name in (VAGUE, *model.trees) if name not in texts.labels]
    if missing:
        raise InputError(f"column {missing[0]!r} is missing", file=path)
    if part:
        texts = prepare(texts, PrepareSettings()).of(part)
    rows = [dict(zip(texts.frame.columns, map(str, row), strict=True)) for row in texts.frame.itertuples(index=False)]
    cases = [
        Case(row["id"], row["text"], row["lang"], {book: alternatives(row[book]) for book in model.trees})
        for row in rows
        if "1" in alternatives(row[VAGUE])
    ]
    if not cases:
        raise InputError("has no vague row", file=path)
    return cases


def play(case: Case, model: Model, draws: int, seed: int, *, own: bool = False) -> list[Outcome]:
    """Ask the simulated customer of a row up to two questions, several times over."""
    start = believe(Query(case.id, case.text, case.language), model)
    first = next_question(start, model)
    outcomes = []
    after: dict[tuple[tuple[str, str], ...], Belief] = {}
    for draw in range(draws):
        chance = random.Random(f"{seed}:{case.id}:{draw}")
        truth = {book: chance.choice(labels) for book, labels in case.truth.items()}
        beliefs, asked, said = [start], first, []
        while asked is not None and len(beliefs) <= MOST_TURNS:
            answer = reply(asked, truth, model.books[asked.question.book], chance, own=own)
            said.append((asked.question.id, answer))
            if tuple(said) not in after:
                after[tuple(said)] = update(beliefs[-1], asked, answer, model)
            beliefs.append(after[tuple(said)])
            asked = next_question(beliefs[-1], model)
        outcomes += _outcomes(case, truth, beliefs, [question for question, _ in said], model)
    return outcomes


def _outcomes(
    case: Case, truth: Mapping[str, str], beliefs: Sequence[Belief], asked: Sequence[str], model: Model
) -> list[Outcome]:
    found = [codes_of(belief, model) for belief in beliefs]
    found += found[-1:] * (1 + MOST_TURNS - len(found))
    return [
        Outcome(
            case.language,
            book,
            _kind(truth[book], model.books[book]),
            tuple(codes[book][0] in case.truth[book] for codes in found),
            tuple(asked),
        )
        for book in model.trees
    ]


def _kind(label: str, book: Codebook) -> str:
    return NONE if label == NONE else "parent" if book.children(label) else "leaf"


def reply(asked: Asked, truth: Mapping[str, str], book: Codebook, chance: random.Random, *, own: bool = False) -> str:
    """What the customer answers: a text for the option that his code stands under, else that none fits.

    Parameters
    ----------
    asked : Asked
    truth : mapping of book to str
        His codes.
    book : Codebook
        Of the question.
    chance : random.Random
    own : bool
        Only texts that share no word of five letters or more with the option.
    """
    label, question = truth[asked.question.book], asked.question
    spoken = written_language(asked.language)
    holding = next((o for o in asked.options if any(book.is_under(label, code) for code in o.codes)), None)
    if holding is None:
        return chance.choice(_answers()[_ANY, NONE, spoken])
    texts = _answers()[question.id, holding.id, spoken]
    if own:
        texts = [text for text in texts if not repeats(text, holding.wording[spoken])]
    return chance.choice(texts)


def repeats(text: str, wording: str) -> bool:
    """Whether an answer shares the beginning of a word of five letters or more with an option.

    Examples
    --------
    >>> repeats("my printer", "Printers and scanners"), repeats("the thing on my desk", "Printers and scanners")
    (True, False)
    """
    return bool(_long_words(text) & _long_words(wording))


def _long_words(text: str) -> set[str]:
    words = "".join(letter if letter.isalnum() else " " for letter in text.casefold().replace("ё", "е")).split()
    return {word[:5] for word in words if len(word) >= 5}


@cache
def _answers() -> Mapping[tuple[str, str, str], Sequence[str]]:
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    with _ANSWERS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["question"], row["option"], row["lang"]].append(row["text"])
    return dict(found)


def table(outcomes: Sequence[Outcome], books: Sequence[str], draws: int) -> list[str]:
    """Lines to print: for each book, by language and by kind of true label, rows and hit rates in percent."""
    lines = [f"{'':32}{'rows':>6}{'not asked':>11}{'after 1':>9}{'after 2':>9}{'gain of 1':>11}{'gain of 2':>11}"]
    for book in books:
        mine = [outcome for outcome in outcomes if outcome.book == book]
        groups: list[tuple[str, Any]] = [(ALL, mine)]
        groups += [(code, [o for o in mine if o.language == code]) for code in sorted({o.language for o in mine})]
        groups += [(f"true label: {kind}", [o for o in mine if o.kind == kind]) for kind in _KINDS]
        lines += [_line(f"{book}, {name}", group, draws) for name, group in groups if group]
    counts: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        if outcome.book == books[0]:
            counts[outcome.asked[0] if outcome.asked else "nothing"] += 1
    asked = sorted(counts.items(), key=lambda item: -item[1])
    lines.append("asked first: " + ", ".join(f"{name} {n / draws:g}" for name, n in asked))
    return lines


def _line(name: str, group: Sequence[Outcome], draws: int) -> str:
    shares = [100 * _mean(outcome.right[turn] for outcome in group) for turn in range(1 + MOST_TURNS)]
    gains = [shares[turn] - shares[0] for turn in (1, 2)]
    rates = f"{shares[0]:>11.1f}{shares[1]:>9.1f}{shares[2]:>9.1f}{gains[0]:>+11.1f}{gains[1]:>+11.1f}"
    return f"{name:32}{len(group) / draws:>6g}{rates}"


def _mean(values: Iterable[bool]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


if __name__ == "__main__":
    sys.exit(main())
