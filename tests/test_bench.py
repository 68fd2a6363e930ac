"""The benchmark: its measures by hand and against scikit-learn, its tasks, its page, a quick run on made-up texts."""

import csv
import doctest
import gzip
import json
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bench import __main__ as command
from bench import data, measures, report, run, systems
from bench.data import FULL, NONE, QUICK, DataSet, Row, Size, Task
from bench.measures import Predictions
from sklearn.calibration import calibration_curve

ROOT = Path(__file__).parents[1]
GENERAL = {
    "nl": "graag even vandaag weer toch nog misschien alsjeblieft",
    "nb": "gjerne litt idag igjen likevel ennå kanskje takk",
    "ru": "пожалуйста сегодня снова ещё может быстро теперь спасибо",
    "en": "please today again still maybe quickly now thanks",
}
TOPICS = {
    "garden": {
        "nl": "tulpen gieter heg grasmaaier schoffel perk snoeischaar composthoop kas tuinslang",
        "nb": "roser hekk gressklipper spade bed drivhus frø kompost slange rake",
        "ru": "грядка лейка теплица розы забор семена лопата компост шланг газон",
        "en": "roses hedge mower spade flowerbed greenhouse seeds compost hose rake",
    },
    "bakery": {
        "nl": "brood croissant deeg oven taart krentenbol bloem gist beschuit koekje",
        "nb": "brød bolle deig ovn kake mel gjær rundstykke kringle smør",
        "ru": "хлеб булочка тесто печь торт мука дрожжи пирог сахар масло",
        "en": "bread croissant dough oven cake bun flour yeast biscuit butter",
    },
    "harbour": {
        "nl": "schip kade anker zeil sleepboot steiger vuurtoren haven touw mast",
        "nb": "skip brygge anker seil slepebåt kai fyrtårn havn tau mast",
        "ru": "корабль причал якорь парус буксир пирс маяк гавань канат мачта",
        "en": "ship quay anchor sail tugboat jetty lighthouse harbour rope mast",
    },
}
ODD = "zebra violin comet algebra glacier opera fossil riddle meteor sonnet"


def sentence(topic, language, number):
    """Words in an order that depends on the number alone, so that translations have the same places."""
    chance = random.Random(f"{topic[:3]}{number}")
    words = chance.sample(topic.split(), 5) + chance.sample(GENERAL[language].split(), 3)
    return " ".join(words)


def write_set(folder, name, rows):
    with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "lang", "split", "text", "intent"), *rows])


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A shared folder with two data sets of the real layout: a parallel one, and one with out-of-scope texts."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "benchmarks").mkdir()
    parts = [(number, "train" if number < 20 else "dev") for number in range(26)]
    parallel = [
        (f"{name}-{number}", language, part, sentence(words[language], language, number), name)
        for name, words in TOPICS.items()
        for language in GENERAL
        for number, part in parts
    ]
    english = [
        (number, "en", part, sentence(topic, "en", number), name)
        for name, topic in [*((name, words["en"]) for name, words in TOPICS.items()), ("oos", ODD)]
        for number, part in parts
    ]
    write_set(folder / "benchmarks", "massive", parallel)
    write_set(folder / "benchmarks", "clinc150", english)
    return folder


def bench(*arguments):
    line = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("module", [data, measures, systems, report], ids=lambda module: module.__name__)
def test_examples_of_the_docstrings_are_true(module):
    assert doctest.testmod(module).failed == 0


# --- measures


