"""A name server on loopback that knows some zones, in a thread of its own: a command that is run has a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from postroom.lab.dns.server import LabDns
from postroom.lab.dns.zones import ZoneText
from postroom.net.clock import MovableClock


@contextmanager
def serving(zones: Sequence[ZoneText]) -> Iterator[str]:
    """Its HOST:PORT, as `--resolver` takes it."""
    loop = asyncio.new_event_loop()
    dns = LabDns(tuple(zones), MovableClock(), lambda _: None)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(dns.start(), loop).result(10)
        yield f"127.0.0.1:{port}"
        asyncio.run_coroutine_threadsafe(dns.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
