"""What is fitted from labelled texts: two views as their estimators have them, and tables that are odd or too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from intentclf.codebooks.loader import Code, Codebook
from intentclf.errors import InputError
from intentclf.intake import read
from intentclf.predict.encoder import Encoder
from intentclf.predict.features import hash_grams
from intentclf.predict.model import VAGUE, Model
from intentclf.predict.vectors import Vectors, packed
from intentclf.records import Query, Reason
from intentclf.settings import CalibrateSettings, FitSettings, PrepareSettings
from intentclf.train import fit as module
from intentclf.train.calibrate import calibrate, calibrate_head, train, weigh_head
from intentclf.train.estimators import MarginClassifier, NgramTfidf
from intentclf.train.evaluate import evaluate
from intentclf.train.fit import Start, fit
from intentclf.train.prepare import LabelledTexts, prepare
from intentclf.triage import triage

FAST = FitSettings(min_documents=2, hidden=8, epochs=20, batch=16, description_copies=0, contrast_epochs=1)
CALIBRATE = CalibrateSettings()
TOPICS = {"mail": "de mail is weg", "game": "xbox geeft zwart beeld", "pay": "betaling mislukt"}
WORDS = [f"{a}{b}" for a in ("bak", "dol", "fir", "gum", "kep") for b in ("sat", "tor", "vun", "wil", "zep", "mux")]


@pytest.fixture(autouse=True)
def _one_process(monkeypatch):
    """Machines this small are fitted sooner than a second process starts."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture(scope="module")
def start() -> Start:
    """Random vectors: 1,024 buckets of 8 dimensions."""
    table = np.random.default_rng(0).integers(-7, 8, (1024, 8))
    return Start(Vectors(packed(table), np.full(1024, 0.05, np.float32), 2, (2, 4)))


def table(
    rows: Sequence[Sequence[str]], labels: Sequence[str] = ("topic",), *, part: str = "train", language: str = "nl"
) -> LabelledTexts:
    """Labelled texts of one part and language; a row is a text and its labels."""
    columns = {label: [row[1 + k] for row in rows] for k, label in enumerate(labels)}
    ids = [str(k) for k in range(len(rows))]
    same = {"lang": language, "split": part, "note": ""}
    frame = pd.DataFrame({"id": ids, "group": ids, "text": [row[0] for row in rows], **same, **columns}, dtype=str)
    books = {
        label: Codebook.from_labels(label, [part for cell in cells for part in cell.split("|")])
        for label, cells in columns.items()
        if label != VAGUE
    }
    return LabelledTexts(frame, tuple(labels), books, "0" * 64)


def rows_of(number: int, topics: Sequence[str] = ("mail", "game")) -> list[tuple[str, str]]:
    """So many texts, the topics in turn, each with a word of its own."""
    return [(f"{TOPICS[topics[k % len(topics)]]} {WORDS[k % 30]} {k}", topics[k % len(topics)]) for k in range(number)]


def split(texts: LabelledTexts) -> LabelledTexts:
    """Every fifth row is for calibration."""
    parts = ["calibration" if k % 5 == 4 else "train" for k in range(len(texts.frame))]
    return replace(texts, frame=texts.frame.assign(split=parts))


def answer(model: Model, text: str, language: str = "nl", label: str = "topic") -> Reason:
    return triage(Query("1", text, language), model).reasons[label]


def arrays(model: Model) -> list[NDArray[Any]]:
    linear, network = model.linear, model.network
    return [
        *(linear.start, linear.column, linear.weight, linear.scale, linear.bias, model.vocabulary.hashes),
        *(network.vectors.table, network.hidden, network.output, network.direct, network.output_bias),
    ]


def test_forty_rows_make_a_model_that_answers_and_accepts_nothing(start):
    texts = prepare(table(rows_of(40), part=""), PrepareSettings(near_duplicate=1.0))
    model = train(texts, FAST, CALIBRATE, start)
    for topic in ("mail", "game"):
        assert answer(model, f"help, {TOPICS[topic]}").code == topic
    assert (model.accept, model.heads[0].thresholds.accept, model.heads[0].thresholds.accept_in) == (2.0, 2.0, {})
    assert triage(Query("1", TOPICS["mail"], "nl"), model).decision.action == "confirm"


