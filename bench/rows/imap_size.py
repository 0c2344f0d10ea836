"""IMAP in a mailbox of any size: SELECT, the first 50 rows of its list, and the last 50, each in a new session.

Small messages, put in before the server runs. Each size has a data directory of its own. The first session is a line of its own, the others are
medians of many. What is to be flat is their sum: in the largest mailbox over that in the smallest. Not here: delivery into it (`mailbox_size`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, Samples, figures
from bench.fill import MESSAGE, fill
from bench.imap_load import ImapConnection
from bench.ours import Ours
from bench.peers import Peers
from bench.systems import MailSystem, addresses, user

ROWS_SHOWN: Final = 50
VISITS: Final = 41
ITEMS: Final = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"
SELECT: Final = "SELECT"
HEAD: Final = "first 50 rows"
TAIL: Final = "last 50 rows"
FIRST: Final = "all three, first time"
AGAIN: Final = "all three"
FLAT: Final = "time in the largest ÷ time in the smallest"
KINDS: Final = tuple(Kind(name, "ms", more_is_better=False) for name in (SELECT, HEAD, TAIL, AGAIN, FIRST))
FLAT_KINDS: Final = (Kind(FLAT, "×", more_is_better=False, budget=Budget(at_most=1.5)),)


def run(course: Course) -> Iterator[Figure]:
    """Size by size; both sides have the same messages."""
    scale = course.scale
    gathered: dict[int, Samples] = {}
    for size in scale.filled:
        with _ours(course, size) as ours, _peer(course, size, wanted=size in scale.filled_peer) as peer:
            gathered[size] = _looked(course, size, ours, peer)
        yield from figures(f"imap size: {size:,} messages", KINDS, gathered[size])
    if set(scale.filled) - set(scale.filled_peer):
        course.note(f"imap size: the peer's largest Maildir has {max(scale.filled_peer):,} messages")
    yield from figures("imap size: flatness", FLAT_KINDS, flatness(gathered))


def _looked(course: Course, size: int, ours: MailSystem, peer: MailSystem | None) -> Samples:
    return course.alternate(
        f"imap size {size}", lambda: visits(ours, size), (lambda: visits(peer, size)) if peer else None, 1
    )


def flatness(gathered: dict[int, Samples]) -> Samples:
    """What a visit takes in the largest mailbox that a side has over what it takes in the smallest."""

    def ratio(sides: list[list[Sample]]) -> list[Sample]:
        had = [side[0] for side in sides if side]
        return [{FLAT: had[-1][AGAIN] / had[0][AGAIN]}] if had else []

    samples = [gathered[size] for size in sorted(gathered)]
    return Samples(ratio([one.ours for one in samples]), ratio([one.peer for one in samples]))


def visits(system: MailSystem, size: int) -> Sample:
    """Medians of all visits but the first."""
    first, *rest = [_visit(system, size) for _ in range(VISITS)]
    sample = {key: median(one[key] for one in rest) for key in (SELECT, HEAD, TAIL)}
    sample[AGAIN] = sum(sample.values())
    sample[FIRST] = sum(first.values())
    return sample


def _visit(system: MailSystem, size: int) -> Sample:
    session = ImapConnection(system.imaps, system.login(0), system.tls())
    sample = {
        SELECT: session.timed("SELECT INBOX") * 1e3,
        HEAD: session.timed(f"FETCH 1:{ROWS_SHOWN} {ITEMS}") * 1e3,
        TAIL: session.timed(f"FETCH {size - ROWS_SHOWN + 1}:{size} {ITEMS}") * 1e3,
    }
    session.close()
    return sample


@contextlib.contextmanager
def _ours(course: Course, size: int) -> Iterator[Ours]:
    with course.ours() as ours:
        ours.stop()
        course.say(f"imap size: filling a mailbox of ours with {size:,} messages")
        began = time.perf_counter()
        fill(ours.database, addresses()[0], size)
        course.say(f"imap size: filled in {time.perf_counter() - began:.0f} s")
        ours.start()
        yield ours


@contextlib.contextmanager
def _peer(course: Course, size: int, *, wanted: bool) -> Iterator[Peers | None]:
    if not wanted:
        yield None
        return
    with course.peer() as peer:
        if peer:
            course.say(f"imap size: filling a Maildir with {size:,} messages")
            peer.dovecot.prefill(user(0), size, lambda _: MESSAGE)
        yield peer


IMAP_SIZE: Final = Row("imap-size", "IMAP: a look into a mailbox that holds many messages", run)
