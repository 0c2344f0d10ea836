"""Aliases, lists, and the import of alias files."""

from __future__ import annotations

from typing import Any

import pytest

from offices import ROOT, TestOffice
from postroom.app.control import Request
from postroom.app.operations import aliases
from postroom.app.operations.table import perform
from postroom.message.errors import TryLater
from postroom.store.engine.transaction import Urgency

BOB = "bob@hamburger.test"


async def test_an_alias_comes_changes_and_goes(office: TestOffice) -> None:
    (made,) = await office.ask("alias.add", address="info@hamburger.test", targets=[BOB, "x@crepes.test"])
    assert made == {
        "address": "info@hamburger.test",
        "kind": "alias",
        "targets": [BOB, "x@crepes.test"],
        "owner": "",
        "unknown": [],
        "leads_nowhere": False,
        "named_by": [],
    }
    (less,) = await office.ask("alias.set", address="info@hamburger.test", remove=["x@crepes.test"])
    assert less["targets"] == [BOB]
    assert await office.ask("alias.list") == [less]
    assert await office.ask("list.list") == []
    await office.ask("alias.remove", address="info@hamburger.test")
    assert await office.ask("alias.list", domain="hamburger.test") == []


async def test_a_list_has_an_owner_and_members(office: TestOffice) -> None:
    await office.ask("list.add", address="all@hamburger.test", owner=BOB)
    (more,) = await office.ask("alias.set", address="all@hamburger.test", add=["a@b.test", "c@d.test"])
    assert more["targets"] == ["a@b.test", "c@d.test"]
    (owned,) = await office.ask("alias.set", address="all@hamburger.test", owner="boss@crepes.test")
    assert owned["owner"] == "boss@crepes.test"
    assert await office.ask("list.list") == [owned]
    assert await office.ask("alias.list") == []


async def test_what_goes_or_becomes_another_thing_while_it_is_listed_ends_no_listing(
    office: TestOffice,
) -> None:
    for name in ("a", "b", "c", "d"):
        await office.ask("alias.add", address=f"{name}@hamburger.test", targets=[BOB])
    records = perform(office, ROOT, Request("alias.list", {}))
    listed = [(await anext(records))["address"]]
    await office.ask("alias.remove", address="b@hamburger.test")
    await office.ask("alias.remove", address="c@hamburger.test")
    await office.ask("list.add", address="c@hamburger.test", owner=BOB)
    listed += [one["address"] async for one in records]
    assert listed == ["a@hamburger.test", "d@hamburger.test"]


async def test_who_is_nobody_here_is_said(office: TestOffice) -> None:
    gone, elsewhere = "gone@hamburger.test", "x@crepes.test"
    (made,) = await office.ask("alias.add", address="info@hamburger.test", targets=[gone, BOB, elsewhere])
    assert made["unknown"] == [gone]
    (more,) = await office.ask("alias.set", address="info@hamburger.test", add=["left@hamburger.test"])
    assert more["unknown"] == ["left@hamburger.test"]
    (less,) = await office.ask("alias.set", address="info@hamburger.test", remove=["left@hamburger.test"])
    assert less["unknown"] == []
    (made,) = await office.ask("list.add", address="all@hamburger.test", owner=gone, members=[gone, BOB])
    assert made["unknown"] == [gone]


async def test_what_leads_to_nobody_is_said(office: TestOffice) -> None:
    one, other, third = (f"{name}@hamburger.test" for name in ("one", "other", "third"))

    async def nowhere(operation: str, **words: object) -> bool:
        (made,) = await office.ask(operation, **words)
        return bool(made["leads_nowhere"])

    assert await nowhere("alias.add", address=one, targets=[other])
    assert await nowhere("alias.add", address=other, targets=[third, "gone@hamburger.test"])
    assert not await nowhere("list.add", address=third, owner=BOB, members=[BOB])
    assert await nowhere("alias.set", address=third, add=[one], remove=[BOB])  # in a circle
    assert not await nowhere("alias.set", address=one, add=["x@crepes.test"])
    assert await nowhere("alias.set", address=one, remove=["x@crepes.test"])
    assert not await nowhere("alias.set", address=other, add=[BOB])
    assert await nowhere("list.add", address="empty@hamburger.test", owner=BOB)
    several = [f"way-{n}@hamburger.test" for n in range(aliases.MOST_LOOKED_UP)]
    assert not await nowhere(
        "list.add", address="many@hamburger.test", owner=BOB, members=several
    )  # not told


