"""A checked folder on disk: what is written comes back, and what was tampered with is refused in one sentence."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from intentclf.errors import ModelError
from intentclf.predict.store import CARD, Stored, read_folder, write_folder

FORMAT = 3
TYPES = {"fruit": ("int8", 2), "price": ("float32", 1)}
FRUIT = np.array([[1, -2, 127], [0, 5, -128]], dtype=np.int8)
PRICE = np.array([0.5, 2.25], dtype=np.float32)
NAMES = {"яблоко": ["appel", "eple"], "n": 2}
FILES = ("fruit.npy", "price.npy", "names.json")
WHOLE = sorted([*FILES, "manifest.json"])


def write(folder: Path, **manifest: Any) -> str:
    content = {"format": FORMAT, **manifest}
    return write_folder(
        folder, content, {"fruit": FRUIT, "price": PRICE}, TYPES, {"names.json": NAMES}, what="a basket"
    )


def read(folder: Path) -> Stored:
    return read_folder(folder, FORMAT, TYPES, ("names.json",), what="a basket")


@pytest.fixture
def basket(tmp_path: Path) -> Path:
    """A freshly written folder."""
    write(tmp_path / "basket", owner="Kari")
    return tmp_path / "basket"


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
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


def npy_with_header(header: str) -> bytes:
    padded = header.encode() + b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded + PRICE.tobytes()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- what is written comes back


def test_a_written_folder_comes_back(basket):
    stored = read(basket)
    assert stored.arrays["fruit"].tolist() == FRUIT.tolist()
    assert stored.arrays["price"].tolist() == PRICE.tolist()
    assert stored.json("names.json") == NAMES
    assert (stored.folder, stored.manifest["owner"], stored.manifest["format"]) == (basket, "Kari", FORMAT)


@given(
    arrays_of.arrays(np.int8, arrays_of.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5)),
    arrays_of.arrays(np.float32, st.integers(0, 5)),
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), st.text(st.characters(codec="utf-8"))),
)
def test_whatever_is_written_comes_back(tmp_path_factory, fruit, price, names):
    folder = tmp_path_factory.mktemp("any") / "basket"
    write_folder(
        folder, {"format": FORMAT}, {"fruit": fruit, "price": price}, TYPES, {"names.json": names}, what="a basket"
    )
    stored = read(folder)
    assert stored.arrays["fruit"].shape == fruit.shape
    assert stored.arrays["fruit"].tobytes() == fruit.tobytes()
    assert stored.arrays["price"].tobytes() == price.tobytes()
    assert stored.json("names.json") == names


def test_the_hash_of_a_folder_is_that_of_its_manifest(tmp_path):
    digest = write(tmp_path / "basket")
    assert digest == hashlib.sha256((tmp_path / "basket" / "manifest.json").read_bytes()).hexdigest()
    assert read(tmp_path / "basket").sha256 == digest


def test_the_manifest_holds_size_and_hash_of_every_other_file(basket):
    files = json.loads((basket / "manifest.json").read_bytes())["files"]
    content = {name: (basket / name).read_bytes() for name in FILES}
    assert files == {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in content.items()
    }


def test_two_writes_are_the_same_to_the_byte_whatever_the_order_of_the_manifest(tmp_path):
    write(tmp_path / "one", a=1, b=2)
    write(tmp_path / "two", b=2, a=1)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


def test_arrays_are_written_in_the_type_that_is_listed(tmp_path):
    given_types = {"fruit": FRUIT.astype(np.int64)[:, ::-1], "price": PRICE.astype(np.float64)}
    write_folder(tmp_path / "basket", {"format": FORMAT}, given_types, TYPES, {"names.json": NAMES}, what="a basket")
    stored = read(tmp_path / "basket")
    assert [str(array.dtype) for array in stored.arrays.values()] == ["int8", "float32"]
    assert stored.arrays["fruit"].tolist() == FRUIT[:, ::-1].tolist()


def test_arrays_stay_on_disk_until_they_are_needed(basket):
    assert isinstance(read(basket).arrays["fruit"].base, np.memmap)


def test_a_folder_without_texts_is_one_of_arrays_alone(tmp_path):
    write_folder(tmp_path / "b", {"format": FORMAT}, {"fruit": FRUIT, "price": PRICE}, TYPES, what="a basket")
    assert set(read_folder(tmp_path / "b", FORMAT, TYPES, what="a basket").arrays) == {"fruit", "price"}


def test_missing_parents_are_made(tmp_path):
    write(tmp_path / "north" / "west" / "basket")
    assert read(tmp_path / "north" / "west" / "basket").manifest["format"] == FORMAT


@pytest.mark.parametrize("name", [CARD, "notes.txt"], ids=["card", "another file"])
def test_a_file_that_the_manifest_does_not_list_is_not_read(basket, name):
    before = read(basket).sha256
    (basket / name).write_bytes(b"\x80\x04N.")
    assert read(basket).sha256 == before


# --- what was tampered with is refused


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, -2], ids=["first byte", "last byte"])
def test_a_changed_byte_is_refused_by_name(basket, name, place):
    content = bytearray((basket / name).read_bytes())
    content[place] ^= 1
    (basket / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"basket/{name}: was altered after the model was saved"):
        read(basket)


@given(st.sampled_from(FILES), st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_refused(tmp_path_factory, name, place, change):
    folder = tmp_path_factory.mktemp("any") / "basket"
    write(folder)
    content = bytearray((folder / name).read_bytes())
    content[place % len(content)] ^= change
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: was altered"):
        read(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b" ", lambda data: b""])
def test_a_file_of_another_length_is_refused_by_name(basket, name, change):
    (basket / name).write_bytes(change((basket / name).read_bytes()))
    with pytest.raises(ModelError, match=f"{name}: was altered"):
        read(basket)


@pytest.mark.parametrize("name", FILES)
def test_two_files_that_changed_places_are_refused(basket, name):
    other = FILES[(FILES.index(name) + 1) % len(FILES)]
    (basket / name).write_bytes((basket / other).read_bytes())
    with pytest.raises(ModelError, match=f"{name}: was altered"):
        read(basket)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(basket, name):
    (basket / name).unlink()
    with pytest.raises(ModelError, match=f"basket: {name} is missing"):
        read(basket)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_place_of_a_file_is_refused_by_name(basket, name):
    (basket / name).unlink()
    (basket / name).mkdir()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        read(basket)


@pytest.mark.parametrize("name", ["extra.npy", "../fruit.npy", "/etc/passwd", ""])
def test_a_manifest_that_lists_another_file_is_refused(basket, name):
    edit_manifest(basket, lambda manifest: manifest["files"].update({name: {}}))
    with pytest.raises(ModelError, match=f"must list exactly 3 files, '{name}' is missing or unknown"):
        read(basket)


@pytest.mark.parametrize("name", FILES)
def test_a_manifest_that_leaves_a_file_out_is_refused(basket, name):
    edit_manifest(basket, lambda manifest: manifest["files"].pop(name))
    with pytest.raises(ModelError, match=f"'{name}' is missing or unknown"):
        read(basket)


@pytest.mark.parametrize("files", [None, [], 7, "fruit.npy"], ids=str)
def test_a_manifest_without_files_is_refused(basket, files):
    edit_manifest(basket, lambda manifest: manifest.update(files=files))
    with pytest.raises(ModelError, match="basket: its manifest lists no files"):
        read(basket)


@pytest.mark.parametrize("facts", [None, {}, {"bytes": 1}, {"sha256": ""}, [], "x"], ids=str)
def test_a_file_without_its_hash_is_refused(basket, facts):
    edit_manifest(basket, lambda manifest: manifest["files"].update({"price.npy": facts}))
    with pytest.raises(ModelError, match=r"price\.npy: was altered"):
        read(basket)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b"[]", b"7", b"null", b"{}", b'"format"', b"[" * 200_000],
    ids=["empty", "half", "not UTF-8", "list", "number", "null", "no format", "text", "nested without end"],
)
def test_a_manifest_that_is_none_is_refused(basket, content):
    (basket / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"basket/manifest\.json: is not a manifest of this program"):
        read(basket)


def test_a_manifest_of_many_megabytes_is_not_even_read(basket, monkeypatch):
    (basket / "manifest.json").write_bytes(b" " * 4_000_001)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(ModelError, match=r"manifest\.json: is larger than any manifest \(4000001 bytes\)"):
        read(basket)


@pytest.mark.parametrize("found", [FORMAT + 1, FORMAT - 1, 0, None, "3", [3]], ids=repr)
def test_another_format_is_refused_with_what_to_do(basket, found):
    edit_manifest(basket, lambda manifest: manifest.update(format=found))
    with pytest.raises(ModelError, match=r"basket: is a basket of format .*, this program reads format 3; train it"):
        read(basket)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fruit", "uint8"),
        ("fruit", "int16"),
        ("fruit", "bool"),
        ("price", "float64"),
        ("price", ">f4"),
        ("price", "<U4"),
        ("price", "complex64"),
    ],
)
def test_an_array_of_another_type_is_refused_though_its_hash_is_right(basket, name, kind):
    forge(basket, f"{name}.npy", npy(np.load(basket / f"{name}.npy").astype(kind)))
    with pytest.raises(ModelError, match=rf"basket/{name}\.npy: must be {TYPES[name][0]} with {TYPES[name][1]} dim"):
        read(basket)


def test_an_array_of_records_is_refused_though_its_hash_is_right(basket):
    forge(basket, "price.npy", npy(np.zeros(2, dtype=[("price", "<f4")])))
    with pytest.raises(ModelError, match=r"price\.npy: must be float32 with 1 dimensions, got \[\('price'"):
        read(basket)


@pytest.mark.parametrize("name", ["fruit", "price"])
@pytest.mark.parametrize("change", [1, -1], ids=["one more", "one fewer"])
def test_an_array_of_other_dimensions_is_refused(basket, name, change):
    array = np.load(basket / f"{name}.npy")
    forge(basket, f"{name}.npy", npy(array[None] if change > 0 else array[0]))
    with pytest.raises(ModelError, match=rf"{name}\.npy: must be .*, got {array.dtype} with {array.ndim + change}"):
        read(basket)


class Trap:
    """Pickled, it would run a command when it is opened."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was opened",)


