"""Idle connections: memory (PSS) of all server processes with many silent POP3 clients, less that with one.

Clients were greeted and have not logged in. The kernel's socket memory is not in it, on either side. Each level has fresh servers: memory
that was used once is used again.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.processes import proportional_bytes
from bench.sockets import IdleConnections, room_for
from bench.systems import MailSystem

SETTLE: Final = 1.0  # seconds
MEMORY: Final = "memory per connection"
WHOLE: Final = "memory of the whole server"
PLAIN_KIB: Final = 10.0
TLS_KIB: Final = 50.0


class Level(msgspec.Struct, frozen=True):
    """So many connections."""

    count: int
    tls: bool

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What is told of it."""
        budget = Budget(at_most=TLS_KIB if self.tls else PLAIN_KIB)
        return (
            Kind(MEMORY, "KiB", more_is_better=False, budget=budget),
            Kind(WHOLE, "MiB", more_is_better=False),
        )


def run(course: Course) -> Iterator[Figure]:
    """Every level, one run each."""
    levels = [Level(count, tls=False) for count in course.scale.idle] + [
        Level(course.scale.idle_tls, tls=True)
    ]
    for wanted in levels:
        level = Level(room_for(wanted.count), wanted.tls)
        if level.count < wanted.count:
            course.note(
                f"idle: {level.count} connections instead of {wanted.count}: the limit of open files is in the way"
            )
        name = f"idle: {level.count} connections, {'TLS' if level.tls else 'plain'}"
        samples = course.alternate(
            name, _measured(course.ours, level), None if course.no_peer else _measured(course.peer, level), 1
        )
        yield from figures(name, level.kinds, samples)


def _measured(
    running: Callable[[], AbstractContextManager[MailSystem | None]], level: Level
) -> Callable[[], Sample]:
    def measured() -> Sample:
        with running() as system:
            return _measure(system, level) if system else {}

    return measured


def _measure(system: MailSystem, level: Level) -> Sample:
    port = system.pop3s if level.tls else system.pop3
    tls: ssl.SSLContext | None = system.tls() if level.tls else None
    with IdleConnections(port, 1, tls):
        time.sleep(SETTLE)
        before = proportional_bytes(system.roots())
        with IdleConnections(port, level.count, tls):
            time.sleep(SETTLE)
            after = proportional_bytes(system.roots())
    return {MEMORY: (after - before) / 1024 / level.count, WHOLE: after / (1 << 20)}


IDLE: Final = Row("idle", "silent POP3 connections that have not logged in", run)
