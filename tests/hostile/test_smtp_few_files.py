"""S38: a server that may open few files, and more clients than that."""

import os
import resource
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import Running, at_home, until

CONFIG = """
[server]
hostname = "mx.l.test"
data = "{data}"
[listen]
addresses = ["127.0.0.1"]
smtp = 0
submission = -1
submissions = -1
pop3 = -1
pop3s = -1
imap = -1
imaps = -1
http = -1
https = -1
[limits]
free_bytes = 1048576
"""
FILES = 64


class FewFiles(subprocess.Popen[bytes]):
    """A process with a low limit of open files."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(  # type: ignore[call-overload]
            *arguments,
            **options,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
        )


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    config = tmp_path / "postroom.toml"
    config.write_text(CONFIG.format(data=tmp_path / "data"))
    monkeypatch.setattr(subprocess, "Popen", FewFiles)
    running = Running(["serve", "--json", "--config", str(config)], at_home(tmp_path), tmp_path / "log")
    monkeypatch.undo()
    yield running
    assert running.stop() == 0


def test_s38_more_clients_than_files(server: Running) -> None:
    (ports,) = server.facts["domains"].values()
    begun = cpu(server)
    clients = [socket.create_connection(("127.0.0.1", ports["smtp"]), 20) for _ in range(200)]
    try:
        until("some to be greeted", lambda: greeted(clients) >= 10)
        assert greeted(clients) < FILES
    finally:
        for client in clients:
            client.close()
    until("room again", lambda: greets(ports["smtp"]))
    assert cpu(server) - begun < 5.0  # seconds: it does not spin
    assert server.process.poll() is None


def greeted(clients: list[socket.socket]) -> int:
    found = 0
    for client in clients:
        client.setblocking(False)
        try:
            found += client.recv(3, socket.MSG_PEEK) == b"220"
        except BlockingIOError:
            pass
    return found


def greets(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        try:
            return client.recv(3) == b"220"
        except TimeoutError:
            return False


def cpu(server: Running) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
