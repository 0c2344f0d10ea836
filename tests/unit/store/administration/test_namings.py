"""Who names an address, and those that nobody has; the check of a store finds them."""

from people import add_account, add_domains, at, write
from postroom.store.administration import accounts, aliases, domains, namings
from postroom.store.administration.domains import Rules
from postroom.store.fsck.findings import Wrong
from postroom.store.fsck.fsck import check

NOW = 1_750_000_000_000_000
ALL, INFO, BOB, ROB, GONE = (at(f"{name}@x.test") for name in ("all", "info", "bob", "rob", "gone"))


async def town(engine):
    await add_domains(engine, "x.test", "münchen.test")
    for name in ("bob@x.test", "rob@x.test"):
        await add_account(engine, name)
    await write(
        engine, aliases.add_alias, INFO, [BOB, at("bob+x@x.test"), at("x@far.test"), at("bobby@x.test")]
    )
    await write(
        engine, aliases.add_list, ALL, GONE, [at("gone@xn--mnchen-3ya.test"), ROB, at("Postmaster@x.test")]
    )
    await engine.write(lambda tx: accounts.set_forwards(tx, ROB, [at("gone@x.test"), BOB], keeps_copy=True))
    await engine.write(lambda tx: domains.set_rules(tx, Rules("+", GONE)))


async def test_who_names_an_address(engine, monkeypatch):
    monkeypatch.setattr(namings, "SLICE", 1)
    await town(engine)
    found = await namings.of(engine.reading(), BOB)
    assert [(one.who, str(one.target)) for one in found] == [
        ("the alias info@x.test", "bob+x@x.test"),
        ("the alias info@x.test", "bob@x.test"),
        ("the forward of rob@x.test", "bob@x.test"),
    ]
    assert found[0].remedy == "postroom alias set info@x.test --remove bob+x@x.test"
    assert await namings.of(engine.reading(), at("nobody@x.test")) == []


async def test_the_check_says_what_leads_to_nobody(store):
    await town(store.engine)
    found = [one async for one in check(store, NOW, repair=True)]
    assert {(one.wrong, one.repaired) for one in found} == {(Wrong.DEAD_END, False)}
    assert [(one.subject, one.detail.partition(",")[0]) for one in found] == [
        ("all@x.test", "the list all@x.test names gone@xn--mnchen-3ya.test"),
        ("info@x.test", "the alias info@x.test names bobby@x.test"),
        ("all@x.test", "the owner of the list all@x.test names gone@x.test"),
        ("rob@x.test", "the forward of rob@x.test names gone@x.test"),
        ("administrator", "the administrator names gone@x.test"),
    ]
