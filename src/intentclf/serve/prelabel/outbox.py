"""Lines of answers from the state to the output file, each exactly once, whatever interrupts it.

A line waits in the state until it is known to be on the disk. When a run begins, what stands in the file beyond the
length that is known is the torn end of an interrupted write: it is cut off, and the waiting lines are written.
"""

from __future__ import annotations

import os
from pathlib import Path

from intentclf.errors import InputError
from intentclf.serve.prelabel.state import State

__all__ = ["Outbox"]


class Outbox:
    """The output file, open for appending; a context manager.

    Parameters
    ----------
    path : Path
    state : State

    Raises
    ------
    InputError
        If the file cannot be written, is shorter than what was written, or holds more than we could have written.
    """

    def __init__(self, path: Path, state: State) -> None:
        self._path = path
        self._state = state
        self._last = 0
        self._length = 0
        self.replaced = False
        """Whether the file that was written to is gone, moved away perhaps, and a new one begun."""
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise InputError(f"cannot be written ({error.strerror})", file=path) from None
        try:
            self._recover()
        except BaseException:
            os.close(self._handle)
            raise

    def __enter__(self) -> Outbox:
        return self

    def __exit__(self, *failure: object) -> None:
        os.close(self._handle)

    @property
    def written(self) -> tuple[int, int]:
        """Number of the last line that is on the disk, and the length of the file: for `State.finish`."""
        return self._last, self._length

    def flush(self) -> None:
        """Write the lines that wait.

        Raises
        ------
        InputError
            If they cannot be written; they wait for the next run.
        """
        waiting = self._state.waiting_lines(self._last)
        if not waiting:
            return
        try:
            self._write(b"".join(line for _, line in waiting))
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror}); nothing is lost, the next run goes on from here",
                file=self._path,
            ) from None
        self._last = waiting[-1][0]

    def close(self) -> None:
        """Write what waits and forget it."""
        self.flush()
        if self._last:
            self._state.mark_written(*self.written)

    def _write(self, content: bytes) -> None:
        os.lseek(self._handle, self._length, os.SEEK_SET)
        view = memoryview(content)
        while view:
            view = view[os.write(self._handle, view) :]
        os.fsync(self._handle)
        self._length += len(content)

    def _recover(self) -> None:
        size = os.fstat(self._handle).st_size
        known = self._state.output()
        path = str(self._path.absolute())
        if known is None or known[0] != path or (size == 0 and known[1]):
            self.replaced = known is not None
            self._length = self._adopt(size)
            self._state.set_output(path, self._length)
        else:
            self._length = known[1]
            self._check(size)
            self._cut(size)
        self.close()

    def _adopt(self, size: int) -> int:
        """Go on after the lines of a file that was not written from this state."""
        os.lseek(self._handle, max(0, size - 1), os.SEEK_SET)
        if size and os.read(self._handle, 1) != b"\n":
            raise InputError("does not end with a line end: it is no output of prelabel, or was torn", file=self._path)
        return size

    def _check(self, size: int) -> None:
        if size < self._length:
            raise InputError(
                f"has {size} bytes, but {self._length} were written: bring it back, or name another --out",
                file=self._path,
            )
        waiting = sum(len(line) for _, line in self._state.waiting_lines())
        if size > self._length + waiting:
            raise InputError(
                f"has {size - self._length - waiting} bytes more than were written to it; something else writes there",
                file=self._path,
            )

    def _cut(self, size: int) -> None:
        if size > self._length:
            try:
                os.ftruncate(self._handle, self._length)
            except OSError as error:
                raise InputError(f"cannot be written ({error.strerror})", file=self._path) from None
