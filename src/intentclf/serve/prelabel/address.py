"""Where messages lie: enters what the user wrote, leaves an IMAP address or a path."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from intentclf.errors import InputError, shorten

__all__ = ["ImapAddress", "LocalAddress", "parse_source"]

_PORTS = {"imaps": 993, "imap": 143}
_FORM = "imaps://user@host[:port]/Folder"
_WRONG = f"a mailbox on a server must be {_FORM}; special characters in the user's name as %40 and the like"
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """A mailbox on a server.

    Attributes
    ----------
    scheme : {'imaps', 'imap'}
        TLS from the first byte, or STARTTLS.
    user, host : str
    port : int
    folder : str
        Levels parted by '/', whatever the server parts them by.
    """

    scheme: str
    user: str
    host: str
    port: int
    folder: str

    @property
    def account(self) -> str:
        """Whose mailbox, under which the state is kept: it outlives a change of port or of encryption."""
        return f"imap:{self.user}@{self.host}"

    @property
    def server(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is this machine, so that nobody can listen on the way."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """A Maildir (a folder) or an mbox (a file)."""

    path: Path

    @property
    def is_maildir(self) -> bool:
        """Whether it is a Maildir."""
        return self.path.is_dir()


def parse_source(written: str, *, base: Path | None = None) -> ImapAddress | LocalAddress:
    """Read the address of a mailbox.

    Parameters
    ----------
    written : str
        An IMAP URL (RFC 5092, without parameters), or a path.
    base : Path, optional
        Folder that a relative path starts from.

    Raises
    ------
    InputError
        If a URL is of another form or holds a password, which is not repeated; if a path is neither Maildir nor mbox.

    Examples
    --------
    >>> parse_source("imaps://desk%40example.org@mail.example.org/Support/In")
    ImapAddress(scheme='imaps', user='desk@example.org', host='mail.example.org', port=993, folder='Support/In')
    """
    scheme, sign, rest = written.partition("://")
    if not sign:
        return _local((base or Path()) / Path(written).expanduser())
    if scheme.lower() not in _PORTS:
        raise InputError(f"a mailbox on a server must be {_FORM}, got the scheme {shorten(scheme)}")
    authority = rest.partition("/")[0]
    if "@" in authority and ":" in authority.rpartition("@")[0]:
        raise InputError(
            "the address of a mailbox must not hold a password: anyone can read the command line; use the variable "
            "INTENTCLF_IMAP_PASSWORD, --password-file, --keyring or --token-command"
        )
    return _imap(written)


def _imap(written: str) -> ImapAddress:  # no message repeats the URL: a password may stand where none is looked for
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        raise InputError(_WRONG) from None
    user, folder = unquote(parts.username or ""), unquote(parts.path).strip("/") or "INBOX"
    if not user or not parts.hostname or parts.query or parts.fragment or _CONTROL.search(user + folder):
        raise InputError(_WRONG)
    scheme = parts.scheme.lower()
    return ImapAddress(scheme, user, parts.hostname, port or _PORTS[scheme], folder)


def _local(path: Path) -> LocalAddress:
    if path.is_dir():
        if not all((path / name).is_dir() for name in ("cur", "new")):
            raise InputError("is no Maildir: it holds no folders cur and new", file=path)
        return LocalAddress(path)
    try:
        with path.open("rb") as file:
            first = file.read(5)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    if first not in (b"From ", b""):
        raise InputError("is not an mbox: its first line must start with 'From '", file=path)
    return LocalAddress(path)
