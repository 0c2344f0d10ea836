"""Delivery into a mailbox that is large already: how the rate at 1 M messages compares with that at 1 k.

Each size has a data directory of its own, so that nothing but that mailbox is in it. Filling is outside the timing. All mail goes to one
mailbox here, so rates are lower than with ten users.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, Samples, figures
from bench.fill import MESSAGE, fill
from bench.ours import Ours
from bench.peers import Peers
from bench.rows.arrival import READABLE, Way, arrive, read_count
from bench.smtp_load import Load
from bench.systems import addresses, user

FLAT: Final = "rate in the smallest ÷ rate in the largest"
RATE_KINDS: Final = (Kind(READABLE, "messages/s"),)
FLAT_KINDS: Final = (Kind(FLAT, "×", more_is_better=False, budget=Budget(at_most=1.5)),)
CONNECTIONS: Final = 10


def run(course: Course) -> Iterator[Figure]:
    """Fills all mailboxes, then delivers into them in turns."""
    scale = course.scale
    gathered: dict[int, Samples] = {}
    with contextlib.ExitStack() as stack:
        ours = {size: stack.enter_context(_ours(course, size)) for size in scale.filled}
        peers = {size: stack.enter_context(_peer(course, size)) for size in scale.filled_peer}
        for _ in range(scale.runs):
            for size in scale.filled:
                peer = peers.get(size)
                samples = course.alternate(
                    f"mailbox size {size}",
                    partial(_deliver, ours[size], scale.into_filled_ours),
                    partial(_deliver, peer, scale.into_filled_peer) if peer else None,
                    1,
                )
                kept = gathered.setdefault(size, Samples([], []))
                kept.ours += samples.ours
                kept.peer += samples.peer
    for size in scale.filled:
        yield from figures(f"mailbox size: {size:,} messages, 10 connections", RATE_KINDS, gathered[size])
    if set(scale.filled) - set(scale.filled_peer):
        course.note(f"mailbox size: the peer's largest Maildir has {max(scale.filled_peer):,} messages")
    yield from figures("mailbox size: flatness", FLAT_KINDS, _flatness(course, gathered))


def _flatness(course: Course, gathered: dict[int, Samples]) -> Samples:
    """Run by run, the rate in the smallest mailbox over that in the largest one that the side has."""
    smallest, largest = gathered[course.scale.filled[0]], gathered[course.scale.filled[-1]]
    largest_peer = gathered[course.scale.filled_peer[-1]]
    return Samples(_ratios(smallest.ours, largest.ours), _ratios(smallest.peer, largest_peer.peer))


def _ratios(small: list[Sample], large: list[Sample]) -> list[Sample]:
    return [{FLAT: one[READABLE] / other[READABLE]} for one, other in zip(small, large, strict=False)]


def _deliver(system: Ours | Peers, messages: int) -> Sample:
    return arrive(Way(system, system, users=1), Load(messages, CONNECTIONS, 4096))


@contextlib.contextmanager
def _ours(course: Course, size: int) -> Iterator[Ours]:
    with course.ours() as ours:
        ours.stop()
        course.say(f"mailbox size: filling a mailbox of ours with {size:,} messages")
        began = time.perf_counter()
        fill(ours.database, addresses()[0], size)
        course.say(f"mailbox size: filled in {time.perf_counter() - began:.0f} s")
        ours.start()
        _deliver(ours, 200)
        yield ours


@contextlib.contextmanager
def _peer(course: Course, size: int) -> Iterator[Peers | None]:
    with course.peer() as peer:
        if peer:
            course.say(f"mailbox size: filling a Maildir with {size:,} messages")
            peer.dovecot.prefill(user(0), size, lambda _: MESSAGE)
            read_count(peer, 0)
            _deliver(peer, 50)
        yield peer


MAILBOX_SIZE: Final = Row("mailbox-size", "delivery into one mailbox that holds many messages already", run)
