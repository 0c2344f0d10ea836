"""A disk that is full, and a disk that fails: what is refused, what still works, and what is there afterwards."""

import os
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from letters import letter, stamp, traced
from running import PATIENCE, until
from served import Served

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root: a small file system is to be mounted")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"cannot mount a file system here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def serve() -> Iterator:
    """Starts a server in a directory, with more in its configuration."""
    servers = []

    def start(home: Path, more: str = "") -> Served:
        server = Served(home, "carla@calzone.test", more)
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.process.kill()


def fill(disk: Path, but: int) -> Path:
    """Leaves only so many octets free."""
    ballast = disk / "ballast"
    free = os.statvfs(disk)
    with ballast.open("ab") as file:
        file.write(b"\0" * max(0, free.f_bavail * free.f_frsize - but))
    return ballast


def send(server: Served, text: bytes) -> tuple[int, bytes]:
    """The whole transaction, command by command: the first reply that refuses it, else the last."""
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=PATIENCE) as smtp:
        smtp.ehlo()
        for command in ("MAIL FROM:<pat@pizza.test>", f"RCPT TO:<{server.owner}>"):
            reply = smtp.docmd(command)
            if reply[0] >= 400:
                return reply
        reply = smtp.docmd("DATA")
        if reply[0] != 354:
            return reply
        smtp.send(text + b".\r\n")
        return smtp.getreply()


def offer(server: Served) -> tuple[int, bytes]:
    """As much of a transaction as leaves nothing behind."""
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=PATIENCE) as smtp:
        smtp.ehlo()
        return smtp.docmd("MAIL FROM:<pat@pizza.test>")


def reads_and_deletes(server: Served, wanted: list[bytes]) -> None:
    """Reads everything, deletes the first."""
    pop = server.maildrop.open()
    assert [traced(raw)[1] for raw in server.maildrop.all()] == wanted
    pop.dele(1)
    assert pop.quit().startswith(b"+OK")
    assert server.maildrop.count() == len(wanted) - 1


def test_too_little_room_is_said_before_the_message(small_disk, serve):
    server = serve(small_disk / "home", "[limits]\nfree_bytes = 8388608\n")
    texts = [letter("pat@pizza.test", server.owner, stamp()) for _ in range(3)]
    assert [send(server, text)[0] for text in texts[:2]] == [250, 250]
    ballast = fill(small_disk, 6 << 20)
    code, words = until("a refusal", lambda: (reply := offer(server))[0] != 250 and reply)
    assert (code, words[:5]) == (452, b"4.3.1")
    assert send(server, texts[2]) == (code, words)
    reads_and_deletes(server, texts[:2])
    ballast.unlink()
    until("room to be seen", lambda: offer(server)[0] == 250)
    assert send(server, texts[2])[0] == 250
    assert server.process.stop() == 0


def test_no_room_at_all(small_disk, serve):
    """Nothing is kept free, so that the disk fills up in the midst of the work; what was promised is there."""
    server = serve(small_disk / "home", "[limits]\nfree_bytes = 0\n")
    promised = []
    ballast = fill(small_disk, 3 << 20)
    for number in range(200):
        text = letter(
            "pat@pizza.test", server.owner, f"{number}", "x" * 70 + "\n" + ("pickles " * 9 + "\n") * 1000
        )
        code, words = send(server, text)
        if code != 250:
            assert 400 <= code < 500, words
            break
        promised.append(text)
    else:
        pytest.fail("the disk never filled up")
    assert [traced(raw)[1] for raw in server.maildrop.all()] == promised  # still full
    ballast.unlink()
    until("room", lambda: send(server, letter("pat@pizza.test", server.owner, "late"))[0] == 250)
    found = [traced(raw)[1] for raw in server.maildrop.all()]
    assert found[: len(promised)] == promised
    server.command("check")


def test_an_fsync_that_fails(tmp_path, serve, require_tool):
    """RFC 5321 §4.2.5: nobody hears 250; the server ends rather than hope; everything promised before is there."""
    strace = require_tool("strace")
    server = serve(tmp_path / "home")
    promised = [letter("pat@pizza.test", server.owner, stamp()) for _ in range(5)]
    assert {send(server, text)[0] for text in promised} == {250}
    calls = "fsync,fdatasync"
    command = [strace, "-f", "-q", "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO"]
    log = tmp_path / "strace.log"
    with log.open("wb") as output:
        tracer = subprocess.Popen(
            [*command, "-p", str(server.process.process.pid)], stdout=output, stderr=output
        )
    try:
        until("strace to be attached", lambda: _traced(server) or tracer.poll() is not None)
        if not _traced(server):
            pytest.skip(f"strace cannot attach here: {log.read_text().strip()[:200]}")
        lost = letter("pat@pizza.test", server.owner, stamp())
        try:
            code, _ = send(server, lost)
            assert 400 <= code < 500
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException):
            pass  # no promise either: the connection is gone, or QUIT is answered 421
        assert server.process.process.wait(PATIENCE) != 0
    finally:
        tracer.kill()
        tracer.wait()
    server.start()
    found = [traced(raw)[1] for raw in server.maildrop.all()]
    assert [text for text in found if text != lost] == promised  # what got no 250 may be there or not
    server.command("check")


def _traced(server: Served) -> bool:
    status = Path(f"/proc/{server.process.process.pid}/status")
    return status.exists() and "TracerPid:\t0" not in status.read_text()
