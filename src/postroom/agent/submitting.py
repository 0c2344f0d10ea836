"""Hands a message to the user's submission server.

RFC 6409 §3 (submission), RFC 5321 §4.2.5 (a message that was answered 250 is the server's). What went wrong comes with the step it went wrong at. Not
here: the message (`agent.writing`), the dialogue (`proto.smtp.client`).
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable

import msgspec

from postroom.agent.accounts import Account
from postroom.agent.connecting import Way, failed, leave, nonce, open_connection, start_tls, way_to
from postroom.agent.exits import STAGES, Exit, ServerFailed
from postroom.message.envelope import Envelope
from postroom.net.connect import ClientConnection, NetworkError
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
    way = await way_to(account, account.smtp, "smtp")
    machine = SmtpClient(_config(account, way))
    connection: ClientConnection[ClientEvent] = await open_connection(way, machine)
    machine.binding = connection.binding
    try:
        finished = await _converse(connection, machine, way, Letter(envelope, raw))
    finally:
        if tell is not None:
            for line in machine.take_dialogue():
                tell(line.decode("utf-8", "replace"))
        await leave(connection)
    return _outcome(envelope, finished)


def _config(account: Account, way: Way) -> ClientConfig:
    secret = account.secret()
    login = Login(account.login_name, "", secret) if account.bearer else Login(account.login_name, secret)
    return ClientConfig(
        socket.gethostname() or "localhost",
        lambda: time.time_ns() // 1000,
        tls=_TLS[way.endpoint.tls],
        implicit_tls=way.endpoint.tls == "implicit",
        account=login if secret or account.certificate else None,
        server=way.server_name,
        nonce=nonce,
        certificate=bool(account.certificate),
        plaintext_auth=account.insecure_loopback and way.on_loopback,
    )


async def _converse(
    connection: ClientConnection[ClientEvent], machine: SmtpClient, way: Way, letter: Letter
) -> Finished:
    while True:
        try:
            event = await connection.event(machine.deadline)
        except NetworkError as error:
            raise failed(error, way, STAGES[machine.stage]) from error
        match event:
            case BeginTls():
                await start_tls(connection, way)
                machine.tls_started()
            case Ready():
                error_ = obstacle(letter, event.capabilities, int(time.time()))
                if error_ is not None:
                    machine.quit()
                    raise ServerFailed(f"{way.endpoint.host}: {error_.public}", Exit.MAIL)
                machine.send(letter)
            case Unusable():
                who = way.endpoint.host
                raise ServerFailed(f"{who}, at {event.stage.value}: {event.reply}", STAGES[event.stage])
            case Finished():
                await _quit(connection, machine)
                return event


async def _quit(connection: ClientConnection[ClientEvent], machine: SmtpClient) -> None:
    """Takes leave (RFC 5321 §4.1.1.10). The message is the server's already: whatever is said now changes nothing."""
    machine.quit()
    try:
        await connection.event(machine.deadline)
    except NetworkError:
        pass


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
