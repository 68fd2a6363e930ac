"""Calendar parts in, what they invite to out (RFC 5545 and 6047)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from intentclf.intake.mail.charsets import decode_text
from intentclf.intake.mail.parts import MimePart

__all__ = ["Invitation", "read_invitations"]

_LARGEST = 200_000  # bytes that are read; an invitation has some thousands, a whole calendar is no invitation
_MOST = 5
_FOLD = re.compile(r"\r?\n[ \t]")
_PROPERTY = re.compile(
    r"^(METHOD|SUMMARY|DESCRIPTION|LOCATION)(?:;[^:\r\n]{0,500})?:([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_ESCAPED = re.compile(r"\\([nN,;\\])")


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a calendar part says: its method, such as 'REQUEST' or 'REPLY', and of its first event the texts."""

    method: str
    summary: str = ""
    description: str = ""
    location: str = ""

    @property
    def text(self) -> str:
        """Summary and description, for a message that has no text of its own."""
        return "\n\n".join(part for part in (self.summary, self.description) if part)


def read_invitations(parts: Sequence[MimePart]) -> tuple[Invitation, ...]:
    """Invitations of a message; a calendar that is published or attached without a method is none.

    Parameters
    ----------
    parts : sequence of MimePart
    """
    calendars = [part for part in parts if part.media_type == "text/calendar" and not part.depth][:_MOST]
    found = (_read(part) for part in calendars)
    return tuple(each for each in found if each.method and each.method != "PUBLISH")


def _read(part: MimePart) -> Invitation:
    text = decode_text(part.payload(_LARGEST), part.parameter("charset") or "utf-8").text
    values: dict[str, str] = {}
    for found in _PROPERTY.finditer(_FOLD.sub("", text)):
        value = _ESCAPED.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], found[2])
        values.setdefault(found[1].upper(), value.strip())
    method = (part.parameter("method") or values.get("METHOD", "")).strip().upper()
    return Invitation(
        method if re.fullmatch("[A-Z]{1,20}", method) else "",
        values.get("SUMMARY", ""),
        values.get("DESCRIPTION", ""),
        values.get("LOCATION", ""),
    )
