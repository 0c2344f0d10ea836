"""Outgoing connections against servers that behave, and that do not."""

import asyncio
import ssl
from collections import deque
from typing import Any

import pytest

from postroom.net.connect import (
    CannotConnect,
    ClientConnection,
    ConnectionLost,
    Destination,
    TimedOut,
    TlsFailed,
    Wrap,
    connect,
    turn_around,
)
from unit.net.lines import BIG_REPLY, LineSession, Service


class ClientLines:
    """A client of the line protocol: every line is an event."""

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.out: deque[bytes] = deque()
        self.closing = False

    def receive(self, data: bytes) -> None:
        self.buffer += data

    def next_event(self) -> bytes | None:
        line, found, rest = bytes(self.buffer).partition(b"\n")
        if not found:
            return None
        self.buffer[:] = rest
        return line

    def data_to_send(self) -> bytes:
        data = b"".join(self.out)
        self.out.clear()
        return data

    def ask(self, line: bytes) -> None:
        self.out.append(line + b"\n")


async def opened(port: int, **options: Any) -> ClientConnection[bytes]:
    connection = await connect(ClientLines(), Destination("127.0.0.1", port, **options))
    assert await connection.event(10) == b"hello"
    return connection


async def said(connection: ClientConnection[bytes], line: bytes) -> bytes:
    assert isinstance(connection.machine, ClientLines)
    connection.machine.ask(line)
    return await connection.event(10)


