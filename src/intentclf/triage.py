"""`triage`: a customer's text to an answer, every step one line, in the order in which they happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from intentclf.intake import read
from intentclf.predict.evidence import rule_evidence, word_evidence
from intentclf.predict.model import SEVERITY, VAGUE, Floats, Head, Model, Text
from intentclf.records import Answer, Query, Reading, Reason, RuleHit
from intentclf.respond import choose_reason, decide, judge_severity, judge_vagueness

__all__ = ["triage", "triage_many"]

WORDS_SHOWN = 3


def triage(query: Query, model: Model, *, words: int = WORDS_SHOWN) -> Answer:
    """Answer one query.

    Parameters
    ----------
    query : Query
    model : Model
    words : int
        Words of evidence for each code; 0 for none, negative for that many both for and against.

    Examples
    --------
    >>> from intentclf import Query, load_model
    >>> triage(Query("1", "mijn Xbox geeft een zwart scherm"), load_model()).reasons["outlook_com"].code
    'not_outlook.microsoft_other.product'
    """
    return triage_many([query], model, words=words)[0]


def triage_many(queries: Sequence[Query], model: Model, *, words: int = WORDS_SHOWN) -> list[Answer]:
    """Answer a batch; each answer is the one that the query would get alone."""
    readings = [read(query) for query in queries]
    texts = model.read([reading.core for reading in readings])
    likely = model.probabilities(model.views(texts))
    rows = [{name: matrix[k] for name, matrix in likely.items()} for k in range(len(readings))]
    return [_answer(*each, model, words) for each in zip(readings, texts, rows, strict=True)]


def _answer(reading: Reading, text: Text, rows: dict[str, Floats], model: Model, words: int) -> Answer:
    hits = model.matcher.find(reading)
    reasons = {head.name: _reason(reading, text, rows, hits, head, model, words) for head in _book_heads(model)}
    severity = judge_severity(
        model.head(SEVERITY), rows.get(SEVERITY), _hits_for(hits, SEVERITY), language=reading.language.code
    )
    vague = judge_vagueness(model.head(VAGUE), rows.get(VAGUE), reading, _hits_for(hits, VAGUE))
    judged = severity if model.head(SEVERITY) else None
    decision = decide(reading, reasons, judged, vague, accept=model.accept)
    return Answer(reading.query.id, reading.language, reasons, severity, vague, decision, model.id, reading.warnings)


def _reason(
    reading: Reading,
    text: Text,
    rows: dict[str, Floats],
    hits: Sequence[RuleHit],
    head: Head,
    model: Model,
    words: int,
) -> Reason:
    if not reading.text:  # an empty text is no evidence for anything, whatever the bias of the weights
        return Reason(None, 0.0, "none", (), ())
    tree, mine = model.trees[head.name], _hits_for(hits, head.name)
    reason, _ = choose_reason(head, tree, rows[head.name], mine, language=reading.language.code)
    shown = [rule_evidence(reading, hit) for hit in mine if reason.code and _supports(tree.book.path(hit.code), reason)]
    if words and reason.code in tree.codes:
        chosen = tree.membership(str(reason.code))
        shown += word_evidence(model, head, chosen, rows[head.name], reading, text, most=words)
    return replace(reason, evidence=tuple(shown))


def _supports(path: tuple[str, ...], reason: Reason) -> bool:
    return reason.code in path


def _book_heads(model: Model) -> list[Head]:
    return [head for head in model.heads if head.name in model.books]


def _hits_for(hits: Sequence[RuleHit], book: str) -> list[RuleHit]:
    return [hit for hit in hits if hit.book == book]
