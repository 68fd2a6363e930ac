"""`python -m bench.mail_fuzz --messages 100000 --seed N`: does any message stop the reading of mail?

Messages of the corpus (tests/mail/messages and data/samples) are mutated: bytes, lines, headers, and the structure of
parts, one to six times each. `read_message` and `message_query` must take every one without an exception, in under two
seconds of processor time, and give a subject and a sender on one line. What fails is printed with the seed that makes
it again (`--messages 1 --seed N`), and the exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from intentclf.intake.mail import message_query, read_message

__all__ = ["SLOW_SECONDS", "Failure", "corpus", "fuzz", "main", "mutate"]

SLOW_SECONDS = 2.0
_ROOT = Path(__file__).parents[1]
_FOLDERS = (_ROOT / "tests" / "mail" / "messages", _ROOT / "data" / "samples")
_CHUNK = 500
_LARGEST = 400_000  # bytes of a mutated message: repeating its parts doubles it every time
_CHARSETS = (
    *(b"utf-8", b"us-ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252", b"windows-1251", b"koi8-r", b"cp866"),
    *(b"utf-16", b"utf-16le", b"utf-32", b"utf-7", b"unknown-8bit", b"x-cp1251", b"ks_c", b"gb2312", b"iso-2022-jp"),
    *(b"idna", b"punycode", b"rot13", b"hex", b"", b"\x00", b"a" * 300, b"utf-8''x", b"cp037"),
)
_TYPES = (
    *(b"text/plain", b"text/html", b"text/calendar; method=REQUEST", b"message/rfc822", b"multipart/alternative"),
    *(b"multipart/mixed", b"multipart/related", b"multipart/report; report-type=delivery-status", b"multipart/digest"),
    *(b"multipart/signed", b"multipart/encrypted", b"application/pkcs7-mime", b"text/plain; format=flowed; delsp=yes"),
    *(b"message/partial", b"message/external-body", b"nonsense", b"/", b"text/", b"image/png; name*0*=utf-8''%D0%"),
)
_ENCODINGS = (b"base64", b"quoted-printable", b"8bit", b"x-uuencode", b"binary", b"x-unknown", b"")
_INJECTED = (
    *(b"Subject: a\r\n\tb\r\nBcc: x@example.org", b"Subject: =?utf-8?Q?a=0D=0ABcc:_x?=", b"From: a@b\x00c\x1b[31m"),
    *(b"From: =?koi8-r?B?////?= <a@b>", b"Date: Tue, 99 Foo 99999 99:99", b"Received: x; Mon, 1 Jan 0001 00:00 +9999"),
    *(b"Subject: =?utf-8?B?0J?= =?utf-8?B?/RgNC?=", b"Content-Disposition: attachment; filename*9999999999999=x"),
    *(b"Content-Type: multipart/mixed; boundary=", b"Content-Type: text/html; charset*=x'y'%ff", b"Return-Path: <>"),
    *(b"From " * 30, b"Content-Transfer-Encoding: base64", b"Subject: " + b"=?a?q?" * 300, b"Message-ID: <\xff\xfe>"),
)
_PIECES = (
    *(
        b"<blockquote type=cite>",
        b"</div>" * 40,
        b"<table><tr><td>" * 30,
        b"<!--",
        b"<style>",
        b"&#x110000;",
        b"> " * 50,
    ),
    *(
        b"<div>" * 300,
        b"-----BEGIN PGP MESSAGE-----\n",
        b"-----BEGIN PGP SIGNED MESSAGE-----\n",
        b"<p hidden>",
        b"\xff\xfe",
    ),
    *(
        b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nSUMMARY:x\n",
        b"\x00" * 20,
        b"\xee\x80\x80\xee\x80\x82",
        b"=?utf-8?q?",
        b"-- \n",
    ),
    *(
        b"<ol start=x><li>",
        b"<td colspan=99999999>",
        b"style='padding-left:999999em'",
        b"<?xml version='1.0' encoding='x'?>",
    ),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that was not taken: the seed that makes it, its size in bytes, and what happened."""

    seed: int
    size: int
    reason: str


def corpus() -> tuple[bytes, ...]:
    """The messages that are mutated, in the order of their names."""
    files = [file for folder in _FOLDERS for file in sorted(folder.glob("*.eml"))]
    return tuple(file.read_bytes() for file in files)


def mutate(seed: int, messages: Sequence[bytes]) -> bytes:
    """A mutated message; the same for the same seed and corpus."""
    chance = random.Random(seed)
    content = chance.choice(messages)
    for _ in range(chance.randint(1, 6)):
        content = chance.choice(_MUTATIONS)(chance, content, messages)[:_LARGEST]
    return content


def check(seed: int, messages: Sequence[bytes]) -> Failure | None:
    """Read one mutated message; None where all is well."""
    content = mutate(seed, messages)
    start = time.process_time()
    try:
        message = read_message(content)
        query = message_query(content, identifier="x")
    except Exception as error:  # any at all is what is looked for
        return Failure(seed, len(content), f"{type(error).__name__}: {error}"[:200])
    seconds = time.process_time() - start
    if seconds > SLOW_SECONDS:
        return Failure(seed, len(content), f"took {seconds:.1f} s")
    lines = message.subject + message.sender + message.message_id + message.list_id
    if any(sign < " " or sign == "\x7f" for sign in lines):
        return Failure(seed, len(content), "a header value holds control characters")
    if not query.text and "empty message" not in query.warnings:
        return Failure(seed, len(content), "an empty text is not warned of")
    return None


