"""Files and folders of e-mail in, queries out, one message in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from intentclf.errors import InputError
from intentclf.intake.mail.message import as_query, message_query
from intentclf.records import Query

__all__ = ["is_maildir", "read_eml", "read_folder", "read_maildir", "read_mbox", "read_msg"]

LARGEST_MESSAGE = 200_000_000
"""Bytes of a file that are read; servers refuse messages of more than 25 to 150 MB."""

_FLAGS = re.compile(r"[:;!]2,[A-Za-z]*\Z")  # Maildir's, and what stands for the colon where file names have none


def read_eml(path: Path) -> Query:
    """Read one .eml file; its id is the file's name.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    return _file_query(path, identifier=path.name)


def read_msg(path: Path) -> Query:
    """Read one .msg file of Outlook; its id is the file's name.

    Raises
    ------
    InputError
        If the file cannot be read, is none, or the extra `msg` is not installed.
    """
    from intentclf.intake.mail.outlook import read_outlook

    return as_query(read_outlook(path), identifier=path.name)


def read_folder(path: Path) -> Iterator[Query]:
    """Read all .eml and .msg files under a folder, in the order of their names; ids are paths relative to it.

    A folder that is a Maildir is read as one.

    Raises
    ------
    InputError
        If there is none.
    """
    if is_maildir(path):
        yield from read_maildir(path)
        return
    readers = {".eml": read_eml, ".msg": read_msg}
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in readers and file.is_file())
    if not files:
        raise InputError("holds no .eml files", file=path)
    for file in files:
        yield replace(readers[file.suffix.lower()](file), id=file.relative_to(path).as_posix())


def is_maildir(path: Path) -> bool:
    """Whether a folder is a Maildir: it has the folders cur and new."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


def read_maildir(path: Path) -> Iterator[Query]:
    """Read the messages of a Maildir, `new` and `cur` alike, in the order of their names.

    The id is the unique name without flags, so that it stays when the message is read or answered. Messages that are
    still being delivered (`tmp`) and sub-folders (`.Sent`) are not read.

    Raises
    ------
    InputError
        If the folder is no Maildir, or holds no messages.
    """
    if not is_maildir(path):
        raise InputError("is not a Maildir: it must have the folders cur and new", file=path)
    files: dict[str, Path] = {}
    for folder in ("new", "cur"):  # where a message was moved meanwhile, it is in cur
        files |= {_FLAGS.sub("", file.name): file for file in (path / folder).iterdir() if _is_message(file)}
    if not files:
        raise InputError("holds no messages", file=path)
    for name in sorted(files):
        yield _file_query(_still_there(path, name, files[name]), identifier=name)


def read_mbox(path: Path) -> Iterator[Query]:
    """Read the messages of an mbox; the id is the Message-ID, or the message's number from 0 where that is missing.

    Raises
    ------
    InputError
        If the file cannot be read, or does not start with a 'From ' line.
    """
    import mailbox

    try:
        with path.open("rb") as file:
            head = file.read(5)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    if head != b"From ":
        raise InputError("is not an mbox: its first line must start with 'From '", file=path)
    box = mailbox.mbox(path, create=False)
    seen: set[str] = set()
    try:
        for number, key in enumerate(box.iterkeys()):
            content = re.sub(rb"(?m)^>(>*From )", rb"\1", box.get_bytes(key))
            query = message_query(content, identifier="")
            identifier = query.id if query.id and query.id not in seen else str(number)
            seen.add(identifier)
            yield replace(query, id=identifier)
    finally:
        box.close()


def _file_query(path: Path, *, identifier: str) -> Query:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_MESSAGE + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    query = message_query(content[:LARGEST_MESSAGE], identifier=identifier)
    if len(content) <= LARGEST_MESSAGE:
        return query
    warning = f"truncated: message of more than {LARGEST_MESSAGE} bytes"
    return replace(query, warnings=(*query.warnings, warning))


def _is_message(file: Path) -> bool:
    return not file.name.startswith(".") and file.is_file()


def _still_there(path: Path, name: str, file: Path) -> Path:
    """The file of a message; reading it elsewhere renames it, which only changes its flags or moves it to cur."""
    if file.exists():
        return file
    return next((each for each in (path / "cur").iterdir() if _FLAGS.sub("", each.name) == name), file)
