"""Certificates from a real authority: pebble looks at our doors, and what it gives is shown, renewed and called off."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pebble import Pebble
from postroom.app.settings.file import Settings
from postroom.lab.dns.server import LabDns
from postroom.lab.dns.zones import mail_zone
from postroom.net.clock import SystemClock
from postroom.net.dns.client import Server as DnsServer
from postroom.net.dns.resolver import ResolverOptions, StubResolver
from postroom.store.certificates import acme_challenges, certificates
from postroom.store.certificates.acme_challenges import TLS_ALPN_01
from whole_server import Running, settings_of, thread

pytestmark = pytest.mark.interop
HERE = "127.0.0.1"
NAMES = tuple(f"{label} A {HERE}" for label in ("mta-sts", "autoconfig"))


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pebble is quick."""
    monkeypatch.setattr("postroom.app.certificates.issuing.POLL_SECONDS", 0.05)
    monkeypatch.setattr("postroom.app.certificates.certifying.HEARD_SECONDS", 0.05)


@pytest.fixture
def pebble_program() -> str:
    """Debian has no package of it."""
    places = (os.environ.get("PATH", os.defpath), str(Path.home() / "go" / "bin"))
    found = shutil.which("pebble", path=os.pathsep.join(places))
    if found is None:
        pytest.skip("needs pebble (go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest)")
    return found


@pytest.fixture
async def dns_port() -> AsyncIterator[int]:
    server = LabDns([mail_zone("l.test", "mail", [HERE], NAMES)], SystemClock(), lambda _: None)
    yield await server.start(HERE, 0)
    await server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database = "" if request.param == "sqlite" else request.getfixturevalue("database_url")
    return settings_of(tmp_path / "data", database)


class Certified(Running):
    """A server that has an authority, once that is known."""

    def __init__(self, settings: Settings, dns_port: int) -> None:
        super().__init__(settings)
        options = ResolverOptions((DnsServer(HERE, dns_port),), trust_ad=True)
        self.world_changes = {"resolver": StubResolver(options, SystemClock().monotonic)}

    def have(self, pebble: Pebble, **more: Any) -> None:
        """Gives the running server its authority, as a configuration would have."""
        acme = msgspec.structs.replace(
            self.settings.acme,
            directory=pebble.directory,
            authorities=str(pebble.trust),
            contact="bob@l.test",
            **more,
        )
        self.settings = msgspec.structs.replace(self.settings, acme=acme)
        self.server.settings = self.server._certifying._settings = self.settings

    async def seen(self, service: str, name: str, trust: Path, ciphers: str = "") -> dict[str, Any]:
        """The certificate that a verifying client gets."""
        context = ssl.create_default_context(cafile=str(trust))
        if ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
        _, writer = await asyncio.open_connection(
            HERE, self.ports[service], ssl=context, server_hostname=name
        )
        found: dict[str, Any] = writer.get_extra_info("peercert")
        writer.close()
        return found


@pytest.fixture
async def certified(settings: Settings, dns_port: int) -> AsyncIterator[Certified]:
    async with Certified(settings, dns_port) as server:
        await server.settle()
        yield server


@pytest.fixture
async def pebble(
    certified: Certified, dns_port: int, tmp_path: Path, pebble_program: str
) -> AsyncIterator[Pebble]:
    made: Pebble = await thread(
        lambda: Pebble(pebble_program, tmp_path / "pebble", dns_port, certified.ports)
    )
    yield made
    await thread(made.stop)


@pytest.mark.parametrize("kind", ["http-01", "tls-alpn-01"])
async def test_certificates_are_issued_and_shown(
    certified: Certified, pebble: Pebble, tmp_path: Path, kind: str
) -> None:
    certified.have(pebble, challenges=(kind,))
    outcomes = await certified.operate("certificates.renew")
    wanted = [
        ("mail.l.test", "ecdsa"),
        ("mail.l.test", "rsa"),
        ("mta-sts.l.test", "ecdsa"),
        ("mta-sts.l.test", "rsa"),
    ]
    assert [(one["name"], one["kind"], one["error"]) for one in outcomes] == [(*one, "") for one in wanted]
    root = await thread(lambda: pebble.root(tmp_path / "root.pem"))
    for service in ("https", "imaps", "submissions", "pop3s"):
        assert (await certified.seen(service, "mail.l.test", root))["subjectAltName"] == (
            ("DNS", "mail.l.test"),
        )
    for ciphers in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"):
        await certified.seen("https", "mail.l.test", root, ciphers)
    assert {
        name for _, name in (await certified.seen("https", "autoconfig.l.test", root))["subjectAltName"]
    } == {
        "mta-sts.l.test",
        "autoconfig.l.test",
    }
    states = await certified.operate("certificates.status")
    assert [(one["source"], one["shown"], one["tries"]) for one in states] == [("authority", True, 0)] * 4
    now = certified.server.clock.now()
    assert all(now < one["renew_at"] < one["not_after"] for one in states)
    assert await acme_challenges.standing(certified.server.engine.reading(), TLS_ALPN_01, now) == []
    assert await certified.operate("certificates.renew") == []


