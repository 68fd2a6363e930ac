"""Keyword rules: phrases taken from the desk's own documents, each with its document and line.

A text is cut into words without its punctuation, so that `e-mail` and `e mail` are the same two words. A rule speaks
with the precision that was measured for it on texts it was not written from, and with nothing else: it never changes
what the model says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from intentclf.codebooks.loader import EXTRA, Codebook, read_rows
from intentclf.errors import Fault, FaultsError, shorten
from intentclf.intake.language import LANGUAGES
from intentclf.predict.features import normalize
from intentclf.predict.phrase_index import PhraseIndex
from intentclf.records import Reading, RuleHit

__all__ = ["ANY_LANGUAGE", "Rule", "RuleMatcher", "load_rules", "rules_for", "shipped_rules"]

ANY_LANGUAGE = "all"
FLAGS: Mapping[str, tuple[str, ...]] = {"severity": ("A", "B", "C"), "vague": ("1",)}
"""What a rule may say beside the code of a book."""

_FOLDER = Path(__file__).parent.parent / "codebooks" / "rules"
_COLUMNS = ("id", "book", "code", "pattern", "source", "line")
_PIECE = re.compile(r"~|[^\s*|~]+\*?(?:\|[^\s*|~]+\*?)*")
_WORD = re.compile(r"\w+")
# Nynorsk shares the rules of Bokmål, which hold the forms of both.
_FILES = {"nl": "nl", "nb": "nb", "nn": "nb", "ru": "ru", "en": "en", ANY_LANGUAGE: ANY_LANGUAGE}


@dataclass(frozen=True, slots=True)
class Rule:
    """One keyword rule.

    Attributes
    ----------
    id : str
    language : str
        Language it is for, or 'all'.
    book, code : str
        What it says; the book may also be 'severity' (A, B, C) or 'vague' (1).
    pattern : str
        Words parted by blanks; ``word*`` any ending, ``a|b`` alternatives, ``~`` up to three words between.
    source : str
        Document and line, as ``document:line``.
    hits, right : int
        On the data its precision was measured on: how often it fired, and how often the code was right.
    precision : float or None
        Lower bound of the precision, 0 to 1; None where it was never measured.
    """

    id: str
    language: str
    book: str
    code: str
    pattern: str
    source: str
    hits: int = 0
    right: int = 0
    precision: float | None = None


def shipped_rules() -> tuple[Rule, ...]:
    """The rules that come with the package, for its four code books."""
    from intentclf.codebooks.loader import shipped_codebooks

    books = shipped_codebooks()
    return tuple(rule for path in sorted(_FOLDER.glob("*.csv")) for rule in load_rules(path, books))


def load_rules(path: Path, books: Mapping[str, Codebook]) -> tuple[Rule, ...]:
    """Read a rules file; its name says the language ('nl.csv', or 'all.csv').

    Parameters
    ----------
    path : Path
        CSV with the columns id, book, code, pattern, source, line.
    books : mapping of str to Codebook
        Codes that a rule may name.

    Raises
    ------
    FaultsError
        With every fault of the file.
    """
    language = path.stem
    rows, _ = read_rows(path, _COLUMNS)
    faults: list[Fault] = []
    if language not in _FILES:
        faults.append(Fault(0, f"the file's name must be one of {', '.join(_FILES)}, got {language!r}"))
    seen: set[str] = set()
    rules: list[Rule] = []
    for line, row in rows:
        faults += [Fault(line, message) for message in _faults(row, books, seen)]
        seen.add(row["id"])
        source = f"{row['source']}:{row['line']}"
        rules.append(Rule(row["id"], language, row["book"], row["code"], row["pattern"], source))
    if faults:
        raise FaultsError(path, faults)
    return tuple(rules)


def _faults(row: Mapping[str, str], books: Mapping[str, Codebook], seen: set[str]) -> Iterable[str]:
    if not row["id"] or row["id"] in seen:
        yield f"id must be given and unique, got {shorten(row['id'])}"
    if row["book"] in FLAGS:
        if row["code"] not in FLAGS[row["book"]]:
            yield f"code for {row['book']} must be one of {', '.join(FLAGS[row['book']])}, got {shorten(row['code'])}"
    elif row["book"] not in books:
        yield f"unknown book {shorten(row['book'])}"
    elif row["code"] not in books[row["book"]]:
        yield f"unknown code {shorten(row['code'])} of {row['book']}"
    pieces = row["pattern"].split()
    if (
        not _WORD.search(row["pattern"])
        or not all(_PIECE.fullmatch(piece) for piece in pieces)
        or "~" in (pieces[0], pieces[-1])
    ):
        yield f"pattern must be words, word*, a|b or ~ between words, got {shorten(row['pattern'])}"
    if row.get(EXTRA):
        yield f"row {shorten(row['id'])} has more fields than the header (a comma without quotes?)"
    if not row["line"].isdecimal():
        yield f"line must be a whole number, got {shorten(row['line'])}"


class RuleMatcher:
    """Finds rules in texts.

    Parameters
    ----------
    rules : sequence of Rule
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._indexes: dict[str, PhraseIndex] = {}

    def find(self, reading: Reading) -> tuple[RuleHit, ...]:
        """All hits in a reading, by place and id; spans point into the cleaned text.

        A rule counts once for a text, where it stands first.
        """
        if not self.rules or not reading.text:
            return ()
        language = reading.language.code
        found = self._index(language if language in LANGUAGES else ANY_LANGUAGE).find(normalize(reading.text))
        return tuple(
            self._hit(rule, *place) for rule, place in sorted(found.items(), key=lambda item: (item[1], item[0]))
        )

    def _hit(self, identifier: str, start: int, end: int) -> RuleHit:
        rule = self.rules[identifier]
        return RuleHit(rule.id, rule.book, rule.code, rule.precision, rule.source, start, end)

    def _index(self, language: str) -> PhraseIndex:
        """The rules of a language, indexed when its first text comes; rules of all languages take part in each."""
        if language not in self._indexes:
            own = rules_for(self.rules.values(), language)
            self._indexes[language] = PhraseIndex([(rule.id, rule.pattern) for rule in own])
        return self._indexes[language]


def rules_for(rules: Iterable[Rule], language: str) -> list[Rule]:
    """The rules that take part in texts of a language, or of an unknown one ('all')."""
    return [rule for rule in rules if rule.language == ANY_LANGUAGE or _FILES[rule.language] == _FILES[language]]