class BoundLines(ClientLines):
    """One that binds its login, and may have to with the first octet that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.binding: Any = None
        self.bound: list[bool] = []

    def receive(self, data: bytes) -> None:
        self.bound.append(self.binding is not None)
        super().receive(data)


async def test_a_machine_knows_its_binding_before_the_greeting(serve: Any) -> None:
    machine = BoundLines()
    connection = await connect(machine, Destination("127.0.0.1", await serve(Service())))
    assert await connection.event(10) == b"hello"
    assert machine.bound == [True]
    assert machine.binding("tls-exporter") == b""


async def test_a_conversation(serve: Any) -> None:
    connection = await opened(await serve(Service()))
    assert [await said(connection, line) for line in (b"a", b"b")] == [b"a", b"b"]
    assert connection.alive
    assert await said(connection, b"QUIT") == b"QUIT"
    with pytest.raises(ConnectionLost, match="closed"):
        await connection.event(10)
    assert not connection.alive


async def test_what_the_machine_says_by_itself_leaves(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service))
    machine = connection.machine
    assert isinstance(machine, ClientLines)

    def answering() -> bytes | None:
        event = ClientLines.next_event(machine)
        if event == b"challenge":
            machine.ask(b"response")
            return None
        return event

    machine.next_event = answering  # type: ignore[method-assign]
    assert await said(connection, b"challenge") == b"response"
    connection.close()


async def test_the_source_address_is_ours_to_choose(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service), source="127.0.0.9")
    assert service.session.connection.peer.ip == "127.0.0.9"
    connection.close()


async def test_starttls(serve: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    service = Service(tls=server_tls)
    connection = await opened(await serve(service))
    assert await said(connection, b"STARTTLS") == b"go ahead"
    facts = await connection.start_tls(client_tls, "mx.test")
    assert (facts.subject, facts.verified) == ("mx.test", True)
    assert await said(connection, b"inside") == b"inside"
    connection.close()
    await asyncio.wait_for(service.session.over.wait(), 60)
    assert service.session.ends == ["closed by the peer"]


async def test_implicit_tls(serve: Any, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    service = Service()
    service.implicit = server_tls
    connection = await opened(await serve(service), wrap=Wrap(client_tls, "mx.test"))
    assert await said(connection, b"x") == b"x"
    connection.close()


async def test_a_certificate_for_another_name(serve: Any, server_tls: Any, client_tls: Any) -> None:
    service = Service()
    service.implicit = server_tls
    port = await serve(service)
    with pytest.raises(TlsFailed, match="mismatch"):
        await opened(port, wrap=Wrap(client_tls, "other.test"))


async def test_what_comes_before_the_handshake_is_nobodys_word(server_tls: Any, client_tls: Any) -> None:
    async def injecting(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"injected\n")
        try:
            await writer.start_tls(server_tls)
            writer.write(b"hello\n")
            await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        writer.close()

    server = await asyncio.start_server(injecting, "127.0.0.1", 0)
    to = Destination("127.0.0.1", server.sockets[0].getsockname()[1], wrap=Wrap(client_tls, "mx.test"))
    with pytest.raises(TlsFailed):
        await asyncio.wait_for(connect(ClientLines(), to), 60)
    server.close()
    await asyncio.sleep(0.01)


async def test_a_handshake_that_is_given_up_leaves_no_connection(client_tls: ssl.SSLContext) -> None:
    ended = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(reader.read(-1), 30)
        except ConnectionResetError:
            pass
        except TimeoutError:
            return
        finally:
            writer.close()
        ended.set()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    to = Destination("127.0.0.1", server.sockets[0].getsockname()[1], wrap=Wrap(client_tls, "mx.test"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connect(ClientLines(), to), 0.05)
    await asyncio.wait_for(ended.wait(), 60)
    server.close()


async def test_after_a_failed_handshake_nobody_is_waited_for(client_tls: ssl.SSLContext) -> None:
    ended = asyncio.Event()

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes((21, 3, 3, 0, 2, 2, 40)))  # a fatal alert, and its own side stays open
        try:
            await reader.read(-1)
            for _ in range(200):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            ended.set()
        finally:
            writer.close()

    server = await asyncio.start_server(refusing, "127.0.0.1", 0)
    to = Destination("127.0.0.1", server.sockets[0].getsockname()[1], wrap=Wrap(client_tls, "mx.test"))
    with pytest.raises(TlsFailed):
        await connect(ClientLines(), to)
    await asyncio.wait_for(ended.wait(), 60)
    server.close()


async def test_an_injected_line_is_no_handshake(serve: Any, client_tls: ssl.SSLContext) -> None:
    service = Service()
    connection = await opened(await serve(service))
    service.session.machine.out.append(b"250 injected\n")
    service.session.connection.wake()
    with pytest.raises(TlsFailed):
        await connection.start_tls(client_tls, "mx.test")


async def test_nobody_listens() -> None:
    with pytest.raises(CannotConnect, match=r"127\.0\.0\.1 port 1: Connection refused"):
        await connect(ClientLines(), Destination("127.0.0.1", 1))


@pytest.fixture
async def mute(serve: Any) -> int:
    """A server that greets and then waits for ever."""
    return int(await serve(Service()))


async def test_silence_has_an_end(mute: int) -> None:
    connection = await opened(mute)
    with pytest.raises(TimedOut, match="did not answer"):
        await connection.event(0.01)
    assert not connection.alive


async def test_dripping_octets_do_not_move_the_deadline(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service))

    async def drip() -> None:
        while True:
            service.session.machine.out.append(b".")
            service.session.connection.wake()
            await asyncio.sleep(0.001)

    dripping = asyncio.ensure_future(drip())
    with pytest.raises(TimedOut):
        await connection.event(0.05)
    dripping.cancel()


async def test_one_timer_serves_many_waits(serve: Any) -> None:
    connection = await opened(await serve(Service()))
    await said(connection, b"first")
    timer = connection._timer
    assert timer is not None
    for number in range(20):
        assert await said(connection, b"%d" % number) == b"%d" % number
    assert connection._timer is timer
    connection.close()


async def test_a_reset_is_told(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service))
    service.session.connection.abort()  # type: ignore[attr-defined]
    with pytest.raises(ConnectionLost):
        await connection.event(10)


async def test_what_was_said_before_the_end_is_heard(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service))
    service.session.machine.out.append(b"one\ntwo\n")
    service.session.connection.close("over")
    assert [await connection.event(10), await connection.event(10)] == [b"one", b"two"]
    with pytest.raises(ConnectionLost):
        await connection.event(10)


async def test_a_server_that_does_not_read(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service))
    service.session.connection.read(False)  # type: ignore[attr-defined]
    assert isinstance(connection.machine, ClientLines)
    connection.machine.out.append(b"x" * (16 << 20))
    with pytest.raises(TimedOut):
        await connection.flush(0.05)


async def test_a_flush_waits_until_it_is_read(serve: Any) -> None:
    connection = await opened(await serve(Service()))
    assert isinstance(connection.machine, ClientLines)
    connection.machine.out.append(b"x" * (8 << 20))
    while connection.machine.out or connection.blocked:
        await connection.flush(20)
    assert len(await said(connection, b"")) == 8 << 20
    connection.close()


async def test_reading_stops_while_nobody_asks(serve: Any) -> None:
    service = Service()
    connection = await opened(await serve(service))
    for _ in range(8):
        service.session.machine.out.append(b"y" * (BIG_REPLY - 1) + b"\n")
    service.session.connection.wake()
    while connection._reading:
        await asyncio.sleep(0)
    assert [len(await connection.event(10)) for _ in range(8)] == [BIG_REPLY - 1] * 8
    connection.close()


async def test_a_connection_turned_around(serve: Any, dial: Any, server_tls: Any, client_tls: Any) -> None:
    service = Service(tls=server_tls)
    heard: list[bytes] = []

    async def turn(session: LineSession, event: bytes) -> None:
        session.machine.reply(b"turning")
        client = await turn_around(session.connection, ClientLines())
        heard.append(await client.event(10))
        heard.append(await said(client, b"MAIL"))
        client.close()

    client = await dial(await serve(service))
    await client.line()
    assert await client.say(b"STARTTLS") == b"go ahead\n"
    await client.start_tls(client_tls)
    session = service.session
    session.handle = lambda event: turn(session, event)  # type: ignore[method-assign]
    assert await client.say(b"ATRN") == b"turning\n"
    assert await client.say(b"220 now I serve") == b"MAIL\n"
    client.send(b"250 ok\n")
    assert await client.rest() == b""
    assert heard == [b"220 now I serve", b"250 ok"]
    assert len(session.ends) == 1
    assert service.errors == []
