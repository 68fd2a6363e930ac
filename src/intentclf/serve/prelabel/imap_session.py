"""A connection to an IMAP server (RFC 3501): enters an address and a proof, leaves a session that speaks in messages.

imap-tools connects, names folders and searches. Storing flags, moving and expunging are spoken here: its own `flag`,
`delete` and `move` expunge the whole mailbox afterwards, that is, also what others have marked as deleted.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intentclf.errors import InputError
from intentclf.serve.prelabel.address import ImapAddress
from intentclf.serve.prelabel.credentials import Credentials, Secret
from intentclf.serve.prelabel.imap_connect import connect
from intentclf.serve.prelabel.sources import ConnectionLostError, LoginError, MailboxGoneError

__all__ = ["CommandError", "ImapSession", "Selected"]

# Response codes (RFC 3501, RFC 5530) that speak of the server or of a mailbox, and of no message: connect again, look
# whether the mailbox is there, and create folders anew.
_PASSING = ("UNAVAILABLE", "INUSE", "LIMIT", "NONEXISTENT", "TRYCREATE")
_NO_LOGINS = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG")


class CommandError(Exception):
    """The server says NO or BAD to one command; the session goes on. Its text is the server's, cut short."""

    def __init__(self, said: object) -> None:
        super().__init__(_said(said))


@dataclass(frozen=True, slots=True)
class Selected:
    """A mailbox that is selected: its UIDVALIDITY, the flags that stay, whether new keywords are taken."""

    validity: str
    permanent: frozenset[str]
    takes_keywords: bool


