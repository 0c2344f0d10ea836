"""Changes of many emails."""

import asyncio

import pytest

from behind import WAITING
from mail_account import NOW
from postroom.store.emails import bulk_changes
from postroom.store.emails.bulk_changes import Bulk
from postroom.store.emails.bulk_work import Work
from postroom.store.mailboxes.flags import MAX_KEYWORDS
from postroom.store.records import records


async def test_a_change_that_one_message_cannot_take_ends_with_the_reason(account):
    """It was tried again twice a second, for ever, and stood in the way of all others of its account."""
    full = await account.deliver(b"soup", keywords=tuple(f"k{number}" for number in range(MAX_KEYWORDS)))
    engine = account.engine
    work = Work((full.email_id,), on=("another",))
    await bulk_changes.begin(engine, (1, 77), Bulk("mark", NOW), work, NOW)
    one = await bulk_changes.next_slice(engine.reading(), -1)
    await bulk_changes.step(engine, one, NOW)
    record = (await records.some(engine.reading(), bulk_changes.of(1), [77]))[77]
    ended = bulk_changes.read(record)
    assert (ended.state, ended.problem) == ("failed", f"A message has at most {MAX_KEYWORDS} keywords")
    assert await bulk_changes.next_slice(engine.reading(), -1) is None


async def parts_of(account, bulk_id):
    return await account.rows("SELECT part FROM bulk_parts WHERE account_id = 1 AND bulk_id = $1", bulk_id)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_change_that_begins_while_old_ones_are_forgotten_is_done(account, monkeypatch):
    """Its slices were taken for those of none, and it ran for ever."""
    engine = account.engine
    letter = await account.deliver(b"soup")
    work, begun = Work((letter.email_id,), on=("done",)), asyncio.Event()
    create = records.create

    async def slow(*args, **more):
        made = await create(*args, **more)
        begun.set()
        while not await engine.reading().fetch(f"{WAITING} HAVING COUNT(*) > 0"):
            await asyncio.sleep(0.01)
        return made

    monkeypatch.setattr(records, "create", slow)
    async with asyncio.timeout(20):
        beginning = asyncio.create_task(bulk_changes.begin(engine, (1, 77), Bulk("mark", NOW), work, NOW))
        await begun.wait()
        await bulk_changes.prune(engine, NOW)
        await beginning
    one = await bulk_changes.next_slice(engine.reading(), -1)
    assert one == (1, 77, 0)
