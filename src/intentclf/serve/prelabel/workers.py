"""Messages answered by several processes: enters chunks, leaves the same chunks answered, in order.

Each process loads the model once. It ignores the signals that end a service, as the parent decides when to stop, and
ends when the parent is gone, killed or not. A process that dies over a chunk costs the message that killed it: the
chunk is tried again message by message.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from intentclf.errors import InputError, IntentclfError
from intentclf.serve.prelabel.reading import Raw, ReadMessage, answer_messages

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

__all__ = ["AdviceOptions", "Job", "Workers"]

Chunk = Sequence[Raw]

_QUEUED = 2  # chunks that a process holds, so that it has work while the one before is written down
_AHEAD = 4  # chunks per process that are out or done while an earlier one is not
_LIFE = 20_000  # messages after which a process is replaced: what libraries remember grows slowly
_TRIAL = Raw("", b"Subject: Outlook\r\n\r\nI cannot sign in.\r\n", 39)
_FATAL = "ends the program that reads it"


@dataclass(frozen=True, slots=True)
class AdviceOptions:
    """What a desk says of itself, as the options of the command line say it; see `AdviceSettings`."""

    agreement: str | None = None
    agreements: Path | None = None
    zone: str | None = None
    country: str | None = None
    premier: bool = False
    known_issues: Path | None = None
    speak: str = "en"


@dataclass(frozen=True, slots=True)
class Job:
    """What a process needs to answer: the model's folder (None: the shipped one) and how to answer."""

    model: Path | None = None
    advice: AdviceOptions = AdviceOptions()
    words: int = 0
    book: str | None = None
    redact: bool = False

    def reader(self) -> Callable[[Chunk], list[ReadMessage]]:
        """Load the model.

        Raises
        ------
        IntentclfError
            If the model, the book or what the desk says of itself cannot be used.
        """
        from intentclf.predict.artifact import load_model
        from intentclf.serve.cli_respond import advice_settings

        model = load_model(self.model)
        if self.book is not None and self.book not in model.books:
            raise InputError(f"--book must be one of {', '.join(model.books)}, got {self.book!r}")
        told = self.advice
        settings = advice_settings(
            model,
            True,
            told.agreement,
            told.agreements,
            told.zone,
            told.country,
            told.premier,
            told.known_issues,
            told.speak,
        )

        def read(chunk: Chunk) -> list[ReadMessage]:
            try:
                return answer_messages(
                    chunk, model, advice=settings, words=self.words, book=self.book, redact=self.redact
                )
            except (OSError, ImportError) as error:
                said = getattr(error, "strerror", None) or type(error).__name__
                raise InputError(f"messages cannot be answered ({said}); nothing is lost, run it again") from None

        failure = read([_TRIAL])[0].failure
        if failure:  # what fails on a plain message is no fault of the mail that will come
            raise InputError(f"a message for trial {failure}")
        return read


class Workers:
    """Answers chunks; a context manager.

    Parameters
    ----------
    job : Job
    count : int
        Processes; with 1 the work is done in this one.
    """

    def __init__(self, job: Job, count: int) -> None:
        self._job = job
        self._count = count
        self._here: Callable[[Chunk], list[ReadMessage]] | None = None
        self._processes: list[_Process] = []

    def __enter__(self) -> Workers:
        if self._count <= 1:
            self._here = self._job.reader()
            return self
        try:
            self._processes = [_Process(self._job) for _ in range(self._count)]
            for process in self._processes:
                process.await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        for process in self._processes:
            process.stop()
        self._processes = []

    def answer(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, list[ReadMessage]]]:
        """Answer chunks in order; taken from `chunks` as processes fall free, so that few are in memory at once."""
        if self._here is not None:
            for chunk in chunks:
                yield chunk, self._here(chunk)
            return
        yield from self._spread(iter(chunks))

    def _spread(self, chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, list[ReadMessage]]]:
        held: dict[_Process, deque[tuple[int, Chunk]]] = {process: deque() for process in self._processes}
        done: dict[int, tuple[Chunk, list[ReadMessage]]] = {}
        taken = given = 0
        exhausted = False
        try:
            while True:
                for process in _hungry(held):
                    chunk = next(chunks, None) if taken - given < _AHEAD * self._count and not exhausted else None
                    if chunk is None:
                        exhausted = exhausted or taken - given < _AHEAD * self._count
                        break
                    process.renew_if_worn(len(held[process]))
                    process.send(chunk)
                    held[process].append((taken, chunk))
                    taken += 1
                while given in done:
                    yield done.pop(given)
                    given += 1
                if not any(held.values()):
                    if exhausted:
                        return
                    continue
                for process in _ready(held):
                    number, chunk = held[process].popleft()
                    done[number] = chunk, process.receive(chunk, [later for _, later in held[process]])
        finally:  # a caller that stops early leaves no answer behind that the next one would take for its own
            for process, rest in held.items():
                while rest:
                    _, chunk = rest.popleft()
                    with suppress(InputError):
                        process.receive(chunk, [later for _, later in rest])


