"""The sockets of several workers, and what is done when one of them ends; what they do together is in `tests/interop/test_workers.py`."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from postroom.app import supervisor
from postroom.app.logs import make_log
from postroom.app.serving import REFUSED, STORE_FAILED
from postroom.app.settings.file import Settings, parse
from postroom.app.supervisor import Listening, Supervisor, open_sockets
from postroom.net import sockets
from postroom.net.sockets import CannotListen


def settings(smtp: int = 0) -> Settings:
    return parse(
        f"""
        [listen]
        addresses = ["127.0.0.1"]
        smtp = {smtp}
        submission = -1
        submissions = -1
        pop3 = 0
        pop3s = -1
        imap = -1
        imaps = -1
        http = -1
        https = -1
        """
    )


@pytest.fixture
def kept() -> Iterator[list[socket.socket]]:
    """What is closed in the end."""
    found: list[socket.socket] = []
    yield found
    for one in found:
        one.close()


def ports(listening: Listening) -> dict[str, int]:
    return {service: given[0].getsockname()[1] for service, given in listening.items()}


def test_each_worker_has_its_own_socket_at_the_same_port(kept: list[socket.socket]) -> None:
    opened = open_sockets(settings(), {}, 3)
    kept += [one for listening in opened for given in listening.values() for one in given]
    assert [set(listening) for listening in opened] == [{"smtp", "pop3"}] * 3
    assert len({tuple(ports(listening).values()) for listening in opened}) == 1
    assert len({one.fileno() for one in kept}) == 6


def test_what_systemd_has_opened_is_shared(kept: list[socket.socket]) -> None:
    [given] = sockets.tcp(["127.0.0.1"], 0)
    opened = open_sockets(settings(), {"smtp": [given]}, 2)
    kept += [given, *(one for listening in opened for one in listening["pop3"])]
    assert [listening["smtp"] for listening in opened] == [[given], [given]]


def test_a_port_of_another_server_is_not_shared_with_it(kept: list[socket.socket]) -> None:
    [other] = sockets.tcp(["127.0.0.1"], 0, shared=True)
    kept.append(other)
    with pytest.raises(CannotListen, match="in use"):
        open_sockets(settings(other.getsockname()[1]), {}, 2)


class Rehearsal:
    """A supervisor whose workers are scripts of the shell: `$number` is the worker's, `$times` how many it has had before."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self.log = io.StringIO()
        self.ready: list[str] = []
        self._script = directory / "worker"
        monkeypatch.setattr(supervisor.sys, "executable", str(self._script))
        monkeypatch.setattr(supervisor, "PAUSES", (0.01, 0.02))

    async def run(self, script: str) -> int:
        self._script.write_text(
            f"""#!/bin/sh
            read -r line
            number=${{line#*'"number":'}}; number=${{number%%,*}}
            echo $$ >> {self._directory}/pids
            echo x >> {self._directory}/began-$number
            times=$(($(wc -l < {self._directory}/began-$number) - 1))
            {script}
            """
        )
        self._script.chmod(0o755)
        base = settings()
        server = msgspec.structs.replace(base.server, data=str(self._directory / "data"))
        log = make_log("json", "info", self.log)
        one = Supervisor(msgspec.structs.replace(base, server=server), 3, log)
        async with asyncio.timeout(60):
            return await one.run(self.ready.append)

    def events(self, name: str) -> list[dict[str, object]]:
        lines = [msgspec.json.decode(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == name]

    def alive(self) -> list[int]:
        pids = [int(line) for line in (self._directory / "pids").read_text().split()]
        return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.fixture
def rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    return Rehearsal(tmp_path, monkeypatch)


def in_the_end(probe: Callable[[], object]) -> None:
    """Tells this process to stop when it is so."""

    async def wait() -> None:
        while not probe():
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    in_the_end.task = asyncio.ensure_future(wait())  # type: ignore[attr-defined]


async def test_ready_once_when_all_are_and_stopped_with_all(rehearsal: Rehearsal) -> None:
    in_the_end(lambda: rehearsal.ready)
    assert await rehearsal.run("echo line of $number; exec cat") == 0
    assert rehearsal.ready == ["line of 1"]
    assert rehearsal.alive() == []


async def test_the_first_is_ready_before_the_others_begin(rehearsal: Rehearsal, tmp_path: Path) -> None:
    in_the_end(lambda: rehearsal.ready)
    alone = f"[ $number = 1 ] && sleep 0.2 && ls {tmp_path} > {tmp_path}/seen"
    await rehearsal.run(f"{alone}; echo ready; exec cat")
    assert "began-2" not in (tmp_path / "seen").read_text()


async def test_one_that_ends_is_started_again_for_as_long_as_it_takes(rehearsal: Rehearsal) -> None:
    in_the_end(lambda: len(rehearsal.events("worker.ended")) == 4)
    assert (
        await rehearsal.run("echo ready; [ $number$times -gt 20 ] && [ $times -lt 4 ] && exit 3; exec cat")
        == 0
    )
    ended = rehearsal.events("worker.ended")
    assert {(one["worker"], one["code"]) for one in ended} <= {(2, 3), (3, 3)}
    assert ended[-1]["again_in"] == 0.02


async def test_one_that_cannot_be_started_again_is_tried_until_it_can(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    worker, away = tmp_path / "worker", tmp_path / "away"

    def done() -> bool:
        if rehearsal.events("worker.not_started") and away.exists():
            away.rename(worker)
        return (tmp_path / "began-2").exists() and len((tmp_path / "began-2").read_text()) == 4

    in_the_end(done)
    gone = f"[ $number$times = 20 ] && mv {worker} {away} && exit 3"
    assert await rehearsal.run(f"echo ready; [ $number = 2 ] && sleep 0.3; {gone}; exec cat") == 0
    assert {one["worker"] for one in rehearsal.events("worker.not_started")} == {2}


async def test_a_server_of_many_domains_has_a_long_line(rehearsal: Rehearsal) -> None:
    in_the_end(lambda: rehearsal.ready)
    assert await rehearsal.run("printf '%0100000d\\n' 0; exec cat") == 0
    assert [len(line) for line in rehearsal.ready] == [100_000]


async def test_a_store_that_failed_ends_all(rehearsal: Rehearsal) -> None:
    script = f"echo ready; [ $number = 3 ] && sleep 0.2 && exit {STORE_FAILED}; exec cat"
    assert await rehearsal.run(script) == STORE_FAILED
    assert rehearsal.alive() == []
    assert [one["worker"] for one in rehearsal.events("supervisor.ends")] == [3]


async def test_a_refused_start_ends_all_but_not_later(rehearsal: Rehearsal) -> None:
    assert await rehearsal.run("exit 1") == REFUSED
    assert rehearsal.ready == []
    assert rehearsal.alive() == []


async def test_whoever_does_not_stop_is_killed(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_STOP", 3.0)  # time enough for the others, on a busy machine
    in_the_end(lambda: rehearsal.ready)
    stubborn = "[ $number = 2 ] && { trap '' TERM; echo ready; while :; do sleep 0.05; done; }"
    assert await rehearsal.run(f"{stubborn}; echo ready; exec cat") == 0
    assert [one["worker"] for one in rehearsal.events("worker.killed")] == [2]
    assert rehearsal.alive() == []
