"""The desk's register of known issues: enters a YAML file, leaves checked issues, or every fault by line and entry.

    - id: OL-7
      title: Search finds nothing          # one title, or one for each language
      texts: [zoeken vindt niets]          # likeness in the vector space; in any language
      patterns: ['search .{0,30} (empty|nothing)']
      codes: {csp_escalation: escalate.bug}   # optional; outlook_com is troubleshooting.bug unless given
      status: open                         # open, fixed or closed
      since: 2026-03-02
      until: 2026-04-01                    # optional, the last day
      forward: false                       # optional: engineers have logs enough
      workaround: {nl: …, nb: …, ru: …, en: …}

All values are read as text: 'no' is a word and not a denial, and a date that is none is named instead of raised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import Fault, FaultsError, InputError, shorten
from intentclf.respond.known.issue_faults import NOTHING, entry_faults, read_date
from intentclf.respond.known.safe_patterns import SafePattern

__all__ = ["Encode", "Issue", "Register", "load_register"]

_BUG = {"outlook_com": "troubleshooting.bug"}

Floats = NDArray[np.float64]
Encode = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class Issue:
    """A known issue.

    Attributes
    ----------
    id : str
    title, workaround : mapping of language to str
        The workaround in nl, nb, ru and en.
    texts : tuple of str
    patterns : tuple of SafePattern
    codes : mapping of book to code
    status : {'open', 'fixed', 'closed'}
    since, until : date
        First day, and last day or None.
    forward : bool
        Whether a conversation about it is forwarded with logs (document 000, line 49).
    """

    id: str
    title: Mapping[str, str]
    texts: tuple[str, ...]
    patterns: tuple[SafePattern, ...]
    codes: Mapping[str, str]
    status: str
    since: date
    until: date | None
    workaround: Mapping[str, str]
    forward: bool = True

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open on the day of a moment, in the moment's own zone; both ends count."""
        day = moment.date()
        return self.status == "open" and self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Register:
    """Known issues, with the vectors of their texts where an encoder was given.

    Attributes
    ----------
    issues : tuple of Issue
    rows : ndarray of shape (n_texts, n_dimensions)
        Of length 1, all texts of all issues in turn.
    owner : ndarray of shape (n_texts,)
        The number of the issue that a text belongs to.
    """

    issues: tuple[Issue, ...]
    rows: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    owner: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def load_register(path: str | Path, encode: Encode | None = None) -> Register:
    """Read and check a register.

    Parameters
    ----------
    path : path
        YAML, UTF-8: a list of issues.
    encode : callable, optional
        `predict.vectors.Vectors.encode`; without it only patterns can match.

    Raises
    ------
    FaultsError
        With every fault of the file at once, by line.
    InputError
        If the file is missing or no YAML, its top is no list, or PyYAML is not installed.
    """
    path = Path(path)
    entries = _entries(path)
    faults: list[Fault] = []
    issues: list[Issue] = []
    for line, entry in entries:
        patterns: list[SafePattern] = []
        found = list(entry_faults(entry, [issue.id for issue in issues], patterns))
        name = entry.get("id") if isinstance(entry, dict) else None
        faults += [Fault(line, f"issue {shorten(name)}: {message}" if name else message) for message in found]
        if not found:
            issues.append(_issue(entry, tuple(patterns)))
    if faults:
        raise FaultsError(path, faults)
    owner = np.array([k for k, issue in enumerate(issues) for _ in issue.texts], dtype=np.int64)
    texts = [text for issue in issues for text in issue.texts]
    return Register(tuple(issues), encode(texts) if encode and texts else np.zeros((0, 0)), owner)


def _entries(path: Path) -> list[tuple[int, Any]]:
    """The entries of the list with their lines, as dicts, lists and texts."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise InputError("reading a register needs PyYAML: pip install pyyaml", file=path) from None
    try:
        text = path.read_bytes().decode("utf-8-sig")
        top = yaml.compose(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except FileNotFoundError:
        raise InputError("no such file", file=path) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte 0x{error.object[error.start]:02X})", file=path) from None
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise InputError(f"{where}is no YAML ({getattr(error, 'problem', error)})", file=path) from None
    if not isinstance(top, yaml.SequenceNode):
        raise InputError("must be a list of issues, each beginning with '- id: …'", file=path)
    seen: set[int] = set()
    return [(node.start_mark.line + 1, _plain(node, seen)) for node in top.value]


def _plain(node: Any, seen: set[int]) -> Any:
    """A node as dict, list or str; what cannot be kept is put under the key '?', and so is named as a fault."""
    if isinstance(node.value, str):
        return node.value
    if id(node) in seen:
        return {"?": "an alias (*name), which is not read"}
    seen.add(id(node))
    if node.id == "sequence":
        return [_plain(item, seen) for item in node.value]
    plain: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        plain["?" if name in plain else name] = f"{name} twice" if name in plain else _plain(value, seen)
    return plain


def _issue(entry: Mapping[str, Any], patterns: tuple[SafePattern, ...]) -> Issue:
    title, until = entry["title"], entry.get("until") or ""
    return Issue(
        id=entry["id"],
        title={"en": title} if isinstance(title, str) else title,
        texts=tuple(entry.get("texts") or ()),
        patterns=patterns,
        codes=_BUG | (entry.get("codes") or {}),
        status=entry["status"],
        since=read_date(entry["since"]),
        until=None if until in NOTHING else read_date(until),
        workaround=entry["workaround"],
        forward=entry.get("forward", "true") != "false",
    )
