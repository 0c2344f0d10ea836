"""Mailboxes of a running lab: those that are there, and new ones with fresh addresses.

Called in the lab's own loop. Not here: what a mailbox can do (`lab.arrived.box`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from postroom.lab.arrived.box import Mailbox, Place
from postroom.lab.plan import House, Person, domains_of
from postroom.lab.settling import Inhabitant
from postroom.message.address import Address, fold, parse_mailbox
from postroom.store.directory import lookup as directory
from postroom.store.directory.errors import Taken
from postroom.store.mailboxes import acl

if TYPE_CHECKING:
    from postroom.app.server import Server


class Residence(Protocol):
    """What is asked of a lab."""

    @property
    def houses(self) -> Sequence[House]:
        """Its domains."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """By domain."""

    @property
    def ports(self) -> Mapping[str, Mapping[str, int]]:
        """Of each domain's services."""

    @property
    def inhabitants(self) -> Iterable[Inhabitant]:
        """Those whose passwords it knows."""

    async def move_in(self, server: Server, person: Person) -> None:
        """One more."""


class CannotMoveIn(ValueError):
    """There can be no such mailbox; the text says why. `taken`: somebody has it already."""

    def __init__(self, text: str, *, taken: bool = False) -> None:
        super().__init__(text)
        self.taken = taken


async def new_mailbox(lab: Residence, name: str = "", domain: str = "") -> Mailbox:
    """One more account, by default with a fresh address in the first domain. Raises `CannotMoveIn`."""
    domain = domain or lab.houses[0].domain
    server = lab.servers.get(domain)
    if server is None:
        raise CannotMoveIn(f"the lab has no domain {domain!r}; it has {domains_of(lab.houses)}")
    address = parse_mailbox(f"{name or f'box-{secrets.token_hex(6)}'}@{domain}")
    if address is None:
        raise CannotMoveIn(f"{name!r} cannot stand before the @ of an address")
    taken = CannotMoveIn(f"{address} lives in this lab already, or is the address of a fault", taken=True)
    if await directory.exact(server.engine.reading(), address) is not None:
        raise taken
    person = Person(address, secrets.token_urlsafe(9))
    try:
        await lab.move_in(server, person)
    except Taken as error:  # somebody was faster while the password was hashed
        raise taken from error
    return await _mailbox(lab, address, person.password)


async def mailbox_of(lab: Residence, text: str) -> Mailbox | None:
    """The account with an address; None when nobody has it."""
    address = parse_mailbox(text)
    if address is None or address.domain not in lab.servers:
        return None
    server = lab.servers[address.domain]
    if await acl.account_of(server.engine.reading(), str(address)) is None:
        return None
    known = {fold(one.address): one for one in lab.inhabitants}  # any case of it is the same address
    one = known.get(address.key, Inhabitant(str(address), ""))
    return await _mailbox(lab, parse_mailbox(one.address) or address, one.password)


async def _mailbox(lab: Residence, address: Address, password: str) -> Mailbox:
    server = lab.servers[address.domain]
    account_id = await acl.account_of(server.engine.reading(), str(address))
    assert account_id is not None
    place = Place(server, dict(lab.ports[address.domain]), asyncio.get_running_loop())
    return Mailbox(place, account_id, str(address), password)
