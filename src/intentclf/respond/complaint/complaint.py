"""Complaint, praise, suggestion: enters a reading with its codes, leaves the English note that the desk files.

Document 004, lines 22 to 42: the contact reason is Feedback-Complaint, and the field Contact Summary Notes reads
'Complaint Details: <Description>', the description in English. Where the contact also solved or forwarded something
else, Action Taken follows that result and the note is written all the same; so a text that complains under another
code has its note too. Lines 60 and 61 name praise and suggestions beside complaints: their notes follow by analogy.

There is no translator. The description is composed from what is known (codes by their English labels, severity,
products of `products.csv`) and the customer's own words in quotes, as a draft; a function that translates may be given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from intentclf.codebooks.loader import NONE, SHIPPED, load_shipped
from intentclf.errors import InputError, shorten
from intentclf.records import Reading, Reason, Severity
from intentclf.respond.complaint.private_data import mask_private
from intentclf.respond.complaint.quotes import Place, Quote, choose_quotes
from intentclf.respond.phrases import Found, Phrases, load_phrases
from intentclf.respond.sentences import Sentence, say

__all__ = ["ComplaintNote", "Result", "Translator", "compose_note", "find_products"]

Result = Literal["solved", "forwarded", "information", "none"]
"""What came of the contact."""

Translator = Callable[[str, str], str]
"""A text and its language (nl, nb, nn or ru), to English."""

KINDS = ("complaint", "praise", "suggestion")
LEAST, LONGEST = 200, 1_000

_SOURCE = "004_6bf272f48b052784.txt"
_FOLDER = Path(__file__).parent
_BOOK, _FEEDBACK = "contact_reason", "feedback"
_SECONDARY = 2.0  # one strong phrase, or two weak ones
_LANGUAGES = {"nl": "Dutch", "nb": "Norwegian", "nn": "Norwegian", "ru": "Russian", "en": "English"}


@dataclass(frozen=True, slots=True)
class ComplaintNote:
    """What the desk files.

    Attributes
    ----------
    kind : {'complaint', 'praise', 'suggestion'}
    contact_reason : str
        English labels of the contact's code, such as 'Feedback-Complaint'; '' where it has none.
    contact_summary_notes, action_taken : str
        What is written in these fields, in English.
    secondary : bool
        Whether the contact has another code and its text complains too.
    products : tuple of str
        Named in the text, in its order.
    quotes : tuple of Quote
    remarks : tuple of Sentence
        For the agent.
    source : str
        'document, lines N-M' of the rule.
    """

    kind: str
    contact_reason: str
    contact_summary_notes: str
    action_taken: str
    secondary: bool
    products: tuple[str, ...]
    quotes: tuple[Quote, ...]
    remarks: tuple[Sentence, ...]
    source: str = f"{_SOURCE}, lines 22-42"

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values, remarks in a language; the note itself is in English, as its field asks."""
        names = ("kind", "contact_reason", "contact_summary_notes", "action_taken", "secondary", "source")
        quotes = [{name: getattr(quote, name) for name in ("start", "end", "text", "masked")} for quote in self.quotes]
        remarks = [remark.text(language) for remark in self.remarks]
        plain = {name: getattr(self, name) for name in names}
        return plain | {"products": list(self.products), "quotes": quotes, "remarks": remarks}


def compose_note(
    reading: Reading,
    reasons: Mapping[str, Reason],
    severity: Severity | None = None,
    *,
    result: Result = "none",
    translator: Translator | None = None,
    longest: int = LONGEST,
) -> ComplaintNote | None:
    """Compose the note of a complaint, praise or suggestion; None where the contact is none and does not complain.

    Parameters
    ----------
    reading : Reading
    reasons : mapping of book to Reason
    severity : Severity, optional
    result : {'solved', 'forwarded', 'information', 'none'}
    translator : callable, optional
        Is given masked text alone. Where it fails, the customer's words are quoted instead, and a remark says so.
    longest : int
        Characters of the note, at least 200.

    Raises
    ------
    InputError
        If the result is unknown or the length too small.
    """
    if result not in get_args(Result):
        raise InputError(f"result must be one of {', '.join(get_args(Result))}, got {shorten(result)}")
    if longest < LEAST:
        raise InputError(f"longest must be at least {LEAST} characters, got {longest}")
    found = [hit for hit in _phrases().find(reading.text) if hit.row["kind"] in KINDS]
    code = reasons[_BOOK].code if _BOOK in reasons else None
    kind, primary = _kind(code, found)
    if kind is None or not reading.text:
        return None
    places = [_place(hit) for hit in found if hit.row["kind"] == kind] or _evidence(reading, reasons, primary)
    quotes = choose_quotes(reading, places)
    words, told = _words(quotes, reading.language.code, translator)
    products = find_products(reading)
    notes, cut = _notes(kind, _facts(kind, products, reasons, severity), words, longest)
    said = [
        (not primary, say("complaint.secondary")),
        (code == _FEEDBACK, say("complaint.kind_unknown", kind=kind)),
        (any(quote.masked for quote in quotes), say("complaint.masked")),
        (cut, say("complaint.shortened", longest=longest)),
    ]
    return ComplaintNote(
        kind=kind,
        contact_reason="-".join(_labels(_BOOK, code)) if code else "",
        contact_summary_notes=notes,
        action_taken=say(f"complaint.{result}").text(),
        secondary=not primary,
        products=products,
        quotes=quotes,
        remarks=(*told, *(remark for holds, remark in said if holds)),
    )


