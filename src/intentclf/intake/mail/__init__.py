"""E-mail in, the customer's own words out."""

from intentclf.intake.mail.message import message_query, own_words, read_eml, read_folder, read_mbox

__all__ = ["message_query", "own_words", "read_eml", "read_folder", "read_mbox"]
