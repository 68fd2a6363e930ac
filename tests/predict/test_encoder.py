"""The door for an encoder of the desk's own: a tiny Model2Vec model joins or replaces the sub-word vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from typer.testing import CliRunner

from intentclf.errors import InputError, ModelError
from intentclf.predict.artifact import load_model
from intentclf.predict.encoder import open_encoder
from intentclf.records import Query
from intentclf.serve.cli import app
from intentclf.train.pipeline import start_from
from intentclf.triage import triage

MAIL = ["mail", "post", "почта"]
GAME = ["xbox", "spel", "игра"]
WORDS = {"[UNK]": (0.0, 0.0), **dict.fromkeys(MAIL, (1.0, 0.0)), **dict.fromkeys(GAME, (0.0, 2.0))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two directions: one for mail, one for games, whatever the language."""
    tokenizer = Tokenizer(WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.array(list(WORDS.values()), dtype=np.float32)
    StaticModel(vectors, tokenizer, normalize=False).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Sixty rows that use only the Dutch and English words."""
    rows = [f"{k},{MAIL[k % 2]} nummer {k},mail" for k in range(30)]
    rows += [f"{k},{GAME[k % 2]} nummer {k},game" for k in range(30, 60)]
    path = tmp_path / "rows.csv"
    path.write_text("id,text,topic\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def train(labelled: Path, out: Path, *options: str) -> None:
    arguments = ["train", "--data", str(labelled), "--label", "topic", "--out", str(out), "--no-track", *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_vectors_have_length_one_and_an_unknown_text_has_none(folder):
    rows = open_encoder(folder).encode(["mail post", "xbox", "zzz", "mail xbox"])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 0, 1])
    assert rows[3, 1] > rows[3, 0] > 0


@pytest.mark.parametrize("options", [(), ("--encoder-only",)], ids=["joins", "replaces"])
def test_a_word_that_only_the_encoder_knows_decides(folder, labelled, tmp_path, options):
    train(labelled, tmp_path / "model", "--encoder", str(folder), *options)
    model = load_model(tmp_path / "model")
    reason = triage(Query("1", "игра"), model).reasons["topic"]
    best = max(reason.candidates, key=lambda candidate: candidate.confidence)
    assert best.code == "game"
    assert best.confidence > 0.6


def test_a_model_with_an_encoder_answers_alike_after_it_was_saved_and_tells_its_folder(folder, labelled, tmp_path):
    train(labelled, tmp_path / "model", "--encoder", str(folder))
    first, second = (triage(Query("1", "почта xbox"), load_model(tmp_path / "model")).to_dict() for _ in range(2))
    assert first == second
    assert json.loads((tmp_path / "model" / "manifest.json").read_bytes())["encoder"]["folder"] == str(folder)


def test_an_encoder_that_was_changed_is_refused(folder, labelled, tmp_path):
    train(labelled, tmp_path / "model", "--encoder", str(folder))
    (folder / "README.md").write_text("another")
    with pytest.raises(ModelError, match="is not the encoder that the model was trained with"):
        load_model(tmp_path / "model")


def test_an_encoder_that_is_gone_is_named(folder, labelled, tmp_path):
    train(labelled, tmp_path / "model", "--encoder", str(folder))
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="no such encoder folder"):
        load_model(tmp_path / "model")


def test_a_name_is_never_downloaded(tmp_path):
    with pytest.raises(ModelError, match=r"no such encoder folder \(an encoder is never downloaded\)"):
        open_encoder("minishlab/potion-base-8M")


def test_another_folder_is_no_encoder(tmp_path):
    with pytest.raises(ModelError, match="is no encoder: it has no modules.json, nor a config.json of Model2Vec"):
        open_encoder(tmp_path)


def test_a_damaged_encoder_is_one_sentence(folder):
    (folder / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="this encoder cannot be used"):
        open_encoder(folder).encode(["mail"])


def test_sentence_transformers_asks_for_its_package_where_it_is_missing(tmp_path, monkeypatch):
    (tmp_path / "modules.json").write_text("[]")
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    with pytest.raises(ModelError, match="reading it needs its package: pip install sentence-transformers"):
        open_encoder(tmp_path).encode(["mail"])


def test_the_encoder_cannot_be_the_only_one_where_there_is_none():
    with pytest.raises(InputError, match="--encoder-only needs --encoder"):
        start_from(None, None, encoder_only=True)
