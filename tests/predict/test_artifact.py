"""A model on disk: what is saved comes back, and what was tampered with is refused."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intentclf.errors import ModelError
from intentclf.predict.artifact import FORMAT, default_model_folder, load_model, save_model
from intentclf.predict.encoder import Encoder, open_encoder
from intentclf.predict.model import Model
from intentclf.predict.severity import SeverityWeights

LINEAR = ("vocabulary", "idf", "kind", "start", "column", "weight", "scale", "bias", "dense")
POOLED = ("table", "table_scale", "hidden", "hidden_bias", "output", "direct", "output_bias")
HELD_OUT = ("held_language", "held_confidence", "held_right")
SEVERITY = ("severity_weights", "severity_bias")
ARRAYS = (*LINEAR, *POOLED, *SEVERITY, *HELD_OUT)
FILES = (*(f"{name}.npy" for name in ARRAYS), "codebooks.json", "rules.json")
TEXTS = ["xbox", "mail lost", "my mail", "", "zzz"]


@pytest.fixture
def folder(tiny: Model, tmp_path: Path) -> Path:
    """A freshly saved tiny model."""
    save_model(tiny, tmp_path / "tiny", name="tiny", version="1", facts={"rows": 3})
    return tmp_path / "tiny"


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def forge(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and its hash in the manifest, as somebody would who knows the format."""
    (folder / name).write_bytes(content)
    facts = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    edit_manifest(folder, lambda manifest: manifest["files"].update({name: facts}))


def npy(array: Any, *, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("view", ["margins", "logits"])
def test_a_saved_model_gives_identical_views(tiny, folder, view):
    loaded, expected = load_model(folder), tiny.views(tiny.read(TEXTS))
    assert np.array_equal(getattr(loaded.views(loaded.read(TEXTS)), view), getattr(expected, view))


def test_a_saved_model_keeps_its_heads_books_rules_and_limits(tiny, folder):
    loaded = load_model(folder)
    expected = (tiny.heads, tiny.books, tiny.rules, tiny.accept)
    assert (loaded.heads, loaded.books, loaded.rules, loaded.accept) == expected
    assert (loaded.vocabulary.words, loaded.vocabulary.chars) == (2, (2, 2))
    assert (loaded.network.vectors.words, loaded.network.vectors.chars, loaded.network.gain) == (2, (2, 2), 1.0)


def test_a_saved_model_keeps_the_weights_of_its_views(tiny, tmp_path):
    heads = tuple(replace(head, linear=1.25, pooled=0.375) for head in tiny.heads)
    save_model(replace(tiny, heads=heads), tmp_path / "m", name="m", version="1", facts={})
    assert load_model(tmp_path / "m").heads == heads


def test_a_saved_model_keeps_what_it_said_of_its_calibration_rows(tiny, folder):
    loaded, expected = load_model(folder).held_out, tiny.held_out
    assert loaded is not None
    assert (loaded.heads, loaded.languages) == (expected.heads, expected.languages)
    for name in ("language", "confidence", "right"):
        assert np.array_equal(getattr(loaded, name), getattr(expected, name))


def test_a_model_that_was_never_calibrated_comes_back_as_one(tiny, tmp_path):
    save_model(replace(tiny, held_out=None), tmp_path / "m", name="m", version="1", facts={})
    assert load_model(tmp_path / "m").held_out is None


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    """A folder that looks like one of sentence-transformers; nothing of it is read before a text is encoded."""
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / "modules.json").write_text("[]")
    return open_encoder(tmp_path / "encoder")


def test_a_model_keeps_the_encoder_it_was_trained_with(tiny, encoder, tmp_path):
    save_model(replace(tiny, encoder=encoder), tmp_path / "m", name="m", version="1", facts={})
    assert load_model(tmp_path / "m").encoder == encoder


