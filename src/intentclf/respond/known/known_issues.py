"""Known issues: enters a reading, its vector and the desk's register, leaves the issues it is about, and the answer.

Document 000: line 24 asks whether a problem is a known issue; line 35, it may stand on the page of recent issues; line
37, a bug is for engineers, but a workaround should be offered with the clear statement that it is temporary and no
permanent solution, under the bug's cause code; line 49, a bug is forwarded once workaround and logs are done.

A query is about an issue where one of the issue's patterns stands in it, or where its vector is as like that of one of
the issue's texts as `THRESHOLD`. Only issues that are open at that moment are matched; what would match but is not open
is said. An issue is not open before its day, even where the desk's clock is slow.

The threshold is chosen on the test part of the seed file, whose translations of one situation stand for the messages of
two customers about one issue, by `python -m intentclf.train.known_threshold --data build/prepared.csv --part test`.
With the vectors of the shipped model, which never saw these texts, one text for an issue, and registers of 5 issues
drawn from mailbox troubles:

    threshold                                 .50    .55    .60    .65    .70    .75    .80
    translations that find their issue        92 %   88 %   82 %   73 %   61 %   47 %   29 %
    other messages that are given an issue    6.3 %  3.7 %  1.9 %  .81 %  .30 %  .09 %  .01 %
    the same, messages about mailbox trouble  40 %   25 %   13 %   5.8 %  2.2 %  .66 %  .12 %

To tell a customer of a fault that is another's is worse than to miss one, whom the ordinary answer still reaches; hence
.75. More texts for an issue find more; with 200 issues .75 gives an issue to .65 % of other messages, .80 to .22 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentclf.errors import InputError
from intentclf.predict.features import normalize
from intentclf.records import Reading
from intentclf.respond.known.issue_register import Issue, Register, load_register
from intentclf.respond.known.safe_patterns import LONGEST_TEXT
from intentclf.respond.sentences import Sentence, say

__all__ = ["THRESHOLD", "Issue", "IssueMatch", "KnownIssues", "Register", "load_register", "match"]

THRESHOLD = 0.75
"""Least likeness, the cosine of two vectors, that counts as the same issue."""

_DOCUMENT = "000_4c01cbade21a7f71.txt"


@dataclass(frozen=True, slots=True)
class IssueMatch:
    """A known issue that a query is about.

    Attributes
    ----------
    id, title : str
        The title in the customer's language, else in English, else as given.
    by : {'pattern', 'likeness'}
    likeness : float or None
        Cosine with the likest text of the issue; None where there is no vector or no text.
    start, end : int or None
        Span of the original text that the pattern matched.
    codes : mapping of book to code
    reply : str
        For the customer, in his language: the workaround, and that it is temporary.
    forward : bool
        Whether the conversation is to be forwarded with logs.
    advice : Sentence
        For the agent, what to do next.
    source : str
        'document, line N' of the rule to forward.
    """

    id: str
    title: str
    by: str
    likeness: float | None
    start: int | None
    end: int | None
    codes: Mapping[str, str]
    reply: str
    forward: bool
    advice: Sentence
    source: str = f"{_DOCUMENT}, line 49"

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values, the advice in a language."""
        plain = {name: getattr(self, name) for name in ("id", "title", "by", "start", "end", "reply", "forward")}
        likeness = None if self.likeness is None else round(self.likeness, 6)
        more = {
            "likeness": likeness,
            "codes": dict(self.codes),
            "advice": self.advice.text(language),
            "source": self.source,
        }
        return plain | more


@dataclass(frozen=True, slots=True)
class KnownIssues:
    """The open issues that a query is about, those found by a pattern first, then the likest; and remarks."""

    matches: tuple[IssueMatch, ...]
    remarks: tuple[Sentence, ...] = ()

    def to_dict(self, language: str = "en") -> dict[str, Any]:
        """Plain JSON values, remarks in English."""
        return {
            "matches": [each.to_dict(language) for each in self.matches],
            "remarks": [remark.text(language) for remark in self.remarks],
        }


def match(
    reading: Reading,
    vector: NDArray[np.floating[Any]] | None,
    register: Register,
    now: datetime,
    *,
    threshold: float = THRESHOLD,
) -> KnownIssues:
    """Find the known issues that a query is about.

    Parameters
    ----------
    reading : Reading
    vector : ndarray of shape (n_dimensions,) or None
        Of `reading.core`, by the encoder that the register was loaded with; None: patterns alone.
    register : Register
    now : datetime
        Its day, in its own zone, is what must lie between an issue's days.
    threshold : float
        Least likeness, above 0 and at most 1.

    Raises
    ------
    InputError
        If the threshold is outside its range, or the vector is of another size than those of the register.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold must be above 0 and at most 1, got {threshold}")
    likest = _likeness(vector, register)
    folded = normalize(reading.text)
    found, remarks = [], []
    for number, issue in enumerate(register.issues):
        place = next((span for span in (pattern.search(folded) for pattern in issue.patterns) if span), None)
        likeness = None if likest is None or not issue.texts else float(likest[number])
        if place is None and (likeness is None or likeness < threshold):
            continue
        if issue.is_open(now):
            found.append(_found(reading, issue, place, likeness))
        else:
            remarks.append(_why_not(issue, now))
    if len(reading.text) > LONGEST_TEXT:
        remarks.append(say("known.cut", most=LONGEST_TEXT))
    order = sorted(found, key=lambda each: (each.by != "pattern", -(each.likeness or 0.0), each.id))
    return KnownIssues(tuple(order), tuple(remarks))


def _likeness(vector: NDArray[np.floating[Any]] | None, register: Register) -> NDArray[np.float64] | None:
    """For each issue the cosine with its likest text, shape (n_issues,); None where there is nothing to compare."""
    if vector is None or not register.rows.size:
        return None
    if vector.shape != register.rows.shape[1:]:
        raise InputError(f"the vector must be of shape {register.rows.shape[1:]}, got {vector.shape}")
    likest = np.full(len(register.issues), -1.0)
    np.maximum.at(likest, register.owner, register.rows @ vector)
    return likest


def _found(reading: Reading, issue: Issue, place: tuple[int, int] | None, likeness: float | None) -> IssueMatch:
    code = reading.language.code
    language = "nb" if code == "nn" else code
    start, end = reading.original_span(*place) if place and place[1] > place[0] else (None, None)
    return IssueMatch(
        id=issue.id,
        title=next(_titles(issue, language)),
        by="pattern" if place else "likeness",
        likeness=likeness,
        start=start,
        end=end,
        codes=issue.codes,
        reply=f"{issue.workaround.get(language, issue.workaround['en'])} {say('known.temporary').text(language)}",
        forward=issue.forward,
        advice=say("known.forward" if issue.forward else "known.keep", id=issue.id),
    )


def _titles(issue: Issue, language: str) -> Iterator[str]:
    yield from (issue.title[name] for name in (language, "en") if issue.title.get(name))
    yield from issue.title.values()


def _why_not(issue: Issue, now: datetime) -> Sentence:
    if issue.status != "open":
        return say(f"known.{issue.status}", id=issue.id)
    if now.date() < issue.since:
        return say("known.not_yet", id=issue.id, since=issue.since, today=now.date())
    return say("known.over", id=issue.id, until=issue.until, today=now.date())
