"""The doors: each parses what comes in, calls triage, and renders what comes out."""
