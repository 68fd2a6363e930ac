"""Known issues of the desk, and which of them a query is about."""