def test_the_same_rows_and_settings_make_the_same_model(start):
    one, other = (fit(table(rows_of(40)), ["train"], FAST, start) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def test_another_seed_makes_another_network(start):
    one, other = (fit(table(rows_of(40)), ["train"], replace(FAST, seed=seed), start) for seed in (1, 2))
    assert not np.array_equal(one.network.hidden, other.network.hidden)


def test_only_the_parts_that_are_asked_for_are_learnt(start):
    texts = table([*rows_of(20), ("betaling mislukt", "pay")])
    texts.frame.loc[20, "split"] = "test"
    assert fit(texts, ["train"], FAST, start).heads[0].classes == ("game", "mail")


def test_the_first_of_several_alternatives_is_learnt(start):
    texts = table([(text, f"{topic}|pay") for text, topic in rows_of(20)])
    assert fit(texts, ["train"], FAST, start).heads[0].classes == ("game", "mail")


# What the code books say of their codes.


DESCRIBED = replace(FAST, description_copies=2)


def described(texts: LabelledTexts, **codes: dict[str, str]) -> LabelledTexts:
    """The same texts with a book that describes its codes in two languages."""
    book = Codebook("topic", {name: Code(name, "", 1, labels) for name, labels in codes.items()}, "")
    return replace(texts, books={"topic": book})


def test_the_words_of_a_description_speak_for_its_code(start):
    texts = described(table(rows_of(20)), mail={"en": "lost letter"}, game={"en": "console", "ru": "приставка сломана"})
    with_book, without = (fit(texts, ["train"], settings, start) for settings in (DESCRIBED, FAST))
    for text, code in (("lost letter", "mail"), ("приставка сломана", "game")):
        column = with_book.heads[0].classes.index(code)
        found, before = (np.subtract(*views(model, text)[[column, 1 - column]]) for model in (with_book, without))
        assert found > before + 0.3, text


def views(model: Model, text: str) -> NDArray[Any]:
    row: NDArray[Any] = model.views(model.read([text])).margins[0]
    return row


def test_a_leaf_without_any_text_is_found_by_its_description(start):
    texts = described(table(rows_of(20)), mail={"en": "lost"}, game={"en": "console"}, pay={"nl": "rekening betalen"})
    model = fit(texts, ["train"], DESCRIBED, start)
    assert model.heads[0].classes == ("game", "mail", "pay")
    assert model.heads[0].classes[int(views(model, "rekening betalen").argmax())] == "pay"


def test_a_code_that_is_only_named_takes_its_words_from_its_name(start):
    model = fit(table([(text, f"{topic}.card_declined") for text, topic in rows_of(20)]), ["train"], DESCRIBED, start)
    hashes = set(model.vocabulary.hashes.tolist())
    assert set(hash_grams(["mail card declined"], words=2, chars=(2, 4)).hash.tolist()) <= hashes


def test_descriptions_of_one_book_teach_its_own_head_alone(start):
    rows = [(text, topic, "AB"[k % 2]) for k, (text, topic) in enumerate(rows_of(40, tuple(TOPICS)))]
    texts = table(rows, ("topic", "severity"))
    texts = replace(texts, books={"topic": texts.books["topic"]})
    model = fit(texts, ["train"], DESCRIBED, start)
    assert [head.classes for head in model.heads] == [("game", "mail", "pay"), ("A", "B")]
    alone = fit(replace(texts, labels=("severity",), books={}), ["train"], DESCRIBED, start)
    column = model.heads[1].start
    for text, _, _ in rows[:5]:
        assert views(model, text)[column] == pytest.approx(views(alone, text)[0], abs=0.15)


def test_heads_lie_side_by_side_in_the_order_of_the_labels(start):
    texts = table([(text, topic, "012"[k % 3]) for k, (text, topic) in enumerate(rows_of(30))], ("topic", "floor"))
    model = fit(texts, ["train"], FAST, start)
    assert [(head.name, head.classes, head.start) for head in model.heads] == [
        ("topic", ("game", "mail"), 0),
        ("floor", ("0", "1", "2"), 2),
    ]
    assert (model.linear.bias.size, model.network.output_bias.size) == (5, 5)


def test_the_linear_view_is_that_of_its_machines_but_for_a_byte_of_precision(start):
    texts = [text for text, _ in rows_of(60, tuple(TOPICS))]
    topics = np.array([topic for _, topic in rows_of(60, tuple(TOPICS))])
    model = fit(table(rows_of(60, tuple(TOPICS))), ["train"], FAST, start)
    matrix = NgramTfidf(words=2, chars=(2, 4), min_documents=1).fit_transform(texts)
    expected = MarginClassifier(c=FAST.c, seed=FAST.seed, n_jobs=1).fit(matrix, topics).decision_function(matrix)
    assert model.views(model.read(texts)).margins == pytest.approx(expected, abs=0.02)


def test_a_model_that_is_not_calibrated_counts_the_linear_view_alone(start):
    model = fit(table(rows_of(20)), ["train"], FAST, start)
    assert [(head.linear, head.pooled) for head in model.heads] == [(1.0, 0.0)]
    assert (model.accept, model.held_out) == (2.0, None)


def test_courtesy_is_not_learnt(start):
    polite = [(f"Beste collega,\n{text}\nMet vriendelijke groet, Anna", topic) for text, topic in rows_of(20)]
    one, other = (fit(table(rows), ["train"], FAST, start).vocabulary.hashes for rows in (rows_of(20), polite))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(("many", "least"), [(21, 1), (20, 2)], ids=["fewer texts", "as many texts"])
def test_rare_n_grams_are_left_out_where_there_are_many_texts(start, monkeypatch, many, least):
    monkeypatch.setattr(module, "_MANY_TEXTS", many)
    texts = [text for text, _ in rows_of(20)]
    expected = NgramTfidf(words=2, chars=(2, 4), min_documents=least).fit(texts).vocabulary_.hashes
    assert np.array_equal(fit(table(rows_of(20)), ["train"], FAST, start).vocabulary.hashes, expected)


def test_the_largest_weights_are_kept_with_half_a_step_of_error_at_most():
    weights = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    linear = module._pruned(weights, np.empty((0, 5), np.float32), np.zeros(5, np.float32), 60)
    whole = np.zeros(weights.shape)
    whole[np.repeat(np.arange(40), np.diff(linear.start)), linear.column] = linear.weight
    kept = np.abs(weights) >= np.sort(np.abs(weights), axis=None)[-60]
    assert np.array_equal(whole != 0, kept)
    assert np.all(np.abs(whole * linear.scale - weights)[kept] <= (np.full((40, 5), 0.51) * linear.scale)[kept])


def test_nothing_is_left_out_where_there_is_room_for_all_weights():
    weights = np.random.default_rng(0).uniform(1, 2, (8, 5)).astype(np.float32)
    linear = module._pruned(weights, np.empty((0, 5), np.float32), np.zeros(5, np.float32), 40)
    assert linear.weight.size == 40


def test_the_vectors_of_an_encoder_join_the_linear_view(start, tmp_path, monkeypatch):
    def encode(_: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, "xbox" in text or text == "€"] for text in texts], np.float32)

    monkeypatch.setattr(Encoder, "encode", encode)
    model = fit(table(rows_of(20)), ["train"], FAST, replace(start, encoder=Encoder(tmp_path, "0" * 64)))
    seen = model.read(["€", "€€€"])  # the linear view knows no n-gram of these; the encoder alone tells
    assert [text.features.index.size for text in seen] == [0, 0]
    assert model.views(seen).margins[:, model.heads[0].columns].argmax(axis=1).tolist() == [0, 1]


