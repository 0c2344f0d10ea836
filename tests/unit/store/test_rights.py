import pytest

from postroom.message.errors import NotPermitted
from postroom.store.rights import NoSuchMailbox, Right, require


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
