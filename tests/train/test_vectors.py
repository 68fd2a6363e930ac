"""`intentclf vectors build` on a small corpus of our own: what it learns, its card, the same bytes again."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from intentclf.errors import InputError, IntentclfError, ModelError, SettingsError
from intentclf.predict.vectors import Vectors, load_vectors
from intentclf.serve.cli import app, main
from intentclf.settings import VectorSettings
from intentclf.train.vectors import build_vectors

OWN = Path(__file__).parent / "corpus" / "own.jsonl"
LANGUAGES = ("nl", "nb", "ru", "en")
SMALL = VectorSettings(bits=14, dimensions=32, epochs=60, batch=32)
QUICK = VectorSettings(bits=8, dimensions=4, epochs=1, batch=16)
OPTIONS = ("--bits", "8", "--dimensions", "4", "--epochs", "1", "--batch", "16")
SOURCES = """source,repository,commit,licence
tatoeba,https://example.org/tatoeba,abc123,CC BY 2.0 FR
desk,https://example.org/desk,def456,Apache-2.0
"""


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in OWN.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, content: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content), encoding="utf-8")
    return path


def hits(vectors: Vectors, held_out: list[dict[str, str]]) -> Any:
    """Whether the nearest sentence in another language is the translation, for each of the pairs of languages."""
    encoded = [vectors.encode([row[language] for row in held_out]) for language in LANGUAGES]
    return np.array([(a @ b.T).argmax(axis=1) == np.arange(len(held_out)) for a, b in permutations(encoded, 2)])


# --- what is learnt


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vectors, list[dict[str, str]]]:
    """Vectors of five rows of six, and the rows that were held out."""
    folder = tmp_path_factory.mktemp("learnt")
    train = write_lines(folder / "train.jsonl", [row for k, row in enumerate(rows()) if k % 6])
    return build_vectors([train], folder / "vectors", SMALL), rows()[::6]


def test_the_nearest_of_held_out_sentences_is_mostly_the_translation(learnt):
    vectors, held_out = learnt
    chance = 1 / len(held_out)
    assert hits(vectors, held_out).mean() > max(0.6, 5 * chance)


@pytest.mark.parametrize("pair", range(12), ids=[f"{a}-{b}" for a, b in permutations(LANGUAGES, 2)])
def test_the_nearest_sentence_is_the_translation_more_often_than_chance_in_every_pair(learnt, pair):
    vectors, held_out = learnt
    assert hits(vectors, held_out)[pair].mean() > 5 / len(held_out)


def test_without_learning_translations_are_not_found_across_scripts(learnt, tmp_path):
    raw = build_vectors([OWN], tmp_path / "raw", VectorSettings(bits=14, dimensions=32, epochs=0))
    vectors, held_out = learnt
    russian = [k for k, pair in enumerate(permutations(LANGUAGES, 2)) if "ru" in pair]
    assert hits(raw, held_out)[russian].mean() < 0.3 < hits(vectors, held_out)[russian].mean()


def test_settings_give_the_shape_of_the_table(tmp_path):
    settings = VectorSettings(bits=6, dimensions=3, words=1, shortest_chars=3, longest_chars=4, epochs=1)
    vectors = build_vectors([OWN], tmp_path / "v", settings)
    assert (vectors.dense().shape, vectors.words, vectors.chars) == ((64, 4), 1, (3, 4))  # an odd number is filled up


def test_what_is_built_is_what_is_loaded(tmp_path):
    built = build_vectors([OWN], tmp_path / "v", QUICK)
    loaded = load_vectors(tmp_path / "v")
    assert (loaded.table.tobytes(), loaded.scale.tobytes()) == (built.table.tobytes(), built.scale.tobytes())


# --- the same again


def test_two_builds_are_the_same_to_the_byte(tmp_path):
    for name in ("one", "two"):
        build_vectors([OWN], tmp_path / name, SMALL)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert sorted(snapshot(tmp_path / "one")) == ["CARD.md", "manifest.json", "scale.npy", "table.npy"]


def test_the_number_of_cores_changes_nothing(tmp_path):
    tables = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            vectors = build_vectors(
                [OWN], tmp_path / str(threads), VectorSettings(bits=12, dimensions=200, epochs=2, batch=84)
            )
        tables.append(vectors.table.tobytes() + vectors.scale.tobytes())
    assert tables[0] == tables[1]


def test_another_seed_builds_another_table(tmp_path):
    tables = [build_vectors([OWN], tmp_path / str(seed), VectorSettings(8, 4, epochs=1, seed=seed)) for seed in (1, 2)]
    assert tables[0].table.tobytes() != tables[1].table.tobytes()


def test_a_gzipped_corpus_builds_the_same_table(tmp_path):
    (tmp_path / "own.jsonl.gz").write_bytes(gzip.compress(OWN.read_bytes(), mtime=0))
    packed = build_vectors([tmp_path / "own.jsonl.gz"], tmp_path / "a", QUICK)
    assert packed.table.tobytes() == build_vectors([OWN], tmp_path / "b", QUICK).table.tobytes()


def test_building_again_replaces_the_older_vectors(tmp_path):
    build_vectors([OWN], tmp_path / "v", QUICK)
    build_vectors([OWN], tmp_path / "v", VectorSettings(bits=9, dimensions=4, epochs=0))
    assert load_vectors(tmp_path / "v").scale.size == 512


# --- the manifest and the card


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder built of two corpora with a table of sources."""
    folder = tmp_path_factory.mktemp("built")
    own = [{**row, "source": "desk" if k % 4 else "tatoeba"} for k, row in enumerate(rows())]
    files = [write_lines(folder / "one.jsonl", own[:60]), write_lines(folder / "two.jsonl", rows()[60:])]
    (folder / "sources.csv").write_text(SOURCES, encoding="utf-8")
    build_vectors(files, folder / "vectors", QUICK, folder / "sources.csv")
    return folder


