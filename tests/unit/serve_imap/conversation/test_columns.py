"""What is kept of messages between searches."""

from imap_stage import ImapStage
from postroom.serve.imap.conversation.columns import Column, Columns, Origin
from postroom.serve.imap.conversation.slices import BLOCK
from postroom.store.mailboxes.rights import MailboxRef


async def test_a_block_grows_with_its_mailbox(stage: ImapStage) -> None:
    columns, reading = Columns(), stage.store.engine.reading()
    first = await stage.deliver(b"Subject: One\r\n\r\n")
    ref = MailboxRef(first.account_id, first.mailbox_id)
    origin = Origin(reading, ref, stage.store.read_email)
    block = await columns.block(origin, (0, 1), Column.SUBJECT)
    assert (block.uids, block.values) == ([1], ["ONE"])
    await stage.deliver(b"Subject: two\r\n\r\n")
    await stage.deliver(b"Subject: twone\r\n\r\n")
    assert block.holding("ONE") == [1]
    block = await columns.block(origin, (0, 3), Column.SUBJECT)
    assert block.uids == [1, 2, 3]
    assert block.holding("WO") == [2, 3]
    assert block.holding("E\nT") == []
    assert (await columns.block(origin, (0, 2), Column.SUBJECT)).uids == [1, 2, 3]
    assert (await columns.block(origin, (1, BLOCK + 1), Column.SUBJECT)).uids == []


async def test_what_was_not_asked_for_longest_goes(stage: ImapStage) -> None:
    reading = stage.store.engine.reading()
    first = await stage.deliver(b"Subject: %b\r\n\r\n" % (b"x" * 800))
    ref = MailboxRef(first.account_id, first.mailbox_id)
    origin = Origin(reading, ref, stage.store.read_email)
    columns = Columns(most=2000)
    for column in (Column.SUBJECT, Column.BASE_SUBJECT, Column.SUBJECT, Column.SIZE, Column.EMAIL):
        await columns.block(origin, (0, 1), column)
    kept = [key[3] for key in columns._blocks]
    assert kept == [Column.BASE_SUBJECT, Column.SUBJECT, Column.SIZE, Column.EMAIL]
    await columns.block(origin, (0, 1), Column.FROM)
    assert columns._cost == sum(block.cost for block in columns._blocks.values()) <= 2000
    assert [key[3] for key in columns._blocks] == [Column.SUBJECT, Column.SIZE, Column.EMAIL, Column.FROM]
