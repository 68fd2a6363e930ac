"""What may be said: the code books, severities, rules and questions, as data."""

from intentclf.codebooks.loader import NONE, Code, Codebook, load_codebook, load_shipped, shipped_codebooks

__all__ = ["NONE", "Code", "Codebook", "load_codebook", "load_shipped", "shipped_codebooks"]
