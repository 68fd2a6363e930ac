"""`python -m bench.surge`: simulated weeks with planted surges; how many are found, how soon, which alarms are false.

Background texts are a third of the seed file's, the topics of the surges those of `surge_topics.csv`, which nothing was
trained on; vectors and codes are the shipped model's. Each topic also comes at its base rate all the time, and a surge
multiplies it. A surge counts as found by an alarm of which its queries are half of the excess and a third of the
members. The detector was tuned on seeds 1 to 8; others are to be quoted. A topic's texts repeat word for word, which is
easier than life. Beside it stands a detector that is told the topic of every query (`bench.surge_oracle`): what that
one misses, chance hides.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np

from bench.surge_oracle import told_the_topics
from bench.surge_plot import plot
from bench.surge_stream import BASE, FULL, LASTING, QUICK, Planted, Scale, Stream, Text, simulate
from intentclf import __version__
from intentclf.intake import read
from intentclf.predict.artifact import load_model
from intentclf.predict.model import Model
from intentclf.records import Query
from intentclf.respond.surges.detector import SurgeDetector
from intentclf.respond.surges.records import Surge, SurgeSettings, code_scores
from intentclf.triage import triage_many

__all__ = ["Outcome", "as_model_reads", "main", "page", "watch"]

HERE = Path(__file__).parent
SEED = HERE.parent / "data" / "seed_labels.csv"
SEEDS = (101, 102, 103)
RATES = (0.05, 0.25, 1.0)
"""False alarms a week that are allowed, for the trade-off curve; the second is the default."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one simulated week.

    Attributes
    ----------
    allowed : float
        False alarms a week that the detector was allowed.
    seed, planted, found, false, repeated : int
        Surges planted and found, alarms of which no surge is the cause, further alarms of a surge found already.
    delays : tuple of int
        Queries of the surge up to the alarm, for each that was found.
    seconds : float
        Of the whole stream, history included.
    hours : (float, float)
        Least and most that a surge of that week lasts.
    told : tuple of int
        Delays of a detector that is told the topics.
    """

    allowed: float
    seed: int
    planted: int
    found: int
    false: int
    repeated: int
    delays: tuple[int, ...]
    seconds: float
    hours: tuple[float, float] = FULL.hours
    told: tuple[int, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, watch, print, and write surge.json and surge.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.surge", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="weeks to simulate")
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES), help="false alarms a week to allow")
    parser.add_argument("--quick", action="store_true", help="one small week at the default setting, under a minute")
    parser.add_argument("--out", type=Path, help="folder of the results; bench/results, or out/bench with --quick")
    options = parser.parse_args(arguments)
    scales = [QUICK] if options.quick else [FULL, LASTING]
    seeds, rates = ([options.seeds[0]], [RATES[1]]) if options.quick else (options.seeds, options.rates)
    background, topics = texts(load_model(), most=2000 if options.quick else 15_000)
    outcomes = []
    for scale, seed in product(scales, seeds):
        stream = simulate(background, topics, scale, seed)
        for rate in rates:
            told = tuple(told_the_topics(stream, rate))
            outcomes.append(replace(watch(stream, rate, seed), hours=scale.hours, told=told))
            print(line(outcomes[-1]), flush=True)
    out = options.out or (Path("out/bench") if options.quick else HERE / "results")
    out.mkdir(parents=True, exist_ok=True)
    record = {
        "command": command(options.quick, seeds, rates),
        "date": date.today().isoformat(),
        "versions": {"intentclf": __version__, "python": platform.python_version(), "numpy": np.__version__},
        "scales": [asdict(scale) for scale in scales],
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    (out / "surge.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (out / "surge.md").write_text(
        page(outcomes, scales[0], str(record["date"]), str(record["command"])), encoding="utf-8"
    )
    plot(outcomes, out / "surge.svg")
    print(f"surge.md, surge.json and surge.svg written to {out}")
    return 0


def command(quick: bool, seeds: Sequence[int], rates: Sequence[float]) -> str:
    """What was run, to be run again."""
    words = ["python -m bench.surge", *(["--quick"] if quick else [])]
    if tuple(seeds) != SEEDS[: 1 if quick else None]:
        words += ["--seeds", *map(str, seeds)]
    if not quick and tuple(rates) != RATES:
        words += ["--rates", *(f"{rate:g}" for rate in rates)]
    return " ".join(words)


def texts(model: Model, *, most: int) -> tuple[list[Text], list[Text]]:
    """Background and topics as the model reads them; every n-th text of the background so that about `most` remain."""
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = [("", "nb" if row["lang"] == "nn" else row["lang"], row["text"]) for row in csv.DictReader(file)]
    with (HERE / "surge_topics.csv").open(encoding="utf-8", newline="") as file:
        planted = [(row["topic"], row["lang"], row["text"]) for row in csv.DictReader(file)]
    step = max(1, len(rows) // most)
    return as_model_reads(rows[::step], model), as_model_reads(planted, model)


def as_model_reads(rows: Sequence[tuple[str, str, str]], model: Model) -> list[Text]:
    """Vectors and codes of texts, given as (topic, language, text)."""
    found: list[Text] = []
    for k in range(0, len(rows), 1000):
        part = rows[k : k + 1000]
        queries = [Query(str(n), text, language) for n, (_, language, text) in enumerate(part)]
        vectors = model.network.vectors.encode([read(query).core for query in queries]).astype(np.float32)
        answers = triage_many(queries, model, words=0)
        for (topic, language, text), vector, answer in zip(part, vectors, answers, strict=True):
            found.append(Text(text, language, topic, vector, code_scores(answer.reasons)))
    return found


def watch(stream: Stream, allowed: float, seed: int) -> Outcome:
    """Run the detector over a stream and hold its alarms against what was planted."""
    begun = time.perf_counter()
    detector = SurgeDetector(SurgeSettings(false_alarms_per_week=allowed), since=stream.since)
    delays: dict[int, int] = {}
    false = repeated = 0
    for query in stream.queries:
        for surge in detector.add(query):
            cause = _cause(stream, detector, surge)
            if cause is None:
                false += 1
            elif cause in delays:
                repeated += 1
            else:
                planted = stream.planted[cause]
                delays[cause] = sum(
                    _is_of(stream, k, planted) and each.received <= query.received
                    for k, each in enumerate(stream.queries)
                )
    seconds = time.perf_counter() - begun
    return Outcome(
        allowed, seed, len(stream.planted), len(delays), false, repeated, tuple(delays.values()), round(seconds, 1)
    )


def _is_of(stream: Stream, place: int, planted: Planted) -> bool:
    received = stream.queries[place].received
    return stream.topics[place] == planted.topic and planted.begin <= received < planted.end


def _cause(stream: Stream, detector: SurgeDetector, surge: Surge) -> int | None:
    """The planted surge whose queries are half of an alarm's excess and a third of its members; None where none are."""
    members = [int(name) for name in detector.members(surge.number)]
    counts = [sum(_is_of(stream, k, planted) for k in members) for planted in stream.planted]
    best = max(range(len(counts)), key=lambda k: counts[k], default=None)
    if best is None or counts[best] < max(0.5 * (surge.observed - surge.expected), len(members) / 3):
        return None
    return best


