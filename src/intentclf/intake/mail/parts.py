"""The bytes of a message in, its parts out, outer before inner.

Only headers are parsed, by the standard library; bodies are found by searching for the boundary lines (RFC 2046, 5.1)
and stay where they are in the message, so that an attachment of any size costs nothing but the search. The library's
own parser takes every line of a message through all the levels around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from intentclf.intake.mail.headers import Headers, decode_words, parse_headers

__all__ = ["MimePart", "Structure", "find_parts"]

MOST_PARTS = 500
"""Parts that are read of a message, containers included; a conversation with all its pictures has some fifty."""

_MOST_SEARCHED = 400_000_000
# Bytes searched for boundaries, all levels together; at about 1 GB a second. Real mail is searched two or three times.

_MOST_CANDIDATES = 100_000  # places that look like a boundary, of which 500 can be one
_LINE_END = rb"(?:\r\n|\r|\n|\Z)"
_FOLDED = rb"(?:[ \t]+[^\s][^\r\n]*+" + _LINE_END + rb")*+"
_HEADERS = re.compile(rb"(?:(?:>?From |[\x21-\x39\x3b-\x7e]+[ \t]*:)[^\r\n]*+" + _LINE_END + _FOLDED + rb")*+")
_FIELDLESS = re.compile(rb"[ \t]*+(?:\r\n|\r|\n)")
_UNREADABLE_INSIDE = 6_000_000  # encoded bytes of an attached message; its text would be cut at two million anyhow


@dataclass(frozen=True, slots=True)
class MimePart:
    """A part of a message.

    Attributes
    ----------
    headers : Headers
    media_type : str
        Lower case.
    content : bytes
        The message, or the decoded attached message, that holds the part.
    start, end : int
        Half-open span of its body there, as sent.
    parent : int
        Index of the part around it, -1 for the message itself.
    depth : int
        How many attached messages are around it.
    """

    headers: Headers[str, str]
    media_type: str
    content: bytes
    start: int
    end: int
    parent: int = -1
    depth: int = 0

    @property
    def size(self) -> int:
        """Bytes of the body as sent."""
        return self.end - self.start

    @property
    def disposition(self) -> str:
        """'attachment', 'inline', '' …"""
        return self.headers.get_content_disposition() or ""

    @property
    def name(self) -> str:
        """File name, without folders; '' where there is none."""
        try:
            name = self.headers.get_filename("")
        except (ValueError, LookupError, TypeError, IndexError):  # parameters that are numbered and encoded wrongly
            return ""
        return re.split(r"[/\\]", decode_words(name))[-1].strip()[:255]

    def parameter(self, name: str) -> str:
        """A parameter of the content type, '' where there is none."""
        try:
            value = self.headers.get_param(name, "")
        except (ValueError, LookupError, TypeError, IndexError):
            return ""
        return str(value[2] if isinstance(value, tuple) else value).strip()

    def payload(self, most: int) -> bytes:
        """The body without its transfer encoding.

        Parameters
        ----------
        most : int
            So many bytes as sent are looked at.
        """
        carrier: Message[str, str] = Message()
        carrier["Content-Transfer-Encoding"] = str(self.headers.get("Content-Transfer-Encoding", "")).strip()
        carrier.set_payload(
            self.content[self.start : min(self.end, self.start + most)].decode("ascii", "surrogateescape")
        )
        decoded = carrier.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else b""


@dataclass(frozen=True, slots=True)
class Structure:
    """All parts of a message, outer before inner, and what could not be read."""

    parts: tuple[MimePart, ...]
    warnings: tuple[str, ...] = ()


def find_parts(content: bytes) -> Structure:
    """Find the parts of a message.

    Parameters
    ----------
    content : bytes
        Any.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    found: list[MimePart] = []
    warnings: list[str] = []
    searched = 0
    waiting = [iter([_part(content, 0, len(content), "text/plain", parent=-1, depth=0)])]
    while waiting:
        part = next(waiting[-1], None)
        if part is None:
            waiting.pop()
            continue
        if len(found) >= MOST_PARTS or searched > _MOST_SEARCHED:
            reason = f"first {MOST_PARTS} parts" if len(found) >= MOST_PARTS else "outer parts"
            warnings.append(f"only the {reason} were read")
            break
        found.append(part)
        searched += part.size if part.media_type.startswith("multipart/") else 0
        waiting.append(_inner(part, len(found) - 1))
    return Structure(tuple(found), tuple(warnings))


def _inner(part: MimePart, index: int) -> Iterator[MimePart]:
    """Parts directly inside a part."""
    if part.media_type.startswith("multipart/"):
        default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        for start, end in _between_boundaries(part):
            yield _part(part.content, start, end, default, parent=index, depth=part.depth)
    elif part.media_type in ("message/rfc822", "message/global"):
        content, start, end = part.content, part.start, part.end
        encoding = str(part.headers.get("Content-Transfer-Encoding", "")).strip().lower()
        if encoding in ("base64", "quoted-printable"):  # not allowed, and done
            content = part.payload(_UNREADABLE_INSIDE)
            start, end = 0, len(content)
        yield _part(content, start, end, "text/plain", parent=index, depth=part.depth + 1)


def _between_boundaries(part: MimePart) -> Iterator[tuple[int, int]]:
    """Spans between the boundary lines; what stands above the first and below the last belongs to no part."""
    boundary = part.parameter("boundary").rstrip().encode("utf-8", "surrogateescape")
    if not boundary:
        return
    begin: int | None = None
    line = re.compile(rb"(?:\A|(?<=[\r\n]))--" + re.escape(boundary) + rb"(--)?[ \t]*+(?:\r\n|\r|\n|\Z)")
    for start, end, last in _boundary_lines(part, boundary, line):
        if begin is not None:
            yield begin, max(begin, start)
        begin = None if last else end
        if last:
            return
    if begin is not None:  # cut off
        yield begin, part.end


def _boundary_lines(part: MimePart, boundary: bytes, line: re.Pattern[bytes]) -> Iterator[tuple[int, int, bool]]:
    """End of the content above, end of the line, and whether it is the closing one."""
    content, place = part.content, part.start
    for _ in range(_MOST_CANDIDATES):
        place = content.find(b"--" + boundary, place, part.end)
        if place < 0:
            return
        at_start = place == part.start or content[place - 1 : place] in (b"\n", b"\r")
        found = line.match(content, place, part.end) if at_start else None
        if found is None:
            place += 2
            continue
        above = place
        if above > part.start:  # the line end before a boundary belongs to it
            above -= 2 if content[above - 2 : above] == b"\r\n" and above - 2 >= part.start else 1
        yield above, found.end(), found[1] is not None
        place = found.end()


def _part(content: bytes, start: int, end: int, default: str, *, parent: int, depth: int) -> MimePart:
    found = _HEADERS.match(content, start, end)
    headers_end = found.end() if found else start
    empty = _FIELDLESS.match(content, headers_end, end)
    headers = parse_headers(content[start:headers_end])
    body = empty.end() if empty else headers_end
    media_type = headers.get_content_type() if headers["Content-Type"] else default
    return MimePart(headers, media_type, content, body, end, parent, depth)
