"""Mail that comes in: how fast it is accepted, how fast it can be read, and the processor time that takes.

A message counts as readable when it is in the mailbox, committed: what the database says to another process, a file in the Maildir.
Before and after each run POP3's STAT is asked too, outside the timing, and must say the same.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from bench.figures import Budget, Kind, Sample
from bench.pop3_load import Pop3Connection
from bench.processes import BenchError, processor_seconds, wait_until
from bench.smtp_load import Load, send, sent
from bench.systems import DOMAIN, USERS, Entrance, MailSystem

LONGEST: Final = 180.0  # seconds until everything is readable, and until it is indexed

READABLE: Final = "readable"
ACCEPTED: Final = "accepted"
PROCESSOR: Final = "processor until readable"
INDEXING: Final = "processor of the index backlog"
BACKLOG: Final = "index backlog when readable"


def kinds(budget: Budget | None) -> tuple[Kind, ...]:
    """What is told of an arrival; the budget is for the rate of readable messages."""
    return (
        Kind(READABLE, "messages/s", budget=budget),
        Kind(ACCEPTED, "messages/s"),
        Kind(PROCESSOR, "µs/message", more_is_better=False),
        Kind(BACKLOG, "messages", more_is_better=False),
        Kind(INDEXING, "µs/message", more_is_better=False),
    )


class Way(msgspec.Struct, frozen=True):
    """Mail goes in at `entrance`, for addresses of `domain`, and ends in the mailboxes of `system`."""

    system: MailSystem
    entrance: Entrance
    domain: str = DOMAIN
    users: int = USERS

    def roots(self) -> list[int]:
        """Of all processes on the way."""
        return [*dict.fromkeys([*self.entrance.roots(), *self.system.roots()])]


def arrive(way: Way, load: Load) -> Sample:
    """One run."""
    system, roots = way.system, way.roots()
    count = sent(load, way.users)
    wanted = system.count() + count
    processor = processor_seconds(roots)
    started = time.perf_counter()
    accepting = send(way.entrance.smtp, way.domain, load, way.users)
    _until_readable(system, wanted, count)
    readable = time.perf_counter() - started
    readable_processor = processor_seconds(roots)
    sample = {
        READABLE: count / readable,
        ACCEPTED: count / accepting,
        PROCESSOR: (readable_processor - processor) / count * 1e6,
    }
    backlog = system.backlog()
    if backlog:
        sample[BACKLOG] = backlog
        wait_until(lambda: system.backlog() == 0, LONGEST, f"{backlog} messages are not indexed")
        sample[INDEXING] = (processor_seconds(roots) - readable_processor) / count * 1e6
    _check(system, wanted)
    return sample


def _until_readable(system: MailSystem, wanted: int, count: int) -> None:
    try:
        wait_until(lambda: system.count() >= wanted, LONGEST, "waiting for mail")
    except BenchError as error:
        missing = wanted - system.count()
        raise BenchError(
            f"{missing} of {count} accepted messages cannot be read after {LONGEST:.0f} s"
        ) from error


def _check(system: MailSystem, wanted: int) -> None:
    """POP3 must see what was counted."""
    seen = sum(read_count(system, number) for number in range(USERS))
    if seen != wanted or system.count() != wanted:
        raise BenchError(f"{wanted} messages should be in the mailboxes of {system.name}, POP3 says {seen}")


def read_count(system: MailSystem, number: int) -> int:
    """What STAT says to a user."""
    connection = Pop3Connection(system.pop3s, system.login(number), system.tls())
    count = connection.count()
    connection.quit()
    return count
