"""Journeys as captures: which connections there are, and the message in its place."""

from __future__ import annotations

import re

import pytest

from postroom.message.journey.captured import MOST_FILLED, Told, capture_journeys
from postroom.message.journey.captures import Capture
from postroom.message.journey.events import Connected, Hop, HopKind, JourneyEvent, Outcome, Said, Secured

CONTENT = b"Subject: Hi\r\n\r\n.ketchup\r\n"
STORED = b"Received: from here\r\n" + CONTENT


def received(*events: JourneyEvent, protocol: str = "esmtp", at: int = 1) -> Hop:
    return Hop(HopKind.RECEIVED, at, [Connected(0, protocol, "127.0.0.1:5000", "127.0.0.1:2525"), *events])


def whole(*told: Told) -> tuple[bytes, int]:
    """All that was said, without packets around it, and the number of connections."""
    pieces: list[bytes] = []
    capture = Capture(pieces.append)
    capture_journeys(capture, told)
    return b"".join(piece[68 : -4 - (-len(piece) % 4)] for piece in pieces[1:]), capture.connections


def said(*lines: bytes) -> Said:
    return Said(1, list(lines))


def letter(size: int) -> Said:
    return said(b"<DATA", b">354 go", b"<[%d octets of message]" % size)


def test_the_message_is_put_in_with_its_dots() -> None:
    found, connections = whole(Told("J1", [received(letter(len(CONTENT)))], "127.0.0.3", STORED))
    assert b"Subject: Hi\r\n\r\n..ketchup\r\n.\r\n" in found
    assert b"Received" not in found
    assert connections == 1


def test_a_message_that_is_not_known_is_filled_up() -> None:
    found, _ = whole(Told("J1", [received(letter(100))]))
    assert b"[100 octets of message, which are not known here]" in found


@pytest.mark.parametrize("claimed", [b"<[99999999999999 octets of message]", b"<BDAT 99999999999999 LAST"])
def test_what_a_client_claims_is_not_filled_up_without_bound(claimed: bytes) -> None:
    found, _ = whole(Told("J1", [received(said(claimed, b">500 no"), letter(len(CONTENT)))], content=STORED))
    assert len(found) < 2 * MOST_FILLED
    assert b"Subject: Hi" in found


def test_chunks() -> None:
    first, rest = len(CONTENT) - 9, 9
    lines = (b"<BDAT %d" % first, b"<[%d octets of message]" % first, b">250 ok")
    lines += (b"<BDAT %d LAST" % rest, b"<[%d octets of message]" % rest)
    found, _ = whole(Told("J1", [received(said(*lines))], content=STORED))
    assert re.search(
        rb"BDAT 16\r\n.*Subject: Hi\r\n\r\n\.250 ok.*BDAT 9 LAST\r\n.*ketchup\r\n", found, re.DOTALL
    )


def test_what_was_relayed_is_there_once() -> None:
    relay = Hop(
        HopKind.RELAY,
        5,
        [
            Connected(0, "esmtp", "127.0.0.3:2525", "127.0.0.2:4000"),
            said(b">BDAT %d LAST" % len(CONTENT), b"<250 2.0.0 Ok: queued as J2"),
            Outcome(2, 0, "bob@hamburger.test", "relayed", "2.0.0", "250 2.0.0 Ok: queued as J2"),
        ],
    )
    found, connections = whole(
        Told("J1", [relay], "127.0.0.2"), Told("J2", [received(letter(len(CONTENT)), at=7)], content=STORED)
    )
    assert connections == 1
    assert found.count(b"Subject: Hi\r\n\r\n.ketchup") == 1


def test_a_stranger_who_names_our_own_journey_hides_nothing() -> None:
    relay = Hop(
        HopKind.RELAY,
        5,
        [
            Connected(0, "esmtp", "127.0.0.3:2525", "127.0.0.2:4000"),
            said(b">DATA", b"<354 go", b">[%d octets of message]" % len(CONTENT), b"<250 queued as J1"),
            Outcome(2, 0, "bob@hamburger.test", "relayed", "2.0.0", "250 queued as J1"),
        ],
    )
    _, connections = whole(Told("J1", [received(letter(len(CONTENT))), relay], content=STORED))
    assert connections == 2


def test_hops_of_one_session_are_one_connection() -> None:
    start = [
        Connected(0, "pop3", "127.0.0.1:5000", "127.0.0.1:2610"),
        said(b">+OK", b"<STLS", b">+OK"),
        Secured(0, "TLSv1.3", "AES"),
    ]
    read = Hop(
        HopKind.READ,
        5,
        [*start, said(b"<RETR 1", b">+OK %d octets" % len(STORED), b">[%d octets of message]" % len(STORED))],
    )
    deleted = Hop(HopKind.DELETED, 9, [*start, said(b"<DELE 1", b">+OK gone")])
    found, connections = whole(Told("J1", [deleted, read], content=STORED))
    assert connections == 1
    assert (found.count(b"STLS"), found.count(b"Received: from here")) == (1, 1)
    assert found.index(b"RETR 1") < found.index(b"DELE 1")


def test_the_beginning_of_a_message() -> None:
    hop = Hop(
        HopKind.READ,
        5,
        [
            Connected(0, "pop3", "127.0.0.1:5000", ""),
            said(b"<TOP 1 0", b">+OK 21 octets", b">[21 octets of message]", b"<QUIT"),
        ],
    )
    found, _ = whole(Told("J1", [hop], content=STORED))
    assert b"Received: from here\r\n" in found
    assert b"Subject" not in found


def test_what_came_over_no_connection() -> None:
    assert whole(Told("J1", [Hop(HopKind.FILED, 1, [])])) == (b"", 0)
    by_jmap = Hop(HopKind.READ, 1, [Connected(0, "jmap", "127.0.0.1:5000", "127.0.0.1:80")])
    assert whole(Told("J1", [by_jmap])) == (b"", 0)


def test_a_port_that_is_none() -> None:
    met = Hop(HopKind.RECEIVED, 1, [Connected(0, "esmtp", "127.0.0.1:²", "127.0.0.1:2525"), said(b"<NOOP")])
    assert whole(Told("J1", [met]))[1] == 1
