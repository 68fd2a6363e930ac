"""How fast `intentclf prelabel` is, how much memory it takes, and whether it labels once when it is killed.

    python -m bench.prelabel                                      a Maildir of 10,000 messages
    python -m bench.prelabel --imap --messages 5000 --kills 20    a Dovecot, and `kill -9` at random moments

The first prints messages a second and the memory of the process tree at several moments. The second starts a real
Dovecot, kills prelabel and starts it again until all is done, and then looks on the server and into the output file:
every message must carry its keyword, have one copy (with --move: lie in one folder once) and one line. Where that is
not so, the exit code is 1.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from itertools import cycle, islice
from pathlib import Path

from tests.mail.dovecot import PASSWORD, Dovecot, missing

__all__ = ["COMMAND", "Memory", "killed_run", "main", "maildir_run", "make_messages"]

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "tests.mail.program", "prelabel"]
KEYWORD = "intentclf-{severity}"
_FINAL = ("labelled", "set_aside", "duplicate", "unreadable", "vanished", "refused")


def make_messages(count: int, *, seed: int = 17) -> Iterator[bytes]:
    """Small messages, no two alike: the sample e-mails, and texts of the labelled data as e-mails.

    Parameters
    ----------
    count : int
    seed : int
    """
    samples = [path.read_bytes() for path in sorted((ROOT / "data" / "samples").glob("*.eml"))]
    draw = random.Random(seed)
    with (ROOT / "data" / "seed_labels.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    draw.shuffle(texts)
    given = 0
    for sample in samples[: count // 2]:
        yield sample.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        given += 1
    for number, text in enumerate(islice(cycle(texts), count - given)):
        message = EmailMessage(policy=SMTP)
        message["From"] = f"Customer {number} <customer{number}@example.org>"
        message["To"] = "desk@example.com"
        message["Subject"] = " ".join(text.split()[:5]).replace("\0", "")
        message["Message-ID"] = f"<bench-{seed}-{number}@example.org>"
        message["Date"] = "Mon, 09 Nov 2026 08:14:52 +0100"
        message.set_content(f"{text}\n\nMet vriendelijke groet,\nCustomer {number}\n", cte="8bit")
        yield message.as_bytes()


@dataclass(slots=True)
class Memory:
    """Memory of a process and all below it, looked at twice a second.

    Attributes
    ----------
    seen : list of (float, float, float)
        Seconds since the start, resident megabytes (shared pages in each process that has them), proportional
        megabytes (shared pages once).
    """

    process: int
    seen: list[tuple[float, float, float]] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> threading.Thread:
        """Begin."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End."""
        self._done.set()

    def _look(self) -> None:
        start = time.monotonic()
        while not self._done.wait(0.5):
            sums = [_memory(number) for number in _tree(self.process)]
            self.seen.append((time.monotonic() - start, sum(s[0] for s in sums), sum(s[1] for s in sums)))


def _tree(process: int) -> list[int]:
    found = [process]
    for number in found:
        try:
            tasks = Path(f"/proc/{number}/task").iterdir()
            found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:  # ended meanwhile
            continue
    return found


def _memory(process: int) -> tuple[float, float]:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    told = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return told.get("Rss:", 0.0), told.get("Pss:", 0.0)


