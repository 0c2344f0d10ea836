from functools import partial

import pytest

from people import add_account, add_domains, at, write
from postroom.store.administration import accounts, aliases
from postroom.store.administration.aliases import Entry
from postroom.store.directory import lookup as directory
from postroom.store.directory.errors import InUse, NotFound, Taken, TooMany
from postroom.store.directory.lookup import Kind

SALES, NEWS, BOB, FAR = at("sales@x.test"), at("news@x.test"), at("bob@x.test"), at("x@far.test")


@pytest.fixture
async def town(engine):
    await add_domains(engine, "x.test", "y.test")
    await add_account(engine, "bob@x.test")
    await write(engine, aliases.add_alias, SALES, [BOB])
    await write(engine, aliases.add_list, NEWS, BOB, [])
    return engine


async def targets(engine, address):
    return list((await directory.resolve(engine.reading(), address)).targets)


@pytest.mark.parametrize("address", [SALES, NEWS])
async def test_members_come_and_go(town, address):
    before = await targets(town, address)
    await write(town, aliases.add_members, address, [FAR, at("X@far.test")])
    assert await targets(town, address) == [*before, at("X@far.test")]
    await write(town, aliases.remove_member, address, FAR)
    assert await targets(town, address) == before


@pytest.mark.parametrize(
    ("function", "args", "error", "words"),
    [
        (aliases.add_alias, (at("a@far.test"), [BOB]), NotFound, "is not a domain of this system"),
        (aliases.add_alias, (BOB, [FAR]), Taken, "the address of an existing account"),
        (aliases.add_alias, (at("SALES@x.test"), [FAR]), Taken, "the address of an existing alias"),
        (aliases.add_list, (SALES, BOB, []), Taken, "the address of an existing alias"),
        (aliases.add_list, (at("l@x.test"), at("L@x.test"), []), InUse, "cannot be its own owner"),
        (aliases.set_owner, (NEWS, NEWS), InUse, "cannot be its own owner"),
        (aliases.set_owner, (SALES, BOB), NotFound, "only lists have owners"),
        (aliases.add_members, (at("none@x.test"), [BOB]), NotFound, "postroom alias list"),
        (aliases.add_members, (BOB, [FAR]), NotFound, "is an account"),
        (aliases.remove_member, (NEWS, FAR), NotFound, "is not a member"),
        (aliases.remove_member, (SALES, BOB), InUse, "the only target"),
        (aliases.remove, (BOB,), NotFound, "is an account"),
    ],
)
async def test_what_cannot_be_done_is_said(town, function, args, error, words):
    with pytest.raises(error, match=words):
        await write(town, function, *args)
    assert await targets(town, SALES) == [BOB]


async def test_nobody_has_more_members_than_mail_goes_to(town, monkeypatch):
    """Else whoever writes to it would learn of it, and not whoever made it."""
    monkeypatch.setattr(aliases, "MAX_MEMBERS", 3)
    many = [at(f"m{n}@far.test") for n in range(4)]
    words = "would stand for 4 addresses, and mail goes to at most 3"
    with pytest.raises(TooMany, match=f"all@x.test {words}"):
        await write(town, aliases.add_list, at("all@x.test"), BOB, many)
    await write(town, aliases.add_list, at("all@x.test"), BOB, many[:3])
    await write(town, aliases.add_members, at("all@x.test"), many[:3])
    for add, who in ((aliases.add_members, at("all@x.test")), (aliases.add_alias, at("more@x.test"))):
        with pytest.raises(TooMany, match=words):
            await write(town, add, who, many)
    with pytest.raises(TooMany, match=words):
        await write(town, partial(accounts.set_forwards, keeps_copy=True), BOB, many)
    assert await targets(town, at("all@x.test")) == many[:3]


async def test_a_lists_owner_can_change(town):
    await write(town, aliases.set_owner, NEWS, FAR)
    assert (await directory.resolve(town.reading(), NEWS)).owner == FAR


@pytest.mark.parametrize("address", [SALES, NEWS])
async def test_what_was_removed_is_free_again(town, address):
    await write(town, aliases.remove, address)
    assert await directory.resolve(town.reading(), address) is None
    await write(town, aliases.add_list, address, BOB)
    assert await targets(town, address) == []


async def test_the_listing(town):
    await write(town, aliases.add_alias, at("All@y.test"), [BOB, FAR])
    everything = [
        Entry(at("All@y.test"), Kind.ALIAS, None, 2),
        Entry(NEWS, Kind.LIST, BOB, 0),
        Entry(SALES, Kind.ALIAS, None, 1),
    ]
    tx = town.reading()
    assert await aliases.listing(tx) == everything
    assert await aliases.listing(tx, "y.test") == everything[:1]
    assert await aliases.listing(tx, after=everything[0].address.key, limit=1) == everything[1:2]
