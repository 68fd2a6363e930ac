"""What a question can tell: enters the probabilities of a text's codes, leaves bits and the options worth showing.

Arrays follow the classes of a `CodeTree`. The gain is the mutual information of option and code (Lindley, Ann. Math.
Stat. 1956): how much less is known of the option that will be chosen when the code is not given than when it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from intentclf.codebooks.loader import NONE
from intentclf.predict.calibration import CodeTree
from intentclf.respond.clarify.clarifying_questions import ClarifyingQuestion, Option

__all__ = ["channel", "gains", "information", "likeliest", "told"]

Floats = NDArray[np.float64]

MOST_SHOWN = 8
_UNTOLD = ("outlook_com", "contact_reason")  # books that have a code for whatever customers want: `none` is not told
_STAYS = 0.1  # probability that a writer who is asked has nothing more to tell
_GENERAL = 0.5  # share of a parent that is told of, but not which of its children
_SLIP = 0.05  # probability that another option is chosen than the one that holds the code
_TINY = 1e-9


def told(chances: Floats, vague: float, tree: CodeTree) -> Floats:
    """Probability of each class once the writer has told more, shape (n_classes,).

    A vague text is labelled with a parent or `none` because it does not tell more. In the measure in which it is vague,
    nine tenths of such a class go to the codes below it, of `none` to the top of the book: evenly to the children, of
    which a parent keeps half and passes on half.

    Parameters
    ----------
    chances : ndarray of shape (n_classes,)
    vague : float
        Probability, 0 to 1, that the text is vague.
    tree : CodeTree
    """
    moving = vague * (1.0 - _STAYS)
    moved: Floats = (1.0 - moving) * chances + moving * (chances @ _telling(tree))
    return moved


def channel(question: ClarifyingQuestion, shown: Sequence[Option], tree: CodeTree) -> Floats:
    """Probability of each option and, last, of none of these for each class, shape (n_classes, n_options + 1)."""
    holds = _holds(question, tree)[:, [question.options.index(option) for option in shown]]
    rest = ~holds.any(axis=1, keepdims=True)
    return np.where(np.hstack([holds, rest]), 1.0 - _SLIP, _SLIP / len(shown))


def information(chances: Floats, answers: Floats) -> float:
    """Mutual information of answer and class in bits, 0 or more.

    Parameters
    ----------
    chances : ndarray of shape (n_classes,)
    answers : ndarray of shape (n_classes, n_answers)
        Probability of each answer for each class.

    Examples
    --------
    >>> information(np.array([0.5, 0.5]), np.eye(2)), information(np.array([0.5, 0.5]), np.full((2, 2), 0.5))
    (1.0, 0.0)
    """
    inside = float(chances @ _entropy(answers))
    return max(0.0, float(_entropy((chances @ answers)[None])[0]) - inside)


def likeliest(question: ClarifyingQuestion, chances: Floats, tree: CodeTree) -> tuple[Option, ...]:
    """The options that are likeliest to be chosen, eight at most, in the order of the table."""
    share = chances @ _holds(question, tree)
    order = sorted(range(len(question.options)), key=lambda k: -share[k])[:MOST_SHOWN]
    return tuple(question.options[k] for k in sorted(order))


def gains(questions: tuple[ClarifyingQuestion, ...], chances: Floats, tree: CodeTree) -> Floats:
    """The information of each of many questions about one book, bits, shape (n_questions,).

    Parameters
    ----------
    questions : tuple of ClarifyingQuestion
    chances : ndarray of shape (n_classes,)
    tree : CodeTree
        Of the book.
    """
    short, answers, doubts = _short_questions(questions, tree)
    found = np.empty(len(questions))
    outcomes = (chances @ answers).reshape(len(short), -1)
    found[list(short)] = np.maximum(0.0, _entropy(outcomes) - chances @ doubts)
    for k in set(range(len(questions))).difference(short):
        shown = likeliest(questions[k], chances, tree)
        found[k] = information(chances, channel(questions[k], shown, tree))
    return found


@cache
def _short_questions(
    questions: tuple[ClarifyingQuestion, ...], tree: CodeTree
) -> tuple[tuple[int, ...], Floats, Floats]:
    """Of the questions that show all their options: their places, what is answered, and how unsure that leaves.

    Answers have shape (n_classes, n_short * 9), a block for each question; entropies have shape (n_classes, n_short).
    """
    short = tuple(k for k, question in enumerate(questions) if len(question.options) <= MOST_SHOWN)
    answers = np.zeros((len(tree.classes), len(short), MOST_SHOWN + 1))
    doubts = np.zeros((len(tree.classes), len(short)))
    for place, k in enumerate(short):
        rows = channel(questions[k], questions[k].options, tree)
        answers[:, place, : rows.shape[1]] = rows
        doubts[:, place] = _entropy(rows)
    return short, answers.reshape(len(tree.classes), -1), doubts


@cache
def _telling(tree: CodeTree) -> Floats:
    """Where a class goes when more is told, shape (n_classes, n_classes)."""
    place = {label: k for k, label in enumerate(tree.classes)}
    moves = np.eye(len(place))
    for label, k in place.items():
        if label != NONE or tree.book.name in _UNTOLD:
            below = _below("" if label == NONE else label, tree, place)
            moves[k] = below if below.any() else moves[k]
    return moves


def _below(code: str, tree: CodeTree, place: Mapping[str, int]) -> Floats:
    """One, shared by the classes below a code."""
    share = np.zeros(len(place))
    children = [child for child in tree.book.children(code) if child in tree.codes]
    for child in children:
        deeper = _below(child, tree, place)
        own = (_GENERAL if deeper.any() else 1.0) if child in place else 0.0
        share += (1.0 - own) * deeper / len(children)
        if own:
            share[place[child]] += own / len(children)
    return share


@cache
def _holds(question: ClarifyingQuestion, tree: CodeTree) -> NDArray[np.bool_]:
    """Which classes stand under which options, shape (n_classes, n_options)."""
    book = tree.book
    rows = [
        [any(book.is_under(label, code) for code in option.codes) for option in question.options]
        for label in tree.classes
    ]
    return np.array(rows)


def _entropy(rows: Floats) -> Floats:
    bits: Floats = -(rows * np.log2(np.maximum(rows, _TINY))).sum(axis=1)
    return bits
