"""Raw e-mail in, what is read of it out, whatever the bytes.

The structure is `parts`, character sets are `charsets`, the choice of the text is `body`, whether a person wrote it
`automatic`, signatures and encryption `protection`. Nothing here raises: a message that is odd is read as far as it
goes, with a warning for what was not.
"""

from __future__ import annotations

from collections.abc import Sequence

from intentclf.intake.mail.automatic import Verdict, automatic_warning, judge_kind
from intentclf.intake.mail.body import Bodies, is_attached_message, read_bodies
from intentclf.intake.mail.headers import Headers, header_address, header_text, received_moment
from intentclf.intake.mail.invitation import Invitation, read_invitations
from intentclf.intake.mail.parts import MimePart, find_parts
from intentclf.intake.mail.protection import find_protection, without_armour
from intentclf.intake.mail.records import Attachment, MailMessage, SplitBody
from intentclf.intake.mail.reply import split_body
from intentclf.records import Query

__all__ = ["as_query", "customer_text", "message_query", "read_message", "split_bodies"]

_SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_WINMAIL = "application/ms-tnef"


def read_message(content: bytes) -> MailMessage:
    r"""Read one raw message.

    Parameters
    ----------
    content : bytes
        The message as it was sent (RFC 5322), or anything else.

    Examples
    --------
    >>> read_message(b"From: Jan <Jan@example.org>\n\nHallo").sender
    'jan@example.org'
    """
    structure = find_parts(content)
    parts = structure.parts
    headers = parts[0].headers
    warnings = [] if headers.keys() else ["not an e-mail: no headers"]
    bodies = read_bodies(parts)
    text, armoured, armour_warnings = without_armour(bodies.text)
    protection, protection_warnings = find_protection(parts)
    subject, invitations = header_text(headers, "Subject"), read_invitations(parts)
    verdict = judge_kind(parts, subject=subject, body=text, invitations=invitations)
    attachments = _attachments(parts, bodies)
    warnings += (*structure.warnings, *bodies.warnings, *protection_warnings, *armour_warnings)
    warnings += _named_containers(attachments)
    return MailMessage(
        message_id=header_text(headers, "Message-ID").strip("<> "),
        subject=subject,
        sender=header_address(headers, "From"),
        received=received_moment(headers),
        body=text or _invited(verdict, invitations),
        forwarded=bodies.forwarded,
        kind=verdict.kind,
        why=verdict.why,
        list_id=_list_id(headers),
        protection=tuple(dict.fromkeys((*protection, *armoured))),
        attachments=attachments,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def message_query(content: bytes, *, identifier: str) -> Query:
    """Make a query of one raw message: its subject, an empty line, and what the customer wrote this time.

    What the customer wrote is followed by the writers' own words in the messages attached to it.

    Parameters
    ----------
    content : bytes
        The message as it was sent.
    identifier : str
        Id of the query; '' takes the Message-ID.
    """
    return as_query(read_message(content), identifier=identifier)


def as_query(message: MailMessage, *, identifier: str) -> Query:
    """Make a query of a message, see `message_query`; its `extra` has the moment received and the sender."""
    text = "\n\n".join(part for part in (message.subject, customer_text(split_bodies(message))) if part)
    warning = automatic_warning(Verdict(message.kind, message.why))
    warnings = [*message.warnings, *([warning] if warning else []), *([] if text else ["empty message"])]
    extra = {"received": message.received.isoformat() if message.received else "", "sender": message.sender}
    told = {name: value for name, value in extra.items() if value}
    return Query(identifier or message.message_id, text, None, tuple(warnings), told)


def split_bodies(message: MailMessage) -> tuple[SplitBody, ...]:
    """The body of a message taken apart, then those of the messages attached to it."""
    own = split_body(message.body, subject=message.subject)
    return (own, *(split_body(body) for body in message.forwarded))


def customer_text(bodies: Sequence[SplitBody]) -> str:
    """What the customer wrote this time, over all bodies; an empty line between them."""
    return "\n\n".join(body.text for body in bodies if body.text)


def _invited(verdict: Verdict, invitations: Sequence[Invitation]) -> str:
    return invitations[0].text if verdict.kind == "calendar" else ""


def _attachments(parts: Sequence[MimePart], bodies: Bodies) -> tuple[Attachment, ...]:
    """Leaves that are no text of the message; those of attached messages, too."""
    containers = {part.parent for part in parts}
    return tuple(
        Attachment(part.name, part.media_type, part.size)
        for index, part in enumerate(parts)
        if index not in bodies.read and (index not in containers or is_attached_message(part)) and _is_attached(part)
    )


def _is_attached(part: MimePart) -> bool:
    """Whether a part counts as attached: named, declared so, or no text at all; other alternatives are none."""
    if part.media_type in _SIGNATURES or (part.parent < 0 and part.media_type.startswith(("text/", "multipart/"))):
        return False
    if part.name or part.disposition == "attachment":
        return True
    return not part.media_type.startswith(("text/", "multipart/", "message/delivery-status"))


def _named_containers(attachments: Sequence[Attachment]) -> list[str]:
    """Outlook's own wrapping hides attachments, and sometimes the text, from every other program."""
    found = any(each.media_type == _WINMAIL or each.name.lower() == "winmail.dat" for each in attachments)
    return ["winmail.dat is not opened: what Outlook packed into it is not seen"] if found else []


def _list_id(headers: Headers[str, str]) -> str:
    """The identifier of RFC 2919, without the description before it."""
    value = header_text(headers, "List-Id")
    inner = value.rpartition("<")[2].partition(">")[0] if "<" in value else value
    return inner.strip().lower()[:255]
