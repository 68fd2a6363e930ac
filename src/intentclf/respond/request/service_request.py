"""The draft of a service request: enters a text and its code, leaves the fields of the request and what is still open.

Which fields there are and which of them a request needs stands in `request_fields.csv`, what the text already answers
is found by `request_patterns.csv`. E-mail addresses and phone numbers are reported as present, with their spans, and
never copied: in what is taken over from the text a label stands in their place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from intentclf.codebooks.loader import NONE, Codebook, load_shipped
from intentclf.errors import InputError, shorten
from intentclf.respond.patterns import Found
from intentclf.respond.request.request_answers import find_answers, request_fields
from intentclf.respond.request.request_records import Field, Item, ServiceRequest
from intentclf.respond.route.extra import Extra
from intentclf.respond.route.route import writer_of
from intentclf.respond.sentences import Sentence, say

__all__ = ["draft_request"]

_BOOK, _TECHNICAL, _OUT_OF_SCOPE = "service_request", "technical", "out_of_scope"
_LEVELS = ("A", "B", "C")
_CONTACTS = ("email", "phone")
_LONGEST_TITLE = 80
_KINDS_OF = {
    "service": ("product",),
    "users_affected": ("users",),
    "error_message": ("error_code", "error_message"),
    "tried": ("tried",),
    "business_impact": ("impact",),
    "contact": _CONTACTS,
}
_SENTENCE = re.compile(r"[^\s.!?][^!?\n]*?(?:[.!?](?=\s|$)|\n|$)")
_CANNOT_OPEN = frozenset({"user", "consumer", "partner_customer"})


def draft_request(
    text: str,
    language: str,
    code: str | None,
    severity: str | None = None,
    *,
    extra: Extra | None = None,
    attachments: Sequence[str] = (),
    contact_known: bool = False,
    question: str | None = None,
) -> ServiceRequest | None:
    """Draft a service request for what a customer wrote.

    Parameters
    ----------
    text : str
        All spans point into it.
    language : str
        Of the text; the draft is written in it.
    code : str or None
        Of the book service_request.
    severity : {'A', 'B', 'C'}, optional
        Outside technical support A becomes B (document 001, line 134).
    extra : Extra, optional
        Who writes: where that is not told, the draft asks.
    attachments : sequence of str
        Names of the files that came with the text.
    contact_known : bool
        Whether the desk has contact details already.
    question : str, optional
        One that the customer was asked and has not answered.

    Returns
    -------
    ServiceRequest or None
        None where the code is None or `none`: then it is no request for the administrators' desk.

    Raises
    ------
    InputError
        If the code is not of the book, or the severity is no level.

    Examples
    --------
    >>> draft = draft_request("Sinds maandag fout 0x80070005 in Teams bij 15 gebruikers", "nl", "technical", "B")
    >>> [(field.name, field.value) for field in draft.fields if field.name in ("since", "service")]
    [('service', 'Microsoft Teams'), ('since', 'Sinds maandag')]
    >>> draft.status
    'action_required'
    """
    if code is None or code == NONE:
        return None
    _check(code, severity)
    found = find_answers(text, language)
    level = "B" if severity == "A" and not _is_technical(code) else severity
    fields = tuple(
        _field(name, required, text, language, code, level, found, attachments, contact_known)
        for name, required in request_fields().items()
    )
    writer = writer_of(extra or Extra())

    return ServiceRequest(
        code=code,
        language=language,
        severity=level,
        why_severity=_why(severity, level),
        fields=fields,
        asks_role=writer == "unknown",
        question=question or None,
        remarks=_remarks(code, writer, fields),
    )


def _field(
    name: str,
    required: str,
    text: str,
    language: str,
    code: str,
    level: str | None,
    found: Sequence[Found],
    attachments: Sequence[str],
    contact_known: bool,
) -> Field:
    needed = required == "always" or (
        _is_technical(code) and (required == "technical" or _is_critical(required, level))
    )
    if name == "title":
        return Field(name, _title(_masked(text, 0, len(text), found, language)), (), needed)
    if name == "description":
        return Field(name, _masked(text, 0, len(text), found, language).strip() or None, (), needed)
    if name == "severity":
        return Field(name, level, (), needed)
    if name == "attachments":
        return _attachments(found, attachments)
    items = tuple(_item(hit, text, found, language) for hit in _hits(name, found))
    if name == "contact":
        return Field(name, None, items, needed, is_known=contact_known)
    if name == "service" and not items:
        return Field(name, _service_of(code), (), needed)
    shown = dict.fromkeys(item.value if name == "service" else item.text for item in items)
    return Field(name, "; ".join(part for part in shown if part) or None, items, needed)


def _hits(name: str, found: Sequence[Found]) -> list[Found]:
    if name == "since":
        kind = "since" if any(hit.field == "since" for hit in found) else "date"
        return [hit for hit in found if hit.field == kind]
    return [hit for hit in found if hit.field in _KINDS_OF[name]]


def _item(hit: Found, text: str, found: Sequence[Found], language: str) -> Item:
    if hit.field in _CONTACTS:
        return Item(hit.field, "present", hit.start, hit.end, None)
    copied = _masked(text, hit.start, hit.end, found, language)
    return Item(hit.field, hit.value if hit.value != hit.text else copied, hit.start, hit.end, copied)


def _masked(text: str, start: int, end: int, found: Sequence[Found], language: str) -> str:
    """A part of the text with labels in place of e-mail addresses and phone numbers."""
    parts, place = [], start
    for hit in sorted(found, key=lambda hit: hit.start):
        if hit.field in _CONTACTS and hit.start < end and hit.end > place:
            parts += [text[place : max(place, hit.start)], say(f"request.masked_{hit.field}").text(language)]
            place = hit.end
    return "".join([*parts, text[place:end]])


def _title(text: str) -> str | None:
    """The first sentence of four words or more, cut at a word; else the whole text."""
    sentences = [part.group().strip() for part in _SENTENCE.finditer(text)]
    chosen = next((part for part in sentences if len(part.split()) >= 4), " ".join(sentences))
    line = " ".join(chosen.split())
    if len(line) <= _LONGEST_TITLE:
        return line.rstrip(".") or None
    return f"{line[:_LONGEST_TITLE].rpartition(' ')[0] or line[:_LONGEST_TITLE]}…"


def _attachments(found: Sequence[Found], here: Sequence[str]) -> Field:
    """Files and mentions; a mention without any file at all is of something that is not there."""
    names = {name.casefold() for name in here}
    items = [Item("file", "present", None, None, name) for name in here]
    for hit in found:
        if hit.field == "file" and hit.text.casefold() not in names:
            items.append(Item("file", "absent", hit.start, hit.end, hit.text))
        elif hit.field == "mention":
            items.append(Item("mention", "present" if here else "absent", hit.start, hit.end, hit.text))
    shown = "; ".join(str(item.text) for item in items if item.kind == "file")
    return Field("attachments", shown or None, tuple(items), is_needed=False)


def _service_of(code: str) -> str | None:
    """The service that the label of a code begins with: 'Exchange Online: Autodiscover'."""
    service, colon, _ = _book().codes[code].label("en").partition(":")
    return service if colon else None


def _remarks(code: str, writer: str, fields: Sequence[Field]) -> tuple[Sentence, ...]:
    found = []
    if code.split(".")[0] == _OUT_OF_SCOPE:
        found.append(say("request.out_of_scope"))
    if writer in _CANNOT_OPEN:
        found.append(say("request.not_by_writer"))
    if any(field.name == "service" and field.value and not field.items for field in fields):
        found.append(say("request.service_from_code", code=code))
    return tuple(found)


def _why(severity: str | None, level: str | None) -> tuple[Sentence, ...]:
    if level is None:
        return ()
    capped = (say("request.severity_capped"),) if level != severity else ()
    return (say(f"request.severity_{level.lower()}"), *capped)


def _is_technical(code: str) -> bool:
    return code.split(".")[0] == _TECHNICAL


def _is_critical(required: str, level: str | None) -> bool:
    return required == "technical_a" and level == "A"


def _check(code: str, severity: str | None) -> None:
    if code not in _book().codes:
        raise InputError(f"code must be one of the book {_BOOK}, got {shorten(code)}")
    if severity is not None and severity not in _LEVELS:
        raise InputError(f"severity must be A, B or C, got {shorten(severity)}")


@cache
def _book() -> Codebook:
    return load_shipped(_BOOK)