def test_a_model_whose_encoder_was_altered_is_refused(tiny, encoder, tmp_path):
    save_model(replace(tiny, encoder=encoder), tmp_path / "m", name="m", version="1", facts={})
    (encoder.folder / "modules.json").write_text("[7]")
    with pytest.raises(ModelError, match="encoder: is not the encoder that the model was trained with"):
        load_model(tmp_path / "m")


def test_a_model_whose_encoder_is_gone_is_refused(tiny, encoder, tmp_path):
    save_model(replace(tiny, encoder=encoder), tmp_path / "m", name="m", version="1", facts={})
    encoder.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="encoder: no such encoder folder"):
        load_model(tmp_path / "m")


def test_a_loaded_model_is_called_what_it_was_saved_as(tiny, tmp_path):
    identity = save_model(tiny, tmp_path / "m", name="desk", version="2.1", facts={})
    assert load_model(tmp_path / "m").id == identity
    assert identity.sha256 == hashlib.sha256((tmp_path / "m" / "manifest.json").read_bytes()).hexdigest()


def test_a_path_may_be_a_string(folder):
    assert load_model(str(folder)).id.name == "tiny"


def test_arrays_of_a_loaded_model_stay_on_disk(folder):
    loaded = load_model(folder)
    assert isinstance(loaded.linear.weight.base, np.memmap)
    assert isinstance(loaded.network.vectors.table.base, np.memmap)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, -2], ids=["first byte", "last byte"])
def test_a_changed_byte_is_refused_by_name(folder, name, place):
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: was altered after the model was saved"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_shortened_file_is_refused_by_name(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(ModelError, match=f"{name}: was altered"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_model(folder)


def test_a_changed_manifest_is_another_model(folder):
    before = load_model(folder).id
    edit_manifest(folder, lambda manifest: manifest["facts"].update(rows=4))
    assert load_model(folder).id.sha256 != before.sha256


@pytest.mark.parametrize("name", ["extra.npy", "../weight.npy", "/etc/passwd"])
def test_a_manifest_that_lists_another_file_is_refused(folder, name):
    edit_manifest(folder, lambda manifest: manifest["files"].update({name: {}}))
    with pytest.raises(ModelError, match=f"must list exactly {len(FILES)} files, '{name}' is missing or unknown"):
        load_model(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_manifest_that_leaves_a_file_out_is_refused(folder, name):
    edit_manifest(folder, lambda manifest: manifest["files"].pop(name))
    with pytest.raises(ModelError, match=f"'{name}' is missing or unknown"):
        load_model(folder)


def test_a_file_that_the_manifest_does_not_list_is_not_read(folder):
    before = load_model(folder).id
    (folder / "extra.npy").write_bytes(b"\x93NUMPY")
    assert load_model(folder).id == before


def test_a_model_card_in_the_folder_is_no_part_of_the_model(folder):
    (folder / "CARD.md").write_text("# Model card")
    assert load_model(folder).id.name == "tiny"


@pytest.mark.parametrize("found", [FORMAT + 1, 0, None, "1"])
def test_another_format_is_refused_with_what_to_do(folder, found):
    edit_manifest(folder, lambda manifest: manifest.update(format=found))
    with pytest.raises(ModelError, match=f"is a model of format {found!r}, .* reads format {FORMAT}; train it again"):
        load_model(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b"[]", b"7", b"null", b"{}", b'"format"', b"[" * 200_000],
    ids=["empty", "half", "not UTF-8", "list", "number", "null", "no format", "text", "nested without end"],
)
def test_a_manifest_that_is_none_is_refused(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"manifest\.json: is not a manifest of this program"):
        load_model(folder)


def test_a_manifest_of_many_megabytes_is_not_even_read(folder):
    (folder / "manifest.json").write_bytes(b" " * 4_000_001)
    with pytest.raises(ModelError, match=r"manifest\.json: is larger than any manifest \(4000001 bytes\)"):
        load_model(folder)


