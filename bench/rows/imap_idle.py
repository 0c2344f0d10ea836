"""Clients of IMAP that have logged in, selected a mailbox and wait in IDLE: memory (PSS) of all server processes, less that with ten of them.

Without TLS on our side a server with an open house takes part (`open_house`), as another one refuses the password. Dovecot has a process for each
client, so it gets fewer of them, and each is counted for itself. The kernel's socket memory is not in it, on either side. Each level has fresh
servers. Not here: clients that have not logged in (`idle`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.imap_clients import Clients
from bench.imap_load import letters
from bench.imap_plans import Silence
from bench.ours import OpenHouse, Ours
from bench.processes import proportional_bytes
from bench.rows.imap_crowd import filled
from bench.sockets import room_for
from bench.systems import USERS, MailSystem

HELD: Final = 100  # letters in each mailbox
SETTLE: Final = 2.0  # seconds
LONGEST: Final = 400.0  # seconds until all have logged in
MEMORY: Final = "memory per connection"
WHOLE: Final = "memory of the whole server"
PLAIN_KIB: Final = 10.0
TLS_KIB: Final = 50.0
WHOLE_MIB: Final = 1024.0


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
            Kind(WHOLE, "MiB", more_is_better=False, budget=Budget(at_most=WHOLE_MIB)),
        )


def run(course: Course) -> Iterator[Figure]:
    """Every level, one run each."""
    for tls in (False, True):
        for count in course.scale.imap_idle:
            level = Level(room_for(count), tls)
            fewer = msgspec.structs.replace(level, count=min(level.count, course.scale.imap_idle_peer))
            course.note(f"imap-idle: the peer has at most {fewer.count} connections")
            name = f"imap idle: {level.count} in IDLE, {'TLS' if tls else 'plain'}"
            samples = course.alternate(
                name, _ours(course, level), None if course.no_peer else _peer(course, fewer), 1
            )
            yield from figures(name, level.kinds, samples)


def _ours(course: Course, level: Level) -> Callable[[], Sample]:
    def measured() -> Sample:
        with course.ours(Ours if level.tls else OpenHouse) as system:
            return _measure(course, system, level)

    return measured


def _peer(course: Course, level: Level) -> Callable[[], Sample]:
    def measured() -> Sample:
        with course.peer() as system:
            return _measure(course, system, level) if system else {}

    return measured


def _measure(course: Course, system: MailSystem, level: Level) -> Sample:
    filled(system, letters(HELD))
    course.settle(system)
    plan = Silence(
        port=system.imaps if level.tls else system.imap,
        names=[system.login(number) for number in range(USERS)],
        certificate=str(course.certificate.chain) if level.tls else "",
        clients=USERS,
        seconds=LONGEST,
    )
    with Clients(plan):  # one for each mailbox, so that what mailboxes need is there
        time.sleep(SETTLE)
        before = proportional_bytes(system.roots())
        with Clients(msgspec.structs.replace(plan, clients=level.count)):
            time.sleep(SETTLE)
            after = proportional_bytes(system.roots())
    return {MEMORY: (after - before) / 1024 / level.count, WHOLE: after / (1 << 20)}


IMAP_IDLE: Final = Row("imap-idle", "IMAP clients that wait in IDLE", run)
