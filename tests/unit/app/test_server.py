"""A whole server on either engine: a letter in by SMTP, out by POP3, its journey, and a restart in between."""

from __future__ import annotations

import asyncio
import io
import poplib
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest

from postroom.app.control import Request, call
from postroom.app.locate import places_of
from postroom.app.logs import make_log
from postroom.app.server import Server, internet
from postroom.app.settings import Settings, parse
from postroom.message.journey import Hop, Said

PASSWORD = "canary-5c1b"
MESSAGE = b"From: alice@r.test\r\nSubject: Ketchup\r\n\r\nDo you like ketchup?\r\n.\r\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database = "" if request.param == "sqlite" else request.getfixturevalue("database_url")
    return parse(
        f"""
        [server]
        hostname = "mail.l.test"
        data = "{tmp_path}/data"
        database = "{database}"
        [listen]
        addresses = ["127.0.0.1"]
        smtp = 0
        submission = 0
        submissions = 0
        lmtp = 0
        pop3 = 0
        pop3s = 0
        imap = 0
        imaps = 0
        [limits]
        free_bytes = 0
        """
    )


class Running:
    """A server and its ports; `log` is what it wrote."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = io.StringIO()

    async def __aenter__(self) -> Self:
        world = msgspec.structs.replace(internet(self.settings), log=make_log("json", "info", self.log))
        self.server = await Server.open(self.settings, world, asyncio.Event())
        self.ports = await self.server.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.server.stop()

    async def operate(self, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        path = places_of(self.settings).control
        return await asyncio.to_thread(lambda: list(call(path, Request(operation, arguments))))

    async def settle(self) -> None:
        await self.operate("domain.add", name="l.test")
        await self.operate("account.add", address="bob@l.test", password=PASSWORD)


async def thread(work: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(asyncio.to_thread(work), 30)


def send(port: int, recipient: str = "bob@l.test") -> None:
    with smtplib.SMTP("127.0.0.1", port, "r.test") as smtp:
        smtp.sendmail("alice@r.test", [recipient], MESSAGE)


def fetch(port: int) -> list[bytes]:
    context = ssl._create_unverified_context()
    box = poplib.POP3_SSL("127.0.0.1", port, context=context)
    box.user("bob@l.test")
    box.pass_(PASSWORD)
    messages = [b"\r\n".join(box.retr(number + 1)[1]) for number in range(box.stat()[0])]
    box.quit()
    return messages


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[Running]:
    async with Running(settings) as server:
        await server.settle()
        yield server


async def test_a_letter_goes_in_and_comes_out(running: Running) -> None:
    await thread(lambda: send(running.ports["smtp"]))
    [message] = await thread(lambda: fetch(running.ports["pop3s"]))
    assert message.startswith(b"Return-Path: <alice@r.test>\r\nDelivered-To: bob@l.test\r\nReceived: from ")
    assert message.endswith(b"\r\n\r\nDo you like ketchup?\r\n.")


async def test_its_journey_is_kept(running: Running) -> None:
    await thread(lambda: send(running.ports["smtp"]))
    records = await running.operate("journey.list")
    assert len(records) == 1
    [shown] = await running.operate("journey.show", id=records[0]["id"])
    hops = [Hop.unpack(packed) for packed in shown["hops"]]
    said = [
        line.lower()
        for hop in hops
        for event in hop.events
        if isinstance(event, Said)
        for line in event.lines
    ]
    assert b"<rcpt to:<bob@l.test>" in said
    assert said[-1].startswith(b">250 2.0.0 ok: queued as j")


async def test_only_what_changes_something_wakes_the_queue(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    asked = ""
    monkeypatch.setattr(running.server, "wake", lambda: woken.append(asked))
    for asked in ("queue.list", "queue.count", "check", "list.list"):
        await running.operate(asked)
    asked = "domain.add"
    await running.operate(asked, name="m.test")
    assert set(woken) == {"domain.add"}


async def test_mail_survives_a_restart(settings: Settings) -> None:
    async with Running(settings) as server:
        await server.settle()
        await thread(lambda: send(server.ports["smtp"]))
    async with Running(settings) as server:
        assert len(await thread(lambda: fetch(server.ports["pop3s"]))) == 1


async def test_no_relay_and_no_unknown_user(running: Running) -> None:
    for recipient, code in (("x@elsewhere.test", 550), ("nobody@l.test", 550)):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            await thread(lambda recipient=recipient: send(running.ports["smtp"], recipient))
        assert caught.value.recipients[recipient][0] == code


async def test_each_event_has_the_id_and_no_secret(running: Running) -> None:
    await thread(lambda: send(running.ports["smtp"]))
    await thread(lambda: fetch(running.ports["pop3s"]))
    lines = [msgspec.json.decode(line) for line in running.log.getvalue().splitlines()]
    accepted = [line for line in lines if line["event"] == "message.accepted"]
    assert [line["id"][0] for line in accepted] == ["J"]
    assert PASSWORD not in running.log.getvalue()
