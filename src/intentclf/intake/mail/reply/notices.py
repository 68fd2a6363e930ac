"""What gateways, telephones and lawyers put around the customer's words: banner, 'Sent from my iPhone', disclaimer."""

from __future__ import annotations

import re
from functools import cache
from itertools import dropwhile

from intentclf.intake.mail.reply.names import is_name, is_personal
from intentclf.intake.mail.reply.patterns import rows, union
from intentclf.intake.mail.reply.run import RULE, Run

__all__ = ["mark_banner", "mark_devices", "mark_disclaimers"]

_LONGEST_DEVICE = 120
_MOST_DEVICE_WORDS = 8
_MOST_BANNER_WORDS = 8
_MOST_EXCUSE_WORDS = 12
_MOST_BELOW_DEVICE = 4  # lines of a name and what stands under it
_LONGEST_NOTICE = 1500  # characters of a paragraph that are looked at
_ENOUGH_CUES = 3
_DRAWN = 20  # columns of a line that a program drew below a text; a customer's is shorter
_SUBJECT_WITHIN = 100  # characters
_LINK = re.compile(r"\s*[<(\[]*https?://\S+[>)\]]*\s*$")
_LINKS = re.compile(r"[<(\[]*(?:https?://|#|cid:)[^\s<>]+[>)\]]*")


def mark_banner(run: Run) -> None:
    """A gateway's warning above the first words, with the lines that frame it."""
    own = run.filled
    first = next((k for k, place in enumerate(own) if not RULE.fullmatch(run.texts[place])), len(own))
    last = -1
    for number in range(first, len(own)):
        text = run.texts[own[number]].strip("[]()*_#!⚠️ ")
        begins = _is_banner(text[:400])
        more = last >= 0 and own[number] == own[number - 1] + 1 and _goes_on(run, text, above=own[number - 1])
        if not (begins or more) or union("greeting").match(text):
            break
        last = number
    if last < 0:
        return
    if last + 1 < len(own) and RULE.fullmatch(run.texts[own[last + 1]]):
        last += 1
    for place in own[: last + 1]:
        run.kinds[place] = "banner"


def _is_banner(text: str) -> bool:
    """A warning of this message or of few words; a customer who writes of mail from outside says more."""
    if not union("banner").match(text) or is_personal(text):
        return False
    said = next((each for each in re.split(r"[.!?:]\s", text) if len(each.split()) > 2), "")  # behind 'Caution:'
    few = len(said.split()) <= _MOST_BANNER_WORDS
    return few or bool(union("banner_subject").search(text) or union("banner_more").search(text))


def _goes_on(run: Run, text: str, *, above: int) -> bool:
    """Whether a line right under a warning goes on with it, or with its sentence."""
    ended = run.texts[above].endswith((".", "!", "]", "*", ")", ":"))
    return not is_personal(text) and (not ended or bool(union("banner_more").match(text)))


def mark_devices(run: Run) -> None:
    """Lines of telephones and programs at the end of a part or on top of it; between sentences they are its subject."""
    own = run.own()
    spoken = run.postscripts(own)
    last = True  # only such lines below
    top = _on_top(run, own)
    for number in range(len(own) - 1, -1, -1):
        place = own[number]
        text = _bare(run.texts[place])
        above = own[number - 1] if number else -1
        alone = last and (not number or above < place - 1 or RULE.fullmatch(run.texts[above]) is not None)
        if place not in run.shown and (
            _starts_as_device(text) if alone else (last or number < top) and _is_device(text)
        ):
            run.kinds[place] = "device"
            _mark_name(run, own[number + 1 :])
        elif place not in spoken and run.is_prose(place):
            last = False


def _on_top(run: Run, own: list[int]) -> int:
    """How many lines of telephones stand on top, each with an empty line under it: somebody answers below them."""
    count = 0
    while count + 1 < len(own) and own[count + 1] > own[count] + 1 and _is_device(_bare(run.texts[own[count]])):
        count += 1
    return count


