"""From probabilities and rule hits to an answer: the order of decision, written once.

For every code book: the model where it is sure; a keyword rule where it is not; else the parent that the model can
stand for, or nothing. Then, over all books: accept, confirm or ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intentclf.predict.calibration import CodeTree, Floats, sets_by_threshold
from intentclf.predict.model import Head, Thresholds
from intentclf.records import (
    Candidate,
    DecidedBy,
    Decision,
    Reading,
    Reason,
    RuleHit,
    Severity,
    Vagueness,
)
from intentclf.respond.question import question_for
from intentclf.respond.sentences import say

__all__ = ["choose_code", "choose_reason", "decide", "judge_severity", "judge_vagueness"]

_MOST_CANDIDATES = 5
_LEVELS = ("A", "B", "C")
UNKNOWN = "und"


def choose_reason(
    head: Head, tree: CodeTree, row: Floats, hits: Sequence[RuleHit], *, language: str = UNKNOWN
) -> tuple[Reason, RuleHit | None]:
    """The answer of one code book.

    Parameters
    ----------
    head : Head
    tree : CodeTree
        Of this head.
    row : ndarray of shape (n_classes,)
        Calibrated probabilities.
    hits : sequence of RuleHit
        Rules that fired for this book, each with its measured precision.
    language : str
        Of the text: its threshold of acceptance is taken. In an unknown language nothing is accepted.

    Returns
    -------
    reason : Reason
        Without evidence.
    rule : RuleHit or None
        The rule that decided, if one did.
    """
    limits = head.thresholds
    codes = tree.code_probabilities(row[None])[0]
    shares = tree.leaf_probabilities(row[None])[0]
    place = {code: k for k, code in enumerate(tree.codes)}
    code, confidence, rule = choose_code(limits, tree, codes, hits)
    decided_by: DecidedBy = "rule" if rule else "model" if code else "none"
    order = sorted(range(len(tree.leaves)), key=lambda k: (-codes[place[tree.leaves[k]]], k))[:_MOST_CANDIDATES]
    candidates = tuple(Candidate(tree.leaves[k], float(codes[place[tree.leaves[k]]])) for k in order)
    members = sets_by_threshold(tree.leaves, shares, limits.member)
    return Reason(
        code, confidence, decided_by, candidates, members, accepted=_accepts(limits, confidence, language)
    ), rule


def choose_code(
    limits: Thresholds, tree: CodeTree, codes: Floats, hits: Sequence[RuleHit]
) -> tuple[str | None, float, RuleHit | None]:
    """The code alone, its confidence, and the rule that decided, if one did.

    Parameters
    ----------
    limits : Thresholds
    tree : CodeTree
    codes : ndarray of shape (n_codes,)
        A row of `CodeTree.code_probabilities`.
    hits : sequence of RuleHit
    """
    code = tree.best(codes, limits.answer)
    confidence = float(codes[tree.codes.index(code)]) if code else 0.0
    rule = _best_rule(hits)
    if rule and rule.precision and confidence < limits.sure and rule.precision > confidence:
        return rule.code, rule.precision, rule
    return code, confidence, None


def _best_rule(hits: Sequence[RuleHit]) -> RuleHit | None:
    """The most precise rule; of two, the deeper code. Example: 'gmail' and 'my mail is slow' in one text."""
    return max(hits, key=lambda hit: (hit.precision or 0.0, hit.code.count(".")), default=None)


def _accepts(limits: Thresholds, confidence: float, language: str) -> bool:
    return language != UNKNOWN and confidence >= limits.accept_for(language)


def judge_severity(
    head: Head | None, row: Floats | None, hits: Sequence[RuleHit], *, language: str = UNKNOWN
) -> Severity:
    """Severity from the model, or from a rule where the model is not sure.

    A model without a severity head leaves it to the rules; where none fires, every level is as likely and C is given.
    """
    if head is None or row is None:
        levels = dict.fromkeys(_LEVELS, 1.0 / len(_LEVELS))
        rule = _best_rule(hits)
        if rule and rule.precision:
            return Severity(rule.code, rule.precision, _moved(levels, rule.code, rule.precision), "rule")
        return Severity("C", levels["C"], levels, "rule")
    levels = {level: 0.0 for level in _LEVELS} | {name: float(p) for name, p in zip(head.classes, row, strict=True)}
    best = max(_LEVELS, key=lambda level: (levels[level], level))
    rule = _best_rule(hits)
    if rule and rule.precision and levels[best] < head.thresholds.sure and rule.precision > levels[best]:
        return Severity(
            rule.code,
            rule.precision,
            _moved(levels, rule.code, rule.precision),
            "rule",
            _accepts(head.thresholds, rule.precision, language),
        )
    accepted = _accepts(head.thresholds, levels[best], language)
    return Severity(best, levels[best], levels, "model", accepted)


def _moved(levels: Mapping[str, float], level: str, probability: float) -> dict[str, float]:
    """Give one level its probability and let the others share the rest as before."""
    rest = sum(p for name, p in levels.items() if name != level) or 1.0
    return {name: probability if name == level else (1.0 - probability) * p / rest for name, p in levels.items()}


def judge_vagueness(head: Head | None, row: Floats | None, reading: Reading, hits: Sequence[RuleHit]) -> Vagueness:
    """Whether to ask: an empty text is vague for certain, a model without that head says no with 1 in 2."""
    if not reading.text:
        return Vagueness(True, 1.0)
    if head is None or row is None:
        return Vagueness(False, 0.5)
    probability = float(row[head.classes.index("1")])
    rule = _best_rule(hits)
    if rule and rule.precision and max(probability, 1 - probability) < head.thresholds.sure < rule.precision:
        return Vagueness(True, rule.precision)
    is_vague = probability >= head.thresholds.answer
    return Vagueness(is_vague, probability if is_vague else 1.0 - probability)


def decide(
    reading: Reading,
    reasons: Mapping[str, Reason],
    severity: Severity | None,
    vague: Vagueness,
    *,
    accept: float,
    language: str = "en",
) -> Decision:
    """Accept, confirm or ask, with the reason in words.

    Parameters
    ----------
    reading : Reading
    reasons : mapping of book to Reason
    severity : Severity or None
        None where the model does not predict it: it then keeps no query from being accepted.
    vague : Vagueness
    accept : float
        Confidence that the least sure label must reach, see `Model.accept`.
    language : str
        In which the agent is told why.
    """
    if not reading.text:
        return Decision("ask", say("decide.no_text").text(language), question_for(reading, reasons))
    told = [reason for reason in reasons.values() if reason.code is not None]
    if not told:
        return Decision("ask", say("decide.no_code").text(language), question_for(reading, reasons))
    if vague.is_vague:
        why = say("decide.vague", probability=f"{vague.confidence:.0%}").text(language)
        return Decision("ask", why, question_for(reading, reasons))
    if reading.language.code == UNKNOWN:
        return Decision("confirm", say("decide.language").text(language))
    confidences = {book: reason.confidence for book, reason in reasons.items()}
    if severity:
        confidences["severity"] = severity.confidence
    weakest = min(confidences, key=lambda name: confidences[name])
    values = {"label": weakest, "confidence": f"{confidences[weakest]:.0%}"}
    if confidences[weakest] >= accept:
        return Decision("accept", say("decide.accept", **values).text(language))
    if accept > 1:
        return Decision("confirm", say("decide.never", **values).text(language))
    return Decision("confirm", say("decide.confirm", **values, threshold=f"{accept:.0%}").text(language))
