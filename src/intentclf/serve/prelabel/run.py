"""One pass over a mailbox: every message that is new is read, answered, labelled and written down, once.

The order is what makes it once: a plan is stored before anything is done on the server, and what became of it is
stored together with the line for the output; the output file is written after that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from intentclf.serve.prelabel.journal import Journal, message_hash
from intentclf.serve.prelabel.labels import Plan, Templates, plan_automatic, plan_labels
from intentclf.serve.prelabel.outbox import Outbox
from intentclf.serve.prelabel.reading import Raw, ReadMessage
from intentclf.serve.prelabel.sources import VANISHED, Outcome, Source
from intentclf.serve.prelabel.state import Box, Entry, Finished, State
from intentclf.serve.prelabel.stop import Stop
from intentclf.serve.prelabel.workers import Workers

__all__ = ["Decided", "Run", "decide"]

_RESUMED_AT_ONCE = 64
_TOLD = ("unreadable", "vanished", "refused")  # reasons of our own or the server's; others may quote the message


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to become of a message: its entry, and its status where nothing has to be done for it.

    Attributes
    ----------
    entry : Entry
    status : str
        One of `state.FINAL`, or '' where the plan must be carried out first.
    reason : str
    """

    entry: Entry
    status: str = ""
    reason: str = ""


def decide(
    raw: Raw, message: ReadMessage, content: str, templates: Templates, *, delimiter: str = "/", folder: str = ""
) -> Decided:
    """Decide about one message.

    Parameters
    ----------
    raw : Raw
    message : ReadMessage
    content : str
        Whether it was met before, see `State.content_status`.
    templates : Templates
    delimiter, folder : str
        Of the mailbox, see `plan_labels`.
    """
    facts = _facts(message)
    entry = Entry(raw.uid, message.message_id, message.digest, raw.size, facts=facts, again=content == "interrupted")
    if message.failure:
        status = "vanished" if message.failure == VANISHED else "unreadable"
        return Decided(entry, status, "gone before it was read" if status == "vanished" else message.failure)
    if content == "held":
        return Decided(replace(entry, facts=_facts(replace(message, answer=""))), "duplicate", "labelled before")
    if message.labels is None:
        entry = replace(entry, plan=plan_automatic(templates))
        return Decided(entry, "" if entry.plan else "set_aside", message.why)
    entry = replace(entry, plan=plan_labels(message.labels, templates, delimiter=delimiter, source=folder))
    return Decided(entry, "" if entry.plan else "labelled")


