"""How far aliases and lists are expanded, and at whose cost."""

from typing import Any

import pytest

from others_turns import others_turns
from people import at
from postroom.deliver import router
from postroom.message.envelope import Notify, Recipient, Ret
from postroom.message.errors import MailError
from postroom.store.spool import spool
from sorting_office import SortingOffice, bounce_of

OWNER = "bob@hamburger.test"


@pytest.fixture
async def food(office: SortingOffice) -> list[str]:
    """The members of a list, all elsewhere."""
    members = [f"m{n}@r{n}.test" for n in range(4)]
    await office.add_list("food@hamburger.test", OWNER, *members)
    return members


async def test_sub_addresses_of_a_list_do_not_multiply_its_members_without_end(
    office: SortingOffice, food: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "MAX_OF_A_LETTER", 12)
    names = [f"food+{n}@hamburger.test" for n in range(50)]
    await office.accept(*names, sender=OWNER)
    assert sorted(address for _, [address] in await office.waiting()) == food
    [report] = await office.inbox(office.bob)
    assert bounce_of(report)[:3] == (
        "Final-Recipient: rfc822; food+3@hamburger.test",
        "Action: failed",
        "Status: 5.2.4",
    )
    assert report.count(b"Action: failed") == len(names) - 3


async def test_one_that_stands_for_too_many_is_refused(
    office: SortingOffice, food: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "MAX_EXPANDED", len(food) - 1)
    with pytest.raises(MailError, match="stands for more than 3 addresses"):
        await office.accept("food@hamburger.test")
    assert await office.empty()


async def test_a_list_with_as_many_members_as_it_may_have_gets_its_mail(
    office: SortingOffice, food: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "MAX_EXPANDED", len(food))
    await office.accept("food@hamburger.test")
    assert sorted(address for _, [address] in await office.waiting()) == food


async def test_others_have_their_turn_while_a_long_list_is_expanded(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [f"m{n}@r{n}.test" for n in range(100)]
    await office.add_list("all@hamburger.test", OWNER, *members)
    when_expanded: list[int] = []
    ways = office.placer.ways

    def expanded(*args: Any, **more: Any) -> Any:
        when_expanded.append(turns.had)
        return ways(*args, **more)

    monkeypatch.setattr(office.placer, "ways", expanded)
    async with others_turns() as turns:
        await office.accept("all@hamburger.test")
    assert when_expanded[0] > len(members)
    assert len(await office.waiting()) == len(members)


@pytest.mark.parametrize("name", ["food@hamburger.test", "dan@hamburger.test"], ids=["list", "forward"])
async def test_what_a_list_or_a_forward_sends_on_asks_for_nothing(office: SortingOffice, name: str) -> None:
    """RFC 3461 §5.2.7.1 (b), §5.2.7.4: the first sender's ENVID, RET, NOTIFY and ORCPT are not its own."""
    await office.add_list("food@hamburger.test", OWNER, "eve@r.test")
    await office.add_account("dan@hamburger.test", forwards=["eve@r.test"], keeps=False)
    asked = Recipient(at(name), Notify.SUCCESS, "rfc822;first@r.test")
    await office.accept(asked, sender=OWNER, envid="QQ314159", ret=Ret.FULL)
    [(spool_id,)] = await office.rows("SELECT spool_id FROM spool")
    tx = office.engine.reading()
    sent = await spool.letter(tx, spool_id)
    assert sent is not None
    assert (sent.terms.envid, sent.terms.ret) == (None, None)
    [copy] = await spool.copies(tx, spool_id, 0)
    assert (copy.notify, copy.orcpt) == (None, None)


async def test_an_alias_hands_on_what_was_asked_for(office: SortingOffice) -> None:
    """RFC 3461 §5.2.7.2."""
    await office.add_alias("sales@hamburger.test", "eve@r.test")
    await office.accept("sales@hamburger.test", envid="QQ314159", ret=Ret.FULL)
    [(spool_id,)] = await office.rows("SELECT spool_id FROM spool")
    sent = await spool.letter(office.engine.reading(), spool_id)
    assert sent is not None
    assert (sent.terms.envid, sent.terms.ret) == ("QQ314159", Ret.FULL)


@pytest.mark.parametrize("keeps", [False, True], ids=["all goes on", "a copy stays"])
async def test_who_asks_hears_once_that_it_came_to_one_who_forwards(
    office: SortingOffice, *, keeps: bool
) -> None:
    await office.add_account("dan@hamburger.test", forwards=["dan@r.test"], keeps=keeps)
    asked = Recipient(at("dan@hamburger.test"), Notify.SUCCESS)
    await office.accept(asked, sender=OWNER)
    [report] = await office.inbox(office.bob)
    assert bounce_of(report) == (
        "Final-Recipient: rfc822; dan@hamburger.test",
        "Action: delivered",
        "Status: 2.1.5",
    )
    assert [hop for hop, _ in await office.waiting()] == ["r.test"]


@pytest.mark.parametrize("name", ["food@hamburger.test", "dan@hamburger.test"], ids=["list", "forward"])
async def test_what_leads_to_nobody_is_reported_as_failed_alone(office: SortingOffice, name: str) -> None:
    await office.add_list("food@hamburger.test", OWNER)
    await office.add_alias("loop@hamburger.test", "loop@hamburger.test")
    await office.add_account("dan@hamburger.test", forwards=["loop@hamburger.test"], keeps=False)
    asked = Recipient(at(name), Notify.SUCCESS | Notify.FAILURE)
    await office.accept(asked, "eve@r.test", sender=OWNER)
    [report] = await office.inbox(office.bob)
    assert bounce_of(report) == (f"Final-Recipient: rfc822; {name}", "Action: failed", "Status: 5.2.4")


async def test_a_null_reverse_path_stays_null_through_a_list(office: SortingOffice, food: list[str]) -> None:
    """RFC 5321 §4.5.5. Two lists that own each other would otherwise answer each report with another."""
    await office.accept("food@hamburger.test", sender=None)
    assert await office.senders() == [""]
    assert len(await office.waiting()) == len(food)
