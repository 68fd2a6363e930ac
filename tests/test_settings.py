"""Settings are known by name, checked by range, and stand in params.yaml as they stand in the code."""

from pathlib import Path

import pytest
import yaml

from intentclf.errors import SettingsError
from intentclf.settings import Settings, VectorSettings

PARAMS = Path(__file__).parents[1] / "params.yaml"


def test_params_yaml_states_the_defaults():
    assert yaml.safe_load(PARAMS.read_text(encoding="utf-8")) == Settings().to_dict()


def test_a_file_that_sets_one_value_keeps_the_other_defaults(tmp_path):
    (tmp_path / "p.yaml").write_text("fit: {c: 2.0}\n", encoding="utf-8")
    assert Settings.load(tmp_path / "p.yaml").fit.c == 2.0
    assert Settings.load(tmp_path / "p.yaml").prepare == Settings().prepare


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- 1\n", "settings must be a mapping of groups, got"),
        ("fitt: {}\n", "unknown group 'fitt'; known are prepare, fit, calibrate, evaluate"),
        ("fit: 3\n", "group 'fit' must be a mapping, got '3'"),
        ("vectors: {}\n", "unknown group 'vectors'"),
        ("fit: {cc: 1}\n", "unknown setting fit.cc; known are min_documents"),
        ("fit: {words: 2}\n", "unknown setting fit.words"),
        ("fit: {c: much}\n", "fit.c must be a number, got 'much'"),
        ("fit: {c: 0}\n", "fit.c must be from 1e-06 to 1000000.0, got 0"),
        ("fit: {hidden: 1.5}\n", "fit.hidden must be a whole number, got '1.5'"),
        ("fit: {hidden: true}\n", "fit.hidden must be a whole number, got 'True'"),
        ("fit: {hidden: 0}\n", "fit.hidden must be from 1 to 100000, got 0"),
        ("fit: {min_documents: 0}\n", "fit.min_documents must be from 1 to 1000, got 0"),
        ("fit: {max_weights: 9999}\n", "fit.max_weights must be from 10000 to 1000000000, got 9999"),
        ("fit: {contrast_epochs: -1}\n", "fit.contrast_epochs must be from 0 to 1000, got -1"),
        ("fit: {contrast_batch: 0}\n", "fit.contrast_batch must be from 1 to 100000, got 0"),
        ("fit: {epochs: 0}\n", "fit.epochs must be from 1 to 100000, got 0"),
        ("fit: {batch: 0}\n", "fit.batch must be from 1 to 100000, got 0"),
        ("fit: {dropout: 0.95}\n", "fit.dropout must be from 0.0 to 0.9, got 0.95"),
        ("fit: {gram_dropout: -0.1}\n", "fit.gram_dropout must be from 0.0 to 0.9, got -0.1"),
        ("fit: {gain: 0}\n", "fit.gain must be from 1e-06 to 1000000.0, got 0"),
        ("fit: {rate: 0}\n", "fit.rate must be from 1e-06 to 1000000.0, got 0"),
        ("fit: {table_rate: .nan}\n", "fit.table_rate must be from 1e-06 to 1000000.0, got nan"),
        ("prepare: {test: 0.7}\n", "prepare.test must be from 0.0 to 0.5, got 0.7"),
        ("calibrate: {coverage: 1.0}\n", "calibrate.coverage must be from 0.5 to 0.999, got 1.0"),
        ("evaluate: {bins: 1}\n", "evaluate.bins must be from 2 to 100, got 1"),
        ("fit: [\n", "not a readable YAML file"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, content, message):
    (tmp_path / "p.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")):
        Settings.load(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bits": 3}, "bits must be from 4 to 24, got 3"),
        ({"bits": 25}, "bits must be from 4 to 24, got 25"),
        ({"dimensions": 1}, "dimensions must be from 2 to 1024, got 1"),
        ({"words": 0}, "words must be from 1 to 2, got 0"),
        ({"words": 3}, "words must be from 1 to 2, got 3"),
        ({"shortest_chars": 0}, "shortest-chars must be from 1 to 8, got 0"),
        ({"shortest_chars": 4, "longest_chars": 3}, "longest-chars must be from 4 to 8, got 3"),
        ({"longest_chars": 9}, "longest-chars must be from 2 to 8, got 9"),
        ({"epochs": -1}, "epochs must be from 0 to 1000, got -1"),
        ({"batch": 1}, "batch must be from 2 to 100000, got 1"),
    ],
    ids=str,
)
def test_a_wrong_setting_of_vectors_is_named_as_its_option(values, message):
    with pytest.raises(SettingsError, match=f"^{message}$"):
        VectorSettings(**values)


def test_limits_of_ranges_are_allowed():
    assert VectorSettings(4, 2, 1, 8, 8, 0, 2).longest_chars == 8
    assert Settings.from_dict({"fit": {"contrast_epochs": 0, "dropout": 0.9, "hidden": 1}}).fit.hidden == 1


def test_a_missing_file_is_named():
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: no such settings file"):
        Settings.load("nowhere.yaml")
