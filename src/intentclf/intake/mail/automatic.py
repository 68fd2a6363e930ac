"""Headers and text of a message in; whether a person wrote it, and what told otherwise, out.

What a program writes says so in its headers (RFC 3834); where those were lost on the way, a subject as programs write
it counts together with one more sign. A subject alone never does: 'automatic reply is broken' is a customer's. The
words are `automatic.csv`, one row for each language and style.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intentclf.intake.mail.headers import Headers, header_address, header_text, one_line
from intentclf.intake.mail.invitation import Invitation
from intentclf.intake.mail.parts import MimePart
from intentclf.intake.mail.records import MailKind

__all__ = ["Verdict", "automatic_warning", "judge_kind"]

_REPORTS: dict[str, tuple[MailKind, str]] = {
    "delivery-status": ("bounce", "multipart/report: delivery-status"),
    "disposition-notification": ("auto_reply", "multipart/report: disposition-notification, a read receipt"),
    "feedback-report": ("auto_reply", "multipart/report: feedback-report"),
}
_MARKED = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From", "X-Mail-Autoreply")
_BOUNCERS = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon"})
_HINTS = ("X-Auto-Response-Suppress", "In-Reply-To", "References")
_NAMES: dict[MailKind, str] = {
    "auto_reply": "automatic reply",
    "out_of_office": "out-of-office reply",
    "bounce": "bounce",
    "calendar": "calendar invitation",
}
_LONGEST_SUBJECT = 500  # characters that patterns are looked for in
_OPENING = 600  # characters of a body: an absence note says so at once
_LONGEST_SHOWN = 40
_OWN_WORDS = 8  # words beside an invitation's from which on somebody wrote a message, and attached it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What wrote a message, and what told ('' for a person's)."""

    kind: MailKind = "message"
    why: str = ""


def judge_kind(
    parts: Sequence[MimePart], *, subject: str, body: str, invitations: Sequence[Invitation] = ()
) -> Verdict:
    """Judge what wrote a message.

    Parameters
    ----------
    parts : sequence of MimePart
        The message itself first.
    subject, body : str
        Decoded and laid out.
    invitations : sequence of Invitation
        What its calendar parts say.
    """
    headers = parts[0].headers
    return (
        _report(parts)
        or _bounce(headers, subject)
        or _calendar(invitations, body)
        or _declared(headers, subject, body)
        or _looks(headers, subject, body)
        or Verdict()
    )


def automatic_warning(verdict: Verdict) -> str:
    """The sentence for the agent; '' for a person's message.

    Examples
    --------
    >>> automatic_warning(Verdict("auto_reply", "Auto-Submitted: auto-replied"))
    'automatic reply (Auto-Submitted: auto-replied)'
    """
    return f"{_NAMES[verdict.kind]} ({verdict.why})" if verdict.kind in _NAMES else ""


def _report(parts: Sequence[MimePart]) -> Verdict | None:
    """Reports of mail servers and programs (RFC 6522)."""
    if parts[0].media_type != "multipart/report":
        return None
    kinds = [part.media_type.removeprefix("message/") for part in parts if part.parent == 0]
    for kind in (parts[0].parameter("report-type").lower(), *kinds):
        if kind in _REPORTS:
            return Verdict(*_REPORTS[kind])
    return None


def _bounce(headers: Headers[str, str], subject: str) -> Verdict | None:
    if header_text(headers, "X-Failed-Recipients"):
        return Verdict("bounce", "X-Failed-Recipients")
    local = header_address(headers, "From").partition("@")[0]
    if local in _BOUNCERS:
        return Verdict("bounce", f"From: {local}")
    null = _has_null_sender(headers)
    if (null or local == "postmaster") and _found("bounce", subject):
        return Verdict("bounce", f"subject like {_found('bounce', subject)!r}")
    return None


