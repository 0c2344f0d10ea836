"""A whole server on either engine: a letter in by SMTP, out by POP3, its journey, and a restart in between."""

from __future__ import annotations

import smtplib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from postroom.app.control import Caller, CallFailed, OperationError, Request, call
from postroom.app.locate import places_of
from postroom.app.operations.office import Submission
from postroom.app.settings.file import Settings
from postroom.message.errors import NotPermitted
from postroom.message.journey.events import Hop, Said
from postroom.store.blobs.spilled import Spilled
from whole_server import PASSWORD, Running, fetch, send, settings_of, thread


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database = "" if request.param == "sqlite" else request.getfixturevalue("database_url")
    return settings_of(tmp_path / "data", database)


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


async def test_what_was_changed_is_heard_of_though_its_caller_has_gone_or_it_failed_in_the_middle(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    looked: list[str] = []

    async def look() -> None:
        looked.append(request.operation)

    monkeypatch.setattr(running.server, "wake", lambda: woken.append(request.operation))
    monkeypatch.setattr(running.server.services.logins, "look", look)
    request = Request("account.set", {"address": "bob@l.test", "enabled": False})
    records = running.server._perform(Caller(0, 1, "root"), request)
    assert (await anext(records))["enabled"] is False  # committed
    await records.aclose()  # as when what is said to a caller who has gone raises
    request = Request("dkim.create", {"domain": "l.test", "selector": "s", "algorithm": "none"})
    with pytest.raises(OperationError):
        await anext(running.server._perform(Caller(0, 1, "root"), request))
    assert woken == looked == ["account.set", "dkim.create"]
    with pytest.raises(NotPermitted):
        await anext(running.server._perform(Caller(4242, 1, "alice"), request))
    assert len(woken) == 2


def submit(server: Running, size: int) -> str:
    """A message of that many octets by the control socket; gives its id."""
    head, line = b"Subject: long\r\n\r\n", b"0123456789abcde\xe9\r\n"
    lines, rest = divmod(size - len(head) - len(line), len(line))
    content = head + lines * line + b"x" * (rest + len(line) - 2) + b"\r\n"
    [record] = call(
        places_of(server.settings).control, Request("submit", {"recipients": ["bob@l.test"]}), content
    )
    return str(record["id"])


async def test_an_empty_message_by_the_control_socket(running: Running) -> None:
    """Programs call sendmail with nothing to say; that is a message, too."""
    request = Request("submit", {"recipients": ["bob@l.test"]})
    [record] = await thread(lambda: list(call(places_of(running.settings).control, request)))
    assert str(record["id"]).startswith("J")
    [message] = await thread(lambda: fetch(running.ports["pop3s"]))
    assert b"\r\nFrom: " in message


@pytest.mark.parametrize("size", [100, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3_000_000])
async def test_a_message_by_the_control_socket_is_counted_with_others_and_spilled(
    running: Running, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget, kinds = running.server.parts.budget, []
    used: list[int] = []
    submit_ = running.server.submit

    async def seen(submission: Submission) -> int:
        kinds.append(type(submission.content))
        used.append(budget.used)
        return await submit_(submission)

    monkeypatch.setattr(running.server, "submit", seen)
    assert (await thread(lambda: submit(running, size))).startswith("J")
    [message] = await thread(lambda: fetch(running.ports["pop3s"]))
    assert used == [size]
    assert budget.used == 0
    on_file = running.server.parts.store.files is not None and size > 1 << 18
    assert kinds == [Spilled if on_file else bytes]
    assert b"Subject: long\r\n" in message
    body = message.partition(b"\r\n\r\n")[2]
    assert len(body) + 2 == size - len(b"Subject: long\r\n\r\n")


async def test_a_message_by_the_control_socket_may_be_as_large_as_any(settings: Settings) -> None:
    limits = msgspec.structs.replace(settings.limits, message_bytes=65_536)
    async with Running(msgspec.structs.replace(settings, limits=limits)) as server:
        await server.settle()
        await thread(lambda: submit(server, 65_536))
        with pytest.raises(CallFailed, match="65537 octets, at most 65536") as caught:
            await thread(lambda: submit(server, 65_537))
        assert caught.value.failed.status == "5.3.4"


async def test_a_message_by_the_control_socket_finds_room_or_is_refused_like_others(
    settings: Settings,
) -> None:
    limits = msgspec.structs.replace(settings.limits, bodies_in_flight=1_000_000)
    async with Running(msgspec.structs.replace(settings, limits=limits)) as server:
        await server.settle()
        budget = server.server.parts.budget
        with pytest.raises(CallFailed, match="No room for a message of 1200000 octets") as caught:
            await thread(lambda: submit(server, 1_200_000))
        assert (caught.value.failed.status, caught.value.failed.temporary) == ("4.3.1", True)
        assert budget.used == 0


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
