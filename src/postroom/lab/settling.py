"""Who lives in a lab: its domains' accounts are made when it starts, with passwords that the next start knows too.

RFC 5321 §4.5.1 (postmaster is the first of a house). Not here: who that is (`lab.plan`), keys and records (`lab.dns.keys`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from postroom.app.server import Server
from postroom.lab.dns.keys import new_keys, settle
from postroom.lab.faults.addressed import FAULTS
from postroom.lab.plan import House, Person, each_once
from postroom.message.address import Address
from postroom.net.tls.selfsigned import write_private
from postroom.store.administration import accounts, aliases, domains
from postroom.store.administration.accounts import NewAccount
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction

AT_ONCE = 10  # accounts that are made at the same time: hashing has threads of its own


class Inhabitant(msgspec.Struct, frozen=True):
    """Somebody with an account, and his password as far as the lab knows it."""

    address: str
    password: str


async def settle_in(
    server: Server, house: House, people: Sequence[Person], passwords: Passwords
) -> list[Inhabitant]:
    """The domain, its people, the addresses of faults and the keys; whoever lives there already stays as he is."""
    keys = asyncio.create_task(new_keys())
    await server.engine.write(_founding(server, house))
    here = each_once(person for person in people if person.address.domain == house.domain)
    known = [
        Person(person.address, password)
        for person, password in zip(here, passwords.all_of(here), strict=True)
    ]
    found: list[Inhabitant] = []
    for start in range(0, len(known), AT_ONCE):
        found += await asyncio.gather(*(moved_in(server, one) for one in known[start : start + AT_ONCE]))
    await server.engine.write(_fault_addresses(house, Address(house.people[0], house.domain)))
    await settle(server, house, await keys)
    return found


async def moved_in(server: Server, person: Person) -> Inhabitant:
    """An account; one that is there already stays as it is."""
    if await directory.exact(server.engine.reading(), person.address) is None:
        password = person.password.encode()
        verifier = await server.passwords.verifier(password)
        scram = await server.passwords.scram(password, person.address.key, server.vault)
        new = NewAccount(person.address, verifier, scram=scram)
        await server.engine.write(lambda tx: accounts.add(tx, new, server.ids, server.clock.now()))
    return Inhabitant(str(person.address), person.password)


class Passwords:
    """The passwords of a house's accounts, kept beside it so that the second start knows those that the first made up."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "passwords"
        self._known: dict[str, str] = (
            msgspec.json.decode(self._path.read_bytes()) if self._path.exists() else {}
        )

    def all_of(self, people: Sequence[Person]) -> list[str]:
        """The passwords that the accounts have, or will have."""
        new = [person for person in people if person.address.key not in self._known]
        for person in new:
            self._known.setdefault(person.address.key, person.password or secrets.token_hex(4))
        if new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._path, msgspec.json.encode(self._known))
        return [self._known[person.address.key] for person in people]


def _founding(server: Server, house: House) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        for name in (house.domain, *house.further):
            if await directory.domain(tx, name) is None:
                await domains.add(tx, name, server.clock.now())

    return work


def _fault_addresses(house: House, target: Address) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        for name in (name for name, fault in FAULTS.items() if fault.takes):
            address = Address(name, house.domain)
            if await directory.exact(tx, address) is None:
                await aliases.add_alias(tx, address, [target])

    return work
