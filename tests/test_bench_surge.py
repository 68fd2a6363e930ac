"""The simulated weeks are what they say, and the command writes its record and page."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from bench.surge import Outcome, command, page
from bench.surge_oracle import told_the_topics
from bench.surge_stream import FULL, LASTING, QUICK, Text, simulate

ROOT = Path(__file__).parents[1]
WEEK = timedelta(days=7)


def texts(topic=""):
    rng = np.random.default_rng(len(topic))
    return [
        Text(f"{topic} {k}", language, topic, rng.normal(size=8).astype(np.float32), ())
        for k in range(20)
        for language in ("nl", "nb", "ru", "en")
    ]


TOPICS = [text for k in range(10) for text in texts(f"topic{k}")]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_week_holds_as_many_queries_as_it_should_and_ten_surges(seed):
    stream = simulate(texts(), TOPICS, FULL, seed)
    week = [query for query in stream.queries if query.received >= stream.since]
    assert 19_000 < len(week) < 22_000
    assert len(stream.planted) == 10
    assert all(3 <= each.factor <= 10 and each.begin >= stream.since for each in stream.planted)
    assert [q.received for q in stream.queries] == sorted(q.received for q in stream.queries)


@pytest.mark.parametrize("scale", [FULL, LASTING, QUICK])
def test_no_surge_runs_on_when_the_traffic_has_ended(scale):
    for seed in range(20):
        stream = simulate(texts(), TOPICS, replace(scale, history=0, per_week=200), seed)
        for each in stream.planted:
            assert stream.since <= each.begin < each.end <= stream.since + scale.watched * WEEK
            hours = (each.end - each.begin).total_seconds() / 3600
            assert scale.hours[0] <= hours <= scale.hours[1]


def test_a_planted_surge_multiplies_the_rate_of_its_topic():
    stream = simulate(texts(), TOPICS, FULL, 3)
    inside = outside = 0.0
    for each in stream.planted:
        hours = (each.end - each.begin).total_seconds() / 3600
        times = [q.received for q, topic in zip(stream.queries, stream.topics, strict=True) if topic == each.topic]
        inside += sum(each.begin <= moment < each.end for moment in times) / hours
        outside += sum(moment < stream.since for moment in times) / (168 * FULL.history)
    assert inside > 3 * outside


def test_the_same_seed_makes_the_same_week():
    one, other = (simulate(texts(), TOPICS, QUICK, 5) for _ in range(2))
    assert [q.received for q in one.queries] == [q.received for q in other.queries]
    assert one.topics == other.topics


def test_the_page_holds_means_and_worst_weeks():
    outcomes = [
        Outcome(0.25, 1, 10, 7, 0, 0, (10, 20, 30), 20.0, told=(5, 9)),
        Outcome(0.25, 2, 10, 9, 2, 1, (40,), 30.0),
        Outcome(1.0, 1, 10, 10, 3, 0, (), 25.0),
    ]
    told = page(outcomes, FULL, "2026-11-22", "python -m bench.surge")
    assert "| 1–6 | 0.25 | 2 | 8.0 of 10 | 7 | 25.0 | 1.0 | 2 | 0.5 | 1.0 | 7.0 | 25 |" in told
    assert "| 1–6 | 1 | 1 | 10.0 of 10 | 10 | – | 3.0 | 3 | 0.0 | 0.0 | – | 25 |" in told


@pytest.mark.parametrize(
    ("quick", "seeds", "rates", "told"),
    [
        (False, [101, 102, 103], [0.05, 0.25, 1.0], "python -m bench.surge"),
        (False, [1, 2], [0.25], "python -m bench.surge --seeds 1 2 --rates 0.25"),
        (True, [101], [0.25], "python -m bench.surge --quick"),
        (True, [7], [0.25], "python -m bench.surge --quick --seeds 7"),
    ],
)
def test_the_command_that_is_written_down_runs_the_same_again(quick, seeds, rates, told):
    assert command(quick, seeds, rates) == told


def test_the_page_tells_the_base_rate_of_its_weeks():
    assert "(2 to 6 queries an hour" in page([], FULL, "2026-11-22", "")
    assert "(0.6 to 1.8 queries an hour" in page([], QUICK, "2026-11-22", "")


def test_a_quick_run_writes_record_and_page(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "bench.surge", "--quick", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    record = json.loads((tmp_path / "surge.json").read_text(encoding="utf-8"))
    assert (record["command"], len(record["outcomes"])) == ("python -m bench.surge --quick", 1)
    outcome = record["outcomes"][0]
    assert outcome["planted"] == 3
    assert outcome["found"] + outcome["false"] + outcome["repeated"] <= 6
    assert "# Surges in simulated weeks" in (tmp_path / "surge.md").read_text(encoding="utf-8")
    assert (tmp_path / "surge.svg").read_text(encoding="utf-8").count("<path") > 10


def test_who_is_told_the_topics_finds_a_surge_at_once_and_none_where_there_is_none():
    stream = simulate(texts(), TOPICS, LASTING, 4)
    delays = told_the_topics(stream, 0.25)
    assert 5 <= len(delays) <= 10
    assert all(delay >= 3 for delay in delays)
    quiet = replace(
        stream, planted=[replace(each, begin=each.begin - WEEK, end=each.end - WEEK) for each in stream.planted]
    )
    assert len(told_the_topics(quiet, 0.25)) <= 1
