"""HTTP of whole servers: two in one process, their doors, who is heard, where plain HTTP leads."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from postroom.app.settings.file import Settings
from postroom.net.sockets import tcp
from postroom.proto.http.picture_addresses import Wanted, sign
from postroom.store.certificates import acme_challenges
from postroom.store.certificates.acme_challenges import HTTP_01, TLS_ALPN_01, Challenge
from web_asking import Ask, ask
from whole_server import Running, settings_of

TOKEN = "0123456789abcdefABCDEF_-"


def without_https(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, listen=msgspec.structs.replace(settings.listen, https=-1))


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that has HTTP alone."""
    async with Running(without_https(settings_of(tmp_path / "plain"))) as server:
        await server.settle()
        yield server


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that has both."""
    async with Running(settings_of(tmp_path / "whole")) as server:
        await server.settle()
        yield server


async def test_two_servers_in_one_process(plain: Running, whole: Running) -> None:
    await whole.operate("domain.add", name="m.test")
    at_m = Ask("/.well-known/autoconfig/mail/config-v1.1.xml", "m.test")
    assert [
        (await ask(server, at_m, service)).status for server, service in ((plain, "http"), (whole, "https"))
    ] == [
        403,
        200,
    ]
    assert set(whole.ports) - set(plain.ports) == {"https"}


async def test_plain_http_leads_to_https_where_there_is_one(whole: Running) -> None:
    answer = await ask(whole, Ask("/.well-known/mta-sts.txt?a=b%20c", "mta-sts.l.test"))
    assert answer.status == 308
    port = whole.ports["https"]
    assert answer.headers["location"] == f"https://mta-sts.l.test:{port}/.well-known/mta-sts.txt?a=b%20c"
    assert "strict-transport-security" not in answer.headers
    assert (await ask(whole, Ask("/autodiscover/autodiscover.xml", method="POST", body=b"x"))).status == 403
    there = await ask(whole, Ask("/.well-known/mta-sts.txt", "mta-sts.l.test"), "https")
    assert there.status == 200
    assert there.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("service", ["http", "https"])
async def test_a_challenge_is_answered_on_both(whole: Running, service: str) -> None:
    engine, now = whole.server.engine, whole.server.clock.now()
    known = [
        Challenge(TOKEN, HTTP_01, "mail.l.test", f"{TOKEN}.thumb", now + 60_000_000),
        Challenge("b" * 22, TLS_ALPN_01, "mail.l.test", "x", now + 60_000_000),
        Challenge("c" * 22, HTTP_01, "mail.l.test", "x", now - 1),
    ]
    await engine.write(lambda tx: acme_challenges.put(tx, known, now))
    found = await ask(whole, Ask(f"/.well-known/acme-challenge/{TOKEN}", "any.example"), service)
    assert (found.status, found.body) == (200, f"{TOKEN}.thumb")
    for other in (
        "b" * 22,
        "c" * 22,
        "d" * 22,
        "short",
        "../../keys/vault.key",
        "%2e%2e/" * 9,
        TOKEN + "%00",
    ):
        assert (await ask(whole, Ask(f"/.well-known/acme-challenge/{other}"), service)).status == 404
    await engine.write(lambda tx: acme_challenges.remove(tx, [TOKEN]))
    assert (await ask(whole, Ask(f"/.well-known/acme-challenge/{TOKEN}"), service)).status == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("mail.l.test", 404),
        ("MAIL.L.TEST:8080", 404),
        ("l.test.", 404),
        ("autoconfig.l.test", 404),
        ("127.0.0.1", 404),
        ("localhost:1", 404),
        ("evil", 403),
        ("l.test.evil", 403),
        ("x.l.test", 403),
        ("mta-sts.mta-sts.l.test", 403),
        ("mail.l.test@evil", 400),
        ("[::1", 400),
        ("", 400),
    ],
)
async def test_only_our_hosts_are_heard(plain: Running, host: str, status: int) -> None:
    answer = await ask(plain, Ask("/nothing", host))
    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in answer.headers


async def test_the_policy_of_mta_sts(plain: Running) -> None:
    found = await ask(plain, Ask("/.well-known/mta-sts.txt", "mta-sts.l.test"))
    assert found.headers["content-type"].startswith("text/plain")
    assert found.body == "version: STSv1\r\nmode: testing\r\nmx: mail.l.test\r\nmax_age: 604800\r\n"
    for host in ("l.test", "mail.l.test", "autoconfig.l.test"):
        assert (await ask(plain, Ask("/.well-known/mta-sts.txt", host))).status == 404


async def test_thunderbird_is_set_up(plain: Running) -> None:
    for path, host in (
        ("/mail/config-v1.1.xml?emailaddress=bob%40l.test", "autoconfig.l.test"),
        ("/.well-known/autoconfig/mail/config-v1.1.xml", "l.test"),
        ("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=bob@L.TEST", "mail.l.test"),
    ):
        found = await ask(plain, Ask(path, host))
        assert found.status == 200
        root = ET.fromstring(found.body)
        assert root.findtext("emailProvider/domain") == "l.test"
        first = root.find("emailProvider/incomingServer")
        assert first is not None
        assert [(one.tag, one.text) for one in first] == [
            ("hostname", "mail.l.test"),
            ("port", str(plain.ports["imaps"])),
            ("socketType", "SSL"),
            ("username", "%EMAILADDRESS%"),
            ("authentication", "password-cleartext"),
        ]
        assert [one.get("type") for one in root.iter("outgoingServer")] == ["smtp", "smtp"]
    assert (await ask(plain, Ask("/mail/config-v1.1.xml?emailaddress=x@evil.test", "l.test"))).status == 404
    assert (await ask(plain, Ask("/mail/config-v1.1.xml", "mail.l.test"))).status == 404


async def test_other_user_agents_are_set_up(plain: Running) -> None:
    found = json.loads((await ask(plain, Ask("/.well-known/user-agent-configuration.json", "l.test"))).body)
    assert found["protocols"]["imap"] == {"host": f"mail.l.test:{plain.ports['imaps']}"}
    request = b"<Autodiscover><Request><EMailAddress>bob@l.test</EMailAddress></Request></Autodiscover>"
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
        answer = await ask(plain, Ask(path, "autodiscover.l.test", "POST", request))
        assert "<LoginName>bob@l.test</LoginName>" in answer.body
        ET.fromstring(answer.body)
    other = request.replace(b"l.test", b"evil.test")
    answer = await ask(plain, Ask("/autodiscover/autodiscover.xml", "l.test", "POST", other))
    assert "<ErrorCode>500</ErrorCode>" in answer.body
    answer = await ask(plain, Ask("/autodiscover/autodiscover.xml", "l.test", "POST", b"<" * 60_000))
    assert "<ErrorCode>600</ErrorCode>" in answer.body
    leads = await ask(
        plain, Ask("/autodiscover/autodiscover.json?Protocol=AutodiscoverV1&Email=bob@l.test", "l.test")
    )
    assert json.loads(leads.body)["Url"] == "https://l.test/autodiscover/autodiscover.xml"
    assert (await ask(plain, Ask("/autodiscover/autodiscover.xml", "l.test"))).status == 405


async def test_sockets_that_were_opened_before(tmp_path: Path) -> None:
    given = tcp(["127.0.0.1"], 0)
    port = given[0].getsockname()[1]
    running = Running(without_https(settings_of(tmp_path / "data")))
    running.world_changes = {"inherited": {"http": given}}
    async with running as server:
        await server.settle()
        assert server.ports["http"] == port
        assert (await ask(server, Ask("/.well-known/mta-sts.txt", "mta-sts.l.test"))).status == 200


async def test_a_connection_too_many_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.net.gate.is_local", lambda _: False)
    settings = without_https(settings_of(tmp_path / "data"))
    limits = msgspec.structs.replace(settings.limits, connections_per_client=2)
    async with Running(msgspec.structs.replace(settings, limits=limits)) as server:
        open_ = [await asyncio.open_connection("127.0.0.1", server.ports["http"]) for _ in range(3)]
        assert (await open_[2][0].read()).startswith(b"HTTP/1.1 429 ")
        for _, writer in open_:
            writer.close()


async def test_pictures_come_for_signed_addresses_alone(whole: Running) -> None:
    now = int(time.time())
    key = whole.server.parts.vault.derive("addresses of pictures")
    door = await ask(whole, Ask(sign(key, Wanted(1, "http://inside.test/a"), now - 5 * 86_400)), "https")
    assert (door.status, door.headers["x-content-type-options"]) == (404, "nosniff")
    assert (await ask(whole, Ask("/mail/image/x"), "https")).status == 404
    assert (await ask(whole, Ask("/mail/image/x", method="POST"), "https")).status == 405
    answer = await ask(whole, Ask(sign(key, Wanted(1, "http://127.0.0.1/a"), now)), "https")
    assert answer.status == 502
    assert "cannot be had" in answer.body
