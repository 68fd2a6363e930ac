"""Names, and words that somebody says of himself."""

from __future__ import annotations

from intentclf.intake.mail.reply.patterns import union

__all__ = ["EDGE", "is_name", "is_personal"]

EDGE = " ,.;!-–—/|\"'()[]*_:)😊🙂"
_MOST_NAMES = 4
_PARTICLE = 4
_JOINED_NAMES = frozenset({"&", "+", "/", "en", "og", "and", "и", "und"})


def is_personal(text: str) -> bool:
    """Whether somebody speaks of himself or asks."""
    return "?" in text or any(union("person").fullmatch(word.strip(EDGE)) for word in text.split())


def is_name(text: str) -> bool:
    """Up to four capitalised words, particles and a second name allowed."""
    words = [bare for word in text.split() if (bare := word.strip(EDGE)) and bare.lower() not in _JOINED_NAMES]
    if not words or len(words) > _MOST_NAMES + 1 or any(c.isdigit() for c in text) or text.endswith(("?", ":")):
        return False
    return words[0][0].isupper() and all(word[0].isupper() or len(word) <= _PARTICLE for word in words)
