"""Servers of a lab as they were at its beginning, while they run: no mail, no queue, no journeys, nobody who has logged in.

Accounts stay, with their passwords, filters and contacts, and so do connections. The clock stays where it is: what was dated later than now would be of the
future, which no server expects. Not here: a lab's faults and its feed (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from postroom.app.control import Caller, login_name
from postroom.app.operations import queue
from postroom.app.operations.queue import Select
from postroom.store import journal
from postroom.store.administration import accounts
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.login import history as logins
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.mailboxes import HasChildren, Mailbox
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox
from postroom.store.spool import hops
from postroom.store.spool.spool import count

if TYPE_CHECKING:
    from postroom.app.server import Server
    from postroom.store.changes import Change

RESET: Final = "reset"
SLICE: Final = 1_000  # uids or rows of one commit
PATIENCE: Final = 100  # looks at a queue whose messages are under way
DAY: Final = 86_400.0  # seconds


async def reset(servers: Iterable[Server]) -> dict[str, int]:
    """What servers hold; gives how much was taken away: `messages`, `queued`, `journeys`."""
    taken, servers = {"messages": 0, "queued": 0, "journeys": 0}, list(servers)
    for server in servers:  # all queues before any mailbox: what is under way would arrive in one
        taken["queued"] += await _empty_queue(server)
    for server in servers:
        taken["messages"] += await _empty_accounts(server)
        taken["journeys"] += await _forget_journeys(server)
    return taken


async def _empty_queue(server: Server) -> int:
    """What is being sent just now has its time to end: it cannot be taken back."""
    caller, dropped = Caller(os.getuid(), os.getpid(), login_name(os.getuid())), 0
    for _ in range(PATIENCE):
        async for done in queue.drop(server, caller, Select()):
            dropped += done.jobs
        if not await count(server.engine.reading()):
            break
        await asyncio.sleep(0.05)
    for dead in await hops.listing(server.engine.reading()):
        await server.engine.write(lambda tx, name=dead.hop: hops.alive(tx, name))  # type: ignore[misc]
    return dropped


async def _empty_accounts(server: Server) -> int:
    await server.write_history()  # what was not written yet is forgotten, too
    tx, after, gone = server.engine.reading(), "", 0
    while some := await accounts.listing(tx, "", after, SLICE):
        for one in some:
            boxes = await mailboxes.listing(tx, one.account_id)
            gone += sum(box.n_total for box in boxes)
            for box in boxes:
                with suppress(NoSuchMailbox):  # somebody has deleted it meanwhile
                    await _empty(server, one.account_id, box)
            await _remove_own(server, one.account_id, boxes)
            await server.engine.write(lambda tx, account_id=one.account_id: logins.forget(tx, account_id))  # type: ignore[misc]
        after = some[-1].address.key
    return gone


async def _empty(server: Server, account_id: int, box: Mailbox) -> None:
    for first in range(1, box.uidnext, SLICE):
        ranges = [(first, first + SLICE - 1)]

        async def work(tx: Transaction, ranges: list[tuple[int, int]] = ranges) -> Change:
            return await expunge.expunge(
                tx, MailboxRef(account_id, box.mailbox_id), ranges, server.clock.now()
            )

        server.publish([await server.engine.write(work, Urgency.CLIENT)])


async def _remove_own(server: Server, account_id: int, boxes: list[Mailbox]) -> None:
    """Mailboxes that the account did not have at its beginning; those below others first."""
    parents = {box.mailbox_id: box.parent_id for box in boxes}

    def depth(mailbox_id: int) -> int:
        return 0 if mailbox_id not in parents else 1 + depth(parents[mailbox_id])

    for box in sorted(boxes, key=lambda box: -depth(box.mailbox_id)):
        if box.role:
            continue
        ref = MailboxRef(account_id, box.mailbox_id)
        with suppress(HasChildren, NoSuchMailbox):  # one of those has a role; or it is gone already
            more = True
            while more:
                changes, more = await server.engine.write(
                    lambda tx, ref=ref: expunge.delete(tx, ref, server.clock.now()),  # type: ignore[misc]
                    Urgency.CLIENT,
                )
                server.publish(changes)


async def _forget_journeys(server: Server) -> int:
    await server.services.notes.finish()
    gone, before = 0, int((time.time() + DAY) * 1_000_000)  # ids are made by real time
    while some := await server.engine.write(lambda tx: journal.prune(tx, before, SLICE)):
        gone += some
    return gone
