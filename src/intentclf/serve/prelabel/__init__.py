"""Inbound e-mail in, labels on it out: reads a mailbox, answers each message once, labels it where it lies."""
