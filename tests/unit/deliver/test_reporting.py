"""Reports to others: when they go, to whom, what they hold, what happens when something is in the way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from postroom.deliver.reporting import (
    DAY,
    GIVE_UP,
    MAX_POLICIES,
    PAUSE,
    SPREAD,
    Reports,
    ReportSender,
    Unwanted,
    moment,
)
from postroom.deliver.tally import Tally
from postroom.message.address import Address
from postroom.message.errors import MailError, TryLater
from postroom.message.feedback.aggregate import AggregateReport, PolicyPublished, Row, Seen
from postroom.message.feedback.finding import reports_in
from postroom.message.feedback.tls_report import (
    CountedFailure,
    PolicyReport,
    TlsFailure,
    TlsPolicy,
    TlsReport,
)
from postroom.message.headers.header import Header
from postroom.store.peers import report_rows
from postroom.store.peers.report_rows import DMARC, TLS, DueReport, SentReport
from postroom.store.store import Store
from spf_zone import Zone

TODAY = 20_000
NOON = TODAY * DAY + DAY // 2
RUA = "_dmarc.e.test TXT v=DMARC1; p=reject; rua=mailto:r@e.test"
TLSRPT = "_smtp._tls.e.test TXT v=TLSRPTv1; rua=mailto:t@e.test,https://t.test/up"


class World:
    """A store with rows, and an office that notes what it is given to post."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tally = Tally(store.engine)
        self.posted: list[tuple[list[str], bytes]] = []
        self.published: list[tuple[str, bytes, str]] = []
        self.refuses: MailError | None = None
        self.tried = 0

    async def post(self, author: Address, to: Sequence[Address], raw: bytes) -> int:
        assert str(author) == "postmaster@hamburger.test"
        if self.refuses is not None:
            raise self.refuses
        self.posted.append(([str(one) for one in to], raw))
        return len(self.posted)

    async def publish(self, url: str, octets: bytes, media_type: str) -> None:
        if "unwanted" in url:
            raise Unwanted("it answers 404")
        if "broken" in url:
            self.tried += 1
            raise OSError("no")
        self.published.append((url, octets, media_type))

    async def saw(
        self, ip: str = "192.0.2.1", policy: str = "reject", domain: str = "e.test", day: int = TODAY - 1
    ) -> None:
        at = (day * DAY + 77) * 1_000_000
        self.tally.saw(Seen(PolicyPublished(domain, policy), Row(ip, header_from=domain), at))
        await self.tally.write()

    async def send(
        self, zone: str, now: int = NOON, *, today: bool = False, web: bool = False
    ) -> list[SentReport]:
        author = Address("postmaster", "hamburger.test")
        publish = self.publish if web else None
        reports = Reports(
            self.store.engine, Zone(zone), "hamburger.test", author, self.post, "Postroom", publish
        )
        return await ReportSender(reports).send_due(now * 1_000_000, today=today)

    def reports(self) -> list[AggregateReport | TlsReport]:
        found = [reports_in(raw) for _, raw in self.posted]
        assert not any(one.problems for one in found)
        return [report for one in found for report in one.reports]  # type: ignore[misc]

    async def waiting(self, kind: str = DMARC) -> list[DueReport]:
        return await report_rows.due(self.store.engine.reading(), kind, 1_000_000, 100)


@pytest.fixture
def world(store: Store) -> World:
    """On both engines."""
    return World(store)


async def test_a_report(world: World) -> None:
    for ip in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        await world.saw(ip)
    (sent,) = await world.send(RUA)
    assert (sent.domain, sent.messages, sent.destinations, sent.problem) == ("e.test", 3, "r@e.test", "")
    (report,) = world.reports()
    assert isinstance(report, AggregateReport)
    assert (report.metadata.begin, report.metadata.end) == ((TODAY - 1) * DAY, TODAY * DAY - 1)
    assert (report.metadata.organization, report.policy.p) == ("hamburger.test", "reject")
    assert [(one.row.source_ip, one.count) for one in report.rows] == [("192.0.2.1", 2), ("192.0.2.2", 1)]
    assert report.metadata.report_id == sent.report_id
    assert await world.waiting() == []
    assert await report_rows.sent(world.store.engine.reading(), DMARC, 9) == [sent]
    assert await world.send(RUA) == []


