"""Parts and body of a message in; how it is signed or encrypted, and the body without its armour out.

Nothing is verified or decrypted: keys are not this program's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from intentclf.intake.mail.parts import MimePart
from intentclf.intake.mail.records import Protection

__all__ = ["find_protection", "without_armour"]

_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_SIGNED_BY = {
    "application/pkcs7-signature": "smime_signed",
    "application/x-pkcs7-signature": "smime_signed",
    "application/pgp-signature": "pgp_signed",
}
_WARNINGS: dict[Protection, str] = {
    "smime_encrypted": "encrypted with S/MIME: there is no text to read",
    "pgp_encrypted": "encrypted with PGP: there is no text to read",
    "smime_signed": "signed with S/MIME, the signature is not checked",
    "pgp_signed": "signed with PGP, the signature is not checked",
}
_OPAQUE = "signed with S/MIME in a form that holds the text inside the signature: there is no text to read"

_BEGIN = re.compile(r"-----BEGIN PGP (MESSAGE|SIGNED MESSAGE|SIGNATURE)(?:, PART [^-\n]{1,20})?-----[ \t]*")
_END = re.compile(r"-----END PGP (?:MESSAGE|SIGNATURE)(?:, PART [^-\n]{1,20})?-----[ \t]*")
_ARMOUR_HEADER = re.compile(r"(?:Hash|Version|Comment|Charset|NotDashEscaped|MessageID): ?[^\n]*")


def find_protection(parts: Sequence[MimePart]) -> tuple[tuple[Protection, ...], tuple[str, ...]]:
    """How a message is protected by its structure (RFC 8551 and 3156).

    Returns
    -------
    protection : tuple of Protection
    warnings : tuple of str
        One for each.
    """
    found: dict[Protection, str] = {}
    for part in parts:
        if part.depth:
            continue
        kind, warning = _of_part(part)
        if kind:
            found.setdefault(kind, warning or _WARNINGS[kind])
    return tuple(found), tuple(found.values())


def without_armour(text: str) -> tuple[str, tuple[Protection, ...], tuple[str, ...]]:
    r"""Take inline PGP out of a body (RFC 9580, 6.2 and 7).

    Returns
    -------
    text : str
        Of a signed message the text, its escaped dashes restored; of an encrypted one what stands around it.
    protection : tuple of Protection
    warnings : tuple of str

    Examples
    --------
    >>> without_armour("-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\nHaster!")[:2]
    ('Haster!', ('pgp_encrypted',))
    """
    if "-----BEGIN PGP " not in text:
        return text, (), ()
    kept: list[str] = []
    found: dict[Protection, str] = {}
    state = ""  # the block that we are in: '', 'MESSAGE', 'SIGNATURE', 'SIGNED MESSAGE'
    heading = False
    lines = text.split("\n")
    last = max((place for place, line in enumerate(lines) if _END.fullmatch(line)), default=-1)
    for place, line in enumerate(lines):
        begin = _BEGIN.fullmatch(line) if place < last else None  # without an end somebody only writes about it
        if begin:
            state, heading = begin[1], True
            kind: Protection = "pgp_encrypted" if state == "MESSAGE" else "pgp_signed"
            found.setdefault(kind, _WARNINGS[kind])
        elif state in ("MESSAGE", "SIGNATURE"):
            state = "" if _END.fullmatch(line) else state
        elif heading and state and (not line.strip() or _ARMOUR_HEADER.fullmatch(line)):
            heading = bool(line.strip())
        else:
            heading = False
            kept.append(line.removeprefix("- ") if state else line)
    return "\n".join(kept).strip("\n"), tuple(found), tuple(found.values())


def _of_part(part: MimePart) -> tuple[Protection | None, str]:
    if part.media_type in _SMIME or (part.media_type == "application/octet-stream" and part.name == "smime.p7m"):
        if part.parameter("smime-type").lower() == "signed-data":
            return "smime_signed", _OPAQUE
        return "smime_encrypted", ""
    if part.media_type == "multipart/encrypted":
        return "pgp_encrypted", ""
    if part.media_type == "multipart/signed":
        kind = _SIGNED_BY.get(part.parameter("protocol").lower())
        return ("smime_signed" if kind == "smime_signed" else "pgp_signed" if kind else None), ""
    return None, ""
