"""The life of keys goes on by itself: when the DNS has a record, when the time has come; and not otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dkim_post import Keys
from offices import NOW, TestOffice
from postroom.app.dkim_rotation import KeyKeeper, KeyRotation
from postroom.mailauth.dkim.private_key import Algorithm
from postroom.mailauth.dkim.rotation import RotationTerms
from postroom.proto.dns.answer import Rcode
from postroom.store.directory import dkim_keys

DAY = 86_400
DOMAIN = "hamburger.test"
TERMS = RotationTerms((Algorithm.ED25519,), life=180 * DAY)


class Log:
    """What was told."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any]] = []

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append((event, facts.get("step")))

    warning = info


class World:
    """An office, its DNS and its time."""

    def __init__(self, office: TestOffice, terms: RotationTerms) -> None:
        self.office = office
        self.records: dict[str, str | Rcode] = {}
        self.log = Log()
        self.changes = 0
        self.keeper = KeyKeeper(office.engine, office.vault, terms)

    async def look(self, days: float = 0) -> dict[str, str]:
        """What there is, some days later."""
        self.office.clock.time += int(days * DAY) * 1_000_000
        rotation = KeyRotation(
            self.keeper,
            self.office.engine,
            Keys(self.records),
            self.office.clock.now,
            self.log,  # type: ignore[arg-type]
            self._changed,
        )
        await rotation.look()
        return {row.selector: row.phase for row in await self.keeper.rows(DOMAIN)}

    def _changed(self) -> None:
        self.changes += 1

    async def publish(self) -> None:
        """The administrator does what he is told."""
        for row in await dkim_keys.of(self.office.engine.reading(), DOMAIN):
            self.records[f"{row.selector}._domainkey.{DOMAIN}"] = row.record


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[TestOffice]:
    office = await TestOffice.open(tmp_path)
    await office.ask("domain.add", name=DOMAIN)
    yield office
    await office.store.close()


@pytest.fixture
def world(office: TestOffice) -> World:
    return World(office, TERMS)


async def first(office: TestOffice) -> None:
    await office.ask("dkim.create", domain=DOMAIN, algorithm="ed25519", selector="first")


async def test_a_domain_without_keys_gets_none(world: World) -> None:
    assert await world.look(400) == {}
    assert world.changes == 0


async def test_first_keys_sign_as_soon_as_the_dns_has_them(world: World) -> None:
    await first(world.office)
    assert await world.look(10) == {"first": "published"}
    await world.publish()
    assert await world.look() == {"first": "signing"}
    assert world.log.lines == [("dkim.rotated", "switch")]
    assert world.changes == 1


@pytest.mark.parametrize("wrong", ["v=DKIM1; k=ed25519; p=", "nonsense", Rcode.SERVFAIL, Rcode.NXDOMAIN])
async def test_a_wrong_record_is_none(world: World, wrong: str | Rcode) -> None:
    await first(world.office)
    world.records[f"first._domainkey.{DOMAIN}"] = wrong
    assert await world.look() == {"first": "published"}


async def test_a_whole_life(world: World) -> None:
    await first(world.office)
    await world.publish()
    await world.look()
    assert await world.look(179) == {"first": "signing"}
    second = f"ed25519-{(NOW // 1_000_000 + 180 * DAY) // DAY}"
    assert await world.look(1) == {"first": "signing", second: "published"}
    assert await world.look(5) == {"first": "signing", second: "published"}  # nobody has published it
    await world.publish()
    assert await world.look() == {"first": "retiring", second: "signing"}
    assert await world.look(8.9) == {"first": "retiring", second: "signing"}
    assert await world.look(0.2) == {"first": "revoked", second: "signing"}
    (revoked, _) = (
        await world.keeper.rows(DOMAIN) if second > "first" else reversed(await world.keeper.rows(DOMAIN))
    )
    assert (revoked.record, revoked.secret) == ("v=DKIM1; k=ed25519; p=", b"")
    assert await world.look(30) == {second: "signing"}


async def test_a_later_key_waits_for_old_absences(world: World) -> None:
    await first(world.office)
    await world.publish()
    await world.look()
    await world.office.ask("dkim.rotate", domain=DOMAIN)
    await world.publish()
    assert sorted((await world.look(1.9)).values()) == ["published", "signing"]
    assert sorted((await world.look(0.2)).values()) == ["retiring", "signing"]


async def test_without_a_life_nothing_new_is_made(office: TestOffice) -> None:
    world = World(office, RotationTerms((Algorithm.ED25519,), life=0))
    await first(office)
    await world.publish()
    assert await world.look() == {"first": "signing"}
    assert await world.look(4000) == {"first": "signing"}


async def test_a_kind_that_was_given_up_is_not_begun_with_again(office: TestOffice) -> None:
    world = World(office, RotationTerms(life=180 * DAY))
    await first(office)
    await world.publish()
    await world.look()
    assert len(await world.look(200)) == 2


async def test_one_domains_trouble_is_not_anothers(world: World) -> None:
    """A domain has as many keys as it may; the next one goes on all the same."""
    office = world.office
    await office.ask("domain.add", name="a.test")
    await first(office)
    await office.ask("dkim.create", domain="a.test", algorithm="ed25519", selector="first")
    for domain in ("a.test", DOMAIN):
        world.records[f"first._domainkey.{domain}"] = (await world.keeper.rows(domain))[0].record
    await world.look()
    for number in range(dkim_keys.MOST_KEYS - 1):
        await office.ask(
            "dkim.create", domain="a.test", algorithm="ed25519", selector=f"s{number}", at_once=True
        )
    world.log.lines.clear()
    await world.look(181)
    assert ("dkim.rotated", "publish") in world.log.lines
    assert len(await world.keeper.rows(DOMAIN)) == 2
    assert any(event == "dkim.not_rotated" for event, _ in world.log.lines)
