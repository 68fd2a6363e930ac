"""What is put on a message: enters an answer and templates, leaves keywords, folders and headers that are safe to send.

Templates may name `{code}`, `{severity}`, `{action}` and `{team}`. What an answer puts in is reduced to the characters
that the place allows; what the template itself holds is checked when it is read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.header import Header
from string import Formatter
from typing import Any

from intentclf.errors import shorten

__all__ = ["ID_HEADER", "Labels", "Plan", "Templates", "labelled_copy", "plan_labels", "template_faults"]

ID_HEADER = "X-Intentclf-Id"
FIELDS = ("code", "severity", "action", "team")
HEADERS = {"Code": "{code}", "Severity": "{severity}", "Action": "{action}", "Team": "{team}"}
"""Headers of a copy, without their prefix, unless others are asked for."""
LONGEST_KEYWORD = 50
"""Characters that Dovecot takes by default (mail_max_keyword_length)."""

_NO_ATOM = re.compile(r'[^\x21-\x7e]|[(){%*"\\\]]')  # RFC 3501, section 9: what an atom must not hold
_NO_FOLDER = re.compile(r"[^\w.-]")
_NO_FOLDER_TEMPLATE = re.compile('[\x00-\x1f\x7f*%\\\\"]')
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_OURS = re.compile(rb"^X-Intentclf-[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Labels:
    """What templates may name: code, severity (A to C), action and team; 'none' where the answer has no code."""

    code: str
    severity: str
    action: str
    team: str

    def to_dict(self) -> dict[str, str]:
        """The values by name."""
        return {name: getattr(self, name) for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Templates:
    """What is asked for.

    Attributes
    ----------
    keywords : tuple of str
        Each gives a keyword (flag) of the message.
    move : str or None
        Folder that the message goes to, levels parted by '/'.
    copy_to : str or None
        Folder that gets a copy with headers.
    headers : mapping of str to str
        Name without 'X-Intentclf-' to template.
    automatic_keyword : str or None
        For messages that a program wrote.
    """

    keywords: tuple[str, ...] = ()
    move: str | None = None
    copy_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))
    automatic_keyword: str | None = None

    @property
    def any(self) -> bool:
        """Whether anything is asked for that changes the mailbox."""
        return bool(self.keywords or self.move or self.copy_to or self.automatic_keyword)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with one message; folders by the server's own names.

    Attributes
    ----------
    keywords : tuple of str
    move, copy_to : str or None
    headers : tuple of (str, str)
        Full names and encoded values of the copy's headers.
    """

    keywords: tuple[str, ...] = ()
    move: str | None = None
    copy_to: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.keywords or self.move or self.copy_to)

    @property
    def copies(self) -> bool:
        """Whether doing it twice would show, so that one has to look before doing it again."""
        return bool(self.move or self.copy_to)

    def to_json(self) -> str:
        """As it is kept in the state."""
        return json.dumps([self.keywords, self.move, self.copy_to, self.headers])

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what `to_json` wrote."""
        keywords, move, copy_to, headers = json.loads(text)
        return cls(tuple(keywords), move, copy_to, tuple((name, value) for name, value in headers))

    def told(self) -> dict[str, Any]:
        """For the line of the message."""
        return {"keywords": list(self.keywords), "moved_to": self.move, "copied_to": self.copy_to}


def template_faults(kind: str, template: str) -> Iterator[str]:
    """What is wrong with a template.

    Parameters
    ----------
    kind : {'keyword', 'folder', 'header'}
    template : str
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        yield f"template {shorten(template)} cannot be read ({error})"
        return
    for literal, name, form, conversion in parts:
        if name is not None and (name not in FIELDS or form or conversion):
            yield f"template {shorten(template)} may name {', '.join('{' + f + '}' for f in FIELDS)} only"
        yield from _literal_faults(kind, literal, template)
    yield from _whole_faults(kind, template)


def _literal_faults(kind: str, literal: str, template: str) -> Iterator[str]:
    forbidden = {"keyword": _NO_ATOM, "folder": _NO_FOLDER_TEMPLATE, "header": _CONTROL}[kind].search(literal)
    if forbidden:
        yield f"{kind} {shorten(template)} must not hold {forbidden.group()!r}"


