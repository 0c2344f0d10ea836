"""Shares of a load, and the client for machines without smtp-source."""

import shutil
import socket
import threading
from typing import ClassVar

import pytest
from bench.processes import BenchError
from bench.smtp_load import Load, message, send, sent


@pytest.mark.parametrize(
    ("load", "users", "count"),
    [
        (Load(1000, 50, 1), 10, 1000),
        (Load(1001, 50, 1), 10, 1010),
        (Load(5, 50, 1), 10, 5),
        (Load(7, 2, 1), 10, 8),
    ],
)
def test_every_user_gets_the_same(load: Load, users: int, count: int):
    assert sent(load, users) == count


@pytest.mark.parametrize("size", [0, 80, 82, 4096, 100_000])
def test_a_message_has_its_size(size: int):
    body = message("a@receiver.test", size).partition(b"\r\n\r\n")[2]
    assert len(body) == size
    assert body.count(b"\n") == body.count(b"\r\n") >= size // 80


class Sink:
    """Answers SMTP commands by a table; keeps the recipients."""

    REPLIES: ClassVar = {
        b"HELO": b"250 hello",
        b"MAIL": b"250 ok",
        b"RCPT": b"250 ok",
        b"DATA": b"354 go",
        b"QUIT": b"221 bye",
    }

    def __init__(self, replies: dict[bytes, bytes]) -> None:
        self.recipients: list[bytes] = []
        self.connections = 0
        self._replies = {**self.REPLIES, **replies}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        try:
            while True:
                connection = self._listener.accept()[0]
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except OSError:
            pass

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220-sink\r\n220 sink\r\n")
            body = False
            for line in lines:
                if body and line != b".\r\n":
                    continue
                verb, body = (b"END", False) if body else (line[:4], line[:4] == b"DATA")
                if verb == b"RCPT":
                    self.recipients.append(line.strip())
                connection.sendall(self._replies.get(verb, b"250 filed") + b"\r\n")


@pytest.fixture
def without_smtp_source(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)


@pytest.mark.parametrize(("kept", "connections"), [(True, 4), (False, 6)])
@pytest.mark.usefixtures("without_smtp_source")
def test_the_own_client_sends_all(kept: bool, connections: int):
    sink = Sink({})
    try:
        assert send(sink.port, "receiver.test", Load(6, 4, 300, kept), 2) > 0
    finally:
        sink.close()
    assert sorted(sink.recipients) == [
        b"RCPT TO:<user%d@receiver.test>" % user for user in (0, 0, 0, 1, 1, 1)
    ]
    assert sink.connections == connections


@pytest.mark.usefixtures("without_smtp_source")
def test_a_refusal_is_not_counted_as_speed():
    sink = Sink({b"END": b"451 later"})
    try:
        with pytest.raises(BenchError, match="451 later"):
            send(sink.port, "receiver.test", Load(1, 1, 300))
    finally:
        sink.close()
