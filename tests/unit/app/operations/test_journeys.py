"""Journeys are found by their own ids, by an email's, and as the last one."""

from __future__ import annotations

import pytest

from offices import ALICE, NOW, TestOffice
from postroom.message.address import Address
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Accepted, Handled, Hop, HopKind, Outcome
from postroom.store import journal
from postroom.store.administration import accounts

ACCEPTED = Hop(HopKind.RECEIVED, NOW, [Accepted(0, "alice@crepes.test", ["bob@hamburger.test"], 5)])
READ = Hop(HopKind.READ, NOW + 5, [Handled(0, "retrieved", "bob@hamburger.test")])


@pytest.fixture
async def told(office: TestOffice) -> TestOffice:
    """Journeys 8 and 9, of which the second brought bob email 77."""
    bob = await accounts.get(office.engine.reading(), Address("bob", "hamburger.test"))

    async def work(tx: object) -> None:
        await journal.append(tx, 8, 1, ACCEPTED)  # type: ignore[arg-type]
        await journal.append(tx, 9, 2, ACCEPTED)  # type: ignore[arg-type]
        await journal.append(tx, 9, 3, READ)  # type: ignore[arg-type]
        await journal.link(tx, bob.account_id, 77, 9, 0)  # type: ignore[arg-type]

    await office.engine.write(work)
    return office


@pytest.mark.parametrize(
    ("wanted", "hops"),
    [
        ({"id": id_text(IdKind.JOURNEY, 8)}, [ACCEPTED]),
        ({"id": id_text(IdKind.JOURNEY, 9).lower()}, [ACCEPTED, READ]),
        ({}, [ACCEPTED, READ]),
        ({"id": id_text(IdKind.EMAIL, 77)}, [ACCEPTED, READ]),
        ({"id": id_text(IdKind.EMAIL, 77), "account": "bob@hamburger.test"}, [ACCEPTED, READ]),
    ],
)
async def test_a_journey_is_found(told: TestOffice, wanted: dict[str, str], hops: list[Hop]) -> None:
    (record,) = await told.ask("journey.show", **wanted)
    assert record["hops"] == [hop.pack() for hop in hops]


async def test_the_last_ones_are_listed(told: TestOffice) -> None:
    listed = await told.ask("journey.list", limit=1)
    assert listed == [{"id": id_text(IdKind.JOURNEY, 9), "began": NOW, "hops": 2}]
    assert len(await told.ask("journey.list", limit=10**9)) == 2


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"id": "J1"}, "no journey is kept under J1"),
        ({"id": "M1"}, "no journey is kept for the email M1"),
        ({"id": "hello"}, "the 250 after DATA names it"),
        ({"id": "M2d", "account": "x@hamburger.test"}, "no account x@hamburger.test"),
    ],
)
async def test_refusals(told: TestOffice, wanted: dict[str, str], words: str) -> None:
    assert words in await told.refusal("journey.show", **wanted)


async def test_before_the_first_message(bare: TestOffice) -> None:
    assert "no journey yet" in await bare.refusal("journey.show")


async def test_whole_journeys_are_for_administrators(told: TestOffice) -> None:
    assert "may not" in await told.refusal("journey.show", ALICE)


async def test_what_a_journey_brought(office: TestOffice) -> None:
    who = await accounts.get(office.engine.reading(), Address("bob", "hamburger.test"))
    assert await office.ask("journey.content", id=id_text(IdKind.JOURNEY, 8)) == []
    filed = Hop(HopKind.FILED, NOW, [Outcome(0, 0, "bob@hamburger.test", "filed")])

    async def work(tx: object) -> None:
        await journal.append(tx, 8, 1, filed)  # type: ignore[arg-type]
        await journal.link(tx, who.account_id, 77, 8, 0)  # type: ignore[arg-type]

    await office.engine.write(work)
    assert await office.ask("journey.content", id=id_text(IdKind.JOURNEY, 8)) == []  # it is gone
