"""Taking a message back out of the queue, as long as it has not begun to leave.

RFC 8621 §7 (undoStatus): what is taken back has reached nobody. A message that is held until a time (RFC 4865) has all its copies in the spool; it can be taken
back while none of its jobs was ever claimed, and none has ended. Not here: who may ask.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.journey.events import HopKind
from postroom.store.blobs import blobs
from postroom.store.engine.transaction import Transaction
from postroom.store.spool.spool import slot_of

# A node's ids rise: what was spooled in an acceptance lies between its id and one that was made after it.
SOME_LETTERS: Final = """
SELECT slot, spool_id, blob_account, blob_id FROM spool
 WHERE slot = $1 AND spool_id > $2 AND spool_id < $3 AND accept_id = $2 ORDER BY spool_id
"""
LETTERS: Final = f"{SOME_LETTERS} {{LOCK}}"
JOBS: Final = "SELECT job, epoch FROM jobs WHERE slot = $1 AND spool_id = $2 ORDER BY job {LOCK}"
SOME_JOBS: Final = "SELECT job, epoch FROM jobs WHERE slot = $1 AND spool_id = $2 ORDER BY job"
ENDED: Final = (
    f"SELECT COUNT(*) FROM journal WHERE accept_id = $1 AND kind IN ('{HopKind.RELAY}', '{HopKind.FILED}')"  # noqa: S608
)
END: Final = (
    "DELETE FROM rcpt WHERE slot = $1 AND spool_id = $2",
    "DELETE FROM jobs WHERE slot = $1 AND spool_id = $2",
    "DELETE FROM spool WHERE slot = $1 AND spool_id = $2",
)


class Sent(msgspec.Struct, frozen=True):
    """A message that was accepted here: the id of its acceptance, and one that its node made afterwards."""

    accept_id: int
    later: int

    def key(self) -> tuple[int, int, int]:
        """Where its rows are."""
        return slot_of(self.accept_id), self.accept_id, self.later


async def can(tx: Transaction, sent: Sent) -> bool:
    """Whether a message can be taken back now."""
    letters = await tx.fetch(SOME_LETTERS, *sent.key())
    jobs = [job for letter in letters for job in await tx.fetch(SOME_JOBS, letter[0], letter[1])]
    return await _untouched(tx, sent.accept_id, [row[1] for row in jobs])


async def recall(tx: Transaction, sent: Sent, now: int) -> bool:
    """Takes it back, with all its copies; False, and nothing is changed, when it has begun to leave. `now`: unix microseconds."""
    letters = await tx.fetch(LETTERS, *sent.key())
    jobs = [job for letter in letters for job in await tx.fetch(JOBS, letter[0], letter[1])]
    if not await _untouched(tx, sent.accept_id, [row[1] for row in jobs]):
        return False
    for slot, spool_id, blob_account, blob_id in letters:
        for statement in END:
            await tx.execute(statement, slot, spool_id)
        if blob_id:
            await blobs.unref(tx, blob_account, {blob_id: 1}, now)
    return True


async def waits(tx: Transaction, sent: Sent) -> bool:
    """Whether something of a message is in the queue."""
    return bool(await tx.fetch(SOME_LETTERS, *sent.key()))


async def _untouched(tx: Transaction, accept_id: int, epochs: list[int]) -> bool:
    if not epochs or any(epochs):
        return False
    ended = await tx.fetchrow(ENDED, accept_id)
    return ended is not None and ended[0] == 0
