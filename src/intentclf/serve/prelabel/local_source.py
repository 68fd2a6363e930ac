"""A Maildir or an mbox on this disk: enters a path, leaves its messages; of a Maildir they can be moved by renaming."""

from __future__ import annotations

import email.utils
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from intentclf.errors import InputError
from intentclf.serve.prelabel.reading import Raw
from intentclf.serve.prelabel.sources import CHUNK_BYTES, CHUNK_MESSAGES, VANISHED, MailboxGoneError, Outcome, batches
from intentclf.serve.prelabel.state import Box, Entry
from intentclf.serve.prelabel.stop import Stop

__all__ = ["MaildirSource", "MboxSource"]

_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


class MaildirSource:
    """A Maildir; a UID is the unique name of a file, without the flags behind it, which may change at any moment.

    Parameters
    ----------
    path : Path
    largest : int
        Bytes of a message up to which it is read whole.
    since : date, optional
        Files that were written before are left alone.
    """

    folder = ""
    delimiter = "."

    def __init__(self, path: Path, *, largest: int, since: date | None = None) -> None:
        self._path = path
        self._largest = largest
        self._since = datetime.combine(since, datetime.min.time()).timestamp() if since else 0.0
        self._files: dict[str, Path] = {}

    def open(self) -> Box:
        """See `Source`."""
        return Box("maildir", str(self._path.resolve()))

    def close(self) -> None:
        """See `Source`."""

    def wait(self, seconds: float, stop: Stop) -> None:
        """See `Source`."""
        stop.wait(seconds)

    def chunks(self, fresh: Callable[[str], bool]) -> Iterator[list[Raw]]:
        """See `Source`."""
        self._scan()
        for group in batches(self._sizes(fresh)):
            yield [self._read(uid) for uid, _ in group]

    def apply(self, entries: Sequence[Entry], raws: Mapping[str, Raw]) -> dict[str, Outcome]:
        """See `Source`; all that can be asked for is a move."""
        return {entry.uid: self._move(entry) for entry in entries}

    def _scan(self) -> None:
        files: dict[str, Path] = {}
        try:
            for name in ("cur", "new"):
                with os.scandir(self._path / name) as found:
                    files |= {_unique(each.name): Path(each.path) for each in found if not each.name.startswith(".")}
        except FileNotFoundError:
            raise MailboxGoneError("is no Maildir any more", file=self._path) from None
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", file=self._path) from None
        self._files = dict(sorted(files.items()))

    def _sizes(self, fresh: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
        for uid, path in list(self._files.items()):
            if not fresh(uid):
                continue
            try:
                found = path.stat()
            except OSError:  # renamed perhaps: found again, or told of, when it is read
                yield uid, 0
                continue
            if found.st_mtime >= self._since:
                yield uid, min(found.st_size, self._largest)

    def _read(self, uid: str) -> Raw:
        path = self._find(uid)
        if path is None:
            return Raw(uid, failure=VANISHED)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                content = file.read(self._largest)
        except OSError as error:
            return Raw(uid, failure=f"cannot be read ({error.strerror})")
        return Raw(uid, content, size, _cut_warning(size, self._largest))

    def _find(self, uid: str) -> Path | None:
        """The file of a message, whose flags another program may have changed since it was listed."""
        path = self._files.get(uid)
        if not self._files or (path is not None and not path.exists()):
            self._scan()
            path = self._files.get(uid)
        return path

    def _move(self, entry: Entry) -> Outcome:
        name = str(entry.plan.move)
        folder = self._path / ("" if name == "INBOX" else f".{name}")
        path = self._find(entry.uid)
        if path is None:
            moved = any((folder / sub).is_dir() and _holds(folder / sub, entry.uid) for sub in ("cur", "new"))
            return Outcome("labelled") if moved else Outcome("vanished", "gone before it was moved")
        try:
            for sub in ("cur", "new", "tmp"):
                (folder / sub).mkdir(parents=True, exist_ok=True)
            (folder / "maildirfolder").touch()
            path.rename(folder / path.parent.name / path.name)
        except OSError as error:
            return Outcome("refused", f"cannot be moved to {name} ({error.strerror})")
        return Outcome("labelled")


class MboxSource:
    """An mbox; a UID is the hash of a message and which time it stands there, so that it outlives removals before it.

    Parameters
    ----------
    path : Path
    largest, since
        See `MaildirSource`; the date is that of the 'From ' line.
    """

    folder = ""
    delimiter = "/"

    def __init__(self, path: Path, *, largest: int, since: date | None = None) -> None:
        self._path = path
        self._largest = largest
        self._since = since

    def open(self) -> Box:
        """See `Source`."""
        if not self._path.is_file():
            raise MailboxGoneError("is gone", file=self._path)
        return Box("mbox", str(self._path.resolve()))

    def close(self) -> None:
        """See `Source`."""

    def wait(self, seconds: float, stop: Stop) -> None:
        """See `Source`."""
        stop.wait(seconds)

    def apply(self, entries: Sequence[Entry], raws: Mapping[str, Raw]) -> dict[str, Outcome]:
        """See `Source`; nothing can be asked for."""
        return {entry.uid: Outcome("labelled") for entry in entries}

    def chunks(self, fresh: Callable[[str], bool]) -> Iterator[list[Raw]]:
        """See `Source`."""
        chunk: list[Raw] = []
        held = 0
        for raw in self._messages():
            if not fresh(raw.uid):
                continue
            if chunk and (len(chunk) >= CHUNK_MESSAGES or held + len(raw.content) > CHUNK_BYTES):
                yield chunk
                chunk, held = [], 0
            chunk.append(raw)
            held += len(raw.content)
        if chunk:
            yield chunk

    def _messages(self) -> Iterator[Raw]:
        import mailbox

        times: Counter[bytes] = Counter()
        try:
            box = mailbox.mbox(self._path, create=False)
            try:
                for key in box.iterkeys():
                    line, _, content = box.get_bytes(key, from_=True).partition(b"\n")
                    content = _ESCAPED_FROM.sub(rb"\1", content)
                    digest = hashlib.sha256(content).digest()
                    times[digest] += 1
                    if self._since is None or _since(line, self._since):
                        size = len(content)
                        uid = f"{digest[:12].hex()}-{times[digest]}"
                        yield Raw(uid, content[: self._largest], size, _cut_warning(size, self._largest))
            finally:
                box.close()
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", file=self._path) from None


def _unique(name: str) -> str:
    return name.partition(":2,")[0]


def _holds(folder: Path, uid: str) -> bool:
    with os.scandir(folder) as found:
        return any(_unique(each.name) == uid for each in found)


def _cut_warning(size: int, largest: int) -> str:
    return f"message of {size} bytes, the first {largest} are read" if size > largest else ""


def _since(line: bytes, since: date) -> bool:
    """Whether a 'From ' line is of that day or later; where its date cannot be read, it counts as such."""
    words = line.decode("ascii", "replace").split(maxsplit=2)
    parsed = email.utils.parsedate(words[2]) if len(words) > 2 else None
    if parsed is None:
        return True
    try:
        return date(*parsed[:3]) >= since
    except ValueError:
        return True
