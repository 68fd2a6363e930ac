"""The parts of a message in, the text that its sender wrote out, and that of the messages attached to it.

Which parts make the text is decided from the inside out: of alternatives one, of a page with its pictures the page, of
parts in a row all, since Apple Mail puts one before and one after a picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from intentclf.intake.mail.charsets import decode_text
from intentclf.intake.mail.flowed import unflow
from intentclf.intake.mail.markup import lay_out
from intentclf.intake.mail.parts import MimePart
from intentclf.intake.mail.quoting import matches_body

__all__ = ["Bodies", "is_attached_message", "read_bodies"]

LARGEST_BODY = 2_000_000
"""Bytes of one text part that are read: a thousand pages. Of all of them together so many characters."""

_LARGEST_ENCODED = 3 * LARGEST_BODY  # quoted-printable has three characters for one byte at most
_MOST_FORWARDED = 20  # attached messages whose text is read; desks get one or two
_DEEPEST_FORWARDED = 5  # an attached message in an attached message …
_LONGEST_STUB = 400  # characters of 'Your mail reader does not support HTML'
_LARGEST_COMPARED = 200_000  # characters of a text that is compared with one beside it
_TEXTS = frozenset({"text/plain", "text/html"})
_META_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 4_096  # bytes; the HTML standard looks at 1,024, Outlook's heads are longer


@dataclass(frozen=True, slots=True)
class Bodies:
    """What can be read of a message.

    Attributes
    ----------
    text : str
        '' where there is none.
    forwarded : tuple of str
        Of attached messages, outer before inner.
    read : frozenset of int
        Indices of the parts that these are made of.
    warnings : tuple of str
    """

    text: str
    forwarded: tuple[str, ...]
    read: frozenset[int]
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Reader:
    """Parts whose text is read at most once, and what was found odd."""

    parts: Sequence[MimePart]
    inner: list[list[int]]
    texts: dict[int, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left: int = LARGEST_BODY


def read_bodies(parts: Sequence[MimePart]) -> Bodies:
    """Read the text of a message and of the messages attached to it.

    Parameters
    ----------
    parts : sequence of MimePart
        Outer before inner, the message itself first.
    """
    inner: list[list[int]] = [[] for _ in parts]
    for index, part in enumerate(parts[1:], start=1):
        inner[part.parent].append(index)
    reader = _Reader(parts, inner)
    chosen: list[list[int]] = [[] for _ in parts]
    for index in reversed(range(len(parts))):
        chosen[index] = _choose(reader, index, chosen)
    main = chosen[0] or _named_texts(parts)
    text = _joined(reader, main)
    read, forwarded = set(main), []
    for index in _attached(parts, reader.warnings):
        leaves = chosen[inner[index][0]]
        read |= {index, *leaves}
        forwarded.append(_joined(reader, leaves))
    return Bodies(text, tuple(filter(None, forwarded)), frozenset(read), tuple(dict.fromkeys(reader.warnings)))


def is_attached_message(part: MimePart) -> bool:
    """Whether a part is a message of its own."""
    return part.media_type in ("message/rfc822", "message/global")


def _choose(reader: _Reader, index: int, chosen: list[list[int]]) -> list[int]:
    """The leaves that make the text of a part, given those of the parts inside it."""
    part, inner = reader.parts[index], reader.inner[index]
    kind, _, manner = part.media_type.partition("/")
    if kind != "multipart":
        return [index] if part.media_type in _TEXTS and not _is_file(part) else []
    if not inner:
        return _without_boundary(reader, index)
    if manner == "encrypted":
        return []
    if manner in ("report", "signed"):
        return chosen[inner[0]]
    if manner == "alternative":
        return _alternative(reader, [chosen[each] for each in inner])
    if manner == "related":
        return _root(part, reader, chosen)
    return [leaf for each in inner for leaf in chosen[each]]


def _is_file(part: MimePart) -> bool:
    return part.disposition == "attachment" or bool(part.name)


def _without_boundary(reader: _Reader, index: int) -> list[int]:
    """A container in which no boundary line was found is read as text, as mail programs do."""
    part = reader.parts[index]
    boundary = f"--{part.parameter('boundary')}".encode("utf-8", "replace")
    begin = part.content[part.start : part.end].strip() if part.size <= len(boundary) + 4 else b"text"
    if boundary.startswith(begin):  # empty, or cut off within the line
        return []
    if len(boundary) > 2 and part.content.find(boundary, part.start, part.end) >= 0:  # beyond what is read of parts
        return []
    reader.warnings.append("parts cannot be told apart: their boundary is missing")
    return [index]


def _alternative(reader: _Reader, ways: Sequence[list[int]]) -> list[int]:
    """The plain one, unless it is empty or only says that one cannot read HTML; else the richest, which comes last."""
    plain = [way for way in ways if way and all(reader.parts[leaf].media_type != "text/html" for leaf in way)]
    rich = [way for way in ways if way and way not in plain]
    for way in plain:
        text = _joined(reader, way)
        if text and not (rich and _is_stub(text, reader, rich[-1])):
            return way
    return next((way for way in reversed(rich) if _joined(reader, way)), plain[0] if plain else [])


def _is_stub(text: str, reader: _Reader, rich: list[int]) -> bool:
    """A customer may write those words, too: but then they stand in the HTML as well."""
    if len(text) > _LONGEST_STUB or not matches_body("stub", " ".join(text.split())):
        return False
    other = _joined(reader, rich)
    return bool(other) and _words(text) not in _words(other)


def _root(part: MimePart, reader: _Reader, chosen: list[list[int]]) -> list[int]:
    """Of a page with its pictures the page: the part named by `start` (RFC 2387), else the first that has a text."""
    inner = reader.inner[reader.parts.index(part)]
    start = part.parameter("start")
    named = [each for each in inner if start and str(reader.parts[each].headers.get("Content-ID", "")).strip() == start]
    return next((chosen[each] for each in (*named, *inner) if chosen[each]), [])


def _named_texts(parts: Sequence[MimePart]) -> list[int]:
    """Where nothing else is a text, texts that have a file's name but are shown in place."""
    return [
        index
        for index, part in enumerate(parts)
        if part.media_type in _TEXTS and not part.depth and part.name and part.disposition != "attachment"
    ][:1]


