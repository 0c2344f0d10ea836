"""Reports of a whole server: what was counted goes out as mail, comes in to the account named for it, and is listed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from authority import Issued
from policy_server import PolicyServer, response
from postroom.app import reporting
from postroom.app.operations.office import Submission
from postroom.app.settings.file import ReportSettings, Settings, SettingsError
from postroom.message.envelope import Notify
from postroom.message.feedback.aggregate import PolicyPublished, Row, Seen
from postroom.message.feedback.finding import reports_in
from postroom.message.feedback.tls_report import TlsFailure, TlsPolicy
from postroom.net.https import Web
from postroom.proto.dns.answer import Answer, Family, Kind
from postroom.store.peers import received_reports, report_rows
from spf_zone import Zone
from whole_server import Running, fetch, send, settings_of, thread

ZONE = (
    "_dmarc.l.test TXT v=DMARC1; p=reject; rua=mailto:bob@l.test\n"
    "_smtp._tls.l.test TXT v=TLSRPTv1; rua=mailto:bob@l.test"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database = "" if request.param == "sqlite" else request.getfixturevalue("database_url")
    reports = ReportSettings(sender="reports@l.test", organization="l.test", account="bob@l.test")
    return msgspec.structs.replace(settings_of(tmp_path / "data", database), reports=reports)


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[Running]:
    async with Running(settings) as running:
        await running.settle()
        server = running.server
        server.world = msgspec.structs.replace(server.world, resolver=Zone(ZONE))
        yield running


async def test_a_domain_cannot_name_a_host_of_ours(running: Running) -> None:
    server = running.server
    zone = Host("_smtp._tls.l.test TXT v=TLSRPTv1; rua=https://inner.r.test/x")
    server.world = msgspec.structs.replace(server.world, resolver=zone)
    server.parts.tally.connected(
        TlsPolicy("l.test"), TlsFailure("starttls-not-supported"), server.clock.now()
    )
    (sent,) = await running.operate("report.send", today=True)
    assert "no address on the public Internet" in sent["problem"]


async def look(running: Running) -> int:
    server = running.server
    return (await reporting.look(server, server.parts.store, server.clock.now())).kept


async def test_reports_go_out_and_come_in(running: Running) -> None:
    server = running.server
    now = server.clock.now()
    for _ in range(3):
        server.parts.tally.saw(Seen(PolicyPublished("l.test", "reject"), Row("192.0.2.1", "reject"), now))
    server.parts.tally.connected(TlsPolicy("l.test"), TlsFailure("starttls-not-supported"), now)
    assert await running.operate("report.send") == []  # the day is not over
    sent = await running.operate("report.send", today=True)
    assert [(one["kind"], one["messages"], one["destinations"], one["problem"]) for one in sent] == [
        ("dmarc", 3, "bob@l.test", ""),
        ("tls", 1, "bob@l.test", ""),
    ]
    raw = await thread(lambda: fetch(running.ports["pop3s"]))
    assert all(message.startswith(b"Return-Path: <reports@l.test>") for message in raw)
    assert sum(len(reports_in(message + b"\r\n").reports) for message in raw) == 2
    assert await look(running) == 2
    assert await look(running) == 0
    (dmarc,) = await running.operate("report.list", kind="dmarc")
    assert (dmarc["domain"], dmarc["failed"], dmarc["sender"], dmarc["origin"]) == (
        "l.test",
        3,
        "l.test",
        "claimed",
    )
    (tls,) = await running.operate("report.list", kind="tls")
    assert (tls["organization"], tls["failed"]) == ("l.test", 1)
    assert len(await running.operate("report.sent", kind="dmarc")) == 1


async def test_what_becomes_of_a_report_is_told_to_nobody(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a report that does not arrive would come back, and be mail to report on."""
    server, sent = running.server, []

    async def submit(submission: Submission) -> int:
        sent.extend(submission.recipients)
        return 1

    monkeypatch.setattr(server, "submit", submit)
    now = server.clock.now()
    server.parts.tally.saw(Seen(PolicyPublished("l.test", "reject"), Row("192.0.2.1", "reject"), now))
    server.parts.tally.connected(TlsPolicy("l.test"), TlsFailure("starttls-not-supported"), now)
    assert len(await running.operate("report.send", today=True)) == 2
    assert [one.notify for one in sent] == [Notify.NEVER, Notify.NEVER]


async def test_other_mail_is_no_report(running: Running) -> None:
    await thread(lambda: send(running.ports["smtp"]))
    assert await look(running) == 0


