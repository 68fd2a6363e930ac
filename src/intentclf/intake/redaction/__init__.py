"""Private data out of a text: enters a text, leaves it with typed placeholders and the way back."""

from intentclf.intake.redaction.records import KINDS, Redacted, RedactedItem
from intentclf.intake.redaction.redaction import redact, redact_query

__all__ = ["KINDS", "Redacted", "RedactedItem", "redact", "redact_query"]
