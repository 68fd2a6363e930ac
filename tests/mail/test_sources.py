import builtins
import struct
import sys
from datetime import datetime

import pytest

from intentclf.errors import InputError
from intentclf.intake.mail import read_eml, read_folder, read_maildir, read_mbox, read_msg, sources
from intentclf.intake.mail.outlook import read_outlook

UNICODE, BINARY, NUMBER = 0x1F, 0x102, 0x3


def outlook_file(path, *, subject="", body="", html=b"", headers="", sender="", attachments=()):
    """Write a .msg file ([MS-OXMSG]): a stream for each property, and a table of them."""
    writer_module = pytest.importorskip("extract_msg.ole_writer")
    writer = writer_module.OleWriter()

    def put(storage, tag, kind, data):
        writer.addEntry([*storage, f"__substg1.0_{tag:04X}{kind:04X}"], data)
        return struct.pack("<HHIII", kind, tag, 6, len(data) + (2 if kind == UNICODE else 0), 0)

    texts = {0x001A: "IPM.Note", 0x0037: subject, 0x1000: body, 0x007D: headers, 0x0C1F: sender}
    rows = [put([], tag, UNICODE, text.encode("utf-16-le")) for tag, text in texts.items() if text]
    rows += [put([], 0x1013, BINARY, html)] if html else []
    rows.append(struct.pack("<HHIII", NUMBER, 0x340D, 6, 0x40000, 0))
    for number, (name, data) in enumerate(attachments):
        storage = [f"__attach_version1.0_#{number:08X}"]
        inner = [put(storage, 0x3707, UNICODE, name.encode("utf-16-le")), put(storage, 0x3701, BINARY, data)]
        inner.append(struct.pack("<HHIII", NUMBER, 0x3705, 6, 1, 0))
        writer.addEntry([*storage, "__properties_version1.0"], bytes(8) + b"".join(inner))
    count = len(attachments)
    writer.addEntry(
        ["__properties_version1.0"], bytes(8) + struct.pack("<IIII", 0, count, 0, count) + bytes(8) + b"".join(rows)
    )
    for stream in ("00020102", "00030102", "00040102"):
        writer.addEntry(["__nameid_version1.0", f"__substg1.0_{stream}"], b"")
    writer.write(str(path))
    return path


def maildir(path, **messages):
    for folder in ("cur", "new", "tmp"):
        (path / folder).mkdir(parents=True)
    for name, content in messages.items():
        folder, _, file = name.partition("_")
        (path / folder / file).write_bytes(content)
    return path


def test_a_maildir_gives_its_messages_without_flags(tmp_path):
    box = maildir(tmp_path / "box")
    for name in (
        "cur/2.b.host:2,RS",
        "new/1.a.host",
        "cur/3.c.host!2,",
        "cur/4.d.host;2,F",
        "tmp/9.z.host",
        "cur/.hidden",
    ):
        (box / name).write_bytes(f"Subject: {name}\n\nx".encode())
    assert [query.id for query in read_maildir(box)] == ["1.a.host", "2.b.host", "3.c.host", "4.d.host"]


def test_a_folder_that_is_a_maildir_is_recognised(tmp_path):
    box = maildir(tmp_path, new_1="Subject: почта\n\nне работает".encode())
    assert [(query.id, query.text) for query in read_folder(box)] == [("1", "почта\n\nне работает")]


def test_a_message_that_is_in_both_folders_is_read_once(tmp_path):
    box = maildir(tmp_path, new_1=b"Subject: x\n\ny")
    (box / "cur" / "1:2,S").write_bytes(b"Subject: x\n\nz")
    assert [query.text for query in read_maildir(box)] == ["x\n\nz"]


def test_a_message_that_is_read_elsewhere_meanwhile_is_found_again(tmp_path):
    box = maildir(tmp_path, new_1=b"Subject: a\n\nx", new_2=b"Subject: b\n\nx")
    queries = read_maildir(box)
    assert next(queries).id == "1"
    (box / "new" / "2").rename(box / "cur" / "2:2,S")
    assert next(queries).text == "b\n\nx"


def test_a_message_that_is_gone_is_named(tmp_path):
    box = maildir(tmp_path, new_1=b"Subject: a\n\nx", new_2=b"Subject: b\n\nx")
    queries = read_maildir(box)
    next(queries)
    (box / "new" / "2").unlink()
    with pytest.raises(InputError, match=r"new/2: cannot be read \(No such file"):
        next(queries)


def test_a_maildir_must_be_one_and_hold_something(tmp_path):
    with pytest.raises(InputError, match="is not a Maildir: it must have the folders cur and new$"):
        list(read_maildir(tmp_path))
    with pytest.raises(InputError, match="holds no messages$"):
        list(read_maildir(maildir(tmp_path / "empty")))


