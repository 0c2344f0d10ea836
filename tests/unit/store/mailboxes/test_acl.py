"""Access control lists."""

import pytest

from mail_account import NOW, open_account
from postroom.message.errors import NotPermitted
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.acl import Change, Entry
from postroom.store.mailboxes.mailboxes import Impossible, NewMailbox
from postroom.store.mailboxes.rights import ALL, ANYONE, MailboxRef, NoSuchMailbox, held

READER = 2


async def change(account, grantee_id, letters, who=0, **other):
    asked = Change(grantee_id, letters, **other)
    return await account.engine.write(lambda tx: acl.change(tx, account.ref(who=who), asked))


async def test_entries_are_set_changed_and_removed(account):
    await change(account, READER, "tlr")
    await change(account, READER, "sr", mode="+")
    await change(account, READER, "t", mode="-")
    await change(account, ANYONE, "l")
    await change(account, READER, "r", denies=True)
    reading = account.engine.reading()
    assert await acl.entries(reading, account.ref()) == [Entry(ANYONE, "l"), Entry(READER, "lrs", "r")]
    assert await held(reading, account.ref(who=READER)) == "ls"
    assert await held(reading, account.ref(who=3)) == "l"
    assert await held(reading, account.ref()) == ALL
    await change(account, READER, "")
    await change(account, READER, "", denies=True)
    assert await acl.entries(reading, account.ref()) == [Entry(ANYONE, "l")]


async def test_the_owner_has_every_right(account):
    for asked in (Change(1, "lr"), Change(1, "a", "-"), Change(1, ""), Change(1, "a", denies=True)):
        with pytest.raises(Impossible):
            await account.engine.write(lambda tx, a=asked: acl.change(tx, account.ref(), a))
    await change(account, 1, ALL)
    assert await acl.entries(account.engine.reading(), account.ref()) == []


async def test_who_may_change_them(account):
    with pytest.raises(NoSuchMailbox):
        await change(account, 3, "l", who=READER)
    await change(account, READER, "lr")
    with pytest.raises(NotPermitted):
        await change(account, 3, "l", who=READER)
    with pytest.raises(NotPermitted):
        await acl.entries(account.engine.reading(), account.ref(who=READER))
    await change(account, READER, "la")
    await change(account, 3, "l", who=READER)
    missing = MailboxRef(1, 999)
    with pytest.raises(NoSuchMailbox):
        await account.engine.write(lambda tx: acl.change(tx, missing, Change(3, "l")))


async def test_a_list_has_a_limit(account, monkeypatch):
    monkeypatch.setattr(acl, "MAX_ENTRIES", 2)
    await change(account, 2, "l")
    await change(account, 3, "l")
    with pytest.raises(NotPermitted):
        await change(account, 4, "l")
    await change(account, 3, "lr")


async def test_what_is_shared_with_somebody(account, monkeypatch):
    other = await open_account(account.engine, READER)
    await change(account, READER, "lr")
    await change(other, READER, ALL)
    reading = account.engine.reading()
    inbox = account.boxes["inbox"]
    assert await acl.shared_with(reading, READER) == {1: {inbox: "lr"}}
    await change(account, ANYONE, "r", denies=True)
    assert await acl.shared_with(reading, READER) == {1: {inbox: "l"}}
    await change(account, READER, "r")
    assert await acl.shared_with(reading, READER) == {}
    await change(account, ANYONE, "l")
    sent = MailboxRef(1, account.boxes["sent"])
    await account.engine.write(lambda tx: acl.change(tx, sent, Change(READER, "l")))
    assert set((await acl.shared_with(reading, READER))[1]) == {inbox, sent.mailbox_id}
    monkeypatch.setattr(acl, "MAX_SHARED", 1)
    assert len((await acl.shared_with(reading, READER))[1]) == 1


async def test_new_mailboxes_inherit(account):
    await change(account, READER, "lrk")
    new = NewMailbox(100, "below", account.boxes["inbox"])
    await account.engine.write(lambda tx: mailboxes.create(tx, 1, new, NOW, READER))
    assert await held(account.engine.reading(), MailboxRef(1, 100, READER)) == "lrk"
