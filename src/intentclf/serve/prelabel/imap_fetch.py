"""Messages from an IMAP server without marking them as read (BODY.PEEK): enters UIDs, leaves contents.

Sizes are asked for first, so that a batch fits into memory; of a message that is larger than allowed its headers and
the beginning of its text are fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from intentclf.serve.prelabel.imap_session import CommandError, ImapSession
from intentclf.serve.prelabel.reading import Raw
from intentclf.serve.prelabel.sources import VANISHED

__all__ = ["fetch", "sizes"]

_UIDS_A_COMMAND = 500
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DATE = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"')
_QUOTED = re.compile(rb'BODY\[(?:HEADER|TEXT)?\](?:<\d+>)? "((?:[^"\\]|\\.)*)"')


def sizes(session: ImapSession, uids: Sequence[int]) -> Iterator[tuple[str, int]]:
    """UID and bytes of each message; -1 where the server does not tell, as when it is gone."""
    for start in range(0, len(uids), _UIDS_A_COMMAND):
        part = [str(uid) for uid in uids[start : start + _UIDS_A_COMMAND]]
        told: dict[str, int] = {}
        for item in session.uid_command("FETCH", ",".join(part), "(UID RFC822.SIZE)"):
            text = item[0] if isinstance(item, tuple) else item
            uid, size = _UID.search(text), _SIZE.search(text)
            if uid and size:
                told[uid[1].decode()] = int(size[1])
        yield from ((uid, told.get(uid, -1)) for uid in part)


def fetch(session: ImapSession, wanted: Sequence[tuple[str, int]], *, largest: int) -> list[Raw]:
    """Contents of messages, in order; a message that the server does not give is told as a failure.

    Parameters
    ----------
    session : ImapSession
    wanted : sequence of (str, int)
        UID and bytes.
    largest : int
        Bytes of a message up to which it is fetched whole.
    """
    whole = [uid for uid, size in wanted if 0 <= size <= largest]
    found = _whole(session, whole) if whole else {}
    return [found[uid] if uid in found else _single(session, uid, size, largest) for uid, size in wanted]


def _whole(session: ImapSession, uids: Sequence[str]) -> dict[str, Raw]:
    """All at once; where the server refuses, each by itself, so that one bad message does not hide the others."""
    try:
        items = session.uid_command("FETCH", ",".join(uids), "(UID INTERNALDATE BODY.PEEK[])")
    except CommandError as error:
        if len(uids) == 1:
            return {uids[0]: Raw(uids[0], failure=f"the server does not give it ({error})")}
        return {uid: raw for each in uids for uid, raw in _whole(session, [each]).items()}
    found = {}
    for uid, (facts, content) in _pairs(items).items():
        date = _DATE.search(facts)
        found[uid] = Raw(uid, content, len(content), date=date[1].decode("ascii", "replace") if date else "")
    return {uid: found.get(uid, Raw(uid, failure=VANISHED)) for uid in uids}


def _single(session: ImapSession, uid: str, size: int, largest: int) -> Raw:
    if size < 0:
        return Raw(uid, failure=VANISHED)
    try:
        head = _pairs(session.uid_command("FETCH", uid, f"(UID BODY.PEEK[HEADER]<0.{largest}>)")).get(uid)
        text = _pairs(session.uid_command("FETCH", uid, f"(UID BODY.PEEK[TEXT]<0.{largest}>)")).get(uid)
    except CommandError as error:
        return Raw(uid, failure=f"the server does not give it ({error})")
    if head is None or text is None:
        return Raw(uid, failure=VANISHED)
    content = head[1] + text[1][:largest]
    return Raw(uid, content, size, f"message of {size} bytes, the first {len(content)} are read")


def _pairs(items: Sequence[bytes | tuple[bytes, bytes]]) -> dict[str, tuple[bytes, bytes]]:
    """What imaplib makes of FETCH responses, by UID: the facts, which may stand before and behind, and the content.

    A literal comes as a pair, and what follows it as an item of its own; a short content may come as a quoted string;
    news of flags, which the server sends when it likes, come in between.
    """
    found: dict[str, tuple[bytes, bytes]] = {}
    for place, item in enumerate(items):
        if isinstance(item, tuple):
            behind = items[place + 1] if place + 1 < len(items) else b""
            facts, content = item[0] + b" " + (behind if isinstance(behind, bytes) else b""), item[1]
        else:
            quoted = _QUOTED.search(item)
            if quoted is None:
                continue
            facts, content = item[: quoted.start()] + item[quoted.end() :], re.sub(rb"\\(.)", rb"\1", quoted[1])
        uid = _UID.search(facts)
        if uid:
            found[uid[1].decode()] = facts, content
    return found