def test_the_manifest_holds_corpora_with_hashes_and_counts(built):
    facts = json.loads((built / "vectors" / "manifest.json").read_bytes())["facts"]
    assert facts["corpora"] == [
        {
            "name": name,
            "sha256": hashlib.sha256((built / name).read_bytes()).hexdigest(),
            "units": units,
            "sources": sources,
        }
        for name, units, sources in [
            ("one.jsonl", 60, {"desk": 45, "tatoeba": 15}),
            ("two.jsonl", len(rows()) - 60, {"-": len(rows()) - 60}),
        ]
    ]
    assert facts["settings"]["bits"] == 8


def test_the_card_holds_hashes_of_manifest_and_corpora(built):
    card = (built / "vectors" / "CARD.md").read_text(encoding="utf-8")
    digests = [hashlib.sha256((built / name).read_bytes()).hexdigest() for name in ("one.jsonl", "two.jsonl")]
    manifest = hashlib.sha256((built / "vectors" / "manifest.json").read_bytes()).hexdigest()
    assert [digest for digest in (*digests, manifest) if f"`{digest}`" not in card] == []
    assert f"| one.jsonl | 60 | `{digests[0]}` |" in card


def test_the_card_holds_a_table_of_sources_with_licence_and_units(built):
    card = (built / "vectors" / "CARD.md").read_text(encoding="utf-8")
    assert "| tatoeba | https://example.org/tatoeba | abc123 | CC BY 2.0 FR | 15 |" in card
    assert "| desk | https://example.org/desk | def456 | Apache-2.0 | 45 |" in card


def test_without_sources_the_card_has_no_table_of_them(tmp_path):
    build_vectors([OWN], tmp_path / "v", QUICK)
    assert "licence" not in (tmp_path / "v" / "CARD.md").read_text(encoding="utf-8")


def test_the_command_on_the_card_builds_the_same_vectors(tmp_path, monkeypatch):
    (tmp_path / "own.jsonl").write_bytes(OWN.read_bytes())
    monkeypatch.chdir(tmp_path)
    run("vectors", "build", "--corpus", "own.jsonl", "--out", "one", *OPTIONS, "--words", "1", "--seed", "5")
    (line,) = re.findall(r"^    intentclf (.*)$", (tmp_path / "one" / "CARD.md").read_text(encoding="utf-8"), re.M)
    run(*line.split(), "--out", "two")
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_the_card_counts_a_source_over_all_corpora(tmp_path):
    (tmp_path / "sources.csv").write_text(SOURCES, encoding="utf-8")
    own = [{**row, "source": "desk"} for row in rows()]
    files = [write_lines(tmp_path / "one.jsonl", own[:50]), write_lines(tmp_path / "two.jsonl", own[50:])]
    build_vectors(files, tmp_path / "v", QUICK, tmp_path / "sources.csv")
    assert f"| Apache-2.0 | {len(own)} |" in (tmp_path / "v" / "CARD.md").read_text(encoding="utf-8")