# What a table may hold besides.


@pytest.mark.parametrize("topic", ["aa", "pay", "zz"])
def test_a_label_with_one_example_is_learnt_from_it(start, topic):
    model = fit(table([*rows_of(30), ("betaling mislukt", topic)]), ["train"], FAST, start)
    assert topic in model.heads[0].classes
    assert answer(model, "betaling mislukt").candidates[0].code == topic


def test_a_label_that_only_the_calibration_rows_have_is_learnt_in_the_end(start):
    texts = split(table(rows_of(60)))
    texts.frame.loc[4, ["text", "topic"]] = ["betaling mislukt", "pay"]
    texts = replace(texts, books={"topic": Codebook.from_labels("topic", ["game", "mail", "pay"])})
    model = train(texts, FAST, CALIBRATE, start)
    assert model.heads[0].classes == ("game", "mail", "pay")
    assert answer(model, "betaling mislukt").candidates[0].code == "pay"


def test_a_class_that_a_language_never_has_is_known_in_it_all_the_same(start):
    texts = split(table([*rows_of(60, tuple(TOPICS)), *rows_of(60)]))
    frame = texts.frame.assign(lang=["nl"] * 60 + ["nb"] * 60)
    model = train(replace(texts, frame=frame), FAST, CALIBRATE, start)
    assert answer(model, "min betaling mislukt", "nb").code == "pay"
    scores, _ = evaluate(model, replace(texts, frame=frame))
    assert {language: row.accuracy for language, row in scores["topic"].items()} == {"all": 1.0, "nb": 1.0, "nl": 1.0}


def test_one_text_with_several_labels_says_as_much_for_each(start):
    model = fit(table([("mail weg", topic) for topic in ("mail", "game", "pay") * 8]), ["train"], FAST, start)
    views = model.views(model.read(["mail weg"]))
    assert views.margins[0] == pytest.approx([views.margins[0, 0]] * 3, abs=1e-6)
    assert np.ptp(views.logits[0]) < 0.5


def test_one_text_with_several_labels_is_calibrated_to_their_shares(start):
    rows = [("mail weg", "mail" if k % 4 else "game") for k in range(120)]
    model = train(split(table(rows)), FAST, CALIBRATE, start)
    assert answer(model, "mail weg").code in ("mail", None)
    assert answer(model, "mail weg").candidates[0].confidence == pytest.approx(0.75, abs=0.1)