def zip_of_arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, price=PRICE)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(npy(np.array([Trap()], dtype=object), allow_pickle=True), id="pickle inside an array"),
        pytest.param(pickle.dumps(Trap()), id="pickle alone"),
        pytest.param(b"", id="empty"),
        pytest.param(b"no array", id="text"),
        pytest.param(b"\x93NUMPY\x01\x00", id="header cut"),
        pytest.param(npy(PRICE)[:-1], id="data cut"),
        pytest.param(zip_of_arrays(), id="zip of arrays"),
        pytest.param(npy_with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), id="length below 0"),
        pytest.param(npy_with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99,)}"), id="length too much"),
        pytest.param(npy_with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), id="type object"),
        pytest.param(npy_with_header("{'descr': '<f4', 'fortran_order': 7, 'shape': (2,)}"), id="order 7"),
        pytest.param(npy_with_header("{'descr': 'rubbish', 'fortran_order': False, 'shape': (2,)}"), id="no type"),
        pytest.param(npy_with_header("__import__('os').system('true')"), id="header with code"),
    ],
)
def test_a_file_that_is_no_plain_array_is_refused_though_its_hash_is_right(basket, content):
    forge(basket, "price.npy", content)
    with pytest.raises(ModelError, match=r"basket/price\.npy: is not a plain array"):
        read(basket)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30},)}}", id="length without end"),
        pytest.param("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}", id="length True"),
        pytest.param("{[]: 1}", id="key that is a list"),
        pytest.param("{'descr': '<f4', 'fortran_order': False, 'shape': (2,", id="bracket left open"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused_though_its_hash_is_right(basket, header):
    forge(basket, "price.npy", npy_with_header(header))
    with pytest.raises(ModelError, match=r"basket/price\.npy: is not a plain array"):
        read(basket)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such basket folder"):
        read(tmp_path / "nowhere")


def test_a_kind_that_is_called_a_folder_already_is_not_called_so_twice(tmp_path):
    with pytest.raises(ModelError, match="nowhere: no such folder of fruit$"):
        read_folder(tmp_path / "nowhere", FORMAT, TYPES, what="a folder of fruit")


def test_a_file_in_place_of_the_folder_is_no_folder(tmp_path):
    (tmp_path / "basket").write_text("")
    with pytest.raises(ModelError, match="basket: no such basket folder"):
        read(tmp_path / "basket")


def test_a_folder_without_a_manifest_is_something_else(tmp_path):
    with pytest.raises(ModelError, match=r"is not a basket: it has no manifest\.json"):
        read(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [KeyError("words"), TypeError("no"), ValueError("no"), AttributeError("no"), RecursionError("no")],
    ids=repr,
)
def test_parts_that_do_not_fit_together_are_one_sentence_with_the_folder(basket, wrong):
    stored = read(basket)
    expected = f"basket: manifest and files do not fit together .{type(wrong).__name__}"
    with pytest.raises(ModelError, match=expected), stored.fits():
        raise wrong


def test_a_defect_of_ours_is_not_called_a_fault_of_the_folder(basket):
    stored = read(basket)
    with pytest.raises(ZeroDivisionError, match="ours"), stored.fits():
        raise ZeroDivisionError("ours")


# --- an older folder is replaced when the new one is complete, and not before


def test_writing_again_replaces_the_older_folder_and_its_card(basket):
    (basket / CARD).write_text("# of the older one")
    write(basket, owner="Ola")
    assert read(basket).manifest["owner"] == "Ola"
    assert sorted(path.name for path in basket.iterdir()) == WHOLE


def test_writing_leaves_nothing_beside_the_folder(basket):
    assert [path.name for path in basket.parent.iterdir()] == ["basket"]


def test_a_folder_of_an_older_format_is_replaced(basket):
    edit_manifest(basket, lambda manifest: manifest.update(format=0))
    write(basket)
    assert read(basket).manifest["format"] == FORMAT


def test_a_folder_of_an_older_format_with_other_files_is_replaced(basket):
    (basket / "names.json").rename(basket / "labels.json")
    edit_manifest(basket, lambda manifest: manifest.update(format=0))
    edit_manifest(basket, lambda manifest: manifest["files"].update({"labels.json": manifest["files"]["names.json"]}))
    edit_manifest(basket, lambda manifest: manifest["files"].pop("names.json"))
    write(basket)
    assert sorted(path.name for path in basket.iterdir()) == WHOLE


def test_a_folder_of_another_kind_is_left_untouched(tmp_path):
    write_folder(tmp_path / "crate", {"format": FORMAT}, {"fruit": FRUIT}, {"fruit": ("int8", 2)}, what="a crate")
    before = snapshot(tmp_path)
    with pytest.raises(ModelError, match="is not a basket; choose another folder"):
        write(tmp_path / "crate")
    assert snapshot(tmp_path) == before


def test_an_empty_folder_is_filled(tmp_path):
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == WHOLE


def test_a_folder_can_be_written_over_the_one_that_its_arrays_lie_in(basket):
    stored = read(basket)
    before = snapshot(basket)
    write_folder(
        basket,
        {"format": FORMAT, "owner": "Kari"},
        stored.arrays,
        TYPES,
        {"names.json": stored.json("names.json")},
        what="a basket",
    )
    assert snapshot(basket) == before


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param({"thesis.txt": "three years"}, "holds 'thesis.txt'", id="a file"),
        pytest.param({"sub/thesis.txt": "three years"}, "holds 'sub'", id="a folder"),
        pytest.param({"manifest.json": '{"name": "an extension"}', "icon.png": ""}, "holds 'icon.png'", id="a program"),
        pytest.param({"manifest.json": '{"name": "an extension"}'}, "holds 'manifest.json'", id="another manifest"),
        pytest.param({"manifest.json": "not even JSON"}, "holds 'manifest.json'", id="a manifest that is none"),
        pytest.param({"manifest.json": "[1]"}, "holds 'manifest.json'", id="a list"),
        pytest.param({"fruit.npy": "", "fruit.npy.bak": ""}, "holds 'fruit.npy'", id="a copy"),
        pytest.param({".git/HEAD": "ref"}, "holds '.git'", id="a repository"),
    ],
)
def test_a_folder_with_anything_else_in_it_is_left_untouched(tmp_path, files, found):
    for name, content in files.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(content)
    before = snapshot(tmp_path)
    with pytest.raises(ModelError, match=f"mine: {found} and is not a basket; choose another folder"):
        write(tmp_path / "mine")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["fruit.npy", "names.json", CARD])
