"""One copy into a mailbox."""

import asyncio

import msgspec

from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef
from sorting_office import SortingOffice


async def test_junk_goes_into_the_inbox_of_whoever_deletes_his_junk_at_that_moment(
    office: SortingOffice,
) -> None:
    """It was looked up before the account's lock was had: the letter bounced, and its octets stayed counted."""
    junk = MailboxRef(office.bob, await mailboxes.junk_id(office.engine.reading(), office.bob) or 0)
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def deletes(tx: Transaction) -> None:
        await expunge.delete(tx, junk, office.clock.now())
        if office.engine.dialect.name == "postgresql":  # a transaction of SQLite's is alone
            at_work.set()
            await go_on.wait()

    deleting = asyncio.ensure_future(office.engine.write(deletes))
    if office.engine.dialect.name == "postgresql":
        await at_work.wait()
    letter = msgspec.structs.replace(office.letter("bob@hamburger.test"), junk=True)
    accepting = asyncio.ensure_future(office.acceptance.accept(letter))
    await asyncio.sleep(0.2)
    go_on.set()
    await deleting
    assert (await accepting).errors == [None]
    [raw] = await office.inbox(office.bob)
    assert await office.rows("SELECT used_bytes, used_msgs FROM accounts") == [(len(raw), 1)]