@pytest.mark.filterwarnings("ignore:The number of unique classes is greater than 50%:UserWarning")
def test_labels_that_are_all_different_can_be_learnt(start):
    model = fit(table([(f"tekst {word}", word) for word in WORDS]), ["train"], FAST, start)
    assert [answer(model, f"tekst {word}").candidates[0].code for word in WORDS] == WORDS


def test_texts_without_words_are_learnt_from_beside_others(start):
    model = fit(table([*rows_of(20), ("", "mail"), (" ", "game")]), ["train"], FAST, start)
    assert answer(model, TOPICS["game"]).candidates[0].code == "game"


# What is too much, or too little.


def test_a_column_of_ids_is_refused_in_one_sentence(start):
    ids = [str(k) for k in range(65_537)]
    columns = {name: "" for name in ("note", "text")} | {"lang": "nl", "split": "train"}
    frame = pd.DataFrame({"id": ids, "group": ids, "ticket": ids, **columns}, dtype=str)
    with pytest.raises(InputError, match="^label 'ticket' has 65537 different values: .* is it a column of ids[?]$"):
        fit(LabelledTexts(frame, ("ticket",), {}, ""), ["train"], FAST, start)


def test_the_classes_of_all_labels_are_counted_together(start, monkeypatch):
    monkeypatch.setattr(module, "_MOST_COLUMNS", 4)
    texts = table([(text, topic, "012"[k % 3]) for k, (text, topic) in enumerate(rows_of(30))], ("topic", "floor"))
    with pytest.raises(InputError, match="label 'floor' has 3 different values: a model holds 4 in all"):
        fit(texts, ["train"], FAST, start)


def test_more_weights_than_memory_holds_are_refused_in_one_sentence(start, monkeypatch):
    monkeypatch.setattr(module, "_MOST_COEFFICIENTS", 100)
    with pytest.raises(InputError, match=r"2 classes times \d+ n-grams are more than 100 weights; join rare classes"):
        fit(table(rows_of(20)), ["train"], FAST, start)


def test_a_label_of_one_value_is_refused(start):
    with pytest.raises(InputError, match="label 'topic' has only one value in the training part, 'mail'"):
        fit(table(rows_of(9, ("mail",))), ["train"], FAST, start)


@pytest.mark.parametrize("text", ["", "   ", "\n"], ids=["empty", "blanks", "line break"])
def test_texts_without_any_word_are_refused(start, text):
    with pytest.raises(InputError, match="none of the 20 texts of the training part has a word"):
        fit(table([(text, topic) for _, topic in rows_of(20)]), ["train"], FAST, start)


# What calibration hands on.


def test_weights_and_thresholds_of_calibration_outlive_the_second_fit(start):
    texts = split(table(rows_of(60, tuple(TOPICS))))
    fitted = fit(texts, ["train"], FAST, start)
    own = texts.of("calibration")
    views = fitted.views(fitted.read([read(query).core for query in own.queries()]))
    truth = [(topic,) for topic in own.column("topic")]
    head = weigh_head(fitted.heads[0], views, truth)
    expected = calibrate_head(head, texts.books["topic"], head.probabilities(views), truth, [()] * 12, CALIBRATE)
    model = calibrate(fitted, texts, FAST, CALIBRATE, start)
    assert model.vocabulary.hashes.size > fitted.vocabulary.hashes.size
    assert model.heads == (expected,) != fitted.heads


def test_held_out_rows_are_the_calibration_rows_as_the_first_fit_judged_them(start):
    texts = split(table([(text, topic, "01"[k % 2]) for k, (text, topic) in enumerate(rows_of(60))], ("topic", VAGUE)))
    frame = texts.frame.assign(lang=["nl", "nb", "ru"] * 20)
    held_out = train(replace(texts, frame=frame), FAST, CALIBRATE, start).held_out
    assert held_out is not None
    assert (held_out.heads, held_out.languages) == (("topic",), ("nb", "nl", "ru"))
    assert [held_out.languages[k] for k in held_out.language] == ["nb", "nl", "ru"] * 4
    assert (held_out.confidence.shape, held_out.right.shape) == ((12, 1), (12, 1))
    assert held_out.right.all()
    assert np.all((held_out.confidence > 0.5) & (held_out.confidence <= 1.0))


def test_a_table_of_vagueness_alone_makes_a_model(start):
    texts = split(table([(text, str(int(topic == "mail"))) for text, topic in rows_of(60)], (VAGUE,)))
    assert [head.name for head in train(texts, FAST, CALIBRATE, start).heads] == [VAGUE]
