"""Severity from text, codes and signals together, and its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from intentclf import load_model
from intentclf.errors import ModelError
from intentclf.intake import read
from intentclf.predict.calibration import CodeTree
from intentclf.predict.severity import SeverityWeights
from intentclf.records import Query, Reason, Severity
from intentclf.respond.severity.grounds import bound_severity, evidence_of, ground_names, weigh_severity
from intentclf.respond.severity.signals import Signals, find_signals
from intentclf.train.severity import fit_severity


@pytest.fixture(scope="module")
def model():
    return load_model()


def likely_of(model, *texts):
    readings = [read(Query(str(k), text)) for k, text in enumerate(texts)]
    return model.probabilities(model.views(model.read([r.core for r in readings]))), [find_signals(r) for r in readings]


def test_the_shipped_model_weighs_all_evidence_that_is_gathered(model):
    assert model.severity is not None
    assert model.severity.names == ground_names(model.severity.levels, model.trees)
    likely, signals = likely_of(model, "mail doet het niet", "")
    assert evidence_of(likely["severity"], likely, model.trees, signals).shape == (2, len(model.severity.names))


def test_probabilities_sum_to_one_and_are_alike_alone_and_in_a_batch(model):
    texts = ["niemand kan inloggen", "сколько стоит Visio", "takk for hjelpen", ""]
    whole = weigh_severity(model, *likely_of(model, *texts))
    assert whole is not None
    assert whole.sum(axis=1) == pytest.approx(1.0)
    for row, text in zip(whole, texts, strict=True):
        alone = weigh_severity(model, *likely_of(model, text))
        assert alone is not None
        assert alone[0].tobytes() == row.tobytes()


def test_more_people_stopped_make_level_a_likelier(model):
    rows = weigh_severity(
        model, *likely_of(model, "ik kan niet inloggen op outlook", "niemand van de collega's kan inloggen op outlook")
    )
    assert rows is not None
    assert rows[1][0] > rows[0][0] + 0.2


def test_without_weights_the_text_alone_tells(model):
    likely, signals = likely_of(model, "mail doet het niet")
    rows = weigh_severity(replace(model, severity=None), likely, signals)
    assert rows is likely["severity"]
    assert weigh_severity(model, {}, signals) is None


def test_weights_for_other_signals_are_refused(model):
    other = SeverityWeights(("text:A",), ("A",), np.zeros((1, 1), np.float32), np.zeros(1, np.float32))
    with pytest.raises(ModelError, match="trained with other signals"):
        weigh_severity(replace(model, severity=other), *likely_of(model, "mail doet het niet"))


def reason(code, confidence):
    return {"service_request": Reason(code, confidence, "model", (), ())}


@pytest.mark.parametrize(
    ("code", "confidence", "expected"),
    [
        ("billing", 0.9, ("B", 0.9, "rule")),
        ("billing", 0.49, ("A", 0.6, "model")),
        ("technical", 0.9, ("A", 0.6, "model")),
        ("none", 0.9, ("A", 0.6, "model")),
        (None, 0.0, ("A", 0.6, "model")),
    ],
)
def test_billing_is_bound_to_b(model, code, confidence, expected):
    severity = Severity("A", 0.6, {"A": 0.6, "B": 0.3, "C": 0.1}, "model")
    found, bound = bound_severity(severity, reason(code, confidence), model.trees)
    assert (found.level, pytest.approx(found.confidence), found.decided_by) == expected
    assert (bound is not None) == (expected[0] == "B")
    assert sum(found.probabilities.values()) == pytest.approx(1.0)


def test_a_level_under_the_bound_is_left_alone(model):
    severity = Severity("C", 0.8, {"A": 0.1, "B": 0.1, "C": 0.8}, "model")
    assert bound_severity(severity, reason("billing", 0.9), model.trees) == (severity, None)


def rows_of(number, seed=0):
    """Level A where many are affected, else B where the text says so, else C; the text is unsure of A."""
    rng = np.random.default_rng(seed)
    many = rng.random(number) < 0.2
    hindered = rng.random(number) < 0.5
    text = np.where(hindered[:, None], [[0.2, 0.6, 0.2]], [[0.2, 0.2, 0.6]])
    signals = [Signals(*(("many", "unusable") if each else ())) for each in many]
    signals = [replace(s, found=()) for s in signals]
    truth = [("A",) if a else ("B",) if b else ("C",) for a, b in zip(many, hindered, strict=True)]
    return {"severity": text}, signals, truth


def test_what_signals_say_is_learnt_beyond_the_text():
    likely, signals, truth = rows_of(5000)
    trees: dict[str, CodeTree] = {}
    fitted = fit_severity("ABC", likely, trees, signals, truth, [str(k) for k in range(5000)], head="severity")
    assert fitted is not None
    weights, rows = fitted
    given = [("A", "B", "C")[k] for k in rows.argmax(axis=1)]
    assert np.mean([level == labels[0] for level, labels in zip(given, truth, strict=True)]) > 0.95
    assert rows.sum(axis=1) == pytest.approx(1.0)
    assert weights.weights.shape == (len(weights.names), 3)


@pytest.mark.parametrize(("rows", "levels"), [(200, "ABC"), (600, "BC")], ids=["few rows", "a level never seen"])
def test_too_little_leaves_it_to_the_text(rows, levels):
    likely, signals, truth = rows_of(rows)
    truth = [labels if labels[0] in levels else ("B",) for labels in truth]
    groups = [str(k) for k in range(rows)]
    assert fit_severity("ABC", likely, {}, signals, truth, groups, head="severity") is None
