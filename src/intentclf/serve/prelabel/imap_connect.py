"""The first contact with an IMAP server: enters an address, leaves an open, by default encrypted, connection."""

from __future__ import annotations

import imaplib
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

from intentclf.errors import InputError
from intentclf.serve.prelabel.address import ImapAddress
from intentclf.serve.prelabel.sources import ConnectionLostError, UnreachableError

__all__ = ["TIMEOUT_SECONDS", "connect"]

TIMEOUT_SECONDS = 60.0
"""How long the server may be silent after it was asked something."""

# X509_V_ERR_…, OpenSSL's x509_vfy.h
_VERIFY = {
    9: "is not valid yet; is the clock right?",
    10: "has expired; it must be renewed on the server",
    18: "is signed by itself; if it is yours, name it with --ca-file",
    19: "is from an authority that is not trusted; if it is your own, name it with --ca-file",
    20: "is from an authority that is not trusted; if it is your own, name it with --ca-file",
    21: "is from an authority that is not trusted; if it is your own, name it with --ca-file",
    23: "was withdrawn",
    62: "is for another host name",
    64: "is for another address",
}


def connect(address: ImapAddress, *, ca_file: Path | None, insecure: bool) -> Any:
    """Connect, and begin encryption.

    Parameters
    ----------
    address : ImapAddress
    ca_file : Path or None
        The only authority that is trusted, in PEM form; None: those of the system.
    insecure : bool
        With 'imap': no encryption.

    Returns
    -------
    imap_tools.BaseMailBox

    Raises
    ------
    ConnectionLostError
        If the server cannot be reached or does not speak as it should.
    InputError
        If its certificate is not trusted or the file of the authority cannot be used.
    """
    try:
        import imap_tools
    except ImportError:
        raise InputError("a mailbox on a server needs the package imap-tools: pip install imap-tools") from None
    host, port = address.host, address.port
    try:
        box: Any
        if address.scheme == "imaps":
            box = imap_tools.MailBox(host, port, timeout=TIMEOUT_SECONDS, ssl_context=_context(ca_file))
        else:
            box = imap_tools.MailBoxUnencrypted(host, port, timeout=TIMEOUT_SECONDS)
            if not insecure:
                _start_tls(box, _context(ca_file))
    except ssl.SSLCertVerificationError as error:
        fault = _VERIFY.get(error.verify_code, f"is not trusted ({error.verify_message})")
        raise InputError(f"the certificate of {address.server} {fault}") from None
    except ssl.SSLError as error:
        wrong = "; for a port that begins unencrypted the address is imap://" if address.scheme == "imaps" else ""
        raise ConnectionLostError(
            f"{address.server} does not speak TLS ({error.reason or 'no reason given'}){wrong}"
        ) from None
    except socket.gaierror:
        raise UnreachableError(f"the host {host} is not known") from None
    except OSError as error:
        raise UnreachableError(f"{address.server} cannot be reached ({error.strerror or 'no answer'})") from None
    except imaplib.IMAP4.abort:  # it hung up before it had said who it is
        raise ConnectionLostError(f"{address.server} ends the connection before it begins") from None
    except (imaplib.IMAP4.error, imap_tools.ImapToolsError):
        raise InputError(f"{address.server} does not begin encryption (STARTTLS); is it imaps://?") from None
    box.client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return box


def _start_tls(box: Any, context: ssl.SSLContext) -> None:
    """Begin encryption, or let go of the connection."""
    try:
        if "STARTTLS" not in box.client.capabilities:
            raise imaplib.IMAP4.error("no STARTTLS")
        box.client.starttls(context)
    except BaseException:
        with suppress(Exception):
            box.client.shutdown()
        raise


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        said = error.strerror if type(error) is not ssl.SSLError and error.strerror else "no certificate in PEM form"
        raise InputError(f"--ca-file cannot be used ({said})", file=ca_file) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
