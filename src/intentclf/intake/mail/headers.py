"""Header fields in, plain values out: one line each, decoded, without control characters.

Headers come from anyone. Each is cut to a length that the standard library's parsers finish in no time, and what a
sender put into a value to start a new header (line ends, RFC 5322, 2.2) becomes a blank.
"""

from __future__ import annotations

import binascii
import re
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime

from intentclf.intake.mail.charsets import decode_text

__all__ = ["Headers", "header_address", "header_text", "one_line", "parse_headers", "received_moment"]

Headers = Message
"""Header fields without a body, each value a string without lone surrogates."""

_LONGEST_BLOCK = 65_536  # bytes of all headers of a part; the longest that programs of mail pass on is about that
_LONGEST_VALUE = 8_000  # characters; a subject of 998 bytes, the longest line allowed, has at most 4,000 encoded
_LONGEST_PARAMETERS = 2_000  # of Content-* fields: their parser is quadratic; a file name of 255 bytes is 765 encoded
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+")
_FIRST_YEAR, _LAST_YEAR = 1970, 2200  # e-mail dates from 1971; a later one is a broken clock


def parse_headers(block: bytes) -> Headers[str, str]:
    """Parse the header block of a message or part.

    Parameters
    ----------
    block : bytes
        Lines up to the empty one; what is beyond 64 KiB is not read.
    """
    parsed = BytesHeaderParser(policy=compat32).parsebytes(block[:_LONGEST_BLOCK])
    headers: Headers[str, str] = Message(policy=compat32)
    for name, value in parsed.raw_items():
        limit = _LONGEST_PARAMETERS if name.lower().startswith("content-") else _LONGEST_VALUE
        raw = str(value)[:limit].encode("utf-8", "surrogateescape")
        headers.set_raw(name, str(value)[:limit] if raw.isascii() else decode_text(raw).text)
    return headers


def header_text(headers: Headers[str, str], name: str) -> str:
    """The first field of a name, decoded, on one line; '' where there is none."""
    return decode_words(next((value for key, value in headers.raw_items() if key.lower() == name.lower()), ""))


def decode_words(value: str) -> str:
    """Decode the encoded words of a value (RFC 2047); one that cannot be decoded stays as it is.

    Words of one character set are joined before they are decoded: programs split them in the middle of a character.

    Examples
    --------
    >>> decode_words("=?utf-8?B?0J/R?= =?utf-8?B?gNC40LLQtdGC?=")
    'Привет'
    """
    try:
        pieces = decode_header(value) if "=?" in value else [(value, None)]
    except (ValueError, MessageError, binascii.Error):
        pieces = [(value, None)]
    return one_line("".join(_piece(content, charset) for content, charset in pieces))


def _piece(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return content
    if charset is None:  # between encoded words; the library writes what is not ASCII as an escape
        return content.decode("raw-unicode-escape", "replace")
    return decode_text(content, charset.partition("*")[0]).text  # RFC 2231 puts a language behind the asterisk


def one_line(text: str) -> str:
    r"""Blanks and control characters, line ends and marks of direction among them, as single blanks.

    Examples
    --------
    >>> one_line("Hulp\r\nBcc: all@example.org")
    'Hulp Bcc: all@example.org'
    """
    return " ".join(_UNSEEN.sub(" ", text).encode("utf-16", "surrogatepass").decode("utf-16", "replace").split())


def header_address(headers: Headers[str, str], name: str) -> str:
    """Bare address of a field, lower case; '' where there is none."""
    value = next((value for key, value in headers.raw_items() if key.lower() == name.lower()), "")
    found = parseaddr(one_line(value[:_LONGEST_PARAMETERS]))[1].lower()
    return found if "@" in found and " " not in found else ""


def received_moment(headers: Headers[str, str]) -> datetime | None:
    """When the message came: the topmost Received field, put there by the desk's own server, else Date.

    A date without a zone, or with -0000, is read as UTC (RFC 5322, 3.3).
    """
    fields = [value for key, value in headers.raw_items() if key.lower() == "received"][:1]
    dates = [value.rpartition(";")[2] for value in fields]
    dates += [value for key, value in headers.raw_items() if key.lower() == "date"][:1]
    return next((moment for moment in map(_moment, dates) if moment), None)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(one_line(text[:200]))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment if _FIRST_YEAR <= moment.astimezone(UTC).year <= _LAST_YEAR else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
