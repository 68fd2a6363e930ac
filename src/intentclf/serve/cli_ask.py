"""The command `intentclf ask`: plays the clarifying questions of one text on a terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intentclf.errors import InputError

if TYPE_CHECKING:
    from intentclf.predict.model import Model
    from intentclf.respond.clarify.clarify import Belief

__all__ = ["ask"]


def ask(
    text: Annotated[str, typer.Argument(help="The customer's text.")],
    model: Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped model by default.")] = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", help="An answer, instead of standard input; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask the customer of one text what tells most, up to two questions, and show the codes before and after."""
    from intentclf.predict.artifact import load_model
    from intentclf.records import Query
    from intentclf.respond.clarify.clarify import believe, next_question, update
    from intentclf.respond.sentences import say

    if text == "-":
        raise InputError("the text must be given as an argument, got '-': answers are read from standard input")
    loaded = load_model(model)
    belief = start = believe(Query("0", text), loaded)
    turns: list[dict[str, Any]] = []
    while asked := next_question(belief, loaded):
        if not as_json:
            print("\n".join(asked.lines))
        given = _answer(answer, len(turns), quiet=as_json)
        turns.append({**asked.to_dict(), "answer": given})
        if not given:
            break
        belief = update(belief, asked, given, loaded)
    if as_json:
        shown = {"before": _codes(start, loaded), "turns": turns, "after": _codes(belief, loaded)}
        print(json.dumps(shown, ensure_ascii=False))
        return
    if not turns:
        print(say("clarify.nothing").text(belief.language))
    _show(start, belief, loaded)


def _answer(given: list[str] | None, turn: int, *, quiet: bool) -> str:
    """The next answer; '' when there are no more."""
    if given is not None:
        said = given[turn].strip() if turn < len(given) else ""
        if not quiet:
            print(f"> {said}")
        return said
    if sys.stdin.isatty() and not quiet:
        print("> ", end="", flush=True)
    return sys.stdin.buffer.readline().decode("utf-8", "replace").strip()


def _codes(belief: Belief, model: Model) -> dict[str, dict[str, Any]]:
    from intentclf.respond.clarify.clarify import codes_of

    found = codes_of(belief, model)
    return {book: {"code": code, "confidence": round(confidence, 6)} for book, (code, confidence) in found.items()}


def _show(start: Belief, end: Belief, model: Model) -> None:
    from intentclf.serve.render import show_table

    before, after = _codes(start, model), _codes(end, model)
    rows = [(book, *_cells(before[book]), *_cells(after[book])) for book in before]
    show_table(("", "before", "", "after", ""), rows)


def _cells(found: dict[str, Any]) -> tuple[str, str]:
    return found["code"] or "-", f"{found['confidence']:.0%}"