def line(outcome: Outcome) -> str:
    """One week in one line."""
    delay = f"{median(outcome.delays):.0f}" if outcome.delays else "-"
    return (
        f"{outcome.hours[0]:g} to {outcome.hours[1]:g} hours, seed {outcome.seed}, {outcome.allowed:g} false alarms a "
        f"week allowed: {outcome.found} of {outcome.planted} found, median delay {delay} queries, {outcome.false} "
        f"false, {outcome.repeated} repeated, {outcome.seconds:.0f} s; told the topics: {len(outcome.told)} found"
    )


def page(outcomes: Sequence[Outcome], scale: Scale, day: str, told: str) -> str:
    """The results as a page."""
    table = "\n".join(
        _row([each for each in outcomes if (each.hours, each.allowed) == kind])
        for kind in sorted({(outcome.hours, outcome.allowed) for outcome in outcomes})
    )
    least, most = (rate * scale.per_week / FULL.per_week for rate in BASE)
    return f"""# Surges in simulated weeks

{day}, `{told}`; {scale.per_week:,} queries a week, {scale.history} week(s) of history, {scale.surges} surges of 3 to
10 times the base rate ({least:g} to {most:g} queries an hour of the working day), in four languages. Asked for: at
least 9 of 10 found, median delay under 30 queries of the surge, at most 1 false alarm.

How long a surge lasts decides how much there is to find: 3 times a base rate of {least:g} an hour adds {2 * least:g}
queries an hour.
`told` is a detector that is told the topic of every query, held to the same false alarms: what it misses, chance hides.
`allowed` is the setting, false alarms a week; the delay counts queries of the surge; counts are means over weeks.

| hours | allowed | weeks | found | worst | median delay | false | worst | repeated | told: found | delay | seconds |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
{table}

![Found and delay against false alarms](surge.svg)
"""


def _row(mine: Sequence[Outcome]) -> str:
    """Weeks of one kind and setting as a row of the table."""
    delays = [delay for each in mine for delay in each.delays]
    told = [delay for each in mine for delay in each.told]
    return (
        f"| {mine[0].hours[0]:g}–{mine[0].hours[1]:g} | {mine[0].allowed:g} | {len(mine)} | "
        f"{np.mean([o.found for o in mine]):.1f} of {mine[0].planted} | "
        f"{min(o.found for o in mine)} | {median(delays) if delays else '–'} | "
        f"{np.mean([o.false for o in mine]):.1f} | {max(o.false for o in mine)} | "
        f"{np.mean([o.repeated for o in mine]):.1f} | {np.mean([len(o.told) for o in mine]):.1f} | "
        f"{median(told) if told else '–'} | {median(o.seconds for o in mine):.0f} |"
    )


if __name__ == "__main__":
    raise SystemExit(main())
