"""What is fitted, against scikit-learn's own checks, formula and machines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from intentclf.predict.features import CHAR, WORD
from intentclf.train.estimators import MarginClassifier, NgramTfidf

# Without punctuation, which scikit-learn counts as part of a word's characters.
TEXTS = ["ik kan niet in mijn mail", "mail mail mail", "jeg får ikke mail", "почта не работает почта", "i", "ik kan"]


@parametrize_with_checks([MarginClassifier(n_jobs=1)])
def test_the_classifier_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)  # raises where it fails


def sparse(rows: int, classes: int, *, seed: int = 0):
    """Random sparse data and labels that hang on it."""
    rng = np.random.default_rng(seed)
    data: Any = sp.random(rows, 60, density=0.15, format="csr", random_state=rng)
    labels = (data @ rng.normal(size=(60, classes))).argmax(axis=1)
    return data, np.array([f"class {k:02}" for k in range(classes)])[labels]


def of_each_class(classes: int, rows: int = 12, *, seed: int = 0):
    """Sparse data with as many rows of every class, that its own feature tells from the others with some noise."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), rows)
    noise: Any = sp.random(labels.size, classes, density=1 / classes, format="csr", random_state=rng)
    own = sp.csr_matrix((np.ones(labels.size), (np.arange(labels.size), labels)), shape=noise.shape)
    return own + noise, np.array([f"class {k:02}" for k in range(classes)])[labels]


@pytest.mark.parametrize(("c", "seed"), [(0.5, 17), (5.0, 0)])
def test_the_classifier_equals_linear_svc_on_two_classes(c, seed):
    data, labels = sparse(200, 2, seed=seed)
    ours = MarginClassifier(c=c, seed=seed).fit(data, labels)
    theirs = LinearSVC(C=c, tol=0.1, random_state=seed).fit(data, labels)
    assert np.array_equal(ours.coef_[1], theirs.coef_[0])
    assert np.array_equal(ours.decision_function(data), theirs.decision_function(data))
    assert np.array_equal(ours.predict(data), theirs.predict(data))


@pytest.mark.parametrize("classes", [3, 6, 24])
def test_the_classifier_equals_linear_svc_on_as_many_classes_as_one_call_fits(classes):
    data, labels = of_each_class(classes)
    ours = MarginClassifier().fit(data, labels)
    theirs = LinearSVC(C=0.5, tol=0.1, random_state=17).fit(data, labels)
    assert np.array_equal(ours.coef_, theirs.coef_)
    assert np.array_equal(ours.intercept_, theirs.intercept_)


@pytest.mark.parametrize("classes", [3, 6, 24, 25, 26, 48, 49])
def test_the_classifier_says_what_one_machine_for_each_class_says(classes):
    # The solver goes on with one stream of random numbers from class to class, hence not to the bit.
    data, labels = of_each_class(classes)
    ours = MarginClassifier(n_jobs=1).fit(data, labels)
    theirs = OneVsRestClassifier(LinearSVC(C=0.5, tol=0.1, random_state=17)).fit(data, labels)
    assert ours.coef_.shape == (classes, data.shape[1])
    assert ours.decision_function(data) == pytest.approx(theirs.decision_function(data), abs=0.02)
    assert np.array_equal(ours.predict(data), theirs.predict(data))


@pytest.mark.parametrize("classes", [5, 49])
def test_the_classifier_predicts_unseen_rows_as_linear_svc_does(classes):
    (data, labels), (unseen, truth) = of_each_class(classes), of_each_class(classes, seed=1)
    ours = MarginClassifier(n_jobs=1).fit(data, labels)
    theirs = LinearSVC(C=0.5, tol=0.1, random_state=17).fit(data, labels)
    assert np.array_equal(ours.classes_, theirs.classes_)
    assert np.mean(ours.predict(unseen) == theirs.predict(unseen)) >= 0.98
    assert np.mean(ours.predict(unseen) == truth) >= 0.9


@pytest.mark.parametrize("classes", [4, 49])
def test_the_number_of_jobs_changes_nothing(classes):
    data, labels = of_each_class(classes, 5)
    one, many = (MarginClassifier(n_jobs=jobs).fit(data, labels) for jobs in (1, 2))
    assert np.array_equal(one.coef_, many.coef_)
    assert np.array_equal(one.intercept_, many.intercept_)


@pytest.mark.parametrize("rare", ["class 00", "class 24", "zz"], ids=["first call", "second call", "alone in its call"])
def test_a_class_of_one_row_is_learnt_like_the_others(rare):
    data, labels = of_each_class(48, 3)
    labels = np.where(labels == rare, "class 01", labels)
    labels[7] = rare
    machine = MarginClassifier(n_jobs=1).fit(data, labels)
    assert machine.decision_function(data)[:, machine.classes_ == rare].argmax() == 7


def test_margins_have_a_column_for_each_class_but_one_for_two():
    assert MarginClassifier().fit(*sparse(80, 4)).decision_function(sparse(9, 4)[0]).shape == (9, 4)
    assert MarginClassifier().fit(*sparse(80, 2)).decision_function(sparse(9, 2)[0]).shape == (9,)


