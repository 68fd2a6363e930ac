"""What a customer can be asked: enters a table of questions, leaves each with its options, the codes behind them, and
its wording in Dutch, Norwegian, Russian and English.

A row without an option is a question, the rows below it are its options. A question that names a family (a code with
children) in the column `codes` has its children as options, in the words that the code book has for customers; a row
of its own rewords one of them. Options never share a code, so every answer but 'none of these' tells something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from intentclf.codebooks.loader import EXTRA, LABEL_LANGUAGES, Codebook, read_rows, shipped_codebooks
from intentclf.errors import Fault, FaultsError, shorten

__all__ = [
    "ClarifyingQuestion",
    "Option",
    "Register",
    "clarifying_questions",
    "load_questions",
    "separates",
    "written_language",
]

Register = Literal["formal", "informal"]
Row = Mapping[str, str]

_KINDS = ("choice", "yes_no")
_INFORMAL = ("nl", "ru")
_WORDINGS = (*LABEL_LANGUAGES, *(f"{language}_informal" for language in _INFORMAL))
_COLUMNS = ("question", "option", "book", "kind", "codes", *_WORDINGS, "source", "line")


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One answer that is offered: its id, the codes that it stands for with all below them, its wording by language."""

    id: str
    codes: tuple[str, ...]
    wording: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class ClarifyingQuestion:
    """A question and its options.

    Attributes
    ----------
    id, book : str
    kind : {'choice', 'yes_no'}
        Of the two options of a question to be answered with yes or no, yes comes first.
    options : tuple of Option
    wording : mapping of str to str
        By language; 'nl_informal' and 'ru_informal' where the informal wording differs.
    source, line : str, int
        Document that suggests the question, and the line in it.
    """

    id: str
    book: str
    kind: str
    options: tuple[Option, ...]
    wording: Mapping[str, str]
    source: str = ""
    line: int = 0

    def text(self, language: str, register: Register = "formal") -> str:
        """The question in a language (nn: as nb), in English where that is none of ours.

        Examples
        --------
        >>> question = clarifying_questions()[0]
        >>> question.text("nl"), question.text("nl", "informal")
        ('Waar gaat uw vraag over?', 'Waar gaat je vraag over?')
        """
        spoken = written_language(language)
        informal = self.wording.get(f"{spoken}_informal") if register == "informal" else None
        return informal or self.wording[spoken]

    def to_dict(self) -> dict[str, Any]:
        """The question as plain values."""
        options = [{"id": o.id, "codes": list(o.codes), "wording": dict(o.wording)} for o in self.options]
        return {
            "id": self.id,
            "book": self.book,
            "kind": self.kind,
            "options": options,
            "wording": dict(self.wording),
            "source": self.source,
            "line": self.line,
        }


def written_language(language: str) -> str:
    """The language that a customer is answered in: nn as nb, English where it is none of ours."""
    spoken = "nb" if language == "nn" else language
    return spoken if spoken in LABEL_LANGUAGES else "en"


@cache
def clarifying_questions() -> tuple[ClarifyingQuestion, ...]:
    """The shipped questions, in the order of their table."""
    return load_questions(Path(__file__).parent / "clarifying_questions.csv", shipped_codebooks())


def separates(question: ClarifyingQuestion, codes: Sequence[str]) -> bool:
    """Whether every one of some sibling codes has an option, and no option stands for two of them.

    Examples
    --------
    >>> separates(clarifying_questions()[0], ("troubleshooting", "not_outlook"))
    True
    """
    reached = [{code for code in codes if any(_overlap(code, own) for own in o.codes)} for o in question.options]
    return all(len(found) <= 1 for found in reached) and set().union(*reached) == set(codes)


