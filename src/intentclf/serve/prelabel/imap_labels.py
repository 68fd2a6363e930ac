"""Labels onto a server: enters plans, leaves what became of each; doing it again changes nothing.

Keywords are idempotent by themselves. Before a message that may be done already is copied or moved again, its folder
is searched: for the copy by its X-Intentclf-Id, for the moved message by Message-ID (or size) and content.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from intentclf.serve.prelabel.imap_fetch import fetch, sizes
from intentclf.serve.prelabel.imap_session import CommandError, ImapSession
from intentclf.serve.prelabel.labels import ID_HEADER, labelled_copy
from intentclf.serve.prelabel.reading import Raw, digest_of
from intentclf.serve.prelabel.sources import MailboxGoneError, Outcome
from intentclf.serve.prelabel.state import Box, Entry

__all__ = ["apply_plans"]

SETTLE_SECONDS = 1.0
"""How long a server may still be at work on a command of a connection that is gone."""
_MOST_ALIKE = 20


@dataclass(slots=True)
class _Work:
    """The plans of one batch on their way."""

    session: ImapSession
    box: Box
    largest: int
    raws: dict[str, Raw]
    copied: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def refuse(self, entry: Entry, error: object) -> None:
        """Note the first thing that was refused."""
        self.refused.setdefault(entry.uid, str(error))


def apply_plans(
    session: ImapSession,
    box: Box,
    folder: str,
    entries: Sequence[Entry],
    raws: Mapping[str, Raw],
    *,
    folders: set[str],
    largest: int,
) -> dict[str, Outcome]:
    """Label messages.

    Parameters
    ----------
    session : ImapSession
    box : Box
        As it was selected; an entry of another UIDVALIDITY cannot be reached any more.
    folder : str
        The mailbox, which is selected before and after.
    entries : sequence of Entry
    raws : mapping of UID to Raw
        Contents at hand; others are fetched where a copy needs them.
    folders : set of str
        Folders that are known to be there; grows.
    largest : int
        Bytes up to which a message is fetched whole.

    Raises
    ------
    ConnectionLostError, MailboxGoneError
        Entries stay planned then.
    """
    doubtful = [entry for entry in entries if entry.again and entry.plan.copies]
    work = _Work(session, box, largest, dict(raws))
    validity = box.validity
    if doubtful:
        time.sleep(SETTLE_SECONDS)
        _look(work, doubtful)
        validity = session.select(folder).validity
    here = [entry for entry in entries if (entry.validity or box.validity) == validity]
    present = session.flags([entry.uid for entry in here])
    here = [entry for entry in here if entry.uid in present]
    for name in {name for entry in here for name in (entry.plan.move, entry.plan.copy_to) if name} - folders:
        _ensure(work, name, here, folders)
    _copy(work, [entry for entry in here if entry.plan.copy_to and entry.uid not in work.copied])
    _store(work, here)
    _move(work, [entry for entry in here if entry.plan.move and entry.uid not in work.refused])
    if doubtful:
        _remove_surplus(work, [entry for entry in doubtful if entry.plan.copy_to])
        session.select(folder)
    there = {entry.uid for entry in here}
    return {entry.uid: _outcome(work, entry, there) for entry in entries}


def _outcome(work: _Work, entry: Entry, there: set[str]) -> Outcome:
    if entry.uid in work.refused:
        return Outcome("refused", work.refused[entry.uid])
    if entry.uid in there or entry.uid in work.moved:
        return Outcome("labelled")
    return Outcome("vanished", "gone before it was labelled")


def copy_id(account: str, entry: Entry) -> str:
    """Identifier of the copy of a message: the same whenever the same message is labelled again."""
    key = b"\0".join([account.encode(), entry.message_id.encode("utf-8", "replace"), entry.digest])
    return hashlib.sha256(key).hexdigest()[:32]


def _look(work: _Work, entries: Iterable[Entry]) -> None:
    """Find out what is done already."""
    by_folder: dict[str, list[tuple[Entry, bool]]] = defaultdict(list)
    for entry in entries:
        if entry.plan.copy_to:
            by_folder[entry.plan.copy_to].append((entry, True))
        if entry.plan.move:
            by_folder[entry.plan.move].append((entry, False))
    for folder, wanted in by_folder.items():
        try:
            work.session.select(folder, read_only=True)
        except MailboxGoneError:  # not created yet
            continue
        for entry, is_copy in wanted:
            if is_copy and _copies(work, entry):
                work.copied.add(entry.uid)
            elif not is_copy and _is_here(work, entry):
                work.moved.add(entry.uid)


def _copies(work: _Work, entry: Entry) -> list[int]:
    """UIDs of our copies of a message in the selected folder."""
    return work.session.uids(f"UNDELETED HEADER {ID_HEADER} {copy_id(work.box.account, entry)}")


def _is_here(work: _Work, entry: Entry) -> bool:
    """Whether the selected folder holds the message itself."""
    name = entry.message_id
    if name and name.isascii() and name.isprintable() and not set(name) & set('"\\'):
        alike = work.session.uids(f'UNDELETED HEADER Message-ID "{name}"')
    else:
        alike = work.session.uids(f"UNDELETED LARGER {max(0, entry.size - 1)} SMALLER {entry.size + 1}")
    found = fetch(work.session, list(sizes(work.session, alike[-_MOST_ALIKE:])), largest=work.largest)
    return any(not raw.failure and raw.size == entry.size and digest_of(raw.content) == entry.digest for raw in found)


def _ensure(work: _Work, name: str, entries: Iterable[Entry], folders: set[str]) -> None:
    try:
        work.session.ensure_folder(name)
    except CommandError as error:
        for entry in entries:
            if name in (entry.plan.move, entry.plan.copy_to):
                work.refuse(entry, f"folder {name} cannot be created ({error})")
        return
    folders.add(name)


def _copy(work: _Work, entries: Sequence[Entry]) -> None:
    """Append copies with headers."""
    for entry in entries:
        if entry.uid in work.refused:
            continue
        raw = work.raws.get(entry.uid)
        if raw is None or not raw.date:
            raw = fetch(work.session, list(sizes(work.session, [int(entry.uid)])), largest=work.largest)[0]
        if raw.failure:
            work.refuse(entry, raw.failure)
            continue
        if not raw.is_whole:
            work.refuse(entry, f"larger than {work.largest} bytes: not copied")
            continue
        content = labelled_copy(raw.content, copy_id(work.box.account, entry), entry.plan.headers)
        try:
            work.session.append(str(entry.plan.copy_to), content, raw.date)
        except CommandError as error:
            work.refuse(entry, f"no copy in {entry.plan.copy_to} ({error})")


def _store(work: _Work, entries: Sequence[Entry]) -> None:
    """Set keywords, those of many messages at once, and see whether they are kept."""
    by_keyword: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        for keyword in entry.plan.keywords:
            by_keyword[keyword].append(entry)
    for keyword, group in by_keyword.items():

        def store(uids: str, keyword: str = keyword) -> None:
            work.session.uid_command("STORE", uids, "+FLAGS.SILENT", f"({keyword})")

        _in_group(work, group, store, f"keyword {keyword}")
    kept = work.session.flags([entry.uid for entry in entries if entry.plan.keywords])
    for entry in entries:
        lost = [word for word in entry.plan.keywords if word.lower() not in kept.get(entry.uid, frozenset())]
        if lost and entry.uid in kept:
            work.refuse(entry, f"the server does not keep the keyword {lost[0]}")


def _move(work: _Work, entries: Sequence[Entry]) -> None:
    """Move messages; those that an interrupted run had already copied there only leave where they were."""
    by_folder: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_folder[str(entry.plan.move)].append(entry)
    for folder, group in by_folder.items():
        name = work.session.folder_name(folder)
        halfway = [entry for entry in group if entry.uid in work.moved and "UIDPLUS" in work.session.capabilities]
        fresh = [entry for entry in group if entry not in halfway]

        def move(uids: str, name: bytes = name) -> None:
            if "MOVE" in work.session.capabilities:
                work.session.uid_command("MOVE", uids, name)
            else:
                work.session.uid_command("COPY", uids, name)
                _expunge(work, uids)

        _in_group(work, fresh, move, f"move to {folder}")
        _in_group(work, halfway, lambda uids: _expunge(work, uids), f"move to {folder}")
        work.moved.update(entry.uid for entry in group if entry.uid not in work.refused)


def _expunge(work: _Work, uids: str) -> None:
    """Take these messages out, and no others that somebody marked as deleted (UIDPLUS, RFC 4315)."""
    work.session.uid_command("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)")
    work.session.uid_command("EXPUNGE", uids)


def _in_group(work: _Work, group: Sequence[Entry], command: Callable[[str], None], what: str) -> None:
    """One command for all; where it is refused, one for each, so that only the culprits are refused."""
    if not group:
        return
    try:
        command(",".join(entry.uid for entry in group))
    except CommandError as error:
        if len(group) == 1:
            work.refuse(group[0], f"{what} ({error})")
            return
        for entry in group:
            _in_group(work, [entry], command, what)


def _remove_surplus(work: _Work, entries: Iterable[Entry]) -> None:
    """Where the interrupted command went through after all, two copies stand there: keep the first."""
    if "UIDPLUS" not in work.session.capabilities:
        return
    by_folder: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.uid not in work.copied:
            by_folder[str(entry.plan.copy_to)].append(entry)
    for folder, group in by_folder.items():
        try:
            work.session.select(folder)
        except MailboxGoneError:
            continue
        for entry in group:
            surplus = _copies(work, entry)[1:]
            if surplus:
                _expunge(work, ",".join(map(str, surplus)))