@pytest.mark.parametrize("key", ["name", "version", "words", "chars", "gain", "heads", "accept", "encoder", "held_out"])
def test_a_manifest_without_one_of_its_parts_is_refused(folder, key):
    edit_manifest(folder, lambda manifest: manifest.pop(key))
    with pytest.raises(ModelError, match=f"do not fit together .*{key}"):
        load_model(folder)


def test_a_manifest_without_files_is_refused(folder):
    edit_manifest(folder, lambda manifest: manifest.pop("files"))
    with pytest.raises(ModelError, match="lists no files"):
        load_model(folder)


@pytest.mark.parametrize("heads", [None, [{}], [7], [{"name": "desk"}], {"desk": 1}], ids=str)
def test_heads_of_another_form_are_refused(folder, heads):
    edit_manifest(folder, lambda manifest: manifest.update(heads=heads))
    with pytest.raises(ModelError, match="manifest and files do not fit together"):
        load_model(folder)


@pytest.mark.parametrize("name", ["codebooks.json", "rules.json"])
@pytest.mark.parametrize("content", [b"[7]", b"7", b"{", b'{"desk": []}'])
def test_books_and_rules_of_another_form_are_refused_though_their_hash_is_right(folder, name, content):
    forge(folder, name, content)
    with pytest.raises(ModelError, match="manifest and files do not fit together"):
        load_model(folder)


@pytest.mark.parametrize(
    "held_out", [7, "all", {"heads": ["desk", "severity"]}, {"heads": 1, "languages": ["en"]}], ids=str
)
def test_held_out_rows_of_another_form_are_refused(folder, held_out):
    edit_manifest(folder, lambda manifest: manifest.update(held_out=held_out))
    with pytest.raises(ModelError, match="do not fit together"):
        load_model(folder)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("weight", "float64"),
        ("weight", "int16"),
        ("vocabulary", "int64"),
        ("idf", ">f4"),
        ("kind", "bool"),
        ("start", "int64"),
        ("column", "int16"),
        ("bias", "<U4"),
        ("dense", "float64"),
        ("table", "float32"),
        ("table_scale", "float16"),
        ("hidden", "float64"),
        ("output_bias", "complex64"),
        ("held_language", "int8"),
        ("held_confidence", "float64"),
        ("held_right", "bool"),
    ],
)
def test_an_array_of_another_type_is_refused_though_its_hash_is_right(folder, name, kind):
    forge(folder, f"{name}.npy", npy(np.load(folder / f"{name}.npy").astype(kind)))
    with pytest.raises(ModelError, match=rf"{name}\.npy: must be \w+ with \d dimensions"):
        load_model(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_other_dimensions_is_refused(folder, name):
    forge(folder, f"{name}.npy", npy(np.load(folder / f"{name}.npy")[None]))
    with pytest.raises(ModelError, match=rf"{name}\.npy: must be \w+ with [12] dimensions, got \w+ with [23]"):
        load_model(folder)


@pytest.mark.parametrize("name", [name for name in ARRAYS if name not in ("dense", *SEVERITY)])
def test_an_array_of_another_length_is_refused(folder, name):
    forge(folder, f"{name}.npy", npy(np.load(folder / f"{name}.npy")[:-1]))
    with pytest.raises(ModelError, match="its arrays do not fit together"):
        load_model(folder)


@pytest.mark.parametrize("name", ["table", "hidden", "output", "direct", "dense", "held_confidence", "held_right"])
def test_an_array_of_another_width_is_refused(folder, name):
    forge(folder, f"{name}.npy", npy(np.load(folder / f"{name}.npy")[:, :-1]))
    with pytest.raises(ModelError, match="its arrays do not fit together"):
        load_model(folder)


def test_heads_that_need_more_columns_than_there_are_are_refused(folder):
    edit_manifest(folder, lambda manifest: manifest["heads"][1]["classes"].append("D"))
    with pytest.raises(ModelError, match=r"its arrays do not fit together \(columns: 10, 11\)"):
        load_model(folder)


def test_a_weight_of_a_column_that_there_is_not_is_refused(folder):
    column = np.load(folder / "column.npy")
    forge(folder, "column.npy", npy(np.where(column == column.max(), 10, column).astype(np.uint16)))
    with pytest.raises(ModelError, match=r"its arrays do not fit together \(columns: 10, 11\)"):
        load_model(folder)


@pytest.mark.parametrize("places", [[0, 9, 2], [0, 99, 2]], ids=["falling", "beyond the end"])
def test_places_of_weights_that_do_not_rise_are_refused(folder, places):
    start = np.load(folder / "start.npy")
    forge(folder, "start.npy", npy(np.array([*places, start[-1]], start.dtype)))
    with pytest.raises(ModelError, match="its arrays do not fit together"):
        load_model(folder)


def test_a_number_of_buckets_that_is_no_power_of_two_is_refused(folder):
    for name in ("table", "table_scale"):
        forge(folder, f"{name}.npy", npy(np.load(folder / f"{name}.npy")[:-1]))
    with pytest.raises(ModelError, match=r"its arrays do not fit together \(buckets: 2048, 4095\)"):
        load_model(folder)


def weighed(tiny: Model, names: int = 3, levels: int = 3) -> Model:
    weights = np.arange(9, dtype=np.float32).reshape(3, 3)
    severity = SeverityWeights(tuple("abc")[:names], tuple("ABC")[:levels], weights, np.zeros(3, np.float32))
    return replace(tiny, severity=severity)


@pytest.mark.parametrize(("name", "shape"), [("severity_weights", (2, 3)), ("severity_bias", (3,))])
def test_weights_of_severity_without_their_names_are_refused(folder, name, shape):
    forge(folder, f"{name}.npy", npy(np.zeros(shape, np.float32)))
    with pytest.raises(ModelError, match="its arrays do not fit together .weights of severity"):
        load_model(folder)


def test_weights_of_severity_come_back(tiny, tmp_path):
    save_model(weighed(tiny), tmp_path / "m", name="m", version="1", facts={})
    found = load_model(tmp_path / "m").severity
    assert found is not None
    assert (found.names, found.levels, found.weights.tolist()) == (
        *(tuple("abc"), tuple("ABC")),
        [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0, 8.0]],
    )


