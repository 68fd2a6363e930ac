"""What was said: text and mail are read, cleaned, and their language told."""

from intentclf.intake.reading import read

__all__ = ["read"]
