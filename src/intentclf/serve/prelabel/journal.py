"""What happened, on the error output: one line for each event, as text or as JSON; never a customer's words.

A Message-ID is told by the first twelve characters of its SHA-256, so that a log can be searched for a known one.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["FORMATS", "Journal", "message_hash"]

FORMATS = ("text", "json")
_LONGEST = 300

Value = str | int | float | None


class Journal:
    """Writes events.

    Parameters
    ----------
    format : {'text', 'json'}
    stream : text file, optional
        The error output by default, looked up for each event.
    """

    def __init__(self, format: str = "text", *, stream: TextIO | None = None) -> None:
        self._json = format == "json"
        self._stream = stream

    def event(self, event: str, **fields: Value) -> None:
        """Write one event; fields that are None are left out."""
        told = {name: _plain(value) for name, value in fields.items() if value is not None}
        moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._json:
            line = json.dumps({"time": moment, "event": event} | told, ensure_ascii=False)
        else:
            line = " ".join([moment, event, *(f"{name}={_worded(value)}" for name, value in told.items())])
        stream = self._stream or sys.stderr
        try:
            stream.write(line + "\n")
            stream.flush()
        except (OSError, ValueError):  # nobody listens any more: no reason to stop labelling
            return


def message_hash(message_id: str) -> str | None:
    """What stands for a Message-ID in a log; None where the message has none."""
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:12] if message_id else None


def _plain(value: str | int | float) -> str | int | float:
    if not isinstance(value, str):
        return value
    text = "".join(character if character.isprintable() else " " for character in value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _worded(value: str | int | float) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in text for c in ' "=') else text