@pytest.mark.parametrize(
    ("confidence", "right", "bins", "expected"),
    [
        pytest.param([0.9, 0.9, 0.9, 0.9], [1, 1, 1, 1], 1, 0.1, id="too modest"),
        pytest.param([1.0, 1.0, 1.0, 1.0], [1, 0, 1, 0], 2, 0.5, id="sure and half wrong"),
        pytest.param([0.2, 0.4, 0.6, 0.8], [0, 1, 0, 1], 2, 0.2, id="bins of two: |0.3 - 0.5| and |0.7 - 0.5|"),
        pytest.param([0.4, 0.6, 0.8], [1, 0, 1], 2, 0.2 / 3, id="three rows: the first bin has two"),
        pytest.param([0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0], 2, 0.0, id="ties are not cut by the order of rows"),
        pytest.param([0.7], [0], 15, 0.7, id="fewer rows than bins"),
    ],
)
def test_calibration_error_is_that_worked_out_by_hand(confidence, right, bins, expected):
    found = measures.calibration_error(np.array(confidence), np.array(right, dtype=bool), bins=bins)
    assert found == pytest.approx(expected)


def test_calibration_error_agrees_with_the_bins_of_scikit_learn():
    chance = np.random.default_rng(5)
    confidence = chance.permutation(np.linspace(0.2, 1.0, 300))
    right = chance.random(300) < confidence**2
    share, mean = calibration_curve(right, confidence, n_bins=15, strategy="quantile")
    assert measures.calibration_error(confidence, right) == pytest.approx(np.abs(share - mean).mean())


def test_calibration_error_does_not_depend_on_the_order_of_rows():
    confidence, right = np.repeat([0.3, 0.6, 0.9, 1.0], 10), np.arange(40) % 3 == 0
    order = np.random.default_rng(1).permutation(40)
    assert measures.calibration_error(confidence, right) == pytest.approx(
        measures.calibration_error(confidence[order], right[order])
    )


@pytest.mark.parametrize(
    ("gold", "labels", "expected"),
    [
        pytest.param("aabb", "aabb", 1.0, id="all right"),
        pytest.param("aaab", "aaaa", (6 / 7) / 2, id="a label never given counts as 0"),
        pytest.param("aa", "ac", (2 / 3) / 2, id="so does a label that never occurs"),
    ],
)
def test_macro_f1_is_that_worked_out_by_hand(gold, labels, expected):
    assert measures.macro_f1(list(gold), list(labels)) == pytest.approx(expected)


def test_auroc_is_the_share_of_pairs_in_order():
    chance = np.random.default_rng(3)
    positive, scores = chance.random(60) < 0.4, np.round(chance.random(60), 1)
    pairs = [(float(a > b) + 0.5 * float(a == b)) for a in scores[positive] for b in scores[~positive]]
    assert measures.auroc(positive, scores) == pytest.approx(np.mean(pairs))


def test_auroc_of_one_kind_of_rows_is_none():
    assert measures.auroc(np.array([False, False]), np.array([0.1, 0.2])) is None


def test_score_measures_only_the_rows_that_are_kept():
    said = Predictions(["a", "b", NONE, "a"], np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.1, 0.2, 0.9, 0.4]))
    gold, in_scope = ["a", "a", NONE, NONE], np.array([True, True, False, False])
    assert measures.score(gold, said, in_scope, none=NONE).accuracy == 0.5
    assert measures.score(gold, said, in_scope, none=NONE).auroc is None
    whole = measures.score(gold, said, np.ones(4, dtype=bool), none=NONE)
    assert (whole.n, whole.accuracy, whole.auroc) == (4, 0.5, 1.0)


# --- systems


@pytest.mark.parametrize(
    ("code", "confidence", "candidates", "expected"),
    [
        pytest.param("pay", 0.8, {"pay": 0.8, NONE: 0.1}, ("pay", 0.8, 0.2), id="a code"),
        pytest.param(NONE, 0.6, {NONE: 0.6, "pay": 0.3}, (NONE, 0.6, 0.7), id="none"),
        pytest.param(None, 0.0, {"pay": 0.4, "mail": 0.3}, ("pay", 0.4, 0.6), id="null: the likeliest candidate"),
        pytest.param(None, 0.0, {}, ("", 0.0, 1.0), id="nothing at all"),
        pytest.param("mail", 0.9, {"pay": 0.5}, ("mail", 0.9, 0.1), id="decided by something else"),
    ],
)
def test_an_answer_of_the_engine_is_read(code, confidence, candidates, expected):
    listed = [{"code": name, "confidence": value} for name, value in candidates.items()]
    label, *numbers = systems.read_reason({"code": code, "confidence": confidence, "candidates": listed})
    assert (label, *numbers) == (expected[0], pytest.approx(expected[1]), pytest.approx(expected[2]))


