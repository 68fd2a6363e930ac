"""Settings are known by name, checked by range, and stand in params.yaml as they stand in the code."""

from pathlib import Path

import pytest
import yaml

from intentclf.errors import SettingsError
from intentclf.settings import Settings

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
        ("fit: {cc: 1}\n", "unknown setting fit.cc; known are words"),
        ("fit: {c: much}\n", "fit.c must be a number, got 'much'"),
        ("fit: {words: 1.5}\n", "fit.words must be a whole number, got '1.5'"),
        ("fit: {words: true}\n", "fit.words must be a whole number, got 'True'"),
        ("fit: {words: 3}\n", "fit.words must be from 1 to 2, got 3"),
        ("fit: {longest_chars: 1}\n", "fit.longest_chars must be from 2 to 8, got 1"),
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


def test_a_missing_file_is_named():
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: no such settings file"):
        Settings.load("nowhere.yaml")
