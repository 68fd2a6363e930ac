"""Where a query goes: extra information, the team, the next steps."""
