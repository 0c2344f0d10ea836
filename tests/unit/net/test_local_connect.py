"""Programs that are reached by a path or an address."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from postroom.net.connect import CannotConnect
from postroom.net.local_connect import Socket, connect_to, read_socket
from unit.net.lines import LineMachine


@pytest.mark.parametrize(
    ("text", "socket"),
    [
        ("unix:/run/f.sock", Socket(path="/run/f.sock")),
        ("inet:127.0.0.1:8891", Socket(ip="127.0.0.1", port=8891)),
        ("inet:localhost:8891", Socket(ip="127.0.0.1", port=8891)),
        ("inet:[::1]:65535", Socket(ip="::1", port=65535)),
    ],
)
def test_sockets(text: str, socket: Socket) -> None:
    assert read_socket(text) == socket
    assert read_socket(str(socket)) == socket


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unix:run/f",
        "/run/f",
        "inet:127.0.0.1",
        "inet:127.0.0.1:65536",
        "inet:example.com:1",
        "inet::1:1",
        "inet:[]:1",
        "inet:8891@localhost",
    ],
)
def test_what_is_no_socket_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no socket: write unix:/path or inet:address:port"):
        read_socket(text)


async def test_it_connects(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b"yes\n")
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "s")
    machine: Any = LineMachine()
    connection = await connect_to(machine, Socket(path=str(tmp_path / "s")), 5)
    connection.send(b"hello\n")
    assert await connection.event(5) == b"yes"
    assert heard == [b"hello\n"]
    connection.close()
    server.close()


@pytest.mark.parametrize("socket", [Socket(path="/nowhere/s"), Socket(ip="127.0.0.1", port=1)])
async def test_nobody_there(socket: Socket) -> None:
    machine: Any = LineMachine()
    with pytest.raises(CannotConnect, match=r"nowhere|127\.0\.0\.1"):
        await connect_to(machine, socket, 5)