def test_predictions_take_the_best_label_and_the_best_one_in_scope():
    said = systems.predictions(np.array([[0.1, 0.6, 0.3], [0.7, 0.2, 0.1]]), ["mail", NONE, "pay"])
    assert said.labels == [NONE, "mail"]
    assert said.confidence == pytest.approx([0.6, 0.7])
    assert said.out_of_scope == pytest.approx([0.7, 0.3])


def test_softmax_sums_to_one_even_of_large_margins():
    rows = systems.softmax(np.array([[0.0, math.log(3)], [1000.0, 0.0]]))
    assert rows == pytest.approx(np.array([[0.25, 0.75], [1.0, 0.0]]))


@pytest.mark.parametrize("labels", [("garden", "bakery"), tuple(TOPICS)], ids=["two labels", "three labels"])
def test_tfidf_learns_topics_of_words(tmp_path, labels):
    rows = [(sentence(TOPICS[label]["en"], "en", number), label) for label in labels for number in range(12)]
    texts, gold = [text for text, _ in rows], [label for _, label in rows]
    system = systems.TfidfSvc(tmp_path)
    system.fit(texts, gold, ["en"] * len(texts), texts)
    said = system.predict(texts, ["en"] * len(texts))
    assert said.labels == gold
    assert np.all((said.confidence > 1 / len(labels)) & (said.confidence <= 1))


# --- data


def rows(language, *labels, number=9):
    return tuple(
        Row(f"{label}-{k}", language, f"{language} {label} {k}", label) for label in labels for k in range(number)
    )


@pytest.fixture
def parallel():
    train = (*rows("nl", "a", "b", NONE), *rows("ru", "a", "b", NONE))
    return DataSet(train, (*rows("nl", "a", number=3), *rows("ru", "a", number=3)), "0" * 64)


def test_out_of_scope_rows_are_renamed(shared):
    labels = {row.label for row in data.read_set(shared / "benchmarks/clinc150.csv.gz").train}
    assert labels == {*TOPICS, NONE}


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        pytest.param("id,lang,split,text", "1,en,train,hello", "intent is missing", id="a column"),
        pytest.param(
            "id,lang,split,text,intent", "1,en,test,hello,a", "row 1: split must be train or dev", id="a part"
        ),
        pytest.param("id,lang,split,text,intent", "1,en,train,hello,a", "no row has the split 'dev'", id="no rows"),
    ],
)
def test_a_file_of_another_layout_is_refused(tmp_path, header, row, message):
    path = tmp_path / "odd.csv.gz"
    path.write_bytes(gzip.compress(f"{header}\n{row}\n".encode()))
    with pytest.raises(ValueError, match=message):
        data.read_set(path)


def test_reducing_keeps_the_same_ids_in_every_language_and_the_label_none(parallel):
    small = data.reduce(parallel, Size(labels=1, train=2, test=1))
    ids = {code: {row.id for row in small.train if row.language == code} for code in ("nl", "ru")}
    assert ids["nl"] == ids["ru"]
    assert len(ids["nl"]) == 4
    assert NONE in {row.label for row in small.train}


def test_a_draw_has_so_many_rows_a_label_and_differs_from_the_next(parallel):
    dutch = [row for row in parallel.train if row.language == "nl"]
    first, again, second = data.draw(dutch, 4, 0), data.draw(dutch, 4, 0), data.draw(dutch, 4, 1)
    assert [row.label for row in first] == ["a"] * 4 + ["b"] * 4 + [NONE] * 4
    assert first == again
    assert first != second
    assert len(data.draw(dutch, 20, 0)) == len(dutch)


