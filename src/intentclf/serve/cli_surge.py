"""The command `intentclf surge`: suspected bugs in a file of queries, or in the queries that `score` answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intentclf.errors import Fault, FaultsError, InputError

if TYPE_CHECKING:
    from datetime import datetime

    from intentclf.predict.model import Model
    from intentclf.records import Answer, Query
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import Surge

__all__ = ["detect", "received_of", "show_surges", "surge", "watched"]

RECEIVED = ("received", "date", "received_at")
_BATCH = 256


def surge(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Table of queries with a column of when they came.")],
    since: Annotated[
        str | None, typer.Option("--since", help="What came before is history; by default all counts.")
    ] = None,
    false_alarms: Annotated[
        float, typer.Option("--false-alarms-per-week", help="How many a week are put up with; over 0.")
    ] = 0.25,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Time zone of the desk; moments without one are read in it.")
    ] = None,
    text: Annotated[str, typer.Option("--text", help="Column of the text.")] = "text",
    sender: Annotated[
        str, typer.Option("--sender", help="Column of the sender; copies of one are counted once.")
    ] = "sender",
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", help="Folder in which the history is kept from one run to the next; with its settings."
        ),
    ] = None,
    speak: Annotated[str, typer.Option("--speak", help="Language of the report: nl, nb, ru or en.")] = "en",
    model: Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped model by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Report problems on which queries came suddenly quicker than their own history lets expect: suspected bugs."""
    from intentclf.intake.tables import Columns, read_queries
    from intentclf.predict.artifact import load_model
    from intentclf.respond.due.moments import find_zone, parse_moment
    from intentclf.respond.sentences import check_spoken
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import SurgeSettings
    from intentclf.respond.surges.state import load_detector, save_detector

    if zone:
        find_zone(zone)
    check_spoken(speak)
    begin = parse_moment(since, zone) if since else None
    detector = (
        load_detector(state)
        if state and state.exists()
        else SurgeDetector(SurgeSettings(false_alarms_per_week=false_alarms, zone=zone or "UTC"), since=begin)
    )
    queries = list(read_queries(source, Columns(text)))
    moments = received_of(queries, source, zone)
    order = sorted(range(len(queries)), key=lambda k: moments[k].timestamp())
    loaded = load_model(model)
    found = list(detect(((queries[k], moments[k]) for k in order), loaded, detector, sender=sender))
    show_surges(found, detector, speak, as_json=as_json)
    if state:
        save_detector(detector, state)


def received_of(queries: Iterable[Query], source: Path, zone: str | None) -> list[datetime]:
    """When each query came.

    Raises
    ------
    FaultsError
        With every row whose moment is missing or cannot be read.
    """
    from intentclf.respond.due.moments import parse_moment

    moments, faults = [], []
    for row, query in enumerate(queries, start=1):
        written = next((query.extra[name] for name in RECEIVED if query.extra.get(name)), None)
        if written is None:
            faults.append(Fault(row, f"has no moment in {', '.join(RECEIVED)}"))
            continue
        try:
            moments.append(parse_moment(written, zone))
        except InputError as error:
            faults.append(Fault(row, str(error)))
    if faults:
        raise FaultsError(source, faults)
    return moments


def detect(
    queries: Iterable[tuple[Query, datetime]], model: Model, detector: SurgeDetector, *, sender: str = "sender"
) -> Iterator[Surge]:
    """Answer queries in batches and give the surges that they bring to light.

    Parameters
    ----------
    queries : iterable of (Query, datetime)
        In the order in which they came.
    model : Model
    detector : SurgeDetector
    sender : str
        Which of the extra values names the sender.
    """
    from itertools import islice

    from intentclf.triage import triage_many

    iterator = iter(queries)
    while batch := list(islice(iterator, _BATCH)):
        answers = triage_many([query for query, _ in batch], model, words=0)
        for (query, moment), answer in zip(batch, answers, strict=True):
            yield from detector.add(_scored(query, moment, answer, model, sender))


def watched(
    answers: Iterable[Answer],
    queries: Iterable[Query],
    model: Model,
    detector: SurgeDetector,
    zone: str | None,
    found: list[Surge],
) -> Iterator[Answer]:
    """Hand answers on and collect the surges among them; rows whose moment cannot be read are told of at the end."""
    from intentclf.respond.due.moments import parse_moment

    timeless = 0
    for query, answer in zip(queries, answers, strict=True):
        written = next((query.extra[name] for name in RECEIVED if query.extra.get(name)), None)
        try:
            moment = parse_moment(written or "", zone)
        except InputError:
            timeless += 1
        else:
            found += detector.add(_scored(query, moment, answer, model, "sender"))
        yield answer
    if timeless:
        typer.echo(f"{timeless} rows have no moment that can be read and were not watched for surges", err=True)


def _scored(query: Query, moment: datetime, answer: Answer, model: Model, sender: str) -> Any:
    from intentclf.intake import read
    from intentclf.respond.surges.records import ScoredQuery, code_scores

    vector = model.network.vectors.encode([read(query).core])[0]
    codes, who = code_scores(answer.reasons), query.extra.get(sender, "")
    return ScoredQuery(query.id, moment, vector, codes, answer.language.code, query.text, who)


def show_surges(found: list[Surge], detector: SurgeDetector, speak: str, *, as_json: bool = False) -> None:
    """Print surges as they stand now, and what became of the rows."""
    from intentclf.respond.sentences import say
    from intentclf.serve.render import show_table

    final = {each.number: each for each in detector.surges()}
    found = [final.get(each.number, each) for each in found]
    if as_json:
        tally = detector.tally.to_dict()
        print(json.dumps({"surges": [each.to_dict() for each in found], "rows": tally}, ensure_ascii=False))
        return
    for each in found:
        languages = ", ".join(f"{name} {number}" for name, number in each.languages.items())
        rows = [
            ("what", each.sentence().text(speak)),
            ("first seen", each.first_seen.isoformat()),
            ("detected", each.detected_at.isoformat()),
            ("rate", f"{each.observed} / {each.expected:.1f} = {each.ratio:.1f}"),
            ("chance", f"{each.chance_per_week:.2g}"),
            ("languages", languages),
            *(("example", f"{example.language}: {example.text}") for example in each.examples),
        ]
        show_table((f"surge {each.number}", each.label), rows)
    if not found:
        print(say("surge.none", rate=f"{detector.settings.false_alarms_per_week:g}").text(speak))
    for sentence in detector.tally.sentences():
        print(sentence.text(speak))
