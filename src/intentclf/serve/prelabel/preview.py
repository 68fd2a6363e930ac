"""A dry run: what would be done with each message, shown and not done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from intentclf.serve.prelabel.labels import Templates
from intentclf.serve.prelabel.run import Decided, decide
from intentclf.serve.prelabel.sources import Source
from intentclf.serve.prelabel.state import State
from intentclf.serve.prelabel.stop import Stop
from intentclf.serve.prelabel.workers import Workers

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of one message; nothing of what the customer wrote.

    Attributes
    ----------
    mailbox : str
    decided : Decided
    labels : dict of str to str
        Code, severity, action and team; empty where there is no answer.
    """

    mailbox: str
    decided: Decided
    labels: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "mailbox": self.mailbox,
            "uid": self.decided.entry.uid,
            "message_id": self.decided.entry.message_id,
            "would_be": self.decided.status or "labelled",
            "reason": self.decided.reason or None,
            **self.labels,
            **self.decided.entry.plan.told(),
        }

    def row(self) -> tuple[str, ...]:
        """Cells of a table."""
        plan = self.decided.entry.plan
        told = [*plan.keywords, f"> {plan.move}" if plan.move else "", f"+ {plan.copy_to}" if plan.copy_to else ""]
        names = ("code", "severity", "action", "team")
        status = self.decided.status or "labelled"
        return (self.decided.entry.uid, status, *(self.labels.get(name, "-") for name in names), " ".join(told).strip())


def preview(
    source: Source, state: State, workers: Workers, templates: Templates, *, limit: int | None, stop: Stop
) -> Iterator[Preview]:
    """Read and answer what is new, and tell what would be done; nothing is written anywhere.

    Parameters
    ----------
    source : Source
        Opened to be read only.
    state : State
        Opened to be read only.
    workers : Workers
    templates : Templates
    limit : int, optional
    stop : Stop
    """
    box = source.open()
    met: set[tuple[str, bytes]] = set()
    given = 0
    for chunk, messages in workers.answer(source.chunks(lambda uid: not state.knows(box, uid))):
        for raw, message in zip(chunk, messages, strict=True):
            if stop.asked or (limit is not None and given >= limit):
                return
            key = message.message_id, message.digest
            content = "held" if key in met else state.content_status(box.account, *key)
            met.add(key)
            decided = decide(raw, message, content, templates, delimiter=source.delimiter, folder=source.folder)
            labels = message.labels.to_dict() if message.labels else {}
            yield Preview(box.mailbox, decided, labels)
            given += 1
