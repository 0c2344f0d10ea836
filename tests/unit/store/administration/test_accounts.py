from functools import partial

import pytest

from behind import behind
from people import IDS, NOW, add_account, add_domains, at, write
from postroom.store import pruning
from postroom.store.administration import accounts, aliases, domains
from postroom.store.directory import lookup as directory
from postroom.store.directory.errors import InUse, NotFound, Taken
from postroom.store.directory.lookup import Domain
from postroom.store.identity import credentials
from postroom.store.identity.credentials import CredentialKind
from postroom.store.mailboxes import mailboxes

BOB, FAR, SALES = at("bob@x.test"), at("x@far.test"), at("sales@x.test")


@pytest.fixture
async def town(engine):
    await add_domains(engine, "x.test", "y.test")
    await add_account(engine, "bob@x.test", b"phc", quota=5000)
    await write(engine, aliases.add_alias, SALES, [BOB])
    return engine


async def test_a_new_account_has_an_inbox_and_its_quota(town):
    account = await accounts.get(town.reading(), BOB)
    inbox = await mailboxes.by_role(town.reading(), account.account_id, "inbox")
    assert inbox is not None
    assert (account.quota_bytes, account.enabled, account.keeps_copy) == (5000, True, True)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda town: add_account(town, "bob@X.test"), Taken, "the address of an existing account"),
        (lambda town: add_account(town, "sales@x.test"), Taken, "the address of an existing alias"),
        (lambda town: add_account(town, "bob@far.test"), NotFound, "postroom domain add"),
        (lambda town: write(town, accounts.get, at("eve@x.test")), NotFound, "postroom account list"),
        (
            lambda town: write(town, accounts.remove, SALES),
            NotFound,
            "is not an account but an alias or list",
        ),
        (lambda town: write(town, accounts.set_forwards, BOB, [BOB], keeps_copy=True), InUse, "to itself"),
        (lambda town: write(town, accounts.set_quota, BOB, -1), ValueError, "0 means none"),
    ],
)
async def test_what_cannot_be_done_is_said(town, ask, error, words):
    with pytest.raises(error, match=words):
        await ask(town)
    assert [one.address for one in await accounts.listing(town.reading())] == [BOB]


async def test_a_removed_account_leaves_the_directory(town):
    found = await accounts.get(town.reading(), BOB)
    assert await write(town, accounts.remove, BOB) == found.account_id
    assert await directory.resolve(town.reading(), BOB) is None
    assert await credentials.of_address(town.reading(), BOB) is None
    assert await credentials.of_account(town.reading(), found.account_id) == []
    assert await add_account(town, "bob@x.test") != found.account_id


async def test_forwards_can_be_set_and_taken_back(town):
    await write(town, accounts.set_forwards, BOB, [FAR, SALES], keeps_copy=False)
    assert (await accounts.get(town.reading(), BOB)).forwards == (FAR, SALES)
    await write(town, accounts.set_forwards, BOB, [], keeps_copy=True)
    found = await accounts.get(town.reading(), BOB)
    assert (found.forwards, found.keeps_copy) == ((), True)


async def test_each_change_of_credentials_is_a_new_generation(town):
    async def state():
        found = await credentials.of_address(town.reading(), BOB)
        return found.generation, [(one.kind, one.verifier) for one in found.credentials]

    generation, first = await state()
    assert first == [(CredentialKind.PASSWORD, b"phc")]
    await write(town, accounts.set_password, BOB, accounts.Verifiers(b"new"), IDS, NOW)
    assert await state() == (generation + 1, [(CredentialKind.PASSWORD, b"new")])
    await write(town, accounts.set_shared_secret, BOB, b"sealed", IDS, NOW)
    await write(town, accounts.set_shared_secret, BOB, b"other", IDS, NOW)
    assert (await state())[1][1:] == [(CredentialKind.SHARED_SECRET, b"other")]
    await write(town, accounts.set_shared_secret, BOB, b"", IDS, NOW)
    assert await state() == (generation + 4, [(CredentialKind.PASSWORD, b"new")])


async def test_the_listing(town):
    for text in ("carol@y.test", "Anne@x.test"):
        await add_account(town, text)
    tx = town.reading()
    names = [str(one.address) for one in await accounts.listing(tx)]
    assert names == ["Anne@x.test", "bob@x.test", "carol@y.test"]
    assert [str(one.address) for one in await accounts.listing(tx, "x.test", limit=1)] == ["Anne@x.test"]
    assert [str(one.address) for one in await accounts.listing(tx, "x.test", "anne@x.test")] == ["bob@x.test"]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_who_is_removed_while_he_is_enabled_stays_removed(town):
    """Else housekeeping would keep his mail for ever."""
    bob = (await accounts.get(town.reading(), BOB)).account_id
    await behind(
        town,
        partial(accounts.remove, address=BOB),
        lambda: write(town, accounts.set_enabled, BOB, enabled=True),
    )
    await pruning.prune(town, NOW)
    assert await town.reading().fetch("SELECT state FROM accounts WHERE account_id = $1", bob) == []


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("remove", "wanted"), [(accounts.remove, BOB), (aliases.remove, SALES)])
async def test_an_address_that_becomes_a_catch_all_meanwhile_is_not_removed(town, remove, wanted):
    change = partial(domains.change, domain=Domain("y.test", catch_all=wanted))
    (told,) = await behind(town, change, lambda: write(town, remove, wanted))
    assert isinstance(told, InUse)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("remove", "wanted"), [(accounts.remove, BOB), (aliases.remove, SALES)])
async def test_an_address_that_is_removed_meanwhile_becomes_no_catch_all(town, remove, wanted):
    change = Domain("y.test", catch_all=wanted)
    gone = partial(remove, address=wanted)
    (told,) = await behind(town, gone, lambda: write(town, domains.change, change))
    assert isinstance(told, NotFound)
