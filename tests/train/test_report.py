"""The numbers of the seed file are those that it must have; agreement, rules and curve by hand."""

import csv
from pathlib import Path

import numpy as np
import pytest

from intentclf.errors import InputError
from intentclf.predict.rules import Rule, shipped_rules
from intentclf.settings import Settings
from intentclf.train.agreement import agreement, cohen_kappa
from intentclf.train.audit import confident_disagreements, read_verdicts
from intentclf.train.learning_curve import subset
from intentclf.train.prepare import LabelColumns, prepare, read_labelled
from intentclf.train.report import QuotaResult, length_table, quota_results, thin_codes, write_plots
from intentclf.train.rule_report import LEAST_PRECISION, report_rules

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seed():
    return read_labelled(ROOT / "data" / "seed_labels.csv", LabelColumns())


@pytest.fixture(scope="module")
def results(seed):
    return quota_results(seed)


def test_every_quota_of_the_seed_file_is_reached(results):
    assert [(result.name, result.value, result.bound) for result in results if not result.reached] == []


def test_no_leaf_is_thin_in_any_language(seed):
    assert {label: thin_codes(seed, label, book, 8) for label, book in seed.books.items()} == {
        label: [] for label in seed.books
    }


@pytest.mark.parametrize(
    ("value", "bound", "unit", "reached"),
    [(8, 8, "rows", True), (7, 8, "rows", False), (0.01, 0.01, "at most", True), (0.02, 0.01, "at most", False)],
)
def test_a_quota_is_a_floor_or_a_ceiling(value, bound, unit, reached):
    assert QuotaResult("x", value, bound, unit).reached == reached


def test_length_classes_hold_every_row(seed):
    assert sum(n for _, n, _ in length_table(seed)) == len(seed.frame)


def test_plots_are_drawn_the_same_each_time(seed, tmp_path):
    first = [file.read_bytes() for file in write_plots(seed, tmp_path / "a")]
    second = [file.read_bytes() for file in write_plots(seed, tmp_path / "b")]
    assert first == second
    assert all(b"<svg" in content for content in first)


def test_no_shipped_rule_is_unproven(seed):
    lines, _ = report_rules(shipped_rules(), seed, Settings().calibrate.rule_bound)
    assert [line.rule.id for line in lines if (line.rule.precision or 0.0) < LEAST_PRECISION] == []


@pytest.mark.parametrize("spacy", [False, True], ids=["index", "spacy"])
def test_the_rule_report_counts_hits_overlap_and_conflict(tmp_path, spacy):
    product = "not_outlook.microsoft_other.product"
    rows = f"mijn xbox hapert,nl,{product}\nxbox en gmail,nl,not_outlook.third_party\n"
    (tmp_path / "t.csv").write_text(f"text,lang,outlook_com\n{rows}", encoding="utf-8")
    rules = [
        Rule("x", "all", "outlook_com", product, "xbox", "d:1"),
        Rule("y", "nl", "outlook_com", "not_outlook", "mijn xbox", "d:2"),
        Rule("g", "all", "outlook_com", "not_outlook.third_party", "gmail|gm*", "d:3"),
    ]
    texts = read_labelled(tmp_path / "t.csv", LabelColumns())
    lines, languages = report_rules(rules, texts, 0.9, matchers_of_spacy=spacy)
    assert [(line.rule.hits, line.rule.right, line.overlap, line.conflict) for line in lines] == [
        (2, 1, 1, 1),
        (1, 1, 1, 0),
        (1, 1, 0, 1),
    ]
    assert [(line.language, line.texts, line.covered, line.precision) for line in languages] == [("nl", 2, 1.0, 0.75)]


def test_the_second_reader_agrees_in_nine_of_ten_labels_of_every_column(seed):
    lines = agreement(seed, ROOT / "data" / "second_reading.csv")
    assert {line.label for line in lines} == set(seed.labels)
    assert min(line.share for line in lines if line.language == "all") >= 0.9
    assert min(line.n for line in lines if line.language == "all") >= 1200


def test_a_reading_of_a_row_that_is_not_there_is_refused(seed, tmp_path):
    (tmp_path / "r.csv").write_text("id,first_vague,second_vague\nnope,1,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="id 'nope' is not in the seed file"):
        agreement(seed, tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [([("a", "a")], 1.0), ([("a", "b"), ("b", "a")], -1.0), ([("a", "a"), ("b", "b"), ("a", "b"), ("b", "a")], 0.0)],
)
def test_kappa_by_hand(pairs, kappa):
    assert cohen_kappa(pairs) == pytest.approx(kappa)


def test_a_label_is_doubtful_where_another_is_as_good_as_certain():
    rows = np.array([[0.99, 0.01], [0.01, 0.99], [0.99, 0.01], [0.4, 0.6]])
    given = np.array(["a", "b", "b", "a"])
    assert confident_disagreements(rows, given, np.array(["a", "b"])) == [(2, 1, 0)]


def test_every_verdict_of_the_audit_is_kept_or_mended(seed):
    verdicts = read_verdicts(ROOT / "data" / "audit.csv")
    assert set(verdicts.values()) == {"kept", "mended"}
    assert {identifier for identifier, _ in verdicts} <= set(seed.column("id"))


def test_a_smaller_part_of_the_learning_curve_lies_inside_the_larger(seed):
    texts = prepare(seed, Settings().prepare).of("train", "calibration")
    small, large = (set(subset(texts, size, 17).column("id")) for size in (500, 1000))
    assert small < large
    assert 500 <= len(small) < 520


def test_the_committed_curve_covers_every_head_and_language(seed):
    with (ROOT / "metrics" / "learning_curve.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sizes = sorted({int(row["rows"]) for row in rows})
    assert {row["head"] for row in rows} == set(seed.labels)
    assert {row["language"] for row in rows} >= {"all", "nl", "nb", "ru", "en"}
    assert len(sizes) == 6
