"""`intentclf prelabel` on a real IMAP server: what it puts on messages, and what it says when it cannot."""

import email
import os
import re
import sqlite3
import stat
import time

import pytest

from intentclf.errors import InputError
from intentclf.serve.prelabel import imap_labels
from intentclf.serve.prelabel.imap_labels import copy_id
from intentclf.serve.prelabel.imap_source import ImapSource
from intentclf.serve.prelabel.labels import Plan, Templates
from tests.mail.dovecot import desk_fixture as desk_fixture
from tests.mail.dovecot import loaded_once_fixture as loaded_once_fixture
from tests.mail.dovecot import message, missing
from tests.mail.dovecot import server_fixture as server_fixture

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

AUTOMATIC = message(90, text="Ik ben er niet tot maandag.", Auto_Submitted="auto-replied", Subject="Afwezig")


def test_keywords_are_set_and_nothing_is_marked_as_read(desk):
    desk.deliver(message(1), message(2))
    assert desk.run("--keyword", "intentclf-{severity}", "--keyword", "act-{action}").exit_code == 0
    answers = desk.lines()
    assert [answer["status"] for answer in answers] == ["labelled", "labelled"]
    wanted = [{f"intentclf-{a['severity']['level']}", f"act-{a['decision']['action']}"} for a in answers]
    assert desk.keywords() == wanted
    assert all("\\Seen" not in flags for _, flags, _ in desk.messages())


def test_a_second_run_finds_nothing_to_do(desk):
    desk.deliver(message(1))
    desk.run("--keyword", "intentclf-{severity}")
    before = desk.out.read_bytes()
    with desk.server.client(desk.user) as client:  # an agent takes the label away
        client.select("INBOX")
        client.uid("STORE", "1", "-FLAGS", "(intentclf-A intentclf-B intentclf-C)")
    result = desk.run("--keyword", "intentclf-{severity}")
    assert desk.out.read_bytes() == before
    assert "messages=0" in result.stderr
    assert desk.keywords() == [set()]


def test_each_line_names_its_message_and_holds_the_answer(desk):
    desk.deliver(message(1, List_Id="Klanten <klanten.example.org>"))
    desk.run()
    (line,) = desk.lines()
    assert (line["mailbox"], line["uid"], line["message_id"]) == ("INBOX", 1, "m1@example.org")
    assert (line["status"], line["kind"], line["reason"]) == ("labelled", "message", None)
    assert line["list_id"] == "klanten.example.org"
    assert set(line) >= {"reasons", "severity", "decision", "route", "model", "warnings"}


def test_a_message_goes_to_the_folder_of_its_team_which_is_created(desk):
    desk.deliver(message(1))
    desk.run("--move", "Desk/{team}", "--keyword", "intentclf-{severity}")
    (line,) = desk.lines()
    assert line["moved_to"] == f"Desk.{line['route']['team']['value']}"
    assert desk.messages() == []
    ((_, flags, content),) = desk.messages(line["moved_to"])
    assert content == message(1)
    assert f"intentclf-{line['severity']['level']}" in flags


def test_folders_whose_names_are_no_ascii(desk):
    desk.deliver(message(1), folder="B&APw-ro")  # modified UTF-7 of 'Büro'
    desk.run("--move", "Büro/Почта & co/{severity}", folder="B%C3%BCro")
    assert [line["mailbox"] for line in desk.lines()] == ["Büro"]
    (name,) = (each for each in desk.server.folders(desk.user) if each.count(".") == 2)
    assert name.startswith("B&APw-ro.&BB8EPgRHBEIEMA- &- co.")
    assert desk.messages("B&APw-ro") == []


def test_a_folder_that_is_taken_away_under_way_is_made_again(desk, monkeypatch):
    monkeypatch.setattr("intentclf.serve.prelabel.sources.CHUNK_MESSAGES", 1)
    monkeypatch.setattr("intentclf.serve.prelabel.watch.random.uniform", lambda low, high: 0.1)
    desk.deliver(message(1), message(2))
    apply = ImapSource.apply

    def apply_without_folder(self, entries, raws):
        with desk.server.client(desk.user) as client:
            client.delete("Labelled")
        return apply(self, entries, raws)

    monkeypatch.setattr(ImapSource, "apply", apply_without_folder)
    assert desk.run("--copy-to", "Labelled").exit_code == 0
    assert [line["status"] for line in desk.lines()] == ["labelled", "labelled"]
    assert [content.endswith(message(2)) for _, _, content in desk.messages("Labelled")] == [True]


