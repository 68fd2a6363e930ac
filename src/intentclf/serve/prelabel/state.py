"""What was done with each message, in one SQLite file: the memory by which a message is labelled exactly once.

A message is planned before anything is done with it, and finished afterwards, in one transaction with its line. What is
planned and not finished when a run begins was interrupted. SQLite itself locks the file, so that the lock ends with the
process however that ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from intentclf.errors import InputError
from intentclf.serve.prelabel.labels import Plan

__all__ = ["FINAL", "Box", "Entry", "Finished", "State"]

FINAL = ("labelled", "set_aside", "duplicate", "unreadable", "vanished", "refused")
"""What can become of a message; also the `status` of its line."""

_HOLDING = ("labelled", "set_aside")  # the content needs no second look, wherever it turns up again
_VERSION = 1
_SCHEMA = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, mailbox TEXT NOT NULL, validity TEXT NOT NULL, uid TEXT NOT NULL,
    message_id TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL, plan TEXT, facts TEXT,
    UNIQUE (account, mailbox, validity, uid)
);
CREATE INDEX unfinished ON message (status) WHERE status = 'planned';
CREATE TABLE content (
    account TEXT NOT NULL, message_id TEXT NOT NULL, digest BLOB NOT NULL, held INTEGER NOT NULL,
    PRIMARY KEY (account, message_id, digest)
) WITHOUT ROWID;
CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL);
CREATE TABLE output (path TEXT NOT NULL, length INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox whose UIDs hold: its account, its name, its UIDVALIDITY ('' where there is none)."""

    account: str
    mailbox: str
    validity: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message on its way.

    Attributes
    ----------
    uid, message_id : str
    digest : bytes
    size : int
        Bytes of the whole message.
    plan : Plan
    facts : str
        What its line will hold besides, as a JSON object; it may hold the customer's words.
    again : bool
        Whether it may be done already: an earlier attempt at the same content was interrupted.
    validity : str
        UIDVALIDITY under which it was planned.
    """

    uid: str
    message_id: str
    digest: bytes
    size: int = 0
    plan: Plan = Plan()
    facts: str = ""
    again: bool = False
    validity: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A message that is done with: its entry, one of `FINAL`, its line (bytes that end with a newline)."""

    entry: Entry
    status: str
    line: bytes


