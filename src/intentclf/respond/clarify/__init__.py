"""The one question that tells most, and what its answer changes."""
