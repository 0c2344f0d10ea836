"""What a roster counts while emails come, change and go is what it would count anew; both engines' rosters are in test_views_agree."""

import asyncio
import random

import pytest

from postroom.store import roster as roster_module
from postroom.store.roster import Counts, Entry, Roster


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
