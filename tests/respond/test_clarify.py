"""Clarifying questions: the tables, which option an answer means, what is asked, and what an answer changes."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from bench.asking import repeats
from hypothesis import given, settings
from hypothesis import strategies as st

from intentclf.codebooks.loader import LABEL_LANGUAGES, SHIPPED, load_shipped
from intentclf.errors import FaultsError, InputError
from intentclf.predict.calibration import CodeTree
from intentclf.records import LanguageGuess, Query, Reading
from intentclf.respond.clarify.answer_matching import match_answer, register_of
from intentclf.respond.clarify.clarify import Belief, believe, codes_of, next_question, update
from intentclf.respond.clarify.clarifying_questions import clarifying_questions, load_questions, separates
from intentclf.respond.clarify.question_gain import channel, gains, information, likeliest, told
from intentclf.respond.sentences import say
from intentclf.triage import triage

QUESTIONS = {question.id: question for question in clarifying_questions()}
WHERE = QUESTIONS["outlook_com:where"]
OTHERS = QUESTIONS["outlook_com:others"]
FAMILIES = [
    (name, parent)
    for name in SHIPPED
    for parent in ("", *load_shipped(name).codes)
    if len(load_shipped(name).children(parent)) > 1
]
DOCUMENTS = {"000_4c01cbade21a7f71.txt", "001_574ea51a17b28c09.txt", "002_814efe61a53fb020.txt"}
DOCUMENTS |= {"004_6bf272f48b052784.txt"}
FORMAL = {"nl": r"\b(u|uw)\b", "ru": r"\b(вы|вас|вам|ваш\w*)\b"}
INFORMAL = {"nl": r"\b(je|jij|jou|jouw)\b", "ru": r"\b(ты|тебя|тебе|тво\w+)\b"}

with Path(__file__).parents[2].joinpath("bench", "asking_answers.csv").open(encoding="utf-8", newline="") as file:
    ANSWERS = list(csv.DictReader(file))


# --- the tables


@pytest.mark.parametrize(("name", "parent"), FAMILIES, ids=lambda value: value or "top")
def test_every_family_of_every_book_has_a_question_that_separates_its_children(name, parent):
    children = load_shipped(name).children(parent)
    assert [q.id for q in QUESTIONS.values() if q.book == name and separates(q, children)]


def test_an_option_that_stands_for_two_siblings_does_not_separate_them():
    desk = QUESTIONS["service_request:desk"]
    assert separates(desk, load_shipped("service_request").children(""))
    assert not separates(desk, ("billing.cancel", "billing.renewal"))
    assert not separates(OTHERS, load_shipped("outlook_com").children("troubleshooting"))  # two of four


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_every_question_is_put_in_all_languages_and_its_options_differ(question):
    for language in LABEL_LANGUAGES:
        assert question.text(language).endswith("?")
        wordings = [option.wording[language] for option in question.options]
        assert len(set(wordings)) == len(wordings)
    assert re.search("[а-я]", question.text("ru"))
    assert question.source in DOCUMENTS
    assert question.line > 0


@pytest.mark.parametrize("language", ["nl", "ru"])
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_the_register_is_kept(question, language):
    formal, informal = (question.text(language, register) for register in ("formal", "informal"))
    assert not re.search(INFORMAL[language], formal, re.IGNORECASE)
    assert not re.search(FORMAL[language], informal, re.IGNORECASE)
    for option in question.options:  # options are worded once, for both registers
        assert not re.search(f"{FORMAL[language]}|{INFORMAL[language]}", option.wording[language], re.IGNORECASE)


def test_a_question_is_written_in_bokmal_for_nynorsk_and_in_english_for_other_languages():
    assert WHERE.text("nn") == WHERE.text("nb") == "Hva gjelder henvendelsen?"
    assert WHERE.text("und") == WHERE.text("fi", "informal") == "What is your question about?"


def test_every_option_has_four_answers_in_every_language_and_half_do_not_repeat_it():
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in ANSWERS:
        found.setdefault((row["question"], row["option"], row["lang"]), []).append(row["text"])
    for question in QUESTIONS.values():
        for option in question.options:
            for language in LABEL_LANGUAGES:
                texts = found.pop((question.id, option.id, language))
                own = [text for text in texts if not repeats(text, option.wording[language])]
                assert len(set(texts)) >= 4, (question.id, option.id, language)
                assert 2 * len(own) >= len(texts), (question.id, option.id, language)
    assert set(found) == {("*", "none", language) for language in LABEL_LANGUAGES}


HEADER = "question,option,book,kind,codes,nl,nl_informal,nb,ru,ru_informal,en,source,line"
ASKED = "q,,desk,choice,{codes},Vraag?,,Spørsmål?,Вопрос?,,Question?,desk.txt,3"
LOST = "q,lost,desk,,mail.lost,weg,,borte,пропало,,lost,,"
SLOW = "q,slow,desk,,mail.slow,traag,,tregt,медленно,,slow,,"


def table(tmp_path, *rows):
    path = tmp_path / "questions.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def question(tmp_path, desk):
    return load_questions(table(tmp_path, ASKED.format(codes=""), LOST, SLOW), {"desk": desk})[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ASKED.format(codes=""), LOST], "2: question 'q' must have at least two options, got 1"),
        ([ASKED.format(codes="").replace("choice", "yes_no")], "2: question 'q' must have two options, got 0"),
        ([ASKED.format(codes=""), LOST, LOST], "4: option 'lost' of 'q' stands twice"),
        ([ASKED.format(codes=""), LOST, SLOW.replace("mail.slow", "mail")], "options 'lost' and 'slow' of 'q' share"),
        ([ASKED.format(codes=""), LOST, SLOW.replace("tregt", "")], "option 'slow' of 'q' has no wording in nb"),
        ([LOST], "2: option 'lost' stands before its question"),
        ([ASKED.format(codes=""), ASKED.format(codes="")], "3: question 'q' stands twice"),
        ([ASKED.format(codes="").replace("choice", "open")], "2: kind must be one of choice, yes_no, got 'open'"),
        ([ASKED.format(codes="").replace("Вопрос?", "")], "2: ru is empty"),
        ([ASKED.format(codes="").replace(",3", ",three")], "2: line must be a whole number, got 'three'"),
        ([ASKED.format(codes="").replace("desk,", "shop,")], "2: book must be one of desk, got 'shop'"),
        ([ASKED.format(codes="post")], "2: code 'post' is not in desk"),
        ([ASKED.format(codes="") + ",x"], "2: row has more fields than the header"),
        ([ASKED.format(codes=""), LOST.replace("mail.lost", "")], "3: codes of option 'lost' are empty"),
    ],
)
def test_a_fault_of_a_table_is_named_with_its_line(tmp_path, desk, rows, message):
    path = table(tmp_path, *rows)
    with pytest.raises(FaultsError, match=re.escape(message)):
        load_questions(path, {"desk": desk})


def test_a_table_without_a_column_cannot_be_read(tmp_path, desk):
    path = tmp_path / "questions.csv"
    path.write_text("question,option\nq,\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 'book' is missing"):
        load_questions(path, {"desk": desk})


# --- which option an answer means: None where it tells nothing, 8 for 'none of these' of the eight


@pytest.mark.parametrize(
    ("language", "answer", "place"),
    [
        ("nl", "1", 0),
        ("nl", "2.", 1),
        ("nl", "nummer 3", 2),
        ("nl", "b", 1),
        ("nl", "B)", 1),
        ("nl", "de tweede", 1),
        ("nl", "ja, de tweede", 1),
        ("nl", "De laatste", 8),
        ("nl", "9", 8),
        ("nl", "geen van deze", 8),
        ("nl", "nee, iets anders", 8),
        ("nl", "nee", 8),
        ("nl", "ja", None),
        ("nl", "weet ik niet", None),
        ("nl", "12", None),
        ("nl", "Inloggen, wachtwoord of code", 1),
        ("nl", "mijn wachtwoord", 1),
        ("nb", "den andre", 1),
        ("nb", "nr. to", 1),
        ("nb", "nei, noe annet", 8),
        ("nn", "noko anna", 8),
        ("nb", "Windows", 4),
        ("ru", "вторая", 1),
        ("ru", "3) это", 2),
        ("ru", "б", 1),
        ("ru", "нет, другое", 8),
        ("ru", "Ничего из этого!", 8),
        ("ru", "не знаю", None),
        ("ru", "да", None),
        ("ru", "счёт за подписку", 3),
        ("en", "the first one", 0),
        ("en", "option c", 2),
        ("en", "neither", 8),
        ("en", "no", 8),
        ("en", "yes", None),
        ("und", "the fourth", 3),
        ("en", "", None),
        ("en", "?!", None),
    ],
)
def test_an_answer_points_at_an_option(language, answer, place):
    likelihood = match_answer(WHERE, WHERE.options, answer, language).likelihood
    assert sum(likelihood) == pytest.approx(1)
    assert (int(np.argmax(likelihood)) if len(set(likelihood)) > 1 else None) == place


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("nl", "2 keer betaald, 1 keer ontvangen"),
        ("en", "a message from my 2nd phone shows something else"),
        ("en", "2.5 GB is all I have"),
        ("en", "other people have it too"),
        ("nb", "den andre kollegaen ser det ikke"),
    ],
)
def test_a_story_with_a_number_in_it_is_no_pointer(language, answer):
    match = match_answer(WHERE, WHERE.options, answer, language)
    assert max(match.likelihood) < 0.9
    assert match.content == answer
    assert not match.none


@pytest.mark.parametrize(
    ("language", "answer", "place"),
    [("nl", "ja", 0), ("nl", "nee hoor", 1), ("nb", "jepp", 0), ("ru", "да, у всех", 0), ("ru", "нет", 1)]
    + [("en", "yes, my wife too", 0), ("en", "Nope.", 1), ("en", "no, she is fine", 1), ("en", "not sure", None)],
)
def test_yes_and_no_answer_a_question_that_asks_for_them(language, answer, place):
    likelihood = match_answer(OTHERS, OTHERS.options, answer, language).likelihood
    assert (int(np.argmax(likelihood)) if len(set(likelihood)) > 1 else None) == place


def test_what_stands_beside_none_of_these_is_left_to_the_model():
    match = match_answer(WHERE, WHERE.options, "nee, iets anders: mijn koelkast maakt lawaai", "nl")
    assert (match.none, match.content) == (True, "mijn koelkast maakt lawaai")


@pytest.mark.parametrize(
    ("text", "language", "register"),
    [
        ("Kunt u mij helpen? Mijn mail doet het niet.", "nl", "formal"),
        ("Kun je me helpen? Mijn mail doet het niet.", "nl", "informal"),
        ("Als je inlogt ziet u niets.", "nl", "formal"),
        ("mail doet het niet", "nl", "informal"),
        ("Mail doet het niet.", "nl", "formal"),
        ("Mail doet het niet", "nl", "formal"),
        ("ты можешь помочь?", "ru", "informal"),
        ("Помогите, пожалуйста, Вы обещали", "ru", "formal"),
        ("почта не работает", "ru", "informal"),
        ("почта не работает.", "ru", "formal"),
        ("one two three four five six seven eight nine ten eleven twelve thirteen", "en", "formal"),
        ("", "nl", "formal"),
    ],
)
def test_who_is_addressed_how(text, language, register):
    assert register_of(text, language) == register


# --- what is asked; the classes of the miniature model are game, mail, mail.lost, mail.slow and none


def put(belief, model, questions=None, least=0.1):
    """The question that is asked; fails where none is."""
    asked = next_question(belief, model, questions=questions, least=least)
    assert asked is not None
    return asked


def belief_of(*chances, vague=1.0, text="Something is wrong."):
    reading = Reading(Query("1", text), text, None, LanguageGuess("en", 1.0))
    return Belief((reading,), {"desk": np.array(chances)}, vague)


def test_the_gain_is_the_entropy_of_an_answer_that_tells_the_code_and_nothing_where_it_does_not():
    quarter = np.full(4, 0.25)
    assert information(quarter, np.eye(4)) == pytest.approx(2)
    assert information(np.array([1.0, 0, 0, 0]), np.eye(4)) == 0
    assert information(quarter, np.full((4, 3), 1 / 3)) == pytest.approx(0)


@given(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.floats(0, 1))
def test_what_is_told_is_a_distribution_and_a_clear_text_has_told_it_already(weights, vague):
    shipped = load_shipped("outlook_com")
    tree = CodeTree(shipped, ("none", "troubleshooting", "troubleshooting.bug", "troubleshooting.sync", "not_outlook"))
    chances = np.array(weights) / sum(weights)
    after = told(chances, vague, tree)
    assert after.sum() == pytest.approx(1)
    assert after.min() >= 0
    assert told(chances, 0.0, tree) == pytest.approx(chances)


def test_a_vague_parent_goes_to_its_children_by_hand(tiny):
    tree = tiny.trees["desk"]
    assert told(np.array([0, 1.0, 0, 0, 0]), 1.0, tree) == pytest.approx([0, 0.1, 0.45, 0.45, 0])
    assert told(np.array([0, 1.0, 0, 0, 0]), 0.5, tree) == pytest.approx([0, 0.55, 0.225, 0.225, 0])
    assert told(np.array([0, 0, 0, 0, 1.0]), 1.0, tree) == pytest.approx([0, 0, 0, 0, 1.0])  # no book of everything


def test_none_goes_to_the_top_of_a_book_that_has_a_code_for_everything():
    tree = CodeTree(load_shipped("outlook_com"), ("none", "troubleshooting", "troubleshooting.bug", "not_outlook"))
    assert told(np.array([1.0, 0, 0, 0]), 1.0, tree) == pytest.approx([0.1, 0.225, 0.225, 0.45])


def test_the_channel_holds_a_slip_by_hand(question, tiny):
    rows = channel(question, question.options, tiny.trees["desk"])
    assert rows == pytest.approx(
        np.array([[0.025, 0.025, 0.95]] * 2 + [[0.95, 0.025, 0.025], [0.025, 0.95, 0.025], [0.025, 0.025, 0.95]])
    )


@pytest.mark.parametrize("book", ["outlook_com", "contact_reason", "service_request", "csp_escalation"])
def test_many_questions_gain_what_each_gains_by_itself(model, book):
    tree = model.trees[book]
    own = tuple(question for question in clarifying_questions() if question.book == book)
    for seed in range(5):
        chances = np.random.default_rng(seed).dirichlet(np.full(len(tree.classes), 0.1))
        alone = [information(chances, channel(each, likeliest(each, chances, tree), tree)) for each in own]
        assert gains(own, chances, tree) == pytest.approx(alone, abs=1e-9)
        assert max(alone) > 0.05


def test_only_the_likeliest_options_of_a_long_list_are_shown():
    question, book = QUESTIONS["contact_reason:subscription.competencies"], load_shipped("contact_reason")
    classes = book.children("subscription.competencies")
    chances = np.zeros(len(classes))
    chances[[14, 2]] = 0.6, 0.4
    shown = likeliest(question, chances, CodeTree(book, classes))
    assert len(shown) == 8
    assert {classes[2], classes[14]} <= {option.codes[0] for option in shown}
    assert [question.options.index(option) for option in shown] == sorted(map(question.options.index, shown))


def test_the_question_with_the_highest_gain_is_asked_and_none_where_nothing_is_gained(question, tiny, tmp_path, desk):
    other = ASKED.format(codes="").replace("q,", "games,")
    mail = LOST.replace("q,lost", "games,mail").replace("mail.lost", "mail")
    game = SLOW.replace("q,slow", "games,game").replace("mail.slow", "game")
    both = (question, *load_questions(table(tmp_path, other, mail, game), {"desk": desk}))
    unsure = belief_of(0, 1, 0, 0, 0)
    assert put(unsure, tiny, both).question.id == "q"
    assert put(belief_of(0.5, 0, 0.5, 0, 0), tiny, both[1:]).question.id == "games"
    assert next_question(belief_of(1, 0, 0, 0, 0), tiny, questions=both) is None
    assert next_question(unsure, tiny, questions=both, least=2.0) is None
    assert next_question(belief_of(0, 1, 0, 0, 0, vague=0), tiny, questions=both) is None


def test_no_question_is_put_twice_and_no_third_one(question, tiny):
    unsure = belief_of(0, 1, 0, 0, 0)
    assert next_question(replace(unsure, asked=("q",)), tiny, questions=[question]) is None
    assert next_question(replace(unsure, asked=("a", "b")), tiny, questions=[question]) is None


def test_a_model_of_other_books_is_asked_nothing(tiny):
    assert next_question(belief_of(0, 1, 0, 0, 0), tiny) is None


def test_the_question_is_numbered_and_says_how_to_answer(question, tiny):
    asked = put(belief_of(0, 1, 0, 0, 0), tiny, [question])
    assert asked.lines == ("Question?", "1. lost", "2. slow", "3. None of these", say("clarify.how").text())
    assert asked.to_dict()["options"][1] == {"id": "slow", "codes": ["mail.slow"]}
    assert asked.to_dict()["gain"] == pytest.approx(asked.gain, abs=1e-6)


# --- what an answer changes


def test_a_pointer_decides_by_hand(question, tiny):
    # told 0.1, 0.45, 0.45; fits of slow .025 * .015 + .95 * .97 + .025 * .015, of lost and mail .95 * .015 + ...
    before = belief_of(0, 1, 0, 0, 0)
    after = update(before, put(before, tiny, [question]), "2", tiny)
    slow, rest = 0.45 * 0.92225, (0.1 + 0.45) * 0.038875
    assert after.probabilities["desk"][3] == pytest.approx(slow / (slow + rest), abs=1e-6)
    assert after.asked == ("q",)
    assert codes_of(after, tiny)["desk"][0] == "mail.slow"


def test_none_of_these_leaves_the_parent_and_is_not_told_again(question, tiny):
    before = belief_of(0, 0.6, 0.2, 0.2, 0)
    after = update(before, put(before, tiny, [question]), "none of these", tiny)
    # 0.6 * (.95 * .97 + ...) against 0.4 * (.95 * .015 + ...)
    assert after.probabilities["desk"][1] == pytest.approx(0.6 * 0.92225 / (0.6 * 0.92225 + 0.4 * 0.038875), abs=1e-6)
    assert after.closed == {"desk"}
    asked_again, told_again = (
        put(replace(after, asked=(), closed=closed), tiny, [question], least=0.0).gain
        for closed in (after.closed, frozenset())
    )
    assert asked_again < 0.2 < told_again


@pytest.mark.parametrize("answer", ["", "  ", "I don't know", "yes"])
def test_an_answer_that_tells_nothing_changes_nothing(question, tiny, answer):
    before = belief_of(0, 0.6, 0.2, 0.2, 0)
    after = update(before, put(before, tiny, [question]), answer, tiny)
    assert after.probabilities["desk"] == pytest.approx(before.probabilities["desk"])
    assert after.asked == ("q",)


def test_words_that_the_model_knows_count_though_no_option_has_them(question, tiny):
    before = belief_of(0.2, 0.8, 0, 0, 0)
    after = update(before, put(before, tiny, [question]), "xbox", tiny)
    assert after.probabilities["desk"][0] > 0.2


@given(st.text(max_size=40), st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.floats(0, 1))
@settings(max_examples=40)
def test_after_any_answer_the_probabilities_sum_to_one(tiny, answer, weights, vague):
    before = belief_of(*(np.array(weights) / sum(weights)), vague=vague)
    after = update(before, put(before, tiny, [WHERE_OF_DESK], least=-1.0), answer, tiny)
    assert after.probabilities["desk"].sum() == pytest.approx(1)
    assert 0 <= after.vague <= 1


WHERE_OF_DESK = replace(
    OTHERS,
    id="desk:where",
    book="desk",
    kind="choice",
    options=(
        replace(OTHERS.options[0], codes=("mail",)),
        replace(OTHERS.options[1], codes=("game",)),
    ),
)


# --- with the shipped model


@pytest.mark.parametrize("text", ["help", "mail doet het niet", "Не приходит код", "xbox starter ikke", ""])
def test_before_anything_is_asked_the_codes_are_those_of_triage(model, text):
    reasons = triage(Query("1", text), model, words=0).reasons
    found = codes_of(believe(Query("1", text), model), model)
    assert {book: code for book, (code, _) in found.items()} == {book: r.code for book, r in reasons.items()}


CONVERSATIONS = [
    ("nl", "het werkt niet meer", ["de tweede"], "not_outlook.microsoft_other.password"),
    ("nl", "mail doet het niet", ["het is allemaal zo traag"], "troubleshooting.performance"),
    ("nb", "det virker ikke", ["noen har brukt kontoen min"], "not_outlook.account_hacked"),
    ("nb", "jeg trenger hjelp", ["7"], "not_outlook.third_party"),
    ("ru", "ничего не работает", ["списали деньги два раза"], "not_outlook.account_billing"),
    ("ru", "помогите", ["нет, другое"], "none"),
    ("ru", "помогите", ["1", "4"], "troubleshooting.sync"),
    ("en", "it is broken", ["my xbox"], "not_outlook.microsoft_other.product"),
    ("en", "nothing works", ["e"], "not_outlook.windows"),
]


@pytest.mark.parametrize(("language", "text", "answers", "code"), CONVERSATIONS)
def test_a_conversation_ends_with_the_code(model, language, text, answers, code):
    belief = believe(Query("1", text, language), model)
    for answer in answers:
        asked = put(belief, model)
        assert asked.question.book == "outlook_com"
        belief = update(belief, asked, answer, model)
    assert codes_of(belief, model)["outlook_com"][0] == code


def test_an_empty_text_is_as_vague_as_can_be(tiny):
    assert believe(Query("1", " "), tiny).vague == 1.0
    assert codes_of(believe(Query("1", " "), tiny), tiny) == {"desk": (None, 0.0)}


def test_a_short_answer_moves_the_books_that_were_not_asked_about_less_than_a_clear_one(model):
    before = believe(Query("1", "nothing works", "en"), model)
    place = model.trees["contact_reason"].classes.index("post_sales.tech_support_new")
    chances = []
    for answer in ("my xbox", "I want to cancel my Xbox order from last week, number 4711, please call it off"):
        after = update(before, put(before, model), answer, model)
        chances.append(float(after.probabilities["contact_reason"][place]))
    assert chances[0] > 0.5 > chances[1]


def test_a_vague_answer_leaves_the_other_books_as_they_were(model):
    before = believe(Query("1", "mail doet het niet", "nl"), model)
    after = codes_of(update(before, put(before, model), "het is heel traag", model), model)
    for book in ("contact_reason", "service_request", "csp_escalation"):
        assert after[book][0] == codes_of(before, model)[book][0]


def test_a_clear_text_is_not_asked_where_it_belongs(model):
    text = "Ik ben mijn wachtwoord vergeten en de herstelcode komt niet aan op mijn telefoon."
    asked = next_question(believe(Query("1", text), model), model)
    assert asked is None or asked.question.book != "outlook_com"


def test_every_sentence_that_is_said_stands_in_the_table():
    folder = Path(str(files("intentclf")))
    content = (folder / "respond" / "sentences_clarify.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(content.splitlines()))
    code = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    assert set(re.findall(r'"(clarify\.[a-z_]+)"', code)) == {row["key"] for row in rows}
    assert all(row[language].endswith(".") or row["key"] == "clarify.none" for row in rows for language in ("nl", "ru"))
