"""Hands a message to the user's submission server.

RFC 6409 §3 (submission), RFC 5321 §4.2.5 (a message that was answered 250 is the server's). What went wrong comes with the step it went wrong at. Not
here: the message (`agent.writing`), the dialogue (`proto.smtp.client`).
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable

import msgspec

from postroom.agent.accounts import Account
from postroom.agent.connecting import Way, failed, leave, nonce, open_connection, start_tls, way_to
from postroom.agent.exits import STAGES, Exit, ServerFailed
from postroom.message.envelope import Envelope
from postroom.net.connect import ClientConnection, NetworkError
from postroom.proto.smtp.capabilities import Capabilities
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import Account as Login
from postroom.proto.smtp.client_events import (
    BeginTls,
    ClientConfig,
    ClientEvent,
    Finished,
    Ready,
    TlsUse,
    Unusable,
)
from postroom.proto.smtp.client_parameters import Letter, obstacle

PIECE = 64 * 1024  # octets of a message that go out at once
_QUEUED = re.compile(r"queued as (J[0-9a-z]{1,13})\b", re.IGNORECASE)
_TLS = {"starttls": TlsUse.REQUIRED, "implicit": TlsUse.NEVER, "none": TlsUse.NEVER}

Tell = Callable[[str], None]


class Refusal(msgspec.Struct, frozen=True):
    """A recipient who does not get it, and the server's words."""

    recipient: str
    reply: str


class Submitted(msgspec.Struct, frozen=True):
    """The message was taken: its journey id where the server names one, its last words, and who was refused."""

    journey: str
    reply: str
    refused: list[Refusal]


async def submit(account: Account, envelope: Envelope, raw: bytes, tell: Tell | None = None) -> Submitted:
    """Sends a message. `tell` gets each line of the dialogue. Raises `ServerFailed` when nobody gets it."""
    letter = Letter(envelope, raw)
    if len(raw) > PIECE:  # each piece of which has its time (RFC 5321 §4.5.3.2.5)
        letter = Letter(envelope, (raw[at : at + PIECE] for at in range(0, len(raw), PIECE)), len(raw))
    async with _server(account, tell) as server:
        capabilities = await server.ready()
        return _outcome(envelope, await server.send(letter, capabilities))


async def log_in(account: Account) -> None:
    """Sends nothing: the server is there, its certificate is good, and it takes the login. Raises `ServerFailed`."""
    async with _server(account) as server:
        await server.ready()
        await server.quit()


@contextlib.asynccontextmanager
async def _server(account: Account, tell: Tell | None = None) -> AsyncIterator[_Server]:
    way = await way_to(account, account.smtp, "smtp")
    machine = SmtpClient(_config(account, way))
    connection: ClientConnection[ClientEvent] = await open_connection(way, machine)
    try:
        yield _Server(connection, machine, way, account.now)
    finally:
        if tell is not None:
            for line in machine.take_dialogue():
                tell(line.decode("utf-8", "replace"))
        await leave(connection)


def _config(account: Account, way: Way) -> ClientConfig:
    secret = account.secret()
    login = Login(account.login_name, "", secret) if account.bearer else Login(account.login_name, secret)
    return ClientConfig(
        socket.gethostname() or "localhost",
        account.now,
        tls=_TLS[way.endpoint.tls],
        implicit_tls=way.endpoint.tls == "implicit",
        account=login if secret or account.certificate else None,
        server=way.server_name,
        nonce=nonce,
        certificate=bool(account.certificate),
        plaintext_auth=account.insecure_loopback and way.on_loopback,
    )


class _Server:
    """One connection; all methods raise `ServerFailed`."""

    def __init__(
        self, connection: ClientConnection[ClientEvent], machine: SmtpClient, way: Way, now: Callable[[], int]
    ) -> None:
        self._connection = connection
        self._machine = machine
        self._way = way
        self._now = now

    async def ready(self) -> Capabilities:
        """Greeted, under TLS where that is asked for, logged in."""
        while True:
            match await self._event():
                case BeginTls():
                    await start_tls(self._connection, self._way)
                    self._machine.tls_started()
                case Ready(capabilities=capabilities):
                    return capabilities

    async def send(self, letter: Letter, capabilities: Capabilities) -> Finished:
        """One message, and good-bye."""
        error = obstacle(letter, capabilities, self._now() // 1_000_000)
        if error is not None:
            self._machine.quit()
            raise ServerFailed(f"{self._way.endpoint.host}: {error.public}", Exit.MAIL)
        self._machine.send(letter)
        while not isinstance(event := await self._event(), Finished):
            pass
        await self.quit()
        return event

    async def quit(self) -> None:
        """Takes leave (RFC 5321 §4.1.1.10). What was taken is the server's already: whatever is said now changes nothing."""
        self._machine.quit()
        with contextlib.suppress(NetworkError):
            await self._connection.event(self._machine.deadline)

    async def _event(self) -> ClientEvent:
        try:
            event = await self._connection.event(self._machine.deadline, self._machine.step)
        except NetworkError as error:
            raise failed(error, self._way, STAGES[self._machine.stage]) from error
        if isinstance(event, Unusable):
            who = self._way.endpoint.host
            raise ServerFailed(f"{who}, at {event.stage.value}: {event.reply}", STAGES[event.stage])
        return event


def _outcome(envelope: Envelope, finished: Finished) -> Submitted:
    pairs = list(zip(envelope.recipients, finished.results, strict=True))
    good = [result for _, result in pairs if result.reply.positive]
    refused = [
        Refusal(str(one.address), str(result.reply)) for one, result in pairs if not result.reply.positive
    ]
    if not good:
        worst = pairs[0][1]
        words = "\n".join(f"{one.recipient}: {one.reply}" for one in refused)
        raise ServerFailed(words, STAGES[worst.stage])
    text = str(good[0].reply)
    queued = _QUEUED.search(text)
    return Submitted(queued[1] if queued else "", text, refused)
