"""`python -m bench.reply_chains`: what is left of authored reply chains, for intentclf and two other ways.

Each chain of `tests/mail/chains` is a raw message beside the text that its customer wrote this time. All systems get
the body as `read_message` lays it out; only the cutting differs. A text is exact when it is the same but for blanks at
the ends of lines and runs of empty lines; a sentence is lost when a line of the right text is missing, and rubbish is
left when there is a line too many.

- intentclf: `split_body(body, subject=subject)`.
- mail-parser-reply: `EmailReplyParser(languages=[…]).read(text=body).replies[0].body`, the first reply without
  signature and disclaimer, with the languages that it has: nl for nl, en for en, da for nb; it has no Russian, so that
  ru runs with its default, English.
- talon-like: our own writing of what mailgun/talon describes, English 'On … wrote:' and Outlook's header blocks as
  splitters, quoted lines at the end, and a brute-force signature in the last lines.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from intentclf.errors import InputError
from intentclf.intake.mail.message import read_message
from intentclf.intake.mail.reply import split_body

__all__ = ["Score", "main", "measure", "talon_like"]

CHAINS = Path(__file__).parents[1] / "tests" / "mail" / "chains"
_PARSER_LANGUAGES = {"nl": ["nl"], "en": ["en"], "nb": ["da"]}
_ORDER = ("nl", "nb", "ru", "en")

Cutter = Callable[[str, str, str], str]
"""Body, subject and language of the folder to the customer's own text."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A message: body and subject as read, and the text that is right."""

    identifier: str
    language: str
    subject: str
    body: str
    right: str


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of messages, 0 to 1."""

    messages: int
    exact: float
    lost: float
    rubbish: float


def main(arguments: list[str] | None = None) -> int:
    """Print a table for each language; ends with 2 where there are no chains."""
    parser = argparse.ArgumentParser(prog="python -m bench.reply_chains", description=__doc__.partition("\n")[0])
    parser.add_argument("--chains", type=Path, default=CHAINS, metavar="DIR", help="folders of .eml with .txt beside")
    parser.add_argument("--part", help="only chains of which chains.csv says this: first, unseen first, second")
    parser.add_argument("--failures", action="store_true", help="also name the messages that are not exact")
    options = parser.parse_args(arguments)
    try:
        chains = list(read_chains(options.chains, part=options.part))
    except InputError as error:
        print(error)
        return 2
    languages = sorted({chain.language for chain in chains}, key=lambda name: (*_ORDER, name).index(name))
    print(f"{'':4s}{'system':20s}{'messages':>9s}{'exact':>8s}{'lost':>8s}{'rubbish':>9s}")
    for language in (*languages, "all"):
        some = [chain for chain in chains if language in (chain.language, "all")]
        for name, cut in systems().items():
            score = measure(some, cut)
            shares = f"{score.exact:8.1%}{score.lost:8.1%}{score.rubbish:9.1%}"
            print(f"{language:4s}{name:20s}{score.messages:9d}{shares}")
    if options.failures:
        wrong = [c.identifier for c in chains if tidy(_intentclf(c.body, c.subject, c.language)) != tidy(c.right)]
        print("not exact:", *(wrong or ["none"]))
    return 0


def read_chains(folder: Path, *, part: str | None = None) -> Iterator[Chain]:
    """Messages of a folder with one sub-folder for each language, all or those of a part.

    Raises
    ------
    InputError
        If there are none, or one has no text beside it.
    """
    files = sorted(folder.glob("*/*.eml"))
    if part:
        with (folder / "chains.csv").open(encoding="utf-8", newline="") as table:
            wanted = {row["id"] for row in csv.DictReader(table) if row["part"] == part}
        files = [file for file in files if file.stem in wanted]
    if not files:
        raise InputError("holds no <language>/<id>.eml" + (f" of part {part!r}" if part else ""), file=folder)
    for file in files:
        beside = file.with_suffix(".txt")
        if not beside.is_file():
            raise InputError(f"has no {beside.name} beside it", file=file)
        message = read_message(file.read_bytes())
        yield Chain(file.stem, file.parent.name, message.subject, message.body, beside.read_text(encoding="utf-8"))


def systems() -> dict[str, Cutter]:
    """The systems that can run here, ours first."""
    found: dict[str, Cutter] = {"intentclf": _intentclf}
    if find_spec("mailparser_reply"):
        found["mail-parser-reply"] = _mail_parser_reply
    else:
        print("mail-parser-reply is left out: pip install mail-parser-reply")
    return found | {"talon-like": lambda body, subject, language: talon_like(body)}


def measure(chains: list[Chain], cut: Cutter) -> Score:
    """Shares of messages that are exact, lost a line, kept one too many."""
    exact = lost = rubbish = 0
    for chain in chains:
        text, right = tidy(cut(chain.body, chain.subject, chain.language)), tidy(chain.right)
        ours, theirs = _lines(text), _lines(right)
        exact += text == right
        lost += bool(theirs - ours)
        rubbish += bool(ours - theirs)
    count = max(len(chains), 1)
    return Score(len(chains), exact / count, lost / count, rubbish / count)


def tidy(text: str) -> str:
    r"""A text as it is compared.

    Examples
    --------
    >>> tidy("a  \n\n\n\nb\n")
    'a\n\nb'
    """
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def _lines(text: str) -> Counter[str]:
    return Counter(" ".join(line.split()) for line in text.split("\n") if line.strip())


def _intentclf(body: str, subject: str, language: str) -> str:
    return split_body(body, subject=subject).text


def _mail_parser_reply(body: str, subject: str, language: str) -> str:
    parser = import_module("mailparser_reply").EmailReplyParser(languages=_PARSER_LANGUAGES.get(language, []))
    return str(parser.read(text=body).replies[0].body)


_SPLITTERS = (
    re.compile(r"On\s.{4,200}?\s(?:wrote|sent):\s*$", re.IGNORECASE | re.DOTALL),
    re.compile(r"\s*-{2,}\s*(?:Original|Reply|Forwarded) Message\s*-{2,}", re.IGNORECASE),
    re.compile(r"\s*_{20,}\s*$"),
    re.compile(r"\s*\*?From:\*? .*\n(?:.*\n)?\s*\*?(?:Sent|Date|To):\*? ", re.IGNORECASE),
    re.compile(r"\s*\d{4}-\d{2}-\d{2} \d{1,2}:\d{2}.{0,60}<[^<>\s]+@[^<>\s]+>:?\s*$"),
)
_SIGNATURE = re.compile(
    r"\s*(?:-{2,}\s*[a-z .]*|thanks[\s,!]*|regards[\s,!]*|cheers[\s,!]*|(?:kind|best)[ a-z]*[\s,!]*|sent from my .*)",
    re.IGNORECASE,
)
_SPLITTER_LINES, _SIGNATURE_LINES = 4, 11


def talon_like(body: str) -> str:
    """Text above the first splitter or the last run of quoted lines, without a signature in its last lines."""
    lines = body.split("\n")
    end = next((k for k in range(len(lines)) if _splits(lines, k)), len(lines))
    below = [line for line in lines[end:] if line.strip()]
    if end < len(lines) and any(line.startswith(">") for line in below) and not below[-1].startswith(">"):
        kept = [line for k, line in enumerate(lines) if k != end and not line.startswith(">")]
    else:
        kept = lines[:end]
        while kept and (not kept[-1].strip() or kept[-1].startswith(">")):
            kept.pop()
    filled = [k for k, line in enumerate(kept) if line.strip()]
    start = next((k for k in filled[1:][-_SIGNATURE_LINES:] if _SIGNATURE.fullmatch(kept[k])), len(kept))
    return "\n".join(kept[:start])


def _splits(lines: list[str], place: int) -> bool:
    return any(
        pattern.match("\n".join(lines[place : place + count]))
        for count in range(1, _SPLITTER_LINES + 1)
        for pattern in _SPLITTERS
    )


if __name__ == "__main__":
    raise SystemExit(main())