@pytest.mark.parametrize(("names", "levels"), [(2, 3), (3, 2)])
def test_weights_of_severity_that_do_not_fit_are_refused(tiny, tmp_path, names, levels):
    save_model(weighed(tiny, names, levels), tmp_path / "m", name="m", version="1", facts={})
    with pytest.raises(ModelError, match="its arrays do not fit together"):
        load_model(tmp_path / "m")


@pytest.mark.parametrize("names", [("desk",), ("desk", "severity", "vague")], ids=len)
def test_held_out_heads_of_another_number_are_refused(folder, names):
    edit_manifest(folder, lambda manifest: manifest["held_out"].update(heads=names))
    with pytest.raises(ModelError, match="its arrays do not fit together .held-out heads"):
        load_model(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_python_objects_is_refused_though_its_hash_is_right(folder, name):
    forge(folder, f"{name}.npy", npy(np.array([{"any": "object"}], dtype=object), allow_pickle=True))
    with pytest.raises(ModelError, match=rf"{name}\.npy: is not a plain array"):
        load_model(folder)


def zip_of_arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, weight=np.zeros((3, 10), np.int8))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"no array", b"\x93NUMPY\x01\x00", b"\x80\x04N.", npy(np.zeros(8, np.int8))[:-1], zip_of_arrays()],
    ids=["empty", "text", "header cut", "pickle", "data cut", "zip of arrays"],
)
def test_a_file_that_is_no_array_is_refused_though_its_hash_is_right(folder, content):
    forge(folder, "weight.npy", content)
    with pytest.raises(ModelError, match=r"weight\.npy: is not a plain array"):
        load_model(folder)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such model folder"):
        load_model(tmp_path / "nowhere")


