"""What can go wrong, for the user to read. The family:

    IntentclfError
    ├── InputError      a file, a row or an argument of the user's; one sentence with file, row and value
    │   └── FaultsError many faults of one file, reported together
    ├── ModelError      a model folder that is missing, altered, of another version, or holds what it must not
    └── SettingsError   a setting outside its range, or of an unknown name

The command line prints the message of any of them and ends with exit code 2; everything else is a defect of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Fault", "FaultsError", "InputError", "IntentclfError", "ModelError", "SettingsError", "shorten"]

_MOST_NAMED = 1000


def shorten(value: object, limit: int = 60) -> str:
    """Quote a value for a message, cut to `limit` characters.

    Examples
    --------
    >>> shorten("Russian")
    "'Russian'"
    >>> shorten("x" * 100, limit=8)
    "'xxxxxxxx…'"
    """
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= limit else text[:limit] + "…")


class IntentclfError(Exception):
    """Base of everything that a user can mend."""


class InputError(IntentclfError):
    """A file, a row or an argument is not what it must be.

    Parameters
    ----------
    message : str
        One sentence that says what must be and what was found.
    file : path, optional
        Where it was found.
    row : int, optional
        Number of the data row, from 1, the header not counted.
    """

    def __init__(self, message: str, *, file: str | Path | None = None, row: int | None = None) -> None:
        place = "" if file is None else f"{file}: " if row is None else f"{file}, row {row}: "
        super().__init__(place + message)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file: the line of the file (0: the whole of it) and what is wrong there."""

    line: int
    message: str


class FaultsError(InputError):
    """All faults of one file at once; the message names the first thousand."""

    def __init__(self, file: str | Path, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [f"{file}: {len(faults)} fault{'s' if len(faults) != 1 else ''}"]
        for fault in self.faults[:_MOST_NAMED]:
            lines.append(f"  {file}:{fault.line}: {fault.message}" if fault.line else f"  {fault.message}")
        if len(faults) > _MOST_NAMED:
            lines.append(f"  and {len(faults) - _MOST_NAMED} more")
        super().__init__("\n".join(lines))


class ModelError(IntentclfError):
    """A model folder cannot be used."""


class SettingsError(IntentclfError):
    """A setting is unknown or outside its range."""
