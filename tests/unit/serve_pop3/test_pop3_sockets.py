"""Real connections: the standard library's client, and octets by hand, against the session on the pump."""

import asyncio
import poplib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from postroom.net.connect import Destination, Wrap, connect
from postroom.net.connections import Connections
from postroom.net.pump import Endpoint, Pump
from postroom.proto.pop3.client import Pop3Client, Ready, Upgrading
from postroom.proto.pop3.client_login import Pop3Account, Response
from postroom.serve.pop3.session import Pop3Session

Start = Callable[..., Awaitable[int]]


@pytest.fixture
async def start(stage, server_tls: ssl.SSLContext) -> AsyncIterator[Start]:
    """Serves the stage; gives the port. Errors of ours fail the test."""
    stage.service.tls = lambda: server_tls
    connections, errors, servers = Connections(), [], []

    async def begin(*, implicit: bool = False) -> int:
        endpoint = Endpoint(
            lambda: Pop3Session(stage.service),
            connections,
            errors.append,
            (lambda: server_tls) if implicit else None,
        )
        server = await asyncio.get_running_loop().create_server(lambda: Pump(endpoint), "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield begin
    for server in servers:
        server.close()
    await connections.drain(0)
    assert errors == []


def read_all(client: poplib.POP3) -> list[bytes]:
    return [b"\r\n".join(client.retr(number + 1)[1]) for number in range(client.stat()[0])]


def by_password(client: poplib.POP3) -> None:
    client.user("bob")
    client.pass_("hungry")


def by_apop(client: poplib.POP3) -> None:
    client.apop("bob", "tanstaaf")


@pytest.mark.parametrize("log_in", [by_password, by_apop])
async def test_the_standard_librarys_client(
    stage, start: Start, log_in: Callable[[poplib.POP3], None]
) -> None:
    port = await start()

    def session() -> None:
        client = poplib.POP3("127.0.0.1", port, timeout=60)
        assert "SASL" in client.capa()
        log_in(client)
        assert read_all(client)[1] == b"Subject: two\r\n\r\n.\r\nHow about pickles?"
        assert client.uidl(1) == b"+OK 1 0000000100000007"
        assert client.top(2, 1)[1] == [b"Subject: two", b"", b"."]
        client.dele(1)
        client.quit()

    await asyncio.to_thread(session)
    assert list(stage.maildrops.letters) == [8]


@pytest.mark.parametrize("implicit", [False, True])
async def test_tls(stage, start: Start, client_tls: ssl.SSLContext, implicit: bool) -> None:
    port = await start(implicit=implicit)

    def session() -> None:
        if implicit:
            client: poplib.POP3 = poplib.POP3_SSL("localhost", port, timeout=60, context=client_tls)
        else:
            client = poplib.POP3("localhost", port, timeout=60)
            assert "STLS" in client.capa()
            client.stls(client_tls)
        assert "STLS" not in client.capa()
        by_password(client)
        assert len(read_all(client)) == 2
        client.quit()

    await asyncio.to_thread(session)
    hop = stage.maildrops.opened[0].hops[0][1]
    assert hop.events[0].protocol == ("pop3s" if implicit else "pop3")


async def say(port: int, data: bytes) -> bytes:
    """Sends all at once, closes its side, and reads to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    said = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    await writer.wait_closed()
    return said


async def test_a_line_feed_alone_is_answered_at_once(start: Start) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", await start())
    await reader.readline()
    writer.write(b"USER bob\n")
    assert b"nc -C" in await asyncio.wait_for(reader.readline(), 60)
    writer.close()
    await writer.wait_closed()


async def test_commands_smuggled_behind_stls_do_nothing(stage, start: Start) -> None:
    said = await say(await start(), b"STLS\r\nUSER bob\r\nPASS hungry\r\nDELE 1\r\nQUIT\r\n")
    assert said.split(b"\r\n")[1].startswith(b"-ERR Bytes came behind STLS")
    assert stage.logins.asked == []


async def test_a_connection_cut_between_dele_and_quit_removes_nothing(stage, start: Start) -> None:
    port = await start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"USER bob\r\nPASS hungry\r\nDELE 1\r\n")
    while b"deleted" not in await asyncio.wait_for(reader.readline(), 60):
        pass
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
    again = await say(port, b"USER bob\r\nPASS hungry\r\nSTAT\r\nQUIT\r\n")
    assert b"\r\n+OK 2 77\r\n" in again


async def test_many_messages_asked_for_at_once(stage, start: Start) -> None:
    stage.maildrops.letters = dict.fromkeys(range(1, 501), b"Subject: many\r\n\r\n" + b"x" * 4000 + b"\r\n")
    commands = b"".join(b"RETR %d\r\n" % number for number in range(1, 501))
    said = await say(await start(), b"USER bob\r\nPASS hungry\r\n" + commands + b"QUIT\r\n")
    assert said.count(b"+OK 4019 octets\r\n") == 500
    assert said.endswith(b"(500 messages left)\r\n")


async def test_a_large_message_arrives_whole(stage, start: Start) -> None:
    letter = b"Subject: large\r\n\r\n" + b"." * 70 + (b"\r\n" + b"." * 70) * 100_000 + b"\r\n"
    stage.maildrops.letters, stage.maildrops.piece = {1: letter}, 65_536
    said = await say(await start(), b"USER bob\r\nPASS hungry\r\nRETR 1\r\nQUIT\r\n")
    content = said[said.index(b"Subject: large") : said.rindex(b"\r\n.\r\n") + 2]
    assert content.replace(b"\r\n..", b"\r\n.") == letter


@pytest.mark.parametrize("implicit", [False, True])
async def test_our_own_client(stage, start: Start, client_tls: ssl.SSLContext, implicit: bool) -> None:
    client = Pop3Client(Pop3Account("bob", "hungry", secure=implicit))
    wrap = Wrap(client_tls, "localhost") if implicit else None
    connection = await connect(client, Destination("127.0.0.1", await start(implicit=implicit), wrap=wrap))
    if not implicit:
        assert await connection.event(20) == Upgrading()
        await connection.start_tls(client_tls, "localhost")
        client.tls_started()
    assert isinstance(await connection.event(20), Ready)
    for command in ("RETR 1", "DELE 1", "QUIT"):
        client.send(command)
    answers = [await connection.event(20) for _ in range(3)]
    assert isinstance(answers[0], Response)
    assert answers[0].content.endswith(b"ketchup?\r\n")
    assert client.closing
    connection.close()
    assert list(stage.maildrops.letters) == [8]
