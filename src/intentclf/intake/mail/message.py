"""Raw e-mail in, the customer's own words out.

MIME is the standard library's work; a wrong or missing character set is guessed from the bytes; of an HTML body the
text is kept. Quoted history and what stands under the closing formula are cut off by the patterns of
`mail_patterns.csv`, one row for each language and style.
"""

from __future__ import annotations

import csv
import email
import email.policy
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from functools import cache
from pathlib import Path

from intentclf.errors import InputError
from intentclf.records import Query

__all__ = ["message_query", "own_words", "read_eml", "read_folder", "read_mbox"]

_LARGEST_BODY = 2_000_000
_MOST_PARTS = 500
_NO_CHARSETS = frozenset(
    {"undefined", "punycode", "idna", "unicode_escape", "raw_unicode_escape"}
)  # codecs, no charsets
_LONGEST_SIGNATURE = 16  # lines below a closing formula, disclaimer included
_LONGEST_NAME = 3
_SENTENCE_WORDS = 4
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_CYRILLIC_TURN = re.compile("[а-яё][А-ЯЁ]")
_NO_TEXT = re.compile("[\u2500-\u25ff\ufffd]")  # box drawing: bytes of another page
# Logarithm of the share in per cent of the letters of Russian (Lyashevskaya & Sharov 2009, rounded).
_FREQUENCY = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
        (2.4, 2.1, 2.1, 2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.5, 1.2, 1.2, 1.1, 1.0, 1.0, 0.7, 0.6, 0.6, 0.5, 0.5, 0.5)
        + (0.4, 0.2, 0.0, -0.1, -0.3, -0.4, -0.7, -1.0, -1.1, -1.3, -3.3, -3.2),
        strict=True,
    )
)


def read_eml(path: Path) -> Query:
    """Read one .eml file; its id is the file's name.

    Raises
    ------
    InputError
        If the file cannot be read, or is no e-mail at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    return message_query(content, identifier=path.name)


def read_folder(path: Path) -> Iterator[Query]:
    """Read all .eml files under a folder, in the order of their names; ids are paths relative to it.

    Raises
    ------
    InputError
        If there is none.
    """
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".eml" and file.is_file())
    if not files:
        raise InputError("holds no .eml files", file=path)
    for file in files:
        query = read_eml(file)
        yield Query(file.relative_to(path).as_posix(), query.text, None, query.warnings)


def read_mbox(path: Path) -> Iterator[Query]:
    """Read the messages of an mbox; the id is the Message-ID, or the message's number from 0 where that is missing.

    Raises
    ------
    InputError
        If the file does not start with a 'From ' line.
    """
    import mailbox

    with path.open("rb") as file:
        if file.read(5) != b"From ":
            raise InputError("is not an mbox: its first line must start with 'From '", file=path)
    box = mailbox.mbox(path, create=False)
    seen: set[str] = set()
    try:
        for number, key in enumerate(box.iterkeys()):
            content = re.sub(rb"(?m)^>(>*From )", rb"\1", box.get_bytes(key))
            query = message_query(content, identifier="")
            identifier = query.id if query.id and query.id not in seen else str(number)
            seen.add(identifier)
            yield Query(identifier, query.text, None, query.warnings)
    finally:
        box.close()


def message_query(content: bytes, *, identifier: str) -> Query:
    """Make a query of one raw message: its subject, an empty line, and what the customer wrote this time.

    Parameters
    ----------
    content : bytes
        The message as it was sent.
    identifier : str
        Id of the query; '' takes the Message-ID.
    """
    warnings: list[str] = []
    try:
        message = email.message_from_bytes(content, policy=email.policy.compat32)
    except RecursionError:  # the standard library parses a part inside a part by recursion
        headers = content.partition(b"\r\n\r\n" if b"\r\n\r\n" in content else b"\n\n")[0]
        message = email.message_from_bytes(
            headers.replace(b"multipart/", b"text/x-nested-"), policy=email.policy.compat32
        )
        warnings.append("parts are nested too deep to be read")
    if not message.keys():
        warnings.append("not an e-mail: no headers")
    subject = _header(message, "Subject")
    body = own_words(_body(message, warnings))
    if not body and not subject:
        warnings.append("empty message")
    text = "\n\n".join(part for part in (subject, body) if part)
    return Query(identifier or _header(message, "Message-ID").strip("<> "), text, None, tuple(warnings))


def own_words(text: str) -> str:
    r"""Cut quoted history and everything from the closing formula on; when in doubt, keep.

    Examples
    --------
    >>> own_words("Werkt nog steeds niet.\n\nMet vriendelijke groet,\nPiet\n\nOp 3 mei schreef Jan:\n> Beste")
    'Werkt nog steeds niet.'
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_without_closing(_without_quotes(lines))).strip()


def _without_quotes(lines: list[str]) -> list[str]:
    """Lines that the customer typed: an answer below or between quoted lines stays."""
    kinds = _patterns()
    last_quoted = max((k for k, line in enumerate(lines) if line.startswith(">")), default=-1)
    kept: list[str] = []
    place = 0
    while place < len(lines):
        following = "\n".join(lines[place : place + 4])
        if kinds["header"].match(following):
            return kept
        # With a date, a time or an address the line speaks for itself; without, only right above quoted lines.
        quote = kinds["quote"].match(following) or kinds["attribution"].match(following)
        if quote:
            end = place + max(1, quote.group().rstrip("\n").count("\n") + 1)
            marked = next((line.startswith(">") for line in lines[end:] if line.strip()), False)
            if marked or kinds["quote"].match(following):
                place = end
                if place > last_quoted:
                    return kept  # programs that do not mark quoted lines put the history last
                continue
        if not lines[place].startswith(">"):
            kept.append(lines[place])
        place += 1
    return kept


