"""A mailbox on an IMAP server as a source of messages."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date

from intentclf.errors import InputError
from intentclf.serve.prelabel.imap_fetch import fetch, sizes
from intentclf.serve.prelabel.imap_labels import apply_plans
from intentclf.serve.prelabel.imap_session import CommandError, ImapSession, Selected
from intentclf.serve.prelabel.labels import Templates
from intentclf.serve.prelabel.reading import Raw
from intentclf.serve.prelabel.sources import ConnectionLostError, Outcome, batches
from intentclf.serve.prelabel.state import Box, Entry
from intentclf.serve.prelabel.stop import Stop

__all__ = ["ImapSource"]

_IDLE_SECONDS = 9 * 60.0
"""IDLE must be renewed before 29 minutes (RFC 2177); routers forget silent connections sooner."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ImapSource:
    """A mailbox on a server; see `Source`.

    Parameters
    ----------
    session : ImapSession
    templates : Templates
        What will be asked of the server, so that it is known at the start whether it can.
    largest : int
        Bytes of a message up to which it is fetched whole.
    since : date, optional
        Messages that the server got before are left alone.
    read_only : bool
        For a dry run.
    """

    def __init__(
        self,
        session: ImapSession,
        templates: Templates,
        *,
        largest: int,
        since: date | None = None,
        read_only: bool = False,
    ) -> None:
        self._session = session
        self._templates = templates
        self._largest = largest
        self._since = since
        self._read_only = read_only
        self._box = Box(session.address.account, session.address.folder)
        self._listed = 0  # UIDs up to here were given out under this UIDVALIDITY
        self._folders: set[str] = set()
        self.folder = session.address.folder

    @property
    def delimiter(self) -> str:
        """See `Source`."""
        return self._session.delimiter

    def open(self) -> Box:
        """See `Source`."""
        if not self._session.connected:
            self._session.connect()
        self.folder = self._session.address.folder.replace("/", self.delimiter)
        selected = self._session.select(self.folder, read_only=self._read_only)
        self._check(selected)
        box = Box(self._session.address.account, self.folder, selected.validity)
        if box != self._box:
            self._box, self._listed = box, 0
        return box

    def close(self) -> None:
        """See `Source`."""
        self._session.close()
        self._folders.clear()
        self._listed = 0

    def chunks(self, fresh: Callable[[str], bool]) -> Iterator[list[Raw]]:
        """See `Source`."""
        try:
            self._session.new_mail(forget=True)
            since = f" SINCE {_imap_date(self._since)}" if self._since else ""
            found = self._session.uids(f"UID {self._listed + 1}:* UNDELETED{since}")
            wanted = [uid for uid in found if uid > self._listed and fresh(str(uid))]  # '9:*' is the last one even of 5
            true: dict[str, int] = {}
            for group in batches(self._held(wanted, true)):
                yield fetch(self._session, [(uid, true.pop(uid)) for uid, _ in group], largest=self._largest)
            self._listed = max([self._listed, *found])
        except CommandError as error:
            raise InputError(f"{self._session.address.server} does not list {self.folder} ({error})") from None

    def _held(self, uids: Sequence[int], true: dict[str, int]) -> Iterator[tuple[str, int]]:
        """UIDs with the bytes that will be held of each; their true sizes are noted."""
        for uid, size in sizes(self._session, uids):
            true[uid] = size
            yield uid, min(size, self._largest)

    def apply(self, entries: Sequence[Entry], raws: Mapping[str, Raw]) -> dict[str, Outcome]:
        """See `Source`."""
        try:
            return apply_plans(
                self._session, self._box, self.folder, entries, raws, folders=self._folders, largest=self._largest
            )
        except CommandError as error:  # a question, not a label: the session is in no state to go on
            self._session.drop()
            raise ConnectionLostError(
                f"{self._session.address.server} does not answer as it should ({error})"
            ) from None

    def wait(self, seconds: float, stop: Stop) -> None:
        """See `Source`."""
        if stop.asked or self._session.new_mail():
            return
        if "IDLE" in self._session.capabilities:
            with suppress(CommandError):
                return self._idle(stop)
        stop.wait(seconds)
        with suppress(CommandError), self._session.guarded():
            self._session.client.noop()

    def _idle(self, stop: Stop) -> None:
        """Be told of new mail (RFC 2177)."""
        session = self._session
        with session.guarded():
            client = session.client
            tag = client._command("IDLE")
            while client._get_response() is not None:  # news may come before the server says that it waits
                if client.tagged_commands[tag]:
                    client.tagged_commands.pop(tag)
                    raise CommandError("IDLE")
            end = time.monotonic() + _IDLE_SECONDS
            while not (stop.asked or session.new_mail()) and _readable(client, end - time.monotonic(), stop):
                client._get_response()
            client.send(b"DONE\r\n")
            session.consume(tag)

    def _check(self, selected: Selected) -> None:
        """What was asked for and this server cannot do."""
        asked = [*self._templates.keywords, self._templates.automatic_keyword or ""]
        lost = [word for word in asked if word and ("{" in word or word.lower() not in selected.permanent)]
        if lost and not selected.takes_keywords and not self._read_only:
            raise InputError(
                f"{self.folder} on {self._session.address.server} takes no new keywords such as {lost[0]!r}; "
                "move messages or copy them instead (--move, --copy-to)"
            )
        if self._templates.move and not self._session.capabilities & {"MOVE", "UIDPLUS"}:
            raise InputError(
                f"{self._session.address.server} can neither move messages (MOVE) nor take single ones out (UIDPLUS); "
                "set keywords or make copies instead (--keyword, --copy-to)"
            )


def _readable(client: object, seconds: float, stop: Stop) -> bool:
    """Wait until the server says something; False where the time is up or the end is asked for."""
    if seconds <= 0:
        return False
    if _has_buffered(client):
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(client.sock, selectors.EVENT_READ)  # type: ignore[attr-defined]
        selector.register(stop, selectors.EVENT_READ)
        ready = {key.fileobj for key, _ in selector.select(seconds)}
    return bool(ready) and stop not in ready


def _has_buffered(client: object) -> bool:
    """Whether something was read from the socket that nobody has looked at: waiting for the socket would miss it."""
    sock, file = getattr(client, "sock", None), getattr(client, "_file", None) or getattr(client, "file", None)
    if sock is None or file is None:
        return False
    before = sock.gettimeout()
    sock.settimeout(0)
    try:
        return bool(file.peek(1))
    except OSError:  # nothing there yet: EAGAIN, or its TLS sister
        return False
    finally:
        sock.settimeout(before)


def _imap_date(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