class ImapSession:
    """One session; not connected before `connect` is called.

    Parameters
    ----------
    address : ImapAddress
    credentials : Credentials
    ca_file : Path, optional
        The only authority that is trusted; by default those of the system.
    insecure : bool
        With `imap://`: no encryption at all.
    """

    def __init__(
        self, address: ImapAddress, credentials: Credentials, *, ca_file: Path | None = None, insecure: bool = False
    ) -> None:
        self.address = address
        self._credentials = credentials
        self._ca_file = ca_file
        self._insecure = insecure
        self._token: Secret | None = None
        self._box: Any = None
        self.capabilities: frozenset[str] = frozenset()
        self.delimiter = "/"

    @property
    def connected(self) -> bool:
        """Whether there is a session."""
        return self._box is not None

    @property
    def client(self) -> Any:
        """The imaplib client of the session."""
        return self._box.client

    def connect(self) -> None:
        """Connect and log in; a token that the server does not take is asked for anew, once.

        Raises
        ------
        ConnectionLostError
            If the server cannot be reached or has no time.
        LoginError
            If it does not take the proof.
        InputError
            If its certificate is not trusted, or there is no proof.
        """
        if self._token is not None:
            try:
                return self._log_in(self._token)
            except LoginError:
                self._token = None  # it expired
        secret = self._credentials.secret()
        self._log_in(secret)
        if self._credentials.is_token:
            self._token = secret

    def _log_in(self, secret: Secret) -> None:
        self._box = connect(self.address, ca_file=self._ca_file, insecure=self._insecure)
        try:
            with self.guarded():
                self._authenticate(secret)
                # Most servers tell what they can do only to those they know.
                self.client.capabilities = tuple(self.client.capability()[1][-1].decode("ascii").upper().split())
                self.capabilities = frozenset(self.client.capabilities)
                levels = self._box.folder.list("", "")
                self.delimiter = levels[0].delim if levels and levels[0].delim != "NIL" else "/"
        except CommandError as error:
            self.close()
            raise ConnectionLostError(f"{self.address.server} does not begin a session ({error})") from None
        except BaseException:
            self.close()
            raise

    def _authenticate(self, secret: Secret) -> None:
        user, said = self.address.user, ""
        can = {str(each).upper() for each in self.client.capabilities}
        try:
            if self._credentials.is_token:
                if "AUTH=XOAUTH2" not in can:
                    raise InputError(f"{self.address.server} takes no tokens (XOAUTH2)")
                proofs = iter([f"user={user}\1auth=Bearer {secret.reveal()}\1\1".encode()])
                # A refusal comes as one more question, to which the answer is empty.
                self.client.authenticate("XOAUTH2", lambda question: next(proofs, b""))
            elif "AUTH=PLAIN" in can:
                proof = f"\0{user}\0{secret.reveal()}".encode()
                self.client.authenticate("PLAIN", lambda question: proof)
            elif "LOGINDISABLED" not in can and (user + secret.reveal()).isascii():
                self._box.login(user, secret.reveal(), initial_folder=None)
            else:
                raise InputError(f"{self.address.server} offers no way to log in with a password")
            return
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, _tools().ImapToolsError) as error:
            said = _said(error)
        if _has_code(said, _NO_LOGINS):
            raise ConnectionLostError(f"{self.address.server} takes no logins at the moment")
        kind = "token" if self._credentials.is_token else "password"
        raise LoginError(f"{self.address.server} refuses the {kind} of {user}")

    def close(self) -> None:
        """Log out where there still is a session."""
        box, self._box = self._box, None
        if box is None:
            return
        with suppress(Exception):  # the server may be gone, half-way, or speak nonsense: nothing is lost any more
            box.client.sock.settimeout(3)
            box.client.logout()
        with suppress(Exception):
            box.client.shutdown()

    def drop(self) -> None:
        """Let go of a connection that does not answer any more."""
        box, self._box = self._box, None
        if box is not None:
            with suppress(Exception):
                box.client.shutdown()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Tell a broken connection from a refused command."""
        if self._box is None:
            raise ConnectionLostError(f"the connection to {self.address.server} is closed")
        try:
            yield
        except (imaplib.IMAP4.abort, OSError, ssl.SSLError, EOFError) as error:
            self.drop()
            raise ConnectionLostError(f"the connection to {self.address.server} broke ({_said(error)})") from None
        except (imaplib.IMAP4.error, _tools().ImapToolsError) as error:
            raise CommandError(error) from None

    def uid_command(self, command: str, *arguments: str | bytes) -> list[Any]:
        """Speak a UID command; what the server answers to it.

        Raises
        ------
        CommandError, ConnectionLostError
        """
        with self.guarded():
            kind, data = self.client.uid(command, *arguments)
        self._check(kind, data)
        return [item for item in data if item is not None]

    def _check(self, kind: str, data: object) -> None:
        if kind == "OK":
            return
        if _has_code(_said(data), _PASSING):
            self.close()
            raise ConnectionLostError(f"{self.address.server} cannot do it at the moment ({_said(data)})")
        raise CommandError(data)

    def select(self, folder: str, *, read_only: bool = False) -> Selected:
        """Select a mailbox, by the server's name for it.

        Raises
        ------
        MailboxGoneError
            If there is none of that name.
        InputError
            If it can only be read and is to be written.
        ConnectionLostError
        """
        try:
            with self.guarded():
                self._box.folder.set(folder, readonly=read_only)
                validity = self.client.response("UIDVALIDITY")[1][-1]
                flags = self.client.response("PERMANENTFLAGS")[1][-1]
        except CommandError as error:
            if "not writable" in str(error):
                raise InputError(f"{folder} on {self.address.server} can only be read") from None
            raise MailboxGoneError(f"{folder} on {self.address.server} cannot be opened ({error})") from None
        if validity is None:
            raise InputError(f"{self.address.server} keeps no UIDVALIDITY: messages cannot be told apart for long")
        told = (
            None if flags is None else {flag.lower() for flag in flags.decode("ascii", "replace").strip("()").split()}
        )
        return Selected(validity.decode("ascii"), frozenset(told or ()), told is None or "\\*" in told)

    def uids(self, criteria: str) -> list[int]:
        """UIDs of the messages that meet a search (RFC 3501, section 6.4.4), in ascending order."""
        found: list[int] = []
        for item in self.uid_command("SEARCH", criteria):
            found += map(int, item.split())
        return sorted(found)

    def flags(self, uids: Sequence[str]) -> dict[str, frozenset[str]]:
        """Flags, lower case, of those messages that are there."""
        found: dict[str, frozenset[str]] = {}
        for item in self.uid_command("FETCH", ",".join(uids), "(UID FLAGS)") if uids else ():
            text = (item[0] if isinstance(item, tuple) else item).decode("ascii", "replace")
            uid, flags = re.search(r"\bUID (\d+)", text), re.search(r"\bFLAGS \(([^)]*)\)", text)
            if uid and flags and uid[1] in uids:
                found[uid[1]] = frozenset(flags[1].lower().split())
        return found

    def ensure_folder(self, folder: str) -> None:
        """Create a folder where it is missing."""
        with self.guarded():
            if self._box.folder.exists(folder):
                return
        try:
            with self.guarded():
                self._box.folder.create(folder)
        except CommandError as error:
            if "EXIST" not in str(error).upper():  # another program was quicker
                raise
        with suppress(CommandError), self.guarded():
            self._box.folder.subscribe(folder, True)

    def append(self, folder: str, content: bytes, date: str) -> None:
        """Append a message, unread, with the date that the server gave the original."""
        with self.guarded():
            kind, data = self.client.append(self.folder_name(folder), None, f'"{date}"' if date else None, content)
        self._check(kind, data)

    def folder_name(self, folder: str) -> bytes:
        """A folder as it stands in a command."""
        from imap_tools.utils import encode_folder

        return encode_folder(folder)

    def consume(self, tag: bytes) -> None:
        """Read on until the command of a tag has ended."""
        self._box.consume_until_tagged_response(tag)

    def new_mail(self, *, forget: bool = False) -> bool:
        """Whether the server told of new messages since the last `forget`."""
        if forget:
            self.client.untagged_responses.pop("EXISTS", None)
        return "EXISTS" in self.client.untagged_responses


def _tools() -> Any:
    import imap_tools.errors

    return imap_tools.errors


def _has_code(said: str, codes: Sequence[str]) -> bool:
    return any(f"[{code}]" in said.upper() for code in codes)


def _said(said: object) -> str:
    """What a server or a library says, as one short line."""
    if isinstance(said, _tools().UnexpectedCommandStatusError):
        said = said.command_result[1]
    if isinstance(said, BaseException):
        said = said.args[-1] if said.args else type(said).__name__
    parts = said if isinstance(said, list | tuple) else [said]
    texts = [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts if part]
    return " ".join(" ".join(texts).split())[:160]
