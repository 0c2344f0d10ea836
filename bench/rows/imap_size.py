"""IMAP in a mailbox of any size: SELECT, the first 50 rows of its list, and the last 50, each in a new session.

Small messages, put in before the server runs. Each size has a data directory of its own. The first session is a line of its own, the others are
medians of many. All mailboxes are there at the same time, and are visited in turns. What is to be flat is the sum: in the largest mailbox over that in the smallest. Not here: delivery into it (`mailbox_size`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
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
    """Fills all mailboxes, then visits them in turns."""
    scale = course.scale
    ours: dict[int, Sample] = {}
    peer: dict[int, Sample] = {}
    with contextlib.ExitStack() as stack:
        systems = {size: stack.enter_context(_ours(course, size)) for size in scale.filled}
        peers = {size: stack.enter_context(_peer(course, size)) for size in scale.filled_peer}
        had = {size: one for size, one in peers.items() if one}
        samples = course.alternate(
            "imap size", lambda: visited(systems, ours), (lambda: visited(had, peer)) if had else None, 1
        )
    for size in scale.filled:
        sides = Samples(*([side[size]] if size in side else [] for side in (ours, peer)))
        yield from figures(f"imap size: {size:,} messages", KINDS, sides)
    if set(scale.filled) - set(scale.filled_peer):
        course.note(f"imap size: the peer's largest Maildir has {max(scale.filled_peer):,} messages")
    yield from figures("imap size: flatness", FLAT_KINDS, samples)


def visited(systems: Mapping[int, MailSystem], kept: dict[int, Sample]) -> Sample:
    """Visits all in turns; `kept` gets what that took in each, the rest is how flat it is."""
    visits: dict[int, list[Sample]] = {size: [] for size in systems}
    for _ in range(VISITS):
        for size, system in systems.items():
            visits[size].append(_visit(system, size))
    kept.update({size: summed(each) for size, each in visits.items()})
    return {FLAT: flatness(kept)}


def summed(visits: list[Sample]) -> Sample:
    """The first visit, and medians of all others."""
    first, *rest = visits
    sample = {key: median(one[key] for one in rest) for key in (SELECT, HEAD, TAIL)}
    return sample | {AGAIN: sum(sample.values()), FIRST: sum(first.values())}


def flatness(kept: dict[int, Sample]) -> float:
    """What a visit takes in the largest mailbox over what it takes in the smallest."""
    return kept[max(kept)][AGAIN] / kept[min(kept)][AGAIN]


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
def _peer(course: Course, size: int) -> Iterator[Peers | None]:
    with course.peer() as peer:
        if peer:
            course.say(f"imap size: filling a Maildir with {size:,} messages")
            peer.dovecot.prefill(user(0), size, lambda _: MESSAGE)
        yield peer


IMAP_SIZE: Final = Row("imap-size", "IMAP: a look into a mailbox that holds many messages", run)