def test_a_copy_has_headers_and_the_original_stays_as_it_was(desk):
    forged = message(1, X_Intentclf_Code="forged", X_Intentclf_Id="0" * 32)
    desk.deliver(forged)
    desk.run("--copy-to", "Labelled", "--header", "Code={code}", "--header", "Team=team é {team}")
    (line,) = desk.lines()
    assert [content for _, _, content in desk.messages()] == [forged]
    ((_, _, copy),) = desk.messages("Labelled")
    read = email.message_from_bytes(copy, policy=email.policy.default)
    assert read.get_all("X-Intentclf-Code") == [line["route"]["team"]["code"]]
    assert read["X-Intentclf-Team"] == f"team é {line['route']['team']['value']}"
    assert read.get_all("X-Intentclf-Id") != ["0" * 32]
    assert copy.endswith(message(1))


def test_our_own_copy_is_a_duplicate_and_not_labelled(desk):
    desk.deliver(message(1))
    desk.run("--copy-to", "Labelled")
    desk.run("--copy-to", "Again", folder="Labelled")
    assert [line["status"] for line in desk.lines()] == ["labelled", "duplicate"]
    assert desk.messages("Again") == []


def test_a_programs_message_is_set_aside_with_at_most_a_keyword(desk):
    desk.deliver(AUTOMATIC)
    desk.run("--keyword", "k-{code}", "--move", "Done", "--automatic-keyword", "by-program")
    (line,) = desk.lines()
    assert (line["status"], line["kind"]) == ("set_aside", "out_of_office")
    assert "Auto-Submitted" in line["reason"]
    assert "severity" not in line
    assert desk.keywords() == [{"by-program"}]


def test_the_same_message_twice_is_labelled_once(desk):
    desk.deliver(message(1), message(1), message(1, text="Met hetzelfde nummer iets anders."))
    desk.run("--keyword", "k-{severity}")
    assert [line["status"] for line in desk.lines()] == ["labelled", "duplicate", "labelled"]
    assert [bool(each) for each in desk.keywords()] == [True, False, True]


def test_a_mailbox_that_was_made_anew_is_not_labelled_again(desk):
    desk.deliver(message(1), folder="In")
    desk.run("--keyword", "k-{severity}", folder="In")
    with desk.server.client(desk.user) as client:
        client.delete("In")
    time.sleep(1.1)  # UIDVALIDITY is a second
    desk.deliver(message(1), message(2), folder="In")
    desk.run("--keyword", "k-{severity}", folder="In")
    assert [(line["uid"], line["status"]) for line in desk.lines()] == [
        (1, "labelled"),
        (1, "duplicate"),
        (2, "labelled"),
    ]
    assert [bool(each) for each in desk.keywords("In")] == [False, True]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "the password of"),
        (("--token-command", "printf nonsense"), "the token of"),
    ],
)
def test_a_wrong_password_or_token_is_one_sentence_without_it(desk, options, sentence):
    desk.password = "marker-of-a-wrong-password"
    with pytest.raises(InputError, match=f"refuses {sentence} {desk.user}$") as caught:
        desk.run(*options)
    assert "marker" not in repr(caught.value)


@pytest.mark.slow
def test_a_token_is_asked_for_anew_when_it_has_expired(desk):
    desk.deliver(message(1))
    tokens = desk.folder / "tokens"
    tokens.write_text(f"{desk.server.token(desk.user, seconds=2)}\n{desk.server.token(desk.user)}\n")
    program = desk.folder / "token"
    program.write_text(f"#!/bin/sh\nhead -n 1 {tokens}\nsed -i 1d {tokens}\n")
    program.chmod(0o700)
    session = desk.session(token_command=str(program))
    session.connect()
    session.close()
    time.sleep(3.5)
    session.connect()
    assert session.connected
    session.close()
    assert tokens.read_text() == ""


