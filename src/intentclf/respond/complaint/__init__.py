"""The contact summary note of a complaint, praise or suggestion."""
