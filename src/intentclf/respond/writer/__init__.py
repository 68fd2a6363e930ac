"""How technical the writer of a text is."""