def test_a_token_in_place_of_a_password(desk):
    desk.deliver(message(1))
    token = desk.folder / "token"
    token.write_text(desk.server.token(desk.user))
    desk.password = "not used"
    desk.run("--token-command", f"cat {token}", "--keyword", "k-{severity}")
    assert desk.lines()[0]["status"] == "labelled"


def test_a_mailbox_that_is_not_there(desk):
    with pytest.raises(InputError, match="Nowhere on localhost"):
        desk.run(folder="Nowhere")


def test_a_server_that_is_not_there(desk):
    with pytest.raises(InputError, match=r"localhost:1 cannot be reached \(Connection refused\)"):
        desk.run(port=1)


def test_a_large_message_is_read_in_part_and_not_copied(desk):
    text = "Ik kan niet inloggen. " + "x" * 200_000 + " einde"
    desk.deliver(message(1, text=text), message(2))
    result = desk.run("--largest-mb", 0.1, "--copy-to", "Labelled", "--keyword", "k-{severity}")
    first, second = desk.lines()
    assert (first["status"], second["status"]) == ("refused", "labelled")
    assert first["reason"] == "larger than 100000 bytes: not copied"
    assert any(re.match(r"message of 200\d{3} bytes, the first 100\d{3} are read", each) for each in first["warnings"])
    assert len(desk.messages("Labelled")) == 1
    assert result.exit_code == 3


def test_since_and_limit(desk):
    desk.deliver(message(1), message(2), message(3))
    desk.run("--limit", 2)
    assert [line["uid"] for line in desk.lines()] == [1, 2]
    desk.run("--since", "2099-01-01")
    assert len(desk.lines()) == 2
    desk.run("--since", "2020-01-01")
    assert [line["uid"] for line in desk.lines()] == [1, 2, 3]


def test_a_dry_run_writes_nothing_anywhere(desk):
    desk.deliver(message(1), AUTOMATIC)
    before = desk.messages()
    result = desk.run("--dry-run", "--json", "--keyword", "k-{severity}", "--move", "Desk/{team}", "--copy-to", "C")
    assert '"would_be": "labelled"' in result.stdout
    assert '"would_be": "set_aside"' in result.stdout
    assert list(desk.folder.iterdir()) == []
    assert desk.server.folders(desk.user) <= {"INBOX"}
    assert [(uid, content) for uid, _, content in desk.messages()] == [(uid, content) for uid, _, content in before]
    assert desk.keywords() == [set(), set()]
    assert "k-" in desk.run("--dry-run", "--keyword", "k-{severity}").stdout


def test_a_copy_that_was_made_before_the_kill_is_not_made_again(desk):
    desk.deliver(message(1))
    box, entry = desk.interrupt(1, message(1), Plan(("k-B",), None, "Labelled", (("X-Intentclf-Code", "x"),)))
    done = f"X-Intentclf-Id: {copy_id(box.account, entry)}\r\n".encode() + message(1)
    desk.deliver(done, folder="Labelled")
    desk.run("--copy-to", "Labelled")
    assert [content for _, _, content in desk.messages("Labelled")] == [done]
    assert desk.keywords() == [{"k-B"}]
    assert [line["status"] for line in desk.lines()] == ["labelled"]


def test_a_copy_that_was_not_made_before_the_kill_is_made(desk):
    desk.deliver(message(1))
    desk.interrupt(1, message(1), Plan((), None, "Labelled", (("X-Intentclf-Code", "x"),)))
    desk.run("--copy-to", "Labelled")
    assert len(desk.messages("Labelled")) == 1


