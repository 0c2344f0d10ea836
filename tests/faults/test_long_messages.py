"""Long messages at a server of its own: how much memory one takes, and what a crash leaves of one."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

import running
from running import PATIENCE
from served import Served

pytestmark = pytest.mark.slow

CARLA = "carla@calzone.test"
MIB = 1 << 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    """Its process is started."""
    server = Served(tmp_path / "home", CARLA)
    server.start()
    yield server
    assert server.process is not None
    server.process.kill()


def message(size: int) -> bytes:
    return b"From: x@r.test\r\nSubject: long\r\n\r\n" + (b"A" * 76 + b"\r\n") * (size // 78)


def send(server: Served, octets: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=PATIENCE) as smtp:
        smtp.sendmail("x@r.test", CARLA, octets)


def most_memory(server: Served) -> int:
    """The largest resident size so far, in octets."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def test_the_memory_that_a_long_message_takes(server: Served) -> None:
    """Whole it is in memory once, to be summarised, and perhaps once more to be indexed."""
    send(server, message(MIB))
    before = most_memory(server)
    size = 40 * MIB
    send(server, message(size))
    assert most_memory(server) - before < 2.75 * size
    assert server.maildrop.all()[1].endswith(message(size)[-1000:])


def test_the_memory_that_a_long_message_of_a_local_program_takes(server: Served) -> None:
    def sendmail(octets: bytes) -> None:
        words = ["sendmail", "-i", "-C", str(server.config), CARLA]
        done = running.postroom(words, server.environ, octets.decode())
        assert (done.returncode, done.stderr) == (0, "")

    sendmail(message(MIB))
    before = most_memory(server)
    size = 40 * MIB
    sendmail(message(size))
    assert most_memory(server) - before < 2.75 * size
    assert server.maildrop.all()[1].endswith(message(size)[-1000:])


def test_a_crash_leaves_nothing_of_a_message_on_its_way(server: Served) -> None:
    incoming = server.home / "data" / "store" / "incoming"
    with smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=PATIENCE) as smtp:
        smtp.ehlo()
        smtp.mail("x@r.test")
        smtp.rcpt(CARLA)
        octets = message(4 * MIB)
        smtp.send(b"BDAT %d\r\n" % len(octets) + octets)
        assert smtp.getreply()[0] == 250
        assert server.process is not None
        server.process.kill()
        smtp.close()
    assert incoming.is_dir()
    (incoming / "tmpleft").write_bytes(b"between its making and the taking away of its name")
    server.start()
    assert list(incoming.iterdir()) == []
    send(server, message(MIB))
    assert len(server.maildrop.all()) == 1