def load_questions(path: str | Path, books: Mapping[str, Codebook]) -> tuple[ClarifyingQuestion, ...]:
    """Read and check a table of questions.

    Parameters
    ----------
    path : path
        CSV with the columns question, option, book, kind, codes, nl, nb, ru, en, nl_informal, ru_informal, source
        and line.
    books : mapping of str to Codebook
        Those that the questions are about.

    Raises
    ------
    FaultsError
        With every fault of the file at once.
    InputError
        If the file cannot be read as a table at all.
    """
    path = Path(path)
    rows, _ = read_rows(path, _COLUMNS)
    faults = [Fault(line, message) for line, row in rows for message in _row_faults(row, books)]
    first: dict[str, int] = {}
    found: dict[str, ClarifyingQuestion] = {}
    worded: set[tuple[str, str]] = set()
    for line, row in rows:
        name, option = row["question"], row["option"]
        if option:
            if name not in found:
                faults.append(Fault(line, f"option {shorten(option)} stands before its question"))
            elif (name, option) in worded:
                faults.append(Fault(line, f"option {shorten(option)} of {shorten(name)} stands twice"))
            else:
                found[name] = _with_option(found[name], row)
            worded.add((name, option))
        elif name in found:
            faults.append(Fault(line, f"question {shorten(name)} stands twice"))
        else:
            first[name], found[name] = line, _question(row, books)
    if not faults:
        faults = [Fault(first[q.id], message) for q in found.values() for message in _question_faults(q)]
    if faults:
        raise FaultsError(path, faults)
    return tuple(found.values())


def _question(row: Row, books: Mapping[str, Codebook]) -> ClarifyingQuestion:
    book, family = books.get(row["book"]), row["codes"]
    children = book.children(family) if book and family in book.codes else ()
    options = tuple(Option(code.rpartition(".")[2], (code,), dict(book.codes[code].names)) for code in children if book)
    wording = {key: row[key] for key in _WORDINGS if row[key]}
    line = int(row["line"]) if row["line"].isdecimal() else 0
    return ClarifyingQuestion(row["question"], row["book"], row["kind"], options, wording, row["source"], line)


def _with_option(question: ClarifyingQuestion, row: Row) -> ClarifyingQuestion:
    """With one option more, or one of the family's reworded."""
    told = {key: row[key] for key in LABEL_LANGUAGES if row[key]}
    own = Option(row["option"], tuple(row["codes"].split()), told)
    options = list(question.options)
    for k, option in enumerate(options):
        if option.id == own.id and option.codes == own.codes:
            options[k] = replace(own, wording={**option.wording, **told})
            return replace(question, options=tuple(options))
    return replace(question, options=(*options, own))


def _row_faults(row: Row, books: Mapping[str, Codebook]) -> Iterator[str]:
    book = books.get(row["book"])
    if not row["question"]:
        yield "question is empty"
    if book is None:
        yield f"book must be one of {', '.join(books)}, got {shorten(row['book'])}"
    else:
        unknown = [code for code in row["codes"].split() if code not in book.codes]
        yield from (f"code {shorten(code)} is not in {row['book']}" for code in unknown)
    if row["option"] and not row["codes"]:
        yield f"codes of option {shorten(row['option'])} are empty"
    if not row["option"]:
        if row["kind"] not in _KINDS:
            yield f"kind must be one of {', '.join(_KINDS)}, got {shorten(row['kind'])}"
        yield from (f"{language} is empty" for language in LABEL_LANGUAGES if not row[language])
        if row["line"] and not (row["line"].isascii() and row["line"].isdecimal()):
            yield f"line must be a whole number, got {shorten(row['line'])}"
    if row.get(EXTRA):
        yield f"row has more fields than the header (a comma without quotes?): {shorten(row[EXTRA])}"


def _question_faults(question: ClarifyingQuestion) -> Iterator[str]:
    name, options = shorten(question.id), question.options
    if len(options) < 2 or (question.kind == "yes_no" and len(options) != 2):
        wanted = "two options" if question.kind == "yes_no" else "at least two options"
        yield f"question {name} must have {wanted}, got {len(options)}"
    for k, option in enumerate(options):
        for language in LABEL_LANGUAGES:
            if not option.wording.get(language):
                yield f"option {shorten(option.id)} of {name} has no wording in {language}"
        for other in options[:k]:
            if option.id == other.id:
                yield f"option {shorten(option.id)} of {name} stands twice"
            elif any(_overlap(a, b) for a in option.codes for b in other.codes):
                yield f"options {shorten(other.id)} and {shorten(option.id)} of {name} share a code"


def _overlap(one: str, other: str) -> bool:
    """Whether two codes are the same, or one stands above the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
