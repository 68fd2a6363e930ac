"""Ways to learn vectors side by side: each on a made-up corpus of four small languages, the page, the command."""

import csv
import doctest
import gzip
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bench import compare_vectors
from bench.compare_vectors import METHODS, Learnt, Rows, Scale, Text
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[1]
# Words of one meaning stand at one place; no two languages spell one alike.
WORDS = {
    "nl": "brug kikker lepel zolder egel gordijn kaars mouw schaduw steiger touwladder vlieger wolk zeepbel kruiwagen "
    "paddenstoel sneeuwpop regenjas onweer draaimolen",
    "nb": "bro frosk skje loft pinnsvin forheng stearinlys erme skygge kai taustige drage sky såpeboble trillebår "
    "sopp snømann regnfrakk torden karusell",
    "ru": "мост лягушка ложка чердак ёж занавеска свеча рукав тень причал лестница змей облако пузырь тачка "
    "гриб снеговик плащ гроза карусель",
    "en": "bridge frog spoon attic hedgehog curtain candle sleeve shadow jetty ladder kite cloud bubble wheelbarrow "
    "mushroom snowman raincoat thunder carousel",
}
SMALL = Scale(units=None, documents=None, held=40, labelled=None, rows=100)


def unit(number):
    """Five words in an order that depends on the number alone, in all languages."""
    places = random.Random(number).sample(range(20), 5)
    return {code: " ".join(words.split()[place] for place in places) for code, words in WORDS.items()}


