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
from email.header import decode_header, make_header
from email.message import Message
from functools import cache
from pathlib import Path

from intentclf.errors import InputError
from intentclf.records import Query

__all__ = ["message_query", "own_words", "read_eml", "read_folder", "read_mbox"]

_LARGEST_BODY = 2_000_000
_MOST_PARTS = 500
_LONGEST_SIGNATURE = 16  # lines below a closing formula, disclaimer included
_LONGEST_NAME = 3
_CYRILLIC_COMMON = re.compile("[оеаинтсрвл]")
_CYRILLIC_ANY = re.compile("[\u0400-\u04ff]")


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
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    warnings: list[str] = []
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
    kept: list[str] = []
    place = 0
    while place < len(lines):
        following = "\n".join(lines[place : place + 4])
        if kinds["header"].match(following):
            return kept
        quote = kinds["quote"].match(following)
        if quote:
            place += max(1, quote.group().rstrip("\n").count("\n") + 1)
            if not any(line.startswith(">") for line in lines[place:]):
                return kept  # programs that do not mark quoted lines put the history last
            continue
        if not lines[place].startswith(">"):
            kept.append(lines[place])
        place += 1
    return kept


def _without_closing(lines: list[str]) -> list[str]:
    """Lines above the closing formula, the signature mark or the device's line; a postscript below it stays."""
    kinds = _patterns()
    for place, line in enumerate(lines):
        if line.rstrip() == "--" or kinds["device"].fullmatch(line):
            return lines[:place]
        below = [k for k in range(place + 1, len(lines)) if lines[k].strip()]
        if place and _is_closing(line.strip()) and len(below) <= _LONGEST_SIGNATURE:
            after = next((k for k in below if kinds["postscript"].match(lines[k])), len(lines))
            return lines[:place] + _without_closing(lines[after:])
    return lines


def _is_closing(line: str) -> bool:
    """A closing formula by itself or with a name, 'Mvh Oddvar', but not 'Thanks for nothing so far'."""
    formula = _patterns()["closing"].match(line)
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
    value = message.get(name)
    if value is None:
        return ""
    try:
        text = str(make_header(decode_header(value)))
    except (LookupError, ValueError, UnicodeError):
        text = str(value)
    return " ".join(text.split())


def _body(message: Message[str, str], warnings: list[str]) -> str:
    """The best text part: plain before HTML, the first of each, attachments left out."""
    plain: str | None = None
    rich: str | None = None
    for number, part in enumerate(message.walk()):
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


def _html_text(markup: str) -> str:
    from intentclf.intake.cleaning import strip_markup

    return strip_markup(re.sub(r"<\?xml[^>]*\?>", "", markup))


def _decode(part: Message[str, str], warnings: list[str]) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    if len(payload) > _LARGEST_BODY:
        warnings.append(f"truncated: body of {len(payload)} bytes, the first {_LARGEST_BODY} are read")
        payload = payload[:_LARGEST_BODY]
    declared = part.get_content_charset("")
    try:
        return payload.decode(declared or "utf-8")
    except (LookupError, UnicodeDecodeError):
        guess, text = _guess_charset(payload)
        warnings.append(f"declared character set {declared or 'missing'} does not fit, read as {guess}")
        return text


def _guess_charset(payload: bytes) -> tuple[str, str]:
    """Read bytes that are not what they claim: UTF-8, else the Cyrillic page with the likeliest letters, else Latin."""
    try:
        return "utf-8", payload.decode("utf-8")
    except UnicodeDecodeError:
        pass
    best: tuple[int, str, str] = (0, "", "")
    for charset in ("windows-1251", "koi8-r", "cp866"):
        text = payload.decode(charset, "replace")
        letters = len(_CYRILLIC_ANY.findall(text))
        score = 2 * len(_CYRILLIC_COMMON.findall(text)) - letters
        if letters > 0.2 * len(text) and score > best[0]:
            best = (score, charset, text)
    if best[1]:
        return best[1], best[2]
    return "windows-1252", payload.decode("windows-1252", "replace")
