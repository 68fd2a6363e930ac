"""Answers keep to the stable form: our own schema, and the desk's contract where it lies beside the repository."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from intentclf import Query
from intentclf.respond.advice import AdviceSettings
from intentclf.triage import triage_many

OWN = json.loads((files("intentclf.serve") / "answer.schema.json").read_text(encoding="utf-8"))
CONTRACT = Path(__file__).parents[2] / "shared" / "contract" / "prediction.schema.json"
TEXTS = [
    "",
    " \n",
    "mail doet het niet",
    "Hei, vi får ikke sendt e-post fra noen av våre 40 kontoer siden i morges. Mvh IT-avdelingen",
    "Не могу войти в Outlook, код не приходит на телефон",
    "<p>Is it possible to get a <b>refund</b>?</p>",
    "\x00\ud800 ??",
    "Η αλληλογραφία μου δεν ανοίγει",
    "word " * 10_000,
]


@pytest.fixture(scope="module", params=[None, AdviceSettings(agreement="office365_business")], ids=["plain", "advised"])
def answers(model, request):
    received = {"received": "2026-11-21T09:00:00+01:00", "role": "user"}
    queries = [Query(str(k), text, extra=received) for k, text in enumerate(TEXTS)]
    return [answer.to_dict() for answer in triage_many(queries, model, advice=request.param)]


def test_answers_keep_to_our_schema(answers):
    validator = jsonschema.Draft202012Validator(OWN)
    assert [error.message for answer in answers for error in validator.iter_errors(answer)] == []


@pytest.mark.skipif(not CONTRACT.is_file(), reason="the desk's contract does not lie beside the repository")
def test_answers_keep_to_the_contract_of_the_desk(answers):
    validator = jsonschema.Draft202012Validator(json.loads(CONTRACT.read_text(encoding="utf-8")))
    assert [error.message for answer in answers for error in validator.iter_errors(answer)] == []


def test_answers_are_plain_json(answers):
    assert json.loads(json.dumps(answers)) == answers