def test_files_that_merely_have_our_names_are_left_untouched(tmp_path, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("three years")
    with pytest.raises(ModelError, match="mine: .* is not a basket; choose another folder"):
        write(tmp_path / "mine")
    assert snapshot(tmp_path) == {f"mine/{name}": b"three years"}


def test_a_file_is_left_untouched(tmp_path):
    (tmp_path / "mine").write_text("three years")
    with pytest.raises(ModelError, match="mine: is a file and is not a basket; choose another folder"):
        write(tmp_path / "mine")
    assert snapshot(tmp_path) == {"mine": b"three years"}


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="file/basket: cannot be written"):
        write(tmp_path / "file" / "basket")


def refuse(code: int) -> Callable[..., Any]:
    """A call that fails as the operating system would let it fail."""

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(code, {errno.ENOSPC: "No space left on device", errno.EROFS: "Read-only file system"}[code])

    return fail


@pytest.mark.parametrize(
    ("holder", "call", "code", "reason"),
    [
        pytest.param(Path, "mkdir", errno.EROFS, "Read-only file system", id="read-only target"),
        pytest.param(np, "save", errno.ENOSPC, "No space left on device", id="full disk: arrays"),
        pytest.param(Path, "write_text", errno.ENOSPC, "No space left on device", id="full disk: manifest"),
    ],
)
def test_a_folder_that_cannot_be_written_leaves_the_older_one_whole(basket, monkeypatch, holder, call, code, reason):
    before = snapshot(basket)
    with monkeypatch.context() as patched:
        patched.setattr(holder, call, refuse(code))
        with pytest.raises(ModelError, match=rf"basket: cannot be written \({reason}\)"):
            write(basket)
    assert snapshot(basket) == before
    assert read(basket).manifest["owner"] == "Kari"
    assert [path.name for path in basket.parent.iterdir()] == ["basket"]


