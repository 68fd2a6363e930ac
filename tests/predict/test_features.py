"""Texts to hashed n-grams: which there are, where they stand, and that batches change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentclf.intake.cleaning import clean
from intentclf.predict.features import CHAR, WORD, Grams, hash_grams, normalize, tokens

ANY_TEXT = st.text(st.characters(), max_size=60)  # all planes, lone surrogates too
CLEANED = ANY_TEXT.map(lambda text: clean(text).text)


def columns_of(grams: Grams, document: int) -> list[list[int]]:
    """Hashes, kinds and spans of one text of a batch."""
    mine = grams.document == document
    return [column[mine].tolist() for column in (grams.hash, grams.kind, grams.start, grams.end)]


def shown(text: str, *, words: int = 1, chars: tuple[int, int] = (2, 2)) -> list[str]:
    grams = hash_grams([text], words=words, chars=chars)
    return [text[a:b] for a, b in zip(grams.start, grams.end, strict=True)]


@pytest.mark.parametrize(
    ("text", "words", "pairs", "by_length"),
    [
        pytest.param("a", 1, 0, {2: 2, 3: 1, 4: 0, 5: 0}, id="one letter"),
        pytest.param("ja", 1, 0, {2: 3, 3: 2, 4: 1, 5: 0}, id="two letters"),
        pytest.param("да", 1, 0, {2: 3, 3: 2, 4: 1, 5: 0}, id="two letters in Cyrillic"),
        pytest.param("😀", 1, 0, {2: 2, 3: 1, 4: 0, 5: 0}, id="astral character"),
        pytest.param("ja nee", 2, 1, {2: 7, 3: 5, 4: 3, 5: 1}, id="two words"),
        pytest.param("ja?", 2, 1, {2: 5, 3: 3, 4: 1, 5: 0}, id="word and mark"),
        pytest.param("почта", 1, 0, {2: 6, 3: 5, 4: 4, 5: 3}, id="five letters"),
        pytest.param("e-mail nu", 4, 3, {2: 12, 3: 8, 4: 4, 5: 2}, id="hyphen is a token"),
        pytest.param("  \n ", 0, 0, {2: 0, 3: 0, 4: 0, 5: 0}, id="blanks"),
    ],
)
def test_n_grams_of_short_texts_are_as_many_as_counted_by_hand(text, words, pairs, by_length):
    for length, expected in by_length.items():
        kinds = hash_grams([text], words=2, chars=(length, length)).kind
        assert np.count_nonzero(kinds == CHAR) == expected, length
    assert len(tokens(text)) == words
    assert np.count_nonzero(kinds == WORD) == words + pairs


@pytest.mark.parametrize(
    ("text", "words", "chars", "expected"),
    [
        pytest.param("ja", 1, (2, 2), ["ja", "j", "ja", "a"], id="edges count as a blank"),
        pytest.param("ja", 1, (3, 4), ["ja", "ja", "ja", "ja"], id="both edges"),
        pytest.param("Ik? ", 2, (3, 3), ["Ik", "?", "Ik?", "Ik", "Ik", "?"], id="pair spans the gap between"),
        pytest.param("ja  nee", 2, (5, 5), ["ja", "nee", "ja  nee", "nee"], id="blanks between words"),
        pytest.param("Ёж", 1, (2, 2), ["Ёж", "Ё", "Ёж", "ж"], id="Cyrillic"),
        pytest.param("a😀", 2, (3, 3), ["a", "😀", "a😀", "a", "😀"], id="emoji is a token of its own"),
    ],
)
def test_n_grams_and_their_places_are_those_written_down(text, words, chars, expected):
    assert shown(text, words=words, chars=chars) == expected


def test_single_characters_are_n_grams_where_the_shortest_run_is_one():
    assert CHAR in hash_grams(["ja"], words=1, chars=(1, 1)).kind


@given(CLEANED)
def test_spans_point_at_the_n_gram_that_was_hashed(text):
    grams = hash_grams([text])
    by_hash: dict[int, str] = {}
    for value, start, end in zip(grams.hash.tolist(), grams.start, grams.end, strict=True):
        assert 0 <= start < end <= len(text)
        letters = "".join(normalize(text[start:end]).split())
        assert by_hash.setdefault(value, letters) == letters


@given(ANY_TEXT)
def test_every_n_gram_lies_inside_a_text_that_was_not_cleaned(text):
    grams = hash_grams([text])
    assert np.all((grams.start >= 0) & (grams.start < grams.end) & (grams.end <= len(text)))


@given(st.lists(CLEANED, min_size=1, max_size=6))
def test_n_grams_of_a_text_are_the_same_alone_and_in_a_batch(texts):
    batch = hash_grams(texts)
    for k, text in enumerate(texts):
        assert columns_of(batch, k) == columns_of(hash_grams([text]), 0)


@given(ANY_TEXT)
def test_normalizing_keeps_the_length_of_any_text(text):
    assert len(normalize(text)) == len(text)


@pytest.mark.parametrize("text", ["İstanbul İ", "ẞ straße", "ΟΔΟΣ", "ǅ ﬁ", "\ud83d", "𐐀 Ё"], ids=ascii)
def test_normalizing_keeps_the_length_where_case_is_difficult(text):
    assert len(normalize(text)) == len(text)
    assert normalize(normalize(text)) == normalize(text)


@pytest.mark.parametrize("texts", [[], [""], ["", ""], [" \n\t"]], ids=["none", "empty", "two", "blanks"])
def test_texts_without_words_have_no_n_grams(texts):
    grams = hash_grams(texts)
    assert [column.size for column in (grams.document, grams.hash, grams.kind, grams.start, grams.end)] == [0] * 5
    assert grams.hash.dtype == np.uint64


def test_empty_texts_leave_the_numbers_of_their_neighbours_alone():
    assert set(hash_grams(["", "ja", "", "nee"]).document.tolist()) == {1, 3}


def test_words_and_characters_never_share_a_hash():
    sample = ["ik kan niet in mijn mail", "får ikke logget inn i e-post", "не приходит почта на телефон", "my pc is on"]
    grams = hash_grams(sample, chars=(2, 8))
    assert not set(grams.hash[grams.kind == WORD].tolist()) & set(grams.hash[grams.kind == CHAR].tolist())


def test_runs_of_different_length_never_share_a_hash():
    seen = [set(hash_grams(["почта email"], words=1, chars=(n, n)).hash[2:].tolist()) for n in range(2, 9)]
    assert len(set.union(*seen)) == sum(map(len, seen))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ёлка", "елка"), ("ещё", "еще"), ("МЕНЯ", "меня"), ("ÅSE", "åse"), ("IJsland", "ijsland"), ("E-Mail", "e-mail")],
)
def test_case_and_the_letter_yo_do_not_matter(one, other):
    assert hash_grams([one]).hash.tolist() == hash_grams([other]).hash.tolist()


@pytest.mark.parametrize(
    ("one", "other"), [("mail", "mali"), ("ja nee", "nee ja"), ("får", "far"), ("ab", "ba"), ("a b", "ab")]
)
def test_other_letters_or_another_order_make_another_n_gram(one, other):
    assert set(hash_grams([one]).hash.tolist()) != set(hash_grams([other]).hash.tolist())


def test_a_repeated_word_is_counted_at_each_of_its_places():
    grams = hash_grams(["nei nei"], words=1, chars=(5, 5))
    assert grams.start[grams.kind == WORD].tolist() == [0, 4]
    assert len(set(grams.hash[grams.kind == WORD].tolist())) == 1


def test_very_long_words_are_cut_at_64_characters():
    assert tokens("x" * 70 + " ja") == [(0, 64), (71, 73)]
    assert hash_grams(["x" * 70]).hash.tolist() == hash_grams(["x" * 64]).hash.tolist()
