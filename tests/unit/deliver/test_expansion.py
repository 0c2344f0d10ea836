"""How far aliases and lists are expanded, and at whose cost."""

import asyncio

import pytest

from postroom.deliver import router
from postroom.message.errors import MailError
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
        "Final-Recipient: rfc822; food+2@hamburger.test",
        "Action: failed",
        "Status: 5.2.4",
    )
    assert report.count(b"Action: failed") == len(names) - 2


async def test_one_that_stands_for_too_many_is_refused(
    office: SortingOffice, food: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "MAX_EXPANDED", len(food))
    with pytest.raises(MailError, match="stands for more than 4 addresses"):
        await office.accept("food@hamburger.test")
    assert await office.empty()


async def test_others_have_their_turn_while_a_long_list_is_expanded(office: SortingOffice) -> None:
    members = [f"m{n}@r{n}.test" for n in range(100)]
    await office.add_list("all@hamburger.test", OWNER, *members)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(others())
    letter = office.letter("all@hamburger.test")
    await office.acceptance.accept(letter)
    task.cancel()
    assert turns > len(members)
    assert len(await office.waiting()) == len(members)