async def test_today_is_not_over(world: World) -> None:
    await world.saw(day=TODAY)
    assert await world.send(RUA) == []
    (first,) = await world.send(RUA, today=True)
    await world.saw(day=TODAY)
    (second,) = await world.send(RUA, NOON + 1, today=True)
    assert first.report_id != second.report_id  # else it would be taken for the same again
    assert world.reports()[1].metadata.end == NOON + 1  # type: ignore[union-attr]


async def test_each_domain_has_its_moment(world: World) -> None:
    moments = {moment(DueReport(DMARC, f"d{n}.test", TODAY - 1)) - TODAY * DAY for n in range(100)}
    assert len(moments) > 90
    assert all(PAUSE <= one < PAUSE + SPREAD for one in moments)
    own = moment(DueReport(DMARC, "e.test", TODAY - 1))
    await world.saw()
    assert await world.send(RUA, own - 1) == []
    assert len(await world.send(RUA, own)) == 1


async def test_the_same_report_twice_is_the_same(world: World) -> None:
    for _ in range(2):  # as after a crash between sending and noting it
        await world.saw()
        await world.send(RUA)
    first, second = world.reports()
    assert first == second
    assert world.posted[0][1] == world.posted[1][1]
    assert len(await report_rows.sent(world.store.engine.reading(), DMARC, 9)) == 1


async def test_policies_that_changed_are_reports_of_their_own(world: World) -> None:
    await world.saw(policy="none")
    for policy in ("reject", "reject", *(f"p{n}" for n in range(10))):
        await world.saw(policy=policy)
    assert len(await world.send(RUA)) == MAX_POLICIES
    assert world.reports()[0].policy.p == "reject"  # type: ignore[union-attr]
    assert await world.waiting() == []


@pytest.mark.parametrize(
    ("zone", "problem"),
    [
        ("", "asks for no reports any more"),
        ("_dmarc.e.test TXT v=DMARC1; p=none", "asks for no reports any more"),
        (
            "_dmarc.e.test TXT v=DMARC1; p=none; rua=mailto:victim@other.example",
            "other.example has not agreed",
        ),
    ],
)
async def test_who_does_not_want_it_gets_none(world: World, zone: str, problem: str) -> None:
    await world.saw()
    (sent,) = await world.send(zone)
    assert problem in sent.problem
    assert world.posted == []
    assert await world.waiting() == []


async def test_who_agrees_gets_it(world: World) -> None:
    await world.saw()
    zone = (
        "_dmarc.e.test TXT v=DMARC1; p=none; rua=mailto:a@other.example,mailto:b@e.test\n"
        "e.test._report._dmarc.other.example TXT v=DMARC1"
    )
    await world.send(zone)
    assert world.posted[0][0] == ["a@other.example", "b@e.test"]


async def test_whose_dns_is_dead_takes_the_report_from_nobody_else(world: World) -> None:
    """RFC 9990 §3.5: every remaining address gets it; §4, step 5: the question may be repeated before that."""
    await world.saw()
    zone = (
        "_dmarc.e.test TXT v=DMARC1; p=none; rua=mailto:a@dead.example,mailto:b@e.test\n"
        "e.test._report._dmarc.dead.example TXT !SERVFAIL"
    )
    assert await world.send(zone) == []
    (sent,) = await world.send(zone, NOON + GIVE_UP * DAY)
    assert (sent.destinations, sent.messages, sent.problem) == ("b@e.test", 1, "")
    assert [to for to, _ in world.posted] == [["b@e.test"]]
    assert await world.waiting() == []


async def test_where_no_destination_can_be_asked_for_the_dns_is_named(world: World) -> None:
    await world.saw()
    zone = (
        "_dmarc.e.test TXT v=DMARC1; p=none; rua=mailto:a@dead.example\n"
        "e.test._report._dmarc.dead.example TXT !SERVFAIL"
    )
    (sent,) = await world.send(zone, NOON + GIVE_UP * DAY)
    assert "the DNS answers SERVFAIL" in sent.problem
    assert world.posted == []


@pytest.mark.parametrize("what", ["dns", "mail"])
async def test_what_fails_is_tried_again_and_given_up_in_the_end(world: World, what: str) -> None:
    await world.saw()
    zone = "_dmarc.e.test TXT !SERVFAIL" if what == "dns" else RUA
    world.refuses = TryLater() if what == "mail" else None
    assert await world.send(zone) == []
    assert await world.send(zone, NOON + (GIVE_UP - 1) * DAY) == []
    assert len(await world.waiting()) == 1
    (sent,) = await world.send(zone, NOON + GIVE_UP * DAY)
    assert sent.problem
    assert sent.destinations == ""
    assert await world.waiting() == []