class Run:
    """What the passes of one call of `prelabel` share.

    Parameters
    ----------
    state : State
    outbox : Outbox
    workers : Workers
        Open.
    templates : Templates
    journal : Journal
    limit : int, optional
        Messages to handle at most.

    Attributes
    ----------
    counts : Counter of str
        Messages of this call by status.
    """

    def __init__(
        self,
        state: State,
        outbox: Outbox,
        workers: Workers,
        templates: Templates,
        journal: Journal,
        *,
        limit: int | None = None,
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._workers = workers
        self._templates = templates
        self._journal = journal
        self._limit = limit
        self.counts: Counter[str] = Counter()

    @property
    def exhausted(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and self.counts.total() >= self._limit

    def pass_over(self, source: Source, stop: Stop) -> None:
        """Handle what was interrupted, then what is new.

        Raises
        ------
        ConnectionLostError, MailboxGoneError, InputError
            What was done until then is stored; calling again goes on from there.
        """
        box = source.open()
        self._resume(source, box)
        if self.exhausted:
            return
        chunks = self._limited(source.chunks(lambda uid: not self._state.knows(box, uid)), stop)
        for chunk, messages in self._workers.answer(chunks):
            self._handle(source, box, chunk, messages)

    def finish(self) -> None:
        """Write what waits, and sum up."""
        self._outbox.close()
        self._journal.event("finished", messages=self.counts.total(), **dict(sorted(self.counts.items())))

    def _limited(self, chunks: Iterator[list[Raw]], stop: Stop) -> Iterator[list[Raw]]:
        """Chunks until the end is asked for or the limit is reached."""
        left = None if self._limit is None else self._limit - self.counts.total()
        while not stop.asked and (left is None or left > 0):
            chunk = next(chunks, None)
            if chunk is None:
                return
            chunk = list(islice(chunk, left))
            left = None if left is None else left - len(chunk)
            yield chunk

    def _resume(self, source: Source, box: Box) -> None:
        """Carry out what an interrupted run had planned."""
        entries = self._state.unfinished(box)
        if not entries:
            return
        self._journal.event("resumed", messages=len(entries))
        for start in range(0, len(entries), _RESUMED_AT_ONCE):
            part = entries[start : start + _RESUMED_AT_ONCE]
            outcomes = source.apply(part, {})
            self._close(box, [_settled(Decided(entry), outcomes[entry.uid]) for entry in part])

    def _handle(self, source: Source, box: Box, chunk: Sequence[Raw], messages: Sequence[ReadMessage]) -> None:
        decided = list(self._decided(source, box, chunk, messages))
        planned = [each.entry for each in decided if not each.status]
        outcomes: dict[str, Outcome] = {}
        if planned:
            self._state.plan(box, planned)
            outcomes = source.apply(planned, {raw.uid: raw for raw in chunk})
        settled = [each if each.status else _settled(each, outcomes[each.entry.uid]) for each in decided]
        self._close(box, settled, messages[0].milliseconds if messages else None)

    def _decided(
        self, source: Source, box: Box, chunk: Sequence[Raw], messages: Sequence[ReadMessage]
    ) -> Iterator[Decided]:
        met: set[tuple[str, bytes]] = set()
        for raw, message in zip(chunk, messages, strict=True):
            key = message.message_id, message.digest
            content = "new"
            if message.digest and not message.failure:
                content = "held" if key in met else self._state.content_status(box.account, *key)
                met.add(key)
            yield decide(raw, message, content, self._templates, delimiter=source.delimiter, folder=source.folder)

    def _close(self, box: Box, settled: Sequence[Decided], milliseconds: float | None = None) -> None:
        finished = [Finished(each.entry, each.status, _line(box, each)) for each in settled]
        self._state.finish(box, finished, written=self._outbox.written)
        self._outbox.flush()
        for each in settled:
            self.counts[each.status] += 1
            head = json.loads(each.entry.facts.partition("\n")[0])
            self._journal.event(
                each.status,
                uid=each.entry.uid,
                message=message_hash(each.entry.message_id),
                kind=None if head["kind"] == "message" else head["kind"],
                code=head["code"],
                reason=(each.reason or None) if each.status in _TOLD else None,
                ms=milliseconds,
            )


def _settled(decided: Decided, outcome: Outcome) -> Decided:
    head = json.loads(decided.entry.facts.partition("\n")[0])
    if outcome.status == "labelled" and head["kind"] != "message":
        return replace(decided, status="set_aside", reason=decided.reason or head["why"])
    return replace(decided, status=outcome.status, reason=outcome.reason)


def _facts(message: ReadMessage) -> str:
    """What the line needs of a message, kept while it is on its way: a line of JSON, then the answer."""
    head = {
        "kind": message.kind,
        "why": message.why,
        "list_id": message.list_id,
        "code": message.labels.code if message.labels else None,
    }
    return json.dumps(head, ensure_ascii=False) + "\n" + message.answer


def _line(box: Box, decided: Decided) -> bytes:
    """One line of the output: what became of the message, then the keys of the answer."""
    entry = decided.entry
    facts, _, answer = entry.facts.partition("\n")
    head = json.loads(facts)
    done = entry.plan if decided.status in ("labelled", "set_aside") else Plan()
    told = {
        "mailbox": box.mailbox,
        "uid": int(entry.uid) if box.validity else entry.uid,
        "message_id": entry.message_id,
        "status": decided.status,
        "kind": head["kind"],
        "reason": decided.reason or None,
        "list_id": head["list_id"] or None,
        **done.told(),
    }
    text = json.dumps(told, ensure_ascii=False)
    if answer:
        text = f"{text[:-1]}, {answer[1:]}"
    return text.encode("utf-8", "replace") + b"\n"
