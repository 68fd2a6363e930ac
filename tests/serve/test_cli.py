"""Every command, as a user types it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intentclf.errors import IntentclfError
from intentclf.serve.cli import app

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def run(*arguments, **options):
    """Run a command in this process; what a user can mend is raised, as `main` catches it."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], **options)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def shell(*arguments, **options):
    """Run a command as a program of its own."""
    command = [sys.executable, "-m", "intentclf.serve.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


COMMANDS = [
    *("classify", "explain", "score", "train", "evaluate", "tune", "vectors", "vectors build"),
    *(
        "ask",
        "clean",
        "prelabel",
        "surge",
        "respond",
        "respond due",
        "respond lower",
        "codebook",
        "codebook list",
        "codebook show",
        "codebook check",
    ),
    *("data", "data check", "data report", "data audit", "data curve", "data agreement", "rules", "rules report"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Example" in result.output or command in ("codebook", "data", "respond", "rules", "vectors")


def test_the_list_of_commands_above_is_complete():
    from typing import Any

    from typer.main import get_command

    tree: Any = get_command(app)
    named = {
        f"{name} {inner}" if inner else name
        for name, command in tree.commands.items()
        for inner in getattr(command, "commands", [""])
    }
    assert named == set(COMMANDS) - {"codebook", "data", "respond", "rules", "vectors"}


def test_classify_prints_a_line_for_each_code_book():
    lines = run("classify", "my xbox shows a black screen").output.splitlines()
    assert [line.split("\t")[0] for line in lines[1:5]] == [
        "outlook_com",
        "contact_reason",
        "service_request",
        "csp_escalation",
    ]
    assert lines[1].split("\t")[1] == "not_outlook.microsoft_other.product"


def test_classify_reads_standard_input():
    answer = json.loads(run("classify", "-", "--json", input="не могу зайти, забыл пароль").output)
    assert answer["language"]["code"] == "ru"
    assert answer["reasons"]["outlook_com"]["code"] == "not_outlook.microsoft_other.password"


def test_explain_names_rules_with_document_and_line():
    output = run("explain", "mijn laptop geeft een blauw scherm").output
    assert re.search(r"for «blauw scherm»\t\+0\.\d\d\trule nl-windows-\d+, 000_4c01cbade21a7f71\.txt:86", output)
    assert "for «scherm»" in output


def test_score_answers_a_folder_of_mail(tmp_path):
    out = tmp_path / "a.jsonl"
    summary = json.loads(run("score", SAMPLES, "--out", out, "--json").output)
    ids = [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert ids == sorted(path.name for path in SAMPLES.glob("*.eml"))
    assert summary["answers"] == len(ids) >= 24


def test_score_answers_an_mbox(tmp_path):
    assert (
        json.loads(run("score", SAMPLES / "archief.mbox", "--out", tmp_path / "a.csv", "--json").output)["answers"] == 8
    )


def test_score_takes_columns_by_name(tmp_path):
    (tmp_path / "in.tsv").write_text("nr\tbody\ttaal\n007\tmail is weg\tno\n", encoding="utf-8")
    run(
        "score",
        tmp_path / "in.tsv",
        "--out",
        tmp_path / "a.jsonl",
        "--text",
        "body",
        "--id",
        "nr",
        "--language",
        "taal",
    )
    answer = json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8"))
    assert (answer["id"], answer["language"]) == ("007", {"code": "nb", "confidence": 1.0})


def test_a_row_without_id_is_named_by_its_number(tmp_path):
    (tmp_path / "in.csv").write_text("text\nhallo\nmail is weg\n", encoding="utf-8")
    run("score", tmp_path / "in.csv", "--out", tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["0", "1"]


def test_codebook_list_has_every_code():
    listed = json.loads(run("codebook", "list", "--json").output)
    assert {name: len(codes) for name, codes in listed.items()} == {
        "outlook_com": 14,
        "contact_reason": 231,
        "service_request": 24,
        "csp_escalation": 10,
    }


def test_codebook_list_prints_labels_in_the_language_asked_for():
    assert (
        "troubleshooting.sync\tПроблемы с синхронизацией почты"
        in run("codebook", "list", "outlook_com", "--language", "ru").output
    )


def test_codebook_show_gives_source_and_definition():
    output = run("codebook", "show", "not_outlook.account_hacked").output
    assert "000_4c01cbade21a7f71.txt, line 73" in output
    assert "definition" in output


def test_codebook_check_praises_a_good_file(tmp_path):
    path = tmp_path / "desk.csv"
    path.write_text(
        "code,parent,level,label_en,definition\nprinter,,1,Printer,The printer does not print.\n", encoding="utf-8"
    )
    assert run("codebook", "check", path).output == f"{path}: 1 codes, 1 of them leaves, no faults\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "nowhere.csv", "--out", "a.jsonl"], "nowhere.csv: no such file or folder"),
        (["score", "{csv}", "--out", "a.jsonl", "--text", "body"], "has no column 'body'; its columns are id, text"),
        (["score", "{csv}", "--out", "a.xlsx"], "--out must end in .jsonl, .csv, .parquet, got 'a.xlsx'"),
        (["score", "{twice}", "--out", "a.jsonl"], "twice.csv, row 2: id 'a' stands twice, first in row 1"),
        (["score", "{empty}", "--out", "a.jsonl"], "empty.csv: is empty"),
        (["score", "{csv}", "--out", "a.jsonl", "--model", "nowhere"], "nowhere: no such model folder"),
        (["classify", "hi", "--model", "{folder}"], "is not a model: it has no manifest.json"),
        (["evaluate", "--data", "{odd}"], "unknown code 'D' in severity"),
        (["evaluate", "--data", "{csv}"], "has none of the columns that the model predicts"),
        (["train", "--data", "{csv}", "--out", "m"], "has no label column; name one"),
        (["train", "--data", "{csv}", "--out", "m", "--label", "nope"], "has no column 'nope'"),
        (["train", "--data", "{csv}", "--out", "m", "--codebook", "x"], "--codebook must be NAME=FILE, got 'x'"),
        (["train", "--data", "{csv}", "--out", "m", "--encoder-only"], "--encoder-only needs --encoder"),
        (["train", "--data", "{csv}", "--out", "m", "--vectors", "nowhere"], "nowhere: no such folder of vectors"),
        (["train", "--data", "{csv}", "--out", "m", "--encoder", "nowhere"], "nowhere: no such encoder folder"),
        (["tune", "--model", "nowhere"], "nowhere: no such model folder"),
        (["vectors", "build", "--corpus", "{csv}", "--out", "v"], "in.csv: holds no two texts that mean the same"),
        (["vectors", "build", "--corpus", "{csv}", "--out", "v", "--bits", "3"], "bits must be from 4 to 24, got 3"),
        (["codebook", "show", "nope"], "there is no code 'nope' in outlook_com, contact_reason"),
        (["codebook", "list", "nope"], "nope: no such file"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_mistake_gets_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("id,text\na,hallo\n", encoding="utf-8")
    (tmp_path / "twice.csv").write_text("id,text\na,hallo\na,hallo\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "odd.csv").write_text("text,lang,severity\nmail is weg,nl,D\n", encoding="utf-8")
    names = {"odd": "odd.csv", "csv": "in.csv", "twice": "twice.csv", "empty": "empty.csv", "folder": str(tmp_path)}
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(IntentclfError, match=message):
        run(*(argument.format(**names) for argument in arguments))
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_program_ends_with_2_and_no_traceback(tmp_path):
    result = shell("score", "nowhere.csv", "--out", "a.jsonl", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "intentclf: nowhere.csv: no such file or folder\n")


def test_an_unknown_option_ends_with_2():
    assert shell("classify", "hi", "--nope").returncode == 2


def test_output_that_nobody_reads_is_no_error():
    result = subprocess.run(
        f"{sys.executable} -m intentclf.serve.cli codebook list | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_the_version_is_that_of_the_changelog():
    changelog = (SAMPLES.parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
    version = run("--version").output.strip()
    assert f"\n## {version} " in changelog


# What to do next.


DUE = ("respond", "due", "--agreement", "office365_business", "--received", "2026-11-21T09:00Z")
LOWER = ("respond", "lower", "--agreement", "office365_business", "--asked", "2026-11-20T08:00Z")


@pytest.mark.parametrize(
    ("severity", "due"), [("A", "2026-11-21T10:00:00+00:00"), ("B", "2026-11-21T17:00:00+00:00"), ("C", None)]
)
def test_respond_due_prints_the_moment_and_its_source(severity, due):
    result = run(*DUE, "--severity", severity, "--now", "2026-11-21T09:30Z", "--json")
    found = json.loads(result.output)
    assert (found["respond_by"], found["severity"], found["source"][:4]) == (due, severity, "003_")
    assert "003_1f9482d1a839ca67.txt, line" in run(*DUE, "--severity", severity).output


@pytest.mark.parametrize(
    ("now", "answered", "proposed"),
    [("2026-11-20T17:00Z", [], "C"), ("2026-11-20T15:00Z", [], None), ("2026-11-20T17:00Z", ["--answered"], None)],
)
def test_respond_lower_proposes_and_changes_nothing(now, answered, proposed):
    found = json.loads(run(*LOWER, "--severity", "B", "--now", now, *answered, "--json").output)
    assert (found["proposed"], found["source"]) == (proposed, "001_574ea51a17b28c09.txt, line 132")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*DUE[:4], "--received", "2026-11-21T09:00", "--severity", "B"], "2026-11-21T09:00"),
        ([*DUE[:4], "--received", "yesterday", "--severity", "B"], "yesterday"),
        ([*DUE, "--severity", "B", "--zone", "Mars/Base"], "Mars/Base"),
        ([*DUE, "--severity", "D"], "'D'"),
        (["respond", "due", "--received", "2026-11-21T09:00Z", "--severity", "B"], "--agreement is missing"),
        (["respond", "due", "--agreement", "no_such", *DUE[4:], "--severity", "B"], "no_such"),
        ([*DUE, "--severity", "B", "--agreements", "nowhere.csv"], "nowhere.csv"),
        (["classify", "mail", "--agreement", "no_such"], "no_such"),
        (["classify", "mail", "--zone", "Mars/Base"], "Mars/Base"),
        (["classify", "mail", "--country", "XX"], "XX"),
        (["classify", "mail", "--extra", "received"], "--extra must be NAME=VALUE, got 'received'"),
        (["classify", "mail", "--extra", "a=1", "--extra", "a=2"], "--extra a stands twice"),
        (["classify", "mail", "--no-advice", "--agreement", "office365_business"], "--no-advice leaves out"),
        (["classify", "mail", "--known-issues", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_a_mistake_about_what_to_do_next_gets_one_sentence(arguments, message):
    with pytest.raises(IntentclfError, match=re.escape(message)):
        run(*arguments)


def test_advice_can_be_switched_off():
    plain = json.loads(run("classify", "mail doet het niet", "--no-advice", "--json").output)
    advised = json.loads(run("classify", "mail doet het niet", "--json").output)
    assert set(advised) - set(plain) == {
        *("signals", "due", "route", "request", "clarify", "writer", "known_issues", "note"),
    }
    assert "route" not in run("classify", "mail doet het niet", "--no-advice").output


@pytest.mark.parametrize("command", ["classify", "explain"])
def test_what_to_do_next_is_shown_with_its_source(command):
    options = (
        "--agreement",
        "office365_business",
        "--extra",
        "received=2026-11-21T09:00Z",
        "--extra",
        "role=beheerder",
    )
    output = run(command, "niemand kan mailen, de winkel ligt stil", *options).output
    for part in ("due", "2026-11-21T10:00:00", "route", "next step", "draft request", "writer", "line 110"):
        assert part in output, part


def test_columns_of_a_table_are_extra_information(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text("id,text,received,role\n1,Teams start niet meer,2026-11-21T09:00Z,beheerder\n", encoding="utf-8")
    assert run("score", source, "--out", out, "--agreement", "office365_business").exit_code == 0
    answer = json.loads(out.read_text(encoding="utf-8"))
    assert (answer["due"]["respond_by"], answer["route"]["writer"]) == ("2026-11-21T17:00:00+00:00", "administrator")
    assert run("score", source, "--out", out, "--no-advice").exit_code == 0
    assert "due" not in json.loads(out.read_text(encoding="utf-8"))


def test_redacted_answers_hold_no_private_data(tmp_path):
    (tmp_path / "in.csv").write_text("id,text\n1,bel mij op 06-12345678 want mijn outlook hapert\n", encoding="utf-8")
    result = run("score", tmp_path / "in.csv", "--out", tmp_path / "out.jsonl", "--redact")
    assert result.exit_code == 0
    written = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert "06-12345678" not in written
    assert json.loads(written)["reasons"]["outlook_com"]["code"]
