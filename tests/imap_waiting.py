"""Whoever waits to be told: helpers of tests of NOTIFY."""

import asyncio

from imap_stage import BOB, Client, ImapStage
from postroom.store.emails import expunge
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef


async def modern(stage: ImapStage, select: str) -> Client:
    """Of IMAP4rev2, which knows no \\Recent."""
    client = await stage.user()
    await client.ok("ENABLE IMAP4rev2")
    await client.ok(f"SELECT {select}")
    return client


async def quiet(client: Client) -> list[str]:
    """What was told once everything that is under way has come."""
    for _ in range(5):
        await asyncio.sleep(0.01)
    return client.heard().decode().split("\r\n")[:-1]


async def gone(stage: ImapStage, uid: int) -> None:
    """As another session removes."""
    account_id = stage.logins.people[BOB]
    box = await mailboxes.by_role(stage.store.engine.reading(), account_id, "inbox")
    ref = MailboxRef(account_id, box.mailbox_id)
    change = await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(uid, uid)], stage.now))
    stage.store.changes.publish([change])
