"""Changes of many emails."""

from mail_account import NOW
from postroom.store import bulk_changes, records
from postroom.store.bulk_changes import Bulk
from postroom.store.bulk_work import Work
from postroom.store.flags import MAX_KEYWORDS


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
