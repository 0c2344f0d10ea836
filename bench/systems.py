"""What the rows need of a mail system, whichever it is. `ours` and `peers` have one each.

Not here: loads (`smtp_load`, `pop3_load`), and what is made of the numbers.
"""

from __future__ import annotations

import ssl
from typing import Final, Protocol

USERS: Final = 10
PASSWORD: Final = "in-the-open"
DOMAIN: Final = "receiver.test"  # the system where mail ends
FORWARDER: Final = "forwarder.test"  # the system that only passes mail on, to the users of DOMAIN


def user(number: int) -> str:
    """The local part of a user."""
    return f"user{number}"


def addresses(domain: str = DOMAIN, count: int = USERS) -> list[str]:
    """The addresses of the users, or those that are passed on to them."""
    return [f"{user(number)}@{domain}" for number in range(count)]


class Entrance(Protocol):
    """Where mail goes in, and whose processor time that takes."""

    smtp: int

    def roots(self) -> list[int]:
        """The pids below which all its processes are."""


class MailSystem(Entrance, Protocol):
    """A mail system with the mailboxes of the users: SMTP in, POP3 and IMAP out. It runs between `start` and `stop`."""

    name: str
    durability: str
    pop3: int
    pop3s: int
    imap: int
    imaps: int

    def start(self) -> None:
        """Starts it and waits until SMTP and POP3 greet; raises `BenchError`."""

    def launch(self) -> None:
        """Starts it without waiting."""

    def stop(self) -> None:
        """Ends all its processes."""

    def count(self) -> int:
        """How many messages can be read, all mailboxes together."""

    def backlog(self) -> int:
        """How many of them are still to be indexed."""

    def login(self, number: int) -> str:
        """The name with which a user logs in."""

    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust it."""