def test_one_class_alone_is_refused():
    with pytest.raises(ValueError, match="needs two classes at least, got 1 class: 'a'"):
        MarginClassifier().fit([[0.0], [1.0]], ["a", "a"])


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        (WORD, TfidfVectorizer(token_pattern=r"\w+", ngram_range=(1, 2), sublinear_tf=True)),
        (CHAR, TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
    ],
    ids=["words and pairs", "characters inside words"],
)
def test_weights_are_those_of_scikit_learns_formula(kind, reference):
    tfidf = NgramTfidf(min_documents=1)
    ours = tfidf.fit_transform(TEXTS)[:, tfidf.vocabulary_.kind == kind]
    theirs = reference.fit_transform(TEXTS)
    assert ours.shape == theirs.shape
    assert (ours @ ours.T).toarray() == pytest.approx((theirs @ theirs.T).toarray(), abs=1e-6)
    for row in range(len(TEXTS)):
        assert np.sort(ours[row].data) == pytest.approx(np.sort(theirs[row].data), rel=1e-6)


def test_weights_are_those_worked_out_by_hand():
    tfidf = NgramTfidf(words=1, chars=(5, 5), min_documents=1)  # 'ja' and 'nei' are too short for five characters
    matrix = tfidf.fit_transform(["ja ja nei", "ja"]).toarray()
    ja, nei = 1 + np.log(2), np.log(3 / 2) + 1  # (1 + ln 2) × (ln 3/3 + 1) and 1 × (ln 3/2 + 1)
    words = tfidf.vocabulary_.kind == WORD
    assert np.sort(matrix[0, words]) == pytest.approx(np.sort([ja, nei]) / np.hypot(ja, nei), rel=1e-6)
    assert np.sort(matrix[1, words]) == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize(
    ("smallest", "expected"), [(1, 7), (2, 3), (3, 1)], ids=["every word", "in two texts", "in three texts"]
)
def test_an_n_gram_must_stand_in_enough_texts(smallest, expected):
    # Words: mail in three texts, ja and nei in two each (nei twice in one), a b c d in one.
    texts = ["mail ja nei nei", "mail ja a b", "mail nei c d d"]
    tfidf = NgramTfidf(words=1, chars=(8, 8), min_documents=smallest).fit(texts)
    assert np.count_nonzero(tfidf.vocabulary_.kind == WORD) == expected


def test_the_most_frequent_n_grams_are_kept_where_there_are_too_many():
    texts = ["mail ja nei nei", "mail ja a b", "mail nei c d d"]
    tfidf = NgramTfidf(words=1, chars=(8, 8), min_documents=1, max_features=3).fit(texts)
    everything = NgramTfidf(words=1, chars=(8, 8), min_documents=2).fit(texts)
    assert tfidf.vocabulary_.hashes.tolist() == everything.vocabulary_.hashes.tolist()


def test_the_hashes_of_a_vocabulary_rise():
    assert np.all(np.diff(NgramTfidf(min_documents=1).fit(TEXTS).vocabulary_.hashes.astype(object)) > 0)


def test_unknown_n_grams_weigh_nothing():
    tfidf = NgramTfidf(min_documents=1).fit(["mail"])
    assert tfidf.transform(["", "zzz", "mail"]).getnnz(axis=1).tolist()[:2] == [0, 0]


def test_no_texts_make_a_matrix_without_rows():
    tfidf = NgramTfidf(min_documents=1).fit(TEXTS)
    assert tfidf.transform([]).shape == (0, tfidf.vocabulary_.hashes.size)


@pytest.mark.parametrize(
    ("texts", "message"),
    [([], "in 2 of the 0 texts"), (["", ""], "in 2 of the 2 texts"), (["ja", "nei"], "in 2 of the 2 texts")],
    ids=["no texts", "empty texts", "nothing in common"],
)
def test_texts_without_a_frequent_n_gram_are_refused(texts, message):
    with pytest.raises(ValueError, match=f"no n-gram stands {message}"):
        NgramTfidf(chars=(3, 3)).fit(texts)


def test_weighing_before_fitting_is_refused():
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        NgramTfidf().transform(["mail"])


def test_a_clone_has_the_same_settings_and_is_not_fitted():
    tfidf = NgramTfidf(words=1, chars=(3, 4), min_documents=1, max_features=9).fit(TEXTS)
    copy = clone(tfidf)
    assert (
        copy.get_params()
        == tfidf.get_params()
        == {
            "words": 1,
            "chars": (3, 4),
            "min_documents": 1,
            "max_features": 9,
        }
    )
    assert not hasattr(copy, "vocabulary_")


def test_fitting_and_weighing_at_once_is_the_same_as_one_after_the_other():
    at_once = NgramTfidf().fit_transform(TEXTS)
    after = NgramTfidf().fit(TEXTS).transform(TEXTS)
    assert (at_once != after).nnz == 0


def test_settings_can_be_set_after_the_fact():
    assert NgramTfidf().set_params(words=1, min_documents=1).fit(["a b"]).vocabulary_.words == 1


def test_both_estimators_work_in_a_pipeline():
    machine = make_pipeline(NgramTfidf(min_documents=1), MarginClassifier())
    machine.fit(["mail weg", "geen mail", "xbox stuk", "zwart scherm xbox"], ["mail", "mail", "game", "game"])
    assert machine.predict(["mijn mail", "mijn xbox"]).tolist() == ["mail", "game"]
