"""Is a match what it looks like: enters a match of a form, leaves the span of the item, or None."""

from __future__ import annotations

import re

from intentclf.intake.redaction.cues import Cue, Words, cue_kinds, find_cue
from intentclf.intake.redaction.forms import KEEP, Form
from intentclf.intake.redaction.number_fits import (
    CHECKED,
    checked_end,
    iban_end,
    international_end,
    is_private_ip,
    is_rarely_met,
    local_end,
)
from intentclf.intake.redaction.passwords import secret_span
from intentclf.intake.redaction.records import KINDS

__all__ = ["Span", "item_span", "refused_iban"]

Span = tuple[int, int]

_NEARBY = 200
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_NO_BLOCK = frozenset({"ADDRESS", "MFA_CODE", "PHONE"})
_NO_NUMBER = frozenset({"SECRET"})
_LONGER = _NO_NUMBER | {"PHONE", "CARD", "IBAN", "PRODUCT_KEY"}
_ADJACENT = 8  # characters, as in 'order no. is '
_CLOSE = 5  # characters, as in 'code: 2019'
_USUAL_CODE = 6  # digits


def item_span(form: Form, match: re.Match[str], text: str, words: Words) -> Span | None:
    """The span of the item, by the kind's own test, the letters nearby and the words before and behind.

    Parameters
    ----------
    form : Form
    match : re.Match
        Of the form's expression; for look-alikes in a text of the same length.
    text : str
        The text as it stands.
    words : Words
        Those of the text.
    """
    start, end = match.span()
    if form.kind == KEEP:
        return start, end
    if form.cue != "needed":
        span = _fit(form, match, None)
        return span if span and _suits(form, text, words, span) else None
    cue = find_cue(text, start, end, words, ignored=_ignored(form.kind, match.group()))
    if cue is None or cue.kind != form.kind or not _script_fits(form, text, words, (start, end)):
        return None
    return _fit(form, match, cue)


def refused_iban(match: re.Match[str]) -> Span | None:
    """The span of what has an IBAN's form and not its check digits: no other number may be found in it."""
    found = iban_end(match.string, *match.span())
    return (match.start(), found[0]) if found and not found[1] else None


def _ignored(kind: str, found: str) -> frozenset[str]:
    """Kinds of which a word says nothing about a number: it has too few digits for them."""
    if kind == "SECRET":
        return KINDS - {"SECRET"}
    if kind == "MFA_CODE" and sum(map(str.isdigit, found)) <= _USUAL_CODE:
        return _LONGER
    return _NO_NUMBER


def _suits(form: Form, text: str, words: Words, span: Span) -> bool:
    """Whether neither the letters nearby nor a word tell that a number is another thing."""
    start, end = span
    if not _script_fits(form, text, words, span):
        return False
    if not form.cue.startswith("!") or (form.cue == "!compact" and not text[start:end].isdigit()):
        return True
    cue = find_cue(text, start, end, words, ignored=_NO_NUMBER)
    if cue is None or cue.kind == form.kind:
        return True
    if form.cue not in ("!*", "!compact"):
        return cue.kind != form.cue[1:]
    if cue.kind in _NO_BLOCK:
        return True
    distant = cue.gap > _ADJACENT and form.kind in CHECKED
    return distant and (is_rarely_met(form.kind, text[start:end]) or _is_spoken_of(form, words, span))


def _script_fits(form: Form, text: str, words: Words, span: Span) -> bool:
    if form.script not in ("Cyrl", "Latn"):
        return True
    cyrillic = _CYRILLIC.search(text, max(0, span[0] - _NEARBY), span[1] + _NEARBY) is not None
    return cyrillic == (form.script == "Cyrl") or (form.kind in CHECKED and _is_spoken_of(form, words, span))


def _is_spoken_of(form: Form, words: Words, span: Span) -> bool:
    """Whether a word nearby is of the kind, though not of this number."""
    return form.kind in cue_kinds(words, span[0] - _NEARBY, span[1] + _NEARBY)


def _fit(form: Form, match: re.Match[str], cue: Cue | None) -> Span | None:
    """The span by the test of the kind."""
    start, end = match.span()
    text = match.string
    stop: int | None = end
    if form.kind in CHECKED:
        stop = checked_end(form.kind, text, start, end, announced=cue is not None)
    elif form.kind == "IBAN":
        found = iban_end(text, start, end)
        stop = found[0] if found and found[1] else None
    elif form.kind == "PHONE":
        stop = _phone_end(form, text, start, end)
    elif form.kind == "SECRET":
        return secret_span(match, cue)
    elif not _is_plausible(form.kind, match.group(), cue):
        return None
    return None if stop is None else (start, stop)


def _phone_end(form: Form, text: str, start: int, end: int) -> int | None:
    if text[start] == "+" or text.startswith(("00", "(+"), start):
        return international_end(text, start, end)
    return local_end(text, start, end) if form.cue == "needed" else end


def _is_plausible(kind: str, found: str, cue: Cue | None) -> bool:
    if kind == "IP":
        return is_private_ip(found)
    if kind == "PRODUCT_KEY":  # not 'XXXXX-XXXXX-…', not five words of five letters
        return any(sign.isdigit() for sign in found) and any(sign.isalpha() for sign in found)
    if kind == "PASSPORT":
        digits = sum(sign.isdigit() for sign in found)
        return digits > (1 if found.isupper() else 2)
    return cue is None or kind != "MFA_CODE" or _is_code(found, cue)


def _is_code(found: str, cue: Cue) -> bool:
    """Whether digits after a word for codes are one for signing in.

    No year is; after a bare 'code', as in 'geeft code 2502', six digits are, others only where the code was told
    ('code: 2502') or sent, and no word speaks of errors.
    """
    digits = sum(sign.isdigit() for sign in found)
    if _YEAR.fullmatch(found) and (cue.strength == "weak" or cue.gap > _CLOSE):
        return False
    if cue.strength != "weak" or digits == _USUAL_CODE:
        return True
    return "error" not in cue.beside and (cue.gap > 1 or "receipt" in cue.beside)
