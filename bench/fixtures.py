"""`python -m bench.fixtures postroom|aiosmtpd`: what a session of tests pays for its mail server, in a process of its own, as JSON on standard output.

Seconds from the import on: until the server takes mail (`session`), until a test has an address of its own (`mailbox`), from a message's submission until the
test has it (`wait`). aiosmtpd has one list of messages and no addresses. Not here: taking turns (`rows.lab`).
"""

from __future__ import annotations

import json
import smtplib
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, Final

from bench.sockets import free_ports

MAILBOXES: Final = 10
MESSAGES: Final = 20
PATIENCE: Final = 30.0  # seconds for one message


def postroom() -> dict[str, float]:
    """The fixtures of this package."""
    began = time.perf_counter()
    from postroom.lab import Lab  # noqa: PLC0415 -- the import is part of what is measured

    with Lab() as lab:
        session = time.perf_counter() - began
        began = time.perf_counter()
        boxes = [lab.mailbox() for _ in range(MAILBOXES)]
        mailbox = (time.perf_counter() - began) / MAILBOXES
        box = boxes[0]

        def arrived(subject: str) -> None:
            box.wait(subject=subject, timeout=PATIENCE)

        wait = _times(box.host, box.smtp_port, box.address, arrived)
    return {"session": session, "mailbox": mailbox, "wait": wait}


def aiosmtpd() -> dict[str, float]:
    """Its controller, with a handler that keeps what comes."""
    began = time.perf_counter()
    from aiosmtpd.controller import Controller  # noqa: PLC0415 -- likewise

    found: list[str] = []

    class Keeping:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- its name for it
            found.append(envelope.content.decode())
            return "250 OK"

    (port,) = free_ports(1)
    controller = Controller(Keeping(), hostname="127.0.0.1", port=port)
    controller.start()
    session = time.perf_counter() - began

    def arrived(subject: str) -> None:
        assert subject in found[-1]

    try:
        wait = _times("127.0.0.1", port, "bob@hamburger.test", arrived)
    finally:
        controller.stop()
    return {"session": session, "wait": wait}


def _times(host: str, port: int, address: str, arrived: Callable[[str], None]) -> float:
    """Seconds for one message, from connecting until the test has it; the mean of some."""
    began = time.perf_counter()
    for one in range(MESSAGES):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "shop@example.com", address, f"Order {one}."
        message.set_content("Thank you.\n")
        with smtplib.SMTP(host, port, timeout=PATIENCE) as smtp:
            smtp.send_message(message)
        arrived(f"Order {one}.")
    return (time.perf_counter() - began) / MESSAGES


SIDES: Final = {"postroom": postroom, "aiosmtpd": aiosmtpd}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(SIDES[sys.argv[1]]()) + "\n")
