"""What is remembered, and that every line reaches the output file once, wherever the process is cut off."""

import os
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentclf.errors import InputError
from intentclf.serve.prelabel.labels import Plan
from intentclf.serve.prelabel.outbox import Outbox
from intentclf.serve.prelabel.state import Box, Entry, Finished, State

BOX = Box("imap:desk@h", "INBOX", "7")
A = Entry("1", "a@x", b"a" * 32, 10, Plan(("k",)), '{"kind": "message"}\n{"id": "a"}')
B = Entry("2", "b@x", b"b" * 32, 10, Plan((), "Done"))
LINES = [b'{"uid": %d, "text": "%s"}\n' % (k, b"x" * k) for k in range(5)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state"


def finished(entry, status="labelled", line=b"{}\n"):
    return Finished(entry, status, line)


def test_a_planned_message_is_known_and_unfinished_until_it_is_finished(path):
    with State(path) as state:
        assert not state.knows(BOX, "1")
        state.plan(BOX, [A, B])
    with State(path) as state:
        assert state.knows(BOX, "1")
        assert not state.knows(Box(BOX.account, BOX.mailbox, "8"), "1")
        first, second = state.unfinished(BOX)
        assert (first.uid, first.plan, first.facts, first.again, first.validity) == ("1", A.plan, A.facts, True, "7")
        state.finish(BOX, [finished(first)])
        assert [entry.uid for entry in state.unfinished(BOX)] == ["2"]
        assert second.size == 10
        assert state.counts() == {"labelled": 1, "planned": 1}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("labelled", "held"),
        ("set_aside", "held"),
        ("duplicate", "new"),
        ("unreadable", "interrupted"),
        ("refused", "interrupted"),
        ("vanished", "interrupted"),
    ],
)
def test_a_content_is_held_only_where_it_is_done_with(path, status, expected):
    with State(path) as state:
        state.finish(BOX, [finished(A, status)])
        assert state.content_status(BOX.account, A.message_id, A.digest) == expected
        assert state.content_status("imap:other@h", A.message_id, A.digest) == "new"
        assert state.content_status(BOX.account, A.message_id, B.digest) == "new"


def test_an_entry_of_an_earlier_validity_is_finished_under_that(path):
    with State(path) as state:
        state.plan(BOX, [A])
    later = Box(BOX.account, BOX.mailbox, "8")
    with State(path) as state:
        (entry,) = state.unfinished(later)
        state.finish(later, [finished(entry, "vanished")])
        assert state.unfinished(later) == []
        assert state.counts() == {"vanished": 1}


