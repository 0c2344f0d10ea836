"""Holds one dialogue with a copy of the source that an example was put into; a process of its own, since modules are imported once.

    python examples_stages.py smtp|door|pop3|imap < dialogue         exit code 1 and words when a line is not what the dialogue says

`C:` lines are sent, `S:` lines compared; `S: ...` stands for the rest of a reply.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from imap_stage import Client, ImapStage
from postroom.net.session import Peer
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.server import Pop3Server
from postroom.proto.pop3.snapshot import Snapshot
from postroom.proto.smtp.extensions import Offers
from postroom.serve.smtp.session import SmtpService, SmtpSession
from postroom.store.store import Store
from smtp_stage import Stage, config

Hear = Callable[[bytes], str]


def smtp() -> Hear:
    return Stage(config(auth=True)).hear


def pop3() -> Hear:
    """A session of bob's, who has three messages."""
    server = Pop3Server(Pop3Config("hamburger.test", plaintext=True))
    server.greet()
    server.receive(b"AUTH PLAIN AGJvYgBodW5ncnk=\r\n")
    server.next_event()
    server.logged_in("bob", Snapshot(1, [(1, 40), (2, 120), (3, 80)]))
    server.data_to_send()

    def hear(data: bytes) -> str:
        server.receive(data)
        server.next_event()
        return server.data_to_send().decode()

    return hear


def imap() -> Hear:
    """A session of Bob's, who has four messages."""
    loop = asyncio.new_event_loop()
    place = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, place)

    async def begin() -> Client:
        stage = await ImapStage.open(await Store.open(f"sqlite://{place}/store"))
        for _ in range(4):
            await stage.deliver()
        return await stage.user()

    client = loop.run_until_complete(begin())
    return lambda data: loop.run_until_complete(client.send(data)).decode()


class _Open:
    """A door that takes everything."""

    async def mail(self, client: Any, incoming: Any) -> None: ...


class _Wire:
    """A connection from elsewhere."""

    peer = local = Peer("192.0.2.1")
    tls = None
    bytes_in = bytes_out = 0
    opened_at = quiet_since = 0.0


def door() -> Hear:
    """A session of a stranger's before the example's door."""
    from postroom.intake.impostors import ImpostorDoor  # type: ignore[import-not-found,unused-ignore]

    settings = config()
    unused: Any = None
    service = SmtpService(
        Offers(settings), ImpostorDoor(_Open(), settings.hostname), unused, unused,
        lambda: 0, unused, "l.test", lambda *_, **__: None,
    )  # fmt: skip
    session = SmtpSession(service)
    wire: Any = _Wire()
    session.opened(wire)
    session.machine.data_to_send()

    def hear(data: bytes) -> str:
        session.machine.receive(data)
        while (event := session.machine.next_event()) is not None:
            asyncio.run(session.handle(event))
        return session.machine.data_to_send().decode()

    return hear


def agrees(wanted: list[str], heard: list[str]) -> bool:
    if "..." in wanted:
        at = wanted.index("...")
        return heard[:at] == wanted[:at]
    return all(a == b for a, b in zip_longest(wanted, heard))


def hold(hear: Hear, dialogue: list[str]) -> str:
    """What was said otherwise than the dialogue has it; "" when nothing was."""
    exchanges: list[tuple[str, list[str]]] = []
    for line in dialogue:
        who, _, words = line.partition(" ")
        if who == "C:":
            exchanges.append((words, []))
        else:
            exchanges[-1][1].append(words)
    for said, wanted in exchanges:
        heard = hear(f"{said}\r\n".encode()).split("\r\n")[:-1]
        if not agrees(wanted, heard):
            return f"{said!r} was answered {heard}, not {wanted}"
    return ""


if __name__ == "__main__":
    stage = {"smtp": smtp, "door": door, "pop3": pop3, "imap": imap}[sys.argv[1]]
    sys.exit(hold(stage(), sys.stdin.read().splitlines()) or None)