def _whole_faults(kind: str, template: str) -> Iterator[str]:
    if kind == "folder" and any(not level or level.strip(".") == "" for level in template.split("/")):
        yield f"folder {shorten(template)} must be names parted by '/'"
    if kind == "keyword" and not template:
        yield "keyword must not be empty"
    if kind == "keyword" and len(template) > LONGEST_KEYWORD:
        yield f"keyword {shorten(template)} must be at most {LONGEST_KEYWORD} characters"


def header_name_faults(name: str) -> Iterator[str]:
    """What is wrong with the name of a header, its prefix left out."""
    if not _HEADER_NAME.fullmatch(name) or name.lower() == "id":
        yield f"header must be letters, digits and '-', and not Id, got {shorten(name)}"


def plan_labels(labels: Labels, templates: Templates, *, delimiter: str = "/", source: str = "") -> Plan:
    """What to do with a message.

    Parameters
    ----------
    labels : Labels
    templates : Templates
        Without faults.
    delimiter : str
        What parts the levels of folders on this server.
    source : str
        The folder it lies in: to that it is not moved.

    Examples
    --------
    >>> labels = Labels("not_outlook.windows", "B", "accept", "windows")
    >>> plan_labels(labels, Templates(("intentclf-{severity}",), "Desk/{code}"), delimiter=".")
    Plan(keywords=('intentclf-B',), move='Desk.not_outlook_windows', copy_to=None, headers=())
    """
    values = labels.to_dict()
    move = _folder(templates.move, values, delimiter)
    copy_to = _folder(templates.copy_to, values, delimiter)
    headers: tuple[tuple[str, str], ...] = ()
    if copy_to:
        headers = tuple(
            (f"X-Intentclf-{name}", header_value(template.format(**values)))
            for name, template in templates.headers.items()
        )
    keywords = tuple(dict.fromkeys(keyword(template, values) for template in templates.keywords))
    return Plan(keywords, move if move != source else None, copy_to, headers)


def plan_automatic(templates: Templates) -> Plan:
    """What to do with a message that a program wrote: at most a keyword."""
    return Plan((templates.automatic_keyword,)) if templates.automatic_keyword else Plan()


def keyword(template: str, values: Mapping[str, str]) -> str:
    """A keyword that is a valid atom; one that is too long keeps its start and a hash of the whole."""
    whole = template.format(**{name: _NO_ATOM.sub("_", value) for name, value in values.items()})
    if len(whole) <= LONGEST_KEYWORD:
        return whole
    return f"{whole[: LONGEST_KEYWORD - 9]}~{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _folder(template: str | None, values: Mapping[str, str], delimiter: str) -> str | None:
    if template is None:
        return None
    safe = {name: _NO_FOLDER.sub("_", value).strip(".") or "none" for name, value in values.items()}
    if delimiter == ".":
        safe = {name: value.replace(".", "_") for name, value in safe.items()}
    return template.replace("/", delimiter).format(**safe)


def header_value(value: str) -> str:
    """A value that cannot end the line of its header: ASCII as it stands, the rest encoded (RFC 2047)."""
    plain = " ".join(_CONTROL.sub(" ", value).split())
    if plain.isascii():
        return plain[:900]  # RFC 5322: a line has at most 998 characters
    return Header(plain[:200], "utf-8", maxlinelen=70).encode(linesep="\r\n")


def labelled_copy(content: bytes, identifier: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The message under our headers; such headers that it came with, which anybody can write, are left out.

    Parameters
    ----------
    content : bytes
        With lines ended as the server gave them.
    identifier : str
        Hexadecimal; stands in `X-Intentclf-Id`, by which the copy is found again.
    headers : tuple of (str, str)
        As in `Plan`.
    """
    lines = [(ID_HEADER, identifier), *headers]
    return "".join(f"{name}: {value}\r\n" for name, value in lines).encode("ascii", "replace") + without_ours(content)


def without_ours(content: bytes) -> bytes:
    """A message without headers of ours, so that a copy and its original are told to be the same."""
    end = _HEAD_END.search(content)
    place = end.start() + 2 if end else len(content)  # the last header keeps its line end
    head = content[:place]
    if b"x-intentclf-" not in head.lower():
        return content
    return _OURS.sub(b"", head) + content[place:]
