"""A .msg file of Outlook in, a message out.

extract-msg reads the file; it is under the GPL and therefore an extra that is imported here only. What it finds is
written as a message of the standard kind, which is then read like any other. Attached files are not opened.
"""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from intentclf.errors import InputError
from intentclf.intake.mail.headers import one_line, parse_headers
from intentclf.intake.mail.message import read_message
from intentclf.intake.mail.records import Attachment, MailMessage

__all__ = ["read_outlook"]

_LARGEST_FILE = 200_000_000
_MOST_ATTACHED = 20  # attached messages that are read
_KEPT = (
    "Received",
    "Return-Path",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "Precedence",
    "Auto-Submitted",
)
_KEPT_PREFIXES = ("X-Auto", "X-Failed-Recipients", "X-MS-Exchange-Generated")


def read_outlook(path: Path) -> MailMessage:
    """Read a .msg file.

    Raises
    ------
    InputError
        If the file cannot be read, is no message of Outlook, or extract-msg is not installed.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"must be of at most {_LARGEST_FILE} bytes, got {path.stat().st_size}", file=path)
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    try:
        import extract_msg
    except ImportError:
        raise InputError("needs extract-msg: pip install 'intentclf[msg]'", file=path) from None
    try:
        with extract_msg.openMsg(content, delayAttachments=False, errorBehavior=_suppress(extract_msg)) as opened:
            return _read(opened)
    except Exception as error:  # the library lets whatever a broken file does to its parsers through
        raise InputError(f"is no message of Outlook ({type(error).__name__})", file=path) from None


def _suppress(extract_msg: Any) -> Any:
    return extract_msg.enums.ErrorBehavior.SUPPRESS_ALL


def _read(opened: Any) -> MailMessage:
    message = read_message(_as_mail(opened).as_bytes())
    attachments: list[Attachment] = []
    forwarded: list[str] = []
    for each in opened.attachments:
        inner = getattr(each, "data", None) if str(each.type).endswith("MSG") else None
        if inner is not None and hasattr(inner, "body") and len(forwarded) < _MOST_ATTACHED:
            forwarded.append(read_message(_as_mail(inner).as_bytes()).body)
        else:
            attachments.append(_attachment(each))
    return replace(message, attachments=tuple(attachments), forwarded=tuple(filter(None, forwarded)))


def _as_mail(opened: Any) -> EmailMessage:
    """A message with the headers that are read, and the text, of what Outlook stored."""
    mail = EmailMessage()
    stored = parse_headers((_text(opened, "headerText")).encode("utf-8", "replace"))
    for name, value in stored.raw_items():
        known = name.lower() in (each.lower() for each in _KEPT) or name.startswith(_KEPT_PREFIXES)
        if known:
            _add(mail, name, value)
    _add(mail, "Subject", _text(opened, "subject"))
    _add(mail, "From", _text(opened, "sender") or _sender(opened))
    moment = getattr(opened, "date", None)
    if "Received" not in mail and moment is not None:
        _add(mail, "Date", moment.strftime("%d %b %Y %H:%M:%S %z") if hasattr(moment, "strftime") else str(moment))
    if "Message-ID" not in mail:
        _add(mail, "Message-ID", _text(opened, "messageId"))
    plain, rich = _text(opened, "body"), getattr(opened, "htmlBody", None)
    mail.set_content(_clean(plain))
    if isinstance(rich, bytes) and rich.strip():
        mail.add_alternative(rich, maintype="text", subtype="html")
    return mail


def _sender(opened: Any) -> str:
    """Stored address: of SMTP, else that of the sender where it is one and no name of Exchange's own directory."""
    found = (opened.getStringStream(f"__substg1.0_{tag}") for tag in ("5D01", "0C1F"))
    return next((address for address in found if address and "@" in address), "")


def _text(opened: Any, name: str) -> str:
    value = getattr(opened, name, None)
    return value if isinstance(value, str) else ""


def _add(mail: EmailMessage, name: str, value: str) -> None:
    """Set a header as it stands: the library's own parser of structured ones refuses what senders make up."""
    text = one_line(value)
    if text and re.fullmatch(r"[\x21-\x39\x3b-\x7e]+", name):
        mail.set_raw(name, text.encode("utf-8").decode("ascii", "surrogateescape"))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _attachment(each: Any) -> Attachment:
    name = next(
        (value for value in (getattr(each, "longFilename", None), getattr(each, "shortFilename", None)) if value), ""
    )
    data = getattr(each, "data", None)
    media_type = str(getattr(each, "mimetype", None) or "application/octet-stream").lower()
    return Attachment(
        re.split(r"[/\\]", one_line(name))[-1][:255],
        media_type,
        len(data) if isinstance(data, bytes) else 0,
    )
