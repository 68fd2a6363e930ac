"""`intentclf prelabel` on a Maildir and an mbox."""

import json
import os
import re
import subprocess

import pytest

from intentclf.errors import InputError
from tests.mail.dovecot import invoke, message
from tests.mail.dovecot import loaded_once_fixture as loaded_once_fixture

pytestmark = pytest.mark.usefixtures("loaded_once")

MARKER = "zeldzaamwoord"


@pytest.fixture
def maildir(tmp_path):
    box = tmp_path / "box"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    return box


def put(maildir, *messages, folder="new", first=1, flags=""):
    for number, content in enumerate(messages, first):
        (maildir / folder / f"17000000{number:02}.M{number}.host{flags}").write_bytes(content)


def run(box, *options):
    return invoke("prelabel", box, "--out", box.parent / "out.jsonl", "--workers", 1, *options)


def lines(box):
    return [json.loads(line) for line in (box.parent / "out.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_message_has_its_line_in_order_and_only_once(maildir):
    put(maildir, message(1), message(2))
    put(maildir, message(3), folder="cur", first=3, flags=":2,S")
    assert run(maildir).exit_code == 0
    assert [line["message_id"] for line in lines(maildir)] == [f"m{k}@example.org" for k in (1, 2, 3)]
    assert {line["status"] for line in lines(maildir)} == {"labelled"}
    put(maildir, message(4), first=4)
    first = maildir / "new" / "1700000001.M1.host"
    first.rename(maildir / "cur" / "1700000001.M1.host:2,FS")  # read meanwhile: still the same message
    run(maildir)
    assert [line["uid"] for line in lines(maildir)] == [f"17000000{k:02}.M{k}.host" for k in (1, 2, 3, 4)]


def test_messages_are_moved_by_renaming_and_keep_their_flags(maildir):
    put(maildir, message(1), folder="cur", flags=":2,FS")
    run(maildir, "--move", "Desk/{severity}")
    (line,) = lines(maildir)
    folder = maildir / f".Desk.{line['severity']['level']}"
    assert line["moved_to"] == folder.name[1:]
    assert (folder / "cur" / "1700000001.M1.host:2,FS").read_bytes() == message(1)
    assert (folder / "maildirfolder").exists()
    assert list((maildir / "cur").iterdir()) == []


def test_a_moved_message_that_comes_back_is_a_duplicate(maildir):
    put(maildir, message(1))
    run(maildir, "--move", "Done")
    put(maildir, message(1), first=9)
    run(maildir, "--move", "Done")
    assert [line["status"] for line in lines(maildir)] == ["labelled", "duplicate"]
    assert len(list((maildir / "new").iterdir())) == 1


def test_unreadable_messages_are_told_and_stop_nothing(maildir):
    put(maildir, b"", message(2), b"\r\n \r\n")
    (maildir / "new" / "1700000009.M9.host").symlink_to(maildir / "new")
    result = run(maildir)
    assert result.exit_code == 3
    told = {line["uid"].partition(".")[0][-1]: (line["status"], line["reason"]) for line in lines(maildir)}
    assert told == {
        "1": ("unreadable", "empty: it has no bytes"),
        "2": ("labelled", None),
        "3": ("unreadable", "empty: it has no bytes"),
        "9": ("unreadable", "cannot be read (Is a directory)"),
    }
    assert "unreadable=3" in result.stderr
    assert run(maildir).exit_code == 0


def test_a_message_that_cannot_be_answered_is_told_by_itself(maildir, monkeypatch):
    from intentclf import triage

    def fail(queries, *arguments, **options):
        if any(MARKER in query.text for query in queries):
            raise ValueError(MARKER)
        return answer(queries, *arguments, **options)

    answer = triage.triage_many
    monkeypatch.setattr(triage, "triage_many", fail)
    put(maildir, message(1), message(2, text=MARKER), message(3))
    result = run(maildir)
    assert [line["status"] for line in lines(maildir)] == ["labelled", "unreadable", "labelled"]
    assert lines(maildir)[1]["reason"] == "cannot be answered (ValueError)"
    assert MARKER not in result.output + (maildir.parent / "out.jsonl").read_text()


def test_a_message_that_vanishes_under_way(maildir, monkeypatch):
    from intentclf.serve.prelabel.local_source import MaildirSource

    put(maildir, message(1), message(2))
    read = MaildirSource._read

    def remove(self, uid):
        (maildir / "new" / "1700000001.M1.host").unlink(missing_ok=True)
        return read(self, uid)

    monkeypatch.setattr(MaildirSource, "_read", remove)
    assert run(maildir).exit_code == 0
    assert [line["status"] for line in lines(maildir)] == ["vanished", "labelled"]


def test_a_large_message_is_read_in_part(maildir):
    put(maildir, message(1, text="Ik kan niet inloggen. " + "x" * 200_000))
    run(maildir, "--largest-mb", 0.1)
    assert any(re.match(r"message of 200\d+ bytes, the first 100000", each) for each in lines(maildir)[0]["warnings"])


def test_an_mbox_is_read_and_remembered_by_content(tmp_path):
    box = tmp_path / "box"

    def write(*messages):
        parts = (b"From a@b Mon Oct 26 09:15:02 2026\n" + each.replace(b"\r\n", b"\n") + b"\n" for each in messages)
        box.write_bytes(b"".join(parts))

    write(message(1), message(2, text=">From hier"), message(1))
    run(box)
    assert [line["status"] for line in lines(box)] == ["labelled", "labelled", "duplicate"]
    write(message(2, text=">From hier"), message(3))  # the first was removed, one has come
    run(box)
    assert [line["message_id"] for line in lines(box)[3:]] == ["m3@example.org"]
    write(message(4))
    run(box, "--since", "2026-10-27")
    assert len(lines(box)) == 4
    run(box, "--since", "2026-10-26")
    assert len(lines(box)) == 5


def test_limit_and_since_of_a_maildir(maildir):
    put(maildir, *(message(k) for k in range(1, 6)))
    os.utime(maildir / "new" / "1700000001.M1.host", (0, 0))
    run(maildir, "--limit", 2, "--since", "2020-01-01")
    assert [line["message_id"] for line in lines(maildir)] == ["m2@example.org", "m3@example.org"]
    run(maildir)
    assert len(lines(maildir)) == 5


def test_private_data_are_out_before_anything_else(maildir):
    put(maildir, message(1, text="Mijn nummer is 06-12345678 en mijn adres piet@voorbeeld.nl, ik kan niet inloggen."))
    run(maildir, "--redact", "--words", 20, "--agreement", "office365_business")
    text = (maildir.parent / "out.jsonl").read_text()
    assert "12345678" not in text
    assert "piet@voorbeeld" not in text
    assert lines(maildir)[0]["due"]["received"] == "2026-11-09T08:14:52+01:00"


def test_no_customer_text_in_any_output_but_the_out_file(maildir, capfd):
    put(maildir, message(1, text=MARKER, Subject=MARKER), message(2, text=MARKER, Subject="Automatic reply: " + MARKER))
    put(maildir, b"From: " + MARKER.encode() + b"\xff\xfe\r\n\r\n\x00" + MARKER.encode(), first=3)
    for options in (["--dry-run"], ["--dry-run", "--json"], ["--log-format", "json"], []):
        result = run(maildir, *options, "--words", 20)
        assert MARKER not in result.output
    assert MARKER in (maildir.parent / "out.jsonl").read_text()
    assert MARKER.encode() not in (maildir.parent / "out.jsonl.state").read_bytes()
    captured = capfd.readouterr()
    assert MARKER not in captured.out + captured.err


def test_the_log_does_not_say_how_a_programs_message_was_told(maildir):
    put(maildir, message(1, Auto_Submitted=f"auto-replied; x={MARKER}"))
    (event,) = [json.loads(line) for line in run(maildir, "--log-format", "json").stderr.splitlines()][1:2]
    assert (event["event"], event["kind"]) == ("set_aside", lines(maildir)[0]["kind"])
    assert "reason" not in event
    assert lines(maildir)[0]["reason"]


def test_the_log_as_json_tells_each_message(maildir):
    put(maildir, message(1))
    events = [json.loads(line) for line in run(maildir, "--log-format", "json").stderr.splitlines()]
    assert [event["event"] for event in events] == ["started", "labelled", "finished"]
    assert set(events[1]) == {"time", "event", "uid", "message", "code", "ms"}
    assert "m1@example.org" not in str(events)


def test_a_dry_run_writes_nothing(maildir):
    put(maildir, message(1), message(1), b"")
    before = sorted(maildir.rglob("*"))
    result = run(maildir, "--dry-run", "--move", "Done")
    assert [row.split("\t")[1] for row in result.stdout.splitlines()] == [
        "would be",
        "labelled",
        "duplicate",
        "unreadable",
    ]
    assert sorted(maildir.rglob("*")) == before
    assert sorted(maildir.parent.iterdir()) == [maildir]


def test_no_output_is_an_error(maildir):
    with pytest.raises(InputError, match="--out is missing"):
        invoke("prelabel", maildir)


def test_a_book_that_is_not_there(maildir):
    with pytest.raises(InputError, match="--book must be one of .*outlook_com.*, got 'none_such'"):
        run(maildir, "--book", "none_such")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, that can be made larger."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(kilobytes, *, again=True):
        remount = ["-o", f"remount,size={kilobytes}k"] if again else ["-t", "tmpfs", "-o", f"size={kilobytes}k"]
        return subprocess.run(["mount", *remount, "tmpfs", str(folder)], capture_output=True, check=False).returncode

    try:
        if resize(64, again=False):
            pytest.skip("file systems cannot be mounted here")
    except FileNotFoundError:
        pytest.skip("there is no mount")
    yield folder, resize
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_loses_nothing(maildir, small_disk):
    folder, resize = small_disk
    put(maildir, *(message(k, text=f"Vraag {k}: ik kan niet inloggen. " * 20) for k in range(1, 90)))
    out, sentences = folder / "out.jsonl", set()
    for kilobytes in (64, 128, 256, 512, 700, 800, 900, 1000, 1100, 1200, 1400):
        resize(kilobytes)
        try:
            invoke("prelabel", maildir, "--out", out, "--workers", 1)
        except InputError as error:
            sentences.add(str(error).partition(": ")[2])
    resize(4000)
    assert invoke("prelabel", maildir, "--out", out, "--workers", 1).exit_code == 0
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["message_id"] for line in told] == [f"m{k}@example.org" for k in range(1, 90)]
    assert len(sentences) == 2  # the state full, the output full
    assert all("nothing is lost, the next run goes on from here" in sentence for sentence in sentences), sentences
