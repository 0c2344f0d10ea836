"""A journey for a page: hops with their events, each dialogue line with its direction, whether it was encrypted, and what it means.

Not here: who may see what (`message.journey.visibility`, to be applied first), lines for terminals (`message.journey.timeline`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from postroom.message.journey.dialogue_explained import Explainer, explain_event
from postroom.message.journey.dialogue_words import Words
from postroom.message.journey.events import Connected, Hop, HopKind, Outcome, Routed, Said, Secured
from postroom.message.journey.timeline import event_json, fact, headline, iso_time
from postroom.message.printable import printable

MOST_HOPS: Final = 300  # of one journey that are told
MOST_LINES: Final = 500  # of a dialogue in one hop that are told
_OPEN: Final = ("delayed",)


def told(hops: Iterable[Hop]) -> list[dict[str, Any]]:
    """The hops in the order in which they began."""
    return [_hop(hop) for hop in sorted(hops, key=lambda hop: hop.started)[:MOST_HOPS]]


def under_way(hops: Iterable[Hop]) -> bool:
    """Whether more is to come: a recipient elsewhere of whom nothing final is known."""
    waiting: dict[str, bool] = {}
    for hop in sorted(hops, key=lambda hop: hop.started):
        for event in hop.events:
            if isinstance(event, Routed) and event.way == "remote":
                waiting.setdefault(event.address, True)
            elif isinstance(event, Outcome):
                waiting[event.address] = event.result in _OPEN
    return any(waiting.values())


def _hop(hop: Hop) -> dict[str, Any]:
    explainer = Explainer(hop)
    connection = next((event for event in hop.events if isinstance(event, Connected)), None)
    room = MOST_LINES
    events: list[dict[str, Any]] = []
    for event in hop.events:
        if isinstance(event, Said):
            lines = _lines(event, explainer, room)
            room -= len(lines)
            events.append(
                {"event": "said", "afterMs": event.at, "lines": lines, "left": len(event.lines) - len(lines)}
            )
        else:
            fields = event_json(event)
            after = fields.pop("after_ms")
            events.append(
                {
                    "event": fields.pop("event"),
                    "afterMs": after,
                    "text": fact(event, hop.kind),
                    "facts": fields,
                    "meaning": _meaning(explain_event(event)),
                }
            )
    return {
        "kind": hop.kind.value,
        "at": iso_time(hop.started),
        "headline": headline(hop),
        "peer": printable(connection.name or connection.peer) if connection else "",
        "incoming": hop.kind in (HopKind.RECEIVED, HopKind.READ, HopKind.DELETED),
        "tls": any(
            isinstance(event, Secured) or (isinstance(event, Said) and event.tls) for event in hop.events
        ),
        "ok": _went_well(hop),
        "events": events,
    }


def _lines(event: Said, explainer: Explainer, room: int) -> Sequence[dict[str, Any]]:
    return [
        {
            "by": "peer" if line[:1] == b"<" else "us",
            "tls": event.tls,
            "text": printable(line[1:]),
            "meaning": _meaning(explainer.line(line)),
        }
        for line in event.lines[: max(0, room)]
    ]


def _meaning(words: Words | None) -> dict[str, Any] | None:
    return None if words is None else {"text": words.text, "source": words.source, "names": list(words.names)}


def _went_well(hop: Hop) -> bool | None:
    """Whether all that came of it is good; None where nothing did."""
    results = [event.result for event in hop.events if isinstance(event, Outcome)]
    return all(result in ("filed", "relayed") for result in results) if results else None
