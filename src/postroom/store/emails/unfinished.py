"""Copies that one command makes in several commits, so that others have their turn between two: all of them stay, or none.

RFC 9051 §6.4.7: a COPY that fails leaves the mailbox as it was. Each commit notes the uids that it has made, and the last one strikes all notes of the
operation off. What is noted is taken back when the operation fails, or when nobody has worked on it for a while, since its process has died; one that had
only slept fails then, too. Not here: making copies (`copying`, `arriving`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.message.errors import TryLater
from postroom.store.changes import Change
from postroom.store.emails.expunge import expunge
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.mailboxes.messages import Ranges, ranges_of
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox

ABANDONED_SECONDS: Final = 600  # after which nobody works on an operation any more
TAKEN_BACK: Final = 100  # operations that were abandoned, of one look

NOTE: Final = "INSERT INTO unfinished (account_id, operation, mailbox_id, uid, last, at) VALUES ($1, $2, $3, $4, $5, $6)"
FINISH: Final = "DELETE FROM unfinished WHERE account_id = $1 AND operation = $2 RETURNING uid, last"
NOTED: Final = (
    "SELECT mailbox_id, uid, last FROM unfinished WHERE account_id = $1 AND operation = $2 ORDER BY uid DESC"
)
STRIKE: Final = "DELETE FROM unfinished WHERE account_id = $1 AND operation = $2 AND uid = $3"
OLD: Final = """
SELECT account_id, operation FROM unfinished GROUP BY account_id, operation HAVING MAX(at) < $1 ORDER BY account_id, operation LIMIT $2
"""


class Operation(msgspec.Struct, frozen=True):
    """One command that copies into a mailbox; `number` is an id."""

    target: MailboxRef
    number: int


async def note(tx: Transaction, operation: Operation, uids: Sequence[int], now: int) -> None:
    """This transaction has made copies with these uids, and more will follow."""
    target = operation.target
    for first, last in ranges_of(uids):
        await tx.execute(NOTE, target.account_id, operation.number, target.mailbox_id, first, last, now)


async def finish(tx: Transaction, operation: Operation, made: int) -> None:
    """This transaction makes the last of them; `made` is how many were made before it. Raises `TryLater` when some of these were taken back."""
    rows = await tx.fetch(FINISH, operation.target.account_id, operation.number)
    if sum(last - first + 1 for first, last in rows) < made:
        raise TryLater(detail="copies were taken back as if nobody were at work on them any more")


async def take_back(engine: Engine, operation: Operation, now: int) -> list[Change]:
    """Expunges what has been noted, a commit for each note; gives what is to be published."""
    account_id, number = operation.target.account_id, operation.number
    changes: list[Change] = []
    for mailbox_id, first, last in await engine.reading().fetch(NOTED, account_id, number):
        target, ranges = MailboxRef(account_id, mailbox_id), [(first, last)]

        async def work(
            tx: Transaction, target: MailboxRef = target, ranges: Ranges = ranges
        ) -> Change | None:
            if not await tx.execute(STRIKE, account_id, number, ranges[0][0]):
                return None  # it has come to its end since, or others have taken this back
            try:
                return await expunge(tx, target, ranges, now)
            except NoSuchMailbox:  # and with it the copies
                return None

        if (change := await engine.write(work, Urgency.CLIENT)) is not None:
            changes.append(change)
    return changes


async def take_back_abandoned(engine: Engine, now: int) -> list[Change]:
    """Does so for operations whose process has died; gives what is to be published."""
    changes: list[Change] = []
    for account_id, number in await engine.reading().fetch(
        OLD, now - ABANDONED_SECONDS * 1_000_000, TAKEN_BACK
    ):
        changes += await take_back(engine, Operation(MailboxRef(account_id, 0), number), now)
    return changes