def test_messages_are_read_one_at_a_time(tmp_path, monkeypatch):
    box = maildir(tmp_path, new_1=b"Subject: a\n\nx", new_2=b"Subject: b\n\nx")
    seen: list[str] = []
    original = sources._file_query

    def noted(path, identifier):
        seen.append(identifier)
        return original(path, identifier=identifier)

    monkeypatch.setattr(sources, "_file_query", noted)
    next(read_maildir(box))
    assert seen == ["1"]


def test_of_a_file_beyond_reason_the_beginning_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_MESSAGE", 20)
    (tmp_path / "a.eml").write_bytes(b"Subject: x\n\nhallo daar allemaal")
    query = read_eml(tmp_path / "a.eml")
    assert (query.text, query.warnings) == ("x\n\nhallo da", ("truncated: message of more than 20 bytes",))


def test_what_is_told_beside_the_text_comes_from_every_source(tmp_path):
    content = b"From: A <a@example.org>\nDate: 3 Nov 2026 09:15 +0100\n\nx\n"
    told = {"received": "2026-11-03T09:15:00+01:00", "sender": "a@example.org"}
    (tmp_path / "a.eml").write_bytes(content)
    (tmp_path / "box").write_bytes(b"From a Mon Jan  1 00:00:00 2024\n" + content)
    box = maildir(tmp_path / "m", new_1=content)
    for query in (
        read_eml(tmp_path / "a.eml"),
        *read_folder(tmp_path),
        *read_mbox(tmp_path / "box"),
        *read_maildir(box),
    ):
        assert query.extra == told


def test_an_mbox_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"box: cannot be read \(No such file"):
        list(read_mbox(tmp_path / "box"))


def test_an_outlook_file_is_read(tmp_path):
    path = outlook_file(
        tmp_path / "a.msg",
        subject="Пароль",
        body="Не могу войти.\r\n\r\nС уважением,\r\nИван",
        html="<p>Не могу <b>войти</b>".encode(),
        headers="Received: from x by y; Tue, 03 Nov 2026 21:17:40 +0300\r\nAuto-Submitted: no\r\n",
        sender="Ivan@example.ru",
        attachments=[("лог.txt", b"abc"), ("C:\\x\\y.png", b"12345")],
    )
    message = read_outlook(path)
    assert (message.subject, message.sender) == ("Пароль", "ivan@example.ru")
    assert message.body == "Не могу войти.\n\nС уважением,\nИван"
    assert message.received == datetime.fromisoformat("2026-11-03T21:17:40+03:00")
    assert [(each.name, each.size) for each in message.attachments] == [("лог.txt", 3), ("y.png", 5)]
    assert (read_msg(path).id, read_msg(path).text) == ("a.msg", "Пароль\n\nНе могу войти.")


def test_an_outlook_file_says_what_its_headers_say(tmp_path):
    path = outlook_file(tmp_path / "a.msg", subject="x", body="y", headers="Auto-Submitted: auto-replied\r\n")
    assert read_msg(path).warnings == ("automatic reply (Auto-Submitted: auto-replied)",)


def test_an_outlook_file_of_html_alone_is_read(tmp_path):
    path = outlook_file(tmp_path / "a.msg", subject="x", html="<meta charset=utf-8><p>får ikke</p>".encode())
    assert read_outlook(path).body == "får ikke"


def test_outlook_files_of_a_folder_are_read_beside_the_others(tmp_path):
    outlook_file(tmp_path / "b.msg", subject="b")
    (tmp_path / "a.eml").write_bytes(b"Subject: a\n\n")
    assert [(query.id, query.text) for query in read_folder(tmp_path)] == [("a.eml", "a"), ("b.msg", "b")]


@pytest.mark.parametrize("content", [b"", b"Subject: x\n\ny", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)])
def test_a_file_that_is_none_of_outlook_is_refused(tmp_path, content):
    pytest.importorskip("extract_msg")
    (tmp_path / "a.msg").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.msg: is no message of Outlook \(\w+\)$"):
        read_msg(tmp_path / "a.msg")


def test_a_damaged_outlook_file_is_read_or_refused(tmp_path):
    content = outlook_file(tmp_path / "a.msg", subject="Hulp", body="mail weg").read_bytes()
    refused = []
    for place in range(0, len(content), 97):
        (tmp_path / "b.msg").write_bytes(content[:place] + b"\xff\x00\x80" + content[place + 3 :])
        try:
            read_msg(tmp_path / "b.msg")
        except InputError as error:
            refused.append(str(error))
    assert refused
    assert [reason for reason in refused if "b.msg: is no message of Outlook" not in reason] == []


def test_without_the_extra_its_command_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.msg").write_bytes(b"x")
    original = builtins.__import__

    def without(name, *rest, **named):
        if name == "extract_msg":
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.delitem(sys.modules, "extract_msg", raising=False)
    with pytest.raises(InputError, match=r"a\.msg: needs extract-msg: pip install 'intentclf\[msg\]'$"):
        read_msg(tmp_path / "a.msg")


def test_an_outlook_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.msg: cannot be read \(No such file"):
        read_msg(tmp_path / "a.msg")