class State:
    """The file, open and locked; a context manager.

    Parameters
    ----------
    path : Path
    read_only : bool
        For a dry run: a file that is not there counts as empty, and nothing is written.

    Raises
    ------
    InputError
        If another process has it open, or it is no file of ours.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        with self._told():
            if read_only:
                self._db = _open_read_only(path)
            else:
                path.touch(mode=0o600, exist_ok=True)
                _check_kind(path)
                self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
            try:
                self._prepare(read_only=read_only)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> State:
        return self

    def __exit__(self, *failure: object) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    def _prepare(self, *, read_only: bool) -> None:
        if read_only:
            self._check_version()
            return
        # No second process; no page of a deleted line left in the file; a commit survives a loss of power.
        for pragma in ("locking_mode = EXCLUSIVE", "secure_delete = ON", "synchronous = FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("BEGIN EXCLUSIVE")
        if self._version() == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        self._db.execute("COMMIT")
        self._check_version()

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _check_version(self) -> None:
        if self._version() != _VERSION:
            raise InputError("is no state of prelabel, or one of another version", file=self._path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults of SQLite and of the disk as one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(_sentence(error), file=self._path) from None
        except OSError as error:
            raise InputError(f"cannot be written ({error.strerror})", file=self._path) from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._db.execute("BEGIN")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # after a full disk SQLite has rolled back by itself
                    self._db.execute("ROLLBACK")
                raise

    def knows(self, box: Box, uid: str) -> bool:
        """Whether the message was planned or finished before."""
        query = "SELECT 1 FROM message WHERE account = ? AND mailbox = ? AND validity = ? AND uid = ?"
        with self._told():
            return self._db.execute(query, (box.account, box.mailbox, box.validity, uid)).fetchone() is not None

    def content_status(self, account: str, message_id: str, digest: bytes) -> str:
        """'new', 'held' (done, or being done, under another UID), or 'interrupted' (given up: look before you do)."""
        with self._told():
            row = self._db.execute(
                "SELECT held FROM content WHERE account = ? AND message_id = ? AND digest = ?",
                (account, message_id, digest),
            ).fetchone()
        return "new" if row is None else "held" if row[0] else "interrupted"

    def plan(self, box: Box, entries: Sequence[Entry]) -> None:
        """Record what is about to be done; before anything is."""
        with self._transaction() as db:
            for entry in entries:
                self._put(db, box, entry, "planned")

    def finish(self, box: Box, finished: Sequence[Finished], *, written: tuple[int, int] | None = None) -> None:
        """Record what became of messages, planned or not, together with their lines.

        Parameters
        ----------
        box : Box
        finished : sequence of Finished
        written : tuple of (int, int), optional
            See `mark_written`; in the same transaction.
        """
        with self._transaction() as db:
            for each in finished:
                self._put(db, box, each.entry, each.status)
                db.execute("INSERT INTO outbox (line) VALUES (?)", (each.line,))
            if written:
                _mark(db, *written)

    def _put(self, db: sqlite3.Connection, box: Box, entry: Entry, status: str) -> None:
        planned = status == "planned"
        plan, facts = (entry.plan.to_json(), entry.facts) if planned else (None, None)
        place = (box.account, box.mailbox, entry.validity or box.validity, entry.uid)
        db.execute(
            "INSERT INTO message (account, mailbox, validity, uid, message_id, digest, size, status, plan, facts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, mailbox, validity, uid)"
            " DO UPDATE SET status = excluded.status, plan = excluded.plan, facts = excluded.facts",
            (*place, entry.message_id, entry.digest, entry.size, status, plan, facts),
        )
        if status == "duplicate" or not entry.digest:
            return
        db.execute(
            "INSERT INTO content (account, message_id, digest, held) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account, message_id, digest) DO UPDATE SET held = excluded.held",
            (box.account, entry.message_id, entry.digest, planned or status in _HOLDING),
        )

    def unfinished(self, box: Box) -> list[Entry]:
        """What was planned in a mailbox and not finished, under whatever UIDVALIDITY."""
        with self._told():
            rows = self._db.execute(
                "SELECT uid, message_id, digest, size, plan, facts, validity FROM message"
                " WHERE status = 'planned' AND account = ? AND mailbox = ? ORDER BY id",
                (box.account, box.mailbox),
            ).fetchall()
        return [
            Entry(uid, message_id, digest, size, Plan.from_json(plan), facts, True, validity)
            for uid, message_id, digest, size, plan, facts, validity in rows
        ]

    def counts(self) -> dict[str, int]:
        """Messages by status."""
        with self._told():
            return dict(self._db.execute("SELECT status, count(*) FROM message GROUP BY status"))

    def output(self) -> tuple[str, int] | None:
        """The output file and how many of its bytes are known to be ours; None before the first line."""
        with self._told():
            row = self._db.execute("SELECT path, length FROM output").fetchone()
        return (str(row[0]), int(row[1])) if row else None

    def set_output(self, path: str, length: int) -> None:
        """Name the output file and its length."""
        with self._transaction() as db:
            db.execute("DELETE FROM output")
            db.execute("INSERT INTO output (path, length) VALUES (?, ?)", (path, length))

    def waiting_lines(self, after: int = 0) -> list[tuple[int, bytes]]:
        """Numbers and bytes of the lines that may not stand in the output file yet."""
        with self._told():
            return self._db.execute("SELECT seq, line FROM outbox WHERE seq > ? ORDER BY seq", (after,)).fetchall()

    def mark_written(self, last: int, length: int) -> None:
        """Forget lines up to number `last`: they stand in the output file, which has `length` bytes now."""
        with self._transaction() as db:
            _mark(db, last, length)


def _mark(db: sqlite3.Connection, last: int, length: int) -> None:
    db.execute("DELETE FROM outbox WHERE seq <= ?", (last,))
    db.execute("UPDATE output SET length = ?", (length,))


def _check_kind(path: Path) -> None:
    """A short file that is none of SQLite's would be taken for an empty one, and be lost."""
    with path.open("rb") as file:
        if file.read(16) not in (b"", b"SQLite format 3\0"):
            raise InputError("is no state of prelabel", file=path)


def _open_read_only(path: Path) -> sqlite3.Connection:
    if path.exists() and path.stat().st_size:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None)
    empty = sqlite3.connect(":memory:", isolation_level=None)
    empty.executescript(_SCHEMA + f"PRAGMA user_version = {_VERSION};")
    return empty


def _sentence(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "is in use by another prelabel; wait for it, or give this one a --state of its own"
    if name.startswith("SQLITE_READONLY"):
        return "cannot be written; where a run was interrupted, let one go on without --dry-run first"
    if name.startswith("SQLITE_NOTADB"):
        return "is no state of prelabel"
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return f"cannot be written, is the disk full? ({error}); nothing is lost, the next run goes on from here"
    return f"cannot be used ({error})"
