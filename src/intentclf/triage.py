"""`triage`: a customer's text to an answer, every step one line, in the order in which they happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from intentclf.intake import read
from intentclf.predict.evidence import Ask, rule_evidence, word_evidence
from intentclf.predict.model import SEVERITY, VAGUE, Floats, Head, Model, Text
from intentclf.records import Answer, Query, Reading, Reason, RuleHit, Vagueness
from intentclf.respond import choose_reason, decide, judge_severity, judge_vagueness
from intentclf.respond.advice import AdviceSettings, advise, as_known, known_issues_of
from intentclf.respond.clarify.clarify import Belief
from intentclf.respond.severity.grounds import bound_severity, grounds_of, weigh_severity
from intentclf.respond.severity.signals import Signals, find_signals

__all__ = ["triage", "triage_many"]

WORDS_SHOWN = 3


def triage(query: Query, model: Model, *, words: int = WORDS_SHOWN, advice: AdviceSettings | None = None) -> Answer:
    """Answer one query.

    Parameters
    ----------
    query : Query
    model : Model
    words : int
        Words of evidence for each code; 0 for none, negative for that many both for and against.
    advice : AdviceSettings, optional
        What the desk says of itself; with it the answer holds what to do next, under keys of its own.

    Examples
    --------
    >>> from intentclf import Query, load_model
    >>> triage(Query("1", "mijn Xbox geeft een zwart scherm"), load_model()).reasons["outlook_com"].code
    'not_outlook.microsoft_other.product'
    """
    return triage_many([query], model, words=words, advice=advice)[0]


def triage_many(
    queries: Sequence[Query], model: Model, *, words: int = WORDS_SHOWN, advice: AdviceSettings | None = None
) -> list[Answer]:
    """Answer a batch; each answer is the one that the query would get alone."""
    readings = [read(query) for query in queries]
    texts = model.read([reading.core for reading in readings])
    likely = model.probabilities(model.views(texts))
    signals = [find_signals(reading) for reading in readings]
    weighed = weigh_severity(model, likely, signals)
    cases = []
    for k, reading in enumerate(readings):
        rows = {name: matrix[k] for name, matrix in likely.items()}
        level_row = None if weighed is None else weighed[k]
        cases.append(_answer(reading, texts[k], rows, level_row, signals[k], model, words, advice))
    return cases


def _answer(
    reading: Reading,
    text: Text,
    rows: dict[str, Floats],
    level_row: Floats | None,
    signals: Signals,
    model: Model,
    words: int,
    advice: AdviceSettings | None,
) -> Answer:
    hits = model.matcher.find(reading)
    reasons = {head.name: _reason(reading, rows, hits, head, model) for head in _book_heads(model)}
    reasons = _with_evidence(reasons, reading, text, rows, hits, model, words)
    known = known_issues_of(reading, model, advice) if advice else None
    reasons = as_known(reasons, known)
    language = reading.language.code
    judged = judge_severity(model.head(SEVERITY), level_row, _hits_for(hits, SEVERITY), language=language)
    severity, bound = bound_severity(judged, reasons, model.trees)
    vague = judge_vagueness(model.head(VAGUE), rows.get(VAGUE), reading, _hits_for(hits, VAGUE))
    level, speak = severity if model.head(SEVERITY) else None, advice.speak if advice else "en"
    decision = decide(reading, reasons, level, vague, accept=model.accept, language=speak)
    answer = Answer(reading.query.id, reading.language, reasons, severity, vague, decision, model.id, reading.warnings)
    if advice is None:
        return answer
    grounds = grounds_of(signals, rows.get(SEVERITY), model.head(SEVERITY), judged, bound)
    belief = Belief((reading,), {book: rows[book] for book in model.trees}, _probability_of(vague))
    ask = decision.action == "ask"
    advised = advise(reading, reasons, severity, grounds, belief, known, model, advice, ask=ask)
    return replace(
        answer,
        decision=replace(decision, question=advised.question or decision.question),
        warnings=(*answer.warnings, *advised.warnings),
        advice=advised.keys,
    )


def _probability_of(vague: Vagueness) -> float:
    return vague.confidence if vague.is_vague else 1.0 - vague.confidence


def _reason(reading: Reading, rows: Mapping[str, Floats], hits: Sequence[RuleHit], head: Head, model: Model) -> Reason:
    if not reading.text:  # an empty text is no evidence for anything, whatever the bias of the weights
        return Reason(None, 0.0, "none", (), ())
    tree, mine = model.trees[head.name], _hits_for(hits, head.name)
    return choose_reason(head, tree, rows[head.name], mine, language=reading.language.code)[0]


def _with_evidence(
    reasons: Mapping[str, Reason],
    reading: Reading,
    text: Text,
    rows: Mapping[str, Floats],
    hits: Sequence[RuleHit],
    model: Model,
    words: int,
) -> dict[str, Reason]:
    heads = {head.name: head for head in _book_heads(model)}
    asked = {
        book: Ask(heads[book], model.trees[book].membership(reason.code), rows[book])
        for book, reason in reasons.items()
        if words and reason.code and reason.code in model.trees[book].codes
    }
    spoken = dict(zip(asked, word_evidence(model, reading, text, list(asked.values()), most=words), strict=True))
    found = {}
    for book, reason in reasons.items():
        book_of = model.trees[book].book
        ruled = (hit for hit in _hits_for(hits, book) if reason.code and _supports(book_of.path(hit.code), reason))
        evidence = (*(rule_evidence(reading, hit) for hit in ruled), *spoken.get(book, ()))
        found[book] = replace(reason, evidence=evidence)
    return found


def _supports(path: tuple[str, ...], reason: Reason) -> bool:
    return reason.code in path


def _book_heads(model: Model) -> list[Head]:
    return [head for head in model.heads if head.name in model.books]


def _hits_for(hits: Sequence[RuleHit], book: str) -> list[RuleHit]:
    return [hit for hit in hits if hit.book == book]
