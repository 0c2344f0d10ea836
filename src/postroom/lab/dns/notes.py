"""The names of the usual course notes: domains that a lab's servers have besides their own, and the people whose dialogues are printed there.

They are in the lab's own DNS and nowhere else: outside, these domains are other people's. Each person is an account of the server's own domain, with an
alias in each further one. As in those days, the further domains say nothing of SPF, DKIM and DMARC (RFC 7208 §2.6.1: none). The printed passwords are known
to everybody, and good only while the lab listens on loopback alone. Not here: the dialogues, which are tests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from postroom.lab.dns.zones import ZoneText
from postroom.lab.plan import House
from postroom.message.address import Address
from postroom.store.administration import accounts, aliases
from postroom.store.administration.accounts import NewAccount
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Account
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import app_passwords, credentials

if TYPE_CHECKING:
    from postroom.app.server import Server

LABEL: Final = "as in the notes"  # of the app password


class Printed(msgspec.Struct, frozen=True):
    """What the notes have at one server: its further domains, who is there with which password, and other spellings of names.

    `hosts` are names of machines below a domain, with what each is: "" the server, else an address.
    """

    domains: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    spelt: tuple[tuple[str, str], ...] = ()
    hosts: tuple[tuple[str, str, str], ...] = ()


# By the place of the house in the lab's plan. Who has no password in the notes has one in the manner of joe's.
PRINTED: Final = (
    Printed(
        ("hamburger.edu", "ksit.local", "cs.rpi.edu", "monte.cs.rpi.edu"),
        (
            ("bob", "hungry"),
            ("carolyn", "vegetables"),
            ("joe", "joepw"),
            ("hollindg", "hollindgpw"),
            ("dummy", "dummypw"),
            ("dummyuser", "dummyuserpw"),
            ("rprustagi", "rprustagipw"),
        ),
        (("hollingd", "hollindg"),),
        (("fred", "cs.rpi.edu", ""), ("z3", "cs.rpi.edu", "127.0.0.4")),
    ),
    Printed(("crepes.fr",), (("alice", "hungry"),)),
)


def furnished(houses: Sequence[House]) -> tuple[House, ...]:
    """The houses with their further domains."""
    return tuple(
        msgspec.structs.replace(house, further=printed.domains)
        for house, printed in zip(houses, PRINTED, strict=False)
    )


def printed_of(house: House) -> Printed | None:
    """What the notes have at this house; None for one that has no further domains."""
    return next((one for one in PRINTED if one.domains == house.further), None)


def people_of(house: House) -> dict[str, str]:
    """The passwords of the notes, by the addresses that have them."""
    printed = printed_of(house)
    return {f"{name}@{house.domain}": password for name, password in printed.people} if printed else {}


def extras_of(house: House) -> set[str]:
    """Who is there for the notes alone."""
    return people_of(house).keys() - {f"{name}@{house.domain}" for name in house.people}


def zones_of(house: House) -> list[ZoneText]:
    """The zones of its further domains; one below another is in the other's."""
    printed = printed_of(house)
    if printed is None:
        return []
    origins = [name for name in house.further if not name.endswith(tuple(f".{one}" for one in house.further))]
    return [ZoneText(origin, tuple(_lines(origin, house, printed))) for origin in origins]


def _lines(origin: str, house: House, printed: Printed) -> list[str]:
    """The mail of each goes to the house's server, which has a name in each, too."""
    lines = []
    for name in house.further:
        if name == origin or name.endswith(f".{origin}"):
            lines += [f"{name}. MX 10 {house.host}.", f"{name}. A {house.ip}", f"mail.{name}. A {house.ip}"]
    return lines + [f"{host} A {ip or house.ip}" for host, domain, ip in printed.hosts if domain == origin]


async def settle_notes(server: Server, house: House, own: Collection[str], *, passwords: bool) -> None:
    """The people of the notes; whoever is there already stays. Those of `own` chose their passwords; without `passwords`, nobody has a printed one."""
    printed = printed_of(house)
    if printed is None:
        return
    for name, password in printed.people:
        known = passwords and f"{name}@{house.domain}" not in own
        await server.engine.write(_settling(server, house, name, password if known else ""))
    names = [(name, name) for name, _ in printed.people] + list(printed.spelt)
    await server.engine.write(_naming(house, names))


def _settling(
    server: Server, house: House, name: str, password: str
) -> Callable[[Transaction], Awaitable[None]]:
    """An account, and the printed password as an app password: the account may have one of its own."""
    address = Address(name, house.domain)

    async def work(tx: Transaction) -> None:
        now = server.clock.now()
        found = await directory.exact(tx, address)
        if found is None:
            await accounts.add(tx, NewAccount(address), server.ids, now)
            found = await directory.exact(tx, address)
        if not isinstance(found, Account):
            return
        there = [one for one in await app_passwords.of_account(tx, found.account_id) if one.label == LABEL]
        if password and not there:
            made = app_passwords.credential(password, server.ids.next(), LABEL, now)
            await app_passwords.put(tx, found.account_id, made)
        for one in there if not password else ():
            await credentials.remove(tx, found.account_id, one.credential_id)

    return work


def _naming(house: House, names: Sequence[tuple[str, str]]) -> Callable[[Transaction], Awaitable[None]]:
    """Each spelling of a name, in each domain of the house, is an alias of the account."""

    async def work(tx: Transaction) -> None:
        for domain in (house.domain, *house.further):
            for spelt, name in names:
                alias, target = Address(spelt, domain), Address(name, house.domain)
                if await directory.exact(tx, alias) is None:
                    await aliases.add_alias(tx, alias, [target])

    return work
