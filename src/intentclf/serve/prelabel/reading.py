"""One raw message read and answered: enters bytes, leaves what its line and its labels need. Runs in the workers."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from intentclf.intake.mail.records import MailMessage
from intentclf.records import Query
from intentclf.serve.prelabel.labels import Labels, without_ours

if TYPE_CHECKING:
    from intentclf.predict.model import Model
    from intentclf.records import Answer
    from intentclf.respond.advice import AdviceSettings

__all__ = ["Raw", "ReadMessage", "answer_messages", "digest_of", "prepare"]

_NONE = "none"
_OF_THE_MACHINE = (OSError, ImportError)
_ENCRYPTED = ("smime_encrypted", "pgp_encrypted")


@dataclass(frozen=True, slots=True)
class Raw:
    """A message as its mailbox gave it.

    Attributes
    ----------
    uid : str
        Names it within its mailbox.
    content : bytes
        As sent; empty where there is a failure.
    size : int
        Bytes of the whole message, also where only its beginning was fetched.
    warning : str
        Such as that only its beginning was fetched.
    failure : str
        Why there is no content: 'vanished', or what the server or the file system said.
    date : str
        When the server got it, as it says so.
    """

    uid: str
    content: bytes = b""
    size: int = 0
    warning: str = ""
    failure: str = ""
    date: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here."""
        return len(self.content) >= self.size


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message after reading and answering.

    Attributes
    ----------
    uid, message_id : str
    digest : bytes
        SHA-256, see `digest_of`; empty where there is no content.
    kind, why, list_id : str
        See `MailMessage`.
    failure : str
        Why it could not be read; '' for none.
    answer : str
        The answer as a JSON object; '' where there is none.
    labels : Labels or None
        None where there is no answer.
    milliseconds : float
    """

    uid: str
    message_id: str = ""
    digest: bytes = b""
    kind: str = "message"
    why: str = ""
    list_id: str = ""
    failure: str = ""
    answer: str = ""
    labels: Labels | None = None
    milliseconds: float = 0.0


def prepare(content: bytes) -> tuple[MailMessage, Query]:
    """Read a raw message: what is known of it, and the query that the customer wrote.

    Parameters
    ----------
    content : bytes
    """
    from intentclf.intake.mail.message import as_query, read_message

    message = read_message(content)
    return message, as_query(message, identifier="")


def digest_of(content: bytes) -> bytes:
    """SHA-256 of a message, alike for both kinds of line end and with or without headers of ours."""
    return hashlib.sha256(without_ours(content).replace(b"\r\n", b"\n")).digest()


def answer_messages(
    raws: Sequence[Raw],
    model: Model,
    *,
    advice: AdviceSettings | None = None,
    words: int = 0,
    book: str | None = None,
    redact: bool = False,
) -> list[ReadMessage]:
    """Read and answer messages, in order; what cannot be read is told as a failure and stops nothing.

    A fault of the machine, such as a full disk, is no fault of a message: it is raised.

    Parameters
    ----------
    raws : sequence of Raw
    model : Model
    advice : AdviceSettings, optional
    words : int
        Words of evidence, see `triage`.
    book : str, optional
        Whose code `{code}` is; by default that of the book that the route puts first.
    redact : bool
        Whether private data are taken out before anything else is done.

    Raises
    ------
    OSError, ImportError
    """
    start = time.perf_counter()
    read: list[ReadMessage] = []
    waiting: list[tuple[int, Query]] = []
    for raw in raws:
        message, query = _read(raw, redact=redact)
        if query is not None:
            waiting.append((len(read), query))
        read.append(message)
    for place, answer in _answers(waiting, model, advice, words):
        if isinstance(answer, str):
            read[place] = replace(read[place], failure=answer)
        else:
            whole = answer.to_dict()
            labels = _labels(whole, book)
            read[place] = replace(read[place], answer=json.dumps(whole, ensure_ascii=False), labels=labels)
    each = 1000 * (time.perf_counter() - start) / max(1, len(read))
    return [replace(message, milliseconds=round(each, 1)) for message in read]


def _read(raw: Raw, *, redact: bool) -> tuple[ReadMessage, Query | None]:
    """What is known of a message, and its query where it is to be answered."""
    if raw.failure:
        return ReadMessage(raw.uid, failure=raw.failure), None
    if not raw.content.strip():
        return ReadMessage(raw.uid, digest=digest_of(raw.content), failure="empty: it has no bytes"), None
    digest = digest_of(raw.content)
    try:
        message, query = prepare(raw.content)
    except _OF_THE_MACHINE:
        raise
    except Exception as error:  # its text may quote the customer's; the rest must go on
        return ReadMessage(raw.uid, digest=digest, failure=f"cannot be read ({type(error).__name__})"), None
    known = ReadMessage(raw.uid, message.message_id, digest, message.kind, message.why, message.list_id)
    closed = next((wrap for wrap in message.protection if wrap in _ENCRYPTED), None)
    if closed and message.kind == "message" and not message.body.strip():
        return replace(known, failure=f"cannot be read ({closed})"), None
    if message.kind != "message":
        return known, None
    if redact:
        from intentclf.intake.redaction import redact_query

        query = redact_query(query)
    warnings = (*query.warnings, raw.warning) if raw.warning else query.warnings
    return known, replace(query, id=query.id or raw.uid, warnings=warnings)


def _answers(
    waiting: Sequence[tuple[int, Query]], model: Model, advice: AdviceSettings | None, words: int
) -> list[tuple[int, Answer | str]]:
    """Answers by place; a text that the answering fails on is found by answering each alone."""
    from intentclf.triage import triage_many

    try:
        answers = triage_many([query for _, query in waiting], model, words=words, advice=advice) if waiting else []
    except _OF_THE_MACHINE:
        raise
    except Exception as error:
        if len(waiting) == 1:
            return [(waiting[0][0], f"cannot be answered ({type(error).__name__})")]
        return [pair for one in waiting for pair in _answers([one], model, advice, words)]
    return [(place, answer) for (place, _), answer in zip(waiting, answers, strict=True)]


def _labels(answer: dict[str, Any], book: str | None) -> Labels:
    team = (answer.get("route") or {}).get("team") or {}
    code = team.get("code") if book is None else answer["reasons"].get(book, {}).get("code")
    return Labels(code or _NONE, answer["severity"]["level"], answer["decision"]["action"], team.get("value") or _NONE)
