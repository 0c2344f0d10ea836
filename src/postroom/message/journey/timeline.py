"""A message's journey told to people, and to machines as JSON-able values.

Hops (`message.journey.events`) become lines: when, who, what, how deep. In dialogues (RFC 5321 §3, RFC 1939 §3) `->` is what this server sent
and `<-` what it was told, `~>` and `<~` the same under TLS. Everything is made printable here. Not here: colours, columns, and who may
see what (`message.journey.visibility`, to be applied first).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from postroom.message.journey.events import (
    Accepted,
    Asked,
    Authenticated,
    Connected,
    Decided,
    Event,
    Handled,
    Hop,
    HopKind,
    Outcome,
    Routed,
    Said,
    Secured,
    Stamped,
)
from postroom.message.printable import printable

HOP, FACT, DIALOGUE = 0, 1, 2  # depths of indentation

_HEADLINES = {
    HopKind.RECEIVED: "received",
    HopKind.FILED: "filed",
    HopKind.RELAY: "sent on",
    HopKind.QUEUE: "in the queue",
    HopKind.REPORT: "reported",
    HopKind.READ: "read",
    HopKind.DELETED: "deleted",
}
_LISTS = {
    b"EHLO": "extensions",
    b"LHLO": "extensions",
    b"CAPA": "capabilities",
}  # RFC 5321 §4.1.1.1, RFC 2449 §5
_LEAST_FOLDED = 2  # lines of an answer that stay as they are
_INCOMING = (HopKind.RECEIVED, HopKind.READ, HopKind.DELETED)


class Line(msgspec.Struct, frozen=True):
    """One line: `at` unix microseconds; `who` speaks or acts ("" is this server); `kind` is `hop` or the event's tag."""

    at: int
    who: str
    text: str
    kind: str
    indent: int


def timeline(hops: Iterable[Hop], *, brief: bool = False) -> list[Line]:
    """The lines of all hops, in the order in which the hops began; when `brief`, what EHLO and CAPA list is counted, not shown."""
    lines: list[Line] = []
    for hop in sorted(hops, key=lambda hop: hop.started):
        lines += _hop_lines(hop, brief=brief)
    return lines


def as_json(hops: Iterable[Hop]) -> list[dict[str, Any]]:
    """One dict per hop: `kind`, `at` (ISO 8601, UTC), and `events` with their fields under their own names and `after_ms`."""
    return [
        {
            "kind": hop.kind.value,
            "at": iso_time(hop.started),
            "events": [event_json(event) for event in hop.events],
        }
        for hop in sorted(hops, key=lambda hop: hop.started)
    ]


def facts(events: Iterable[Event]) -> list[str]:
    """What events of sending on say in one line each; the dialogue is left out."""
    return [fact(event, HopKind.RELAY) for event in events if not isinstance(event, Said)]


def headline(hop: Hop) -> str:
    """What a hop was, in a line."""
    return _headline(hop, next((event for event in hop.events if isinstance(event, Connected)), None))


