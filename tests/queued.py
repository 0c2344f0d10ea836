"""Messages and jobs for the tests of the queue."""

from collections.abc import Awaitable, Callable, Sequence

from postroom.message.address import Address
from postroom.store.engine.transaction import Engine, Transaction
from postroom.store.spool import jobs, queue, spool
from postroom.store.spool.queue import Entry, Filter
from postroom.store.spool.spool import Copy, Lease, NewJob, Spooled, Terms

NOW = 1_750_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND
Act = Callable[[Transaction, Sequence[Entry], int], Awaitable[list[Entry]]]
ALICE = Address("alice", "crepes.test")
BOB = Address("bob", "hamburger.test")


def letter(spool_id: int, *, node: int = 1, priority: int = 0, accepted: int = NOW) -> Spooled:
    """A small message that node `node` accepted."""
    return Spooled(
        spool_id << 22 | node << 12, spool_id, accepted, ALICE, 5, b"hello", Terms(priority=priority)
    )


def copies(*numbers: int, domain: str = "hamburger.test") -> list[Copy]:
    return [Copy(n, n, Address(f"user{n}", domain)) for n in numbers]


def job(hop: str = "hamburger.test", due: int = NOW, numbers: Sequence[int] = (0,), **more: int) -> NewJob:
    """A job for copies `numbers`; expires after five days, alarm after four hours."""
    alarm = more.get("alarm", NOW + 4 * 3600 * SECOND)
    return NewJob(hop, copies(*numbers, domain=hop), due, NOW + 5 * DAY, alarm)


def lease(node: int = 1, now: int = NOW, seconds: int = 600) -> Lease:
    return Lease(node, now, now + seconds * SECOND)


async def put(engine: Engine, message: Spooled, *new: NewJob) -> int:
    """Spools a message and gives its id."""
    await engine.write(lambda tx: spool.put(tx, message, new))
    return message.spool_id


async def claim(engine: Engine, of: Lease, limit: int = 100, slot: int = 1) -> list[jobs.Job]:
    return await engine.write(lambda tx: jobs.claim(tx, [slot], of, limit))


def numbers(found: Sequence[jobs.Job]) -> list[int]:
    """The short ids that the tests gave to the messages."""
    return [one.letter.accept_id for one in found]


async def handle(engine: Engine, act: Act, wanted: Filter, now: int) -> int:
    """What an administrator does to jobs, all at once; gives the number of those to which it was done."""
    entries = await queue.listing(engine.reading(), wanted, now, limit=100_000)
    return len(await engine.write(lambda tx: act(tx, entries, now)))
