"""The command `intentclf surge`: suspected bugs in a file of queries, or in the queries that `score` answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intentclf.errors import Fault, FaultsError, InputError, shorten

if TYPE_CHECKING:
    from intentclf.predict.model import Model
    from intentclf.records import Answer, Query
    from intentclf.respond.sentences import Sentence
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import ScoredQuery, Surge

__all__ = ["detect", "received_of", "show_surges", "surge", "surges_dict", "watched"]

RECEIVED = ("received", "date", "received_at")
_BATCH = 256
_SORTED = 100_000  # rows that `watched` may put in order of time
_LISTED = 20


def surge(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Table of queries with a column of when they came.")],
    since: Annotated[
        str | None, typer.Option("--since", help="What came before is history; by default all counts.")
    ] = None,
    false_alarms: Annotated[
        float | None,
        typer.Option("--false-alarms-per-week", help="How many a week are put up with, over 0; 0.25 by default."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Time zone of the desk; moments without one are read in it.")
    ] = None,
    text: Annotated[str, typer.Option("--text", help="Column of the text.")] = "text",
    sender: Annotated[
        str | None,
        typer.Option("--sender", help="Column of the sender, who counts once in a while; `sender` where there is one."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Folder in which the history is kept from one run to the next."),
    ] = None,
    speak: Annotated[str, typer.Option("--speak", help="Language of the report: nl, nb, ru or en.")] = "en",
    model: Annotated[Path | None, typer.Option("--model", help="Model folder; the shipped model by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Report problems on which queries came suddenly quicker than their own history lets expect: suspected bugs."""
    from intentclf.intake.tables import Columns, read_queries
    from intentclf.predict.artifact import load_model
    from intentclf.respond.sentences import check_spoken
    from intentclf.respond.surges.state import save_detector

    check_spoken(speak)
    detector = _detector(state, since, false_alarms, zone)
    queries = list(read_queries(source, Columns(text)))
    if sender and not any(query.extra.get(sender) for query in queries):
        raise InputError(f"--sender must be a column with senders, got {sender!r}", file=source)
    moments = received_of(queries, source, zone)
    keys = list(_keys(queries, moments, sender or "sender", has_ids=_has_ids(source)))
    order = sorted(range(len(queries)), key=lambda k: moments[k].timestamp())
    rows = ((queries[k], moments[k], keys[k]) for k in order)
    found = list(detect(rows, load_model(model), detector, sender=sender or "sender"))
    show_surges(found, detector, speak, as_json=as_json)
    if not as_json:
        _list_ahead(detector, {query.id: row for row, query in enumerate(queries, start=1)}, source)
    if state:
        save_detector(detector, state)


def _detector(state: Path | None, since: str | None, false_alarms: float | None, zone: str | None) -> SurgeDetector:
    """A new detector, or the one that was kept; what is asked for now holds from now on, but its zone stays."""
    from dataclasses import replace

    from intentclf.respond.due.moments import find_zone, parse_moment
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import SurgeSettings
    from intentclf.respond.surges.state import has_state, load_detector

    if zone:
        find_zone(zone)
    begin = parse_moment(since, zone) if since else None
    if state is None or not has_state(state):
        rate = SurgeSettings().false_alarms_per_week if false_alarms is None else false_alarms
        return SurgeDetector(SurgeSettings(rate, zone=zone or "UTC"), since=begin)
    detector = load_detector(state)
    kept = detector.settings.zone
    if zone and zone != kept:
        raise InputError(f"--zone must be {kept!r}, in which the state was begun, got {zone!r}", file=state)
    if false_alarms is not None:
        detector.settings = replace(detector.settings, false_alarms_per_week=false_alarms)
    if begin:
        detector.begin_at(begin)
    return detector


def _has_ids(source: Path) -> bool:
    """Whether the rows of a table state their ids; for others they are numbers that begin anew with each file."""
    from intentclf.intake.tables import read_table, table_kind

    return source.is_file() and table_kind(source) is not None and "id" in next(read_table(source)).values


def _keys(
    queries: Sequence[Query], moments: Sequence[datetime], sender: str, *, has_ids: bool
) -> Iterator[tuple[str, ...]]:
    """What tells a copy of each row in another file: what it says, and its id where it has one."""
    from intentclf.respond.surges.arrivals import content_keys

    rows = ((moment, query.extra.get(sender, ""), query.text) for query, moment in zip(queries, moments, strict=True))
    for k, (query, content) in enumerate(zip(queries, content_keys(rows), strict=True)):
        # A table may have ids in some rows only; the others bear their number.
        yield (content, query.id) if has_ids and query.id != str(k) else (content,)


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
    queries: Iterable[tuple[Query, datetime, tuple[str, ...]]],
    model: Model,
    detector: SurgeDetector,
    *,
    sender: str = "sender",
) -> Iterator[Surge]:
    """Answer queries in batches and give the surges that they bring to light.

    Parameters
    ----------
    queries : iterable of (Query, datetime, keys)
        In the order in which they came; keys as in `ScoredQuery`.
    model : Model
    detector : SurgeDetector
    sender : str
        Which of the extra values names the sender.
    """
    from intentclf.triage import triage_many

    iterator = iter(queries)
    while batch := list(islice(iterator, _BATCH)):
        answers = triage_many([query for query, _, _ in batch], model, words=0)
        for each in _scored(batch, answers, model, sender):
            yield from detector.add(each)


