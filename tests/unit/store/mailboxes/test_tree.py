"""Paths, what is made and moved along them, subscriptions to names."""

import pytest

from mail_account import NOW
from postroom.store.engine.ids import Ids
from postroom.store.mailboxes import mailboxes, tree
from postroom.store.mailboxes.mailboxes import Impossible, MailboxExists, TooManyMailboxes
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox
from postroom.store.mailboxes.tree import Place, RoleTaken


@pytest.fixture
def ids():
    return Ids(1)


async def create(account, ids, path, role="", who=0):
    place = Place(1, tuple(path.split("/")), who)
    return await account.engine.write(lambda tx: tree.create(tx, place, role, ids, NOW))


async def paths(account):
    return sorted(tree.paths(await tree.nodes(account.engine.reading(), 1)).values())


def test_paths_of_rows_in_any_order():
    rows = [(3, 2, "c"), (1, 0, "a"), (2, 1, "b"), (4, 0, "d")]
    assert tree.paths(rows) == {1: "a", 2: "a/b", 3: "a/b/c", 4: "d"}


async def test_create(account, ids):
    changes = await create(account, ids, "a/b/c", "important")
    assert len(changes) == 3
    assert [path for path in await paths(account) if path.startswith("a")] == ["a", "a/b", "a/b/c"]
    assert (await mailboxes.by_role(account.engine.reading(), 1, "important")).mailbox_id == changes[
        -1
    ].mailbox_id
    for path, error in (("a/b", MailboxExists), ("a//b", Impossible), ("", Impossible)):
        with pytest.raises(error):
            await create(account, ids, path)
    with pytest.raises(RoleTaken):
        await create(account, ids, "x", "important")


async def test_an_account_has_so_many_mailboxes(account, ids, monkeypatch):
    monkeypatch.setattr(mailboxes, "MAX_MAILBOXES", 8)
    await create(account, ids, "a/b")
    with pytest.raises(TooManyMailboxes):
        await create(account, ids, "c")


async def test_others_cannot_make_anything_at_the_top(account, ids):
    for path in ("new", "new/below", "INBOX", "INBOX/below"):
        with pytest.raises(NoSuchMailbox):
            await create(account, ids, path, who=2)


async def test_rename(account, ids):
    made = await create(account, ids, "a/b")
    ref = MailboxRef(1, made[-1].mailbox_id)

    async def rename(path, account_id=1):
        place = Place(account_id, tuple(path.split("/")))
        return await account.engine.write(lambda tx: tree.rename(tx, ref, place, ids, NOW))

    await rename("x/y/z")
    assert "x/y/z" in await paths(account)
    for path, error in (("Sent", MailboxExists), ("x/y/z/deeper", Impossible), ("x/y/z/a/b", Impossible)):
        with pytest.raises(error):
            await rename(path)
    with pytest.raises(Impossible):
        await rename("elsewhere", 2)
    assert "x/y/z/a" not in await paths(account)


async def test_subscriptions(account, monkeypatch):
    monkeypatch.setattr(tree, "MAX_SUBSCRIPTIONS", 2)

    async def subscribe(name):
        await account.engine.write(lambda tx: tree.subscribe(tx, 1, name))

    for name in ("b", "a"):
        await subscribe(name)
    with pytest.raises(TooManyMailboxes):
        await subscribe("c")
    assert await tree.subscriptions(account.engine.reading(), 1) == ["a", "b"]
    assert await account.engine.write(lambda tx: tree.unsubscribe(tx, 1, "a"))
    assert not await account.engine.write(lambda tx: tree.unsubscribe(tx, 1, "a"))