def write_lines(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A shared folder of the real layout: translations, some without a language, and articles."""
    folder = tmp_path_factory.mktemp("shared")
    translations = [{"source": "made-up", "key": str(number), **unit(number)} for number in range(400)]
    translations += [row | {"key": f"{row['key']}-less", "nb": None} for row in translations[:30]]
    write_lines(folder / "corpora/parallel.jsonl.gz", translations)
    articles = [{"slug": str(number), "title": unit(number), "body": unit(number + 500)} for number in range(400, 460)]
    for article in articles:
        del article["body"]["en"]
    write_lines(folder / "benchmarks/support_articles.jsonl.gz", articles)
    return folder


@pytest.fixture(scope="module")
def text(shared):
    return compare_vectors.read_text(shared, SMALL)


@pytest.fixture(scope="module", autouse=True)
def _many_steps():
    """One thread; small batches, as by default one takes more units than there are, and six steps teach nothing; fewer
    dimensions than words, as the last directions of eighty words are noise.
    """
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_vectors, "SETTINGS", replace(compare_vectors.SETTINGS, batch=32, dimensions=64))
        yield


@pytest.fixture(scope="module")
def measured(text) -> dict[str, tuple[Learnt, float, float]]:
    return {method.name: (vectors, wall, cpu) for method, vectors, wall, cpu in compare_vectors.learn(text)}


@pytest.fixture(scope="module")
def learnt(measured):
    return {name: vectors for name, (vectors, *_) in measured.items()}


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """A table of labelled texts of the real layout: three codes, a few words each, in four languages and Nynorsk."""
    path = tmp_path_factory.mktemp("labels") / "labels.csv"
    codes = ("troubleshooting.bug", "troubleshooting.sync", "none")
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "group", "text", "lang", "outlook_com"])
        for number in range(60):
            places = random.Random(f"label {number}").sample(range(6), 4)
            for code, words in WORDS.items():
                shown = " ".join(words.split()[6 * (number % 3) + place] for place in places)
                stated = "nn" if code == "nb" and number % 10 == 0 else code
                table.writerow([f"{number}-{code}", f"g{number}", f"{shown} {number}", stated, codes[number % 3]])
    return path


@pytest.fixture(scope="module")
def rows(labels):
    return compare_vectors.read_rows(labels, SMALL)


def test_examples_of_the_docstrings_are_true():
    assert doctest.testmod(compare_vectors).failed == 0


# --- reading


def test_no_unit_that_is_learnt_shares_a_text_with_one_held_out(text):
    held = {(code, shown) for each in text.held for code, shown in each.items()}
    assert len(text.held) == 40
    assert not held & {(code, shown) for each in text.units for code, shown in each.items()}
    assert all(set(each) == set(WORDS) for each in text.held)


def test_the_same_units_are_held_out_whatever_the_order_of_lines(shared, tmp_path):
    for name in ("corpora/parallel.jsonl.gz", "benchmarks/support_articles.jsonl.gz"):
        with gzip.open(shared / name, "rt", encoding="utf-8") as file:
            write_lines(tmp_path / name, reversed([json.loads(line) for line in file]))
    assert compare_vectors.read_text(tmp_path, SMALL).held == compare_vectors.read_text(shared, SMALL).held


def test_texts_that_differ_in_case_and_punctuation_are_one_text(shared, tmp_path):
    write_lines(tmp_path / "benchmarks/support_articles.jsonl.gz", [])
    twins = [{code: f"{shown.upper()}!" for code, shown in unit(number).items()} for number in range(50)]
    units = [*(unit(number) for number in range(50)), *twins]
    write_lines(
        tmp_path / "corpora/parallel.jsonl.gz",
        ({"source": "made-up", "key": str(number), **each} for number, each in enumerate(units)),
    )
    text = compare_vectors.read_text(tmp_path, replace(SMALL, held=10))
    assert (len(text.held), len(text.units)) == (10, 80)


def test_articles_give_titles_bodies_and_whole_documents(text):
    title, body = text.articles[0]
    assert title in text.units
    assert body in text.units
    assert set(title) - set(body) == {"en"}


def test_labelled_rows_are_whole_groups_of_the_train_part(rows, labels):
    few = compare_vectors.read_rows(labels, replace(SMALL, rows=40))
    assert 36 < len(few.texts) <= 40
    assert set(few.groups) < set(rows.groups)
    assert set(np.unique(few.groups, return_counts=True)[1]) == {4}
    assert set(rows.languages) == set(WORDS)


# --- methods


@pytest.mark.parametrize("name", [method.name for method in METHODS])
def test_every_method_gives_finite_vectors_of_length_one(learnt, text, name):
    vectors = learnt[name].encode([each["ru"] for each in text.held])
    assert vectors.shape == (40, learnt[name].dimensions)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("name", [method.name for method in METHODS])
def test_a_text_without_a_known_word_has_the_length_zero(learnt, name):
    assert np.linalg.norm(learnt[name].encode([""])) == 0


@pytest.mark.parametrize("name", [method.name for method in METHODS if method.name != "random"])
def test_what_is_learnt_finds_translations_that_were_held_out(learnt, text, name):
    found = compare_vectors.retrieval(learnt[name].encode, text.held)
    floor = compare_vectors.retrieval(learnt["random"].encode, text.held)
    assert set(found) == {"nl", "nb", "ru"}
    for code, share in found.items():
        assert share >= 0.5, code
        assert share > floor[code] + 0.2, code


def test_random_vectors_find_nothing_across_scripts(learnt, text):
    assert compare_vectors.retrieval(learnt["random"].encode, text.held)["ru"] < 0.2


def test_a_word_is_aligned_with_its_translation():
    units = [unit(number) for number in range(200)]
    learnt = compare_vectors._alignment(Text(units, [], [], {}))
    english = learnt.encode(WORDS["en"].split())
    for code in ("nl", "nb", "ru"):
        nearest = (learnt.encode(WORDS[code].split()) @ english.T).argmax(axis=1)
        assert (nearest == np.arange(20)).mean() > 0.9, code


def test_a_method_of_two_has_the_numbers_bytes_and_seconds_of_both(measured):
    one, other, both = (measured[name] for name in ("sentence_lsi", "contrast", "joined"))
    assert both[0].dimensions == one[0].dimensions + other[0].dimensions
    assert both[0].size == one[0].size + other[0].size
    assert both[1:] == pytest.approx((one[1] + other[1], one[2] + other[2]))


@pytest.mark.slow
def test_methods_learn_the_same_twice(text, learnt):
    asked = [each["nl"] for each in text.held]
    for method, vectors, _, _ in compare_vectors.learn(text):
        assert np.allclose(vectors.encode(asked), learnt[method.name].encode(asked), atol=1e-5), method.name


# --- measures


def test_a_tie_is_not_found():
    held = [{"nl": "a", "nb": "a", "ru": "a", "en": "a"}] * 2
    assert compare_vectors.retrieval(lambda texts: np.ones((len(texts), 3)), held) == {"nl": 0, "nb": 0, "ru": 0}


def test_splits_test_every_row_once_and_keep_their_promise(rows):
    found = compare_vectors.splits(rows)
    assert {kind: len(parts) for kind, parts in found.items()} == {
        "new_situation": 5,
        "new_language": 4,
        "both_new": 20,
    }
    for kind, parts in found.items():
        assert np.array_equal(np.sort(np.concatenate([test for _, test in parts])), np.arange(len(rows.texts))), kind
        for train, test in parts:
            if kind != "new_language":
                assert not set(rows.groups[train]) & set(rows.groups[test]), kind
            if kind != "new_situation":
                assert not set(rows.languages[train]) & set(rows.languages[test]), kind


def test_any_alternative_of_a_label_is_right():
    rows = Rows(
        [f"kaars {number}" if number % 2 else f"wolk {number}" for number in range(20)],
        ["a|b" if number % 2 else "c" for number in range(20)],
        np.array([("nl", "en")[number // 10] for number in range(20)]),
        np.array([f"g{number % 10}" for number in range(20)]),
    )
    bags = compare_vectors._bags(rows.texts)
    found = compare_vectors.accuracy(rows, bags, None, words=True)
    assert found == {"new_situation": 1.0, "new_language": 1.0, "both_new": 1.0}


@pytest.mark.slow
def test_vectors_of_translations_carry_a_label_into_a_new_script(text, rows):
    said: list[str] = []
    figures = {row["name"]: row for row in compare_vectors.compare(text, rows, say=said.append)}
    assert list(figures) == ["tfidf", *(method.name for method in METHODS)]
    assert figures["contrast"]["alone"]["both_new"] > figures["tfidf"]["alone"]["both_new"] + 0.2
    assert figures["contrast"]["alone"]["both_new"] > figures["random"]["alone"]["both_new"] + 0.2
    assert figures["tfidf"]["both"] is None
    assert len(said) == len(METHODS)


# --- the page


def figure(name, title, share, **others):
    kinds = {"new_situation": share, "new_language": share - 0.1, "both_new": share - 0.2}
    return {
        "name": name,
        "title": title,
        "dimensions": 64,
        "bytes": 8_388_608,
        "seconds": 12.34,
        "cpu": 10.0,
        "retrieval": {"nl": share, "nb": share, "ru": share - 0.3},
        "alone": kinds,
        "both": {kind: value + 0.05 for kind, value in kinds.items()},
    } | others


RECORD = {
    "command": "python -m bench.compare_vectors",
    "date": "2026-01-02 03:04 UTC",
    "seconds": 61.0,
    "commit": None,
    "quick": False,
    "python": "3.11",
    "packages": {"numpy": "2.2", "scikit-learn": "1.9"},
    "machine": {"processor": "a", "cores": 2, "memory_gib": 4.0, "system": "b"},
    "data": {
        "units": 9000,
        "articles": 20,
        "held": 100,
        "rows": 600,
        "sha256": {"parallel.jsonl.gz": "0123456789abcd"},
    },
    "figures": [
        figure("tfidf", "tf-idf alone", 0.7, both=None, bytes=None, dimensions=None, seconds=None, cpu=None),
        figure("ppmi", "PPMI + SVD", 0.65),
        figure("contrast", "Contrast", 0.6),
    ],
}


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(
            "| Contrast | 64 | 50.0 | 60.0 | 60.0 | 30.0 | 60.0 / 65.0 | 50.0 / 55.0 | 40.0 / 45.0 | 12.3 | 10.0",
            id="a line of figures",
        ),
        pytest.param(
            "| tf-idf alone | – | 60.0 | 70.0 | 70.0 | 40.0 | 70.0 | 60.0 | 50.0 | – | – | – |", id="the baseline"
        ),
        pytest.param("| PPMI + SVD | −5.0 | −5.0 | −5.0 | −5.0 | −5.0 | −5.0 | −5.0 |", id="losses of ours"),
        pytest.param("| tf-idf alone | −10.0 | −10.0 | −5.0 |", id="side by side less tf-idf alone"),
        pytest.param("retrieval: tf-idf alone; new situation, alone: tf-idf alone;", id="the best is named"),
        pytest.param("PPMI + SVD +0.0, +0.0, +0.0; Contrast −5.0, −5.0, −5.0.", id="what vectors add to words"),
        pytest.param("9,000 units", id="how much was learnt from"),
        pytest.param("parallel.jsonl.gz 0123456789ab\n", id="what was learnt from"),
    ],
)
def test_the_page_tells_losses_like_wins(expected):
    assert expected in compare_vectors.markdown(RECORD)


def test_the_protocol_has_four_sentences():
    page = compare_vectors.markdown(RECORD)
    protocol = page.partition("## Protocol\n\n")[2].partition("\n\n")[0]
    assert protocol.replace("labels.csv", "").count(". ") + 1 == 4


def test_a_quick_page_says_so():
    assert "A quick run" in compare_vectors.markdown(RECORD | {"quick": True})
    assert "A quick run" not in compare_vectors.markdown(RECORD)


# --- the command


def test_without_the_shared_folder_one_sentence_and_code_0(tmp_path):
    line = [sys.executable, "-m", "bench.compare_vectors", "--shared", str(tmp_path / "nowhere")]
    result = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stderr
    path = tmp_path / "nowhere/corpora/parallel.jsonl.gz"
    assert result.stdout == f"compare_vectors: skipped, because there is no file {path} with unlabelled text.\n"


@pytest.mark.slow
def test_the_command_writes_record_and_page(shared, labels, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compare_vectors, "LABELS", labels)
    monkeypatch.setattr(compare_vectors, "QUICK", SMALL)
    out = tmp_path / "results"
    assert compare_vectors.main(["--quick", "--shared", str(shared), "--out", str(out)]) == 0
    assert "vectors.md" in capsys.readouterr().out
    record = json.loads((out / "vectors.json").read_text(encoding="utf-8"))
    assert (out / "vectors.md").read_text(encoding="utf-8") == compare_vectors.markdown(record)
    assert record["command"].startswith("python -m bench.compare_vectors --quick --shared ")
    assert record["data"]["held"] == 40
    assert [path.name for path in sorted(out.iterdir())] == ["vectors.json", "vectors.md"]