def find_products(reading: Reading) -> tuple[str, ...]:
    """The products that a text names, by their English names, in its order, each once.

    A name that is also a common word ('teams', 'edge', 'word') counts in an English text only with a capital. Names in
    e-mail addresses are none.

    Examples
    --------
    >>> from intentclf.intake import read
    >>> from intentclf.records import Query
    >>> find_products(read(Query("1", "после обновы винда не видит эксель", "ru")))
    ('Windows', 'Excel')
    """
    text = reading.text
    # Who writes no capitals at all cannot be asked for one.
    strict = reading.language.code == "en" and text != text.lower()
    hits = [hit for hit in _products().find(text) if "@" not in (text[hit.start - 1 : hit.start], text[hit.end :][:1])]
    doubtful = [hit for hit in hits if strict and hit.row["capital"] == "en" and text[hit.start].islower()]
    return tuple(dict.fromkeys(hit.row["name"] for hit in hits if hit not in doubtful))


def _kind(code: str | None, found: Sequence[Found]) -> tuple[str | None, bool]:
    """Complaint, praise or suggestion, and whether the contact's own code says so; None for neither."""
    once = {(hit.row["kind"], hit.row["pattern"]): float(hit.row["weight"]) for hit in found}
    sums = {kind: sum(weight for (each, _), weight in once.items() if each == kind) for kind in KINDS}
    parent, _, leaf = (code or "").partition(".")
    if parent == _FEEDBACK:
        return (leaf if leaf in KINDS else max(KINDS, key=lambda kind: sums[kind])), True
    return ("complaint" if sums["complaint"] >= _SECONDARY else None), False


def _place(hit: Found) -> Place:
    return hit.start, hit.end, float(hit.row["weight"])


def _evidence(reading: Reading, reasons: Mapping[str, Reason], primary: bool) -> list[Place]:
    """Where no phrase is known: the words that the model chose the code by."""
    if not primary or reading.spans is not None:  # they point into the original text
        return []
    return [(each.start, each.end, each.weight) for each in reasons[_BOOK].evidence if each.weight > 0]


def _words(
    quotes: Sequence[Quote], language: str, translator: Translator | None
) -> tuple[list[Sentence], tuple[Sentence, ...]]:
    """The customer's words, as many ways as may be left out in turn, and what the agent is to be told."""
    name = _LANGUAGES.get(language, "language unknown")
    told: tuple[Sentence, ...] = ()
    if quotes and translator and language in _LANGUAGES and language != "en":
        text, reason = _translated(" ".join(quote.text for quote in quotes), language, translator)
        if text:
            return [say("complaint.translated", language=name, text=text)], ()
        told = (say("complaint.not_translated", reason=reason),)
    if language != "en":
        told += (say("complaint.write_english"),)
    shown = [f"“{quote.text}”" for quote in quotes]
    counts = range(len(shown), 0, -1)
    return [say("complaint.quote", language=name, quotes=" ".join(shown[:count])) for count in counts], told


def _translated(text: str, language: str, translator: Translator) -> tuple[str, str]:
    """The translation on one line, or '' and why there is none."""
    try:
        found = translator(text, language)
    except Exception as error:  # whatever a service raises, the note must be written
        return "", mask_private(" ".join(f"{type(error).__name__}: {error}".split()))[:120]
    if not isinstance(found, str) or not found.strip():
        return "", "no text came back"
    return mask_private(" ".join(found.split())), ""


def _facts(
    kind: str, products: Sequence[str], reasons: Mapping[str, Reason], severity: Severity | None
) -> list[Sentence]:
    known = {book: each.code for book, each in reasons.items() if each.code and each.code != NONE}
    codes = [f"{book} '{_labels(book, code)[-1]}'" for book, code in known.items()]
    facts = [say(f"complaint.about_{kind}", products=", ".join(products) or "none")]
    facts += [say("complaint.codes", codes="; ".join(codes))] if codes else []
    return facts + ([say("complaint.severity", level=severity.level)] if severity else [])


def _labels(book: str, code: str) -> tuple[str, ...]:
    """English labels from the top down; the code itself where the book is a desk's own."""
    tree = load_shipped(book) if book in SHIPPED else None
    return tuple(tree.codes[step].label("en") for step in tree.path(code)) if tree and code in tree.codes else (code,)


def _notes(kind: str, facts: Sequence[Sentence], words: Sequence[Sentence], longest: int) -> tuple[str, bool]:
    """The note, and whether anything had to go: quotes first, the last of them first, then the end of the rest."""
    start = [say("complaint.draft"), *facts]
    for number, more in enumerate([*([each] for each in words), []]):
        description = " ".join(sentence.text() for sentence in [*start, *more])
        note = say(f"complaint.details_{kind}", description=description).text()
        if len(note) <= longest and (more or not words):
            return note, number > 0
    shortest = " ".join(sentence.text() for sentence in [*start, *words[-1:]])
    note = say(f"complaint.details_{kind}", description=shortest).text()
    return (note, False) if len(note) <= longest else (note[: longest - 1].rstrip() + "…", True)


@cache
def _phrases() -> Phrases:
    choices = {"kind": (*KINDS, NONE)}
    return load_phrases(_FOLDER / "complaint_phrases.csv", choices, numbers=("weight",))


@cache
def _products() -> Phrases:
    return load_phrases(_FOLDER / "products.csv", {"name": (), "capital": ("en", "no")})
