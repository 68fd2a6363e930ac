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


def test_a_history_that_is_too_short_is_told_of(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,received\nmail weg,2026-11-02T10:00Z\nhjelp,2026-11-02T22:00Z\n", encoding="utf-8")
    output = run("surge", path).output
    assert "Too little history to judge by: 2 queries over 0.5 days before 2026-11-02T22:00+00:00." in output
    assert "No sudden rise" not in output


def written(path, rows):
    """A table without ids of (moment, sender, text)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("received", "sender", "text"), *rows])
    return path


def test_rows_without_ids_are_no_copies_of_those_of_another_file(tmp_path):
    days = [
        [(f"2026-11-0{day}T1{k}:00Z", f"s{k}", f"mail {k} weg") for k in range(3)]
        + [(f"2026-11-0{day}T15:00Z", "", "hjelp")] * 2
        for day in (2, 3)
    ]
    state = ("--state", tmp_path / "state", "--json")
    seen = [
        json.loads(run("surge", written(tmp_path / f"{k}.csv", rows), *state).output)["rows"]
        for k, rows in enumerate((days[0], days[1], [*days[0][2:], *days[1]]))
    ]
    assert [(each["counted"], each["copies"], each["late"]) for each in seen] == [(5, 0, 0), (10, 0, 0), (10, 8, 0)]


def test_rows_with_ids_are_known_by_them_in_another_file(tmp_path):
    path, state = tmp_path / "in.csv", ("--state", tmp_path / "state", "--json")
    path.write_text("id,text,received\na,mail weg,2026-11-02T10:00Z\nb,hjelp,2026-11-02T10:05Z\n", encoding="utf-8")
    run("surge", path, *state)
    path.write_text("id,text,received\nb,hjelp meg,2026-11-02T10:06Z\nc,почта,2026-11-02T10:06Z\n", encoding="utf-8")
    rows = json.loads(run("surge", path, *state).output)["rows"]
    assert (rows["counted"], rows["copies"]) == (3, 1)


def test_a_row_from_the_future_is_listed_with_row_and_moment(tmp_path):
    rows = [(f"2026-11-02T{10 + k}:00Z", f"s{k}", f"mail {k}") for k in range(5)]
    path = written(tmp_path / "in.csv", [rows[0], ("2062-11-02T10:00Z", "s", "mail weg"), *rows[1:]])
    output = run("surge", path).output
    assert "wrong date?): 1." in output
    assert f"{path}, row 2: 2062-11-02T10:00:00+00:00" in output
    told = json.loads(run("surge", path, "--json").output)
    assert told["ahead"] == [{"id": "1", "received": "2062-11-02T10:00:00+00:00"}]


def test_a_state_is_begun_in_a_folder_that_is_there(tmp_path):
    (tmp_path / "state").mkdir()
    path = written(tmp_path / "in.csv", [("2026-11-02T10:00Z", "s", "mail weg")])
    run("surge", path, "--state", tmp_path / "state")
    assert [each.name for each in (tmp_path / "state").iterdir()] == ["surge.npz"]


def test_what_is_asked_of_a_kept_state_holds_from_now_on(tmp_path):
    from intentclf.respond.surges.state import load_detector

    path = written(tmp_path / "in.csv", [("2026-11-02T10:00", "s", "mail weg")])
    state = ("--zone", "Europe/Oslo", "--state", tmp_path / "state")
    run("surge", path, *state)
    run("surge", path, *state, "--false-alarms-per-week", "2", "--since", "2026-11-03T00:00")
    kept = load_detector(tmp_path / "state")
    assert kept.settings.false_alarms_per_week == 2
    assert kept.since == datetime.fromisoformat("2026-11-03T00:00+01:00").timestamp()
    with pytest.raises(IntentclfError, match="--zone must be 'Europe/Oslo', in which the state was begun, got 'UTC'"):
        run("surge", path, "--zone", "UTC", "--state", tmp_path / "state")
    with pytest.raises(IntentclfError, match="false_alarms_per_week must be above 0, got 0"):
        run("surge", path, *state, "--false-alarms-per-week", "0")


def test_the_order_of_the_file_does_not_matter_to_score(inbox):
    from intentclf.intake.tables import Columns, read_queries
    from intentclf.predict.artifact import load_model
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.respond.surges.records import Surge, SurgeSettings
    from intentclf.serve.cli_surge import surges_dict, watched
    from intentclf.triage import triage_many

    model, queries = load_model(), list(read_queries(inbox, Columns("text")))
    answers = triage_many(queries, model, words=0)
    told = []
    for step in (1, -1):
        detector = SurgeDetector(SurgeSettings(zone="Europe/Oslo"))
        found: list[Surge] = []
        rows = watched(answers[::step], queries[::step], model, detector, "Europe/Oslo", found)
        assert [each.id for each in rows] == [each.id for each in queries[::step]]
        told.append(surges_dict(found, detector))
    assert told[0] == told[1]
    assert len(told[0]["surges"]) == 1


def test_rows_beyond_those_that_can_be_sorted_are_told_of(monkeypatch):
    import intentclf.serve.cli_surge as module
    from intentclf.predict.artifact import load_model
    from intentclf.records import Query
    from intentclf.respond.surges.detector import SurgeDetector
    from intentclf.triage import triage_many

    monkeypatch.setattr(module, "_SORTED", 4)
    model = load_model()
    queries = [Query(str(k), "mail weg", extra={"received": f"2026-11-02T{20 - k}:00Z"}) for k in range(10)]
    detector = SurgeDetector()
    list(module.watched(triage_many(queries, model, words=0), queries, model, detector, None, []))
    assert (detector.tally.counted, detector.tally.late) == (5, 5)
    assert detector.tally.sentences()[0].key == "surge.unsorted"


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
        (
            "text,received\nmail,2026-11-02T10:00Z\n",
            ["--false-alarms-per-week", "0"],
            "false_alarms_per_week must be above 0, got 0",
        ),
        (
            "text,received\nmail,2026-11-02T10:00Z\n",
            ["--sender", "from"],
            "--sender must be a column with senders, got 'from'",
        ),
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