def fuzz(messages: int, seed: int, *, processes: int = 1) -> Iterator[Failure]:
    """Read so many mutated messages, those of the seeds from `seed` on, and give the failures."""
    numbers = range(seed, seed + messages)
    chunks = [numbers[k : k + _CHUNK] for k in range(0, messages, _CHUNK)]
    work = partial(_check_all, messages=corpus())
    if processes <= 1:
        for chunk in chunks:
            yield from work(chunk)
        return
    with get_context("spawn").Pool(processes) as pool:
        for found in pool.imap_unordered(work, chunks):
            yield from found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code is 1 where a message failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.mail_fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args(arguments)
    start, failures = time.monotonic(), 0
    for failure in fuzz(options.messages, options.seed, processes=options.processes):
        failures += 1
        print(f"seed {failure.seed}, {failure.size} bytes: {failure.reason}", flush=True)
    print(f"{options.messages} messages, {failures} failures, {time.monotonic() - start:.0f} s")
    return 1 if failures else 0


def _check_all(seeds: Sequence[int], messages: Sequence[bytes]) -> list[Failure]:
    return [failure for seed in seeds if (failure := check(seed, messages))]


def _bytes(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    changed = bytearray(content)
    for _number in range(chance.randint(1, 20)):
        place = chance.randrange(len(changed) + 1)
        changed[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 3))
    return bytes(changed)


def _lines(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    for _number in range(chance.randint(1, 5)):
        place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        action = chance.randrange(4)
        if action == 0:
            lines.insert(place, lines[other] * chance.choice((1, 2, 300)))
        elif action == 1:
            lines[place], lines[other] = lines[other], lines[place]
        elif action == 2:
            lines[place] = lines[place].rstrip(b"\r\n") + chance.choice((b"", b"\r", b"\n\n", b" "))
        else:
            lines[place] = b""
    return b"".join(lines)


def _truncated(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(content) + 1) if chance.random() < 0.2 else 0
    return content[start : chance.randrange(start, len(content) + 1)]


def _headers(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    lines = content.split(b"\n")
    lines.insert(chance.randrange(min(len(lines), 40) + 1), chance.choice(_INJECTED))
    return b"\n".join(lines)


def _swapped(pattern: bytes, choices: Sequence[bytes]) -> Callable[[random.Random, bytes, Sequence[bytes]], bytes]:
    """A mutation that gives one of the places of a header word another value."""

    def swap(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
        lower = content.lower()
        places = [k for k in range(len(lower)) if lower.startswith(pattern, k)] if len(lower) < _LARGEST else []
        if not places:
            return content
        start = chance.choice(places) + len(pattern)
        end = start
        while end < len(content) and content[end : end + 1] not in (b";", b"\r", b"\n"):
            end += 1
        return content[:start] + chance.choice(choices) + content[end:]

    return swap


def _repeated(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    """A boundary line, and what follows, once more, or very often."""
    places = [k for k in range(len(content)) if content.startswith(b"\n--", k)]
    if len(places) < 2:
        return content
    first, last = sorted(chance.sample(places, 2))
    return content[:last] + content[first:last] * chance.choice((1, 3, 700)) + content[last:]


def _nested(chance: random.Random, content: bytes, messages: Sequence[bytes]) -> bytes:
    """The message within others: as an attached one, or as a part of a part."""
    for number in range(chance.choice((1, 2, 30, 600))):
        if chance.random() < 0.3:
            content = b"Subject: x\nContent-Type: message/rfc822\n\n" + content
        else:
            other = chance.choice(messages)[:200] if chance.random() < 0.1 else b"Subject: y\n"
            mark = b"n%d" % (number if chance.random() < 0.9 else 0)
            kind = chance.choice((b"mixed", b"alternative", b"related", b"digest", b"report"))
            head = b"Content-Type: multipart/" + kind + b"; boundary=" + mark
            content = other + head + b"\n\n--" + mark + b"\n" + content + b"\n--" + mark + b"--\n"
        if len(content) > _LARGEST:
            break
    return content


def _pieces(chance: random.Random, content: bytes, _: Sequence[bytes]) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.choice(_PIECES) * chance.choice((1, 2, 200)) + content[place:]


def _joined(chance: random.Random, content: bytes, messages: Sequence[bytes]) -> bytes:
    other = chance.choice(messages)
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]


_MUTATIONS = (
    *(_bytes, _lines, _truncated, _headers, _repeated, _nested, _pieces, _joined),
    _swapped(b"charset=", _CHARSETS),
    _swapped(b"content-type: ", _TYPES),
    _swapped(b"content-transfer-encoding: ", _ENCODINGS),
)


if __name__ == "__main__":
    sys.exit(main())
