"""What a user agent must know of a server to be set up: which service stands where, in which kind of safety.

RFC 8314 §3 (TLS from the first octet before STARTTLS, and never nothing). Values only; not here: in which form agents ask for them.
"""

from __future__ import annotations

import msgspec


class Offer(msgspec.Struct, frozen=True):
    """A service that users log in to. `tls`: from the first octet; else by STARTTLS."""

    protocol: str
    host: str
    port: int
    tls: bool


class Offers(msgspec.Struct, frozen=True):
    """All of them, in the order in which they are recommended, and what the server is called."""

    host: str
    incoming: tuple[Offer, ...]
    outgoing: tuple[Offer, ...]


def offers_of(host: str, ports: dict[str, int]) -> Offers:
    """The offers of a server that listens at these ports, by service."""

    def found(services: tuple[tuple[str, str, bool], ...]) -> tuple[Offer, ...]:
        return tuple(
            Offer(protocol, host, ports[service], tls)
            for service, protocol, tls in services
            if service in ports
        )

    return Offers(
        host,
        found(
            (
                ("imaps", "imap", True),
                ("imap", "imap", False),
                ("pop3s", "pop3", True),
                ("pop3", "pop3", False),
            )
        ),
        found((("submissions", "smtp", True), ("submission", "smtp", False))),
    )
