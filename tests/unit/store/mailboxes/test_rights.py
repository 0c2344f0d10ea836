import pytest

from postroom.message.errors import NotPermitted
from postroom.store.mailboxes import acl
from postroom.store.mailboxes.rights import ALL, ANYONE, NoSuchMailbox, Right, held, require, visitor_of


async def grant(account, rights):
    await account.engine.write(
        lambda tx: tx.execute(
            "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES ($1, $2, $3, $4)",
            1,
            account.boxes["inbox"],
            2,
            rights,
        )
    )


@pytest.mark.parametrize("who", [0, 1])
async def test_the_owner_may_everything(account, who):
    await require(account.engine.reading(), account.ref(who=who), *Right)


@pytest.mark.parametrize(
    ("given", "asked", "error"),
    [
        ("", [], NoSuchMailbox),
        ("r", [Right.READ], NoSuchMailbox),
        ("l", [], None),
        ("lr", [Right.READ], None),
        ("lr", [Right.READ, Right.INSERT], NotPermitted),
    ],
)
async def test_others_what_they_are_given(account, given, asked, error):
    await grant(account, given)
    required = require(account.engine.reading(), account.ref(who=2), *asked)
    if error is None:
        await required
    else:
        with pytest.raises(error):
            await required


@pytest.mark.parametrize(
    ("anyone", "denied", "left"),
    [(ALL, "", "lr"), ("lr", "", "lr"), ("l", "", "l"), ("wsi", "", ""), (ALL, "r", "l")],
)
async def test_a_visitor_may_look_at_what_anyone_may_and_only_where_he_visits(account, anyone, denied, left):
    for change in (acl.Change(ANYONE, anyone), acl.Change(ANYONE, denied, denies=True), acl.Change(2, ALL)):
        await account.engine.write(lambda tx, change=change: acl.change(tx, account.ref(), change))
    tx = account.engine.reading()
    assert await held(tx, account.ref(who=visitor_of(1))) == left
    assert await held(tx, account.ref(who=visitor_of(2))) == ""
    shown = {1: {account.boxes["inbox"]: left}} if "l" in left else {}
    assert await acl.shared_with(tx, visitor_of(1)) == shown
    assert await acl.shared_with(tx, visitor_of(2)) == {}
