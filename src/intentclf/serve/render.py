"""Answers, explanations and scores for people: Rich tables on a terminal, tab-separated lines when piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from intentclf.codebooks.loader import NONE, Code, Codebook
from intentclf.records import AcceptPoint, Answer, Evidence

if TYPE_CHECKING:
    from intentclf.serve.batch import Summary

__all__ = ["show_answer", "show_answers", "show_codes", "show_explanation", "show_scores", "show_summary", "show_table"]


def show_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print rows: a table on a terminal, lines with tabs otherwise."""
    if not sys.stdout.isatty():
        out = sys.stdout.write
        out("\t".join(header) + "\n")
        for row in rows:
            out("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*header, title=title or None, title_justify="left", header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def show_answer(answer: Answer, books: Mapping[str, Codebook]) -> None:
    """One answer, a line for each code book, then severity, vagueness and the decision."""
    rows: list[Sequence[str]] = [
        (
            book,
            reason.code or "-",
            f"{reason.confidence:.0%}",
            reason.decided_by,
            _label(books[book], reason.code, answer),
        )
        for book, reason in answer.reasons.items()
    ]
    severity, vague = answer.severity, answer.vague
    advice = answer.advice or {}
    rows.append(("severity", severity.level, f"{severity.confidence:.0%}", severity.decided_by, _signals(advice)))
    rows.append(("vague", "yes" if vague.is_vague else "no", f"{vague.confidence:.0%}", "", ""))
    rows.append(("language", answer.language.code, f"{answer.language.confidence:.0%}", "", ""))
    rows.append(("decision", answer.decision.action, "", "", answer.decision.why))
    if answer.decision.question:
        rows.append(("question", "", "", "", answer.decision.question))
    rows += [(name, what, "", "", text) for name, what, text in _advice_rows(advice)]
    rows += [("warning", "", "", "", warning) for warning in answer.warnings]
    show_table(("", "code", "confidence", "by", "meaning"), rows)


def _signals(advice: Mapping[str, Any]) -> str:
    """The signals that were found, and what the documents make of them."""
    signals = advice.get("signals")
    if not signals:
        return ""
    names = ("affected", "state", "impact", "workaround")
    found = [f"{name} {signals[name]}" for name in names if signals[name] != "unknown"]
    derived = signals["bound"] or signals["derived"]
    told = f"{derived['level']}: {derived['rule']} ({derived['source']})" if derived else ""
    return "; ".join([*found, told] if told else found)


def _advice_rows(advice: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """What to do next, a line each: name, what, words."""
    if due := advice.get("due"):
        yield "due", due["respond_by"] or "-", f"{due['agreement']}, {due['source']}"
    if route := advice.get("route"):
        team = route["team"]
        yield "route", team["value"] or "", f"{team['text']} ({team['source']}, line {team['line']})"
        for line in route["goes_to"]:
            yield "", line["value"] or "", f"{line['text']} ({line['source']}, line {line['line']})"
        for line in route["steps"][:1]:
            yield "next step", "", f"{line['text']} ({line['source']}, line {line['line']})"
    if request := advice.get("request"):
        missing = [field["label"] for field in request["fields"] if field["missing"]]
        yield "draft request", request["status_shown"], ("missing: " + ", ".join(missing)) if missing else ""
    if writer := advice.get("writer"):
        yield "writer", writer["level"], writer["advice"]
    for match in (advice.get("known_issues") or {}).get("matches", ()):
        yield "known issue", match["id"], match["reply"]
    if note := advice.get("note"):
        yield "note", note["contact_reason"], note["contact_summary_notes"]


def show_explanation(answer: Answer, books: Mapping[str, Codebook]) -> None:
    """What spoke for and against each answer, with the document and line of every rule."""
    rows: list[Sequence[str]] = []
    for book, reason in answer.reasons.items():
        rows.append((book, reason.code or "-", f"{reason.confidence:.0%}", _label(books[book], reason.code, answer)))
        rows += [("", *_evidence_row(evidence)) for evidence in reason.evidence]
        others = [candidate for candidate in reason.candidates if candidate.code != reason.code][:3]
        rows += [
            ("", f"or {other.code}", f"{other.confidence:.0%}", _label(books[book], other.code, answer))
            for other in others
        ]
    levels = ", ".join(f"{level} {p:.0%}" for level, p in answer.severity.probabilities.items())
    rows.append(("severity", answer.severity.level, f"{answer.severity.confidence:.0%}", levels))
    advice = answer.advice or {}
    if signals := advice.get("signals"):
        alone = ", ".join(f"{level} {p:.0%}" for level, p in signals["text_alone"].items())
        rows.append(("", "text alone", "", f"{alone}; decided by {signals['decided']}"))
        rows += [
            ("", f"{each['signal']} {each['value']} «{each['text']}»", "", each["source"])
            for each in signals["phrases"]
        ]
        rows += [
            ("", f"{name} {found['level']}", "", f"{found['rule']} ({found['source']})")
            for name, found in (("derived", signals["derived"]), ("bound", signals["bound"]))
            if found
        ]
    rows.append(("decision", answer.decision.action, "", answer.decision.why))
    rows += [(name, what, "", text) for name, what, text in _advice_rows(advice)]
    show_table(("", "what", "how much", "why"), rows)


def _evidence_row(evidence: Evidence) -> tuple[str, str, str]:
    side = "for" if evidence.weight >= 0 else "against"
    source = f"rule {evidence.rule}, {evidence.source}" if evidence.rule else ""
    return f"{side} «{evidence.text}»", f"{evidence.weight:+.2f}", source


def show_answers(answers: Sequence[Answer]) -> None:
    """Many answers, a line each."""
    rows = [
        (
            answer.id,
            answer.language.code,
            *(reason.code or "-" for reason in answer.reasons.values()),
            answer.severity.level,
            answer.decision.action,
        )
        for answer in answers
    ]
    books = answers[0].reasons if answers else ()
    show_table(("id", "lang", *books, "severity", "action"), rows)


def show_summary(summary: Summary, out: str) -> None:
    """The end of a run: counts and where the file lies."""
    rows = [("answers", str(summary.answers))]
    for name, counter in (
        ("action", summary.actions),
        ("language", summary.languages),
        ("severity", summary.severities),
    ):
        rows.append((name, ", ".join(f"{key} {n}" for key, n in counter.most_common())))
    rows += [("with warnings", str(summary.warned)), ("written to", out)]
    show_table(("", "count"), rows)


def show_codes(book: Codebook, codes: Iterable[Code], language: str) -> None:
    """Codes of a book with their labels."""
    rows = [(code.code, code.label(language), f"{code.source}:{code.line}" if code.source else "") for code in codes]
    show_table(("code", "label", "source"), rows, title=book.name)


def show_scores(scores: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Figures of every head, a line for each language."""
    columns = {
        "n": "n",
        "accuracy": "accuracy",
        "level_1": "level 1",
        "level_2": "level 2",
        "macro_f1": "macro-F1",
        "positive_f1": "F1 of 1",
        "majority": "majority",
        "calibration_error": "ECE",
        "accepted": "accepted",
        "accepted_precision": "precision of accepted",
    }
    rows = [
        (head, language, *(_figure(row[key]) for key in columns))
        for head, languages in scores.items()
        for language, row in languages.items()
    ]
    show_table(("head", "lang", *columns.values()), rows)


def show_curve(thresholds: Mapping[str, Mapping[str, float]], points: Sequence[AcceptPoint]) -> None:
    """Thresholds of acceptance, and the precision of the surest tenth, two tenths, … of the answers."""
    shares = sorted({round(point.accepted, 1) for point in points})
    precision = {(point.head, point.language, round(point.accepted, 1)): point.precision for point in points}
    rows = []
    for head, language in dict.fromkeys((point.head, point.language) for point in points):
        limit = thresholds.get(head, {}).get(language)
        told = "-" if limit is None else "never" if limit > 1 else f"{limit:.3f}"
        rows.append((head, language, told, *(_figure(precision.get((head, language, share))) for share in shares)))
    columns = ("head", "lang", "accepted from", *(f"{share:.0%}" for share in shares))
    show_table(columns, rows, title="precision of the surest …")


def _figure(value: float | int | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _label(book: Codebook, code: str | None, answer: Answer) -> str:
    if code is None:
        return "none can be told"
    if code == NONE:
        return "nothing in this book fits"
    return book.codes[code].label(answer.language.code) if code in book.codes else ""
