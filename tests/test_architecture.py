"""The house stays easy to live in: imports run one way, heavy libraries stay out of the start, modules stay small."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "intentclf"
# Each may import those before it; `triage` sits above the doors.
ORDER = ["errors", "records", "settings", "codebooks", "intake", "predict", "respond", "triage", "serve", "train"]
MODULES = sorted(SOURCE.rglob("*.py"))


def layer(dotted):
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


def imported(path):
    """Modules of the package that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("intentclf"):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("intentclf"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_run_one_way(path):
    own = layer("intentclf." + ".".join(path.relative_to(SOURCE).with_suffix("").parts))
    if own not in ORDER:
        return
    for module in imported(path):
        other = layer(module)
        if other not in ORDER or other == own or path.name.startswith("cli"):
            continue
        assert ORDER.index(other) < ORDER.index(own), f"{own} must not import {module}"


def test_only_the_command_line_reaches_the_bench():
    reaching = [
        path.name for path in MODULES if "train" not in path.parts and any(layer(m) == "train" for m in imported(path))
    ]
    assert sorted(reaching) == ["cli.py", "cli_data.py", "cli_model.py"]


def test_the_listing_reads_as_the_path_of_a_query():
    folders = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").is_file())
    assert folders == ["codebooks", "intake", "predict", "respond", "serve", "train"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_module_is_longer_than_400_lines(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 400


HEAVY = {"mlflow", "holidays", "pandas", "sklearn", "scipy", "spacy", "pyarrow", "joblib", "yaml", "py3langid", "numpy"}


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["codebook", "show", "troubleshooting.bug"], set()),
        (["classify", "hjelp"], {"py3langid", "numpy"}),
    ],
    ids=["help", "codebook", "classify"],
)
def test_a_command_loads_only_what_it_needs(arguments, allowed):
    program = (
        "import sys, contextlib, io\n"
        f"sys.argv = ['intentclf', *{arguments!r}]\n"
        "from intentclf.serve.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY & set(run.stdout.split()) <= allowed


def test_public_names_are_complete_and_sorted():
    import intentclf

    assert intentclf.__all__ == sorted(intentclf.__all__)
    assert all(getattr(intentclf, name) is not None for name in intentclf.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = intentclf.nothing
