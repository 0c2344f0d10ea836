"""POP3: RETR of all messages of a mailbox, one command after the other and pipelined, in the clear and over TLS.

Login and STAT are outside the timing. Each side's mailbox is read once before, so nothing is parsed or opened for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.pop3_load import WINDOW, Pop3Connection
from bench.processes import BenchError, processor_seconds
from bench.rows.arrival import Way, arrive
from bench.smtp_load import Load
from bench.systems import MailSystem

RATE: Final = "RETR"
PROCESSOR: Final = "processor"
KINDS: Final = (
    Kind(RATE, "messages/s", budget=Budget(ratio=1)),
    Kind(PROCESSOR, "µs/message", more_is_better=False),
)


class Manner(msgspec.Struct, frozen=True):
    """How the mailbox is read."""

    name: str
    window: int
    tls: bool


MANNERS: Final = tuple(
    Manner(f"{name}, {'TLS' if tls else 'plain'}", window, tls)
    for tls in (False, True)
    for name, window in (("lockstep", 1), ("pipelined", WINDOW))
)


def run(course: Course) -> Iterator[Figure]:
    """Both mailboxes, in all manners."""
    messages = course.scale.mailbox
    with course.ours() as ours, course.peer() as peer:
        for system in (ours, peer):
            if system:
                arrive(Way(system, system, users=1), Load(messages, 10, 4096))
        for manner in MANNERS:
            if not manner.tls and (refusal := _refusal(ours)):
                course.note(f"pop3 without TLS was not measured: at the login {refusal}")
                continue
            for system in (ours, peer):
                if system:
                    _read(system, manner, messages)
            samples = course.alternate(
                f"pop3 {manner.name}",
                _reader(ours, manner, messages),
                _reader(peer, manner, messages) if peer else None,
            )
            yield from figures(f"pop3: {messages} × 4 KB, {manner.name}", KINDS, samples)


def _reader(system: MailSystem, manner: Manner, messages: int) -> Callable[[], Sample]:
    return lambda: _read(system, manner, messages)


def _read(system: MailSystem, manner: Manner, messages: int) -> Sample:
    connection = _connect(system, tls=manner.tls)
    if (count := connection.count()) != messages:
        raise BenchError(f"STAT of {system.name} says {count} messages instead of {messages}")
    processor = processor_seconds(system.roots())
    seconds = connection.retrieve(messages, manner.window)
    processor = processor_seconds(system.roots()) - processor
    connection.quit()
    return {RATE: messages / seconds, PROCESSOR: processor / messages * 1e6}


def _connect(system: MailSystem, *, tls: bool) -> Pop3Connection:
    if tls:
        return Pop3Connection(system.pop3s, system.login(0), system.tls())
    return Pop3Connection(system.pop3, system.login(0))


def _refusal(system: MailSystem) -> str:
    """What a login without TLS is refused with; "" when it is not."""
    try:
        _connect(system, tls=False).quit()
    except BenchError as error:
        return str(error)
    return ""


POP3: Final = Row("pop3", "RETR of a whole mailbox by one client", run)
