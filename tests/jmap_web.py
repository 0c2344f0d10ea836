"""JMAP on a port: the application behind the guard, on our own connections; an event stream and a WebSocket by hand.

web = JmapWeb(stage)
async with web:
    events = await Events.open(web, "types=*&closeafter=no&ping=0")
    assert (await events.event())["event"] == "state"
"""

import asyncio
import base64
import contextlib
import json
from typing import Any, Self

import wsproto
from wsproto import events as frames

from jmap_stage import BOB, PASSWORD, JmapStage
from postroom.net.connections import Connections
from postroom.net.http import HttpService, HttpSession
from postroom.net.listener import Door, Listener
from postroom.net.pump import Endpoint
from postroom.net.sockets import tcp
from postroom.web.guard import Guard, Mount, Rules

PATIENCE = 60.0


def basic(address: str = BOB) -> str:
    return "Basic " + base64.b64encode(f"{address}:{PASSWORD}".encode()).decode()


class JmapWeb:
    """A server. Made on entering, stopped on leaving."""

    def __init__(self, stage: JmapStage, **other: Any) -> None:
        self.app = stage.app(**other)
        self.faults: list[BaseException] = []
        self.clients: list[asyncio.StreamWriter] = []
        loop = asyncio.get_running_loop()
        self.connections = Connections(loop.time)

        async def hears(name: str) -> bool:
            return name == "127.0.0.1"

        async def nothing(*_: Any) -> None:
            raise AssertionError("nothing is here")

        rules = Rules(hears, lambda: 0, lambda: 0)
        guard = Guard(rules, (Mount("/jmap", self.app, 50 << 20),), nothing)
        self.service = HttpService(guard, loop.time, self.faults.append)

    async def __aenter__(self) -> Self:
        made = Endpoint(lambda: HttpSession(self.service), self.connections, self.faults.append, None)
        self.listener = Listener(tcp(["127.0.0.1"], 0)[0], Door(made))
        await self.listener.start()
        self.port = self.listener.port
        return self

    async def stop(self, grace: float = 5) -> None:
        """As a server does."""
        await self.listener.stop()
        self.app.close()
        await self.connections.drain(grace)
        await self.service.stop()

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection, which is closed on leaving."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.clients.append(writer)
        return reader, writer

    async def __aexit__(self, *_: object) -> None:
        for writer in self.clients:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await self.stop(1)
        assert self.faults == []


class Events:
    """A client of the event source."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self._text = b""
        self.last = ""

    @classmethod
    async def open(cls, web: JmapWeb, query: str, address: str = BOB, **headers: str) -> "Events":
        """Connects, and reads the head of the response."""
        made = cls(*await web.dial())
        given = {"Host": f"127.0.0.1:{web.port}", "Authorization": basic(address), **headers}
        fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
        made.writer.write(f"GET /jmap/eventsource?{query} HTTP/1.1\r\n{fields}\r\n".encode())
        made.status = int((await made._line()).split()[1])
        while line := await made._line():
            name, _, value = line.partition(":")
            made.headers[name.lower()] = value.strip()
        return made

    async def _line(self) -> str:
        return (await asyncio.wait_for(self.reader.readline(), PATIENCE)).decode().rstrip("\r\n")

    async def event(self) -> dict[str, str] | None:
        """The next block of lines, by the names of its fields; None at the clean end of the response."""
        while b"\n\n" not in self._text:
            size = int(await self._line(), 16)
            if not size:
                return None
            self._text += await asyncio.wait_for(self.reader.readexactly(size + 2), PATIENCE)
            self._text = self._text[:-2]
        block, _, self._text = self._text.partition(b"\n\n")
        found = dict(line.split(": ", 1) for line in block.decode().split("\n"))
        self.last = found.get("id", self.last)
        return found

    async def state(self) -> dict[str, Any]:
        """What the next event says has changed."""
        found = await self.event()
        assert found is not None
        assert found["event"] == "state", found
        told = json.loads(found["data"])
        assert told["@type"] == "StateChange"
        changed: dict[str, Any] = told["changed"]
        return changed

    def close(self) -> None:
        self.writer.transport.abort()


class Socket:
    """A client's WebSocket, by wsproto's client side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.ws = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._waiting: list[frames.Event] = []

    @classmethod
    async def open(
        cls, web: JmapWeb, address: str = BOB, *, path: str = "/jmap/ws", subprotocols: tuple[str, ...] = ("jmap",),
        headers: dict[str, str] | None = None, extensions: Any = (),
    ) -> "Socket":  # fmt: skip
        """Connects and shakes hands; see `event` for the answer."""
        made = cls(*await web.dial())
        given = {"Authorization": basic(address), **(headers or {})}
        extra = [(name.encode(), value.encode()) for name, value in given.items()]
        made.send(
            frames.Request(
                host=f"127.0.0.1:{web.port}", target=path, extra_headers=extra, subprotocols=list(subprotocols),
                extensions=list(extensions),
            )
        )  # fmt: skip
        return made

    @classmethod
    async def ready(cls, web: JmapWeb, address: str = BOB) -> "Socket":
        """An accepted one."""
        made = await cls.open(web, address)
        accepted = await made.event()
        assert isinstance(accepted, frames.AcceptConnection), accepted
        assert accepted.subprotocol == "jmap"
        return made

    def send(self, event: frames.Event) -> None:
        self.writer.write(self.ws.send(event))

    async def event(self) -> frames.Event:
        """The next one."""
        while not self._waiting:
            data = await asyncio.wait_for(self.reader.read(65536), PATIENCE)
            self.ws.receive_data(data or None)
            self._waiting += self.ws.events()
        return self._waiting.pop(0)

    def put(self, told: Any) -> None:
        """Sends an object, or text."""
        self.send(frames.TextMessage(data=told if isinstance(told, str) else json.dumps(told)))

    async def told(self) -> Any:
        """The next object."""
        text = ""
        while True:
            event = await self.event()
            assert isinstance(event, frames.TextMessage), event
            text += event.data
            if event.message_finished:
                return json.loads(text)

    def close(self) -> None:
        self.writer.transport.abort()
