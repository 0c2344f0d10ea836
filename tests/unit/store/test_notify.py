import asyncio

import asyncpg
import pytest

from postroom.store.changes import Changes, MailboxChanged, MessagesExpunged, Missed
from postroom.store.notify import CHANNEL, MAX_WAITING, Relay


@pytest.fixture
async def two(database_url):
    """Two processes' exchanges on one database, connected."""
    changes = [Changes(), Changes()]
    ready = [one.subscribe(0) for one in changes]
    relays = [Relay(database_url, one) for one in changes]
    for relay in relays:
        await relay.start()
    for subscription in ready:
        await anext(aiter(subscription))  # `Missed`, said when the connection stands
        subscription.close()
    yield changes
    for relay in relays:
        await relay.close()


async def hear(subscription, number):
    heard = []
    async for change in subscription:
        heard.append(change)
        if len(heard) == number:
            break
    return heard


async def test_the_other_process_hears_it_and_the_own_one_once(two):
    here, there = two[0].subscribe(1), two[1].subscribe(1)
    sent = [MailboxChanged(1, 2, 3), MessagesExpunged(1, 3, 4, (5, 6))]
    two[0].publish(sent)
    assert await hear(there, 2) == sent
    two[1].publish([MailboxChanged(1, 9, 9)])
    assert await hear(here, 3) == [*sent, MailboxChanged(1, 9, 9)]


async def test_long_news_come_in_parts(two):
    there = two[1].subscribe(1)
    sent = [MailboxChanged(1, n, 10**17 + n) for n in range(400)]
    two[0].publish(sent)
    assert await hear(there, 400) == sent


async def test_one_that_is_too_long_becomes_a_hint(two):
    there = two[1].subscribe(1)
    two[0].publish([MessagesExpunged(1, 7, 2, tuple(range(10**9, 10**9 + 2000)))])
    assert await hear(there, 1) == [Missed(1, 7)]


async def test_words_of_a_later_version_are_a_hint(two, database_url):
    there = two[1].subscribe(1)
    connection = await asyncpg.connect(database_url)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, '["x",[["new kind",1,2]]]')
    await connection.close()
    assert await hear(there, 1) == [Missed(1, 0)]


async def test_a_broken_connection_is_made_anew_and_everybody_told(two, database_url):
    there = two[1].subscribe(1)
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postroom hints'"
    )
    await connection.close()
    assert await hear(there, 1) == [Missed(1, 0)]


async def test_too_much_becomes_a_hint_for_each_account():
    relay = Relay("postgresql://nowhere", Changes())
    relay.send(MailboxChanged(1, n, 0) for n in range(MAX_WAITING))
    relay.send([MailboxChanged(2, 5, 0)])
    assert relay._waiting == [Missed(1, MAX_WAITING - 1), Missed(2, 5)]
    await asyncio.sleep(0)