async def test_one_that_fails_is_in_nobodys_way(world: World) -> None:
    for domain in ("a.test", "e.test", "z.test"):
        await world.saw(domain=domain)
    sent = await world.send(f"{RUA}\n_dmarc.a.test TXT !SERVFAIL\n_dmarc.z.test TXT !TIMEOUT")
    assert [one.domain for one in sent] == ["e.test"]
    assert [one.domain for one in await world.waiting()] == ["a.test", "z.test"]


async def test_a_tls_report(world: World) -> None:
    at = ((TODAY - 1) * DAY + 5) * 1_000_000
    sts, none = TlsPolicy("e.test", "sts", ("mode: enforce",)), TlsPolicy("e.test")
    failure = TlsFailure("certificate-expired", "192.0.2.1", "mx.e.test")
    for policy, what in ((sts, None), (sts, None), (sts, failure), (none, None)):
        world.tally.connected(policy, what, at)
    await world.tally.write()
    (sent,) = await world.send(TLSRPT, web=True)
    assert (sent.kind, sent.messages, sent.problem) == (TLS, 4, "")
    assert sent.destinations == "t@e.test https://t.test/up"
    (report,) = world.reports()
    assert isinstance(report, TlsReport)
    assert set(report.policies) == {
        PolicyReport(sts, 2, (CountedFailure(failure, 1),), 1),
        PolicyReport(none, 1),
    }
    header = Header.parse(world.posted[0][1])
    assert header.get("TLS-Required") == b"No"
    ((url, octets, media_type),) = world.published
    assert (url, media_type) == ("https://t.test/up", "application/tlsrpt+gzip")
    assert octets.startswith(b"\x1f\x8b")


@pytest.mark.parametrize("zone", ["", "_smtp._tls.e.test TXT v=TLSRPTv1; rua=https://t.test/up"])
async def test_no_tls_report_without_a_way(world: World, zone: str) -> None:
    world.tally.connected(TlsPolicy("e.test"), None, (TODAY - 1) * DAY * 1_000_000)
    await world.tally.write()
    assert await world.send(zone) == []
    assert await world.waiting(TLS) == []


TWO_URLS = "_smtp._tls.e.test TXT v=TLSRPTv1; rua=mailto:t@e.test,https://broken.test/,https://t.test/"


async def test_a_url_that_does_not_work_is_tried_for_a_day_and_told(world: World) -> None:
    """RFC 8460 has it tried again for 24 hours, with growing pauses; nobody gets the report twice."""
    world.tally.connected(TlsPolicy("e.test"), None, (TODAY - 1) * DAY * 1_000_000)
    await world.tally.write()
    first = moment(*await world.waiting(TLS))
    tried = []
    for quarter in range(4 * 24 + 2):
        world.tried = 0
        sent = await world.send(TWO_URLS, first + quarter * 900, web=True)
        tried += [quarter] * world.tried
        if sent:
            break
    assert tried == [0, 1, 2, 4, 8, 16, 32, 64, 96]
    assert [one.problem for one in sent] == ["https://broken.test/: no"]
    assert sent[0].destinations == "t@e.test https://broken.test/ https://t.test/"
    assert (len(world.published), len(world.posted)) == (1, 1)
    assert await world.waiting(TLS) == []


async def test_a_url_that_works_again_gets_the_report(world: World) -> None:
    world.tally.connected(TlsPolicy("e.test"), None, (TODAY - 1) * DAY * 1_000_000)
    await world.tally.write()
    first = moment(*await world.waiting(TLS))
    assert await world.send(TWO_URLS, first, web=True) == []
    (sent,) = await world.send(TWO_URLS.replace("broken", "mended"), first + 900, web=True)
    assert sent.problem == ""
    assert [url for url, _, _ in world.published] == ["https://t.test/", "https://mended.test/"]
    assert len(world.posted) == 1


async def test_a_url_that_wants_no_reports_is_not_tried_again(world: World) -> None:
    world.tally.connected(TlsPolicy("e.test"), None, (TODAY - 1) * DAY * 1_000_000)
    await world.tally.write()
    (sent,) = await world.send(TWO_URLS.replace("broken", "unwanted"), web=True)
    assert sent.problem == "https://unwanted.test/: it answers 404"