def maildir_run(count: int, folder: Path, *, workers: int) -> bool:
    """Label a Maildir of so many messages and print how long that took."""
    box = folder / "box"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    for number, message in enumerate(make_messages(count)):
        (box / "new" / f"{1_700_000_000 + number}.M{number}.bench").write_bytes(message)
    command = [*COMMAND, str(box), "--out", str(folder / "out.jsonl"), "--workers", str(workers)]
    start = time.monotonic()
    with (folder / "log").open("wb") as log:
        run = subprocess.Popen(command, stderr=log, cwd=ROOT)
        memory = Memory(run.pid)
        memory.watch()
        code = run.wait()
    took = time.monotonic() - start
    memory.stop()
    lines = (folder / "out.jsonl").read_bytes().count(b"\n")
    print(f"{lines} of {count} messages in {took:.1f} s, start included: {count / took:.0f} a second, exit code {code}")
    print("  seconds  resident MB  proportional MB")
    for place in range(0, len(memory.seen), max(1, len(memory.seen) // 8)):
        print("  {:7.1f}  {:11.0f}  {:15.0f}".format(*memory.seen[place]))
    if memory.seen:
        print(f"  peak: {max(s[1] for s in memory.seen):.0f} MB resident, {max(s[2] for s in memory.seen):.0f} MB once")
    return code == 0 and lines == count


def killed_run(
    count: int, kills: int, folder: Path, *, seed: int = 17, move: bool = False, workers: int = 2, extra: str = ""
) -> list[str]:
    """Label messages on a Dovecot while being killed again and again.

    Parameters
    ----------
    count, kills : int
    folder : Path
        For output and state.
    seed : int
    move : bool
        Move messages to folders, rather than copy them.
    workers : int
    extra : str
        Configuration of the server.

    Returns
    -------
    list of str
        What is not as it must be.
    """
    draw = random.Random(seed)
    server = Dovecot(extra=extra)
    try:
        server.start()
        messages = list(make_messages(count, seed=seed))
        server.deliver(messages)
        labels = ["--keyword", KEYWORD, *(["--move", "Desk/{severity}"] if move else ["--copy-to", "Labelled"])]
        command = [*COMMAND, server.url(), "--out", str(folder / "out.jsonl"), "--ca-file", str(server.ca_file)]
        command += ["--workers", str(workers), *labels]
        moments = sorted(draw.randrange(count) for _ in range(kills))
        done = 0
        for moment in [*moments, None]:
            done += _until(command, None if moment is None else max(0, moment - done), draw)
        return list(_faults(server, folder / "out.jsonl", messages, move=move))
    finally:
        server.close()


def _until(command: list[str], handled: int | None, draw: random.Random) -> int:
    """Run until so many messages are handled, and a moment longer, then kill; None: to the end. What was handled."""
    environment = os.environ | {"INTENTCLF_IMAP_PASSWORD": PASSWORD}
    seen = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, env=environment) as run:
        for line in run.stderr or ():
            word = line.split()[1].decode() if len(line.split()) > 1 else ""
            seen += word in _FINAL
            if handled is not None and (seen >= handled if handled else word == "started"):
                time.sleep(draw.uniform(0, 0.4 if handled else 2.5))
                run.kill()
                seen += sum(len(rest.split()) > 1 and rest.split()[1].decode() in _FINAL for rest in (run.stderr or ()))
                return seen
            if handled is None and word not in (*_FINAL, "started", "finished", "resumed"):
                print(line.decode().rstrip(), file=sys.stderr)
    return seen


def _faults(server: Dovecot, out: Path, messages: list[bytes], *, move: bool) -> Iterator[str]:
    """What is wrong on the server and in the output."""
    folders = sorted(name for name in server.folders() if name.startswith("Desk.")) if move else ["INBOX"]
    there = [each for folder in folders for each in server.messages(folder=folder)]
    wanted = Counter(messages)
    bodies = Counter(content for _, _, content in there)
    if bodies != wanted:
        yield f"{(wanted - bodies).total()} messages are missing, {(bodies - wanted).total()} are there too often"
    for uid, flags, _ in there:
        own = [flag for flag in flags if flag.startswith("intentclf-")]
        if len(own) != 1 or "\\Seen" in flags:
            yield f"message {uid} has the flags {sorted(flags)}"
    if move:
        if server.messages():
            yield f"{len(server.messages())} messages were not moved"
    else:
        copies = Counter(_message_id(content) for _, _, content in server.messages(folder="Labelled"))
        original = Counter(_message_id(content) for content in messages)
        if copies != original:
            yield f"{(original - copies).total()} copies are missing, {(copies - original).total()} are one too many"
    yield from _line_faults(out, len(messages))


def _line_faults(out: Path, count: int) -> Iterator[str]:
    lines = out.read_bytes().split(b"\n")
    if lines.pop() != b"":
        yield "the last line of the output is torn"
    answers = [json.loads(line) for line in lines]
    for uid, times in Counter(answer["uid"] for answer in answers).items():
        if times != 1:
            yield f"message {uid} has {times} lines"
    states = Counter(answer["status"] for answer in answers)
    if states != {"labelled": count}:
        yield f"lines are {dict(states)}, for {count} messages"


def _message_id(content: bytes) -> bytes:
    return next(line for line in content.splitlines() if line.lower().startswith(b"message-id:")).lower()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--imap", action="store_true", help="a Dovecot instead of a Maildir")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--move", action="store_true", help="with --imap: move messages instead of copying them")
    parser.add_argument("--seed", type=int, default=17)
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="prelabel-"))
    try:
        if not told.imap:
            sys.exit(0 if maildir_run(told.messages, folder, workers=told.workers) else 1)
        if missing():
            sys.exit(f"{missing()}: the bench needs a server")
        start = time.monotonic()
        faults = killed_run(told.messages, told.kills, folder, seed=told.seed, move=told.move, workers=told.workers)
        took = time.monotonic() - start
        print(f"{told.messages} messages, {told.kills} kills, {took:.0f} s: {len(faults)} faults")
        for fault in faults[:20]:
            print(f"  {fault}")
        sys.exit(1 if faults else 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
