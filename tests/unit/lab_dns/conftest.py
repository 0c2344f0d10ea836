"""The lab's name server with the zones of two mail domains, on both event loops."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from postroom.lab.dns.server import LabDns, Question
from postroom.lab.dns.zones import mail_zone, reverse_zone
from postroom.net.clock import MovableClock
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver

ZONES = (
    mail_zone(
        "crepes.test",
        "mail",
        ["127.0.0.1", "::1"],
        [
            "www CNAME mail",
            "far CNAME mail.hamburger.test.",
            "out CNAME www.example.com.",
            "a.deep A 127.0.0.9",
        ],
    ),
    mail_zone("hamburger.test", "mail", ["127.0.0.2"], ["big TXT " + " ".join(['"' + "x" * 255 + '"'] * 8)]),
    reverse_zone("127.in-addr.arpa", {"127.0.0.1": "mail.crepes.test", "127.0.0.2": "mail.hamburger.test"}),
)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Each test with a loop runs on both."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Lab:
    """The server, its clock, what it was asked, and a resolver that believes it."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.asked: list[Question] = []
        self.dns = LabDns(ZONES, self.clock, self.asked.append)
        self.port = 0
        self.resolver: StubResolver


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    made = Lab()
    made.port = await made.dns.start()
    options = ResolverOptions((Server("127.0.0.1", made.port),), seconds=5, tries=1, trust_ad=True)
    made.resolver = StubResolver(options, made.clock.monotonic)
    yield made
    await made.resolver.close()
    await made.dns.stop()
    await asyncio.sleep(0)
