"""Courtesy out, question in: greetings, polite filler and signatures become blanks of the same length.

A polite customer and a curt one must get the same answer. The phrases are rows of `courtesy.csv`, of three kinds:

opening  a salutation at the start of the text, with whom it is addressed to: 'Beste heer De Vries,'. A row that starts
         with another row tells a word of address ('hi team': 'team'); such words and names go with the salutation.
closing  a formula, or the line of a device, at the start of a line or sentence, with the names that end the text.
inner    filler anywhere.

An opening or closing that ends in a comma, 'best,', counts only where a comma or a line's end follows it, or, after an
opening, a name. What is capitalised but an everyday word (`everyday_words.csv`) or a product (`rules/all.csv`) is no
name: 'Hi Xbox team,' keeps its Xbox.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["blank_courtesy"]

Span = tuple[int, int]
Phrase = tuple[str, ...]

_ROUNDS = 12  # one blanked phrase may bring another together; a text that takes more is no letter
_LONGEST_ADDRESS = 4  # words after the salutation
_LONGEST_NAME = 4  # words of a line
_MOST_NAMES = 3  # lines below a formula
_MOST_LINES = 8  # below a formula, telephone and address included
_LONGEST_SIGNATURE = 600
_PARTICLE = 3  # letters of 'van', 'og', 'ICT'
_PIECE = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w")
_SEEN = re.compile(r"\S")
_TELEPHONE = re.compile(r"\d|@|www")
_GLUED_BEFORE = re.compile(r"\w[-/@&=]\Z")
_GLUED_BEHIND = re.compile(r"[-/@&=.'’]\w")
_OWN_SENTENCE = re.compile(r"\s*[.!].*[.!]\s*", re.DOTALL)
_STOPS = frozenset(",!.:;–—")
_WITHIN_ADDRESS = frozenset("/'&()\"«»-")
_SENTENCE_ENDS = frozenset(".!?…;)")
_FOLDED = str.maketrans("ё’", "е'")


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A text cut into words and single signs.

    Attributes
    ----------
    text : str
    words : tuple of str
        In lower case, 'ё' as 'е'.
    spans : tuple of (int, int)
        Where each stands in the text.
    firsts : frozenset of int
        Pieces that start a line; also the number behind the last.
    """

    text: str
    words: Phrase
    spans: tuple[Span, ...]
    firsts: frozenset[int]

    def shown(self, place: int) -> str:
        """A piece as it was typed."""
        start, end = self.spans[place]
        return self.text[start:end]


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The phrases of one kind, by their first word and the longest first; `strict` ones need a comma or a name."""

    starting: Mapping[str, tuple[Phrase, ...]]
    strict: frozenset[Phrase]

    def matches(self, words: Phrase, place: int) -> Iterator[Phrase]:
        """The phrases that stand there, the longest first."""
        for phrase in self.starting.get(words[place], ()):
            if words[place : place + len(phrase)] == phrase:
                yield phrase

    def found(self, words: Phrase) -> Iterator[tuple[int, Phrase]]:
        """The longest phrase at each place where one stands; they may overlap."""
        for place in [place for place, word in enumerate(words) if word in self.starting]:
            for phrase in self.matches(words, place):
                yield place, phrase
                break


def blank_courtesy(text: str) -> str:
    r"""Replace courtesy by blanks.

    Parameters
    ----------
    text : str
        Any string at all, in any of the four languages or several.

    Returns
    -------
    str
        Of the same length and with the same line breaks; the text itself where no word would be left. Doing it twice
        is doing it once.

    Examples
    --------
    >>> blank_courtesy("Hoi, mail weg!\nGroetjes, Sanne")
    '     mail weg!\n               '
    >>> blank_courtesy("Bedankt voor de hulp!")
    'Bedankt voor de hulp!'
    """
    before = text
    for _ in range(_ROUNDS):
        after = _blank_once(before)
        if after == before:
            return after if _WORD.search(after) else text
        before = after
    return text


def _blank_once(text: str) -> str:
    pieces = _cut(text)
    parts: list[str] = []
    done = 0
    for start, end in sorted([*_opening(pieces), *_inner(pieces), *_closing(pieces)]):
        parts += text[done:start], _SEEN.sub(" ", text[max(start, done) : end])
        done = max(done, end)
    return "".join([*parts, text[done:]])


def _cut(text: str) -> _Pieces:
    lower = text.lower().translate(_FOLDED)
    if len(lower) > len(text):  # 'İ' is two characters in lower case
        lower = "".join(letter.lower()[0] for letter in text).translate(_FOLDED)
    found: list[re.Match[str]] = []
    firsts = []
    place = 0
    for line in text.splitlines(keepends=True):
        firsts.append(len(found))
        found += _PIECE.finditer(lower, place, place + len(line))
        place += len(line)
    words = tuple([piece.group() for piece in found])
    return _Pieces(text, words, tuple([piece.span() for piece in found]), frozenset([*firsts, len(found)]))


def _opening(pieces: _Pieces) -> Iterator[Span]:
    """The salutation, or several one after the other: 'Hallo, goedemorgen!'."""
    phrases = _phrases("opening")
    place = _next_word(pieces, 0)
    while place < len(pieces.words):
        matches = phrases.matches(pieces.words, place)
        ends = (_salutation_end(pieces, place + len(phrase), strict=phrase in phrases.strict) for phrase in matches)
        end = next((end for end in ends if end is not None), None)
        if end is None:
            return
        yield pieces.spans[place][0], pieces.spans[end - 1][1]
        place = _next_word(pieces, end)


def _next_word(pieces: _Pieces, place: int) -> int:
    while place < len(pieces.words) and not _WORD.match(pieces.words[place]):
        place += 1
    return place


def _salutation_end(pieces: _Pieces, place: int, *, strict: bool) -> int | None:
    """Where the salutation ends whose phrase ends at `place`; None where a strict one is none: 'Beste prijs?'."""
    if place in pieces.firsts:
        return place
    if pieces.words[place] in _STOPS:
        if strict and pieces.words[place] not in ",!":
            return None
        end = _address_end(pieces, place + 1) if pieces.words[place] == "," else None
        return end if end and _is_vocative(pieces, place + 1, end) else place + 1
    return _address_end(pieces, place) or (None if strict else place)


def _address_end(pieces: _Pieces, start: int) -> int | None:
    """Behind the words of address and names from `start` on, and the sign that ends them; None for other words."""
    count = 0
    place = start
    while place not in pieces.firsts:
        piece = pieces.words[place]
        if _WORD.match(piece):
            count += 1
            if count > _LONGEST_ADDRESS or not (piece in _addressees() or _is_name(pieces.shown(place))):
                return None
        elif _stops(pieces, place):
            return place + 1 if count else None
        elif piece not in _WITHIN_ADDRESS and piece != ".":
            return None
        place += 1
    return place if count else None


def _stops(pieces: _Pieces, place: int) -> bool:
    """Whether a sign ends the words of address; the full stop of 'Mr. Smith' and the hyphen of 'Anne-Marie' do not."""
    piece = pieces.words[place]
    if piece == "-":
        return pieces.spans[place][0] > pieces.spans[place - 1][1]
    if piece == "." and place + 1 not in pieces.firsts:
        before = pieces.words[place - 1]
        return len(before) > 1 and before + "." not in _addressees()
    return piece in _STOPS


def _is_vocative(pieces: _Pieces, start: int, end: int) -> bool:
    """Whether those addressed after a comma are nothing else: 'Hei, Kari!', but not 'Hello, Outlook, Word and …'."""
    if all(word in _addressees() for word in pieces.words[start:end] if _WORD.match(word)):
        return True
    last = pieces.words[end - 1]
    return last in ("!", ".") or (last == "," and end in pieces.firsts)


def _inner(pieces: _Pieces) -> Iterator[Span]:
    """Filler with the comma that it brought along; not 'please@example.org'."""
    behind = 0
    for place, phrase in _phrases("inner").found(pieces.words):
        after = place + len(phrase)
        if place < behind:
            continue
        behind = after
        if _stands_alone(pieces.text, pieces.spans[place][0], pieces.spans[after - 1][1]):
            yield _with_comma(pieces, place, after)


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not _GLUED_BEFORE.search(text[max(0, start - 2) : start]) and not _GLUED_BEHIND.match(text[end : end + 2])


def _with_comma(pieces: _Pieces, place: int, after: int) -> Span:
    start, end = pieces.spans[place][0], pieces.spans[after - 1][1]
    if after not in pieces.firsts and pieces.words[after] == ",":
        return start, pieces.spans[after][1]
    ends = after in pieces.firsts or pieces.words[after] in _SENTENCE_ENDS
    return (pieces.spans[place - 1][0] if ends and place and pieces.words[place - 1] == "," else start), end


def _closing(pieces: _Pieces) -> Iterator[Span]:
    """The formulas and names that end the text, found from the end.

    Above a telephone number or what else no name is, a formula goes alone.
    """
    cut = len(pieces.text)
    for place, after in reversed(list(_formulas(pieces))):
        start, end = pieces.spans[place][0], pieces.spans[after - 1][1]
        below = pieces.text[end:cut] if cut - end <= _LONGEST_SIGNATURE else None
        if below is None or not _is_signature(below):
            if below is not None and _is_letterhead(below):
                yield start, end
            break
        cut = start
    yield cut, len(pieces.text)


def _formulas(pieces: _Pieces) -> Iterator[Span]:
    """Pieces from and to of each closing phrase at the start of a line or sentence."""
    phrases = _phrases("closing")
    behind = 0
    for place, phrase in phrases.found(pieces.words):
        after = place + len(phrase)
        if place < behind or not _starts_sentence(pieces, place):
            continue
        if phrase not in phrases.strict or after in pieces.firsts or pieces.words[after] == ",":
            behind = after
            yield place, after


def _starts_sentence(pieces: _Pieces, place: int) -> bool:
    while place not in pieces.firsts:
        place -= 1
        sign = pieces.words[place]
        if sign in _SENTENCE_ENDS or unicodedata.category(sign[0]) == "So":
            return True
        if sign == "," or _WORD.match(sign):
            return False
    return True


def _is_signature(below: str) -> bool:
    """Whether nothing but names stands behind and below a formula."""
    behind, *lines = _lines(below)
    return _is_name_behind(behind) and len(lines) <= _MOST_NAMES and all(_is_name_line(line) for line in lines)


def _is_letterhead(below: str) -> bool:
    """Whether a name comes first, and then short lines: function, firm, telephone."""
    behind, *lines = _lines(below)
    if not _is_name_behind(behind) or not 0 < len(lines) <= _MOST_LINES:
        return False
    if not _WORD.search(behind) and not _is_name_line(lines[0].partition(",")[0]):
        return False
    return all(_TELEPHONE.search(line) or not (len(line.split()) > 6 or line[-1] in ".!?") for line in lines)


def _lines(below: str) -> list[str]:
    """What stands behind a formula, and the lines below it that hold a word."""
    behind, *lines = (below + " ").splitlines()
    return [behind, *(line.strip() for line in lines if _WORD.search(line))]


def _is_name_behind(behind: str) -> bool:
    """Whether only a name stands behind a formula: 'Hilsen Tore.', but not 'Thanks. It works.'."""
    if not _WORD.search(behind):
        return "?" not in behind
    return not _OWN_SENTENCE.fullmatch(behind) and _is_name_line(behind.strip(" \t,.!-–—:;"))


def _is_name_line(line: str) -> bool:
    """A line of a few capitalised words, such as 'mevrouw Van den Berg' or 'IT Manager'; no shouting, no number."""
    words = [word for word in (_bare(word) for word in line.split()) if word]
    if not 0 < len(words) <= _LONGEST_NAME or _TELEPHONE.search(line) or "/" in line or line[-1] in "!?:…":
        return False
    if line.endswith(".") and len(words[-1]) > _PARTICLE:
        return False
    parts = [_name_part(word, outer=place in (0, len(words) - 1)) for place, word in enumerate(words)]
    return "name" in parts and "other" not in parts


def _name_part(word: str, *, outer: bool) -> str:
    """Whether a word is a name, may stand beside one, or neither: 'name', 'beside' or 'other'."""
    if _is_name(word):
        return "name"
    short = len(word) <= _PARTICLE and (word.isupper() or not outer)  # 'ICT', 'van'
    return "beside" if short or word.lower() in _addressees() else "other"


def _bare(word: str) -> str:
    """A word without the signs around it."""
    while word and not word[0].isalpha():
        word = word[1:]
    while word and not word[-1].isalpha():
        word = word[:-1]
    return word


def _is_name(word: str) -> bool:
    """A capitalised word that is neither shouted nor known to mean something else, such as 'Help' or 'Xbox'."""
    if not word[0].isupper() or (len(word) > 1 and word.isupper()):
        return False
    return not any(character.isdigit() for character in word) and word.lower() not in _meaningful()


@cache
def _phrases(kind: str) -> _Phrases:
    rows = _rows_of(kind)
    strict = frozenset(row[:-1] for row in rows if row[-1] == ",")
    phrases = strict | {row for row in rows if row[-1] != ","}
    if kind == "opening":
        strict |= {phrase for phrase in phrases if _shorter(phrase, phrases)}  # 'Hi there is no mail'
    starting: dict[str, list[Phrase]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        starting.setdefault(phrase[0], []).append(phrase)
    return _Phrases({word: tuple(found) for word, found in starting.items()}, strict)


@cache
def _addressees() -> frozenset[str]:
    """Words of address: what opening rows have behind a shorter opening; abbreviations with their full stop."""
    phrases = {row[:-1] if row[-1] == "," else row for row in _rows_of("opening")}
    tails = [phrase[len(_shorter(phrase, phrases)) :] for phrase in phrases if _shorter(phrase, phrases)]
    dotted = frozenset(word + "." for tail in tails for word, sign in zip(tail, tail[1:], strict=False) if sign == ".")
    return dotted | frozenset(word for tail in tails for word in tail if _WORD.match(word))


def _shorter(phrase: Phrase, phrases: Set[Phrase]) -> Phrase:
    """The shortest other phrase that this one starts with; empty where none does."""
    return next((phrase[:size] for size in range(1, len(phrase)) if phrase[:size] in phrases), ())


@cache
def _meaningful() -> frozenset[str]:
    """Words that are no names although a capital may start them: everyday words, and products that rules know."""
    everyday = {word for row in _rows("intake", "everyday_words.csv") for word in row["words"].split()}
    patterns = (row["pattern"].lower().partition(" ")[0] for row in _rows("codebooks", "rules/all.csv"))
    products = {word.rstrip("*") for pattern in patterns for word in pattern.split("|")}
    return frozenset(word for word in everyday if len(word) > _PARTICLE) | products


def _rows_of(kind: str) -> set[Phrase]:
    """The phrases of one kind, of all languages, as they stand in the file."""
    rows = (row["phrase"] for row in _rows("intake", "courtesy.csv") if row["kind"] == kind)
    return {tuple(_PIECE.findall(row.lower().translate(_FOLDED))) for row in rows}


def _rows(package: str, name: str) -> list[dict[str, str]]:
    text = files("intentclf").joinpath(package, *name.split("/")).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
