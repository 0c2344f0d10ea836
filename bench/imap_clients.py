"""`python -m bench.imap_clients`: IMAP clients in a process of their own, so that they take no time from what starts and reads them.

A plan is a line of JSON on standard input; a line on standard output says that all are ready, the next what became of it. The end of standard
input ends what lasts. `Clients` is the other end. Not here: plans, and what is made of the numbers (`rows`).
"""

from __future__ import annotations

import asyncio
import gc
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from random import Random
from typing import Any, Final, Self, TypeVar

import msgspec
import uvloop

from bench.imap_load import letters
from bench.imap_plans import APPEND, IDLE, AnyPlan, Bulk, Crowd, Operation, Plan, Probe, Silence, Told, chosen
from bench.imap_session import ImapSession
from bench.processes import BenchError

T = TypeVar("T")

IDLE_SECONDS: Final = 0.05
AT_ONCE: Final = 20  # clients that log in at the same time, where login is not what is measured
LETTERS: Final = 40  # different ones that are appended
SMALL: Final = ("NOOP", "FETCH 1:10 (FLAGS)")


class Clients:
    """A process of clients that does a plan; to be used in a `with`. It is ready when the `with` begins."""

    def __init__(self, plan: AnyPlan) -> None:
        self._plan = plan

    def __enter__(self) -> Self:
        words = [sys.executable, "-m", "bench.imap_clients"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(msgspec.json.encode(self._plan) + b"\n")
            self._process.stdin.flush()
            self._read()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def end(self) -> Told:
        """Has it end what lasts; gives what became of it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.wait()

    def wait(self) -> Told:
        """Waits until it has done everything."""
        return self._read()

    def ended(self) -> bool:
        """Whether its process has ended."""
        return self._process.poll() is not None

    def _read(self) -> Told:
        """One line; the process bounds its own time."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise BenchError(f"the process of the clients ended before it had told anything: {line[:100]!r}")
        told = msgspec.json.decode(line, type=Told)
        if told.error:
            raise BenchError(told.error)
        return told


class _Work:
    """One plan, as it is done."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.told = Told(took={})
        self.over = asyncio.Event()
        self._tls = _context(plan.certificate) if plan.certificate else None
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._letters = letters(LETTERS)

    async def open(self) -> ImapSession:
        """A session that was greeted."""
        return await ImapSession.opened(self.plan.port, self._tls)

    def name(self, client: int) -> str:
        """With which a client logs in."""
        return self.plan.names[client % len(self.plan.names)]

    async def selected(self, client: int) -> ImapSession:
        """A session with a mailbox; few at a time, as a password is dear."""
        async with self._gate:
            session = await self.open()
            await session.log_in(self.name(client))
            await session.select()
            return session

    async def timed(self, name: str, work: Awaitable[T]) -> T:
        """Does it and notes what it took."""
        began = time.perf_counter()
        done = await work
        self.told.took.setdefault(name, []).append((time.perf_counter() - began) * 1e3)
        return done

    async def operate(self, session: ImapSession, one: Operation, dice: Random, count: int) -> None:
        """One operation of the mix. Of IDLE its end is timed."""
        if one.name == IDLE:
            await session.idle()
            await asyncio.sleep(IDLE_SECONDS)
            await self.timed(one.name, session.done())
            return
        words = one.words(dice, count).encode()
        if one.name == APPEND:
            letter = dice.choice(self._letters)
            words += b" {%d+}\r\n%b" % (len(letter), letter)
        await self.timed(one.name, session.command(words))


def _context(certificate: str) -> ssl.SSLContext:
    """Trusts that certificate itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def _crowd(work: _Work, plan: Crowd) -> None:
    async def client(number: int) -> None:
        dice = Random(number)
        for _ in range(plan.sessions):
            session = await work.timed("connect", work.open())
            await work.timed("LOGIN", session.log_in(work.name(number)))
            count = await work.timed("SELECT", session.select())
            for one in chosen(dice, plan.operations):
                await work.operate(session, one, dice, count)
            await work.timed("LOGOUT", session.command("LOGOUT"))
            session.close()

    _ready()
    await _all(plan.clients, client)


async def _probe(work: _Work, plan: Probe) -> None:
    sessions = [await work.selected(number) for number in range(plan.clients)]
    _ready()

    async def client(number: int) -> None:
        await asyncio.sleep(plan.pause * number / plan.clients)  # not all in the same moment
        while not work.over.is_set():
            for words in SMALL:
                await work.timed(words, sessions[number].command(words))
                with suppress(TimeoutError):
                    await asyncio.wait_for(work.over.wait(), plan.pause)

    await _all(plan.clients, client)


async def _bulk(work: _Work, plan: Bulk) -> None:
    sessions = [await work.selected(number) for number in range(plan.clients)]
    _ready()

    async def client(number: int) -> None:
        for _ in range(plan.times):
            if not work.over.is_set():
                await work.timed(plan.command, sessions[number].command(plan.command))
        work.told.octets += sessions[number].came

    await _all(plan.clients, client)


async def _silence(work: _Work, plan: Silence) -> None:
    sessions: list[ImapSession] = []

    async def client(number: int) -> None:
        session = await work.selected(number)
        await session.idle()
        sessions.append(session)

    await _all(plan.clients, client)
    _ready()
    await work.over.wait()


async def _all(count: int, client: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(client(number))


def _ready() -> None:
    gc.freeze()
    _say(Told())


def _say(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.flush()


async def _done(work: _Work, plan: AnyPlan) -> None:
    match plan:
        case Crowd():
            await _crowd(work, plan)
        case Probe():
            await _probe(work, plan)
        case Bulk():
            await _bulk(work, plan)
        case Silence():
            await _silence(work, plan)


async def _do(plan: AnyPlan) -> Told:
    work, loop = _Work(plan), asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(sys.stdin.fileno())
        work.over.set()

    loop.add_reader(sys.stdin.fileno(), end)
    began, processor = time.perf_counter(), time.process_time()
    try:
        async with asyncio.timeout(plan.seconds):
            await _done(work, plan)
    except* TimeoutError:
        work.told.error = f"the clients were not done within {plan.seconds:.0f} s"
    except* (BenchError, OSError) as errors:
        work.told.error = str(errors.exceptions[0])
    work.told.seconds = time.perf_counter() - began
    work.told.processor = time.process_time() - processor
    return work.told


def main() -> None:
    """Reads a plan, does it, tells."""
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as unread:  # what follows is for the loop
        plan = msgspec.json.decode(unread.readline(), type=AnyPlan)
    _say(uvloop.run(_do(plan)))


if __name__ == "__main__":
    main()