def _attached(parts: Sequence[MimePart], warnings: list[str]) -> list[int]:
    """Attached messages; not the one that a bounce returns, which the desk wrote itself."""
    found = [
        index
        for index, part in enumerate(parts[:-1])
        if is_attached_message(part) and parts[index + 1].parent == index and not _is_returned(parts, part)
    ]
    near = [index for index in found if parts[index].depth < _DEEPEST_FORWARDED][:_MOST_FORWARDED]
    if len(near) < len(found):
        warnings.append(f"of {len(found)} attached messages {len(near)} were read")
    return near


def _is_returned(parts: Sequence[MimePart], part: MimePart) -> bool:
    return part.parent >= 0 and parts[part.parent].media_type == "multipart/report"


def _joined(reader: _Reader, leaves: Sequence[int]) -> str:
    """Texts one below the other; one that says again, in the other form, what stands above is left out."""
    texts: list[str] = []
    kinds: set[str] = set()
    for leaf in leaves:
        text = _text(reader, leaf)
        kind = reader.parts[leaf].media_type
        if not text or (texts and {kind} != kinds and _repeats(text, texts)):
            continue
        texts.append(text)
        kinds.add(kind)
    return "\n".join(texts)


def _repeats(text: str, above: Sequence[str]) -> bool:
    if sum(map(len, above)) + len(text) > _LARGEST_COMPARED:
        return False
    return _words(text) in _words(" ".join(above))


def _words(text: str) -> str:
    return " ".join(text.split())


def _text(reader: _Reader, index: int) -> str:
    """The text of a leaf, laid out."""
    if index in reader.texts:
        return reader.texts[index]
    part = reader.parts[index]
    if reader.left <= 0:
        reader.warnings.append(f"only the first {LARGEST_BODY} characters of all texts were read")
        return ""
    decoded = decode_text(*_payload(part, reader.warnings))
    if decoded.warning:
        reader.warnings.append(decoded.warning)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    reader.left -= len(text)
    if part.media_type == "text/html":
        reader.left -= len(text)  # laying it out takes a multiple of the time of plain text
        text, warnings = lay_out(text)
        reader.warnings += warnings
    elif part.parameter("format").lower() == "flowed":
        text = unflow(text, delete_space=part.parameter("delsp").lower() == "yes")
    reader.texts[index] = text.strip("\n") if text.strip() else ""
    return reader.texts[index]


def _payload(part: MimePart, warnings: list[str]) -> tuple[bytes, str]:
    """Bytes and declared character set of a text."""
    payload = part.payload(_LARGEST_ENCODED)
    if len(payload) > LARGEST_BODY:
        size = len(payload) if part.size <= _LARGEST_ENCODED else part.size
        warnings.append(f"truncated: body of {size} bytes, the first {LARGEST_BODY} are read")
        end = payload.rfind(b"\n", LARGEST_BODY - 10_000, LARGEST_BODY)  # not within a character
        payload = payload[: end if end > 0 else LARGEST_BODY]
    declared = part.parameter("charset")
    if not declared and part.media_type == "text/html":
        found = _META_CHARSET.search(payload, 0, _META_WITHIN)
        declared = found[1].decode("ascii", "replace") if found else ""
    return payload, declared