def test_few_shot_stays_in_one_language_and_cross_lingual_leaves_it(parallel):
    few = list(data.tasks("few-shot", parallel, Size(shots=2, draws=3)))
    assert [(task.trained_on, task.draw) for task in few] == [(code, k) for code in ("nl", "ru") for k in range(3)]
    assert {row.language for row in (*few[-1].train, *few[-1].test)} == {"ru"}
    assert len(few[0].train) == 6
    [cross] = data.tasks("cross-lingual", parallel, Size(languages=("nl",)))
    assert {row.language for row in cross.test} == {"ru"}
    [whole] = data.tasks("massive", parallel, FULL)
    assert whole.train == parallel.train


# --- run and report


class Always(systems.System):
    """Says the first label it was fitted on."""

    name, title, settings = "tfidf", "Always", "none"
    needs = {}

    def fit(self, texts, labels, languages, groups):
        self.label = labels[0]

    def predict(self, texts, languages):
        size = len(texts)
        return Predictions([self.label] * size, np.full(size, 0.75), np.zeros(size))


class Broken(Always):
    """Cannot be fitted."""

    name = "engine"

    def fit(self, texts, labels, languages, groups):
        raise RuntimeError("no memory left")


class Absent(Always):
    """Needs what nobody has."""

    needs = {"no_such_module_of_ours": "no-such-package"}


def test_parts_are_the_languages_or_the_scope():
    languages = Task("massive", "nl ru", 0, (), (*rows("nl", "a", number=1), *rows("ru", "a", number=2)))
    assert {name: keep.sum() for name, keep in run.parts(languages)} == {"nl": 1, "ru": 2, "all": 3}
    scope = Task("clinc150", "en", 0, (), (*rows("en", "a", number=3), *rows("en", NONE, number=2)))
    assert {name: keep.sum() for name, keep in run.parts(scope)} == {"in scope": 3, "in and out of scope": 5}


def test_a_system_that_fails_or_is_absent_is_recorded_and_the_others_go_on(shared):
    said: list[str] = []
    saved: list[run.Record] = []
    record = run.run(
        ["banking77", "clinc150"],
        [Broken, Absent, Always],
        shared / "benchmarks",
        QUICK,
        command="python -m bench",
        say=said.append,
        save=saved.append,
    )
    assert "Always: skipped, because no-such-package is not installed" in said
    assert any(line.startswith("banking77: skipped, because there is no file ") for line in said)
    assert record["failures"] == [
        {"experiment": "clinc150", "system": "engine", "message": "RuntimeError: no memory left"}
    ]
    assert [row["tested_on"] for row in record["figures"]] == ["in scope", "in and out of scope"]
    assert record["figures"][0]["ece"] == pytest.approx(0.75 - 1 / 3, abs=1e-6)
    assert len(saved) == 1


def figure(experiment, system, tested_on, accuracy, **others):
    same = {"trained_on": "en", "n": 100, "macro_f1": 0.8, "ece": 0.02, "auroc": None, "train_seconds": 4.0}
    return same | {"experiment": experiment, "system": system, "tested_on": tested_on, "accuracy": accuracy} | others


FIGURES = [
    *(figure("massive", "engine", code, share) for code, share in {"nl": 0.8, "nb": 0.9, "ru": 0.9, "en": 0.9}.items()),
    figure("massive", "engine", "all", 0.875),
    figure("banking77", "engine", "en", 0.90, ece=0.05),
    figure("banking77", "tfidf", "en", 0.92, ece=0.5, train_seconds=2.0),
    figure("clinc150", "engine", "in and out of scope", 0.9, auroc=0.97),
    *(figure("few-shot", "engine", "en", share) for share in (0.58, 0.62)),
]


