"""The built wheel works in an empty environment outside of the repository."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, cwd=folder)
    venv.create(folder / "env", with_pip=True)
    pip = [str(folder / "env/bin/pip"), "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, *map(str, folder.glob("*.whl"))], check=True, capture_output=True, cwd=folder)
    return folder


def run(folder, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = [str(folder / "env/bin/intentclf"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


@pytest.mark.slow
def test_classify_answers_with_the_model_of_the_wheel(installed):
    result = run(installed, "classify", "jeg har glemt passordet mitt", "--json")
    assert result.stderr == ""
    assert json.loads(result.stdout)["reasons"]["outlook_com"]["code"] == "not_outlook.microsoft_other.password"


@pytest.mark.slow
def test_score_reads_and_writes_parquet_with_the_core_alone(installed):
    (installed / "in.csv").write_text("id,text\n1,mail is weg\n", encoding="utf-8")
    assert run(installed, "score", "in.csv", "--out", "mid.parquet").returncode == 0
    result = run(installed, "score", "mid.parquet", "--text", "why", "--out", "out.csv")
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.slow
def test_training_without_its_extra_says_what_to_install(installed):
    result = run(installed, "train", "--data", "in.csv", "--out", "m")
    assert (result.returncode, result.stdout) == (2, "")
    assert "pip install 'intentclf[train]'" in result.stderr


@pytest.mark.slow
def test_the_wheel_carries_its_data_and_no_training_text(installed):
    import zipfile

    (wheel,) = installed.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"intentclf/py.typed", "intentclf/models/default/manifest.json", "intentclf/codebooks/rules/ru.csv"} <= set(
        names
    )
    assert not [name for name in names if "seed_labels" in name or "tests" in name]
    assert wheel.stat().st_size < 20_000_000
