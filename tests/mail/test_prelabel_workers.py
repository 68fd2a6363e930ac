"""Messages answered by several processes: in order, each once, and no process is left behind."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.prelabel import COMMAND, make_messages

from intentclf.errors import InputError
from intentclf.serve.prelabel.reading import Raw, ReadMessage
from intentclf.serve.prelabel.sources import batches
from intentclf.serve.prelabel.workers import Job, Workers
from tests.mail.dovecot import ROOT

CHUNKS = [[Raw(f"{chunk}-{k}", b"x") for k in range(3)] for chunk in range(20)]


@dataclass(frozen=True, slots=True)
class Echo(Job):
    """Answers with the message's own id; slower on even chunks, and dies over one message."""

    deadly: str = ""

    def reader(self):
        def read(chunk):
            if any(raw.uid == self.deadly for raw in chunk):
                os._exit(9)
            time.sleep(0.02 * (int(chunk[0].uid.partition("-")[0]) % 2 == 0))
            return [ReadMessage(raw.uid) for raw in chunk]

        return read


@dataclass(frozen=True, slots=True)
class Faulty(Job):
    """Cannot be begun."""

    def reader(self):
        raise InputError("the model is not there")


@pytest.mark.parametrize("count", [1, 2])
def test_chunks_come_back_in_order(count):
    with Workers(Echo(), count) as workers:
        for _ in range(2):
            found = [(chunk, [each.uid for each in read]) for chunk, read in workers.answer(iter(CHUNKS))]
            assert found == [(chunk, [raw.uid for raw in chunk]) for chunk in CHUNKS]


def test_few_chunks_are_taken_ahead():
    taken = 0

    def chunks():
        nonlocal taken
        for chunk in CHUNKS:
            taken += 1
            yield chunk

    with Workers(Echo(), 2) as workers:
        for number, _ in enumerate(workers.answer(chunks()), 1):
            assert taken - number <= 8


def test_a_caller_that_stops_early_spoils_nothing():
    with Workers(Echo(), 2) as workers:
        next(workers.answer(iter(CHUNKS)))
        found = [each.uid for _, read in workers.answer(iter(CHUNKS[5:7])) for each in read]
    assert found == [raw.uid for chunk in CHUNKS[5:7] for raw in chunk]


@pytest.mark.slow
def test_a_message_that_ends_the_process_costs_itself_alone():
    with Workers(Echo(deadly="4-1"), 2) as workers:
        read = [each for _, found in workers.answer(iter(CHUNKS)) for each in found]
    assert [each.uid for each in read] == [raw.uid for chunk in CHUNKS for raw in chunk]
    assert {each.uid: each.failure for each in read if each.failure} == {"4-1": "ends the program that reads it"}


@pytest.mark.slow
def test_a_worn_process_is_replaced(monkeypatch):
    monkeypatch.setattr("intentclf.serve.prelabel.workers._LIFE", 10)
    with Workers(Echo(), 2) as workers:
        before = {each._process.pid for each in workers._processes}
        assert sum(len(read) for _, read in workers.answer(iter(CHUNKS))) == 60
        assert not before & {each._process.pid for each in workers._processes}


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_process_cannot_use_is_told_at_the_start(count):
    with pytest.raises(InputError, match="the model is not there"), Workers(Faulty(), count):
        pass


def test_batches_are_bounded_by_number_and_bytes():
    sizes = [
        ("a", 3_000_000),
        ("b", 3_000_000),
        ("c", 30_000_000),
        ("d", 1),
        ("e", -1),
        *[(str(k), 10) for k in range(70)],
    ]
    groups = list(batches(iter(sizes)))
    assert [pair for group in groups for pair in group] == sizes
    assert [len(group) for group in groups] == [1, 1, 1, 64, 8]


def children(process):
    return [int(k) for k in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_run_and_every_line_is_there_once(tmp_path, how):
    for name in ("cur", "new", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    for number, content in enumerate(make_messages(300)):
        (tmp_path / "box" / "new" / f"{number:04}.M.host").write_bytes(content)
    command = [*COMMAND, str(tmp_path / "box"), "--out", str(tmp_path / "out.jsonl"), "--workers", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True) as run:
        assert run.stderr
        for number, _ in enumerate(run.stderr):
            if number == 70:
                break
        below = children(run.pid)
        if how == signal.SIGKILL:
            run.kill()
        else:
            os.killpg(run.pid, how)  # as a terminal and systemd do: to all of them
        log = run.stderr.read()
    assert run.returncode == (-9 if how == signal.SIGKILL else 0)
    assert "Traceback" not in log
    assert ("finished" in log) == (how != signal.SIGKILL)
    end = time.monotonic() + 10
    while any(Path(f"/proc/{each}").exists() for each in below) and time.monotonic() < end:
        time.sleep(0.05)
    assert [each for each in below if Path(f"/proc/{each}").exists()] == []
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    import json

    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert sorted(line["uid"] for line in lines) == [f"{number:04}.M.host" for number in range(300)]
