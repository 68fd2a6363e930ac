"""The wish to end: set by a signal, looked at between batches, and heard by whoever waits."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

__all__ = ["Stop"]


class Stop:
    """A flag that can be waited for together with a connection."""

    def __init__(self) -> None:
        self.asked = False
        self._far, self._near = socket.socketpair()
        self._far.setblocking(False)

    def fileno(self) -> int:
        """Becomes readable when the end is asked for."""
        return self._near.fileno()

    def ask(self) -> None:
        """Ask for the end."""
        self.asked = True
        with suppress(OSError):
            self._far.send(b"x")

    def wait(self, seconds: float) -> bool:
        """Wait, at most `seconds`; whether the end is asked for."""
        import selectors

        with selectors.DefaultSelector() as selector:
            selector.register(self._near, selectors.EVENT_READ)
            if not self.asked:
                selector.select(seconds)
        return self.asked

    def close(self) -> None:
        """Let go of the sockets."""
        self._far.close()
        self._near.close()

    @classmethod
    @contextmanager
    def on_signals(cls) -> Iterator[Stop]:
        """A flag that SIGINT and SIGTERM set; a second signal is the last, as it always was."""
        stop = cls()
        before: dict[int, Any] = {}

        def ask(number: int, frame: FrameType | None) -> None:
            stop.ask()
            signal.signal(number, before[number])

        try:
            for each in (signal.SIGINT, signal.SIGTERM):
                before[each] = signal.signal(each, ask)
        except ValueError:  # not the main thread: whoever runs us asks by itself
            pass
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            stop.close()