def _calendar(invitations: Sequence[Invitation], body: str) -> Verdict | None:
    """An invitation, unless more words stand beside it than its own."""
    for each in invitations:
        known = set(f"{each.summary} {each.description} {each.location}".casefold().split())
        if sum(1 for word in body.casefold().split() if word not in known) < _OWN_WORDS:
            return Verdict("calendar", f"text/calendar: {each.method}")
    return None


def _declared(headers: Headers[str, str], subject: str, body: str) -> Verdict | None:
    """What says of itself that it is automatic; Precedence: bulk alone is a newsletter's, or a person's on a list."""
    why = ""
    submitted = header_text(headers, "Auto-Submitted").partition(";")[0].strip().lower()
    precedence = header_text(headers, "Precedence").lower()
    if submitted and submitted != "no":
        why = f"Auto-Submitted: {_shown(submitted)}"
    elif marked := next((name for name in _MARKED if header_text(headers, name).lower() not in ("", "no")), ""):
        why = marked
    elif precedence.replace("-", "_") == "auto_reply":
        why = f"Precedence: {precedence}"
    elif _has_null_sender(headers):
        why = "Return-Path: <>"
    if not why:
        return None
    absent = _absence(subject, body) or (_is_exchange(headers) and bool(_found("prefix", subject)))
    return Verdict("out_of_office" if absent else "auto_reply", why)


def _looks(headers: Headers[str, str], subject: str, body: str) -> Verdict | None:
    """A subject as programs write it, and one more sign: a hint of the headers for 'Automatic reply: …', else two.

    Exchange writes X-Auto-Response-Suppress also into messages of people, and people reply, too.
    """
    prefix, whole = _found("prefix", subject), _found("whole", subject)
    if not prefix and not whole:
        return None
    hinted = any(header_text(headers, name) for name in _HINTS)
    hinted = hinted or header_text(headers, "Precedence").lower() in ("bulk", "junk")
    worded = bool(_found("body", body[:_OPENING]))
    if not ((prefix and (hinted or worded)) or (hinted and worded)):
        return None
    absent = _absence(subject, body) or (_is_exchange(headers) and bool(prefix))
    return Verdict("out_of_office" if absent else "auto_reply", f"subject like {prefix or whole!r}")


def _absence(subject: str, body: str) -> bool:
    """Whether it says that somebody is not there."""
    return any(
        _found(where, text, kind="out_of_office")
        for where, text in (("prefix", subject), ("whole", subject), ("body", body[:_OPENING]))
    )


def _is_exchange(headers: Headers[str, str]) -> bool:
    """Exchange calls its absence note 'Automatic reply' and has no other kind of automatic reply."""
    return bool(header_text(headers, "X-MS-Exchange-Generated-Message-Source")) or (
        header_text(headers, "X-Auto-Response-Suppress").lower() == "all"
        and any(name.lower().startswith("x-ms-") for name in headers.keys())  # noqa: SIM118
    )


def _has_null_sender(headers: Headers[str, str]) -> bool:
    """RFC 5321, 4.5.5: the sender that nothing is answered to; servers write it as '<>'."""
    return "".join(header_text(headers, "Return-Path").split()) == "<>"


def _shown(value: str) -> str:
    return one_line(value)[:_LONGEST_SHOWN]


def _found(where: str, text: str, *, kind: str = "") -> str:
    """Example of the first pattern that fits: subjects from their beginning, bodies anywhere; '' for none."""
    for row_where, row_kind, pattern, example in _patterns():
        if row_where != where or (kind and row_kind != kind):
            continue
        if where == "body":
            fits = pattern.search(text)
        else:
            subject = text[:_LONGEST_SUBJECT].strip()
            fits = pattern.fullmatch(subject) if where == "whole" else pattern.match(subject)
        if fits:
            return example
    return ""


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str], str], ...]:
    with (Path(__file__).parent / "automatic.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["where"], row["kind"], re.compile(row["pattern"], re.IGNORECASE), row["example"])
            for row in csv.DictReader(file)
        )
