"""POP3: RETR of all messages of a mailbox, one command after the other and pipelined, in the clear and over TLS.

A run is several sessions, one after the other, as one alone is over too soon to be measured: all log in before, each reads everything
and quits. Login, STAT and QUIT are outside the timing. What a server does later because mail was read counts as its processor time, and
slows the sessions that it falls into. Each side's mailbox is read before, so nothing is parsed or opened for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.pop3_load import WINDOW, Pop3Connection
from bench.processes import BenchError, settled_seconds
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
    """How the mailbox is read, and by how many sessions one after the other."""

    name: str
    window: int
    sessions: int
    tls: bool


LATER: Final = (
    "pop3: Postroom notes in the journey of a message that it was read, Dovecot that it was seen; both do so later than the reply, and the "
    "processor time has it"
)
MANNERS: Final = tuple(
    Manner(f"{name}, {'TLS' if tls else 'plain'}", window, sessions, tls)
    for tls in (True, False)
    for name, window, sessions in (("lockstep", 1, 6), ("pipelined", WINDOW, 15))
)


def run(course: Course) -> Iterator[Figure]:
    """Both mailboxes, in all manners."""
    messages = course.scale.mailbox
    course.note(LATER)
    with course.ours() as ours, course.peer() as peer:
        for system in (ours, peer):
            if system:
                arrive(Way(system, system, users=1), Load(messages, 10, 4096))
        for manner in MANNERS:
            if not manner.tls and (refusal := _refusal(ours)):
                course.note(f"pop3 without TLS was not measured: at the login {refusal}")
                continue
            for system in (ours, peer):
                if system:  # alone, as Dovecot renames what it has seen, and other sessions would look for it
                    _read(system, msgspec.structs.replace(manner, sessions=1), messages)
            samples = course.alternate(
                f"pop3 {manner.name}",
                _reader(ours, manner, messages),
                _reader(peer, manner, messages) if peer else None,
            )
            yield from figures(f"pop3: {messages} × 4 KB, {manner.name}", KINDS, samples)


def _reader(system: MailSystem, manner: Manner, messages: int) -> Callable[[], Sample]:
    return lambda: _read(system, manner, messages)


def _read(system: MailSystem, manner: Manner, messages: int) -> Sample:
    connections = [_opened(system, manner, messages) for _ in range(manner.sessions)]
    processor = settled_seconds(system.roots())
    seconds = 0.0
    for connection in connections:
        seconds += connection.retrieve(messages, manner.window)
        connection.quit()
    processor = settled_seconds(system.roots()) - processor
    total = messages * manner.sessions
    return {RATE: total / seconds, PROCESSOR: processor / total * 1e6}


def _opened(system: MailSystem, manner: Manner, messages: int) -> Pop3Connection:
    connection = _connect(system, tls=manner.tls)
    if (count := connection.count()) != messages:
        raise BenchError(f"STAT of {system.name} says {count} messages instead of {messages}")
    return connection


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
