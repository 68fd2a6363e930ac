"""`intentclf clean`: what a customer wrote this time, on the terminal and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
REPLY = """\
From: Ola Nordmann <ola@example.no>
Subject: Sv: E-post
Message-ID: <7@example.no>
Date: Wed, 18 Nov 2026 09:12:00 +0100
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hei,
ring meg på 98 76 54 32, det virker fortsatt ikke.

Mvh Ola

Den 17. november 2026 kl. 10:12 skrev Kundestøtte <hjelp@example.no>:
> Har du prøvd å starte på nytt?
"""
OWN = "Hei,\nring meg på 98 76 54 32, det virker fortsatt ikke.\n"


def run(*arguments: str, standard_input: str = ""):
    command = [sys.executable, "-m", "intentclf.serve.cli", "clean", *arguments]
    return subprocess.run(command, input=standard_input.encode(), capture_output=True, check=False)


@pytest.fixture
def reply(tmp_path):
    path = tmp_path / "svar.eml"
    path.write_text(REPLY, encoding="utf-8")
    return path


def test_a_message_leaves_what_was_written_this_time(reply):
    found = run(str(reply))
    assert (found.returncode, found.stdout.decode(), found.stderr) == (0, OWN, b"")


def test_a_message_may_come_by_standard_input():
    assert run("-", standard_input=REPLY).stdout.decode() == OWN


def test_json_has_all_parts_and_they_make_up_the_body(reply):
    told = json.loads(run(str(reply), "--json").stdout)
    assert told["text"] + "\n" == OWN
    assert (told["message_id"], told["sender"], told["kind"]) == ("7@example.no", "ola@example.no", "message")
    assert told["received"] == "2026-11-18T09:12:00+01:00"
    assert told["raised_before"] is True
    assert told["earlier"] == [{"sender": "Kundestøtte <hjelp@example.no>", "date": "17. november 2026 kl. 10:12"}]
    assert "".join(part["text"] for part in told["parts"]) in REPLY
    assert [part["kind"] for part in told["parts"]] == ["own", "closing", "attribution", "quote"]


def test_redacted_output_holds_no_number_and_no_address(reply):
    assert run(str(reply), "--redact").stdout.decode() == OWN.replace("98 76 54 32", "[PHONE]")
    told = run(str(reply), "--redact", "--json").stdout.decode()
    assert "98 76 54 32" not in told
    assert "ola@example.no" not in told
    assert "[EMAIL]" in told


def test_a_message_that_is_only_a_quote_prints_nothing():
    quote = "Subject: Re: x\n\nOn Mon, 3 May 2021 at 10:12, Jan <jan@example.org> wrote:\n> which one?\n"
    found = run("-", standard_input=quote)
    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")


def test_a_message_of_a_program_is_said_to_be_one():
    away = "From: a@example.org\nSubject: Your mail\nAuto-Submitted: auto-replied\n\nWe have received it.\n"
    found = run("-", standard_input=away)
    assert found.stdout == b"We have received it.\n"
    assert b"intentclf: automatic reply (Auto-Submitted: auto-replied)" in found.stderr


def test_a_forwarded_message_stays_without_its_header_block():
    text = run(str(SAMPLES / "nl-08-doorgestuurd.eml")).stdout.decode()
    assert "Geachte gebruiker," in text
    assert "Van:" not in text


@pytest.mark.parametrize("name", ["nowhere.eml", "nowhere.msg"])
def test_a_file_that_is_not_there_is_one_sentence(tmp_path, name):
    found = run(str(tmp_path / name))
    assert found.returncode == 2
    assert found.stderr.decode() == f"intentclf: {tmp_path / name}: cannot be read (No such file or directory)\n"
