"""`intentclf prelabel` over connections that break, servers that go away, and `kill -9`."""

import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from bench.prelabel import killed_run

from intentclf.errors import InputError
from intentclf.serve.prelabel import imap_source
from intentclf.serve.prelabel.imap_source import ImapSource
from intentclf.serve.prelabel.labels import Templates
from intentclf.serve.prelabel.sources import MailboxGoneError
from intentclf.serve.prelabel.stop import Stop
from intentclf.serve.prelabel.watch import Backoff
from tests.mail.dovecot import Desk, Dovecot, message, missing, started
from tests.mail.dovecot import desk_fixture as desk_fixture
from tests.mail.dovecot import loaded_once_fixture as loaded_once_fixture
from tests.mail.dovecot import server_fixture as server_fixture

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.slow]

KEYWORDS = ("--keyword", "k-{severity}")


def until(condition, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError("nothing came of it")


def labelled(desk, count, folder="INBOX"):
    return lambda: sum(map(bool, desk.keywords(folder))) == count


@contextmanager
def log_of(run):
    """Lines of the log as they come."""
    lines: list[str] = []
    thread = threading.Thread(target=lambda: lines.extend(run.stderr), daemon=True)
    thread.start()
    yield lines
    thread.join(10)


@pytest.mark.parametrize(("capability", "number"), [("", signal.SIGTERM), ("IMAP4rev1 UIDPLUS", signal.SIGINT)])
def test_what_comes_is_labelled_with_and_without_idle_until_the_end_is_asked_for(tmp_path, capability, number):
    with started(extra=f"imap_capability = {capability}\n" if capability else "") as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1))
        with desk.program("--watch", "--poll", 1, *KEYWORDS) as run, log_of(run) as log:
            until(labelled(desk, 1))
            time.sleep(1.5)
            start = time.monotonic()
            desk.deliver(message(2), message(3))
            until(labelled(desk, 3))
            assert time.monotonic() - start < 15
            run.send_signal(number)
            assert run.wait(15) == 0
        assert sum("labelled" in line for line in log) == 4  # three, and the sum
        assert [line["uid"] for line in desk.lines()] == [1, 2, 3]
        assert all("\\Seen" not in flags for _, flags, _ in desk.messages())


def test_a_server_that_is_restarted_is_found_again(tmp_path):
    with started() as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1))
        with desk.program("--watch", *KEYWORDS) as run, log_of(run) as log:
            until(labelled(desk, 1))
            server.stop()
            until(lambda: any("interrupted" in line and "retry_seconds" in line for line in log))
            server.start()
            desk.deliver(message(2))
            until(labelled(desk, 2))
            run.send_signal(signal.SIGTERM)
            assert run.wait(15) == 0
        assert [line["status"] for line in desk.lines()] == ["labelled", "labelled"]


def test_a_mailbox_that_is_deleted_under_way_is_waited_for(tmp_path):
    with started() as server:
        desk = Desk(server, "desk", tmp_path)
        desk.deliver(message(1), folder="In")
        with desk.program("--watch", *KEYWORDS, folder="In") as run, log_of(run) as log:
            until(labelled(desk, 1, "In"))
            with server.client() as client:
                client.delete("In")
            until(lambda: any("In on localhost" in line and "cannot be opened" in line for line in log))
            desk.deliver(message(2), folder="In")
            until(labelled(desk, 1, "In"))
            run.send_signal(signal.SIGTERM)
            assert run.wait(15) == 0


def test_a_watch_begins_when_its_server_does(tmp_path):
    server = Dovecot()
    try:
        desk = Desk(server, "desk", tmp_path)
        with desk.program("--watch", *KEYWORDS) as run, log_of(run) as log:
            until(lambda: any("cannot be reached" in line for line in log))
            server.start()
            desk.deliver(message(1))
            until(labelled(desk, 1))
            run.send_signal(signal.SIGTERM)
            assert run.wait(15) == 0
    finally:
        server.close()


def source(desk, folder="INBOX"):
    return ImapSource(desk.session(folder), Templates(), largest=10**6)


def test_idle_is_renewed_and_told_of_mail_that_came_before_it_began(desk, monkeypatch):
    monkeypatch.setattr(imap_source, "_IDLE_SECONDS", 0.3)
    box, stop = source(desk), Stop()
    box.open()
    assert list(box.chunks(lambda uid: True)) == []
    for _ in range(3):
        start = time.monotonic()
        box.wait(60, stop)
        assert 0.2 < time.monotonic() - start < 5
    monkeypatch.setattr(imap_source, "_IDLE_SECONDS", 20.0)
    desk.deliver(message(1))
    start = time.monotonic()
    box.wait(60, stop)
    assert time.monotonic() - start < 10
    assert [raw.uid for chunk in box.chunks(lambda uid: True) for raw in chunk] == ["1"]
    stop.ask()
    box.wait(60, stop)
    box.close()
    stop.close()


def test_a_mailbox_that_goes_away_under_a_single_run(desk):
    desk.deliver(message(1), folder="In")
    box = source(desk, "In")
    box.open()
    with desk.server.client(desk.user) as client:
        client.delete("In")

    def use():
        for _ in range(3):
            list(box.chunks(lambda uid: True))
            box.apply([], {})

    with pytest.raises(InputError, match="localhost"):  # whichever command comes to know first
        use()
    with pytest.raises(MailboxGoneError, match=r"In on localhost:\d+ cannot be opened"):
        box.open()
    box.close()


class Dropping:
    """A proxy that drops every third connection after some thousand bytes of the server's."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = self.dropped = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.connections += 1
                far = socket.create_connection(("127.0.0.1", self._target))
                limit = 9_000 if self.connections % 3 else None
                for pair, most in (((near, far), None), ((far, near), limit)):
                    threading.Thread(target=self._carry, args=(*pair, most), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, most: int | None) -> None:
        carried = 0
        with suppress(OSError):
            while data := one.recv(4096):
                carried += len(data)
                if most is not None and carried > most:
                    self.dropped += 1
                    break
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        self._listener.close()


def test_connections_that_break_cost_time_and_nothing_else(desk, monkeypatch):
    monkeypatch.setattr("intentclf.serve.prelabel.watch.random.uniform", lambda low, high: 0.1)
    desk.deliver(*(message(k) for k in range(1, 31)))
    proxy = Dropping(desk.server.tls)
    try:
        result = desk.run(*KEYWORDS, "--copy-to", "Labelled", port=proxy.port)
    finally:
        proxy.close()
    assert proxy.dropped
    assert result.exit_code == 0
    assert [line["status"] for line in desk.lines()] == ["labelled"] * 30
    assert len(desk.messages("Labelled")) == 30
    assert labelled(desk, 30)()


def test_pauses_grow_to_a_limit_and_differ():
    backoff = Backoff(1.0, 300.0)
    pauses = [backoff.next() for _ in range(2000)]
    assert all(0.5 * 2**k <= pause <= 2**k for k, pause in enumerate(pauses[:8]))
    assert all(150 <= pause <= 300 for pause in pauses[9:])
    assert len(set(pauses)) > 1000
    backoff.reset()
    assert backoff.next() <= 1


@pytest.mark.parametrize("move", [False, True])
def test_killed_four_times_every_message_is_labelled_once(tmp_path, move):
    assert killed_run(150, 4, tmp_path, seed=3, move=move, workers=1) == []


def test_killed_where_the_server_can_only_copy_and_expunge(tmp_path):
    extra = "imap_capability = IMAP4rev1 UIDPLUS LITERAL+\n"
    assert killed_run(100, 3, tmp_path, seed=5, move=True, workers=1, extra=extra) == []