def test_a_second_process_is_refused(path):
    program = "import sys, pathlib; from intentclf.serve.prelabel.state import State; State(pathlib.Path(sys.argv[1]))"
    with State(path):
        run = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
        with pytest.raises(InputError, match="is in use by another prelabel"):
            State(path)
    assert "is in use by another prelabel; wait for it, or give this one a --state of its own" in run.stderr
    State(path).__exit__()


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be taken for one" * 30, b"x"])
def test_a_file_that_is_no_state(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no state of prelabel"):
        State(path)


def test_a_database_of_somebody_else_is_left_alone(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="is no state of prelabel, or one of another version"):
        State(path)
    assert path.read_bytes() == before


def test_a_state_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot be written \(No such file or directory\)"):
        State(tmp_path / "none" / "state")


def test_a_read_only_state_makes_no_file(path):
    with State(path, read_only=True) as state:
        assert not state.knows(BOX, "1")
    assert not path.exists()
    with State(path) as state:
        state.finish(BOX, [finished(A)])
    before = path.read_bytes()
    with State(path, read_only=True) as state:
        assert state.knows(BOX, "1")
    assert path.read_bytes() == before


def test_a_deleted_line_leaves_no_trace(path, tmp_path):
    with State(path) as state, Outbox(tmp_path / "out", state) as outbox:
        state.finish(BOX, [finished(A, line=b"zeldzaamwoord\n" * 500)])
        outbox.flush()
        outbox.close()
    assert b"zeldzaamwoord" not in path.read_bytes()


def store(state, lines, start=0):
    for number, line in enumerate(lines, start):
        state.finish(BOX, [finished(Entry(str(number), "", bytes([number]) * 32), line=line)])


@settings(max_examples=25)
@given(known=st.integers(0, 5), torn=st.integers(0, 300), marked=st.booleans())
def test_wherever_a_write_was_cut_off_every_line_is_there_once(tmp_path_factory, known, torn, marked):
    folder = tmp_path_factory.mktemp("o")
    path, out = folder / "state", folder / "out"
    with State(path) as state, Outbox(out, state) as outbox:
        store(state, LINES[:known])
        outbox.flush()
        if marked:
            outbox.close()
        store(state, LINES[known:], known)
    with out.open("ab") as file:  # the next lines, up to some byte of them
        file.write(b"".join(LINES[known:])[:torn])
    with State(path) as state, Outbox(out, state):
        pass
    assert out.read_bytes() == b"".join(LINES)
    with State(path) as state:
        assert state.waiting_lines() == []
        assert state.output() == (str(out), len(b"".join(LINES)))


def test_a_tail_of_zeros_after_a_loss_of_power_is_cut_off(path, tmp_path):
    out = tmp_path / "out"
    with State(path) as state, Outbox(out, state) as outbox:
        store(state, LINES[:2])
        outbox.close()
        store(state, LINES[2:], 2)
    with out.open("ab") as file:
        file.write(b"\0" * 40)
    with State(path) as state, Outbox(out, state):
        assert out.read_bytes() == b"".join(LINES)


def test_lines_of_somebody_else_are_not_cut_off(path, tmp_path):
    out = tmp_path / "out"
    with State(path) as state, Outbox(out, state) as outbox:
        store(state, LINES[:2])
        outbox.close()
    with out.open("ab") as file:
        file.write(b"mine\n")
    with State(path) as state, pytest.raises(InputError, match="has 5 bytes more than were written to it"):
        Outbox(out, state)
    assert out.read_bytes().endswith(b"mine\n")


def test_an_output_that_was_shortened_is_told(path, tmp_path):
    out = tmp_path / "out"
    with State(path) as state, Outbox(out, state) as outbox:
        store(state, LINES[:2])
        outbox.close()
    os.truncate(out, 5)
    with State(path) as state, pytest.raises(InputError, match=r"has 5 bytes, but \d+ were written: bring it back"):
        Outbox(out, state)


def test_an_output_that_was_moved_away_is_begun_anew(path, tmp_path):
    out = tmp_path / "out"
    with State(path) as state, Outbox(out, state) as outbox:
        store(state, LINES[:2])
        outbox.close()
    out.rename(tmp_path / "out.1")
    with State(path) as state, Outbox(out, state) as outbox:
        assert outbox.replaced
        store(state, LINES[2:], 2)
        outbox.flush()
    assert (tmp_path / "out.1").read_bytes() + out.read_bytes() == b"".join(LINES)


def test_a_file_that_was_there_before_is_added_to(path, tmp_path):
    out = tmp_path / "out"
    out.write_bytes(b"{}\n")
    with State(path) as state, Outbox(out, state) as outbox:
        assert not outbox.replaced
        store(state, LINES)
        outbox.flush()
    assert out.read_bytes() == b"{}\n" + b"".join(LINES)


def test_a_file_without_a_last_line_end_is_not_taken_for_an_output(path, tmp_path):
    out = tmp_path / "out"
    out.write_bytes(b"half a li")
    with State(path) as state, pytest.raises(InputError, match="does not end with a line end"):
        Outbox(out, state)
    assert out.read_bytes() == b"half a li"


def test_an_output_that_cannot_be_written(path, tmp_path):
    with State(path) as state, pytest.raises(InputError, match="cannot be written"):
        Outbox(tmp_path / "none" / "out", state)
