import pytest

from people import NOW, add_account, add_domains, at, write
from postroom.store.administration import accounts, domains
from postroom.store.administration.domains import Rules
from postroom.store.directory import lookup as directory
from postroom.store.directory.errors import BadName, InUse, NotFound, Taken
from postroom.store.directory.lookup import Domain


async def test_a_new_domain_is_ours(engine):
    assert await write(engine, domains.add, "Crepes.TEST", NOW) == Domain("crepes.test")
    assert await directory.domain(engine.reading(), "crepes.test") == Domain("crepes.test")


@pytest.mark.parametrize(
    "name", ["", "a b", "bob@x.test", "x..test", "-x.test", "[192.0.2.1]", "x" * 64 + ".test"]
)
async def test_what_is_no_domain(engine, name):
    with pytest.raises(BadName, match="is not a domain name; it looks like"):
        await write(engine, domains.add, name, NOW)


async def test_a_domain_is_added_once(engine):
    await add_domains(engine, "x.test")
    with pytest.raises(Taken, match=r"x\.test exists already"):
        await add_domains(engine, "X.test")


FORMS = ("bücher.test", "xn--bcher-kva.test", "BÜCHER.test", "XN--BCHER-KVA.test")


@pytest.mark.parametrize("given", FORMS)
@pytest.mark.parametrize("ours", FORMS)
async def test_a_domain_is_there_once_whichever_form_it_is_written_in(engine, ours, given):
    added = await write(engine, domains.add, ours, NOW)
    assert added.name in ("bücher.test", "xn--bcher-kva.test")
    with pytest.raises(Taken, match=f"{added.name} exists already"):
        await write(engine, domains.add, given, NOW)
    assert await write(engine, domains.held, given) == added.name
    await write(engine, domains.remove, given)
    assert await domains.listing(engine.reading()) == []


async def test_what_is_no_internationalized_domain(engine):
    with pytest.raises(BadName, match="not an internationalized domain name"):
        await write(engine, domains.add, "ü_x.test", NOW)


async def test_only_an_empty_domain_can_be_removed(engine):
    await add_domains(engine, "x.test")
    await add_account(engine, "bob@x.test")
    with pytest.raises(InUse, match=r"such as bob@x\.test"):
        await write(engine, domains.remove, "x.test")
    await write(engine, accounts.remove, at("bob@x.test"))
    await write(engine, domains.remove, "x.test")
    with pytest.raises(NotFound, match="postroom domain add"):
        await write(engine, domains.remove, "x.test")


async def test_domains_are_listed_by_name(engine):
    await add_domains(engine, "b.test", "a.test", "c.test")
    assert [one.name for one in await domains.listing(engine.reading(), limit=2)] == ["a.test", "b.test"]
    assert [one.name for one in await domains.listing(engine.reading(), "b.test")] == ["c.test"]


async def test_what_is_set_is_what_is_read(engine):
    await add_domains(engine, "x.test")
    await add_account(engine, "bob@x.test")
    wanted = Domain("x.test", at("bob@x.test"), at("root@far.test"), subaddresses=False)
    await write(engine, domains.change, wanted)
    assert await directory.domain(engine.reading(), "x.test") == wanted


@pytest.mark.parametrize("field", ["catch_all", "postmaster"])
async def test_an_address_of_ours_that_is_set_exists_and_stays(engine, field):
    await add_domains(engine, "x.test")
    with pytest.raises(NotFound, match="add the account or alias first"):
        await write(engine, domains.change, Domain("x.test", **{field: at("bob@x.test")}))
    await add_account(engine, "bob@x.test")
    await write(engine, domains.change, Domain("x.test", **{field: at("Bob@x.test")}))
    with pytest.raises(InUse, match="change that first"):
        await write(engine, accounts.remove, at("bob@x.test"))


async def test_only_domains_of_ours_can_be_set(engine):
    with pytest.raises(NotFound, match=r"'far\.test' is not a domain of this system"):
        await write(engine, domains.change, Domain("far.test"))


@pytest.mark.parametrize("delimiter", ["++", "@", ".", " "])
async def test_what_cannot_separate_a_detail(engine, delimiter):
    with pytest.raises(BadName, match="use one character"):
        await write(engine, domains.set_rules, Rules(delimiter))
