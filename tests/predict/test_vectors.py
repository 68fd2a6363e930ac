"""Sub-word vectors: by hand on a table of four buckets, on disk, and what the shipped table knows of four languages."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from intentclf.errors import ModelError
from intentclf.predict.features import Grams, hash_grams
from intentclf.predict.vectors import (
    Bag,
    Vectors,
    default_vectors_folder,
    load_vectors,
    packed,
    quantize,
    save_vectors,
    unpacked,
)

ANY_TEXT = st.text(st.characters(), max_size=40)  # all planes, lone surrogates too
LANGUAGES = ("nl", "nb", "ru", "en")


@pytest.fixture(scope="module")
def tiny() -> Vectors:
    """Four buckets in two dimensions: (2, 0), (0, 3), (-4, 4) and the vector of length 0."""
    table = np.array([[1, 0], [0, 1], [-2, 2], [0, 0]], dtype=np.int8)
    return Vectors(packed(table), np.array([2.0, 3.0, 2.0, 1.0], dtype=np.float32), 2, (2, 3))


@pytest.fixture(scope="module")
def small() -> Vectors:
    """256 buckets of random vectors in eight dimensions."""
    rng = np.random.default_rng(5)
    return Vectors.of(rng.normal(size=(256, 8)) * rng.gamma(2.0, size=(256, 1)), 2, (2, 4))


@pytest.fixture(scope="module")
def shipped() -> Vectors:
    return load_vectors()


def grams(*places: tuple[int, int]) -> Grams:
    """N-grams by hand: (text, hash) each."""
    document, value = np.array(places, dtype=np.int64).reshape(-1, 2).T
    nothing = np.zeros(document.size, dtype=np.int64)
    return Grams(document, value.astype(np.uint64), nothing.astype(np.uint8), nothing, nothing)


def bag(*pairs: tuple[int, float]) -> Bag:
    return Bag(np.array([b for b, _ in pairs], np.int64), np.array([v for _, v in pairs], np.float32))


def shown(bags: list[Bag]) -> list[dict[int, float]]:
    return [dict(zip(each.bucket.tolist(), each.value.tolist(), strict=True)) for each in bags]


# --- bags and sums


@pytest.mark.parametrize(
    ("places", "texts", "expected"),
    [
        pytest.param([(0, 1)], 1, [{1: 1.0}], id="one n-gram"),
        pytest.param([(0, 5)], 1, [{1: 1.0}], id="the low bits of the hash are the bucket"),
        pytest.param([(0, 2**63 + 6)], 1, [{2: 1.0}], id="the high bits do not matter"),
        pytest.param([(0, 1), (0, 1)], 1, [{1: 1 + math.log(2)}], id="twice is 1 + ln 2"),
        pytest.param([(0, 1), (0, 5), (0, 9)], 1, [{1: 1 + math.log(3)}], id="three that share a bucket"),
        pytest.param([(0, 3), (0, 1), (0, 0)], 1, [{0: 1.0, 1: 1.0, 3: 1.0}], id="buckets rise"),
        pytest.param([(0, 1), (1, 1)], 2, [{1: 1.0}, {1: 1.0}], id="texts do not share a count"),
        pytest.param([(1, 2)], 3, [{}, {2: 1.0}, {}], id="texts without n-grams"),
        pytest.param([], 2, [{}, {}], id="no n-grams at all"),
        pytest.param([], 0, [], id="no texts"),
    ],
)
def test_bags_are_those_counted_by_hand(tiny, places, texts, expected):
    bags = tiny.bags(grams(*places) if all(hash_ < 2**63 for _, hash_ in places) else high(places), texts)
    assert shown(bags) == [pytest.approx(row) for row in expected]
    assert [list(row) for row in shown(bags)] == [sorted(row) for row in expected]


def high(places: list[tuple[int, int]]) -> Grams:
    """As `grams`, for hashes of which the highest bit is set."""
    plain = grams(*((text, 0) for text, _ in places))
    return Grams(plain.document, np.array([h for _, h in places], np.uint64), plain.kind, plain.start, plain.end)


@pytest.mark.parametrize(
    ("bags", "expected"),
    [
        pytest.param([bag((0, 1.0))], [[2.0, 0.0]], id="one bucket"),
        pytest.param([bag((0, 1.0), (1, 1.0))], [[2.0, 3.0]], id="two buckets"),
        pytest.param([bag((0, 2.0), (2, 0.5))], [[2.0, 2.0]], id="2 x (2, 0) + 1/2 x (-4, 4)"),
        pytest.param([bag((0, 2.0), (2, 1.0))], [[0.0, 4.0]], id="2 x (2, 0) + (-4, 4)"),
        pytest.param([bag((3, 1.0))], [[0.0, 0.0]], id="a bucket that weighs nothing"),
        pytest.param([bag(), bag((1, 1.0))], [[0.0, 0.0], [0.0, 3.0]], id="an empty text and another"),
        pytest.param([], np.zeros((0, 2)).tolist(), id="no texts"),
    ],
)
def test_sums_are_those_worked_out_by_hand(tiny, bags, expected):
    pooled = tiny.pool(bags)
    assert (pooled.tolist(), pooled.shape) == (expected, (len(expected), 2))


def test_every_n_gram_of_a_text_has_one_bucket_of_the_table(small):
    buckets = small.buckets(hash_grams(["почта не приходит", "får ikke logget inn"], words=2, chars=(2, 4)))
    assert (buckets.min() >= 0, buckets.max() < 256, np.unique(buckets).size > 50) == (True, True, True)


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
def test_encoded_texts_have_length_1_or_0(small, texts):
    lengths = np.linalg.norm(small.encode(texts), axis=1)
    words = np.array([bool(hash_grams([text]).hash.size) for text in texts])
    assert lengths[words] == pytest.approx(1.0)
    assert not lengths[~words].any()


@pytest.mark.parametrize("texts", [[], [""], ["", " \n\t"]], ids=["no texts", "empty", "blanks"])
def test_texts_without_words_are_encoded_as_nothing(small, texts):
    assert small.encode(texts).tolist() == [[0.0] * 8] * len(texts)


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
def test_a_text_is_encoded_alike_alone_and_in_a_batch(small, texts):
    batch = small.encode(texts)
    for row, text in zip(batch, texts, strict=True):
        assert row.tobytes() == small.encode([text]).tobytes()


def test_emptied_vectors_read_the_same_n_grams_and_tell_nothing(small):
    emptied = small.emptied()
    assert (emptied.words, emptied.chars) == (small.words, small.chars)
    assert not emptied.encode(["wachtwoord vergeten", "забыл пароль"]).any()


def test_case_does_not_matter(small):
    assert np.array_equal(small.encode(["ПОЧТА Ёлка Åse"]), small.encode(["почта елка åse"]))


# --- half a byte a number

TABLES = arrays_of.arrays(
    np.float32,
    arrays_of.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.floats(-1e6, 1e6, width=32),
)


def numbers_and_scale(table: Any) -> tuple[Any, Any]:
    """What is stored of a table: whole numbers, without the column that fills up an odd number of them; scales."""
    rows, scale = quantize(table)
    return unpacked(rows)[:, : table.shape[1]], scale


@given(TABLES)
def test_quantizing_moves_a_number_by_half_a_step_at_most(table):
    whole, scale = numbers_and_scale(table)
    back = whole.astype(np.float64) * scale[:, None]
    assert np.all(np.abs(back - table) <= scale[:, None] * 0.5001)


@given(TABLES)
def test_the_largest_number_of_a_row_becomes_7(table):
    whole, scale = numbers_and_scale(table)
    largest = np.abs(whole.astype(int)).max(axis=1)
    assert np.all(largest[np.abs(table).max(axis=1) > 1e-10] == 7)
    assert np.all(largest <= 7)
    assert np.all(scale > 0)


@given(TABLES)
def test_quantizing_twice_changes_nothing(table):
    whole, scale = numbers_and_scale(table)
    again, scale_again = numbers_and_scale(whole.astype(np.float64) * scale[:, None])
    assert again.tolist() == whole.tolist()
    assert scale_again == pytest.approx(scale, rel=1e-6, abs=1e-13)


@given(arrays_of.arrays(np.int8, st.tuples(st.integers(0, 5), st.sampled_from([2, 4, 8])), elements=st.integers(-7, 7)))
def test_packed_numbers_come_back(numbers):
    rows = packed(numbers)
    assert (str(rows.dtype), rows.shape) == ("uint8", (len(numbers), numbers.shape[1] // 2))
    assert unpacked(rows).tolist() == numbers.tolist()


@given(TABLES)
def test_a_column_that_fills_up_an_odd_number_is_nothing(table):
    vectors = Vectors.of(table, 1, (2, 2))
    assert vectors.dimensions == table.shape[1] + table.shape[1] % 2
    assert not vectors.dense()[:, table.shape[1] :].any()


@pytest.mark.parametrize(
    ("row", "whole", "scale"),
    [
        pytest.param([7.0, 0.0, -7.0], [7, 0, -7], 1.0, id="whole already"),
        pytest.param([2.0, 1.0, -0.5, 0.6], [7, 4, -2, 2], 2 / 7, id="3.5, -1.75 and 2.1 are rounded"),
        pytest.param([0.0, -3.0, 0.2], [0, -7, 0], 3 / 7, id="small beside large is nothing"),
        pytest.param([0.0, 0.0, 0.0], [0, 0, 0], 1e-12 / 7, id="nothing stays nothing"),
    ],
)
def test_numbers_and_scales_are_those_worked_out_by_hand(row, whole, scale):
    found, found_scale = numbers_and_scale(np.array([row]))
    assert (found.tolist(), str(found.dtype), str(found_scale.dtype)) == ([whole], "int8", "float32")
    assert found_scale.tolist() == pytest.approx([scale])


# --- on disk


def test_saved_vectors_come_back(tiny, tmp_path):
    save_vectors(tiny, tmp_path / "v", facts={"corpora": []})
    loaded = load_vectors(tmp_path / "v")
    assert (loaded.table.tolist(), loaded.scale.tolist()) == (tiny.table.tolist(), tiny.scale.tolist())
    assert (loaded.words, loaded.chars) == (2, (2, 3))


def test_loaded_vectors_encode_to_the_same_bits(small, tmp_path):
    save_vectors(small, tmp_path / "v", facts={})
    texts = ["wachtwoord vergeten", "забыл пароль", ""]
    assert load_vectors(str(tmp_path / "v")).encode(texts).tobytes() == small.encode(texts).tobytes()


def test_the_table_of_loaded_vectors_stays_on_disk(tiny, tmp_path):
    save_vectors(tiny, tmp_path / "v", facts={})
    assert isinstance(load_vectors(tmp_path / "v").table.base, np.memmap)


def test_facts_are_kept_in_the_manifest(tiny, tmp_path):
    save_vectors(tiny, tmp_path / "v", facts={"settings": {"seed": 17}})
    assert json.loads((tmp_path / "v" / "manifest.json").read_bytes())["facts"] == {"settings": {"seed": 17}}


@pytest.mark.parametrize(
    ("buckets", "scales"),
    [(3, 3), (6, 6), (4, 2), (2, 4), (0, 0), (4, 0)],
    ids=["three", "six", "fewer scales", "more scales", "none", "no scales"],
)
def test_a_number_of_buckets_that_is_no_power_of_two_is_refused(tmp_path, buckets, scales):
    odd = Vectors(packed(np.zeros((buckets, 2))), np.ones(scales, np.float32), 2, (2, 3))
    save_vectors(odd, tmp_path / "odd", facts={})
    with pytest.raises(ModelError, match=rf"odd: .*{buckets} vectors, {scales} scales; must be one power of two"):
        load_vectors(tmp_path / "odd")


@pytest.mark.parametrize("buckets", [1, 2, 1024])
def test_a_power_of_two_is_taken(tmp_path, buckets):
    save_vectors(
        Vectors(packed(np.ones((buckets, 2))), np.ones(buckets, np.float32), 1, (3, 3)), tmp_path / "v", facts={}
    )
    assert load_vectors(tmp_path / "v").encode(["почта"]).tolist() == [pytest.approx([0.5**0.5] * 2)]


def spoil(folder: Path, **manifest: Any) -> None:
    content = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_text(json.dumps({**content, **manifest}))


@pytest.mark.parametrize(
    "change",
    [{"words": None}, {"words": "two"}, {"chars": None}, {"chars": 3}, {"words": [2]}],
    ids=str,
)
def test_n_gram_lengths_that_are_none_are_refused(tiny, tmp_path, change):
    save_vectors(tiny, tmp_path / "v", facts={})
    spoil(tmp_path / "v", **change)
    with pytest.raises(ModelError, match="v: manifest and files do not fit together"):
        load_vectors(tmp_path / "v")


@pytest.mark.parametrize(
    "change", [{"words": math.inf}, {"chars": [2]}, {"chars": "ab"}, {"chars": [5, 2]}, {"words": -3}], ids=str
)
def test_n_gram_lengths_that_make_no_sense_are_refused(tiny, tmp_path, change):
    save_vectors(tiny, tmp_path / "v", facts={})
    spoil(tmp_path / "v", **change)
    with pytest.raises(ModelError, match=r"v: .*"):
        load_vectors(tmp_path / "v")


def test_another_format_is_refused(tiny, tmp_path):
    save_vectors(tiny, tmp_path / "v", facts={})
    spoil(tmp_path / "v", format=99)
    with pytest.raises(ModelError, match="v: is a folder of vectors of format 99, this program reads format 2"):
        load_vectors(tmp_path / "v")


def test_an_altered_table_is_refused(tiny, tmp_path):
    save_vectors(tiny, tmp_path / "v", facts={})
    content = (tmp_path / "v" / "table.npy").read_bytes()
    (tmp_path / "v" / "table.npy").write_bytes(content[:-1] + b"\x7f")
    with pytest.raises(ModelError, match=r"table\.npy: was altered"):
        load_vectors(tmp_path / "v")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such folder of vectors"):
        load_vectors(tmp_path / "nowhere")


def test_a_folder_of_something_else_is_not_written_over(tiny, tmp_path):
    (tmp_path / "thesis.txt").write_text("three years")
    with pytest.raises(ModelError, match=r"holds 'thesis\.txt' and is not a folder of vectors"):
        save_vectors(tiny, tmp_path, facts={})


# --- what the shipped table knows

# Words first, then short sentences; each row says the same four times.
SAME = [
    ("wachtwoord", "passord", "пароль", "password"),
    ("factuur", "faktura", "счёт", "invoice"),
    ("betaling", "betaling", "оплата", "payment"),
    ("bestelling", "bestilling", "заказ", "order"),
    ("bericht", "melding", "сообщение", "message"),
    ("afbeelding", "bilde", "изображение", "image"),
    ("bestand", "fil", "файл", "file"),
    ("map", "mappe", "папка", "folder"),
    ("gebruiker", "bruker", "пользователь", "user"),
    ("apparaat", "enhet", "устройство", "device"),
    ("fout", "feil", "ошибка", "error"),
    ("instellingen", "innstillinger", "настройки", "settings"),
    ("beveiliging", "sikkerhet", "безопасность", "security"),
    ("meldingen", "varsler", "уведомления", "notifications"),
    ("taal", "språk", "язык", "language"),
    ("zoeken", "søk", "поиск", "search"),
    ("verwijderen", "slett", "удалить", "delete"),
    ("opslaan", "lagre", "сохранить", "save"),
    ("annuleren", "avbryt", "отмена", "cancel"),
    ("kalender", "kalender", "календарь", "calendar"),
    ("datum", "dato", "дата", "date"),
    ("klant", "kunde", "клиент", "customer"),
    ("verbinding", "tilkobling", "подключение", "connection"),
    ("ik ben mijn wachtwoord vergeten", "jeg har glemt passordet mitt", "я забыл свой пароль", "I forgot my password"),
    ("ik kan niet inloggen", "jeg kan ikke logge inn", "не могу войти", "I cannot sign in"),
    ("het bestand kan niet worden geopend", "kan ikke åpne filen", "не удалось открыть файл", "cannot open the file"),
    ("er is geen internetverbinding", "ingen internettforbindelse", "нет подключения к интернету", "no internet"),
    ("stuur het bericht opnieuw", "send meldingen på nytt", "отправить сообщение ещё раз", "send the message again"),
    (
        "hoe verander ik mijn e-mailadres",
        "hvordan endrer jeg e-postadressen",
        "как изменить адрес почты",
        "change my email",
    ),
    ("de factuur is al betaald", "fakturaen er allerede betalt", "счёт уже оплачен", "the invoice is already paid"),
    ("account verwijderen", "slett kontoen", "удалить учётную запись", "delete account"),
    (
        "installeer de nieuwste update",
        "installer siste oppdatering",
        "установите обновление",
        "install the latest update",
    ),
]


@pytest.fixture(scope="module")
def ranks(shipped: Vectors) -> np.ndarray:
    """For every row and every pair of languages, how many other rows are closer than the translation."""
    encoded = [shipped.encode([row[k] for row in SAME]) for k in range(len(LANGUAGES))]
    found = []
    for one, other in permutations(encoded, 2):
        cosines = one @ other.T
        found.append((cosines > np.diag(cosines)[:, None]).sum(axis=1))
    return np.array(found)


@pytest.mark.parametrize("row", range(len(SAME)), ids=[row[3] for row in SAME])
def test_a_translation_lies_closer_than_most_unrelated_texts(ranks, row):
    chance = (len(SAME) - 1) / 2
    assert ranks[:, row].mean() < chance / 5


def test_the_closest_text_in_another_language_mostly_means_the_same(ranks):
    assert np.mean(ranks == 0) > 0.85
    assert ranks.mean() < 1.0


@pytest.mark.parametrize("pair", range(12), ids=[f"{a}-{b}" for a, b in permutations(LANGUAGES, 2)])
def test_no_pair_of_languages_is_left_behind(ranks, pair):
    assert ranks[pair].mean() < 2.0


def test_the_shipped_table_is_small_and_of_a_power_of_two(shipped):
    assert shipped.scale.size & (shipped.scale.size - 1) == 0
    assert sum(path.stat().st_size for path in default_vectors_folder().iterdir()) <= 20_000_000


def test_the_card_of_the_shipped_vectors_names_command_corpora_and_manifest():
    folder = default_vectors_folder()
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    facts = json.loads((folder / "manifest.json").read_bytes())["facts"]
    wanted = ["intentclf vectors build", *(corpus["sha256"] for corpus in facts["corpora"])]
    assert [text for text in wanted if text not in card] == []


def test_vectors_are_loaded_without_any_heavy_library():
    program = (
        "import sys\nfrom intentclf.predict.vectors import load_vectors\n"
        "load_vectors().encode(['wachtwoord vergeten'])\n"
        "print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "numpy" in loaded
    assert not {"scipy", "sklearn", "pandas", "spacy", "pyarrow", "joblib", "mlflow", "torch", "yaml"} & loaded
