"""What the keyword rules are worth: hits, precision with its interval, overlap and conflict, by language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intentclf.intake.reading import read
from intentclf.predict.calibration import wilson_lower
from intentclf.predict.rules import Rule, RuleMatcher
from intentclf.records import RuleHit
from intentclf.train.calibrate import measure_rules
from intentclf.train.prepare import LabelledTexts
from intentclf.train.spacy_rules import SpacyRuleMatcher

__all__ = ["LEAST_PRECISION", "LanguageLine", "RuleLine", "report_rules"]

LEAST_PRECISION = 0.7
"""No shipped rule stays whose lower bound is below this."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: counts, precision with a one-sided bound on either side, hits shared with other rules.

    Attributes
    ----------
    rule : Rule
        Measured; its precision is the lower bound.
    upper : float
        Upper bound of the precision.
    overlap : int
        Hits in texts in which another rule of the book says the same code or one above or below it.
    conflict : int
        Hits in texts in which another rule of the book says something else.
    """

    rule: Rule
    upper: float
    overlap: int
    conflict: int


@dataclass(frozen=True, slots=True)
class LanguageLine:
    """One book in one language: texts, share of them with a hit, share of the hits that are right."""

    book: str
    language: str
    texts: int
    covered: float
    precision: float


def report_rules(
    rules: Sequence[Rule], texts: LabelledTexts, bound: float, *, matchers_of_spacy: bool = False
) -> tuple[list[RuleLine], list[LanguageLine]]:
    """Measure rules on texts that they were not written from.

    Parameters
    ----------
    rules : sequence of Rule
    texts : LabelledTexts
    bound : float
        Confidence of the one-sided bounds.
    matchers_of_spacy : bool
        Find the rules by the second way of `train.spacy_rules`, which must give the same report.
    """
    matcher = SpacyRuleMatcher(rules) if matchers_of_spacy else RuleMatcher(rules)
    hits = [matcher.find(read(query)) for query in texts.queries()]
    labels = {label: texts.column(label) for label in texts.labels}
    measured = measure_rules(rules, hits, labels, texts.books, bound)
    overlap, conflict = _meetings(hits, texts)
    lines = [
        RuleLine(
            rule, 1.0 - wilson_lower(rule.hits - rule.right, rule.hits, bound), overlap[rule.id], conflict[rule.id]
        )
        for rule in measured
    ]
    return lines, list(_by_language(rules, hits, texts, bound))


def _meetings(hits: Sequence[Sequence[RuleHit]], texts: LabelledTexts) -> tuple[Counter[str], Counter[str]]:
    overlap: Counter[str] = Counter()
    conflict: Counter[str] = Counter()
    for found in hits:
        for hit in found:
            book = texts.books.get(hit.book)
            others = [other.code for other in found if other.book == hit.book and other.rule != hit.rule]
            same = [
                code == hit.code
                or (book is not None and (book.is_under(code, hit.code) or book.is_under(hit.code, code)))
                for code in others
            ]
            overlap[hit.rule] += any(same)
            conflict[hit.rule] += not all(same)
    return overlap, conflict


def _by_language(
    rules: Sequence[Rule], hits: Sequence[Sequence[RuleHit]], texts: LabelledTexts, bound: float
) -> Iterable[LanguageLine]:
    languages = texts.column("lang")
    cells = {label: texts.column(label) for label in texts.labels}
    for book in dict.fromkeys(rule.book for rule in rules):
        own = [rule for rule in rules if rule.book == book]
        for language in sorted(set(languages)):
            rows = [k for k, code in enumerate(languages) if code == language]
            found = [[hit for hit in hits[k] if hit.book == book] for k in rows]
            labels = {book: [cells[book][k] for k in rows]}
            measured = measure_rules(own, found, labels, texts.books, bound)
            fired, right = sum(rule.hits for rule in measured), sum(rule.right for rule in measured)
            covered = sum(bool(each) for each in found) / len(rows)
            yield LanguageLine(book, language, len(rows), covered, right / fired if fired else 0.0)
