"""Mends a text and remembers where every character came from.

Enters the text as a customer's program left it, leaves plain text in Unicode's composed form: mark-up laid out as
text (inscriptis), mojibake undone (ftfy), control and invisible characters gone. Spans found in the result can be
shown in the original.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from intentclf.intake.alignment import Span, align

__all__ = ["ANY_TAG", "LONGEST_TEXT", "Cleaned", "clean", "strip_markup"]

LONGEST_TEXT = 20_000
"""Code points of one text that are read; the most talkative customer stays far below."""

_ROUNDS = 24
_DEEPEST_MARKUP = 200  # the HTML parser gives up beyond 255 open elements
_NAMES = "html|body|head|div|p|br|table|tbody|tr|td|th|span|a|b|i|u|ul|ol|li|font|h[1-6]|style|script|img|strong|em|hr"
_TAG = re.compile(rf"</?(?:{_NAMES})(?=[\s/>])[^<>]*>", re.IGNORECASE)
ANY_TAG = re.compile(rf"<!--.*?-->|<(style|script)\b.*?</\1\s*>|</?(?:{_NAMES})(?=[\s/>])[^<>]*>", re.I | re.S)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});", re.IGNORECASE)
# Control characters but tab and line ends; soft hyphen; zero-width and direction marks; byte-order mark; surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_CARRIAGE_RETURN = re.compile("\r\n?")
_NEXT_LINE = re.compile("\x85")  # also a byte of mojibake: only after that was undone
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned text.

    Attributes
    ----------
    text : str
    spans : tuple of (int, int) or None
        For each code point of `text` the half-open span of the original that it stems from; neither end ever falls.
        None where the texts are the same.
    warnings : tuple of str
    """

    text: str
    spans: tuple[Span, ...] | None
    warnings: tuple[str, ...]


def clean(original: str) -> Cleaned:
    r"""Clean a text.

    Parameters
    ----------
    original : str
        Any string at all; lone surrogates and NUL are allowed.

    Returns
    -------
    Cleaned
        Its text is stable: cleaning it again changes nothing.

    Examples
    --------
    >>> clean("Ik kan er niet in<br>cafÃ©").text
    'Ik kan er niet in\ncafé'
    """
    warnings = _warnings(original)
    text = original[:LONGEST_TEXT]
    for _ in range(_ROUNDS):
        mended = _mend(text)[:LONGEST_TEXT].rstrip()
        if mended == text:
            break
        text = mended
    spans = None if text == original else align(original[:LONGEST_TEXT], text, mark_up=ANY_TAG, unseen=_UNSEEN)
    return Cleaned(text, spans, warnings)


def strip_markup(text: str) -> str:
    """Lay HTML out as text; mark-up that the parser cannot hold loses its tags only."""
    from inscriptis import get_text
    from lxml.etree import LxmlError

    text = re.sub(r"<\?xml[^<>]*\?>", "", text)
    if _depth(text) > _DEEPEST_MARKUP:
        return html.unescape(ANY_TAG.sub(" ", text))
    try:
        laid_out = str(get_text(text))
    except (LxmlError, ValueError, AssertionError):
        laid_out = html.unescape(ANY_TAG.sub(" ", text))
    return "\n".join(line.rstrip() for line in re.sub(r"\n{3,}", "\n\n", laid_out).split("\n"))


def _depth(text: str) -> int:
    """Most elements open at once, at a guess: void and unclosed ones count too."""
    deepest = depth = 0
    for tag in _TAG.finditer(text):
        depth += -1 if tag.group().startswith("</") else 1
        deepest = max(deepest, depth)
    return deepest


def _warnings(original: str) -> tuple[str, ...]:
    found = []
    if len(original) > LONGEST_TEXT:
        found.append(f"truncated: {len(original)} characters, the first {LONGEST_TEXT} are read")
    head = original[:LONGEST_TEXT]
    if "\x00" in head:
        found.append("NUL characters removed")
    if "\ufffd" in head or any("\ud800" <= c <= "\udfff" for c in head):
        found.append("undecodable bytes")
    return tuple(found)


def _mend(text: str) -> str:
    text = _CARRIAGE_RETURN.sub("\n", text)
    if not text.isascii():
        text = _NEXT_LINE.sub("\n", _fix_encoding(text))
    text = _UNSEEN.sub("", text)
    if _TAG.search(text):
        text = strip_markup(text)
    elif _ENTITY.search(text):
        text = html.unescape(text)
    text = _UNSEEN.sub("", _CARRIAGE_RETURN.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip()


def _fix_encoding(text: str) -> str:
    """Undo mojibake line by line: one line may hold it and the next be sound."""
    import ftfy

    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "\n".join(ftfy.fix_encoding(line) for line in text.split("\n"))
