"""VRFY and EXPN over a directory: addresses, names of people, names in other domains of ours, and who may ask."""

import pytest

from people import add_account, add_domains, at, write
from postroom.intake.client import Account, Client
from postroom.net.session import Peer
from postroom.serve.smtp.lookups import MOST_POSSIBLE, Lookups
from postroom.store.administration import accounts, aliases
from sorting_office import SortingOffice

STRANGER = Client(Peer("192.0.2.7"), Peer("192.0.2.25"))
USER = Client(Peer("192.0.2.7"), Peer("192.0.2.25"), login=Account(1, "bob@hamburger.test"))
PEOPLE = {
    "bob@crepes.test": "Bob Baker",
    "eve@hamburger.test": "Eve Smith",
    "eve@crepes.test": "eve  smith",
    "carl@crepes.test": "Carl",
    "carl2@crepes.test": "Carl",
    "dora@pizza.test": "",
    "carla@pizza.test": "Zoë",
}


@pytest.fixture
async def lookups(office: SortingOffice) -> Lookups:
    """hamburger.test is home and has bob; two more domains with people, a list, an alias."""
    engine = office.engine
    await add_domains(engine, "crepes.test", "pizza.test")
    for address, name in PEOPLE.items():
        await add_account(engine, address)
        await write(engine, accounts.set_name, at(address), name)
    await write(engine, aliases.add_list, at("news@pizza.test"), at("bob@hamburger.test"), [at("y@far.test")])
    await write(engine, aliases.add_alias, at("all@crepes.test"), [at("x@far.test"), at("y@far.test")])
    return Lookups(engine, "hamburger.test")


@pytest.mark.parametrize(
    ("text", "replies"),
    [
        ("bob", ["250 2.1.5 <bob@hamburger.test>"]),
        ("bob+x", ["250 2.1.5 <bob@hamburger.test>"]),
        ("<bob@crepes.test>", ["250 2.1.5 <bob@crepes.test>"]),
        ("Bob Baker", ["250 2.1.5 Bob Baker <bob@crepes.test>"]),
        ('"bob BAKER"', ["250 2.1.5 Bob Baker <bob@crepes.test>"]),
        ("bob  baker", ["250 2.1.5 Bob Baker <bob@crepes.test>"]),
        ("DORA", ["250 2.1.5 <dora@pizza.test>"]),
        ("all", ["250 2.1.5 <all@crepes.test>"]),
        ("news", ["250 2.1.5 <news@pizza.test>"]),
        (
            "carl",
            [
                "553-5.1.4 Ambiguous; possibilities are",
                "553-5.1.4 Carl <carl2@crepes.test>",
                "553 5.1.4 Carl <carl@crepes.test>",
            ],
        ),
        ("postmaster", ["250 2.1.5 <bob@hamburger.test>"]),
        ("Zoë", ["250 2.1.5 Zo\\xeb <carla@pizza.test>"]),
        ("Nobody At All", ["550 5.1.1 No such user here: Nobody At All"]),
        ("nobody", ["550 5.1.1 No such user here: nobody"]),
        ("nobody@crepes.test", ["550 5.1.1 No such user here: nobody@crepes.test"]),
        (
            "x@far.test",
            ["252 2.0.0 far.test is not a domain of this server: cannot say whether there is such a mailbox"],
        ),
        ("<>", ["501 5.1.3 That is neither an address nor a name: VRFY name or VRFY name@domain"]),
        (
            "Bob <bob@",
            ["501 5.1.3 That is neither an address nor a name: VRFY name or VRFY name@domain"],
        ),
    ],
)
async def test_who_is_that(lookups: Lookups, text: str, replies: list[str]) -> None:
    reply = await lookups.verify(USER, text)
    assert reply.wire.decode().split("\r\n")[:-1] == replies


async def test_one_who_is_disabled_or_forwards(office: SortingOffice, lookups: Lookups) -> None:
    await write(
        office.engine, accounts.set_forwards, at("dora@pizza.test"), [at("d@far.test")], keeps_copy=False
    )
    assert str(await lookups.verify(USER, "dora")).startswith("251 2.1.5 ")
    await write(office.engine, accounts.set_enabled, at("dora@pizza.test"), enabled=False)
    assert str(await lookups.verify(USER, "dora")) == "550 5.2.1 The mailbox dora@pizza.test is disabled"
    await write(office.engine, accounts.set_enabled, at("carl2@crepes.test"), enabled=False)
    assert str(await lookups.verify(USER, "carl")) == "250 2.1.5 Carl <carl@crepes.test>"


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("news", "250 2.1.5 <y@far.test>"),
        ("all", "250 2.1.5 <x@far.test> <y@far.test>"),
        ("Bob Baker", "250 2.1.5 Bob Baker <bob@crepes.test>"),
        ("carl", "550 5.1.4 Ambiguous; possibilities are Carl <carl2@crepes.test> Carl <carl@crepes.test>"),
        ("nothing", "550 5.1.1 No such list here: nothing"),
    ],
)
async def test_who_is_on_that_list(lookups: Lookups, text: str, reply: str) -> None:
    assert str(await lookups.expand(USER, text)) == reply


@pytest.mark.parametrize("text", ["bob", "Bob Baker", "carl", "nobody", "No Body"])
async def test_strangers_hear_the_same_of_every_name(lookups: Lookups, text: str) -> None:
    for reply in (await lookups.verify(STRANGER, text), await lookups.expand(STRANGER, text)):
        assert str(reply).startswith("252 2.0.0 ")  # RFC 3463 §3.2: X.1.5 says that an address is valid
    assert str(await lookups.verify(STRANGER, text)) == str(await lookups.verify(STRANGER, "bob"))


@pytest.mark.parametrize(("others", "more"), [(MOST_POSSIBLE, False), (MOST_POSSIBLE + 1, True)])
async def test_of_many_some_are_listed(office: SortingOffice, others: int, more: bool) -> None:
    engine = office.engine
    for number in range(others):
        await add_account(engine, f"u{number}@hamburger.test")
        await write(engine, accounts.set_name, at(f"u{number}@hamburger.test"), "Many")
    reply = await Lookups(engine, "hamburger.test", open_to_all=True).verify(STRANGER, "many")
    assert len(reply.lines) == 1 + MOST_POSSIBLE + more
    assert (reply.lines[-1] == "and others") is more