def test_a_folder_without_a_manifest_is_no_model(tmp_path):
    with pytest.raises(ModelError, match=r"is not a model: it has no manifest\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {"thesis.txt": "three years"},
        {"sub/thesis.txt": "three years"},
        {"manifest.json": '{"name": "a browser extension"}', "icon.png": ""},
        {"manifest.json": '{"name": "a browser extension"}'},
    ],
    ids=["a file", "a folder", "another manifest", "another manifest alone"],
)
def test_saving_over_a_folder_that_is_no_model_leaves_it_untouched(tiny, tmp_path, files):
    for name, content in files.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(content)
    before = snapshot(tmp_path)
    with pytest.raises(ModelError, match="is not a model; choose another folder"):
        save_model(tiny, tmp_path / "mine", name="tiny", version="1", facts={})
    assert snapshot(tmp_path) == before


def test_saving_over_a_file_leaves_it_untouched(tiny, tmp_path):
    (tmp_path / "mine").write_text("three years")
    with pytest.raises(ModelError, match="is not a model; choose another folder"):
        save_model(tiny, tmp_path / "mine", name="tiny", version="1", facts={})
    assert snapshot(tmp_path) == {"mine": b"three years"}


def test_saving_into_an_empty_folder_fills_it(tiny, tmp_path):
    (tmp_path / "new").mkdir()
    save_model(tiny, tmp_path / "new", name="tiny", version="1", facts={})
    assert set(snapshot(tmp_path / "new")) == {*FILES, "manifest.json"}


def test_saving_again_replaces_the_older_model_and_its_card(tiny, folder):
    (folder / "CARD.md").write_text("# of the older model")
    save_model(tiny, folder, name="tiny", version="2", facts={})
    assert load_model(folder).id.version == "2"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "manifest.json"])


def test_saving_leaves_nothing_beside_the_folder(folder):
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_a_folder_that_cannot_be_written_is_named(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="model: cannot be written"):
        save_model(tiny, tmp_path / "file" / "model", name="tiny", version="1", facts={})


def test_two_saves_of_one_model_are_the_same_to_the_byte(tiny, folder, tmp_path):
    save_model(tiny, tmp_path / "again", name="tiny", version="1", facts={"rows": 3})
    assert snapshot(tmp_path / "again") == snapshot(folder)


def test_the_order_of_the_facts_does_not_change_a_save(tiny, tmp_path):
    for name, facts in [("one", {"a": 1, "b": 2}), ("two", {"b": 2, "a": 1})]:
        save_model(tiny, tmp_path / name, name="tiny", version="1", facts=facts)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_a_model_saved_loaded_and_saved_is_the_same_to_the_byte(folder, tmp_path):
    save_model(load_model(folder), tmp_path / "again", name="tiny", version="1", facts={"rows": 3})
    assert snapshot(tmp_path / "again") == snapshot(folder)


def test_the_shipped_model_has_at_most_20_megabytes():
    assert sum(path.stat().st_size for path in default_model_folder().iterdir()) <= 20_000_000


def test_the_card_of_the_shipped_model_names_data_code_books_and_licence():
    facts = json.loads((default_model_folder() / "manifest.json").read_bytes())["facts"]
    card = (default_model_folder() / "CARD.md").read_text(encoding="utf-8")
    wanted = [facts["data_sha256"], *facts["codebook_sha256"].values(), "Apache-2.0"]
    assert len(facts["codebook_sha256"]) == 4
    assert [text for text in wanted if text not in card] == []


def test_the_shipped_model_was_trained_with_the_shipped_code_books(model):
    from intentclf.codebooks.loader import shipped_codebooks

    assert {name: book.sha256 for name, book in model.books.items()} == {
        name: book.sha256 for name, book in shipped_codebooks().items()
    }


def test_a_model_of_an_older_format_is_replaced(tiny, folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 0}))
    save_model(tiny, folder, name="newer", version="2", facts={})
    assert load_model(folder).id.name == "newer"
