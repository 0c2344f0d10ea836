import pytest

from people import add_account, add_domains, at, write
from postroom.message.address import Address
from postroom.store.administration import accounts, aliases, domains
from postroom.store.administration.domains import Rules
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Account, Alias, Domain, MailingList


@pytest.fixture
async def town(engine):
    """hamburger.test with bob and anne+ice, an alias, a list; crepes.test empty."""
    await add_domains(engine, "hamburger.test", "crepes.test")
    await add_account(engine, "Bob@hamburger.test")
    await add_account(engine, "anne+ice@hamburger.test")
    await write(
        engine, aliases.add_alias, at("sales@hamburger.test"), [at("bob@hamburger.test"), at("x@far.test")]
    )
    await write(
        engine, aliases.add_list, at("news@hamburger.test"), at("bob@hamburger.test"), [at("y@far.test")]
    )
    return engine


async def resolve(engine, text):
    return await directory.resolve(engine.reading(), at(text))


@pytest.mark.parametrize(
    ("text", "address", "detail"),
    [
        ("bob@hamburger.test", "Bob@hamburger.test", ""),
        ("BOB@Hamburger.TEST", "Bob@hamburger.test", ""),
        ('"bob"@hamburger.test', "Bob@hamburger.test", ""),
        ("bob+Ice.Cream@hamburger.test", "Bob@hamburger.test", "Ice.Cream"),
        ("bob+a+b@hamburger.test", "Bob@hamburger.test", "a+b"),
        ("bob+@hamburger.test", "Bob@hamburger.test", ""),
        ("anne+ice@hamburger.test", "anne+ice@hamburger.test", ""),
    ],
)
async def test_accounts(town, text, address, detail):
    found = await resolve(town, text)
    assert isinstance(found, Account)
    assert (str(found.address), found.detail, found.enabled, found.forwards) == (address, detail, True, ())


@pytest.mark.parametrize(
    "text",
    [
        "nobody@hamburger.test",
        "anne@hamburger.test",
        "anne+x@hamburger.test",
        "+x@hamburger.test",
        "bob@far.test",
        "bob@sub.hamburger.test",
        '"\' OR 1=1 --"@hamburger.test',
        "b%@hamburger.test",
        "b_b@hamburger.test",
        "bo\u212a@hamburger.test",
        "postmaster@far.test",
    ],
)
async def test_nobody(town, text):
    assert await resolve(town, text) is None


async def test_the_kelvin_sign_is_not_a_k(engine):
    await add_domains(engine, "x.test")
    await add_account(engine, "kim@x.test")
    assert await resolve(engine, "\u212aim@x.test") is None
    assert await resolve(engine, "KIM@x.test") is not None


async def test_aliases_and_lists(town):
    targets = (at("bob@hamburger.test"), at("x@far.test"))
    assert await resolve(town, "Sales@hamburger.test") == Alias(at("sales@hamburger.test"), targets)
    assert await resolve(town, "sales+june@hamburger.test") == Alias(at("sales@hamburger.test"), targets)
    news = MailingList(at("news@hamburger.test"), (at("y@far.test"),), at("bob@hamburger.test"))
    assert await resolve(town, "news@hamburger.test") == news


@pytest.mark.parametrize("role", ["postmaster", "Postmaster", "ABUSE", "abuse+spam"])
async def test_every_domain_has_postmaster_and_abuse(town, role):
    found = await resolve(town, f"{role}@hamburger.test")
    assert str(found.address) == "Bob@hamburger.test"  # the oldest account, since nobody was named
    assert str((await resolve(town, f"{role}@crepes.test")).address) == "Bob@hamburger.test"

    await write(town, domains.set_rules, Rules("+", at("root@far.test")))
    assert (await resolve(town, f"{role}@crepes.test")).targets == (at("root@far.test"),)

    await write(town, domains.change, Domain("crepes.test", postmaster=at("sales@hamburger.test")))
    assert (await resolve(town, f"{role}@crepes.test")).targets == (at("sales@hamburger.test"),)
    assert (await resolve(town, f"{role}@hamburger.test")).targets == (at("root@far.test"),)


@pytest.mark.parametrize("domain", ["hamburger.test", "crepes.test"])
async def test_nobody_who_is_kept_out_is_postmaster_while_another_is_in(town, domain):
    await write(town, set_enabled, at("bob@hamburger.test"), False)
    assert str((await resolve(town, f"postmaster@{domain}")).address) == "anne+ice@hamburger.test"
    await write(town, set_enabled, at("anne+ice@hamburger.test"), False)
    assert not (await resolve(town, f"postmaster@{domain}")).enabled


async def set_enabled(tx, address, enabled):
    await accounts.set_enabled(tx, address, enabled=enabled)


async def test_a_postmaster_of_its_own(town):
    await add_account(town, "postmaster@crepes.test")
    await write(town, domains.set_rules, Rules("+", at("postmaster@crepes.test")))
    assert isinstance(await resolve(town, "postmaster@crepes.test"), Account)
    assert (await resolve(town, "abuse@crepes.test")).targets == (at("postmaster@crepes.test"),)