def test_a_new_folder_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(np, "save", refuse(errno.ENOSPC))
    with pytest.raises(ModelError, match=r"basket: cannot be written \(No space left on device\)"):
        write(tmp_path / "basket")
    assert list(tmp_path.iterdir()) == []


def test_a_new_folder_that_cannot_be_given_its_name_leaves_the_older_one_whole(basket, monkeypatch):
    before = snapshot(basket)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuse(errno.ENOSPC))
        patched.setattr(Path, "replace", refuse(errno.ENOSPC))
        with pytest.raises(ModelError, match="basket: cannot be written"):
            write(basket)
    assert snapshot(basket) == before


def test_a_disk_that_fills_up_in_the_middle_of_an_array_is_told_with_the_reason(basket, monkeypatch):
    def cut(*_: Any, **__: Any) -> None:
        raise OSError("65536 requested and 4096 written")  # as numpy.ndarray.tofile says it

    monkeypatch.setattr(np, "save", cut)
    with pytest.raises(ModelError, match=r"basket: cannot be written \(65536 requested and 4096 written\)"):
        write(basket)


def test_the_folder_that_one_stands_in_can_be_written(basket, monkeypatch):
    monkeypatch.chdir(basket)
    write(Path(), owner="Ola")
    assert read(basket).manifest["owner"] == "Ola"


def test_a_link_to_a_folder_is_followed(basket):
    link = basket.with_name("link")
    link.symlink_to(basket)
    write(link, owner="Ola")
    assert read(basket).manifest["owner"] == "Ola"
