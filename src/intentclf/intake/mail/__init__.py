"""E-mail in, the customer's own words out."""

from intentclf.intake.mail.message import message_query, read_message
from intentclf.intake.mail.sources import read_eml, read_folder, read_maildir, read_mbox, read_msg

__all__ = [
    "message_query",
    "read_eml",
    "read_folder",
    "read_maildir",
    "read_mbox",
    "read_message",
    "read_msg",
]
