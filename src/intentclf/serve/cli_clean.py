"""The command `intentclf clean`: what a customer wrote this time in one message."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intentclf.errors import InputError

if TYPE_CHECKING:
    from intentclf.intake.mail.records import MailMessage, SplitBody

__all__ = ["clean"]

_PLAIN = ("message_id", "received", "kind", "why", "protection", "media_type")
"""Keys of the output that hold no text of a person."""


def clean(
    message: Annotated[str, typer.Argument(metavar="MESSAGE.eml", help="A message, or `-` for standard input.")],
    redact: Annotated[bool, typer.Option("--redact", help="Put placeholders for private data.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all parts, and what is known of the message.")] = False,
) -> None:
    """Print what the customer wrote this time, without quotes, signature and disclaimer."""
    from intentclf.intake.mail.message import customer_text, split_bodies

    read = _read(message)
    for warning in _warnings(read):
        print(f"intentclf: {warning}", file=sys.stderr)
    bodies = split_bodies(read)
    text = customer_text(bodies)
    if as_json:
        _print(json.dumps(_redacted(_told(read, bodies, text), redact), ensure_ascii=False))
    elif text:
        _print(_redacted(text, redact))


def _read(message: str) -> MailMessage:
    from intentclf.intake.mail.message import read_message

    if message == "-":
        return read_message(sys.stdin.buffer.read())
    path = Path(message)
    if path.suffix.lower() == ".msg":
        from intentclf.intake.mail.outlook import read_outlook

        return read_outlook(path)
    try:
        return read_message(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None


def _told(message: MailMessage, bodies: Sequence[SplitBody], text: str) -> dict[str, Any]:
    own, *forwarded = (body.to_dict() for body in bodies)
    return {
        "message_id": message.message_id,
        "subject": message.subject,
        "sender": message.sender,
        "received": message.received.isoformat() if message.received else None,
        "kind": message.kind,
        "why": message.why,
        "list_id": message.list_id,
        "protection": list(message.protection),
        "attachments": [asdict(each) for each in message.attachments],
        **own,
        "text": text,
        "forwarded": forwarded,
        "warnings": _warnings(message),
    }


def _redacted(value: Any, wanted: bool) -> Any:
    """Placeholders in every text of a value; spans stay those of the original body."""
    if not wanted:
        return value
    if isinstance(value, str):
        from intentclf.intake.redaction import redact

        return redact(value).text
    if isinstance(value, dict):
        return {name: each if name in _PLAIN else _redacted(each, wanted) for name, each in value.items()}
    return [_redacted(each, wanted) for each in value] if isinstance(value, list) else value


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


def _warnings(message: MailMessage) -> list[str]:
    from intentclf.intake.mail.automatic import Verdict, automatic_warning

    automatic = automatic_warning(Verdict(message.kind, message.why))
    return [*message.warnings, *([automatic] if automatic else [])]