def _without_closing(lines: list[str]) -> list[str]:
    """Lines above the closing formula, the signature mark or the device's line; a postscript below it stays."""
    kinds = _patterns()
    filled = [k for k, line in enumerate(lines) if line.strip()]
    for number, place in enumerate(filled):
        line = lines[place].strip()
        below = filled[number + 1 :]
        if line == "--" or kinds["device"].fullmatch(line):
            return lines[:place]
        formal = _closes(line, "closing")
        if number < 1 or len(below) > _LONGEST_SIGNATURE or not (formal or _closes(line, "thanks")):
            continue
        after = next((k for k in below if kinds["postscript"].match(lines[k])), len(lines))
        # Thanks may stand under the greeting, with the question still to come; 'Kind regards' may not.
        if not formal and any(_is_prose(lines[k]) for k in below if k < after):
            continue
        return lines[:place] + _without_closing(lines[after:])
    return lines


def _is_prose(line: str) -> bool:
    """A line that reads like a sentence rather than a name, a function, an address or a telephone number."""
    words = line.split()
    ends = line.rstrip().endswith((".", "!", "?"))
    return len(words) >= _SENTENCE_WORDS and (ends or not any(word[0].isupper() for word in words[1:]))


def _closes(line: str, kind: str) -> bool:
    """A formula by itself or with a name, 'Mvh Oddvar', but not 'Thanks for nothing so far'."""
    formula = _patterns()[kind].match(line)
    name = line[formula.end() :].split() if formula else []
    return formula is not None and len(name) <= _LONGEST_NAME and all(word[0].isupper() for word in name)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    with (Path(__file__).parent / "mail_patterns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = {row["kind"] for row in rows}
    return {
        kind: re.compile("|".join(f"(?:{row['pattern']})" for row in rows if row["kind"] == kind), re.IGNORECASE)
        for kind in kinds
    }


def _header(message: Message[str, str], name: str) -> str:
    value = next((raw for key, raw in message.raw_items() if key.lower() == name.lower()), None)
    if value is None:
        return ""
    raw = str(value).encode("utf-8", "surrogateescape")
    try:
        text = str(value) if not raw.isascii() else str(make_header(decode_header(str(value))))
    except (LookupError, ValueError, MessageError):
        text = str(value)
    if any("\ud800" <= character <= "\udfff" for character in text):  # bytes that were not encoded at all
        text = _guess_charset(raw)[1]
    return " ".join(text.split())


def _body(message: Message[str, str], warnings: list[str]) -> str:
    """The best text part: plain before HTML, the first of each, attachments left out."""
    plain: str | None = None
    rich: str | None = None
    for number, part in enumerate(_parts(message)):
        if number >= _MOST_PARTS:
            warnings.append(f"only the first {_MOST_PARTS} parts were read")
            break
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and not (plain or "").strip():
            plain = _decode(part, warnings)
        elif kind == "text/html" and rich is None:
            rich = _decode(part, warnings)
    if plain and plain.strip():
        return plain
    return _html_text(rich) if rich else ""


def _parts(message: Message[str, str]) -> Iterator[Message[str, str]]:
    """All parts, outer before inner, without recursion: a message may be nested thousands deep."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        yield part
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting += [each for each in reversed(inner) if isinstance(each, Message)]


def _html_text(markup: str) -> str:
    from intentclf.intake.cleaning import strip_markup

    return strip_markup(markup)


def _decode(part: Message[str, str], warnings: list[str]) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    if len(payload) > _LARGEST_BODY:
        warnings.append(f"truncated: body of {len(payload)} bytes, the first {_LARGEST_BODY} are read")
        payload = payload[:_LARGEST_BODY]
    declared = part.get_content_charset("")
    try:
        if declared in _NO_CHARSETS:
            raise LookupError
        return payload.decode(declared or "utf-8")
    except (LookupError, ValueError):
        guess, text = _guess_charset(payload)
        warnings.append(f"declared character set {declared or 'missing'} does not fit, read as {guess}")
        return text


def _guess_charset(payload: bytes) -> tuple[str, str]:
    """Read bytes that are not what they claim: UTF-8, else the Cyrillic page with the likeliest letters, else Latin.

    The three pages hold the same letters in other places, so that a wrong one gives rare letters and odd capitals.
    """
    try:
        return "utf-8", payload.decode("utf-8")
    except UnicodeDecodeError:
        pass
    best: tuple[float, str, str] = (0.0, "", "")
    for charset in ("windows-1251", "koi8-r", "cp866"):
        text = payload.decode(charset, "replace")
        words = [word for word in re.findall(r"[^\W\d_]+", text) if _CYRILLIC.search(word)]
        mixed = sum(1 for word in words if re.search("[a-zA-Z]", word))  # 'één' read as Cyrillic gives 'ИИn'
        if mixed >= len(words) - mixed:
            continue
        letters = _CYRILLIC.findall(text)
        score = sum(_FREQUENCY.get(letter.lower(), -1.0) + 0.05 * letter.islower() for letter in letters)
        score -= 4.0 * len(_CYRILLIC_TURN.findall(text)) + 2.0 * len(_NO_TEXT.findall(text))
        if not best[1] or score > best[0]:
            best = (score, charset, text)
    if best[1]:
        return best[1], best[2]
    return "windows-1252", payload.decode("windows-1252", "replace")
