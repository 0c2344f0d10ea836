"""Which certificates a server shows: those of files, changed while it runs, and what it says of their end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from authority import Issued
from postroom.app.control import CallFailed
from postroom.app.server import Server
from postroom.app.serving import internet
from postroom.app.settings.file import Settings, TlsSettings
from postroom.lab.ca import LabCa
from postroom.net.clock import MovableClock, SystemClock
from postroom.net.tls.certificates import CertificateError, Pair
from postroom.store.certificates import certificates
from postroom.store.certificates.certificates import Certificate
from whole_server import Running, settings_of

DAY = 86_400


@pytest.fixture
def authority(tmp_path: Path) -> LabCa:
    return LabCa(tmp_path / "ca", SystemClock().now())


@pytest.fixture
def pair(authority: LabCa) -> Pair:
    return authority.issue(["mail.l.test"], SystemClock().now(), kinds=["ecdsa"])[0]


@pytest.fixture
def settings(tmp_path: Path, pair: Pair) -> Settings:
    tls = TlsSettings((str(pair.chain),), (str(pair.key),))
    return msgspec.structs.replace(settings_of(tmp_path / "data"), tls=tls)


def events(server: Running) -> list[str]:
    return [json.loads(line)["event"] for line in server.log.getvalue().splitlines()]


async def test_the_status_names_the_files(settings: Settings, pair: Pair) -> None:
    async with Running(settings) as server:
        [state] = await server.operate("certificates.status")
        assert (state["names"], state["kind"], state["shown"]) == (["mail.l.test"], "ecdsa", True)
        assert (state["source"], state["issuer"]) == (
            f"{pair.chain}, {pair.key}",
            "Authority of this lab only",
        )


async def test_new_files_are_used_on_demand_and_broken_ones_refused(
    settings: Settings, pair: Pair, authority: LabCa
) -> None:
    async with Running(settings) as server:
        authority.renew(pair, ["mail.l.test", "b.l.test"], SystemClock().now())
        found = await server.operate("certificates.reload")
        assert [one["name"] for one in found] == ["mail.l.test", "b.l.test"]
        pair.key.write_text("nonsense")
        with pytest.raises(CallFailed, match="still shown"):
            await server.operate("certificates.reload")
        assert server.server.tls.shown[0].names == ("mail.l.test", "b.l.test")
        await server.server._certifying.look()
        assert "certificates.unusable" in events(server)


async def test_f29_a_broken_pair_is_refused_at_the_start(settings: Settings, pair: Pair) -> None:
    pair.key.write_text("nonsense")
    with pytest.raises(CertificateError, match=str(pair.key)):
        await Server.open(settings, internet(settings), asyncio.Event())


async def test_f29_the_end_is_told_three_weeks_before(settings: Settings) -> None:
    clock = MovableClock()
    running = Running(settings)
    running.world_changes = {"clock": clock}
    async with running as server:
        clock.advance((90 - 22) * DAY)
        server.server._certifying.alarm()
        assert "certificates.ending" not in events(server)
        clock.advance(2 * DAY)
        for _ in range(3):
            server.server._certifying.alarm()
        assert events(server).count("certificates.ending") == 1
        clock.advance(DAY)
        server.server._certifying.alarm()
        assert events(server).count("certificates.ending") == 2


async def test_a_short_life_is_not_told_of_before_it_should_have_been_renewed(
    settings: Settings, tmp_path: Path
) -> None:
    """An authority's certificates of 45 days have 15 left when the next one is asked for."""
    chain, key = Issued(["mail.l.test"], days=(0, 45)).write(tmp_path)
    clock = MovableClock()
    running = Running(msgspec.structs.replace(settings, tls=TlsSettings((str(chain),), (str(key),))))
    running.world_changes = {"clock": clock}
    async with running as server:
        clock.advance(31 * DAY)
        server.server._certifying.alarm()
        assert "certificates.ending" not in events(server)
        clock.advance(4 * DAY)
        server.server._certifying.alarm()
        assert "certificates.ending" in events(server)


async def test_a_key_of_another_vault_is_told_and_passed_over(settings: Settings) -> None:
    async with Running(settings) as server:
        row = Certificate(
            "b.l.test", "ecdsa", ("b.l.test",), "-----BEGIN CERTIFICATE-----", b"\x01" + bytes(40)
        )
        await server.server.engine.write(lambda tx: certificates.put(tx, row))
        await server.server._certifying.look()
        assert "certificates.unusable" in events(server)
        assert [one.names for one in server.server.tls.shown] == [("mail.l.test",)]
