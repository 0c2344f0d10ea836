"""An alias, a list or a forwarding that leads to nobody is refused at RCPT, and one that leads to anybody is not."""

from __future__ import annotations

from typing import Any

import pytest

from people import at
from postroom.deliver import router
from postroom.deliver.router import MOST_ASKED, NotExpanded
from postroom.intake.client import Client, Incoming
from postroom.intake.mx import MxDoor
from postroom.message.envelope import Envelope, Recipient
from postroom.message.journey.events import Hop, HopKind
from postroom.net.session import Peer
from sorting_office import SortingOffice

BOB = "bob@hamburger.test"


async def knows(office: SortingOffice, name: str) -> bool:
    """Whether somebody elsewhere may send to it."""
    letter = Incoming(Envelope(at("x@r.test"), []), Hop(HopKind.RECEIVED, 0))
    recipient = Recipient(at(f"{name}@hamburger.test"))
    try:
        await MxDoor(office.premises()).rcpt(Client(Peer("192.0.2.7"), Peer("")), letter, recipient)
    except NotExpanded as error:
        return "leads to nobody" not in str(error)
    return True


async def test_what_leads_to_nobody_is_refused_at_once(office: SortingOffice) -> None:
    """Reported later, it would be reported to whoever a forger has named."""
    await office.add_alias("gone@hamburger.test", "left@hamburger.test", "retired@hamburger.test")
    await office.add_alias("circle@hamburger.test", "round@hamburger.test")
    await office.add_alias("round@hamburger.test", "circle@hamburger.test")
    await office.add_list("all@hamburger.test", BOB, "left@hamburger.test")
    await office.add_account("u@hamburger.test", forwards=["left@hamburger.test"], keeps=False)
    for name in ("gone", "circle", "round", "all", "u"):
        assert not await knows(office, name), name


async def test_what_leads_to_one_is_taken(office: SortingOffice) -> None:
    await office.add_alias("sales@hamburger.test", "left@hamburger.test", BOB)
    await office.add_alias("us@hamburger.test", "sales@hamburger.test")
    await office.add_alias("away@hamburger.test", "eve@r.test")
    await office.add_account("v@hamburger.test", forwards=["left@hamburger.test"], keeps=True)
    for name in ("sales", "us", "away", "v"):
        assert await knows(office, name), name


@pytest.mark.parametrize("more", [0, 1])
async def test_so_many_are_looked_up_for_it(office: SortingOffice, more: int) -> None:
    await office.add_alias("all@hamburger.test", *(f"m{n}@hamburger.test" for n in range(MOST_ASKED + more)))
    assert await knows(office, "all") == bool(more)


async def test_that_it_leads_somewhere_is_remembered_for_a_while(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "REMEMBERED", 1000.0)
    await office.add_alias("sales@hamburger.test", BOB)
    asked: list[str] = []
    resolve = office.router.resolve

    async def counted(tx: Any, address: Any, *most: int) -> Any:
        asked.append(str(address))
        return await resolve(tx, address, *most)

    monkeypatch.setattr(office.router, "resolve", counted)
    for _ in range(3):
        assert await knows(office, "sales")
    assert asked.count(BOB) == 1
    office.router.forget()
    assert await knows(office, "sales")
    assert asked.count(BOB) == 2