async def test_a_renewed_certificate_has_a_new_key(certified: Certified, pebble: Pebble) -> None:
    certified.have(pebble, kinds=("ecdsa",), domains=False)
    engine = certified.server.engine
    found = []
    for _ in range(2):
        [outcome] = await certified.operate(
            "certificates.renew", name="mail.l.test" if found else "", now=bool(found)
        )
        assert outcome["error"] == ""
        [row] = await certificates.listing(engine.reading())
        assert row.ask_again > certified.server.clock.now()
        found.append(row)
    keys = [certified.server.vault.unseal(row.sealed, row.purpose) for row in found]
    assert keys[0] != keys[1]
    assert found[0].chain != found[1].chain
    assert b"PRIVATE KEY" not in found[1].sealed
    assert "eplace" in pebble.log.read_text()


async def test_a_revoked_certificate_is_replaced(certified: Certified, pebble: Pebble) -> None:
    certified.have(pebble, kinds=("ecdsa",), domains=False)
    await certified.operate("certificates.renew")
    [before] = await certificates.listing(certified.server.engine.reading())
    [done] = await certified.operate("certificates.revoke", name="mail.l.test", reason=1)
    assert done == {"name": "mail.l.test", "kind": "ecdsa", "error": ""}
    [after] = await certificates.listing(certified.server.engine.reading())
    assert after.chain
    assert after.chain != before.chain


async def test_what_cannot_be_proved_is_told_and_tried_in_another_way(
    certified: Certified, pebble: Pebble, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified.have(pebble, kinds=("ecdsa",), domains=False)

    async def wrong(*_: object) -> str:
        return "nonsense"

    monkeypatch.setattr(acme_challenges, "answer", wrong)
    [outcome] = await certified.operate("certificates.renew")
    assert outcome["error"].startswith("mail.l.test: ")
    [state] = [one for one in await certified.operate("certificates.status") if one["source"] == "authority"]
    assert state["tries"] == 1
    assert state["renew_at"] > certified.server.clock.now() + 500 * 1_000_000
    assert await certified.operate("certificates.renew") == []
    engine = certified.server.engine
    [row] = await certificates.listing(engine.reading())
    await engine.write(lambda tx: certificates.put(tx, msgspec.structs.replace(row, due=0)))
    [outcome] = await certified.operate("certificates.renew")
    assert outcome["error"] == ""


async def test_after_a_restart_it_is_shown_without_asking(
    settings: Settings, dns_port: int, tmp_path: Path, pebble_program: str
) -> None:
    async with Certified(settings, dns_port) as first:
        await first.settle()
        pebble: Pebble = await thread(
            lambda: Pebble(pebble_program, tmp_path / "pebble", dns_port, first.ports)
        )
        first.have(pebble)
        await first.operate("certificates.renew")
        root = await thread(lambda: pebble.root(tmp_path / "root.pem"))
        await thread(pebble.stop)
    async with Certified(settings, dns_port) as second:
        await second.seen("imaps", "mail.l.test", root)


async def test_an_account_that_is_wanted_first(
    certified: Certified, dns_port: int, tmp_path: Path, pebble_program: str
) -> None:
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    pebble: Pebble = await thread(
        lambda: Pebble(pebble_program, tmp_path / "pebble", dns_port, certified.ports, {"kid-1": key})
    )
    written = tmp_path / "key"
    written.write_text(key + "\n")
    certified.have(pebble, kinds=("ecdsa",), domains=False)
    [outcome] = await certified.operate("certificates.renew")
    assert outcome["error"].startswith("externalAccountRequired: ")
    certified.have(
        pebble,
        kinds=("ecdsa",),
        domains=False,
        challenges=("http-01",),
        external_account="kid-1",
        external_key_file=str(written),
    )
    certified.server._certifying._issuer = None
    [outcome] = await certified.operate("certificates.renew", now=True)
    assert outcome["error"] == ""
    await thread(pebble.stop)
