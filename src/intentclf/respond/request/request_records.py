"""What a draft is made of: its fields with the spans that answer them, what is open, and its two forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from intentclf.respond.sentences import Sentence, say

__all__ = ["Field", "Item", "ServiceRequest"]

Status = Literal["draft", "action_required"]


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the text that answers a field, or a file.

    Attributes
    ----------
    kind : str
        One of `REQUEST_KINDS`.
    value : str
        The words, a number, the usual name of a product; 'present' or 'absent' for contacts and attachments.
    start, end : int or None
        Half-open span in the text; None for a file that came with it.
    text : str or None
        The words, contact details masked; None for contact details themselves.
    """

    kind: str
    value: str
    start: int | None
    end: int | None
    text: str | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        span = None if self.start is None else [self.start, self.end]
        return {"kind": self.kind, "value": self.value, "span": span, "text": self.text}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the request.

    Attributes
    ----------
    name : str
    value : str or None
        What is filled in; None where nothing is, and for contact details.
    items : tuple of Item
        What of the text it comes from.
    is_needed : bool
        Whether the request must not go without it.
    is_known : bool
        Whether the desk has it from elsewhere.
    """

    name: str
    value: str | None
    items: tuple[Item, ...]
    is_needed: bool
    is_known: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether nothing answers it."""
        return self.value is None and not self.items and not self.is_known

    @property
    def absent(self) -> tuple[str, ...]:
        """Attachments that the text names and that did not come: the files, or the words where no file is named."""
        gone = [item for item in self.items if item.value == "absent"]
        return tuple(str(item.text) for item in [item for item in gone if item.kind == "file"] or gone)

    def shown(self, language: str) -> str:
        """The field as a person reads it."""
        if self.name == "attachments" and self.items:
            return "; ".join(self._attachments(language))
        if self.name == "contact" and not self.is_missing:
            kinds = dict.fromkeys(item.kind for item in self.items)
            told = [say(f"request.{kind}_present").text(language) for kind in kinds]
            return "; ".join(told or [say("request.contact_known").text(language)])
        return say("request.missing").text(language) if self.value is None else self.value

    def _attachments(self, language: str) -> Iterator[str]:
        for item in self.items:
            key = "request.attachment_here" if item.value == "present" else "request.attachment_absent"
            if item.kind == "file" or item.text in self.absent:
                yield say(key, name=item.text).text(language)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A draft of a service request.

    Attributes
    ----------
    code : str
        Of the book service_request.
    language : str
        Of the text.
    severity : str or None
        The level that is asked for; None: left to the desk.
    why_severity : tuple of Sentence
    fields : tuple of Field
        In the order of the form.
    asks_role : bool
        Whether it is to be asked if the writer is an administrator.
    question : str or None
        One that was put to the customer and is still open.
    remarks : tuple of Sentence
    """

    code: str
    language: str
    severity: str | None
    why_severity: tuple[Sentence, ...]
    fields: tuple[Field, ...]
    asks_role: bool
    question: str | None
    remarks: tuple[Sentence, ...]

    @property
    def status(self) -> Status:
        """'action_required' while a question to the customer is open (document 003, line 26), else 'draft'."""
        return "action_required" if self.questions() else "draft"

    @property
    def missing(self) -> tuple[str, ...]:
        """Fields that nothing answers, also those that a request may go without."""
        return tuple(field.name for field in self.fields if field.is_missing)

    def field(self, name: str) -> Field:
        """A field by its name."""
        return next(field for field in self.fields if field.name == name)

    def questions(self, language: str | None = None) -> tuple[str, ...]:
        """The open questions to the customer, in the language of the text or another."""
        spoken = language or self.language
        asked = [self.question] if self.question else []
        asked += [say("request.ask_role").text(spoken)] if self.asks_role else []
        needed = [field for field in self.fields if field.is_needed and field.is_missing]
        asked += [say(f"request.ask_{field.name}").text(spoken) for field in needed]
        absent = self.field("attachments").absent
        if absent:
            asked.append(say("request.ask_attachments", names=", ".join(f"“{name}”" for name in absent)).text(spoken))
        return tuple(asked)

    def to_dict(self, language: str | None = None) -> dict[str, Any]:
        """Plain JSON values, the sentences in the language of the text or another."""
        spoken = language or self.language
        return {
            "code": self.code,
            "status": self.status,
            "status_shown": say(f"request.status_{self.status}").text(spoken),
            "severity": self.severity,
            "why_severity": [sentence.text(spoken) for sentence in self.why_severity],
            "fields": [
                {
                    "name": field.name,
                    "label": say(f"request.label_{field.name}").text(spoken),
                    "value": field.value,
                    "needed": field.is_needed,
                    "missing": field.is_missing,
                    "items": [item.to_dict() for item in field.items],
                }
                for field in self.fields
            ],
            "missing": list(self.missing),
            "attachments_absent": list(self.field("attachments").absent),
            "questions": list(self.questions(spoken)),
            "remarks": [remark.text(spoken) for remark in self.remarks],
        }

    def as_text(self, language: str | None = None) -> str:
        """The draft as plain text, a field to a line, in the language of the text or another."""
        spoken = language or self.language
        lines = [f"{say('request.label_status').text(spoken)}: {say(f'request.status_{self.status}').text(spoken)}"]
        for field in self.fields:
            lines.append(f"{say(f'request.label_{field.name}').text(spoken)}: {field.shown(spoken)}")
            if field.name == "severity":
                lines += [f"  {sentence.text(spoken)}" for sentence in self.why_severity]
        for key, told in (("questions", self.questions(spoken)), ("remarks", self._remarks(spoken))):
            if told:
                lines += [f"{say(f'request.label_{key}').text(spoken)}:", *(f"- {line}" for line in told)]
        return "\n".join(lines) + "\n"

    def _remarks(self, language: str) -> tuple[str, ...]:
        return tuple(remark.text(language) for remark in self.remarks)
