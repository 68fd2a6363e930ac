"""What a mailbox offers to the run, whatever it lies in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from intentclf.errors import InputError
from intentclf.serve.prelabel.reading import Raw
from intentclf.serve.prelabel.state import Box, Entry
from intentclf.serve.prelabel.stop import Stop

__all__ = [
    "VANISHED",
    "ConnectionLostError",
    "LoginError",
    "MailboxGoneError",
    "Outcome",
    "Source",
    "UnreachableError",
    "batches",
]

VANISHED = "vanished"
"""Failure of a message that was listed and is not there any more."""

CHUNK_MESSAGES = 64
CHUNK_BYTES = 4_000_000
"""A chunk is closed before it holds more; a message that is larger by itself comes alone."""


class ConnectionLostError(InputError):
    """The server cannot be reached, or the connection broke: trying again may help."""


class UnreachableError(ConnectionLostError):
    """There was no connection to begin with."""


class LoginError(InputError):
    """The server does not take the user's proof: trying again does not help, unless the proof changes."""


class MailboxGoneError(InputError):
    """The mailbox does not exist, or no longer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the labels of one message: 'labelled', 'refused' or 'vanished', and why."""

    status: str
    reason: str = ""


class Source(Protocol):
    """A mailbox, on a server or on this disk."""

    @property
    def folder(self) -> str:
        """Its name, as the server has it; '' on this disk."""

    @property
    def delimiter(self) -> str:
        """What parts the levels of its folders."""

    def open(self) -> Box:
        """Connect where that is needed and select; the UIDs that are given out later hold under what is returned.

        Raises
        ------
        ConnectionLostError, LoginError, MailboxGoneError, InputError
        """

    def chunks(self, fresh: Callable[[str], bool]) -> Iterator[list[Raw]]:
        """Messages that are fresh, in order, some at once; ends when there are no more for now."""

    def apply(self, entries: Sequence[Entry], raws: Mapping[str, Raw]) -> dict[str, Outcome]:
        """Do what is planned, by UID; `raws` holds contents that are at hand."""

    def wait(self, seconds: float, stop: Stop) -> None:
        """Wait for new messages: until the mailbox tells of one, at most `seconds` where it cannot tell."""

    def close(self) -> None:
        """Let go of it; `open` takes it up again."""


def batches(sizes: Iterator[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    """Group messages, given as UID and bytes, so that a group fits into memory."""
    group: list[tuple[str, int]] = []
    held = 0
    for uid, size in sizes:
        if group and (len(group) >= CHUNK_MESSAGES or held + size > CHUNK_BYTES):
            yield group
            group, held = [], 0
        group.append((uid, size))
        held += size
    if group:
        yield group