def test_acceptance_tells_what_is_met_what_is_not_and_what_was_not_measured():
    met = {line["figure"]: (line["shown"], line["met"]) for line in report.acceptance(FIGURES, judged=True)}
    assert met["MASSIVE, mean accuracy of nl, nb, ru, en"] == ("87.5 %", True)
    assert met["Banking77, accuracy above TF-IDF + LinearSVC"] == ("−2.0 points", False)
    assert met["Banking77, calibration error"] == ("0.050", False)
    assert met["CLINC150, out-of-scope AUROC"] == ("0.970", True)
    assert met["CLINC150 in scope, accuracy above TF-IDF + LinearSVC"] == ("–", None)
    assert met["8 examples a label, en, accuracy"] == ("60.0 %", False)


def test_a_reduced_run_judges_nothing():
    assert {line["met"] for line in report.acceptance(FIGURES, judged=False)} == {None}


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(
            "| Banking77, accuracy above TF-IDF + LinearSVC | ≥ 1.0 points | −2.0 points | **no** |", id="unmet"
        ),
        pytest.param("| banking77 | en | en | −2.0 |", id="a loss against another system"),
        pytest.param(
            "| en | en | Engine | 100 | 90.0 | 80.0 | 0.050 | – | 4.0 | 0.98 | 1.00 | 0.10 | 2.00 |", id="ratios"
        ),
        pytest.param("| en | en | Engine | 100 | 60.0 ± 2.8 | 80.0 ± 0.0 | 0.020 ± 0.000 |", id="draws"),
        pytest.param("- spaCy textcat: skipped, because spacy is not installed", id="skipped"),
        pytest.param("- few-shot, fasttext: RuntimeError: no memory left", id="failed"),
    ],
)
def test_the_page_shows_wins_and_losses_alike(expected):
    record = run.about("python -m bench", QUICK) | {"quick": True, "partial": False, "figures": FIGURES}
    record["systems"] = {
        name: {"title": title, "settings": "as it comes", "scope_score": "1 - highest in-scope probability"}
        for name, title in (("engine", "Engine"), ("tfidf", "Baseline"))
    }
    record["skipped"] = ["spaCy textcat: skipped, because spacy is not installed"]
    record["failures"] = [{"experiment": "few-shot", "system": "fasttext", "message": "RuntimeError: no memory left"}]
    record["acceptance"] = report.acceptance(FIGURES, judged=True)
    assert expected in report.markdown(record)


# --- the command


def test_without_the_shared_folder_one_sentence_and_code_0(tmp_path):
    result = bench("--shared", tmp_path / "nowhere")
    assert result.returncode == 0, result.stderr
    assert (
        result.stdout
        == f"bench: skipped, because there is no folder {tmp_path}/nowhere/benchmarks with the data sets.\n"
    )


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "everything"])
    assert "invalid choice: 'everything'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_quick_run_writes_both_files_with_the_engine_beside_tfidf(shared, tmp_path):
    result = bench("--quick", "--shared", shared, "--out", tmp_path / "results")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "banking77: skipped, because there is no file" in result.stdout
    record = json.loads((tmp_path / "results/results.json").read_text(encoding="utf-8"))
    found = {(row["experiment"], row["system"], row["tested_on"]): row for row in record["figures"]}
    for system in ("engine", "tfidf"):
        assert found["massive", system, "ru"]["accuracy"] > 0.6, system
        assert found["clinc150", system, "in and out of scope"]["auroc"] > 0.6, system
        assert found["few-shot", system, "en"]["train_rows"] == 24, system
        assert 0 <= found["massive", system, "all"]["ece"] <= 1, system
    assert record["packages"]["scikit-learn"]
    assert record["failures"] == []
    assert (tmp_path / "results/results.md").read_text(encoding="utf-8") == report.markdown(record)