async def test_what_was_counted_is_written_when_the_server_stops(settings: Settings) -> None:
    async with Running(settings) as running:
        now = running.server.clock.now()
        running.server.parts.tally.saw(Seen(PolicyPublished("l.test"), Row("192.0.2.1"), now))
    async with Running(settings) as running:
        reading = running.server.engine.reading()
        assert len(await report_rows.due(reading, report_rows.DMARC, 1_000_000, 10)) == 1


async def test_what_is_old_is_forgotten(running: Running) -> None:
    server = running.server
    now = server.clock.now()
    old = now - 10 * reporting.DAY
    server.parts.tally.saw(Seen(PolicyPublished("l.test"), Row("192.0.2.1"), old))
    await server.parts.tally.write()
    await reporting.prune(server.engine, 180, now)
    assert await report_rows.due(server.engine.reading(), report_rows.DMARC, 1_000_000, 10) == []
    assert await received_reports.listing(server.engine.reading(), "dmarc", "", 0, 10) == []


@pytest.mark.parametrize("key", ["sender", "account"])
def test_an_address_that_is_none_is_named(key: str, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(settings_of(tmp_path), reports=ReportSettings(**{key: "nobody"}))
    read = {"sender": reporting.author, "account": reporting.report_account}[key]
    with pytest.raises(SettingsError, match=rf'\[reports\] {key} = "nobody"'):
        read(settings)


def test_what_no_report_can_be_from(tmp_path: Path) -> None:
    """RFC 9990 §3.5.2: the names in subject and file name are domain-names, and so is what stands in Message-ID."""
    settings = msgspec.structs.replace(
        settings_of(tmp_path), reports=ReportSettings(organization="ACME Corp")
    )
    with pytest.raises(SettingsError, match=r'\[reports\] organization = "ACME Corp": write a domain'):
        reporting.check(settings)


def test_names_in_reports_are_as_the_dns_has_them(tmp_path: Path) -> None:
    """Else they went out under SMTPUTF8 alone, which many of those who want them do not speak."""
    own = ReportSettings(sender="reports@bücher.test", organization="Bücher.test")
    settings = msgspec.structs.replace(settings_of(tmp_path), reports=own)
    assert reporting.organization(settings) == "xn--bcher-kva.test"
    assert str(reporting.author(settings)) == "reports@xn--bcher-kva.test"


def test_the_request_to_a_url() -> None:
    request = reporting.posting(
        "https://Reports.e.test/v1/tls?x=1#frag", b"octets", "application/tlsrpt+gzip"
    )
    assert (request.host, request.target, request.method) == ("reports.e.test", "/v1/tls?x=1", "POST")
    assert request.octets().endswith(b"\r\nContent-Length: 6\r\n\r\noctets")
    assert b"Content-Type: application/tlsrpt+gzip\r\n" in request.octets()
    assert reporting.posting("https://e.test", b"", "x/y").target == "/"


@pytest.mark.parametrize(
    "url",
    [
        "http://e.test/",
        "https:///x",
        "https://e.test:8443/",
        "https://user:word@e.test/",
        "https://[::1]/",
        "https://[::1/",
        "https://e.test:99999/",
        "https://a..b/",
    ],
)
def test_a_url_that_is_not_served(url: str) -> None:
    with pytest.raises(OSError, match=r"only https|no URL"):
        reporting.posting(url, b"", "x/y")


@pytest.mark.parametrize(
    ("status", "wrong"),
    [("201 Created", ""), ("404 Not Found", "it answers 404"), ("302 Found", "it answers 302")],
)
async def test_a_report_goes_to_a_url(tmp_path: Path, status: str, wrong: str) -> None:
    root = Issued(["Root"], ca=True)
    server = await PolicyServer(Issued(["r.e.test"], root).server(tmp_path)).listen()
    server.says = response(b"", status)
    context = root.trusting(tmp_path)
    web = Web(Host(), lambda: context, lambda _: server.port, seconds=5.0)
    publish = reporting.publisher(web)
    if wrong:
        with pytest.raises(OSError, match=wrong):
            await publish("https://r.e.test/up", b"octets", "application/tlsrpt+gzip")
    else:
        await publish("https://r.e.test/up", b"octets", "application/tlsrpt+gzip")
        with pytest.raises(OSError, match=r"r\.e\.test|other"):  # the certificate is another one's
            await publish("https://other.e.test/up", b"octets", "application/tlsrpt+gzip")
    assert server.requests[0].startswith(b"POST /up HTTP/1.1\r\nHost: r.e.test\r\n")
    await server.close()


class Host(Zone):
    """Every name is this machine's."""

    def __init__(self, lines: str = "") -> None:
        super().__init__(lines)

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        return Answer(name, Kind.ADDRESS, records=("127.0.0.1",))
