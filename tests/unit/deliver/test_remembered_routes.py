"""What the router remembers of the directory: for how long, how much, and what it does not."""

import pytest

from people import at
from postroom.deliver import router
from postroom.deliver.router import MOST_TARGETS, OwnNames, Router
from postroom.message.errors import NoSuchUser
from postroom.store.administration import aliases, domains
from postroom.store.administration.domains import Rules
from postroom.store.directory.lookup import Alias, MailingList
from sorting_office import SortingOffice

LONG = 1000.0  # seconds


@pytest.fixture(autouse=True)
def _remembered_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take seconds for what is done meanwhile."""
    monkeypatch.setattr(router, "REMEMBERED", LONG)


async def targets_of(office: SortingOffice, text: str) -> list[str] | None:
    found = await office.router.resolve(office.engine.reading(), at(text))
    return [str(one) for one in found.targets] if isinstance(found, Alias) else None


async def lead_elsewhere(office: SortingOffice, text: str, target: str) -> None:
    """Another process changes the alias: nobody tells this router."""
    await office.engine.write(lambda tx: aliases.remove(tx, at(text)))
    await office.engine.write(lambda tx: aliases.add_alias(tx, at(text), [at(target)]))


async def test_an_alias_for_some_time(office: SortingOffice) -> None:
    await office.add_alias("sales@hamburger.test", "bob@hamburger.test")
    assert await targets_of(office, "sales@hamburger.test") == ["bob@hamburger.test"]
    await lead_elsewhere(office, "sales@hamburger.test", "eve@r.test")
    assert await targets_of(office, "sales@hamburger.test") == ["bob@hamburger.test"]
    office.clock.advance(LONG + 0.1)
    assert await targets_of(office, "sales@hamburger.test") == ["eve@r.test"]


async def test_until_it_is_told_of_a_change(office: SortingOffice) -> None:
    await office.add_alias("sales@hamburger.test", "bob@hamburger.test")
    await targets_of(office, "sales@hamburger.test")
    await lead_elsewhere(office, "sales@hamburger.test", "eve@r.test")
    office.router.forget()
    assert await targets_of(office, "sales@hamburger.test") == ["eve@r.test"]


async def test_a_domain_of_others(office: SortingOffice) -> None:
    """A letter to it asks the database once; the domain becomes ours when the router hears of it."""
    reading = office.engine.reading()
    assert await office.router.resolve(reading, at("eve@r.test")) is None
    await office.add_domain("r.test")
    assert await office.router.resolve(reading, at("adam@r.test")) is None
    office.router.forget()
    with pytest.raises(NoSuchUser):
        await office.router.resolve(reading, at("adam@r.test"))


async def test_nobody_is_not_remembered(office: SortingOffice) -> None:
    with pytest.raises(NoSuchUser):
        await targets_of(office, "sales@hamburger.test")
    await office.add_alias("sales@hamburger.test", "bob@hamburger.test")
    assert await targets_of(office, "sales@hamburger.test") == ["bob@hamburger.test"]


@pytest.mark.parametrize("more", [0, 1], ids=["at the limit", "over it"])
async def test_long_lists_are_not_kept(office: SortingOffice, more: int) -> None:
    members = [f"m{n:03}@r.test" for n in range(MOST_TARGETS + more)]
    await office.add_alias("all@hamburger.test", *members)
    assert await targets_of(office, "all@hamburger.test") == members
    await lead_elsewhere(office, "all@hamburger.test", "eve@r.test")
    assert await targets_of(office, "all@hamburger.test") == (["eve@r.test"] if more else members)


@pytest.mark.parametrize("more", [0, 1], ids=["at the limit", "over it"])
async def test_only_so_much_at_a_time(
    office: SortingOffice, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "MOST_REMEMBERED", 3)
    await office.add_alias("sales@hamburger.test", "bob@hamburger.test")
    await targets_of(office, "sales@hamburger.test")
    for n in range(2 + more):
        await office.router.resolve(office.engine.reading(), at(f"eve@r{n}.test"))
    await lead_elsewhere(office, "sales@hamburger.test", "eve@r.test")
    kept = ["eve@r.test" if more else "bob@hamburger.test"]
    assert await targets_of(office, "sales@hamburger.test") == kept


@pytest.mark.parametrize("host", ["mx.hamburger.test", "[192.0.2.99]"])
async def test_the_roles_of_the_host_itself(office: SortingOffice, host: str) -> None:
    """RFC 5321 §4.5.1: they are there, though nobody else at this name is."""
    reading = office.engine.reading()
    assert await office.router.resolve(reading, at(f"nobody@{host}")) is None
    assert await office.router.resolve(reading, at(f"postmaster@{host}")) is not None


@pytest.mark.parametrize("home", ["mx.hamburger.test", "other.test"])
@pytest.mark.parametrize("administrator", ["", "eve@hamburger.test"])
async def test_the_roles_of_a_host_whose_name_is_no_domain_of_ours(
    office: SortingOffice, home: str, administrator: str
) -> None:
    """As quickstart sets a server up: RCPT TO:<postmaster> is for somebody all the same."""
    names = OwnNames(frozenset(("mx.hamburger.test", "[192.0.2.99]")), home)
    office.router = Router(office.forwarding, office.clock.monotonic, names)
    rules = Rules(administrator=at(administrator) if administrator else None)
    await office.engine.write(lambda tx: domains.set_rules(tx, rules))
    reading = office.engine.reading()
    assert await office.router.resolve(reading, at(f"nobody@{home}")) is None  # which is remembered
    for text in (f"Postmaster@{home}", "abuse@mx.hamburger.test", "postmaster@[192.0.2.99]"):
        for _ in range(2):
            found = await office.router.resolve(reading, at(text))
            assert found is not None
            who = found.targets if isinstance(found, Alias) else (found.address,)
            assert [str(one) for one in who] == [administrator or "bob@hamburger.test"]
    assert await office.router.resolve(reading, at("postmaster@r.test")) is None


async def test_for_rcpt_a_long_list_is_not_read(office: SortingOffice) -> None:
    """Whoever names a list of thousands in every RCPT would have all its members read each time."""
    members = [f"m{n}@r.test" for n in range(MOST_TARGETS * 3)]
    await office.add_list("all@hamburger.test", "bob@hamburger.test", *members)
    for name in ("all@hamburger.test", "all+x@hamburger.test"):
        found = await office.router.resolve(office.engine.reading(), at(name))
        assert isinstance(found, MailingList)
        assert len(found.targets) == MOST_TARGETS + 1
    await office.accept("all@hamburger.test")
    assert [len(copies) for _, copies in await office.waiting()] == [len(members)]
