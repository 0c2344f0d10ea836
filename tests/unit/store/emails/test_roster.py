"""What a roster counts while emails come, change and go is what it would count anew; both engines' rosters are in test_views_agree."""

import asyncio
import random
from typing import Any

import pytest

from mail_account import Account
from postroom.store.emails import roster as roster_module
from postroom.store.emails.emails import Reader
from postroom.store.emails.roster import Counts, Entry, Roster, Rosters


def entry(email_id: int, chance: random.Random) -> Entry:
    boxes = tuple(sorted(chance.sample([1, 2, 3], chance.randrange(1, 4))))
    words = chance.choice([(), ("$seen",), ("$draft",), ("$flagged",)])
    return Entry(chance.randrange(50), email_id, email_id % 5, 100, boxes, words)


async def test_counts_follow_changes() -> None:
    chance = random.Random(1)
    roster = Roster(1)
    roster.fill(entry(number, chance) for number in range(20))
    for step in range(400):
        for _ in range(chance.randrange(4)):
            number = chance.randrange(30)
            if chance.random() < 0.3:
                roster.drop(number)
            else:
                roster.put(entry(number, chance))
        trash = 3 if step < 300 else None
        anew = Roster(1)
        anew.fill(roster.by_id.values())
        assert await roster.counts(trash) == await anew.counts(trash)


async def test_an_empty_mailbox_has_no_counts() -> None:
    roster = Roster(1)
    roster.fill([Entry(1, 1, 1, 100, (7,), ())])
    assert await roster.counts(None) == {7: Counts(1, 1, 1, 1)}
    roster.drop(1)
    assert await roster.counts(None) == {}


async def test_others_have_their_turn_while_a_roster_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_module, "THREADS_AT_ONCE", 1)
    chance = random.Random(2)
    roster = Roster(1)
    roster.fill(entry(number, chance) for number in range(20))
    turns = 0

    async def change() -> None:
        nonlocal turns
        for number in range(0, 40, 3):
            roster.drop(number - 1)
            roster.put(entry(number, chance))
            turns += 1
            await asyncio.sleep(0)

    changing = asyncio.ensure_future(change())
    await roster.counts(3)
    assert turns > 3
    await changing
    anew = Roster(1)
    anew.fill(roster.by_id.values())
    assert await roster.counts(3) == await anew.counts(3)


async def test_who_comes_while_others_wait_reads_nothing_anew(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    rosters, reader = Rosters(), Reader(account.account_id, account.account_id)
    begun, gates = [], [asyncio.Event() for _ in range(3)]
    following = iter(gates)

    async def begin(_tx: Any, who: Reader, modseq: int) -> Roster:
        begun.append(who)
        return Roster(modseq)

    async def follow(*_: Any) -> bool:
        await next(following).wait()
        return True

    async def look() -> asyncio.Task[Roster]:
        task = asyncio.create_task(rosters.look(account.engine.reading(), reader))
        await asyncio.sleep(0.05)
        return task

    monkeypatch.setattr(roster_module, "_begin", begin)
    monkeypatch.setattr(roster_module, "_follow", follow)
    await (await look())
    await account.deliver()
    first, second = await look(), await look()
    gates[0].set()
    await first
    third = await look()  # while the second, which waited for the first, is at it
    for gate in gates:
        gate.set()
    await asyncio.gather(second, third)
    assert begun == [reader]
