import asyncio

from postroom.store.changes import MAX_PENDING, Changes, MailboxChanged, MessageAdded, Missed


async def test_subscribers_of_the_account_hear_it():
    changes = Changes()
    mine, other = changes.subscribe(1), changes.subscribe(2)
    changes.publish([MessageAdded(1, 5, 7, 9), MailboxChanged(2, 3, 4)])
    assert mine.take() == [MessageAdded(1, 5, 7, 9)]
    assert other.take() == [MailboxChanged(2, 3, 4)]
    assert mine.take() == []


async def test_iteration_goes_on_until_it_is_closed():
    changes = Changes()
    subscription = changes.subscribe(1)
    heard = []

    async def listen():
        async for change in subscription:
            heard.append(change.modseq)
            if change.modseq == 2:
                changes.publish([MailboxChanged(1, 3, 0)])
            if change.modseq == 3:
                subscription.close()

    listening = asyncio.ensure_future(listen())
    changes.publish([MailboxChanged(1, 1, 0), MailboxChanged(1, 2, 0)])
    await listening
    assert heard == [1, 2, 3]
    changes.publish([MailboxChanged(1, 4, 0)])
    assert subscription.take() == []


async def test_who_does_not_keep_up_looks_for_himself():
    changes = Changes()
    subscription = changes.subscribe(1)
    for modseq in range(MAX_PENDING + 2):
        changes.publish([MailboxChanged(1, modseq, 0)])
    assert subscription.take() == [Missed(1, MAX_PENDING), MailboxChanged(1, MAX_PENDING + 1, 0)]


async def test_waking_once_for_many():
    changes = Changes()
    woken = []
    subscription = changes.subscribe(1, wake=lambda: woken.append(1))
    changes.publish([MailboxChanged(1, n, 0) for n in range(3)])
    assert woken == [1]
    assert len(subscription.take()) == 3
    changes.publish([MailboxChanged(1, 9, 0)])
    assert woken == [1, 1]


async def test_a_relay_gets_what_is_published_but_not_what_is_delivered():
    changes, relayed = Changes(), []
    changes.relay_to(relayed.extend)
    changes.publish([MailboxChanged(1, 1, 0)])
    changes.deliver([MailboxChanged(1, 2, 0)])
    assert relayed == [MailboxChanged(1, 1, 0)]


async def test_missed_reaches_everybody():
    changes = Changes()
    both = [changes.subscribe(1), changes.subscribe(2)]
    changes.missed()
    assert [one.take() for one in both] == [[Missed(1, 0)], [Missed(2, 0)]]


def test_copies_that_come_into_mailboxes_are_counted():
    changes = Changes()
    changes.publish([MessageAdded(1, 5, 7, 9), MailboxChanged(2, 3, 4)])
    changes.deliver([MessageAdded(2, 5, 7, 9)])
    assert changes.added == 2
