"""The stages make the committed model again, and the commands train, evaluate and track."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from intentclf import load_model
from intentclf.errors import InputError, ModelError
from intentclf.predict.store import CARD
from intentclf.predict.vectors import Vectors, packed, save_vectors
from intentclf.records import Query
from intentclf.serve.cli import app, main
from intentclf.train.pipeline import start_from
from intentclf.triage import triage_many

ROOT = Path(__file__).parents[2]
TRACKED = ["data/seed_labels.csv", "models", "metrics", "src", "dvc.yaml", "dvc.lock", "params.yaml", ".dvcignore"]


def run(*arguments):
    """Run a command in this process; what a user can mend is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.stdout


def command(*arguments, cwd, **environment):
    """Run a command as a program of its own."""
    program = [sys.executable, "-m", "intentclf.serve.cli", *map(str, arguments)]
    return subprocess.run(
        program, capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment}
    )


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    """A copy of the repository, without anything that git does not track, rebuilt by DVC."""
    folder = tmp_path_factory.mktemp("repository")
    for name in TRACKED:
        source = ROOT / name
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "metrics/metrics.json").unlink()
    subprocess.run([sys.executable, "-m", "dvc", "init", "--no-scm", "-q"], cwd=folder, check=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}
    runs = [
        subprocess.run(
            [sys.executable, "-m", "dvc", "repro", "evaluate"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    ]
    return folder, runs


@pytest.mark.slow
def test_dvc_makes_the_committed_model_and_figures_again(rebuilt):
    folder, runs = rebuilt
    assert runs[0].returncode == 0, runs[0].stderr
    for name in (
        "metrics/metrics.json",
        "metrics/reliability.csv",
        "models/default/manifest.json",
        "models/default/CARD.md",
    ):
        assert (folder / name).read_bytes() == (ROOT / name).read_bytes(), name


@pytest.mark.slow
def test_a_second_run_does_nothing(rebuilt):
    _, runs = rebuilt
    assert "Data and pipelines are up to date." in runs[1].stdout
    assert "Running stage" not in runs[1].stdout


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    """A small table of labelled texts with flat and dotted labels, in two languages."""
    folder = tmp_path_factory.mktemp("tickets")
    words = {
        "printer.paper": ["papier vast in de printer", "papir sitter fast i skriveren"],
        "printer.ink": ["inkt van de printer is op", "skriveren har ikke mer blekk"],
        "wifi": ["wifi valt steeds weg", "trådløst nett faller ut"],
    }
    rows = [
        {"body": f"{text} {k * 7919}", "topic": label, "urgent": "ja" if k % 2 else "nei", "taal": language}
        for k in range(40)
        for label, texts in words.items()
        for text, language in zip(texts, ("nl", "no"), strict=True)
    ]
    path = folder / "tickets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    # The rows differ in a number only; as near-duplicates they would all belong to one part.
    settings = "prepare: {near_duplicate: 1.0}\nfit: {hidden: 16, epochs: 20, batch: 32, contrast_epochs: 1}\n"
    (folder / "params.yaml").write_text(settings, encoding="utf-8")
    table = np.random.default_rng(0).integers(-7, 8, (1024, 8))
    save_vectors(Vectors(packed(table), np.full(1024, 0.05, np.float32), 2, (2, 4)), folder / "vectors", facts={})
    return path


def training(tickets, out):
    """The command that trains on the tickets, quickly and from small vectors."""
    return (
        *("train", "--data", tickets, "--text", "body", "--label", "topic", "--label", "urgent", "--language", "taal"),
        *("--vectors", tickets.parent / "vectors", "--params", tickets.parent / "params.yaml", "--out", out, "--json"),
    )


@pytest.fixture(scope="module")
def trained(tickets):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")  # machines this small are fitted sooner than a second process starts
        scores = json.loads(run(*training(tickets, tickets.parent / "model"), "--no-track"))
    return tickets.parent / "model", scores


@pytest.fixture(scope="module")
def tracked(tickets):
    result = command(*training(tickets, "tracked"), cwd=tickets.parent)
    assert result.returncode == 0, result.stderr
    return tickets.parent / "tracked"


def test_label_columns_of_any_name_become_code_books(trained):
    folder, scores = trained
    model = load_model(folder)
    assert {name: list(book.codes) for name, book in model.books.items()} == {
        "topic": ["printer", "printer.ink", "printer.paper", "wifi"],
        "urgent": ["ja", "nei"],
    }
    assert scores["topic"]["all"]["accuracy"] == 1.0
    assert set(scores["topic"]) == {"all", "nl", "nb"}


def test_a_model_without_severity_answers_in_the_stable_form(trained):
    (answer,) = triage_many([Query("1", "er zit papier vast in de printer")], load_model(trained[0]))
    assert answer.reasons["topic"].code == "printer.paper"
    assert (answer.severity.level, answer.severity.decided_by) == ("C", "rule")


def test_evaluate_reads_the_labels_that_model_and_file_share(trained, tickets):
    scores = run(
        *("evaluate", "--data", tickets, "--text", "body", "--language", "taal", "--model", trained[0], "--json")
    )
    assert json.loads(scores)["topic"]["nl"]["n"] == 120


def test_a_model_is_made_again_to_the_byte(trained, tickets, tmp_path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    run(*training(tickets, tmp_path / "again"), "--no-track", "--name", "model")
    for path in trained[0].iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_model_is_cut_into_the_n_grams_of_the_vectors_that_it_started_from(trained):
    vectors = load_model(trained[0]).network.vectors
    assert (vectors.dense().shape, vectors.words, vectors.chars) == ((1024, 8), 2, (2, 4))


def test_training_starts_from_the_vectors_of_a_folder_or_from_the_shipped_ones(tickets):
    assert start_from(tickets.parent / "vectors", None).vectors.dense().shape == (1024, 8)
    assert start_from(None, None).vectors.table.shape[0] == 1 << 17


def test_vectors_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such folder of vectors"):
        start_from(tmp_path / "nowhere", None)


def test_an_encoder_that_is_to_stand_alone_must_be_given(tickets):
    with pytest.raises(InputError, match="--encoder-only needs --encoder"):
        start_from(tickets.parent / "vectors", None, encoder_only=True)


def test_tuning_a_trained_model_changes_what_it_accepts_and_nothing_else(trained, tmp_path):
    copied = shutil.copytree(trained[0], tmp_path / "copy")
    before, card = load_model(copied), (copied / CARD).read_bytes()
    found = json.loads(run("tune", "--model", copied, "--target-precision", "0.999", "--json"))
    after = load_model(copied)
    assert before.accept < 1 < after.accept == found["thresholds"]["query"]["all"]  # its rows are too few for 99.9 %
    assert (after.id.name, after.id.version, (copied / CARD).read_bytes()) == (before.id.name, before.id.version, card)
    queries = [Query("1", "er zit papier vast in de printer")]
    once, again = (triage_many(queries, model)[0].reasons["topic"] for model in (before, after))
    assert (once.accepted, again.accepted) == (True, False)
    assert replace(once, accepted=False) == again


@pytest.mark.slow
def test_a_run_is_recorded_with_settings_figures_hashes_and_the_model(tracked, tickets):
    program = """
import json, mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
(run,) = mlflow.search_runs(experiment_names=["intentclf"], output_format="list")
(model,) = mlflow.search_logged_models(experiment_ids=[run.info.experiment_id], output_format="list")
loaded = mlflow.pyfunc.load_model(model.model_uri)
answers = loaded.predict(loaded.input_example)["answer"]
print(json.dumps({
    "params": run.data.params, "metrics": run.data.metrics, "tags": run.data.tags,
    "inputs": loaded.metadata.signature.inputs.to_dict(), "answers": list(answers),
}))
"""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=tickets.parent, capture_output=True, text=True, check=True
    )
    record = json.loads(result.stdout.splitlines()[-1])
    assert record["params"]["fit.c"] == "0.5"
    assert record["metrics"]["topic.nl.accuracy"] == 1.0
    assert len(record["tags"]["data_sha256"]) == 64
    assert [column["name"] for column in record["inputs"]] == ["text"]
    examples = triage_many([Query("0", "mail doet het niet"), Query("1", "не могу зайти")], load_model(tracked))
    assert [json.loads(answer) for answer in record["answers"]] == [answer.to_dict() for answer in examples]


@pytest.mark.slow
def test_a_tracking_server_that_does_not_answer_costs_the_record_and_not_the_model(tickets, tmp_path):
    result = command(
        *training(tickets, tmp_path / "m"),
        cwd=tmp_path,
        MLFLOW_TRACKING_URI="http://127.0.0.1:9",
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
    )
    assert result.returncode == 0
    assert "run not tracked: " in result.stderr
    assert load_model(tmp_path / "m").id.name == "m"


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty folder as the program does, and gives what it said when it ended with 2."""

    def refuse(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["intentclf", *map(str, arguments)])
        with pytest.raises(SystemExit, match="^2$"):
            main()
        return capsys.readouterr().err.splitlines()

    return refuse


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("text,topic\n" + "".join(f"tekst {k},a\n" for k in range(40)), "label 'topic' has only one value"),
        (
            "text,topic,split\n" + "".join(f" ,{'ab'[k % 2]},{'train' if k % 4 else 'cal'}\n" for k in range(40)),
            "none of the 30 texts of the training part has a word",
        ),
        ("text,topic\na,b\n", "1 rows are too few to be split"),
    ],
    ids=["one class", "no words", "one row"],
)
def test_data_that_nothing_can_be_learnt_from_is_refused_in_one_sentence(tmp_path, refused, rows, message):
    (tmp_path / "t.csv").write_text(rows, encoding="utf-8")
    (told,) = refused("train", "--data", "t.csv", "--label", "topic", "--out", "m", "--no-track")
    assert message in told
    assert not (tmp_path / "m").exists()


def test_a_code_book_of_ones_own_binds_the_labels(tickets, tmp_path, refused):
    header = "code,parent,level,label_en,definition\n"
    (tmp_path / "topic.csv").write_text(header + "wifi,,1,Wireless,The network.\n", encoding="utf-8")
    told = refused(
        *("train", "--data", tickets, "--text", "body", "--label", "topic", "--out", "m"),
        *("--codebook", "topic=topic.csv"),
    )
    assert any("unknown code 'printer.paper' in topic" in line for line in told)
    assert not (tmp_path / "m").exists()


def test_without_the_folder_of_vectors_training_starts_from_those_of_the_shipped_model(monkeypatch, tmp_path, model):
    monkeypatch.setattr("intentclf.train.pipeline.default_vectors_folder", lambda: tmp_path / "none")
    start = start_from(None, None)
    assert np.array_equal(start.vectors.table, model.network.vectors.table)
