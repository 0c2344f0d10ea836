"""One server of several processes on one PostgreSQL database: `postroom serve --workers 3`."""

import concurrent.futures
import os
import signal
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import running
from letters import letter, stamp, traced
from running import Running, until
from served import LISTEN, PASSWORD, Served

WORKERS = 3


class Workshop(Served):
    """A server of several workers, with an owner's account."""

    def __init__(self, home: Path, database: str, more: str = "") -> None:
        home.mkdir()
        self.home, self.owner, self.environ = home, "carla@calzone.test", running.at_home(home)
        self.config = home / "postroom.toml"
        self.process: Running | None = None
        self.config.write_text(
            f'[server]\nhostname = "mail.calzone.test"\ndatabase = "{database}"\n{LISTEN}\n'
            f"[limits]\nfree_bytes = 0\n{more}"
        )

    def start(self, *wrapped_by: str) -> Running:
        arguments = ["serve", "--config", str(self.config), "--json", "--workers", str(WORKERS)]
        self.process = Running(arguments, self.environ, self.home / "serve.log", wrapped_by)
        return self.process

    def port(self, service: str) -> int:
        assert self.process is not None
        [ports] = self.process.facts["domains"].values()
        return ports[service]

    def settle_in(self) -> None:
        self.command("domain", "add", "calzone.test")
        self.command("account", "add", self.owner, "--password-stdin", stdin=PASSWORD + "\n")

    def workers(self) -> list[int]:
        """Their process ids."""
        assert self.process is not None
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return [int(line) for line in found.stdout.split()]

    def send(self, subject: str = "") -> bytes:
        text = letter("pat@pizza.test", self.owner, subject or stamp())
        with smtplib.SMTP("127.0.0.1", self.port("smtp"), timeout=60) as smtp:
            assert smtp.sendmail("pat@pizza.test", self.owner, text) == {}
        return text

    def log(self) -> str:
        assert self.process is not None
        return self.process.log.read_text()


@pytest.fixture
def workshop(tmp_path: Path, database_url: str) -> Iterator[Workshop]:
    server = Workshop(tmp_path / "home", database_url)
    yield server
    if server.process is not None:
        server.process.stop()


@pytest.fixture
def open_workshop(workshop: Workshop) -> Workshop:
    workshop.start()
    workshop.settle_in()
    return workshop


def test_mail_comes_in_and_out_by_any_of_them(open_workshop):
    assert len(open_workshop.workers()) == WORKERS
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        texts = set(pool.map(lambda _: open_workshop.send(), range(30)))
    found = {traced(raw)[1] for raw in open_workshop.maildrop.arrived(30)}
    assert found == texts
    lines = [line for line in open_workshop.log().splitlines() if '"message.accepted"' in line]
    assert len({line.partition('"worker":')[2][:1] for line in lines}) > 1, "not all by the same one"
    assert open_workshop.process.stop() == 0
    assert open_workshop.workers() == []
    assert not (open_workshop.home / "data" / "control").exists()
    assert '"level":"error"' not in open_workshop.log()


def test_one_that_is_killed_is_started_again_and_nothing_is_lost(open_workshop):
    before = open_workshop.workers()
    texts = {open_workshop.send()}
    for victim in before:
        os.kill(victim, signal.SIGKILL)
        texts |= {open_workshop.send() for _ in range(4)}
    until("new workers", lambda: len(open_workshop.workers()) == WORKERS)
    assert not set(before) & set(open_workshop.workers())
    assert {traced(raw)[1] for raw in open_workshop.maildrop.arrived(len(texts))} == texts
    assert open_workshop.log().count('"worker.ended"') == WORKERS
    assert open_workshop.process.stop() == 0


def test_when_the_supervisor_is_gone_the_workers_go_too(open_workshop):
    workers = open_workshop.workers()
    open_workshop.process.kill()
    until("the workers to end", lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    open_workshop.start()
    open_workshop.send()


def test_a_port_that_is_taken_is_named_and_nothing_runs(workshop, tmp_path):
    workshop.start()
    port = workshop.port("smtp")
    other = tmp_path / "other.toml"
    other.write_text(
        workshop.config.read_text()
        .replace("smtp = 0", f"smtp = {port}", 1)
        .replace("[server]", '[server]\ndata = "elsewhere"')
    )
    done = running.postroom(["serve", "--config", str(other), "--workers", "2"], workshop.environ)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr


def test_a_store_that_cannot_be_reached_is_said_once(workshop):
    text = workshop.config.read_text()
    workshop.config.write_text(text.replace("/test_", "/no_such_"))
    done = running.postroom(
        ["serve", "--config", str(workshop.config), "--workers", str(WORKERS)], workshop.environ
    )
    assert done.returncode == 1
    assert done.stderr.count("start.refused") == 1


def test_the_embedded_database_has_one_process_and_the_remedy_is_named(tmp_path):
    config = tmp_path / "postroom.toml"
    config.write_text("[server]\n")
    done = running.postroom(["serve", "--config", str(config), "--workers", "2"], running.at_home(tmp_path))
    assert done.returncode == 2
    assert "postgresql://" in done.stderr