def test_a_copy_that_was_made_before_the_mailbox_was_made_anew_is_not_made_again(desk):
    desk.deliver(message(1), folder="In")
    box, entry = desk.interrupt(1, message(1), Plan((), None, "Labelled", (("X-Intentclf-Code", "x"),)), "In")
    done = f"X-Intentclf-Id: {copy_id(box.account, entry)}\r\n".encode() + message(1)
    desk.deliver(done, folder="Labelled")
    with desk.server.client(desk.user) as client:
        client.delete("In")
    time.sleep(1.1)  # UIDVALIDITY is a second
    desk.deliver(message(1), folder="In")
    desk.run("--copy-to", "Labelled", folder="In")
    assert [line["status"] for line in desk.lines()] == ["vanished", "labelled"]
    assert [content for _, _, content in desk.messages("Labelled")] == [done]


def test_a_copy_that_lands_after_the_look_leaves_one(desk, monkeypatch):
    desk.deliver(message(1))
    box, entry = desk.interrupt(1, message(1), Plan((), None, "Labelled", (("X-Intentclf-Code", "x"),)))
    late = f"X-Intentclf-Id: {copy_id(box.account, entry)}\r\n".encode() + message(1)
    look = imap_labels._look

    def look_too_early(work, entries):
        look(work, entries)
        desk.deliver(late, message(5), folder="Labelled")

    monkeypatch.setattr(imap_labels, "_look", look_too_early)
    desk.run("--copy-to", "Labelled")
    assert [content for _, _, content in desk.messages("Labelled")] == [late, message(5)]


def test_a_message_that_was_moved_before_the_kill_is_done(desk):
    desk.deliver(message(2))
    desk.interrupt(9, message(1), Plan((), "Done"))
    desk.deliver(message(1), folder="Done")
    desk.run()
    assert [(line["uid"], line["status"]) for line in desk.lines()] == [(9, "labelled"), (2, "labelled")] or [
        (line["uid"], line["status"]) for line in desk.lines()
    ] == [(9, "labelled"), (1, "labelled")]
    assert len(desk.messages("Done")) == 1


def test_a_message_that_was_copied_but_not_taken_out_before_the_kill_only_leaves(desk):
    desk.deliver(message(1))
    desk.deliver(message(1), folder="Done")
    desk.interrupt(1, message(1), Plan((), "Done"))
    desk.run("--move", "Done")
    assert desk.messages() == []
    assert len(desk.messages("Done")) == 1
    assert [line["status"] for line in desk.lines()] == ["labelled"]


def test_a_planned_message_that_is_gone_is_told_as_vanished(desk):
    desk.deliver(message(2))
    desk.interrupt(9, message(1), Plan(("k-B",), "Done"))
    desk.run()
    assert [line["status"] for line in desk.lines()] == ["vanished", "labelled"]


def test_a_message_that_is_taken_out_between_listing_and_reading(desk):
    desk.deliver(message(1), message(2))

    def fresh(uid):
        if uid == "1":
            with desk.server.client(desk.user) as client:
                client.select("INBOX")
                client.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
                client.expunge()
        return True

    source = ImapSource(desk.session(), Templates(), largest=10**6)
    source.open()
    ((first, second),) = source.chunks(fresh)
    source.close()
    assert (first.uid, first.failure) == ("1", "vanished")
    assert (second.uid, second.content) == ("2", message(2))


def test_neither_log_nor_state_holds_a_customers_words(desk):
    marker = "zeldzaamwoord"
    desk.deliver(
        message(1, text=f"Mijn {marker} doet het niet", Subject=marker),
        message(2, text=marker, Subject=f"Afwezig {marker}", Auto_Submitted="auto-replied"),
        message(3, text=marker, Message_ID=f"<{marker}@example.org>"),
    )
    for options in (["--log-format", "json"], ["--dry-run"], ["--dry-run", "--json"]):
        result = desk.run(*options, "--keyword", "k-{severity}")
        assert marker not in (result.stderr + result.stdout).replace(f'"message_id": "{marker}', "")
    assert marker in desk.out.read_text()
    state = desk.folder / "out.jsonl.state"
    with sqlite3.connect(state) as db:
        db.execute("UPDATE message SET message_id = ''")  # ids are kept, words are not
        db.execute("UPDATE OR IGNORE content SET message_id = ''")
        db.commit()
        db.execute("VACUUM")
    assert marker.encode() not in state.read_bytes()
    assert stat.S_IMODE(os.stat(state).st_mode) == 0o600