async def test_a_file_is_imported_with_what_it_includes(office: TestOffice) -> None:
    text = "postmaster: root\nroot: bob\nstaff: :include:/staff\nprog: |/bin/sh\nowner-staff: bob\n"
    (done,) = await office.ask("alias.import", text=text, included={"/staff": "bob, carol@crepes.test\n"})
    assert (done["domain"], done["aliases"], done["lists"], done["forwards"]) == ("hamburger.test", 3, 1, 0)
    assert any("|/bin/sh is refused" in one for one in done["complaints"])
    (staff,) = await office.ask("alias.show", address="staff@hamburger.test")
    assert (staff["kind"], staff["owner"]) == ("list", "owner-staff@hamburger.test")


async def test_names_belong_to_the_only_domain_or_the_hosts(office: TestOffice) -> None:
    await office.ask("domain.add", name="crepes.test")
    assert (await office.ask("alias.import", text=""))[0]["domain"] == "hamburger.test"
    await office.ask("domain.add", name="mail.hamburger.test")
    await office.ask("account.remove", address=BOB)
    await office.ask("domain.remove", name="hamburger.test")
    await office.ask("domain.remove", name="mail.hamburger.test")
    await office.ask("domain.add", name="pizza.test")
    assert "crepes.test, pizza.test" in await office.refusal("alias.import", text="")


async def test_without_a_domain_there_is_nothing_to_import_into(bare: TestOffice) -> None:
    assert "domain add" in await bare.refusal("alias.import", text="a: b")


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("alias.add", {"address": BOB, "targets": ["x@y.test"]}, "taken"),
        ("alias.add", {"address": "a@hamburger.test", "targets": []}, "needs a target"),
        ("alias.add", {"address": "a@hamburger.test", "targets": ["x"]}, "not an address"),
        ("alias.show", {"address": BOB}, "postroom account"),
        ("alias.show", {"address": "x@hamburger.test"}, "there is no x@hamburger.test"),
        ("alias.remove", {"address": "x@hamburger.test"}, "there is no"),
        ("alias.list", {"domain": "x.test"}, "not a domain"),
        ("list.add", {"address": "l@hamburger.test", "owner": "l@hamburger.test"}, "its own owner"),
        ("alias.import", {"text": "", "domain": "x.test"}, "domain add x.test"),
    ],
)
async def test_refusals(office: TestOffice, operation: str, arguments: dict[str, Any], words: str) -> None:
    assert words in await office.refusal(operation, **arguments)


async def test_a_long_file_is_entered_in_commits_of_bounded_size(
    office: TestOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail that comes in meanwhile waits for one of them; what was broken off is done again."""
    monkeypatch.setattr(aliases, "SLICE", 2)
    text = "a: bob\nnews: bob\nb: bob\nowner-news: bob\nc: bob\n|: bob\nd: nobody@\n"
    write, commits = office.engine.write, 0

    async def counted(work: Any, urgency: Urgency = Urgency.INBOUND) -> Any:
        nonlocal commits
        commits += 1
        if commits == 3:
            raise TryLater
        return await write(work, urgency)

    monkeypatch.setattr(office.engine, "write", counted)
    assert await office.refusal("alias.import", text=text)
    assert [one["address"] for one in await office.ask("alias.list")] == ["a@hamburger.test"]
    (done,) = await office.ask("alias.import", text=text)
    assert (done["aliases"], done["lists"], len(done["complaints"])) == (5, 1, 2)
    assert commits == 7
    (news,) = await office.ask("list.list")
    assert (news["address"], news["owner"]) == ("news@hamburger.test", "owner-news@hamburger.test")
