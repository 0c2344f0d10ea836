"""Messages that are spilled while they come: through real doors, into a real store, and on to a next hop."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from next_hop import NextHop
from postroom.intake.client import Account
from postroom.intake.mx import MxDoor
from postroom.intake.submission import SubmissionDoor
from postroom.message.summary.summary import Summary, summarize
from postroom.proto.dns.answer import Mx
from postroom.proto.smtp.config import Limits, Service
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.store.mailboxes import messages
from smtp_session import Talk, service
from smtp_stage import NO_USER, config
from sorting_office import SortingOffice

BOB, CAROL = "bob@hamburger.test", "carol@hamburger.test"
MIB = 1 << 20
LINE = b"Do you like ketchup? How about pickles? Both, with onions and some mustard...\r\n"
HEADER = b"From: x@r.test\r\nSubject: long\r\nMessage-ID: <long@r.test>\r\n\r\n"


def text(size: int) -> bytes:
    return HEADER + LINE * (size // len(LINE)) + b".dots\r\n"


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    return tmp_path / "incoming"


@pytest.fixture(params=["spilled", "in memory"])
def kept_in(request: pytest.FixtureRequest, incoming: Path) -> Path | None:
    """Where long messages are kept while they come."""
    return incoming if request.param == "spilled" else None


def talk_to(office: SortingOffice, incoming: Path | None, **more: Any) -> Talk:
    values = {"budget": BodyBudget(256 * MIB), "next_id": office.ids.next, "incoming": incoming} | more
    return Talk(service(values.pop("door", None) or MxDoor(office.premises()), **values))


async def begin(talk: Talk, *recipients: str, verb: str = "EHLO") -> None:
    said = await talk.say(
        f"{verb} a.test", "MAIL FROM:<x@r.test>", *(f"RCPT TO:<{one}>" for one in recipients)
    )
    assert said[-1].startswith("250 "), said


async def by_data(talk: Talk, octets: bytes) -> list[str]:
    assert (await talk.say("DATA"))[0].startswith("354")
    stuffed = octets.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    said: list[str] = []
    for start in range(0, len(stuffed), 100_000):
        said += await talk.hear(stuffed[start : start + 100_000])
    return said


async def by_chunks(talk: Talk, octets: bytes) -> list[str]:
    said: list[str] = []
    pieces = [octets[start : start + 700_000] for start in range(0, len(octets), 700_000)]
    for piece in pieces:
        said = await talk.hear(b"BDAT %d\r\n" % len(piece) + piece)
    return said + await talk.say("BDAT 0 LAST")


async def the_only(office: SortingOffice, account_id: int) -> bytes:
    (raw,) = await office.inbox(account_id)
    return raw


@pytest.mark.parametrize("size", [MIB, 20 * MIB])
@pytest.mark.parametrize("send", [by_data, by_chunks])
async def test_it_arrives(office: SortingOffice, incoming: Path, send: Any, size: int) -> None:
    talk = talk_to(office, incoming)
    await begin(talk, BOB)
    assert (await send(talk, text(size)))[-1].startswith("250 2.0.0")
    raw = await the_only(office, office.bob)
    assert raw.endswith(text(size))
    assert raw.startswith(
        b"Return-Path: <x@r.test>\r\nDelivered-To: bob@hamburger.test\r\nReceived: from a.test"
    )
    assert raw.count(b"Received:") == 1
    assert list(incoming.iterdir()) == []


async def test_its_summary_is_that_of_any_message(office: SortingOffice, kept_in: Path | None) -> None:
    talk = talk_to(office, kept_in)
    await begin(talk, BOB)
    await by_data(talk, text(MIB))
    (row,) = await office.rows("SELECT summary, size, email_id FROM emails")
    raw = await the_only(office, office.bob)
    assert Summary.unpack(row[0]) == summarize(raw)
    assert row[1] == len(raw)
    email = await messages.email(office.engine.reading(), office.bob, row[2])
    assert email is not None
    assert await office.store.digest(office.bob, email.blob_id, contents=True) is not None


@pytest.mark.parametrize("size", [MIB, 5 * MIB])
async def test_two_recipients_over_lmtp(office: SortingOffice, incoming: Path, size: int) -> None:
    carol = await office.add_account(CAROL)
    office.start()
    talk = talk_to(office, incoming, kind=Service.LMTP)
    await begin(talk, BOB, CAROL, verb="LHLO")
    assert [line[:9] for line in await by_data(talk, text(size))] == ["250 2.0.0"] * 2
    await office.idle()
    for account_id, address in ((office.bob, b"bob"), (carol, b"carol")):
        raw = await the_only(office, account_id)
        assert raw.endswith(text(size))
        assert raw.count(b"Delivered-To: " + address) == 1
    assert {row[0] for row in await office.rows("SELECT place FROM blobs WHERE refs > 0")} == {1}


async def test_a_mailbox_that_is_full_then_leaves_nothing(office: SortingOffice, incoming: Path) -> None:
    await office.add_account(CAROL, quota=MIB // 2)
    talk = talk_to(office, incoming)
    await begin(talk, CAROL)
    assert (await by_data(talk, text(MIB)))[-1].startswith("452 4.2.2")
    assert await office.empty()
    assert office.store.files is not None
    assert list(office.store.files.listing()) == []


async def test_one_of_two_mailboxes_is_full(office: SortingOffice, incoming: Path) -> None:
    await office.add_account(CAROL, quota=MIB // 2)
    office.start()
    talk = talk_to(office, incoming)
    await begin(talk, BOB, CAROL)
    assert (await by_data(talk, text(MIB)))[-1].startswith("250 2.0.0")
    assert (await the_only(office, office.bob)).endswith(text(MIB))
    assert await office.waiting() == [("", [CAROL])]


async def test_a_full_mailbox_that_is_tried_again_takes_no_room(
    office: SortingOffice, incoming: Path
) -> None:
    carol = await office.add_account(CAROL, quota=MIB)
    office.start()
    talk = talk_to(office, incoming)
    await begin(talk, BOB, CAROL)
    await by_data(talk, text(5 * MIB))
    await office.until(lambda: delayed(office))
    assert office.store.files is not None
    assert carol not in {account_id for account_id, _, _ in office.store.files.listing()}


async def delayed(office: SortingOffice) -> bool:
    return bool(await office.rows("SELECT 1 FROM rcpt WHERE status <> ''"))


@pytest.fixture
async def hop(office: SortingOffice) -> Any:
    """The next hop of r.test."""
    hop = await NextHop().listen()
    office.zone.exchangers["r.test"] = [Mx(0, "mx.r.test")]
    office.zone.hosts["mx.r.test"] = [hop.ip]
    office.ports[hop.ip] = hop.port
    yield hop
    await hop.close()


@pytest.mark.parametrize("withheld", [(), ("CHUNKING",), ("8BITMIME",), ("PIPELINING", "CHUNKING")])
async def test_here_and_elsewhere(
    office: SortingOffice, incoming: Path, hop: NextHop, withheld: tuple[str, ...]
) -> None:
    hop.settings = msgspec.structs.replace(config(), withheld=frozenset(withheld))
    office.start(office.remote())
    talk = talk_to(office, incoming, door=SubmissionDoor(office.premises(), lambda: "unique"))
    talk.session._client.login = Account(office.bob, BOB, "PLAIN")
    await talk.say("EHLO a.test", f"MAIL FROM:<{BOB}>", f"RCPT TO:<{BOB}>", "RCPT TO:<eve@r.test>")
    accent = b"e" if "8BITMIME" in withheld else b"\xc3\xa9"
    body = LINE * 20_000 + b".caf" + accent + b"\r\n"
    header = b"From: bob@hamburger.test\r\nBcc: eve@r.test\r\nSubject: cafe\r\n\r\n"
    assert (await by_data(talk, header + body))[-1].startswith("250 2.0.0")
    await office.idle()
    (relayed,) = hop.letters
    for raw in (relayed, await the_only(office, office.bob)):
        assert raw.endswith(b"\r\n\r\n" + body)
        assert b"Bcc" not in raw
        assert b"Message-ID: <unique@mx.hamburger.test>" in raw


async def test_a_report_on_it_returns_its_header(office: SortingOffice, incoming: Path, hop: NextHop) -> None:
    hop.prepare = lambda stage: stage.refused.update(eve=NO_USER)
    office.start(office.remote())
    talk = talk_to(office, incoming, door=SubmissionDoor(office.premises(), lambda: "unique"))
    talk.session._client.login = Account(office.bob, BOB, "PLAIN")
    await talk.say("EHLO a.test", f"MAIL FROM:<{BOB}>", "RCPT TO:<eve@r.test>")
    await by_data(talk, text(MIB).replace(b"x@r.test", BOB.encode()))
    await office.idle()
    report = await the_only(office, office.bob)
    assert b"\r\nSubject: long\r\n" in report
    assert len(report) < 10_000


@pytest.mark.parametrize("octets", [text(2 * MIB), text(MIB).replace(b"pickles? Both", b"pickles?\n Both")])
async def test_what_is_refused_at_the_end_leaves_nothing(
    office: SortingOffice, incoming: Path, octets: bytes
) -> None:
    budget = BodyBudget(256 * MIB)
    talk = talk_to(office, incoming, limits=Limits(message=3 * MIB // 2), budget=budget)
    await begin(talk, BOB)
    assert (await by_data(talk, octets))[-1][:1] == "5"
    assert await office.empty()
    assert budget.take(256 * MIB)


async def test_a_cut_in_the_middle_leaves_nothing(office: SortingOffice, incoming: Path) -> None:
    budget = BodyBudget(256 * MIB)
    talk = talk_to(office, incoming, budget=budget)
    await begin(talk, BOB)
    await talk.say("DATA")
    await talk.hear(text(MIB))
    await talk.hear(text(MIB))
    assert not budget.take(256 * MIB)
    talk.session.closed("lost")
    assert list(incoming.iterdir()) == []
    assert budget.take(256 * MIB)


async def test_a_full_disk_is_said_and_the_next_message_is_fine(
    office: SortingOffice, incoming: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = talk_to(office, incoming)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        await begin(talk, BOB)
        assert (await by_data(talk, text(MIB)))[-1].startswith("452 4.3.1")
    assert await office.empty()
    await begin(talk, BOB)
    assert (await by_data(talk, text(MIB)))[-1].startswith("250 2.0.0")


async def test_when_the_budget_is_used_up_a_message_waits(office: SortingOffice, incoming: Path) -> None:
    budget = BodyBudget(2 * MIB)
    assert budget.take(MIB)
    talk = talk_to(office, incoming, budget=budget)
    await begin(talk, BOB)
    sending = asyncio.create_task(by_data(talk, text(3 * MIB // 2)))
    await office.until(lambda: not budget.take(1) or budget.give_back(1))
    assert not sending.done()
    budget.give_back(MIB)
    assert (await sending)[-1].startswith("250 2.0.0")
    assert budget.take(2 * MIB)


async def test_whoever_waits_too_long_is_to_come_again(office: SortingOffice, incoming: Path) -> None:
    budget = BodyBudget(2 * MIB, patience=0.0)
    assert budget.take(MIB)
    talk = talk_to(office, incoming, budget=budget)
    await begin(talk, BOB)
    assert (await by_data(talk, text(3 * MIB // 2)))[-1].startswith("452 4.3.1")
    assert await office.empty()
    assert budget.take(MIB)


async def test_a_small_message_counts_too(office: SortingOffice, incoming: Path) -> None:
    budget = BodyBudget(MIB, patience=0.0)
    assert budget.take(MIB)
    talk = talk_to(office, incoming, budget=budget)
    await begin(talk, BOB)
    assert (await by_data(talk, text(1000)))[-1].startswith("452 4.3.1")
    budget.give_back(MIB)
    await begin(talk, BOB)
    assert (await by_data(talk, text(1000)))[-1].startswith("250 2.0.0")


def full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, "full")
