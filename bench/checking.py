"""`python -m bench.checking CONFIG`: `postroom serve` with a DNS of its own, in which the load's sender proves who he is.

Beside the configuration lies the key's record. Everything else is the real server: its checks of the sender, its resolver and that one's cache.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from bench.certificate import Certificate
from bench.ours import Ours
from bench.signed_letter import zones
from postroom.app.locate import load_at
from postroom.app.serving import internet, run, say, serve
from postroom.app.settings.file import Settings
from postroom.lab.dns.server import LabDns
from postroom.net.clock import SystemClock
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver

RECORD: Final = "key-record"
FURTHER: Final = "\n[authentication]\nexempt = []\n"  # the load comes from loopback, and is to be checked


class CheckingPostroom(Ours):
    """A server that checks the sender of each message."""

    program = (sys.executable, "-m", "bench.checking")
    record = ""

    def __init__(self, place: Path, certificate: Certificate) -> None:
        super().__init__(place, certificate, further=FURTHER)
        self._beside = place / RECORD

    def launch(self) -> None:
        """See `MailSystem`."""
        self._beside.write_text(self.record)
        super().launch()


async def _serve(settings: Settings, record: str) -> int:
    dns = LabDns(zones(record), SystemClock(), lambda _: None)
    port = await dns.start()
    try:
        resolver = StubResolver(ResolverOptions((Server("127.0.0.1", port),)))
        return await serve(settings, msgspec.structs.replace(internet(settings), resolver=resolver), say)
    finally:
        await dns.stop()


def main(config: str) -> int:
    """Runs the server until it is told to stop; gives the exit code."""
    path = Path(config)
    record = (path.parent / RECORD).read_text()
    return run(_serve(load_at(path), record))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
