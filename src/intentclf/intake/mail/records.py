"""What is read from one e-mail: the message, and the parts of its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["Attachment", "MailKind", "MailMessage", "Part", "PartKind", "Protection", "SplitBody"]

MailKind = Literal["message", "auto_reply", "out_of_office", "bounce", "calendar"]
"""What wrote the message: a person, or a program on its own (RFC 3834); an invitation is a calendar's."""

Protection = Literal["smime_signed", "smime_encrypted", "pgp_signed", "pgp_encrypted"]
"""How a message is wrapped; of an encrypted one there is no text to read."""

PartKind = Literal[
    "own",  # what the customer wrote this time
    "quote",  # earlier messages, their quote marks included
    "attribution",  # 'On Monday Jan wrote:'
    "header",  # the header block above a quoted or forwarded message
    "closing",  # 'Kind regards,' and the name under it
    "signature",  # under '-- ', or function, company, telephone under the closing
    "disclaimer",  # 'This message is confidential'
    "device",  # 'Sent from my iPhone'
    "banner",  # 'External sender', put there by a mail gateway
]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is no text of the message; it is never opened.

    Attributes
    ----------
    name : str
        As the message gives it, without folders; '' where it gives none.
    media_type : str
        Such as 'image/png', lower case.
    size : int
        Bytes as sent, encoded.
    """

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class MailMessage:
    """One message, read.

    Attributes
    ----------
    message_id : str
        Without angle brackets; '' where there is none.
    subject : str
    sender : str
        Bare address of From, lower case; '' where there is none.
    received : datetime or None
        With an offset: the moment of the topmost Received header, else of Date.
    body : str
        The best text: plain before HTML, laid out, quoted blocks of HTML marked with '> ', format=flowed joined, line
        ends of one newline character.
    forwarded : tuple of str
        Bodies of messages attached as message/rfc822, laid out alike.
    kind : MailKind
    why : str
        What told the kind, such as 'Auto-Submitted: auto-replied'; '' for a person's message.
    list_id : str
        Of the mailing list that it came through, '' for none.
    protection : tuple of Protection
    attachments : tuple of Attachment
    warnings : tuple of str
    """

    message_id: str
    subject: str
    sender: str
    received: datetime | None
    body: str
    forwarded: tuple[str, ...] = ()
    kind: MailKind = "message"
    why: str = ""
    list_id: str = ""
    protection: tuple[Protection, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a body.

    Attributes
    ----------
    kind : PartKind
    start, end : int
        Half-open span of the body in code points; the parts of a body follow each other without gaps.
    text : str
        That span.
    """

    kind: PartKind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class SplitBody:
    """A body taken apart.

    Attributes
    ----------
    text : str
        What the customer wrote this time.
    parts : tuple of Part
        All of the body, in order.
    raised_before : bool
        Whether the body quotes an earlier message of this conversation; a forwarded message alone does not count.
    earlier : tuple of mapping
        Of each earlier message its `sender` and `date` as written, '' where they do not stand there.
    """

    text: str
    parts: tuple[Part, ...]
    raised_before: bool = False
    earlier: tuple[Mapping[str, str], ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "text": self.text,
            "raised_before": self.raised_before,
            "earlier": [dict(each) for each in self.earlier],
            "parts": [
                {"kind": part.kind, "start": part.start, "end": part.end, "text": part.text} for part in self.parts
            ],
        }