def iso_time(at: int) -> str:
    """Unix microseconds as ISO 8601 in UTC with milliseconds."""
    moment = dt.datetime.fromtimestamp(at // 1_000_000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at // 1000 % 1000:03d}Z"


def arrow(direction: bytes, *, tls: bool) -> str:
    """The arrow of a dialogue line that begins with `<` (to us) or `>` (from us)."""
    if direction == b">":
        return "~>" if tls else "->"
    return "<~" if tls else "<-"


def _hop_lines(hop: Hop, *, brief: bool) -> list[Line]:
    connection = next((event for event in hop.events if isinstance(event, Connected)), None)
    lines = [Line(hop.started, "", _headline(hop, connection), "hop", HOP)]
    peer = printable(connection.name or connection.peer) if connection else "peer"
    for event in hop.events:
        at = hop.started + event.at * 1000
        if isinstance(event, Said):
            for said in _folded(event.lines) if brief else event.lines:
                text = f"{arrow(said[:1], tls=event.tls)} {printable(said[1:])}"
                lines.append(Line(at, peer if said[:1] == b"<" else "", text, "said", DIALOGUE))
        else:
            lines.append(Line(at, "", fact(event, hop.kind), _tag(event), FACT))
    return lines


def _folded(lines: list[bytes]) -> list[bytes]:
    """The dialogue with one line for each answer that is a list."""
    shown: list[bytes] = []
    at = 0
    while at < len(lines):
        command = lines[at]
        shown.append(command)
        at += 1
        what = _LISTS.get(command[1:5].upper())
        end = _answer_end(lines, at, command[:1]) if what else at
        if end - at > _LEAST_FOLDED:
            number = end - at - 1 - (lines[end - 1][1:] == b".")
            shown.append(lines[at] + f" \N{HORIZONTAL ELLIPSIS} {number} {what}".encode())
            at = end
    return shown


def _answer_end(lines: list[bytes], at: int, asking: bytes) -> int:
    """Where the answer ends that begins at `at`: SMTP's last line has no hyphen, POP3's is a dot; nothing to fold ends where it begins."""
    if at == len(lines) or lines[at][:1] == asking or lines[at][1:2] not in (b"2", b"+"):
        return at
    smtp = lines[at][1:2] == b"2"
    for end in range(at, len(lines)):
        if lines[end][:1] == asking:
            return end
        if lines[end][4:5] != b"-" if smtp else lines[end][1:] == b".":
            return end + 1
    return len(lines)


def _headline(hop: Hop, connection: Connected | None) -> str:
    text = _HEADLINES[hop.kind]
    if connection is None:
        return _unconnected(hop, text)
    name = connection.name or connection.peer
    if name and hop.kind is HopKind.RECEIVED and connection.name:
        name += f" [{connection.peer}]"
    way = "from" if hop.kind is HopKind.RECEIVED else "by" if hop.kind in _INCOMING else "to"
    over = f"over {connection.protocol.upper()}"
    return printable(f"{text} {way} {name} {over}" if name else f"{text} {over}")


def _unconnected(hop: Hop, text: str) -> str:
    """The headline of a hop without a connection of its own; in sending the one before was open still, or there was none."""
    user = next((event.user for event in hop.events if isinstance(event, Authenticated)), "")
    if hop.kind is HopKind.RECEIVED and user:
        return printable(f"received from {user} on this machine")
    if hop.kind is not HopKind.RELAY:
        return text
    where = next((event.where for event in hop.events if isinstance(event, Outcome)), "")
    if where and any(isinstance(event, Said) for event in hop.events):
        return printable(f"sent on to {where} over the connection of the message before")
    asked = next((event.name for event in hop.events if isinstance(event, Asked)), "")
    return printable(f"tried to send on to {asked}" if asked else "tried to send on")


def fact(event: Event, kind: HopKind) -> str:
    """What an event says in one line; not for dialogue."""
    if isinstance(event, Connected):
        ends = (event.peer, event.local) if kind in _INCOMING else (event.local, event.peer)
        return printable(f"connection from {ends[0] or 'this machine'} to {ends[1] or 'this machine'}")
    return printable(_WORDS[type(event)](event), 4096)


def _secured(event: Secured) -> str:
    text = f"TLS {event.version}, {event.cipher}"
    if event.server_name:
        text += f", for {event.server_name}"
    if event.subject:
        text += f", certificate of {event.subject} ({'verified' if event.verified else 'not verified'})"
    if event.issuer:
        text += f", issued by {event.issuer} until {event.until}"
    return text


def _accepted(event: Accepted) -> str:
    recipients = ", ".join(f"<{recipient}>" for recipient in event.recipients)
    return f"accepted from <{event.sender}> to {recipients}, {event.size} octets"


def _asked(event: Asked) -> str:
    answers = (
        ", ".join(event.answers)
        if event.answers
        else event.rcode
        if event.rcode != "NOERROR"
        else "no such record"
    )
    return f"DNS {event.kind} {event.name}: {answers}{' (DNSSEC)' if event.authenticated else ''}"


def _outcome(event: Outcome) -> str:
    result = f"<{event.address}> {event.result}"
    if event.result == "filed" and event.where:
        return f"{result} in {event.where}"
    if event.result == "relayed":
        return f"{result} to {event.where}, which said: {event.text}"
    if event.where and event.text.startswith(event.where):
        return f"{result}: {event.text}"
    if event.where and event.text:
        return f"{result} by {event.where}: {event.text}"
    return " ".join(word for word in (result, event.status, event.text) if word)


_WORDS: dict[type, Callable[[Any], str]] = {
    Secured: _secured,
    Authenticated: lambda event: f"logged in as {event.user} ({event.mechanism})",
    Accepted: _accepted,
    Stamped: lambda event: "added " + " ".join(event.field.split()),
    Routed: lambda event: (
        f"<{event.address}> is {event.way}" + (f", to {event.target}" if event.target else "")
    ),
    Asked: _asked,
    Decided: lambda event: f"{event.what}: {event.result}" + (f" ({event.because})" if event.because else ""),
    Outcome: _outcome,
    Handled: lambda event: f"{event.action} by {event.actor}" + (f" in {event.where}" if event.where else ""),
}


def _tag(event: Event) -> str:
    return str(event.__struct_config__.tag)


def event_json(event: Event) -> dict[str, Any]:
    """An event's fields under their own names."""
    fields: dict[str, Any] = {"event": _tag(event), "after_ms": event.at}
    for name in event.__struct_fields__:
        if name != "at":
            fields[name] = _plain(getattr(event, name))
    return fields


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_said_json(item) if isinstance(item, bytes) else _plain(item) for item in value]
    return printable(value, 4096) if isinstance(value, str) else value


def _said_json(line: bytes) -> dict[str, str]:
    return {"by": "peer" if line[:1] == b"<" else "us", "line": printable(line[1:])}
