"""Words that tell what a number is: enters a place in a text, leaves the nearest word of `cues.csv` before or behind.

A word counts less than `reach` characters before the number, as long as no other number of three digits, no sign-in
code and no second item stands between; of a list, 'codes 482913 and 117204', the word before it tells all, and where
there is none the kind of the neighbour does. Behind the number a word counts where a row LINK joins them, '482913 is
my code', or, where nothing stands before, a row APPOSITION: '482913, my code'. Rows come in the order in which they
are tried, so 'error code' before 'code'.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from intentclf.intake.redaction.folding import KEPT, SIGNS, TAKEN, lower_case
from intentclf.intake.redaction.forms import read_rows

__all__ = ["Cue", "Words", "cue_kinds", "cued_stretches", "find_cue", "find_words"]

_JOINTS = ("LINK", "APPOSITION", "LIST")
_NONE = frozenset({"OTHER", "VERSION"})
_FARTHEST = 64
_NUMBER_SIGN = 3  # characters of ' № '
_BEHIND = 64
_AROUND = 256  # reach and the longest number or address
_NUMBER = re.compile(r".*\d{3}", re.DOTALL)
_SIGN = re.compile(TAKEN)
_SIGNS = re.compile(f"({TAKEN})\\1+")
_FILLERS = r"(?:[^\W\d_][\w'-]*+\s{1,2})"
_COVERED = {KEPT, *SIGNS.values()}
_KIND_OF = {sign: kind for kind, sign in SIGNS.items()}


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that tells a kind.

    Attributes
    ----------
    kind : str
        A kind of private data; VERSION or OTHER for numbers that are none.
    strength : str
        'strong', 'weak', of errors 'error', of what brings codes 'receipt', of '#' and the like 'sign'.
    gap : int
        Characters between word and number.
    beside : frozenset of str
        Strengths of all words before the number: 'error' says that a bare 'code' is one of errors, 'receipt' that it
        is one that was sent.
    behind : bool
        The word stands behind the number.
    """

    kind: str
    strength: str
    gap: int
    beside: frozenset[str] = frozenset()
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """All words of a text, in its order: where they start, where they end, numbers of their rows."""

    starts: Sequence[int]
    ends: Sequence[int]
    rows: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The rows of the file as one expression, in which the group's number is the row's; joints with it behind them.

    `quick` is the same for a text in lower case without the groups: most words are none, and it tells that sooner.
    """

    quick: re.Pattern[str]
    expression: re.Pattern[str]
    linked: re.Pattern[str]
    loosely_linked: re.Pattern[str]
    apposed: re.Pattern[str]
    listed: re.Pattern[str]
    list_part: re.Pattern[str]
    rows: tuple[tuple[str, int, str], ...]


def find_words(text: str) -> Words:
    """All words of `cues.csv` in a text, looked for once."""
    lexicon = _lexicon()
    lower = lower_case(text)
    starts: list[int] = []
    ends: list[int] = []
    rows: list[int] = []
    for match in lexicon.quick.finditer(lower):
        exact = lexicon.expression.match(lower, match.start())
        if exact is not None:
            starts.append(match.start())
            ends.append(exact.end())
            rows.append((exact.lastindex or 1) - 1)
    return Words(starts, ends, rows)


def find_cue(text: str, start: int, end: int, words: Words, *, ignored: Collection[str] = ()) -> Cue | None:
    """The word linked to the span from behind, else the nearest before it, else one in apposition; else None.

    Words of the ignored kinds are passed over.
    """
    lexicon = _lexicon()
    none = {*ignored, *_NONE}
    return (
        _behind(lexicon.linked, text, end, none)
        or _before(text, start, words, ignored)
        or _behind(lexicon.linked, text, end, ignored)
        or _behind(lexicon.loosely_linked, text, end, none)
        or _behind(lexicon.apposed, text, end, ignored)
    )


def cue_kinds(words: Words, start: int, end: int) -> frozenset[str]:
    """Kinds of all words in a stretch of a text."""
    rows = words.rows[bisect_left(words.starts, start) : bisect_left(words.starts, end)]
    return frozenset(_lexicon().rows[row][0] for row in rows)


def cued_stretches(text: str, words: Words) -> dict[str, list[tuple[int, int]]]:
    """Of each kind the stretches around its words, and behind its items in a list, in which a number may stand."""
    lexicon = _lexicon()
    places = [(start, lexicon.rows[row][0]) for start, row in zip(words.starts, words.rows, strict=True)]
    places += [(match.start(), _KIND_OF[match.group()[0]]) for match in lexicon.list_part.finditer(text)]
    found: dict[str, list[tuple[int, int]]] = {}
    for place, kind in sorted(places):
        first, last = max(0, place - _AROUND), min(len(text), place + _AROUND)
        stretches = found.setdefault(kind, [])
        if stretches and first <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], last)
        else:
            stretches.append((first, last))
    return found


def _before(text: str, place: int, words: Words, ignored: Collection[str]) -> Cue | None:
    last = bisect_left(words.starts, place)
    numbers = range(bisect_left(words.starts, place - _FARTHEST, 0, last), last)
    tail = _joined(text, max(0, place - _FARTHEST), place)
    listed = _lexicon().listed.search(tail) if _SIGN.search(tail) else None
    if listed:
        tail = tail[: listed.start()]
    room = len(tail) - _first(tail) if numbers else 0
    nearest: Cue | None = None
    beside: set[str] = set()
    for number in numbers:
        kind, reach, strength = _lexicon().rows[words.rows[number]]
        start, end = words.starts[number], words.ends[number]
        if end > place or text[start] in _COVERED:
            continue
        beside.add(strength)
        gap = len(_joined(text, end, place)) - (len(listed.group()) if listed else 0)
        near = nearest is not None and nearest.gap - gap <= _NUMBER_SIGN and strength == "sign"  # 'passport no. # 1'
        if 0 <= gap < reach and gap + end - start <= room and kind not in ignored and not near:
            nearest = Cue(kind, strength, gap)
    if nearest is None and listed and (neighbour := _KIND_OF[listed.group()[0]]) not in ignored:
        return Cue(neighbour, "strong", 0)
    return nearest and replace(nearest, beside=frozenset(beside))


def _joined(text: str, start: int, end: int) -> str:
    """A stretch of a text with every item as one sign."""
    return _SIGNS.sub(r"\1", text[start:end])


def _first(tail: str) -> int:
    """Where a word may start to count: behind a number, a sign-in code and the last but one of other items."""
    number = _NUMBER.match(tail)
    signs = [match.start() for match in _SIGN.finditer(tail)]
    earlier = signs[-2] + 1 if len(signs) > 1 else 0
    return max(number.end() if number else 0, earlier, tail.rfind(SIGNS["MFA_CODE"]) + 1)


def _behind(joint: re.Pattern[str], text: str, place: int, ignored: Collection[str]) -> Cue | None:
    match = joint.match(text, place, place + _BEHIND)
    if match is None:
        return None
    kind, reach, strength = _lexicon().rows[(match.lastindex or 1) - 1]
    gap = match.start(match.lastindex or 0) - place
    return Cue(kind, strength, gap, behind=True) if reach and kind not in ignored else None


@cache
def _lexicon() -> _Lexicon:
    rows = list(read_rows("cues.csv"))
    words = [row for row in rows if row["kind"] not in _JOINTS]
    links, appositions, lists = (_any(row["pattern"] for row in rows if row["kind"] == kind) for kind in _JOINTS)
    # A word that ends in a sign, 'tel.' or '#', needs no boundary behind it.
    inner = "|".join(f"({row['pattern']})" for row in words)
    expression = rf"(?<!\w)(?:{inner})(?:(?!\w)|(?<=\W))"
    own = r"(?!\W{0,3}\d)"  # a word with a number behind it is that number's
    quick = "|".join(row["pattern"] for row in words)
    return _Lexicon(
        re.compile(rf"(?=[^\W\d_]|[#№])(?<!\w)(?:{quick})(?:(?!\w)|(?<=\W))"),
        re.compile(expression, re.IGNORECASE),
        re.compile(f"{links}{_FILLERS}{{0,2}}?{expression}{own}", re.IGNORECASE),
        re.compile(f"{links}{_FILLERS}{{3,4}}?{expression}{own}", re.IGNORECASE),
        re.compile(f"{appositions}{expression}{own}", re.IGNORECASE),
        re.compile(rf"(?:{TAKEN}\s{{0,2}}{lists})+$", re.IGNORECASE),
        re.compile(rf"{TAKEN}\s{{0,2}}{lists}", re.IGNORECASE),
        tuple((row["kind"], int(row["reach"]), row["strength"]) for row in words),
    )


def _any(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(f'(?:{pattern})' for pattern in patterns)})"
