"""IMAP: what ten other sessions wait for small answers while one client fetches a gigabyte (less with `--quick`).

Each of the ten asks NOOP and FETCH 1:10 (FLAGS) in turn, 20 ms after the answer before, in a mailbox of its own; first while nobody else is there,
then as long as the big fetch lasts. Its reader is another process. With two processors three processes share them, and a part of what the ten wait
is for a processor. Letters are of 100 KB. Not here: many clients who all work (`imap_crowd`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.imap_clients import Clients
from bench.imap_load import ImapConnection, letters
from bench.imap_plans import Bulk, Probe, Told, percentile
from bench.rows.imap_crowd import filled
from bench.systems import USERS, MailSystem

OTHERS: Final = 10
QUIET_SECONDS: Final = 4.0
LONGEST: Final = 300.0  # seconds
LETTER: Final = 100_000  # octets
AT_ONCE: Final = 20  # letters of one MULTIAPPEND
P99_MS: Final = 50.0
QUIET: Final = "p99 of others, nobody else there"
BUSY: Final = "p99 of others, during the fetch"
WORST: Final = "longest of others, during the fetch"
RATE: Final = "the fetch"
KINDS: Final = (
    Kind(BUSY, "ms", more_is_better=False, budget=Budget(at_most=P99_MS)),
    Kind(WORST, "ms", more_is_better=False),
    Kind(QUIET, "ms", more_is_better=False),
    Kind(RATE, "MB/s"),
)


def run(course: Course) -> Iterator[Figure]:
    """Both sides in turns; their mailboxes are filled first."""
    scale = course.scale
    with course.ours() as ours, course.peer() as peer:
        for system in (ours, peer):
            if system:
                course.say(f"imap fair: filling {system.name}")
                filled(system, letters(100))
                _bulky(system, scale.bulk)
        course.settle(ours)
        samples = course.alternate(
            "imap fair", _fetched(course, ours), _fetched(course, peer) if peer else None
        )
    size = scale.bulk * scale.bulk_times * LETTER // 1_000_000
    yield from figures(f"imap fair: a fetch of {size:,} MB beside {OTHERS} sessions", KINDS, samples)


def _bulky(system: MailSystem, count: int) -> None:
    """Adds large letters to the mailbox of the first user."""
    session = ImapConnection(system.imaps, system.login(0), system.tls())
    line = b"A line that is as long as the lines of letters are, more or less, and no longer\r\n"
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        texts = [b"From: a@sender.test\r\nSubject: %d\r\n\r\n" % number for number in numbers]
        session.append("INBOX", [text + line * (LETTER // len(line)) for text in texts])
    session.close()


def probe(course: Course, system: MailSystem) -> Probe:
    """The others: everybody but the first user."""
    return Probe(
        port=system.imaps,
        names=[system.login(number) for number in range(1, USERS)],
        certificate=str(course.certificate.chain),
        clients=OTHERS,
        seconds=LONGEST,
    )


def quiet(course: Course, system: MailSystem) -> float:
    """The p99 of the others while nobody else is there, in milliseconds."""
    with Clients(probe(course, system)) as others:
        time.sleep(QUIET_SECONDS)
        return percentile(others.end().all(), 0.99)


def beside(course: Course, system: MailSystem, work: Callable[[], None]) -> Told:
    """What the others tell while work is done."""
    with Clients(probe(course, system)) as others:
        work()
        return others.end()


def _fetched(course: Course, system: MailSystem) -> Callable[[], Sample]:
    plan = Bulk(
        port=system.imaps,
        names=[system.login(0)],
        certificate=str(course.certificate.chain),
        seconds=LONGEST,
        command="UID FETCH 1:* (BODY.PEEK[])",
        times=course.scale.bulk_times,
    )

    def measured() -> Sample:
        sample = {QUIET: quiet(course, system)}
        bulk: list[Told] = []

        def fetch() -> None:
            with Clients(plan) as client:
                bulk.append(client.wait())

        took = beside(course, system, fetch).all()
        rate = bulk[0].octets / sum(bulk[0].all()) / 1e3
        return sample | {BUSY: percentile(took, 0.99), WORST: max(took), RATE: rate}

    return measured


IMAP_FAIR: Final = Row("imap-fair", "IMAP: small answers while one client fetches a gigabyte", run)