def _bare(text: str) -> str:
    return _LINK.sub("", text[:300]).strip("-–—_*[]<>() ").rstrip(".!")


def _is_device(text: str) -> bool:
    return len(text) <= _LONGEST_DEVICE and bool(union("device").fullmatch(text))


def _starts_as_device(text: str) -> bool:
    """'Sent from my …' of a few words and perhaps an excuse, where nothing stands above or below it."""
    if _is_device(text):
        return True
    said, _, excuse = text.partition(". ")
    short = len(said.split()) <= _MOST_DEVICE_WORDS and len(excuse.split()) <= _MOST_EXCUSE_WORDS
    return short and bool(union("device_start").match(said)) and "?" not in excuse


def _mark_name(run: Run, below: list[int]) -> None:
    """A name right under the line of a telephone, and what stands under it."""
    left = [place for place in below if run.kinds[place] == "own"]
    signed = left and left[0] == below[0] and len(left) <= _MOST_BELOW_DEVICE and is_name(run.texts[left[0]])
    if signed and left[-1] == left[0] + len(left) - 1 and below[0] - 1 in run.filled:
        for place in left:
            run.kinds[place] = "signature"


def mark_disclaimers(run: Run) -> None:
    """Paragraphs of disclaimer at the end, with links of their own and the line drawn above them."""
    own = run.own()
    linked = 0  # lines of links only, which go if a disclaimer stands above them
    while linked < len(own):
        end = len(own) - linked
        first = end - 1
        while first and own[first - 1] == own[first] - 1:
            first -= 1
        words = any(not union("greeting").match(run.texts[place]) for place in own[:first])
        kind = _kind_of(run, own[first:end], words=words)
        if kind == "links":
            linked += end - first
            continue
        below = len(own) < len(run.filled) or (first > 0 and len(run.texts[own[-1]]) >= _DRAWN)
        drawn = kind == "rule" and not linked and below
        if kind == "notice" or drawn:
            start = first
        else:
            start = _start_within(run, own[first:end]) + first
        if start == end:
            return
        for place in own[start:]:
            run.kinds[place] = "disclaimer"
        del own[start:]
        linked = 0


def _kind_of(run: Run, places: list[int], *, words: bool) -> str:
    """'rule', 'links' or 'notice' for a paragraph that is nothing else; `words`: whether words stand above it."""
    texts = list(dropwhile(RULE.fullmatch, (run.texts[place] for place in places)))
    if not texts:
        return "rule"
    whole = " ".join(texts)[:_LONGEST_NOTICE]
    text = _LINKS.sub("", whole).strip("*_ ")
    if union("disclaimer").match(whole.lstrip("*_ ")) and not is_personal(text):
        return "notice"
    if not text:
        return "links"
    notice = union("disclaimer").match(text) or (words and _says_much(text))
    return "notice" if notice and not is_personal(text) else ""


def _says_much(text: str) -> bool:
    """Three things that only disclaimers say together, of this message."""
    if not union("notice_subject").search(text[:_SUBJECT_WITHIN]):
        return False
    return 1 + sum(cue.search(text) is not None for cue in _cues()) >= _ENOUGH_CUES


@cache
def _cues() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row.pattern, re.IGNORECASE) for row in rows("notice_cue"))


def _start_within(run: Run, places: list[int]) -> int:
    """Number of the line at which a disclaimer begins in a paragraph; the number of lines if it has none."""
    for number in range(1, len(places)):
        above, text = run.texts[places[number - 1]], run.texts[places[number]]
        ended = above.endswith((".", "!", "?")) or RULE.fullmatch(above)
        if ended and union("disclaimer").match(text[:400].lstrip("*_ ")):
            kind = _kind_of(run, places[number:], words=True)
            return number if kind == "notice" else len(places)
    end = len(places)
    while end > 1 and RULE.fullmatch(rule := run.texts[places[end - 1]]):
        if places[end - 1] == run.filled[-1] and len(rule) < _DRAWN:
            break
        end -= 1
    return end
