"""Severity from signals: what an agent can check, what the documents make of it, how it is weighed with the text."""
