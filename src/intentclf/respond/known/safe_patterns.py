"""Regular expressions of a desk: enters a text from a file, leaves a pattern that cannot hang the program.

Python's engine has no time limit, so a pattern is judged before it is used: by its length, by its form (no repeat
within a repeat, no back-reference, no flags), and by its time on texts made from its own letters that grow step by
step, so that even a catastrophic one is found out within a second. What passes keeps within the budget on texts of
`LONGEST_TEXT`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from intentclf.errors import shorten
from intentclf.predict.features import normalize

__all__ = ["LONGEST_PATTERN", "LONGEST_TEXT", "SafePattern", "check_pattern"]

LONGEST_PATTERN = 200
"""Characters of a pattern."""

LONGEST_TEXT = 4_000
"""Code points of a text that patterns are looked for in."""

_BUDGET_SECONDS = 0.01
_SIZES = (12, 16, 20, 24, 28, 64, 512, LONGEST_TEXT)
_MOST_LETTERS = 6
_SHORTEST_ANCHOR = 3
_TOKEN = re.compile(
    r"\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^)]|\{\d*,?\d*\}[?+]?|[*+?][?+]?|.", re.DOTALL
)
_REPEAT = re.compile(r"[*+]|\{")
_PLAIN_ESCAPE = re.compile(r"\\[^\w\s]")


@dataclass(frozen=True, slots=True)
class SafePattern:
    """A pattern that was checked.

    Attributes
    ----------
    expression : re.Pattern of str
        For texts as `features.normalize` leaves them.
    anchors : tuple of str
        One of these stands in every text that it matches; empty where that cannot be told.
    """

    expression: re.Pattern[str]
    anchors: tuple[str, ...]

    def search(self, folded: str) -> tuple[int, int] | None:
        """Where the pattern first stands in a normalised text; None where it does not."""
        if self.anchors and not any(anchor in folded for anchor in self.anchors):
            return None
        found = self.expression.search(folded, 0, LONGEST_TEXT)
        return found.span() if found else None


def check_pattern(text: str) -> SafePattern:
    r"""Check and compile a pattern; letter case is ignored, and 'ё' is 'е'.

    Raises
    ------
    ValueError
        With what is wrong, in words.

    Examples
    --------
    >>> check_pattern(r"kalender.{0,20}(leeg|weg)").search("mijn kalender is leeg")
    (5, 21)
    >>> check_pattern(r"(\w+)+$")
    Traceback (most recent call last):
    ValueError: repeats a group that holds a repeat or a choice
    """
    if not text or len(text) > LONGEST_PATTERN:
        raise ValueError(f"must have 1 to {LONGEST_PATTERN} characters, got {len(text)}")
    folded = text.replace("ё", "е").replace("Ё", "Е")
    tokens = _TOKEN.findall(folded)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            expression = re.compile(folded, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        raise ValueError(f"is no regular expression ({error})") from None
    for fault in _form_faults(tokens):
        raise ValueError(fault)
    if expression.search(""):
        raise ValueError("matches an empty text")
    if any(_REPEAT.match(token) for token in tokens):
        _time(expression, tokens)
    return SafePattern(expression, _anchors(tokens))


def _form_faults(tokens: list[str]) -> Iterator[str]:
    repeating = [False]  # for each open group, whether it holds a repeat or a choice
    closed = False  # whether the group that was closed just now does
    for token in tokens:
        if re.match(r"\\\d", token) or token == "(?P" and "(?P=" in "".join(tokens) or token == "(?(":
            yield "refers back to a group"
        elif re.match(r"\(\?[aiLmsux-]", token):
            yield "sets flags"
        if token.startswith("("):
            repeating.append(False)
        elif token == ")" and len(repeating) > 1:
            closed = repeating.pop()
            repeating[-1] |= closed
            continue
        elif _REPEAT.match(token):
            if closed and not re.match(r"\{[01]?,?[01]?\}", token):
                yield "repeats a group that holds a repeat or a choice"
            repeating[-1] = True
        elif token[0] in "|?":
            repeating[-1] = True
        closed = False


def _time(expression: re.Pattern[str], tokens: list[str]) -> None:
    """Search texts of the pattern's own letters, each size in turn."""
    letters = normalize("".join(token[-1] for token in tokens if len(token) == 1 and token not in "^$.|()"))
    alphabet = list(dict.fromkeys(letters))[:_MOST_LETTERS]
    seeds = [*alphabet, letters or "a", "a", "0", " ", "a "]
    for size in _SIZES:
        for seed in seeds:
            probe = (seed * size)[: size - 1] + "\x01"
            # A pause of the machine is no proof; two in a row are.
            if _seconds(expression, probe) > _BUDGET_SECONDS and _seconds(expression, probe) > _BUDGET_SECONDS:
                raise ValueError(f"takes too long on a text such as {shorten(probe, 12)}")


def _seconds(expression: re.Pattern[str], text: str) -> float:
    start = perf_counter()
    expression.search(text)
    return perf_counter() - start


def _anchors(tokens: list[str]) -> tuple[str, ...]:
    """For each choice outside groups its longest run of plain letters; nothing where one has no such run."""
    branches: list[list[str]] = [[""]]
    depth = 0
    for token in [*tokens, ""]:
        runs = branches[-1]
        if token.startswith("("):
            depth += 1
        if depth:
            depth -= token == ")"
            runs.append("")
        elif token == "|":
            branches.append([""])
        elif _REPEAT.match(token) or token.startswith("?"):
            # What is repeated may be missing; after '+' it is there, but more may follow.
            runs[-1] = runs[-1] if token.startswith("+") else runs[-1][:-1]
            runs.append("")
        elif len(token) == 1 and token not in "^$.":
            runs[-1] += normalize(token)
        elif _PLAIN_ESCAPE.fullmatch(token):
            runs[-1] += token[1]
        else:
            runs.append("")
    longest = tuple(max(runs, key=len) for runs in branches)
    return longest if all(len(run) >= _SHORTEST_ANCHOR for run in longest) else ()