def watched(
    answers: Iterable[Answer],
    queries: Iterable[Query],
    model: Model,
    detector: SurgeDetector,
    zone: str | None,
    found: list[Surge],
) -> Iterator[Answer]:
    """Hand answers on and collect the surges among them.

    The detector sees the rows in order of time, whatever their order in the file, as far as the last hundred thousand
    allow; `found` is whole at the end. Rows whose moment cannot be read are told of at the end.
    """
    waiting: list[tuple[float, int, ScoredQuery]] = []
    pairs, timeless, number = zip(queries, answers, strict=True), 0, 0
    while batch := list(islice(pairs, _BATCH)):
        dated = [(query, moment, answer) for query, answer in batch if (moment := _moment(query, zone))]
        timeless += len(batch) - len(dated)
        rows = [(query, moment, ()) for query, moment, _ in dated]
        for each in _scored(rows, [answer for _, _, answer in dated], model, "sender"):
            number += 1
            heappush(waiting, (each.received.timestamp(), number, each))
            if len(waiting) > _SORTED:
                found += detector.add(heappop(waiting)[2])
        yield from (answer for _, answer in batch)
    while waiting:
        found += detector.add(heappop(waiting)[2])
    if timeless:
        typer.echo(f"{timeless} rows have no moment that can be read and were not watched for surges", err=True)


def _moment(query: Query, zone: str | None) -> datetime | None:
    from intentclf.respond.due.moments import parse_moment

    written = next((query.extra[name] for name in RECEIVED if query.extra.get(name)), "")
    try:
        return parse_moment(written, zone)
    except InputError:
        return None


def _scored(
    rows: Sequence[tuple[Query, datetime, tuple[str, ...]]], answers: Sequence[Answer], model: Model, sender: str
) -> Iterator[ScoredQuery]:
    """Rows as the detector takes them; their vectors are made together."""
    from intentclf.intake import read
    from intentclf.respond.surges.records import ScoredQuery, code_scores

    if not rows:
        return
    vectors = model.network.vectors.encode([read(query).core for query, _, _ in rows])
    for (query, moment, keys), answer, vector in zip(rows, answers, vectors, strict=True):
        codes, who = code_scores(answer.reasons), query.extra.get(sender, "")
        yield ScoredQuery(query.id, moment, vector, codes, answer.language.code, query.text, who, keys)


def surges_dict(found: list[Surge], detector: SurgeDetector) -> dict[str, Any]:
    """Surges as they stand now, what became of the rows, and those set aside for their date, for `json.dumps`."""
    ahead = [{"id": each.id, "received": each.received.isoformat()} for each in detector.ahead.held]
    return {
        "surges": [each.to_dict() for each in _as_they_stand(found, detector)],
        "rows": detector.tally.to_dict(),
        "ahead": ahead,
    }


def _as_they_stand(found: list[Surge], detector: SurgeDetector) -> list[Surge]:
    final = {each.number: each for each in detector.surges()}
    return [final.get(each.number, each) for each in found]


def _list_ahead(detector: SurgeDetector, rows: dict[str, int], source: Path) -> None:
    """Name the rows whose date may be a slip; those of an earlier run by their id."""
    held = detector.ahead.held
    for each in held[:_LISTED]:
        where = f"{source}, row {rows[each.id]}" if each.id in rows else f"query {shorten(each.id)}"
        print(f"{where}: {each.received.isoformat()}")
    if len(held) > _LISTED:
        print(f"… +{len(held) - _LISTED}")


def show_surges(found: list[Surge], detector: SurgeDetector, speak: str, *, as_json: bool = False) -> None:
    """Print surges as they stand now, and what became of the rows."""
    from intentclf.respond.sentences import say
    from intentclf.serve.render import show_table

    if as_json:
        print(json.dumps(surges_dict(found, detector), ensure_ascii=False))
        return
    found = _as_they_stand(found, detector)
    for each in found:
        languages = ", ".join(f"{name} {number}" for name, number in each.languages.items())
        rows = [
            ("what", each.sentence().text(speak)),
            ("first seen", each.first_seen.isoformat()),
            ("detected", each.detected_at.isoformat()),
            ("rate", f"{each.observed} / {each.expected:.1f} = {each.ratio:.1f}"),
            ("chance", f"{each.chance_per_week:.2g}"),
            ("languages", languages),
            *([("senders", str(each.senders))] if each.senders else []),
            *(("example", f"{example.language}: {example.text}") for example in each.examples),
        ]
        show_table((f"surge {each.number}", each.label), rows)
    if not detector.is_warm:
        print(_short_history(detector).text(speak))
    elif not found:
        print(say("surge.none", rate=f"{detector.settings.false_alarms_per_week:g}").text(speak))
    for sentence in detector.tally.sentences():
        print(sentence.text(speak))


def _short_history(detector: SurgeDetector) -> Sentence:
    from intentclf.respond.sentences import say

    now, zone = detector.now, detector.desk.profile.zone
    if not detector.tally.counted:
        return say("surge.short_history", number=0, days=0, since="-")
    days = (now - min(detector.desk.first, now)) / 86_400
    moment = datetime.fromtimestamp(now, zone).isoformat(timespec="minutes")
    return say("surge.short_history", number=detector.tally.counted, days=f"{days:.1f}", since=moment)