# --- the command


def run(*arguments: object) -> Any:
    """Run a command in this process; what a user can mend is raised, as `main` catches it."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_command_writes_the_folder_and_says_where(tmp_path):
    result = run("vectors", "build", "--corpus", OWN, "--out", tmp_path / "v", *OPTIONS)
    assert (result.exit_code, result.output.replace("\n", "")) == (0, f"vectors written to {tmp_path / 'v'}")
    assert load_vectors(tmp_path / "v").dense().shape == (256, 4)


def test_the_command_takes_several_corpora_and_sources(built, tmp_path):
    files = ("--corpus", built / "one.jsonl", "--corpus", built / "two.jsonl")
    run("vectors", "build", *files, "--out", tmp_path / "v", "--sources", built / "sources.csv", *OPTIONS)
    assert snapshot(tmp_path / "v") == snapshot(built / "vectors")


@pytest.mark.parametrize("arguments", [["vectors", "--help"], ["vectors", "build", "--help"]])
def test_the_command_has_help(arguments):
    result = run(*arguments)
    assert result.exit_code == 0
    assert "vectors" in result.output


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["--corpus", "nowhere.jsonl"], InputError, r"nowhere\.jsonl: no such file or folder"),
        (["--corpus", "{own}", "--corpus", "nowhere.mbox"], InputError, r"nowhere\.mbox: no such file or folder"),
        (["--corpus", "bad.jsonl"], InputError, r"bad\.jsonl, row 1: is no JSON object: 'x'"),
        (["--corpus", "{own}", "--sources", "nowhere.csv"], InputError, r"nowhere\.csv: no such file"),
        (["--corpus", "{own}", "--sources", "odd.csv"], InputError, r"odd\.csv: has no column 'licence'"),
        (["--corpus", "{own}", "--out", "mine"], ModelError, r"mine: holds 'thesis\.txt' and is not a folder of vec"),
        (["--corpus", "{own}", "--bits", "40"], SettingsError, "bits must be from 4 to 24, got 40"),
        (["--corpus", "{own}", "--words", "3"], SettingsError, "words must be from 1 to 2, got 3"),
        (["--corpus", "{own}", "--longest-chars", "1"], SettingsError, "longest-chars must be from 2 to 8, got 1"),
        (["--corpus", "{own}", "--batch", "1"], SettingsError, "batch must be from 2 to 100000, got 1"),
        (["--corpus", "{own}", "--epochs", "-1"], SettingsError, "epochs must be from 0 to 1000, got -1"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else None,
)
def test_a_mistake_gets_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, arguments, kind, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("three years")
    (tmp_path / "bad.jsonl").write_text("x")
    (tmp_path / "odd.csv").write_text("source,repository,commit\na,b,c\n")
    out = [] if "--out" in arguments else ["--out", "v"]
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(kind, match=f"^{message}"):
        run("vectors", "build", *OPTIONS, *out, *(each.format(own=OWN) for each in arguments))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_file_ends_the_program_with_2_and_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["intentclf", "vectors", "build", "--corpus", "nowhere.jsonl", "--out", "v"])
    with pytest.raises(SystemExit, match="^2$"):
        main()
    assert capsys.readouterr().err == "intentclf: nowhere.jsonl: no such file or folder\n"


def test_a_seed_below_0_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(IntentclfError, match="seed must be"):
        run("vectors", "build", "--corpus", OWN, "--out", tmp_path / "v", *OPTIONS, "--seed", "-1")


def test_no_corpus_at_all_is_refused(tmp_path):
    with pytest.raises(InputError, match="--corpus must name at least one file"):
        build_vectors([], tmp_path / "v", QUICK)


def test_a_corpus_of_one_unit_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"one\.jsonl"):
        build_vectors([write_lines(tmp_path / "one.jsonl", rows()[:1])], tmp_path / "v", QUICK)
