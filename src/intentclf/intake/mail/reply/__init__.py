"""A body in, what the customer wrote this time out: own lines told from history, closings and notices."""

from intentclf.intake.mail.reply.split import split_body

__all__ = ["split_body"]
