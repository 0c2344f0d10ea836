"""What is remembered of an account's mailboxes is what there is, whatever happens to them; what did not change is not read again."""

import random

import pytest

from counted_rows import CountedRows
from mail_account import NOW, Account
from postroom.message.errors import MailError
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import arranging, cabinet, mailboxes
from postroom.store.mailboxes.cabinet import BOXES, Box, Cabinets
from postroom.store.mailboxes.mailboxes import TOP, NewMailbox
from postroom.store.mailboxes.rights import MailboxRef


async def make(account: Account, number: int, name: str, parent_id: int = TOP) -> None:
    new = NewMailbox(number, name, parent_id)
    await account.engine.write(lambda tx: mailboxes.create(tx, 1, new, NOW))


async def test_it_follows_every_change(account: Account) -> None:
    chance, kept = random.Random(3), Cabinets()

    async def change(tx: Transaction) -> None:
        box = MailboxRef(1, chance.randrange(1000, 1012))
        kind = chance.randrange(6)
        if kind == 0:
            await expunge.delete(tx, box, NOW)
        elif kind == 1:
            await mailboxes.rename(
                tx, box, chance.choice((TOP, 1003, 1005, 1008)), f"n{chance.randrange(20)}"
            )
        elif kind == 2:
            await arranging.set_order(tx, box, chance.randrange(9))
        elif kind == 3:
            await mailboxes.subscribe(tx, box, subscribed=chance.random() < 0.5)
        elif kind == 4:
            await arranging.set_role(tx, box, chance.choice(("", "memos")))
        else:
            new = NewMailbox(box.mailbox_id, f"n{chance.randrange(20)}", chance.choice((TOP, 1003)))
            await mailboxes.create(tx, 1, new, NOW)

    for _ in range(120):
        for _ in range(chance.randrange(3)):
            try:
                await account.engine.write(change)
            except MailError:
                continue
        reading = account.engine.reading()
        found = (await kept.look(reading, 1)).boxes
        assert found == {row[0]: Box(*row) for row in await reading.fetch(BOXES, 1)}


async def test_what_did_not_change_is_not_read_again(account: Account) -> None:
    kept, counted = Cabinets(), CountedRows(account.engine.reading())
    for number in range(30):
        await make(account, 1000 + number, f"n{number}")
    first = await kept.look(counted, 1)
    counted.read.clear()
    assert await kept.look(counted, 1) is first
    await make(account, 2000, "new", 1003)
    assert (await kept.look(counted, 1)).path(2000) == "n3/new"
    assert len(counted.read) == 1


async def test_a_path_has_no_end_that_is_not_there(account: Account) -> None:
    found = await Cabinets().look(account.engine.reading(), 1)
    assert (found.path(TOP), found.path(4711)) == (None, None)


async def test_only_so_many_are_remembered(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cabinet, "MOST_BOXES", 3)
    kept = Cabinets()
    first = await kept.look(account.engine.reading(), 1)
    assert await kept.look(account.engine.reading(), 1) is first  # the last one stays, however large
    await kept.look(account.engine.reading(), 4711)
    assert await kept.look(account.engine.reading(), 1) is not first
