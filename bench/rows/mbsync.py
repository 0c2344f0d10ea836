"""mbsync's first synchronisation of a mailbox into an empty Maildir, over TLS; the same program for both sides.

Only with isync installed. Every run has a new Maildir; the mailbox is only read.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.imap_load import letters
from bench.processes import BenchError
from bench.rows.imap_crowd import filled
from bench.sockets import LOOPBACK
from bench.systems import PASSWORD, MailSystem

PROGRAM: Final = "mbsync"
LONGEST: Final = 300.0  # seconds
WHOLE: Final = "first synchronisation"
KINDS: Final = (Kind(WHOLE, "s", more_is_better=False, budget=Budget(ratio=1)),)

CONFIGURATION: Final = """\
IMAPAccount bench
Host {host}
Port {port}
User {user}
Pass {password}
SSLType IMAPS
CertificateFile {certificate}
SystemCertificates no

IMAPStore far
Account bench

MaildirStore near
Path {place}/mail/
Inbox {place}/mail/INBOX

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""


def run(course: Course) -> Iterator[Figure]:
    """Both sides in turns, with the same letters."""
    if not shutil.which(PROGRAM):
        course.note("mbsync was not measured: not installed (as root: apt-get install isync)")
        return
    post = letters(course.scale.imap)
    with course.ours() as ours, course.peer() as peer:
        for system in (ours, peer):
            if system:
                filled(system, post, users=1)
        course.settle(ours)
        samples = course.alternate(
            PROGRAM, _pulled(course, ours, len(post)), _pulled(course, peer, len(post)) if peer else None
        )
    yield from figures(f"mbsync: {len(post)} × 4 KB", KINDS, samples)


def _pulled(course: Course, system: MailSystem, count: int) -> Callable[[], Sample]:
    return lambda: pulled(system, course.certificate.chain, course.place("mbsync"), count)


def pulled(system: MailSystem, certificate: Path, place: Path, count: int) -> Sample:
    """Pulls everything into a new Maildir, and throws it away."""
    (place / "mail").mkdir(parents=True)
    settings = place / "mbsyncrc"
    filled_in = CONFIGURATION.format(
        host=LOOPBACK,
        port=system.imaps,
        user=system.login(0),
        password=PASSWORD,
        certificate=certificate,
        place=place,
    )
    settings.write_text(filled_in)
    began = time.perf_counter()
    try:
        done = subprocess.run(
            [PROGRAM, "-c", settings, "-a"], capture_output=True, text=True, check=False, timeout=LONGEST
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"mbsync was not done within {LONGEST:.0f} s") from error
    seconds = time.perf_counter() - began
    came = sum(1 for _ in (place / "mail/INBOX").glob("*/*"))
    shutil.rmtree(place)
    if done.returncode or came != count:
        raise BenchError(
            f"mbsync at {system.name}: {came} of {count} letters came: {done.stderr.strip()[-300:]}"
        )
    return {WHOLE: seconds}


MBSYNC: Final = Row("mbsync", "mbsync's first synchronisation", run)
