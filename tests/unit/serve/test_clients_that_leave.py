"""A client that goes while its message is examined will send it again (RFC 1047): it is not taken. Over real sockets, into a real store."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Parcel
from postroom.intake.mx import MxDoor
from postroom.net.connections import Connections
from postroom.net.pump import Endpoint, Pump
from postroom.serve.smtp.session import SmtpSession
from smtp_session import service
from sorting_office import SortingOffice

BODY = b"Subject: x\r\n\r\nHello\r\n.\r\n"


class SlowDoor(MxDoor):
    """Takes its time: `begun` when a message has come, `gate` to go on."""

    def __init__(self, office: SortingOffice) -> None:
        super().__init__(office.premises())
        self.begun, self.gate = asyncio.Event(), asyncio.Event()
        self.errors: list[BaseException] = []
        self.connections = Connections()

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        self.begun.set()
        await self.gate.wait()
        return await super().message(client, incoming, parcel)


class Caller:
    """The client's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: SlowDoor) -> None:
        self.reader, self.writer, self.door = reader, writer, door

    async def send(self, behind: bytes = b"") -> None:
        """A message, and what comes behind it in one write; until it is examined."""
        await self.reader.readline()
        for line in (b"HELO a.test", b"MAIL FROM:<x@r.test>", b"RCPT TO:<bob@hamburger.test>", b"DATA"):
            self.writer.write(line + b"\r\n")
            assert (await self.reader.readline())[:1] in (b"2", b"3")
        self.writer.write(BODY + behind)
        await self.door.begun.wait()

    async def end(self) -> bytes:
        """The examination is through: what is said then, until the end."""
        for _ in range(20):
            await asyncio.sleep(0.005)
        self.door.gate.set()
        said = b"" if self.writer.is_closing() else await asyncio.wait_for(self.reader.read(), 60)
        async with asyncio.timeout(60):
            while len(self.door.connections):
                await asyncio.sleep(0.005)
        assert self.door.errors == []
        return said


@pytest.fixture
async def caller(office: SortingOffice) -> AsyncIterator[Caller]:
    door, loop = SlowDoor(office), asyncio.get_running_loop()
    shared = service(door, next_id=office.ids.next)
    endpoint = Endpoint(lambda: SmtpSession(shared), door.connections, door.errors.append)
    server = await loop.create_server(lambda: Pump(endpoint), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    yield Caller(reader, writer, door)
    writer.close()
    server.close()


async def test_a_connection_that_was_cut(office: SortingOffice, caller: Caller) -> None:
    await caller.send()
    peer = caller.writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.writer.transport.abort()
    await caller.end()
    assert await office.inbox(office.bob) == []


async def test_a_client_that_closes_without_a_word(office: SortingOffice, caller: Caller) -> None:
    await caller.send()
    caller.writer.close()
    await caller.end()
    assert await office.inbox(office.bob) == []


async def test_a_client_that_has_closed_its_side_too_early_is_told(
    office: SortingOffice, caller: Caller
) -> None:
    """RFC 5321 section 4.1.1.10: as if the command had received a temporary error."""
    await caller.send()
    caller.writer.write_eof()
    assert (await caller.end()).startswith(b"451 4.4.2 ")
    assert await office.inbox(office.bob) == []


async def test_a_client_that_has_said_quit_waits_for_its_replies(
    office: SortingOffice, caller: Caller
) -> None:
    await caller.send(b"QUIT\r\n")
    caller.writer.write_eof()
    said = await caller.end()
    assert said.startswith(b"250 2.0.0 Ok: queued")
    assert b"\r\n221 " in said
    assert len(await office.inbox(office.bob)) == 1


async def test_a_client_that_waits(office: SortingOffice, caller: Caller) -> None:
    await caller.send()
    caller.door.gate.set()
    assert (await caller.reader.readline()).startswith(b"250 2.0.0 Ok: queued")
    assert len(await office.inbox(office.bob)) == 1
