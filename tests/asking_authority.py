"""A server with a certificate authority beside it that the test is; nothing is waited for, and nothing asked for by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest

from acme_server import AcmeServer
from postroom.app.settings.file import AcmeSettings, Settings
from postroom.lab.dns.server import LabDns
from postroom.lab.dns.zones import mail_zone
from postroom.net.clock import MovableClock, SystemClock
from postroom.net.dns.client import Server as DnsServer
from postroom.net.dns.resolver import ResolverOptions, StubResolver
from postroom.store.certificates import certificates
from postroom.store.certificates.certificates import Certificate
from whole_server import Running, settings_of, thread

HERE = "127.0.0.1"
DAY = 86_400_000_000
ZONE = mail_zone("l.test", "mail", [HERE], (f"mta-sts A {HERE}", "autoconfig A 127.0.0.9"))


class Asking(Running):
    """A server with an authority beside it."""

    def __init__(self, settings: Settings, dns_port: int, clock: MovableClock) -> None:
        self.authority = AcmeServer({})
        acme = AcmeSettings(self.authority.directory, kinds=("ecdsa",), domains=False)
        super().__init__(msgspec.structs.replace(settings, acme=acme))
        options = ResolverOptions((DnsServer(HERE, dns_port),), trust_ad=True)
        self.world_changes = {"resolver": StubResolver(options, SystemClock().monotonic), "clock": clock}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.authority.ports.update(self.ports)
        return self

    def have(self, **acme: Any) -> None:
        """Changes what the configuration says of the authority."""
        wanted = msgspec.structs.replace(self.settings.acme, **acme)
        self.settings = msgspec.structs.replace(self.settings, acme=wanted)
        certifying = self.server._certifying
        certifying._settings = self.settings
        certifying._issuer = None

    async def renew(self, **arguments: Any) -> list[tuple[str, str, str]]:
        found = await self.operate("certificates.renew", **arguments)
        return [(one["name"], one["kind"], one["error"]) for one in found]

    async def rows(self) -> list[Certificate]:
        return await certificates.listing(self.server.engine.reading())


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for, and nothing asked for by itself."""
    monkeypatch.setattr("postroom.app.certificates.issuing.POLL_SECONDS", 0.01)
    monkeypatch.setattr("postroom.app.certificates.certifying.HEARD_SECONDS", 0.0)

    async def idle(_: object) -> bool:
        return False

    monkeypatch.setattr("postroom.app.chores.Chores._ask_authority", idle)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database = "" if request.param == "sqlite" else request.getfixturevalue("database_url")
    return settings_of(tmp_path / "data", database)


@pytest.fixture
async def asking(settings: Settings, clock: MovableClock) -> AsyncIterator[Asking]:
    dns = LabDns([ZONE], SystemClock(), lambda _: None)
    made = Asking(settings, await dns.start(HERE, 0), clock)
    async with made as server:
        await server.settle()
        yield server
    await thread(made.authority.stop)
    await dns.stop()
