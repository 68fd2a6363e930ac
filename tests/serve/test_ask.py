"""`intentclf ask`: questions and answers on a terminal, the codes before and after."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from intentclf.errors import InputError
from intentclf.serve.cli_ask import ask

app = typer.Typer()
app.command()(ask)


def run(*arguments, given=""):
    result = CliRunner().invoke(app, list(arguments), input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def codes(output, book="outlook_com"):
    """The codes before and after, as the table has them."""
    row = next(line.split("\t") for line in output.splitlines() if line.startswith(f"{book}\t"))
    return row[1], row[3]


def test_an_answer_on_standard_input_changes_the_code():
    output = run("Ничего не работает.", given="3\n")
    assert "К чему относится Ваш вопрос?" in output
    assert "9. Ничего из этого" in output
    assert codes(output) == ("none", "not_outlook.account_hacked")


def test_answers_may_be_given_as_options():
    output = run("mail doet het niet", "--answer", "het is heel traag", "--answer", "weet ik niet")
    assert "> het is heel traag" in output
    assert codes(output)[1] == "troubleshooting.performance"


@pytest.mark.parametrize("given", ["", "\n", "   \n3\n"], ids=["end of input", "empty line", "blank line"])
def test_without_an_answer_nothing_changes(given):
    before, after = codes(run("Ничего не работает.", given=given))
    assert before == after == "none"


def test_after_two_questions_it_ends():
    found = json.loads(run("помогите", "--json", given="1\n4\n2\n1\n"))
    assert [turn["answer"] for turn in found["turns"]] == ["1", "4"]
    assert len({turn["question"] for turn in found["turns"]}) == 2
    assert found["after"]["outlook_com"]["code"] == "troubleshooting.sync"
    assert list(found["before"]) == list(found["after"])


def test_the_register_follows_the_text():
    assert "Wat past het best bij wat er met uw mail gebeurt?" in run("Mijn mail doet het niet, kunt u helpen?")
    assert "Wat past het best bij wat er met je mail gebeurt?" in run("kun je me helpen, mijn mail doet het niet")


def test_an_empty_text_is_asked_about_too():
    output = run("", "--answer", "Windows")
    assert "What is your question about?" in output
    assert codes(output) == ("-", "not_outlook.windows")


def test_a_text_from_standard_input_is_refused_since_answers_come_from_there():
    with pytest.raises(InputError, match="got '-': answers are read from standard input"):
        run("-")
