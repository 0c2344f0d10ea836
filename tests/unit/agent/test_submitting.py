"""Where a submission fails is what its exit code says."""

from __future__ import annotations

import msgspec
import pytest

from postroom.agent.accounts import Account, Endpoint
from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.invocation import CommandFailed
from postroom.agent.submitting import Submitted, submit
from postroom.message.address import Address
from postroom.message.envelope import Envelope, Recipient
from postroom.proto.smtp import client
from postroom.proto.smtp.client_events import SECONDS, Stage
from scripted import scripted
from slow_line import SlowLine, slow_line

ME = Account("a@crepes.test", password="pw", insecure_loopback=True)
BOB, CAROL = Address("bob", "hamburger.test"), Address("carol", "hamburger.test")
OPEN = ("220 hi", "250-x\r\n250 AUTH PLAIN", "235 ok")


def account(port: int, tls: str = "none", **more: object) -> Account:
    return msgspec.structs.replace(ME, smtp=Endpoint("127.0.0.1", port, tls), **more)


async def send(replies: tuple[str, ...], tls: str = "none", to: tuple[Address, ...] = (BOB,)) -> Submitted:
    envelope = Envelope(Address("a", "crepes.test"), [Recipient(one) for one in to])
    async with scripted(replies) as server:
        return await submit(account(server.port, tls), envelope, b"Subject: x\r\n\r\nhello\r\n")


async def test_a_message_is_taken() -> None:
    replies = (*OPEN, "250 ok", "250 ok", "354 go", "250 2.0.0 Ok: queued as J6xqt", "221 bye")
    # the text, the dot and QUIT are lines too
    done = await send((*OPEN, "250 ok", "250 ok", "354 go", *replies[6:7]))
    assert (done.journey, done.refused) == ("J6xqt", [])


@pytest.mark.parametrize(
    ("replies", "at"),
    [
        (("554 go away",), Exit.GREETING),
        (("",), Exit.GREETING),
        (("220 hi", "421 busy"), Exit.HELLO),
        (("220 hi", "250 x", "500 what"), Exit.LOGIN),
        (("220 hi", "250-x\r\n250 AUTH PLAIN", "535 no"), Exit.LOGIN),
        ((*OPEN, "550 not you"), Exit.MAIL),
        ((*OPEN, "250 ok", "550 5.1.1 nobody"), Exit.RECIPIENTS),
        ((*OPEN, "250 ok", "250 ok", "554 no"), Exit.DATA),
        ((*OPEN, "250 ok", "250 ok", ""), Exit.DATA),
        ((*OPEN, "250 ok", "250 ok", "354 go", "554 5.6.0 ugly"), Exit.AFTER_DATA),
        ((*OPEN, "250 ok", "250 ok", "354 go", ""), Exit.AFTER_DATA),
    ],
)
async def test_each_step_has_its_code(replies: tuple[str, ...], at: Exit) -> None:
    with pytest.raises(ServerFailed) as caught:
        await send(replies)
    assert caught.value.at is at
    assert caught.value.code == int(at)


async def test_no_tls_where_it_must_be() -> None:
    with pytest.raises(ServerFailed, match="TLS is required") as caught:
        await send(("220 hi", "250 x"), "starttls")
    assert caught.value.at is Exit.TLS


async def test_nobody_there() -> None:
    async with scripted(()) as server:
        port = server.port
    with pytest.raises(ServerFailed, match="refused") as caught:
        await submit(account(port), Envelope(None, [Recipient(BOB)]), b"")
    assert caught.value.at is Exit.CONNECT


@pytest.mark.parametrize(
    "change", [{"insecure_loopback": False}, {"smtp": Endpoint("192.0.2.1", 25, "none")}]
)
async def test_a_password_never_goes_in_the_clear(change: dict[str, object]) -> None:
    with pytest.raises(ServerFailed, match="without TLS") as caught:
        await submit(msgspec.structs.replace(account(1), **change), Envelope(None, [Recipient(BOB)]), b"")
    assert caught.value.at is Exit.TLS


async def test_an_account_without_a_server() -> None:
    with pytest.raises(CommandFailed, match="no smtp server"):
        await submit(ME, Envelope(None), b"")


async def test_a_name_that_has_no_address() -> None:
    with pytest.raises(ServerFailed, match="no address found"):
        await submit(
            msgspec.structs.replace(ME, smtp=Endpoint("no-such-host.invalid.", 25)), Envelope(None), b""
        )


async def test_some_are_refused() -> None:
    done = await send((*OPEN, "250 ok", "550 5.1.1 nobody", "250 ok", "354 go", "250 done"), to=(BOB, CAROL))
    assert [(one.recipient, one.reply) for one in done.refused] == [(str(BOB), "550 5.1.1 nobody")]
    assert done.journey == ""


async def test_a_long_message_has_time_on_a_slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5321 §4.5.3.2.5: each piece of it has."""
    monkeypatch.setattr(client, "SECONDS", {**SECONDS, Stage.END: 1.2, Stage.CHUNK: 1.2})
    monkeypatch.setattr(client, "SENDING_SECONDS", 1.2)
    raw = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * 233_000

    async def takes(line: SlowLine) -> None:
        await line.says(*OPEN, "250 ok", "250 ok", "354 go")
        await line.sips(len(raw) - len(b"Subject: x\r\n") + len(b".\r\n"))
        await line.says("250 2.0.0 Ok: queued as J6xqt", "221 bye")

    async with slow_line(takes) as port:
        envelope = Envelope(Address("a", "crepes.test"), [Recipient(BOB)])
        assert (await submit(account(port), envelope, raw)).journey == "J6xqt"
