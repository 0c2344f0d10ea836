"""IMAP: many clients at once, each with its own mixture of what mail programs do, over TLS.

Ten mailboxes of the same letters, each with a tenth of the clients; the dice are the same on both sides. Sessions begin with a new connection,
LOGIN and SELECT, and end with LOGOUT, so the handshake of TLS counts; IDLE lasts 50 ms, and only its end is timed. All clients are one process
beside the servers, on asyncio: what it costs is told for each side, and on a machine with two processors it takes its share of what Dovecot's
processes could use. On our side a password is checked once with argon2 and then remembered for a while; Dovecot's is compared as it is. Each answer
is waited for, so that times grow with the number of clients, on both sides. Not here: one client alone (`imap`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.imap_clients import Clients
from bench.imap_load import ImapConnection, letters
from bench.imap_plans import MIX, Crowd, percentile
from bench.processes import processor_seconds
from bench.systems import USERS, MailSystem

HELD: Final = 300  # letters in each mailbox
AT_ONCE: Final = 100  # letters of one MULTIAPPEND
OPERATIONS: Final = 25  # between SELECT and LOGOUT
RATE: Final = "rate"
P99: Final = "p99 of all"
SERVER: Final = "processor of the server"
CLIENT: Final = "processor of the clients"
NAMES: Final = ("connect", "LOGIN", "SELECT", *(one.name for one in MIX))
KINDS: Final = (
    Kind(RATE, "operations/s", budget=Budget(ratio=1)),
    Kind(P99, "ms", more_is_better=False, budget=Budget(ratio=1)),
    *(Kind(f"p99 of {name}", "ms", more_is_better=False) for name in NAMES),
    Kind(SERVER, "µs/operation", more_is_better=False),
    Kind(CLIENT, "µs/operation", more_is_better=False),
)


def run(course: Course) -> Iterator[Figure]:
    """Both sides in turns."""
    scale = course.scale
    post = letters(HELD)
    with course.ours() as ours, course.peer() as peer:
        for system in (ours, peer):
            if system:
                filled(system, post)
        course.settle(ours)
        samples = course.alternate(
            "imap crowd", _crowded(course, ours), _crowded(course, peer) if peer else None
        )
    yield from figures(f"imap crowd: {scale.crowd} clients, {USERS} mailboxes", KINDS, samples)


def filled(system: MailSystem, post: list[bytes], users: int = USERS) -> None:
    """Puts the same letters into the mailboxes of the first users."""
    for number in range(users):
        session = ImapConnection(system.imaps, system.login(number), system.tls())
        for start in range(0, len(post), AT_ONCE):
            session.append("INBOX", post[start : start + AT_ONCE])
        if not session.command('LIST "" Sent').startswith(b"* LIST"):
            session.command("CREATE Sent")
        session.close()


def _crowded(course: Course, system: MailSystem) -> Callable[[], Sample]:
    plan = Crowd(
        port=system.imaps,
        names=[system.login(number) for number in range(USERS)],
        certificate=str(course.certificate.chain),
        clients=course.scale.crowd,
        sessions=course.scale.crowd_sessions,
        operations=OPERATIONS,
    )

    def measured() -> Sample:
        with Clients(plan) as clients:
            before = processor_seconds(system.roots())
            told = clients.wait()
            spent = processor_seconds(system.roots()) - before
        took = told.all()
        sample = {f"p99 of {name}": percentile(told.took[name], 0.99) for name in NAMES}
        return sample | {
            RATE: len(took) / told.seconds,
            P99: percentile(took, 0.99),
            SERVER: spent / len(took) * 1e6,
            CLIENT: told.processor / len(took) * 1e6,
        }

    return measured


IMAP_CROWD: Final = Row("imap-crowd", "IMAP, many clients at once with a mixed load", run)
