"""This process as a node of the store: its number, its ids, and the beat that keeps both.

A node number is a leased row; ids run up to a mark that is durable before they are given, so that no clock and no crash repeats one. Nodes compare
their clocks with the database's: to one that is ahead all leases of the others seem ended, and what it leases itself stays so for as long. Not here: the
statements (`store.engine.leases`).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import socket
import time
from collections.abc import Callable

import msgspec

from postroom.message.errors import TryLater
from postroom.store.engine import leases
from postroom.store.engine.ids import Ids
from postroom.store.engine.leases import NodeNumber
from postroom.store.engine.refused import ClockApart
from postroom.store.engine.transaction import Engine, Transaction, Urgency

LEASE_SECONDS = 120
BEAT_SECONDS = 30
AHEAD_MS = 60_000  # ids may run that far ahead of the last beat
MOST_APART = 60  # seconds between this machine's clock and the database's; half of a lease at most


ALONE = "alone"  # the place of the only process that can use an embedded store


class Told(msgspec.Struct, frozen=True):
    """Who hears of an `error` that passes, and that the number is `lost`: then the process must end, its ids may be another's."""

    error: Callable[[BaseException], None]
    lost: Callable[[BaseException], None]


class Node:
    """A held node number. `ids` makes ids as long as the beat goes on."""

    def __init__(self, engine: Engine, held: NodeNumber, ids: Ids, told: Told) -> None:
        self.ids = ids
        self._engine = engine
        self._held = held
        self._told = told
        self._beating: asyncio.Task[None] | None = None

    @classmethod
    async def join(cls, engine: Engine, told: Told, place: str = "") -> Node:
        """Takes a number. `place` names what only one process can be at a time: then the number of its predecessor, who is gone, is free.

        Raises `ClockApart`.
        """
        await _must_agree(engine)
        name, alone = place or f"{socket.gethostname()}:{os.getpid()}", bool(place)
        now = time.time_ns()
        mark = now // 1_000_000 + AHEAD_MS

        async def work(tx: Transaction) -> NodeNumber:
            until = now // 1000 + LEASE_SECONDS * 1_000_000
            held = await leases.take_node(tx, name, now // 1000, until, alone=alone)
            await leases.keep_node(tx, held, until, max(mark, held.id_mark + AHEAD_MS))
            return held

        held = await engine.write(work)
        ids = Ids(held.node, mark=held.id_mark, limit=max(mark, held.id_mark + AHEAD_MS))
        return cls(engine, held, ids, told)

    def start(self) -> None:
        """Begins to beat."""
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def leave(self) -> None:
        """Gives the number back."""
        if self._beating is not None:
            self._beating.cancel()
        with contextlib.suppress(TryLater):  # its lease ends by itself
            await self._engine.write(self._leave, Urgency.HOUSEKEEPING)

    async def _leave(self, tx: Transaction) -> None:
        await leases.leave_node(tx, self._held)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            now = time.time_ns()
            mark = now // 1_000_000 + AHEAD_MS
            until = now // 1000 + LEASE_SECONDS * 1_000_000

            async def keep(tx: Transaction, until: int = until, mark: int = mark) -> bool:
                return await leases.keep_node(tx, self._held, until, mark)

            try:
                await _must_agree(self._engine)
                if await self._engine.write(keep, Urgency.INBOUND):
                    self.ids.reserve(mark)
                else:
                    self._told.lost(RuntimeError(f"another process has taken node number {self._held.node}"))
            except ClockApart as error:
                self._told.lost(error)
            except Exception as error:  # noqa: BLE001 - ids wait at their limit until the store is back
                self._told.error(error)


async def _must_agree(engine: Engine) -> None:
    """Raises `ClockApart`. However long the answer takes, it was given between two looks at our own clock."""
    before = time.time_ns() // 1000
    there = await engine.now()
    after = time.time_ns() // 1000
    if there is not None and max(before - there, there - after) > MOST_APART * 1_000_000:
        raise ClockApart(
            f"this machine's clock says {_moment(after)}, the database's {_moment(there)}:"
            " set it right, and have both follow one time (NTP)"
        )


def _moment(at: int) -> str:
    return dt.datetime.fromtimestamp(at // 1_000_000, dt.UTC).isoformat(" ")
