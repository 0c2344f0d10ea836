"""Relay: in at one server, through its queue, over SMTP to a second one, until the last message can be read there.

At the first server every address is an alias of one at the second, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bench.course import Course, Row
from bench.figures import Budget, Figure, figures
from bench.rows.arrival import Way, arrive, kinds
from bench.smtp_load import Load
from bench.systems import FORWARDER

BUDGET: Final = Budget(ratio=5)
WARM_UP: Final = 50


def run(course: Course) -> Iterator[Figure]:
    """Two of ours, and two Postfixes in front of Dovecot."""
    scale = course.scale
    with (
        course.ours() as ours,
        course.forwarding(ours.smtp) as forwarder,
        course.peer() as peer,
        course.forwarding_peer(peer) as peer_forwarder,
    ):
        way = Way(ours, forwarder, FORWARDER)
        peer_way = Way(peer, peer_forwarder, FORWARDER) if peer and peer_forwarder else None
        for one in (way, peer_way):
            if one:
                arrive(one, _load(WARM_UP))
        samples = course.alternate(
            "relay",
            lambda: arrive(way, _load(scale.relayed_ours)),
            (lambda: arrive(peer_way, _load(scale.relayed_peer))) if peer_way else None,
        )
    yield from figures("relay: 4 KB, 50 short connections", kinds(BUDGET), samples)


def _load(messages: int) -> Load:
    return Load(messages, 50, 4096)


RELAY: Final = Row("relay", "through the queue to a second server, readable there", run)
