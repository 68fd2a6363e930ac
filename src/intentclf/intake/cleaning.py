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

__all__ = ["LONGEST_TEXT", "Cleaned", "clean", "strip_markup"]

LONGEST_TEXT = 20_000
"""Code points of one text that are read; the most talkative customer stays far below."""

_ROUNDS = 8
_TAG = re.compile(
    r"</?(?:html|body|head|div|p|br|table|tr|td|span|a|b|i|ul|ol|li|font|h[1-6]|style|img)\b[^<>]*>", re.I
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});", re.I)
# Control characters but tab and line ends; soft hyphen; zero-width and direction marks; byte-order mark; surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n?|\x85")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned text.

    Attributes
    ----------
    text : str
    spans : tuple of int or None
        Offset in the original for each code point of `text`, never falling; None where the texts are the same.
    warnings : tuple of str
    """

    text: str
    spans: tuple[int, ...] | None
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
        mended = _mend(text)
        if mended == text:
            break
        text = mended
    spans = None if text == original else _align(original[:LONGEST_TEXT], text)
    return Cleaned(text, spans, warnings)


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
    text = _LINE_END.sub("\n", text)
    if not text.isascii():
        text = _fix_encoding(text)
    text = _UNSEEN.sub("", text)
    if len(_TAG.findall(text)) >= 1:
        text = strip_markup(text)
    elif _ENTITY.search(text):
        text = html.unescape(text)
    text = _UNSEEN.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip()


def _fix_encoding(text: str) -> str:
    import ftfy

    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(ftfy.fix_encoding(line) for line in text.splitlines(keepends=True))


def strip_markup(text: str) -> str:
    """Lay HTML out as text; a fragment that the parser refuses loses its tags only."""
    from inscriptis import get_text
    from lxml.etree import LxmlError

    try:
        laid_out = str(get_text(text))
    except (LxmlError, ValueError, AssertionError):
        return html.unescape(_TAG.sub(" ", text))
    return re.sub(r"[ \t]+\n", "\n", re.sub(r"\n{3,}", "\n\n", laid_out))


def _align(original: str, text: str) -> tuple[int, ...]:
    """Offsets of `text` in `original`: every word is sought from where the last one ended.

    A word that the original does not hold (it was mended) is spread over what lies between its neighbours.
    """
    folded = original
    anchors: list[tuple[int, int]] = []  # (place in text, place in original) of characters known to correspond
    cursor = 0
    for match in _WORD.finditer(text):
        at = folded.find(match.group(), cursor, cursor + 4 * len(match.group()) + 2000)
        if at < 0:
            continue
        anchors += [(match.start() + k, at + k) for k in range(match.end() - match.start())]
        cursor = at + len(match.group())
    return _interpolate(anchors, len(text), len(original))


def _interpolate(anchors: list[tuple[int, int]], size: int, original_size: int) -> tuple[int, ...]:
    spans: list[int] = []
    fence = [*anchors, (size, original_size)]
    before_text, before_original = -1, -1
    for place, target in fence:
        gap, room = place - before_text - 1, target - before_original - 1
        spans += [before_original + 1 + (k * room) // gap for k in range(gap)] if gap else []
        if place < size:
            spans.append(target)
        before_text, before_original = place, target
    return (*spans, original_size)
