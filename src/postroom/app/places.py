"""At which ports and addresses a server's services stand, as the settings have it.

RFC 5321 (25), RFC 6409 (587), RFC 8314 §3.3 (465), RFC 2033 (LMTP, on loopback alone), RFC 1939 (110), RFC 9051 (143), RFC 8314 §3.1 (993,
995), RFC 9110 §4.2 (80, 443). Not here: sockets.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.app.settings import ListenSettings

LOOPBACK = ("127.0.0.1",)


class Place(msgspec.Struct, frozen=True):
    """Where a service stands; a port of -1 is nowhere."""

    service: str
    port: int
    addresses: Sequence[str]


def places_to_listen(listen: ListenSettings) -> Sequence[Place]:
    """All services, in the order in which their ports are opened."""
    return (
        Place("smtp", listen.smtp, listen.addresses),
        Place("submission", listen.submission, listen.addresses),
        Place("submissions", listen.submissions, listen.addresses),
        Place("lmtp", listen.lmtp, LOOPBACK),
        Place("pop3", listen.pop3, listen.addresses),
        Place("pop3s", listen.pop3s, listen.addresses),
        Place("imap", listen.imap, listen.addresses),
        Place("imaps", listen.imaps, listen.addresses),
        Place("http", listen.http, listen.addresses),
        Place("https", listen.https, listen.addresses),
    )
