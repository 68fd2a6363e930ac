"""A run leaves a whole file or none, whatever happens under way."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

from intentclf.errors import InputError
from intentclf.intake.tables import Columns, read_queries
from intentclf.records import Query
from intentclf.serve.batch import flat_columns, score, write_answers

QUERIES = [Query("01", "mail doet het niet"), Query("NA", "не могу зайти в почту"), Query("x", "")]


@pytest.fixture
def answers(model):
    return list(score(QUERIES, model))


def test_json_lines_hold_one_answer_a_line_in_order(tmp_path, model, answers):
    write_answers(answers, tmp_path / "a.jsonl", model)
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [answer.to_dict() for answer in answers]


def test_csv_keeps_ids_as_text_and_the_whole_answer_in_the_last_column(tmp_path, model, answers):
    write_answers(answers, tmp_path / "a.csv", model)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["01", "NA", "x"]
    assert [json.loads(row["answer"]) for row in rows] == [answer.to_dict() for answer in answers]


def test_parquet_has_typed_columns(tmp_path, model, answers):
    write_answers(answers, tmp_path / "a.parquet", model)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.column_names == flat_columns(model)
    assert table.schema.field("severity_confidence").type == "double"
    assert table.column("is_vague").to_pylist()[2] is True


def test_the_summary_counts_actions_languages_and_warnings(tmp_path, model, answers):
    summary = write_answers(answers, tmp_path / "a.jsonl", model)
    assert (summary.answers, summary.warned) == (3, 1)
    assert summary.languages["ru"] == 1
    assert sum(summary.actions.values()) == 3


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_a_failure_under_way_leaves_the_old_file_and_nothing_else(tmp_path, model, answers, ending):
    out = tmp_path / f"a{ending}"
    out.write_text("old", encoding="utf-8")

    def broken():
        yield answers[0]
        raise InputError("row 2 is broken")

    with pytest.raises(InputError, match="row 2 is broken"):
        write_answers(broken(), out, model)
    assert out.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == [out.name]


@pytest.mark.parametrize(
    ("name", "message"),
    [("a.xlsx", "output must end in .jsonl, .csv, .parquet, got 'a.xlsx'"), ("no/a.csv", "cannot be written")],
)
def test_an_output_that_cannot_be_is_refused(tmp_path, model, name, message):
    with pytest.raises(InputError, match=message):
        write_answers([], tmp_path / name, model)


FULL_DISK = """
import resource, sys
from pathlib import Path
from intentclf import load_model
from intentclf.errors import IntentclfError
from intentclf.records import Query
from intentclf.serve.batch import score, write_answers
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
model = load_model()
try:
    write_answers(score([Query(str(k), "mail doet het niet") for k in range(500)], model), Path(sys.argv[1]), model)
except IntentclfError as error:
    print(error)
    raise SystemExit(2)
"""


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_a_full_disk_ends_with_one_sentence_and_no_file(tmp_path, ending):
    out = tmp_path / f"a{ending}"
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(out)], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, "")
    assert "cannot be written (File too large)" in run.stdout
    assert os.listdir(tmp_path) == []


def test_a_killed_run_leaves_the_old_output(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text("id,text\n" + "".join(f"{k},mail doet het niet {k}\n" for k in range(50_000)), encoding="utf-8")
    out.write_text("old", encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-m", "intentclf.serve.cli", "score", str(source), "--out", str(out)])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not list(tmp_path.glob(".out.jsonl.*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert out.read_text(encoding="utf-8") == "old"


def test_a_bad_row_is_kept_with_a_warning_and_the_batch_goes_on(tmp_path, model):
    source = tmp_path / "in.csv"
    source.write_bytes(b"id,text\n1,mail is weg\n2,\xff\xfe kapot\n3," + b"x" * 5_000_000 + b"\n4,wachtwoord kwijt\n")
    answers = list(score(read_queries(source, Columns()), model))
    assert [answer.id for answer in answers] == ["1", "2", "3", "4"]
    assert answers[1].warnings == ("undecodable bytes",)
    assert answers[2].warnings[0].startswith("truncated: 5000000 characters")
    assert not answers[3].warnings
