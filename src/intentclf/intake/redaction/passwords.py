"""Is a word a password: enters a match of a form for secrets, leaves the span of the password, or None."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from intentclf.intake.redaction.cues import Cue
from intentclf.intake.redaction.forms import read_rows

__all__ = ["secret_span"]

Span = tuple[int, int]

_FEWEST_SIGNS = 4
_FEWEST_UNTOLD = 6
_LEAST_CLASSES = 3
_BESIDE = 3  # characters, as in 'password: "…"'
_TRAILING = ".,;:)]?"
_DATE = re.compile(r"\d+(?:[:./-]\d+)+")
_SPECIAL = re.compile(r"[^\w\s'./-]")
_SYMBOL = re.compile(r"[!@#$%^&*+=?~_]")
_CLAUSE_END = re.compile(r" *(?:[.,;:!?)\]]|\n|$)")
_SENTENCE_END = re.compile(r"[.!?]\s|\n\s*\n")
_LAST_WORD = re.compile(r"(\w+)\W*$")
_LETTERS = re.compile(r"[^\W\d_]*")
# Licences ('E3-users'), files and hosts ('report2023.xlsx'), paths, settings ('Timeout=30'), errors.
_OTHER_NAME = re.compile(r"[A-Z]\d{1,3}-[^\W\d_]|.*\.[^\W\d_]{2,5}$|.*[\\/]|\w+=\w|(?i:0x|aadsts|kb\d)")
_CLASSES: tuple[Callable[[str], bool], ...] = (
    str.islower,
    str.isupper,
    str.isdigit,
    lambda sign: _SYMBOL.match(sign) is not None,
)


def secret_span(match: re.Match[str], cue: Cue | None) -> Span | None:
    """The secret of a match: tokens and keys are taken as they are, of words only what is written like a password.

    Parameters
    ----------
    match : re.Match
        A group `item`, or `quoted`, is the secret.
    cue : Cue or None
        The word that told it; None where the form itself holds that word.
    """
    groups = match.re.groupindex
    if "quoted" in groups and match.span("quoted") != (-1, -1):
        return match.span("quoted") if _is_phrase(match.group("quoted"), cue) else None
    if "loose" in groups:
        return _loose(match, cue) if cue else None
    if "quoted" not in groups:
        return match.span("item")
    start = match.start("item")
    value = match.group("item").rstrip(_TRAILING)
    end = start + len(value)
    whole = _CLAUSE_END.match(match.string, end) is not None
    before = match.string[match.start() : start].rstrip()
    if _last_word(before) in _words("place"):
        return (start, end) if _is_mixed(value) and not _is_name(value) else None
    marked = before.endswith((":", "=", "-"))
    return (start, end) if _is_password(value, marked=marked, whole=whole) else None


def _is_phrase(phrase: str, cue: Cue | None) -> bool:
    """Whether words in quotation marks are a password, not what a screen or a button says about one."""
    if cue is not None and not cue.behind and cue.gap > _BESIDE:
        return False
    words = [word.strip(" .,!?") for word in phrase.lower().split()]
    if not words or not _words("password").isdisjoint(words):
        return False
    return 2 * sum(word in _words("state") for word in words) < len(words)


def _loose(match: re.Match[str], cue: Cue) -> Span | None:
    """A word somewhere beside one for passwords, where it can hardly be anything else."""
    start = match.start("loose")
    value = match.group("loose").rstrip(_TRAILING)
    if not cue.behind:
        between = match.string[start - cue.gap : start]
        if _SENTENCE_END.search(between) or _last_word(between) in _words("place"):
            return None
    return (start, start + len(value)) if _is_strong(value) else None


def _is_strong(value: str) -> bool:
    classes = sum(any(map(is_of, value)) for is_of in _CLASSES)
    return len(value) >= _FEWEST_UNTOLD and classes >= _LEAST_CLASSES and not _is_name(value)


def _is_name(value: str) -> bool:
    """Whether a word is the name of a product, a licence, a file, a host or an error."""
    letters = _LETTERS.match(value)
    product = letters is not None and letters.group().lower() in _words("product")
    return product or _OTHER_NAME.match(value) is not None


def _is_password(value: str, *, marked: bool, whole: bool) -> bool:
    """Whether a word is a password rather than what is the matter with one: 'wrong', 'verlopen', 'не подходит'."""
    plain = value.strip("!.,").lower()
    if len(value) < _FEWEST_SIGNS or plain in _words("state") or _DATE.fullmatch(value):
        return False
    if _is_mixed(value):
        return True
    return whole if marked else value[0].isupper() and not value.isupper()


def _is_mixed(value: str) -> bool:
    """Whether digits, signs or capitals stand in a word as in no ordinary one."""
    if any(sign.isdigit() for sign in value) or _SPECIAL.search(value[:-1]):
        return True
    return any(sign.isupper() for sign in value[1:]) and not value.isupper()


def _last_word(text: str) -> str:
    found = _LAST_WORD.search(text[-24:])
    return found[1].lower() if found else ""


@cache
def _words(role: str) -> frozenset[str]:
    rows = (row for row in read_rows("secret_words.csv") if row["role"] == role)
    return frozenset(word for row in rows for word in row["words"].split())
