"""From which confidence on an answer may be accepted: thresholds by hand and as properties, and `intentclf tune`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from intentclf.codebooks.loader import Code, Codebook
from intentclf.errors import FaultsError, InputError, IntentclfError, ModelError
from intentclf.predict.artifact import load_model, save_model
from intentclf.predict.calibration import wilson_lower
from intentclf.predict.features import WORD, hash_grams
from intentclf.predict.linear import Linear, Vocabulary
from intentclf.predict.model import Head, HeldOut, Model, Thresholds
from intentclf.predict.network import Network
from intentclf.predict.vectors import Vectors
from intentclf.records import AcceptPoint, ModelId
from intentclf.serve.cli import app, main
from intentclf.train.tune import ALL, QUERY, accept_threshold, curve, tune

NEVER = 2.0

# --- the threshold of one set of answers


def steps(*groups: tuple[int, float, int]) -> tuple[Any, Any]:
    """Confidences and whether they were right, from groups of (rows, confidence, right ones)."""
    confidence = np.concatenate([np.full(n, c) for n, c, _ in groups])
    right = np.concatenate([np.arange(n) < k for n, _, k in groups])
    return confidence, right


@pytest.mark.parametrize(
    ("groups", "target", "expected"),
    [
        # All of n right: Wilson's lower bound at 90 % is n / (n + 1.6424).
        pytest.param([(31, 0.75, 31)], 0.95, NEVER, id="31 of 31 tell of 94.97 %"),
        pytest.param([(32, 0.75, 32)], 0.95, 0.75, id="32 of 32 tell of 95.12 %"),
        pytest.param([(20, 0.75, 20)], 0.9, 0.75, id="20 of 20 tell of 92.4 %"),
        pytest.param([(19, 0.75, 19)], 0.9, NEVER, id="19 are too few, though they tell of 92 %"),
        pytest.param([(19, 0.75, 19), (1, 0.5, 1)], 0.9, 0.5, id="20 are enough"),
        pytest.param([(20, 0.75, 19)], 0.9, NEVER, id="19 of 20 tell of 85.9 %"),
        pytest.param([(100, 0.75, 97)], 0.95, NEVER, id="97 of 100 are 97 %, but tell of 94 %"),
        pytest.param([(100, 0.75, 99)], 0.95, 0.75, id="99 of 100 tell of 96.8 %"),
        pytest.param([(100, 0.75, 100), (10, 0.5, 0)], 0.95, 0.75, id="a bad group ends it"),
        pytest.param([(100, 0.75, 100), (10, 0.5, 9)], 0.95, 0.5, id="a group that still fits"),
        pytest.param([(20, 0.75, 17), (400, 0.5, 400)], 0.95, 0.5, id="good only from further down"),
        pytest.param([(100, 0.75, 100), (20, 0.5, 10)], 0.95, 0.75, id="a tie is taken whole or not at all"),
        pytest.param([(50, 0.75, 0)], 0.5, NEVER, id="never right"),
        pytest.param([(0, 0.75, 0)], 0.5, NEVER, id="no rows"),
        pytest.param([(400, 1 / 3, 400)], 0.95, 0.333333, id="cut after six places"),
    ],
)
def test_the_least_confidence_that_meets_the_target(groups, target, expected):
    assert accept_threshold(*steps(*groups), target) == expected


@pytest.mark.parametrize(("share", "expected"), [(1.0, 0.75), (0.5, NEVER), (0.75, 0.75)])
def test_shares_of_right_labels_count_like_right_answers(share, expected):
    assert accept_threshold(np.full(100, 0.75), np.full(100, share), 0.65) == expected


# Coarse enough that rows tie, as they do where a rule decides.
ROWS = st.lists(st.tuples(st.sampled_from([0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]), st.booleans()), max_size=120)
LUCKY = st.lists(st.tuples(st.floats(0.5, 1, width=16), st.integers(0, 9).map(bool)), min_size=20, max_size=120)
TARGETS = st.floats(0.05, 0.99)


def columns(rows: list[tuple[float, bool]]) -> tuple[Any, Any]:
    return np.array([p for p, _ in rows], dtype=float), np.array([yes for _, yes in rows], dtype=bool)


@given(ROWS | LUCKY, TARGETS)
def test_the_bound_on_the_precision_holds_above_the_threshold(rows, target):
    confidence, right = columns(rows)
    accepted = right[confidence >= accept_threshold(confidence, right, target)]
    assert accepted.size == 0 or accepted.size >= 20
    assert accepted.size == 0 or wilson_lower(int(accepted.sum()), accepted.size, 0.9) >= target - 1e-12


@given(ROWS | LUCKY, TARGETS)
def test_no_lower_threshold_would_do(rows, target):
    confidence, right = columns(rows)
    found = accept_threshold(confidence, right, target)
    for lower in {value for value in confidence if value < found}:
        above = right[confidence >= lower]
        assert above.size < 20 or wilson_lower(int(above.sum()), above.size, 0.9) < target + 1e-12


@given(ROWS | LUCKY, TARGETS, TARGETS)
def test_a_higher_target_never_accepts_more(rows, one, other):
    low, high = (accept_threshold(*columns(rows), target) for target in sorted((one, other)))
    assert low <= high


@given(LUCKY, TARGETS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows, target, random):
    shuffled = random.sample(rows, len(rows))
    assert accept_threshold(*columns(rows), target) == accept_threshold(*columns(shuffled), target)


def test_a_row_at_the_threshold_is_accepted():
    assert accept_threshold(np.full(100, 2 / 3), np.ones(100), 0.95) <= 2 / 3


# --- all heads and languages


def held_out(**languages: list[tuple[int, float, int, float, int]]) -> HeldOut:
    """Rows of each language in groups of (rows, confidence of desk, right ones, confidence of severity, right ones)."""
    each = [(k, group) for k, groups in enumerate(languages.values()) for group in groups]
    rows = [(k, p, i < yes, q, i < sure) for k, (n, p, yes, q, sure) in each for i in range(n)]
    table = np.array(rows, dtype=float).reshape(-1, 5)
    return HeldOut(
        ("desk", "severity"),
        tuple(languages),
        table[:, 0].astype(np.uint8),
        table[:, [1, 3]].astype(np.float32),
        table[:, [2, 4]].astype(np.uint8),
    )


# 200 Dutch rows whose desk is right from 0.75 on, 40 Russian ones that are always right. Severity is right where 0.5.
KNOWN = held_out(nl=[(100, 0.75, 100, 0.5, 100), (100, 0.25, 0, 0.25, 50)], ru=[(40, 0.875, 40, 0.5, 40)])


@pytest.fixture(scope="module")
def model() -> Model:
    """Three words, 'xbox', 'mail' and 'kapot', speak for game, mail and severity A; every other score is 0."""
    grams = hash_grams(["xbox mail kapot"], words=1, chars=(8, 8))
    words = grams.hash[grams.kind == WORD]
    order = np.argsort(words)
    columns = {int(words[0]): 0, int(words[1]): 1, int(words[2]): 3}
    hashes = words[order]
    nothing = np.zeros((1, 6), np.float32)
    direct = np.zeros((2, 6), np.float32)
    codes = {code: Code(code, "", 1, {"en": code}) for code in ("game", "mail")}
    return Model(
        ModelId("tiny", "3", ""),
        Vocabulary(hashes, np.ones(3, np.float32), np.full(3, WORD, np.uint8), 1, (8, 8)),
        Linear(
            np.arange(4, dtype=np.uint32),
            np.array([columns[int(word)] for word in hashes], np.uint16),
            np.full(3, 4, np.int8),
            np.ones(6, np.float32),
            np.zeros(6, np.float32),
            np.zeros((0, 6), np.float32),
        ),
        Network(
            Vectors.of(np.zeros((2, 2)), 1, (8, 8)),
            *(1.0, np.zeros((2, 1), np.float32), np.zeros(1, np.float32)),
            *(nothing, direct, np.zeros(6, np.float32)),
        ),
        (
            Head("desk", ("game", "mail", "none"), 0, thresholds=Thresholds(0.45, 0.55, 0.125, 0.1, {"en": 0.5})),
            Head("severity", ("A", "B", "C"), 3, thresholds=Thresholds(sure=0.35)),
        ),
        {"desk": Codebook("desk", codes, "d" * 64)},
        held_out=KNOWN,
    )


def limits(model: Model, name: str) -> Thresholds:
    head = model.head(name)
    assert head is not None
    return head.thresholds


@pytest.mark.parametrize(
    ("target", "desk", "severity", "query"),
    [
        # desk: 140 of 140 rows from 0.75 on; severity: 140 of 140 from 0.5 on, 190 of 240 in all (bound 75.6 %);
        # the query: 0.5 where both are right, 0.25 where a quarter of the labels is; 165 of 240 rows' worth (64.8 %).
        pytest.param(0.95, 0.75, 0.5, 0.5, id="0.95"),
        pytest.param(0.99, NEVER, NEVER, NEVER, id="0.99: 140 rows tell of 98.8 % at most"),
        pytest.param(0.75, 0.75, 0.25, 0.5, id="0.75"),
        pytest.param(0.6, 0.75, 0.25, 0.25, id="0.6"),
        pytest.param(0.5, 0.25, 0.25, 0.25, id="0.5"),
    ],
)
def test_thresholds_of_heads_and_query_are_those_worked_out_by_hand(model, target, desk, severity, query):
    tuned = tune(model, target)
    assert (limits(tuned, "desk").accept, limits(tuned, "severity").accept, tuned.accept) == (desk, severity, query)


def test_only_thresholds_of_acceptance_are_changed(model):
    tuned = tune(model, 0.95)
    put_back = tuple(
        replace(
            head, thresholds=replace(head.thresholds, accept=old.thresholds.accept, accept_in=old.thresholds.accept_in)
        )
        for head, old in zip(tuned.heads, model.heads, strict=True)
    )
    assert put_back == model.heads
    assert tuned.held_out is model.held_out
    assert (tuned.linear, tuned.network, tuned.books) == (model.linear, model.network, model.books)
    assert limits(model, "desk").accept == 0.125  # the model that was given stays as it is


def test_a_language_with_enough_rows_has_its_own_threshold_and_others_fall_back(model):
    rows = held_out(nl=[(150, 0.5, 150, 0.5, 0)], ru=[(149, 0.25, 149, 0.5, 149)], nb=[(150, 0.75, 0, 0.5, 150)])
    desk = limits(tune(model, 0.9, rows), "desk")
    assert desk.accept_in == {"nl": 0.5, "nb": NEVER}
    assert [desk.accept_for(language) for language in ("nl", "nb", "ru", "en", "und")] == [
        0.5,
        NEVER,
        *([desk.accept] * 3),
    ]


def test_a_language_that_has_no_rows_any_more_loses_its_threshold(model):
    assert "en" not in limits(tune(model, 0.95), "desk").accept_in


def test_a_head_of_which_nothing_is_known_keeps_its_thresholds(model):
    rows = replace(KNOWN, heads=("desk",), confidence=KNOWN.confidence[:, :1], right=KNOWN.right[:, :1])
    tuned = tune(model, 0.95, rows)
    assert limits(tuned, "severity") == limits(model, "severity")
    assert limits(tuned, "desk").accept == 0.75


@pytest.mark.parametrize("rows", [None, held_out(nl=[])], ids=["never calibrated", "no rows"])
def test_a_model_without_held_out_rows_is_refused(model, rows):
    with pytest.raises(InputError, match="holds no calibration rows; train it, or give labelled texts with --data"):
        tune(replace(model, held_out=rows), 0.95)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.5, 95.0, math.nan])
def test_a_target_out_of_range_is_refused(model, target):
    with pytest.raises(InputError, match=f"--target-precision must be over 0 and under 1, got {target}"):
        tune(model, target)


# --- the curve


def test_the_curve_takes_the_surest_answers_first():
    rows = held_out(nl=[(10, 0.75, 10, 0.5, 5), (10, 0.25, 0, 0.5, 5)])
    points = [point for point in curve(rows) if (point.head, point.language) == ("desk", ALL)]
    assert [round(point.accepted, 6) for point in points] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert [point.precision for point in points] == pytest.approx([1, 1, 1, 1, 1, 5 / 6, 5 / 7, 5 / 8, 5 / 9, 1 / 2])
    assert [point.threshold for point in points] == [0.75] * 5 + [0.25] * 5


def test_the_curve_of_the_query_is_that_of_its_least_sure_label_and_the_share_of_right_ones():
    rows = held_out(nl=[(20, 0.75, 20, 0.5, 0)])
    assert curve(rows)[-1] == AcceptPoint(QUERY, "nl", 0.5, 1.0, 0.5)


def test_the_curve_has_every_head_and_language_with_twenty_rows():
    rows = held_out(nl=[(20, 0.75, 20, 0.5, 0)], ru=[(19, 0.75, 20, 0.5, 0)])
    found = list(dict.fromkeys((point.head, point.language) for point in curve(rows)))
    assert found == [(head, language) for head in ("desk", "severity", QUERY) for language in (ALL, "nl")]


def test_too_few_rows_have_no_curve():
    assert curve(held_out(nl=[(19, 0.75, 19, 0.5, 19)])) == []


# --- the command


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    """The model on disk, with a card."""
    save_model(model, tmp_path / "m", name="tiny", version="3", facts={"rows": {"train": 7}, "languages": {"nl": 7}})
    (tmp_path / "m" / "CARD.md").write_text("# Model card: tiny 3, «не трогать»\n", encoding="utf-8")
    return tmp_path / "m"


def run(*arguments: object) -> Any:
    """Run a command in this process; what a user can mend is raised, as `main` catches it."""
    result = CliRunner().invoke(app, ["tune", *(str(argument) for argument in arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return content


def labelled(folder: Path, number: int = 60, name: str = "desk.csv", **columns: Callable[[int], str]) -> Path:
    """Texts of one known word each, 'xbox' or 'mail', with label columns."""
    rows = [["text", "lang", *columns]]
    rows += [[("xbox", "mail")[k % 2], "nl", *(cell(k) for cell in columns.values())] for k in range(number)]
    (folder / name).write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return folder / name


def right_code(number: int) -> str:
    return ("game", "mail")[number % 2]


def test_only_the_thresholds_of_the_folder_change_and_the_card_is_kept(folder):
    before, old = snapshot(folder), manifest_of(folder)
    run("--model", folder, "--target-precision", "0.6")
    after, new = snapshot(folder), manifest_of(folder)
    assert {name for name in before if before[name] != after[name]} == {"manifest.json"}
    assert set(after) == set(before)
    assert [head.pop("thresholds") for head in new["heads"]] == [
        {"answer": 0.45, "sure": 0.55, "accept": 0.75, "member": 0.1, "accept_in": {"nl": 0.75}},
        {"answer": 0.5, "sure": 0.35, "accept": 0.25, "member": 0.05, "accept_in": {"nl": 0.25}},
    ]
    assert new.pop("accept") == 0.25
    assert [bool(head.pop("thresholds")) for head in old["heads"]] == [True, True]
    assert old.pop("accept") == NEVER
    assert new["facts"].pop("tuned_for_precision") == 0.6
    assert new == old


def test_a_tuned_model_is_another_model_and_says_so(folder):
    before = load_model(folder).id
    run("--model", folder)
    after = load_model(folder).id
    assert (after.name, after.version) == (before.name, before.version) == ("tiny", "3")
    assert after.sha256 != before.sha256


def test_tuning_again_changes_nothing_more(folder):
    run("--model", folder)
    once = snapshot(folder)
    run("--model", folder)
    assert snapshot(folder) == once


def test_a_model_without_a_card_gets_none(folder):
    (folder / "CARD.md").unlink()
    run("--model", folder)
    assert not (folder / "CARD.md").exists()


def test_a_dry_run_prints_the_same_and_changes_nothing(folder):
    before = snapshot(folder.parent)
    dry = run("--model", folder, "--dry-run", "--json").output
    assert snapshot(folder.parent) == before
    assert run("--model", folder, "--json").output == dry
    assert snapshot(folder.parent) != before


def test_json_holds_thresholds_and_curve(folder):
    told = json.loads(run("--model", folder, "--dry-run", "--json").output)
    assert told["thresholds"] == {
        "desk": {"all": 0.75, "nl": 0.75},
        "severity": {"all": 0.5, "nl": 0.5},
        "query": {"all": 0.5},
    }
    assert set(told["curve"][0]) == {"head", "language", "threshold", "accepted", "precision"}
    assert [point["head"] for point in told["curve"]].count("query") == 30


def test_the_table_says_from_where_on_and_where_never(folder):
    lines = [line.split("\t") for line in run("--model", folder, "--dry-run").output.splitlines()]
    told = {(line[0], line[1]): line[2] for line in lines if len(line) > 3}
    assert (told["desk", "all"], told["desk", "ru"], told["query", "all"]) == ("0.750", "-", "0.500")
    never = run("--model", folder, "--dry-run", "--target-precision", "0.99").output
    assert "desk\tall\tnever\t" in never


def test_own_labels_choose_the_thresholds(folder):
    data = labelled(folder.parent, desk=right_code, severity=lambda k: "ABC"[k % 3])
    before = snapshot(folder)
    told = json.loads(run("--model", folder, "--data", data, "--json").output)
    sure = math.floor(1e6 * float(np.float32(math.exp(4) / (math.exp(4) + 2)))) / 1e6
    assert told["thresholds"]["desk"] == {"all": sure}
    assert told["thresholds"]["severity"] == {"all": NEVER}
    assert limits(load_model(folder), "desk").accept == sure
    assert {name for name, content in snapshot(folder).items() if before[name] != content} == {"manifest.json"}


def test_own_labels_that_are_often_wrong_accept_nothing(folder):
    data = labelled(folder.parent, desk=lambda k: "game", severity=lambda k: "C")
    told = json.loads(run("--model", folder, "--data", data, "--json", "--dry-run").output)
    assert told["thresholds"]["desk"] == {"all": NEVER}


def test_own_labels_in_enough_rows_of_a_language_choose_its_own_threshold(folder):
    data = labelled(folder.parent, 150, desk=right_code, severity=lambda k: "C")
    told = json.loads(run("--model", folder, "--data", data, "--json", "--dry-run").output)
    assert set(told["thresholds"]["desk"]) == {"all", "nl"}


def test_a_model_that_was_never_calibrated_is_tuned_by_own_labels_alone(model, tmp_path):
    save_model(replace(model, held_out=None), tmp_path / "m", name="tiny", version="3", facts={})
    data = labelled(tmp_path, desk=right_code, severity=lambda k: "C")
    with pytest.raises(InputError, match="holds no calibration rows"):
        run("--model", tmp_path / "m")
    assert run("--model", tmp_path / "m", "--data", data).exit_code == 0
    assert limits(load_model(tmp_path / "m"), "desk").accept < 1


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["--target-precision", "1.5"], InputError, "--target-precision must be over 0 and under 1, got 1.5"),
        (["--target-precision", "nan"], InputError, "--target-precision must be over 0 and under 1, got nan"),
        (["--data", "nowhere.csv"], InputError, r"nowhere\.csv: no such file"),
        (
            ["--data", "other.csv"],
            InputError,
            r"other\.csv: has none of the columns that the model predicts: desk, sev",
        ),
        (["--data", "odd.csv"], FaultsError, r"odd\.csv: 60 faults"),
        (["--model", "nowhere"], ModelError, "nowhere: no such model folder"),
        (["--model", "."], ModelError, r"\.: is not a model: it has no manifest\.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_gets_one_sentence_and_changes_nothing(folder, monkeypatch, arguments, kind, message):
    monkeypatch.chdir(folder.parent)
    labelled(folder.parent, name="other.csv", colour=lambda k: "red")
    labelled(folder.parent, name="odd.csv", desk=lambda k: "nonsense")
    before = snapshot(folder.parent)
    with pytest.raises(kind, match=f"^{message}"):
        run("--model", "m", *arguments)
    assert snapshot(folder.parent) == before


def test_a_wrong_target_ends_the_program_with_2_and_one_sentence(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["intentclf", "tune", "--model", str(folder), "--target-precision", "0"])
    with pytest.raises(SystemExit, match="^2$"):
        main()
    assert capsys.readouterr().err == "intentclf: --target-precision must be over 0 and under 1, got 0.0\n"


def test_own_labels_of_vagueness_alone_are_refused_in_one_sentence(model, tmp_path):
    vague = Head("vague", ("0", "1"), 6)
    wide = {name: np.zeros((1, 8), np.float32) for name in ("output", "direct")}
    grown = replace(
        model,
        heads=(*model.heads, vague),
        linear=replace(
            model.linear,
            scale=np.ones(8, np.float32),
            bias=np.zeros(8, np.float32),
            dense=np.zeros((0, 8), np.float32),
        ),
        network=replace(model.network, output_bias=np.zeros(8, np.float32), **wide),
    )
    save_model(grown, tmp_path / "m", name="tiny", version="3", facts={})
    data = labelled(tmp_path, vague=lambda k: str(k % 2))
    with pytest.raises(IntentclfError, match="."):
        run("--model", tmp_path / "m", "--data", data)


def test_a_severity_that_is_none_is_refused_like_by_evaluate(folder):
    data = labelled(folder.parent, desk=right_code, severity=lambda k: "D")
    with pytest.raises(FaultsError, match="unknown code 'D' in severity"):
        run("--model", folder, "--data", data, "--dry-run")


def test_own_labels_of_one_head_do_not_accept_queries_for_the_others(model, tmp_path):
    doubtful = replace(model, held_out=held_out(nl=[(200, 0.75, 0, 0.75, 0)]))
    save_model(tune(doubtful, 0.95), tmp_path / "m", name="tiny", version="3", facts={})
    data = labelled(tmp_path, severity=lambda k: "C")
    run("--model", tmp_path / "m", "--data", data)
    assert load_model(tmp_path / "m").accept == NEVER  # desk was never right


def test_the_folder_that_one_stands_in_can_be_tuned(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert run("--model", ".").exit_code == 0
