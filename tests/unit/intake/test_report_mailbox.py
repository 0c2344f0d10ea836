"""The mailbox to which reports come: each message looked at once, whatever it holds."""

from __future__ import annotations

import gzip

import msgspec
import pytest

from postroom.intake import report_mailbox
from postroom.intake.report_mailbox import AT_ONCE, Looked, ReportMailbox, read_file, unpacked
from postroom.message.address import Address
from postroom.message.feedback.aggregate import AggregateReport
from postroom.message.feedback.packing import BadReport
from postroom.store.directory.errors import NotFound
from postroom.store.peers import received_reports
from postroom.store.peers.received_reports import ReceivedReport
from report_samples import AGGREGATE, FAILURE, JSON, ORIGINAL, TLS, XML, mail
from sorting_office import SortingOffice

NOW = 1_750_200_000_000_000
BOB = Address("bob", "hamburger.test")
PROVEN = b"Authentication-Results: mx.hamburger.test; dmarc=pass header.from=acme.test\r\nReceived: x\r\n"
DMARC_MAIL = mail(("application/gzip", gzip.compress(XML, mtime=0)))
TLS_MAIL = mail(("application/tlsrpt+gzip", gzip.compress(JSON, mtime=0)))
FAILURE_MAIL = mail(("message/feedback-report", FAILURE), ("message/rfc822", ORIGINAL))


async def look(office: SortingOffice) -> Looked:
    box = ReportMailbox(office.engine, office.store.read_email, office.ids.next, ("mx.hamburger.test",))
    return await box.look(BOB, NOW)


async def kept(office: SortingOffice, kind: str) -> list[ReceivedReport]:
    return await received_reports.listing(office.engine.reading(), kind, "", 0, 100)


async def test_reports_are_kept(office: SortingOffice) -> None:
    for raw in (PROVEN + DMARC_MAIL, TLS_MAIL, FAILURE_MAIL, b"From: x@y.test\r\n\r\nhello\r\n"):
        await office.accept("bob@hamburger.test", content=raw)
    looked = await look(office)
    assert (looked.messages, looked.kept, looked.problems) == (4, 3, [])
    (dmarc,) = await kept(office, "dmarc")
    assert (dmarc.domain, dmarc.sender, dmarc.verified) == ("crepes.test", "acme.test", 1)
    assert (dmarc.passed, dmarc.failed) == (0, sum(range(1, 200)))
    assert msgspec.json.decode(unpacked(dmarc), type=AggregateReport) == AGGREGATE
    assert len(dmarc.packed) < 3000
    (tls,) = await kept(office, "tls")
    assert (tls.domain, tls.verified, tls.passed) == (TLS.domain, 0, 3)
    (failure,) = await kept(office, "failure")
    assert (failure.domain, failure.failed, failure.begins) == ("crepes.test", 1, 1_750_000_000)
    assert len(await office.inbox(office.bob)) == 4  # the mail stays


async def test_each_message_is_looked_at_once(office: SortingOffice) -> None:
    await office.accept("bob@hamburger.test", content=DMARC_MAIL)
    assert (await look(office)).messages == 1
    assert (await look(office)).messages == 0
    await office.accept("bob@hamburger.test", content=DMARC_MAIL)  # the same report again
    looked = await look(office)
    assert (looked.messages, looked.kept) == (1, 0)


async def test_many_are_looked_at_in_turns(office: SortingOffice) -> None:
    for _ in range(AT_ONCE + 1):
        await office.accept("bob@hamburger.test", content=TLS_MAIL)
    assert [(await look(office)).messages for _ in range(3)] == [AT_ONCE, 1, 0]


async def test_a_forged_report_does_not_take_the_place_of_a_true_one(office: SortingOffice) -> None:
    forged = DMARC_MAIL.replace(b"r@acme.test", b"r@evil.test")
    for raw in (DMARC_MAIL, forged, PROVEN + DMARC_MAIL):
        await office.accept("bob@hamburger.test", content=raw)
    assert (await look(office)).kept == 3
    assert {(one.sender, one.verified) for one in await kept(office, "dmarc")} == {
        ("acme.test", 0),
        ("evil.test", 0),
        ("acme.test", 1),
    }


@pytest.mark.parametrize(
    "octets",
    [
        gzip.compress(bytes(30_000_000), mtime=0),
        gzip.compress(b'<!DOCTYPE x [<!ENTITY a "b">]><feedback>&a;</feedback>', mtime=0),
        gzip.compress(b'{"a":' * 100_000, mtime=0),
        b"\x1f\x8b" + bytes(100),
    ],
)
async def test_what_cannot_be_read_is_told_and_left(office: SortingOffice, octets: bytes) -> None:
    await office.accept("bob@hamburger.test", content=mail(("application/gzip", octets)))
    looked = await look(office)
    assert (looked.messages, looked.kept, len(looked.problems)) == (1, 0, 1)
    assert looked.problems[0].startswith("uid 1: ")
    assert (await look(office)).messages == 0


async def test_one_that_is_too_long_is_not_read(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_mailbox, "MAX_MESSAGE", 100)
    await office.accept("bob@hamburger.test", content=DMARC_MAIL)
    assert "at most 100 are looked at" in (await look(office)).problems[0]


async def test_without_the_account_it_is_said(office: SortingOffice) -> None:
    box = ReportMailbox(office.engine, office.store.read_email, office.ids.next, ())
    with pytest.raises(NotFound, match=r"there is no account nobody@hamburger\.test"):
        await box.look(Address("nobody", "hamburger.test"), NOW)


@pytest.mark.parametrize(
    ("octets", "kinds"),
    [
        (XML, ["dmarc"]),
        (gzip.compress(XML, mtime=0), ["dmarc"]),
        (JSON, ["tls"]),
        (DMARC_MAIL, ["dmarc"]),
        (FAILURE_MAIL, ["failure"]),
        (mail(("text/xml", XML), ("application/json", JSON)), ["dmarc", "tls"]),
    ],
)
def test_a_file(octets: bytes, kinds: list[str]) -> None:
    found = read_file(octets, NOW)
    assert [one.kind for one in found] == kinds
    assert {one.verified for one in found} == {received_reports.FROM_FILE}


@pytest.mark.parametrize("octets", [b"", b"hello", mail(("application/gzip", b"\x1f\x8bx")), XML[:-20]])
def test_a_file_without_a_report(octets: bytes) -> None:
    with pytest.raises(BadReport):
        read_file(octets, NOW)
