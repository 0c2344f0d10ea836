"""Sessions whose commands wait for an account's lock, one behind the other, as they do over PostgreSQL; over SQLite nobody can hold it for long."""

import asyncio

from imap_stage import BOB, Client, ImapStage
from postroom.store import mailboxes
from postroom.store.engine import Transaction

WAITING = (
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def in_line(stage: ImapStage, *commands: tuple[Client, str]) -> list[list[str]]:
    """What they are answered. Each command is given once the one before it waits, and none goes on before all do."""
    held, free = asyncio.Event(), asyncio.Event()

    async def linger(tx: Transaction) -> None:
        await mailboxes.hold(tx, stage.logins.people[BOB])
        held.set()
        await free.wait()

    lingering = asyncio.create_task(stage.store.engine.write(linger))
    await held.wait()
    given: list[asyncio.Task[list[str]]] = []
    async with asyncio.timeout(20):
        for client, command in commands:
            given.append(asyncio.create_task(client.say(f"x {command}")))
            while (await stage.store.engine.reading().fetch(WAITING))[0][0] < len(given):
                await asyncio.sleep(0.01)
    free.set()
    await lingering
    return [await one for one in given]
