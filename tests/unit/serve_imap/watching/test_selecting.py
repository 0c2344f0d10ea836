"""SELECT and what follows it."""

import pytest

from imap_stage import ImapStage
from postroom.proto.imap.sets import STAR, SequenceSet
from postroom.serve.imap.conversation.view import SMALL
from postroom.store.emails import expunge
from postroom.store.mailboxes.rights import MailboxRef


async def test_select(stage: ImapStage) -> None:
    await stage.deliver()
    await stage.deliver()
    bob = await stage.user()
    lines = await bob.say("a SELECT inbox")
    assert "* 2 EXISTS" in lines
    assert "* 2 RECENT" in lines
    assert lines[-1] == "a OK [READ-WRITE] Selected"
    second = await stage.user(select="INBOX")
    assert "* 0 RECENT" in await second.ok("SELECT INBOX")


async def test_no_such_mailbox_leaves_the_one_before(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    lines = await bob.say("a SELECT Nowhere", "b CLOSE")
    assert lines == [
        "* OK [CLOSED] The mailbox that was selected is closed",
        "a NO [NONEXISTENT] No such mailbox",
        "b BAD Select a mailbox first",
    ]


async def test_news_comes_with_any_command_and_in_idle(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    await stage.deliver()
    assert await bob.ok("NOOP") == ["* 1 EXISTS", "* 1 RECENT"]
    assert await bob.say("i IDLE") == ["+ Idling, end with DONE"]
    await stage.deliver()
    assert "* 2 EXISTS" in await bob.told("RECENT")
    assert await bob.say("DONE") == ["i OK Idle ended"]


async def test_expunges_are_told_by_number(stage: ImapStage) -> None:
    for _ in range(5):
        await stage.deliver()
    bob = await stage.user(select="INBOX")
    ref = _inbox(bob)
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(2, 3), (5, 5)], stage.now))
    assert await bob.ok("NOOP") == ["* 5 EXPUNGE", "* 3 EXPUNGE", "* 2 EXPUNGE"]


@pytest.mark.parametrize("holes", [[], [(3, 5)], [(1, 1), (2000, 2100), (4000, 4000)]])
async def test_numbers_of_a_large_mailbox(stage: ImapStage, holes: list[tuple[int, int]]) -> None:
    """A view with gaps gives the same numbers as counting does, whatever goes meanwhile."""
    size = 2 * SMALL + 500
    delivered = await stage.deliver()
    await _multiply(stage, delivered, size)
    bob = await stage.user()
    ref = MailboxRef(delivered.account_id, delivered.mailbox_id)
    if holes:
        await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, holes, stage.now))
    await bob.ok("SELECT INBOX")
    view = bob.session._conversation.selected
    uids = [uid for uid in range(1, size + 1) if not any(a <= uid <= b for a, b in holes)]
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(10, 12), (2500, 2600)], stage.now))
    reading = stage.store.engine.reading()
    for number in (1, 9, len(uids) // 2, len(uids) - 3, len(uids)):
        assert await view.uid_at(reading, number) == uids[number - 1]
    for span in ((2490, 2510), (size - 1, size), (5, 15)):
        await view.read(reading, [span])
        for uid in range(span[0], span[1] + 1):
            assert view.number(uid) == (uids.index(uid) + 1 if uid in uids else 0)
    assert await view.uids(reading, SequenceSet(((STAR, STAR),)), by_uid=True) == [(uids[-1], uids[-1])]
    told = await bob.ok("NOOP")
    expected = [uid for uid in (10, 11, 12, *range(2500, 2601)) if uid in uids]
    assert [int(line.split()[1]) for line in told] == [uids.index(uid) + 1 for uid in reversed(expected)]


def _inbox(client: object) -> MailboxRef:
    ref: MailboxRef = client.session._conversation.selected.ref  # type: ignore[attr-defined]
    return ref


async def _multiply(stage: ImapStage, delivered: object, size: int) -> None:
    """Copies of the first message under the uids up to `size`, by plain rows."""

    async def work(tx: object) -> None:
        row = await tx.fetchrow(  # type: ignore[attr-defined]
            "SELECT account_id, mailbox_id, uid, modseq, email_id, thread_id, size, flags, keywords, internaldate, savedate FROM messages"
        )
        await tx.executemany(  # type: ignore[attr-defined]
            "INSERT INTO messages (account_id, mailbox_id, uid, modseq, email_id, thread_id, size, flags, keywords, internaldate, savedate)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            [(row[0], row[1], uid, *row[3:]) for uid in range(2, size + 1)],
        )
        await tx.execute(  # type: ignore[attr-defined]
            "UPDATE mailboxes SET uidnext = $1, n_total = $2 WHERE mailbox_id = $3", size + 1, size, row[1]
        )

    await stage.store.engine.write(work)  # type: ignore[arg-type]
