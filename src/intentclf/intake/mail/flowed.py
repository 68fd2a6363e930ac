r"""Text of format=flowed (RFC 3676) in, paragraphs out.

A line that ends with a blank goes on in the next one of the same quote depth. The mark of a signature, '-- ', is never
joined, and the blank that programs put before '>', 'From ' and blanks at the start of a line ('stuffing') is taken off.
"""

from __future__ import annotations

import re

__all__ = ["QUOTE", "unflow"]

QUOTE = "> "
"""What stands before a quoted line, once for each level."""

_MARKS = re.compile(">*")
_DEEPEST = 100  # marks of a line; a line of two million of them would be written as four million for nothing
_SIGNATURE = "-- "


def unflow(text: str, *, delete_space: bool = False) -> str:
    r"""Join flowed lines.

    Parameters
    ----------
    text : str
        Lines ended by a newline character.
    delete_space : bool
        The parameter delsp: whether the blank at which a line was broken was put there by the program.

    Examples
    --------
    >>> unflow("Ik kan \nniet inloggen.\n>> Wat \n>> dan?\n-- \nPiet")
    'Ik kan niet inloggen.\n> > Wat dan?\n-- \nPiet'
    """
    joined: list[str] = []
    pieces: list[str] = []  # of the paragraph that is not yet ended
    depth = 0
    for line in text.split("\n"):
        marks = _marks(line)
        content = line[marks:].removeprefix(" ")
        if pieces and (marks != depth or content == _SIGNATURE):
            joined.append(_line(depth, pieces))
            pieces = []
        depth = marks
        flows = content.endswith(" ") and content != _SIGNATURE
        pieces.append(content[:-1] if flows and delete_space else content)
        if not flows:
            joined.append(_line(depth, pieces))
            pieces = []
    if pieces:
        joined.append(_line(depth, pieces))
    return "\n".join(joined)


def _marks(line: str) -> int:
    found = _MARKS.match(line)
    return found.end() if found else 0


def _line(depth: int, pieces: list[str]) -> str:
    content = "".join(pieces)
    # What the customer typed as '>' stays recognisable as no quote by the blank that the program put before it.
    typed = " " if not depth and content.startswith(">") else ""
    return QUOTE * min(depth, _DEEPEST) + typed + content
