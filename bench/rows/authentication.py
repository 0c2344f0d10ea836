"""The sender checked: what one message costs (iprev, SPF twice, DKIM, ARC, DMARC, the decision, the fields), and SMTP in with all of it.

The message is of 4 KB with one RSA-2048 signature, and its sender is who he says; the DNS is warm. The peer checks nothing, and gets the same message.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from bench.checking import CheckingPostroom
from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, Samples, figures
from bench.processes import BenchError
from bench.rows.arrival import Way, arrive, kinds
from bench.signed_letter import signed, written, zones
from bench.smtp_load import CLIENT, SENDER, Load
from bench.sockets import LOOPBACK
from postroom.intake.examiner import Examiner, Examining
from postroom.lab.dns.server import LabDns
from postroom.mailauth.decision import Policy
from postroom.mailauth.dmarc.verdict import Result
from postroom.message.address import Address
from postroom.net.clock import SystemClock
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver

SIZE: Final = 4096
COST: Final = "processor, a new client"
KEPT: Final = "processor, a client of the last minute"
KINDS: Final = (
    Kind(COST, "µs/message", more_is_better=False, budget=Budget(at_most=400)),
    Kind(KEPT, "µs/message", more_is_better=False, budget=Budget(at_most=400)),
)
IN_BUDGET: Final = Budget(ratio=3)
ROUNDS: Final = 10
MESSAGES: Final = 300  # of one round; the best round counts, as other programs can only add to one


def run(course: Course) -> Iterator[Figure]:
    """The checks by themselves, then as part of SMTP."""
    letter, record = signed(SIZE)
    course.say("authentication: one message")
    samples = Samples([asyncio.run(_cost(letter, record))])
    yield from figures("sender checked: 4 KB, RSA-2048, warm DNS", KINDS, samples)
    place = course.place("letter")
    place.mkdir()
    yield from _smtp_in(course, written(letter, place / "letter.eml"), record)


async def _cost(letter: bytes, record: str) -> Sample:
    """Processor time of a message's checks."""
    dns = LabDns(zones(record), SystemClock(), lambda _: None)
    server = Server("127.0.0.1", await dns.start())
    try:
        resolver = StubResolver(ResolverOptions((server,)))
        if await _check(resolver, letter, fresh=True, times=1) is not Result.PASS:
            raise BenchError("the letter that is to be checked does not pass")
        return {
            COST: await _best(resolver, letter, fresh=True),
            KEPT: await _best(resolver, letter, fresh=False),
        }
    finally:
        await dns.stop()


async def _best(resolver: StubResolver, letter: bytes, *, fresh: bool) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        await _check(resolver, letter, fresh=fresh, times=MESSAGES)
        best = min(best, (time.process_time() - began) / MESSAGES * 1e6)
    return best


async def _check(resolver: StubResolver, letter: bytes, *, fresh: bool, times: int) -> Result | None:
    """By one examiner, as a server has it; with `fresh` nobody has met the client under that name."""
    local, _, domain = SENDER.partition("@")
    examiner = _examiner(resolver)
    result = None
    for number in range(times):
        helo = _written(CLIENT, number) if fresh else CLIENT
        opening = examiner.opened(examiner.greeted(LOOPBACK, helo), Address(local, domain))
        found = (await examiner.examine(opening, letter)).verdicts.dmarc
        result = found.result if found is not None else None
    return result


def _written(name: str, number: int) -> str:
    """The name, in another mixture of cases for each number: the same for the DNS, and unknown to whoever compares greetings."""
    bits = itertools.count()
    return "".join(
        char.upper() if char.isalpha() and number >> next(bits) & 1 else char for char in name.lower()
    )


def _examiner(resolver: StubResolver) -> Examiner:
    return Examiner(
        Examining(resolver, "mx.receiver.test", Policy(), SystemClock().now, lambda *_, **__: None)
    )


def _smtp_in(course: Course, letter: Path, record: str) -> Iterator[Figure]:
    kind = type("Checking", (CheckingPostroom,), {"record": record})
    with course.ours(kind) as ours, course.peer() as peer:
        ways = [Way(system, system) for system in (ours, peer) if system]
        for way in ways:
            arrive(way, Load(200, 10, SIZE, letter=letter))
        for name, kept in (("short connections", False), ("connections", True)):
            load = Load(course.scale.ours_messages, 50, SIZE, kept, letter)
            peer_load = Load(course.scale.peer_messages, 50, SIZE, kept, letter)
            samples = course.alternate(
                f"smtp-in, sender checked, {name}",
                partial(arrive, ways[0], load),
                partial(arrive, ways[1], peer_load) if peer else None,
            )
            yield from figures(
                f"smtp-in, sender checked: 4 KB, 50 {name}", kinds(None if kept else IN_BUDGET), samples
            )


AUTHENTICATION: Final = Row("authentication", "the sender of mail checked: SPF, DKIM, ARC, DMARC", run)