async def test_an_administrator_who_is_nobody_is_not_asked_to_resolve_himself(town):
    await write(town, domains.set_rules, Rules("+", at("postmaster@crepes.test")))
    assert isinstance(await resolve(town, "postmaster@crepes.test"), Account)


async def test_a_system_without_accounts_has_no_postmaster(engine):
    await add_domains(engine, "x.test")
    assert await resolve(engine, "postmaster@x.test") is None


async def test_catch_all_comes_last(town):
    await write(town, domains.change, Domain("hamburger.test", catch_all=at("bob@hamburger.test")))
    caught = await resolve(town, "whatever+x@hamburger.test")
    assert caught == Alias(Address("whatever+x", "hamburger.test"), (at("bob@hamburger.test"),))
    assert isinstance(await resolve(town, "bob+x@hamburger.test"), Account)
    assert isinstance(await resolve(town, "postmaster@hamburger.test"), Account)
    assert await resolve(town, "whatever@crepes.test") is None


async def test_sub_addresses_can_be_off_or_have_another_delimiter(town):
    await write(town, domains.set_rules, Rules("-"))
    assert (await resolve(town, "bob-x@hamburger.test")).detail == "x"
    assert await resolve(town, "bob+x@hamburger.test") is None
    await write(town, domains.change, Domain("hamburger.test", subaddresses=False))
    assert await resolve(town, "bob-x@hamburger.test") is None
    await write(town, domains.change, Domain("hamburger.test"))
    await write(town, domains.set_rules, Rules(""))
    assert await resolve(town, "bob-x@hamburger.test") is None


async def test_what_an_account_is(town):
    bob = at("bob@hamburger.test")
    await write(town, accounts.set_quota, bob, 1000)
    await write(town, accounts.set_enabled, bob, enabled=False)
    await write(town, accounts.set_forwards, bob, [at("x@far.test"), at('"y z"@far.test')], keeps_copy=False)
    found = await resolve(town, "bob@hamburger.test")
    assert (found.enabled, found.keeps_copy, found.quota_bytes, found.used_bytes) == (False, False, 1000, 0)
    assert found.forwards == (at("x@far.test"), at('"y z"@far.test'))


@pytest.mark.parametrize(
    ("quota", "used", "size", "room"), [(0, 9, 10**12, True), (10, 4, 6, True), (10, 4, 7, False)]
)
def test_room(quota, used, size, room):
    account = Account(1, at("bob@hamburger.test"), used_bytes=used, quota_bytes=quota)
    assert account.has_room_for(size) is room


async def test_domains_are_found_in_any_case(town):
    assert await directory.domain(town.reading(), "HAMBURGER.test") == Domain("hamburger.test")
    assert await directory.domain(town.reading(), "far.test") is None


async def test_rcpt_costs_two_statements(town):
    class Counting:
        def __init__(self, tx):
            self.tx, self.count = tx, 0

        def __getattr__(self, name):
            self.count += 1
            return getattr(self.tx, name)

    for text, most in (("bob@hamburger.test", 2), ("sales@hamburger.test", 2)):
        counting = Counting(town.reading())
        await directory.resolve(counting, at(text))
        assert counting.count == most


@pytest.mark.parametrize(
    ("name", "limit", "found"),
    [
        ("sales", 9, ["<sales@hamburger.test>"]),
        ("BOB", 9, ["Bob <Bob@hamburger.test>", "Bob <bobby@crepes.test>"]),
        ("bob", 1, ["Bob <Bob@hamburger.test>"]),
        ("Bobby", 9, ["Bob <bobby@crepes.test>"]),
        ("x", 9, []),
        ("b%", 9, []),
        ("", 9, []),
    ],
)
async def test_who_is_called_so(town, name, limit, found):
    await add_account(town, "bobby@crepes.test")
    for address in ("bob@hamburger.test", "bobby@crepes.test"):
        await write(town, accounts.set_name, at(address), "Bob")
    assert [str(one) for one in await directory.named(town.reading(), name, limit)] == found


@pytest.mark.parametrize("ours", ["bücher.test", "xn--bcher-kva.test"])
@pytest.mark.parametrize("given", ["bücher.test", "xn--bcher-kva.test", "BÜCHER.test", "XN--BCHER-KVA.test"])
async def test_a_domain_in_its_other_form_is_the_same(engine, ours, given):
    """Whoever sends without SMTPUTF8 can only write the A-labels of a domain that was added as its owner writes it."""
    await add_domains(engine, ours)
    await add_account(engine, f"bob@{ours}")
    found = await resolve(engine, f"bob+pizza@{given}")
    assert isinstance(found, Account)
    assert (str(found.address), found.detail) == (f"bob@{ours}", "pizza")
    assert (await directory.domain(engine.reading(), given)).name == ours
    assert await resolve(engine, f"nobody@{given}") is None
    assert isinstance(await resolve(engine, f"postmaster@{given}"), Account)


@pytest.mark.parametrize(
    "name", ["xn--.test", "xn--zzzzzzzzz99999.test", "xn--bcher-kvb.test", "xn--0ca24w.test", "ü..test"]
)
async def test_what_is_no_other_form_of_anything(engine, name):
    await add_domains(engine, "bücher.test")
    assert await directory.domain(engine.reading(), name) is None
