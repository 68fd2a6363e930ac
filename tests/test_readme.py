"""What the README and the docs show is what happens: their commands are run, their output compared."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples():
    """Each `$ command` of a console block, with the output shown below it ('' where none is shown)."""
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield pytest.param(command, shown, id=f"{page.name}: {command[:60]}")


@pytest.mark.parametrize(("command", "shown"), list(examples()))
def test_a_command_shown_does_what_is_shown(command, shown, tmp_path):
    words = shlex.split(command.partition("  #")[0])
    assert words[0] == "intentclf", "only intentclf commands stand in console blocks; the rest is tested by name"
    words = [str(tmp_path / word) if words[k - 1] == "--out" else word for k, word in enumerate(words)]
    run = subprocess.run(
        [sys.executable, "-m", "intentclf.serve.cli", *words[1:]], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert run.returncode == 0, run.stderr
    if shown.strip():
        lines = [line for line in shown.splitlines() if line.strip() and line.strip() != "…"]
        printed = [re.sub(r"\s+", " ", line).strip() for line in run.stdout.splitlines()]
        assert [
            re.sub(r"\s+", " ", line).strip() for line in lines if re.sub(r"\s+", " ", line).strip() not in printed
        ] == []


def test_the_two_commands_of_the_readme_are_targets_of_make():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands[:2] == ["run", "test"]
    assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in commands)


def test_every_file_that_a_page_links_to_is_there():
    links = [
        (page.name, link)
        for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert links == []