def _hungry(held: dict[_Process, deque[tuple[int, Chunk]]]) -> list[_Process]:
    """Processes that can take a chunk, once for each, those without any first; a worn one only when it has none."""
    free = [(depth, process) for depth in range(_QUEUED) for process, mine in held.items() if len(mine) <= depth]
    return [process for depth, process in free if not (process.is_worn and (held[process] or depth))]


def _ready(held: dict[_Process, deque[tuple[int, Chunk]]]) -> list[_Process]:
    ready = wait([process.connection for process, mine in held.items() if mine])
    return [process for process in held if process.connection in ready]


class _Process:
    """One process, started anew when it dies."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._age = 0
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_work, args=(theirs, self._job), daemon=True)
        self._process.start()
        theirs.close()

    def await_ready(self) -> None:
        """Wait until the model is loaded.

        Raises
        ------
        InputError
            With the message of what the process could not use.
        """
        try:
            fault = self.connection.recv()
        except (EOFError, OSError):
            raise InputError("a worker process ended while it loaded the model; is there memory enough?") from None
        if fault is not None:
            raise InputError(fault)

    @property
    def is_worn(self) -> bool:
        """Whether it has read enough."""
        return self._age >= _LIFE

    def renew_if_worn(self, held: int) -> None:
        """Replace it where it has read enough and holds no chunk."""
        if self.is_worn and not held:
            self._again()

    def send(self, chunk: Chunk) -> None:
        """Hand over a chunk; whether it arrived shows when the answer is received."""
        self._age += len(chunk)
        try:
            self.connection.send(list(chunk))
        except OSError:
            return

    def receive(self, chunk: Chunk, later: Sequence[Chunk] = ()) -> list[ReadMessage]:
        """The answers to the chunk sent first of those that are out; `later` are the others.

        Raises
        ------
        InputError
            If the machine is at fault.
        """
        try:
            answers: list[ReadMessage] | str = self.connection.recv()
        except (EOFError, OSError):
            self._again()
            alone = [ReadMessage(chunk[0].uid, failure=_FATAL)] if len(chunk) == 1 else self._one_by_one(chunk)
            for each in later:
                self.send(each)
            return alone
        if isinstance(answers, str):
            raise InputError(answers)
        return answers

    def _one_by_one(self, chunk: Chunk) -> list[ReadMessage]:
        answers: list[ReadMessage] = []
        for raw in chunk:
            self.send([raw])
            answers += self.receive([raw])
        return answers

    def _again(self) -> None:
        self.stop()
        self._age = 0
        self._start()
        self.await_ready()

    def stop(self) -> None:
        """End it: it reads the end of its connection, or is killed if it does not."""
        self.connection.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(connection: Connection, job: Job) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one process a core already
    fault: str | None = None
    try:
        read = job.reader()
    except IntentclfError as error:
        fault = str(error)
    try:
        connection.send(fault)
        waiting: SimpleQueue[Chunk | None] = SimpleQueue()
        threading.Thread(target=_take, args=(connection, waiting), daemon=True).start()
        while fault is None and (chunk := waiting.get()) is not None:
            connection.send(_answered(read, chunk))
    except (EOFError, OSError):  # the parent is gone, or needs no more
        return


def _take(connection: Connection, waiting: SimpleQueue[Chunk | None]) -> None:
    """Take chunks as they come: who sends one must not wait for a process whose answer waits for him."""
    try:
        while True:
            waiting.put(connection.recv())
    except (EOFError, OSError):
        waiting.put(None)


def _answered(read: Callable[[Chunk], list[ReadMessage]], chunk: Chunk) -> list[ReadMessage] | str:
    try:
        return read(chunk)
    except InputError as error:
        return str(error)
