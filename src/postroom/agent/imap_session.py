"""A session with an IMAP server: connected, logged in, one command after the other.

RFC 9051 §2.2.2 (data comes before the end of a command, and whenever the server has news), §6.3.13 (IDLE), RFC 2971 (ID). Not here: the dialogue
(`proto.imap.client`), what a mailbox is (`imap_mailbox`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from postroom import __version__
from postroom.agent.accounts import Account
from postroom.agent.connecting import (
    Way,
    failed,
    leave,
    next_event,
    nonce,
    open_connection,
    start_tls,
    way_to,
)
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.invocation import CommandFailed
from postroom.net.connect import ClientConnection, NetworkError
from postroom.proto.imap.client import (
    IDLE,
    LOGOUT,
    NOOP,
    ClientEvent,
    Done,
    Failed,
    Idling,
    ImapClient,
    Ready,
    Upgrading,
)
from postroom.proto.imap.client_commands import Request
from postroom.proto.imap.client_login import ImapAccount
from postroom.proto.imap.client_values import Capabilities, Data, Fetched, Status

Tell = Callable[[str], object]
SECONDS = 120.0  # for any answer, or a piece of one
MOST_HEARD = 1_000_000  # answers to one command
MOST_OCTETS = 512 << 20  # of messages in them
IDLE_SECONDS = 25 * 60.0  # after which IDLE is begun anew (RFC 9051 §6.3.13: at least every 29 minutes)


def untold(text: str) -> None:
    """For whoever shows nobody what a server has to say."""
    del text


class Answer(msgspec.Struct, frozen=True):
    """What came of a command: its end, and what the server said before it."""

    done: Done
    data: Sequence[Data | Status]


class ImapSession:
    """Made by `open`. All methods raise `ServerFailed`."""

    def __init__(
        self, connection: ClientConnection[ClientEvent], machine: ImapClient, way: Way, tell: Tell
    ) -> None:
        self._connection = connection
        self._machine = machine
        self._way = way
        self._tell = tell
        self._octets = 0  # of messages, in the answers to the command of now

    @classmethod
    async def open(cls, account: Account, tell: Tell = untold) -> ImapSession:
        """Connects and logs in. `tell` gets what the server wants the person to know (RFC 9051 §7.1, ALERT)."""
        way = await way_to(account, account.imap, "imap")
        login = ImapAccount(
            account.login_name,
            "" if account.bearer else account.secret(),
            secure=way.endpoint.tls == "implicit",
            plaintext=way.endpoint.tls == "none",
            identity=(("name", "Postroom"), ("version", __version__)),
            server=way.server_name,
            nonce=nonce,
            token=account.secret() if account.bearer else "",
            certificate=bool(account.certificate),
        )
        machine = ImapClient(login)
        session = cls(await open_connection(way, machine), machine, way, tell)
        try:
            await session._log_in()
        except BaseException:
            await session.drop()
            raise
        return session

    @property
    def can(self) -> Capabilities:
        """What the server offers."""
        return self._machine.capabilities

    @property
    def utf8(self) -> bool:
        """Whether names are UTF-8."""
        return self._machine.utf8

    async def ask(self, request: Request) -> Answer:
        """Gives a command; its end is an `Answer` whether the server did it or not."""
        self._machine.send(request)
        return await self._until_done([])

    async def do(self, request: Request) -> Answer:
        """Gives a command that has to be done."""
        answer = await self.ask(request)
        if not answer.done.ok:
            raise self.refused(request, answer)
        return answer

    def refused(self, request: Request, answer: Answer) -> ServerFailed:
        """What a server said no to, in words."""
        return ServerFailed(
            f"{self._way.endpoint.host}, at {request.shown[:200]}: {answer.done.text}", Exit.MAILBOX
        )

    async def news(self, seconds: float) -> Sequence[Data | Status]:
        """Waits for news of the selected mailbox, and gives what came of it; without IDLE, asks after `seconds`."""
        if not self.can.has("IDLE"):
            await asyncio.sleep(seconds)
            return (await self.do(NOOP)).data
        self._machine.send(IDLE)
        heard: list[Data | Status] = []
        idling = False  # news may come before the server says that it idles; it cannot be told to end before
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                while not (idling and any(isinstance(one, Data) for one in heard)):
                    event = await self._event(2 * IDLE_SECONDS)
                    if isinstance(event, Done):  # it does not want to, now
                        await asyncio.sleep(seconds)
                        return heard
                    if isinstance(event, Idling):
                        idling = True
                    else:
                        self._take_down(event, heard)
        except TimeoutError:
            pass  # nothing happened
        self._machine.done()
        return (await self._until_done(heard)).data

    async def leave(self) -> None:
        """Takes leave and closes. All is done by then: a server that only hangs up takes nothing back."""
        with suppress(ServerFailed):
            await self.ask(LOGOUT)
        await leave(self._connection)

    async def drop(self) -> None:
        """Closes at once."""
        await leave(self._connection)

    async def _log_in(self) -> None:
        while True:
            match await self._event(SECONDS, Exit.LOGIN):
                case Upgrading():
                    await start_tls(self._connection, self._way)
                    self._machine.tls_started()
                case Ready():
                    return

    async def _until_done(self, heard: list[Data | Status]) -> Answer:
        while True:
            event = await self._event(SECONDS)
            if isinstance(event, Done):
                return Answer(event, heard)
            if not isinstance(event, Idling):
                self._take_down(event, heard)

    def _take_down(self, event: ClientEvent, heard: list[Data | Status]) -> None:
        if isinstance(event, Upgrading | Ready | Idling | Done | Failed):
            raise ServerFailed(f"{self._way.endpoint.host} makes no sense", Exit.MAILBOX)
        self._octets = _octets(event) + (self._octets if heard else 0)
        heard.append(event)
        if len(heard) > MOST_HEARD or self._octets > MOST_OCTETS:
            raise ServerFailed(f"{self._way.endpoint.host} does not come to an end", Exit.MAILBOX)

    async def _event(self, seconds: float, at: Exit = Exit.MAILBOX) -> ClientEvent:
        try:
            event = await next_event(self._connection, seconds)
        except NetworkError as error:
            raise failed(error, self._way, at) from error
        if isinstance(event, Failed):
            at = Exit.TLS if "TLS" in event.why else at
            raise ServerFailed(f"{self._way.endpoint.host}: {event.why}", at)
        if isinstance(event, Status | Done) and event.code == "ALERT":
            self._tell(f"{self._way.endpoint.host} says: {event.text}")
        return event


def _octets(event: Data | Status) -> int:
    sections = event.sections.values() if isinstance(event, Fetched) else ()
    return sum(len(one) for one in sections if one)


def named(make: Callable[..., Request], *words: object, utf8: bool) -> Request:
    """A command with a folder's name in it; raises `CommandFailed` for what is no name."""
    try:
        return make(*words, utf8=utf8)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
