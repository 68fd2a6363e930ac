"""`intentclf surge FILE` and `score --surges`: reports, and rows that are odd."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from intentclf.errors import FaultsError, IntentclfError
from intentclf.serve.cli import app

ROOT = Path(__file__).parents[2]
START = datetime.fromisoformat("2026-11-02T00:00:00+01:00")


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def inbox(tmp_path_factory):
    """Four days of mixed queries, and three hours of one problem in four languages on the last."""
    with (ROOT / "bench" / "surge_topics.csv").open(encoding="utf-8", newline="") as file:
        topic = [row["text"] for row in csv.DictReader(file) if row["topic"] == "calendar_hour_off"]
    with (ROOT / "data" / "seed_labels.csv").open(encoding="utf-8", newline="") as file:
        others = [row["text"] for row in csv.DictReader(file)][::40]
    rng = np.random.default_rng(1)
    rows = [(float(h), others[int(rng.integers(len(others)))]) for h in rng.random(1000) * 96]
    rows += [(90 + 3 * k / len(topic), text) for k, text in enumerate(topic)]
    path = tmp_path_factory.mktemp("surge") / "inbox.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "received"])
        for number, (hours, text) in enumerate(sorted(rows)):
            writer.writerow([number, text, (START + timedelta(hours=hours)).isoformat()])
    return path


def test_a_surge_in_a_file_is_reported(inbox):
    found = json.loads(run("surge", inbox, "--since", "2026-11-05T00:00", "--zone", "Europe/Oslo", "--json").output)
    assert len(found["surges"]) == 1
    surge = found["surges"][0]
    assert surge["first_seen"] >= "2026-11-05T1"
    assert surge["observed"] > 2 * surge["expected"]
    assert set(surge["languages"]) >= {"nl", "nb", "ru", "en"}
    assert found["rows"]["seen"] == found["rows"]["counted"] + found["rows"]["copies"]
    told = run("surge", inbox, "--since", "2026-11-05T00:00", "--zone", "Europe/Oslo", "--speak", "nb").output
    assert "Mulig programfeil" in told


def test_a_stream_in_pieces_is_watched_like_one(inbox, tmp_path):
    with inbox.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    found = []
    for name, piece in (("one", rows[:700]), ("two", rows[700:])):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *piece])
        options = ("--since", "2026-11-05T00:00", "--zone", "Europe/Oslo", "--state", tmp_path / "state", "--json")
        found.append(json.loads(run("surge", tmp_path / f"{name}.csv", *options).output))
    whole = json.loads(run("surge", inbox, "--since", "2026-11-05T00:00", "--zone", "Europe/Oslo", "--json").output)
    assert [part["surges"] for part in found] == [[], whole["surges"]]
    assert found[1]["rows"] == whole["rows"]


def test_what_came_before_since_is_history_only(inbox):
    output = run("surge", inbox, "--since", "2026-11-07T00:00", "--zone", "Europe/Oslo").output
    assert "No sudden rise" in output


def test_score_reports_surges_beside_its_answers(inbox, tmp_path):
    result = run("score", inbox, "--out", tmp_path / "a.jsonl", "--surges", "--no-advice")
    assert "surge 1" in result.output
    assert len((tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()) == 1000 + 40


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("text,received\nmail,2026-11-02T10:00\n", ["--zone", "Mars/Base"], "Mars/Base"),
        ("text,received\nmail,2026-11-02T10:00\n", [], "2026-11-02T10:00"),
        ("text\nmail\n", [], "row 1: has no moment in received, date"),
        ("text,received\nmail,yesterday\n", [], "yesterday"),
        ("text,received\nmail,2026-11-02T10:00Z\n", ["--since", "soon"], "soon"),
        ("text,received\nmail,2026-11-02T10:00Z\n", ["--false-alarms-per-week", "0"], "0"),
        ("text,received\nmail,2026-11-02T10:00Z\n", ["--speak", "de"], "'de'"),
    ],
)
def test_a_mistake_gets_one_sentence(tmp_path, content, arguments, message):
    path = tmp_path / "in.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises((IntentclfError, FaultsError)) as error:
        run("surge", path, *arguments)
    assert message in str(error.value).replace(f"{path}:1:", "row 1:")


def test_every_row_that_is_odd_is_listed(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,received\na,2026-11-02T10:00Z\nb,\nc,never\n", encoding="utf-8")
    with pytest.raises(FaultsError) as error:
        run("surge", path)
    assert "2 faults" in str(error.value)


def test_rows_without_a_moment_are_scored_and_told_of(tmp_path):
    path, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    path.write_text("text,received\nmail doet het niet,2026-11-02T10:00Z\nhjelp,\n", encoding="utf-8")
    result = run("score", path, "--out", out, "--surges")
    assert "1 rows have no moment" in result.output + (result.stderr or "")
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2
