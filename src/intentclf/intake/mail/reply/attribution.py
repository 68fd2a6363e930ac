"""Attribution lines, 'On Monday, 3 March 2025 at 10:12 Jan Jansen <jan@example.org> wrote:', wrapped or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from intentclf.intake.mail.reply.lines import Lines
from intentclf.intake.mail.reply.patterns import label_of, templates, union

__all__ = ["Attribution", "find_attributions"]

_LONGEST = 320
_MOST_LINES = 4
_FRAMED = 5
_MOST_CANDIDATES = 1000  # no chain has more; keeps a body of nothing but such lines linear
_LONGEST_NAME = 9
_WRAPPED = 30  # columns; a shorter first half has a date or an address
_TIME = re.compile(r"\d{1,2}[:.h]\d{2}\b")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,64}")
_BRACKETED = re.compile(r"[<\[(](?:mailto:)?[\w.+'-]{1,64}@[\w.-]{1,120}[^\s]{0,130}[>)\]]")
_SENTENCE = re.compile(r"[!?]|[^\W\d_]{4,}\. ")
_BEGIN = re.compile(
    r"(?:op|on|den|på|am|le|at|в)\b|(?:[^\W\d]{2,12}\.?,?\s)?(?:\d{1,2}[.\s/-]|\d{4}-|[^\W\d]{3,10}\.?\s\d{1,2}\b)",
    re.IGNORECASE,
)
_DAY_LAST = re.compile(r"\d{1,2}(?:\.|st|nd|rd|th)?\s[^\W\d]{3,10}\.?,?$|[^\W\d]{3,10}\.?\s\d{1,2}(?:st|nd|rd|th)?,?$")
_WRAPPER = "\"'«»“”„()[]*_,;: "


@dataclass(frozen=True, slots=True)
class Attribution:
    """A found line.

    Attributes
    ----------
    start, end : int
        Half-open range of lines.
    sender, date : str
        As written.
    proof : int
        How much of a mail program's form it has, 0 to 4: a clock time, a year, an address in brackets, a name of
        two words; 5 in a frame that only programs draw.
    colon : bool
        Whether it ends with one.
    addressed : bool
        Whether it has an address in brackets.
    spoken : bool
        Whether it says 'wrote' in some language.
    """

    start: int
    end: int
    sender: str
    date: str
    proof: int
    colon: bool
    addressed: bool
    spoken: bool


def find_attributions(lines: Lines) -> list[Attribution]:
    """All attribution lines at any depth, in order; those without a date stand right above deeper marked lines."""
    found: list[Attribution] = []
    for tried, (last, above) in enumerate(_candidates(lines)):
        if tried >= _MOST_CANDIDATES:
            break
        one = _ending_at(lines, last, above=above)
        if one and not (found and one.start < found[-1].end):
            found.append(one)
    return found


def _candidates(lines: Lines) -> Iterator[tuple[int, bool]]:
    """Lines that may end an attribution, and whether deeper marked lines follow."""
    verb = union("verb")
    for place, text in enumerate(lines.bare):
        if not 4 <= len(text) <= _LONGEST and not (text == ":" and place and "@" in lines.bare[place - 1]):
            continue
        following = lines.filled_from(place + 1)
        above = following < len(lines) and following - place <= 3 and lines.depth[following] > lines.depth[place]
        if not (above or text[-1] in ":>)]-" or "@" in text):
            continue
        goes_on = following == place + 1 < len(lines) and lines.depth[following] == lines.depth[place]
        if goes_on and text[-1] != ":" and not text.endswith((">>>", "--")):
            continue  # without a colon nothing else tells the end of an attribution
        if (
            "@" in text
            or text == ":"
            or text.endswith(">>>")
            or verb.search(text)
            or (place and verb.search(lines.bare[place - 1][:_LONGEST]))
        ):
            yield place, above


def _ending_at(lines: Lines, last: int, *, above: bool) -> Attribution | None:
    """The attribution that ends in a line: with a date, else without, right above marked lines.

    Of two the shorter: above it the customer's own words may stand without an empty line.
    """
    starts = [last]
    while len(starts) < _MOST_LINES and starts[-1] > 0 and _goes_on(lines, starts[-1]):
        starts.append(starts[-1] - 1)
    framed = lines.bare[last].startswith("--") and lines.bare[last].endswith("--")
    for kind in ("attribution", "attribution_bare") if above or framed else ("attribution",):
        found = None
        for start in starts:
            if found and not _begins_above(lines.bare[start], lines.bare[start + 1]):
                break
            joined = " ".join(lines.bare[start : last + 1])
            one = _match(joined, kind) if len(joined) <= _LONGEST else None
            if one:
                found = _built(joined, start, last + 1, one, framed=framed)
        if found:
            return found
    return None


def _built(text: str, start: int, end: int, one: tuple[str, str], *, framed: bool) -> Attribution:
    sender, date = one
    ruled = framed or text.endswith(">>>")
    proof = _FRAMED if ruled else _proof(text, sender)
    addressed, spoken = bool(_BRACKETED.search(text)), ruled or bool(union("verb").search(text))
    return Attribution(start, end, sender, date, proof, ruled or text.endswith(":"), addressed, spoken)


def _begins_above(upper: str, lower: str) -> bool:
    """Whether the first half of a wrapped attribution stands in the line above one that would do alone."""
    if lower.startswith(("<", "[", "(")):
        return len(upper.split()) <= _LONGEST_NAME // 2 and upper[:1].isupper() and not upper.endswith((".", ","))
    return bool(_BEGIN.match(upper)) and bool(_TIME.search(upper) or _YEAR.search(upper) or _DAY_LAST.search(upper))


def _goes_on(lines: Lines, place: int) -> bool:
    """Whether the line above may be the first half of an attribution."""
    text = lines.bare[place - 1]
    return (
        4 <= len(text) <= _LONGEST
        and lines.depth[place - 1] == lines.depth[place]
        and not text.endswith((":", "!", "?"))
        and (len(text) >= _WRAPPED or "@" in text or text.endswith("<") or any(map(str.isdigit, text)))
        and not (text.endswith(".") and _SENTENCE.search(text + " "))
        and label_of(text) is None
    )


def _match(text: str, kind: str) -> tuple[str, str] | None:
    text = text.strip("*_ -").removesuffix(":").rstrip("*_ ")
    spoken = {language for language, pattern in templates("verb") if pattern.search(text)} | {"any"}
    for language, pattern in templates(kind):
        found = pattern.fullmatch(text) if language in spoken else None
        if found is None:
            continue
        groups = found.groupdict()
        sender, date = groups.get("sender") or "", groups.get("date") or ""
        if "sender" not in groups or _is_name(sender):
            return sender.strip(" ,;:"), date.strip(" ,;:")
    return None


def _is_name(text: str) -> bool:
    """A sender: with an address, or words of which the first has a capital; 'ik jullie al dit' is none."""
    words = [bare for word in text.split() if (bare := word.strip(_WRAPPER))]
    if not words or len(words) > _LONGEST_NAME + 3 or _SENTENCE.search(text):
        return False
    if _ADDRESS.search(text):
        return True
    return len(words) <= _LONGEST_NAME and words[0][0].isupper() and not union("person").fullmatch(words[0])


def _proof(text: str, sender: str) -> int:
    named = [word for word in sender.split() if word.strip(_WRAPPER)[:1].isupper()]
    return bool(_TIME.search(text)) + bool(_YEAR.search(text)) + bool(_BRACKETED.search(text)) + bool(len(named) >= 2)
