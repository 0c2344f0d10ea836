"""A journey as lectures draw it: hosts, the agents in them (UA, MTA client and server, mailbox, MAA), and what passes between them.

Made of the hops that really were (`message.journey.events`), from one server or, in a lab, from several: a host, an agent or an arrow stands in the figure because a
hop says so. MAA, message access agent, is the text-books' word for the two ends of POP3 and IMAP. A message that went several ways has a
figure for each. Not here: lines for a terminal (`journey_drawn`), SVG (`journey_svg`), who may see what (`message.journey.visibility`, to be applied first).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from postroom.message.journey.events import (
    Accepted,
    Authenticated,
    Connected,
    Handled,
    Hop,
    HopKind,
    Outcome,
    Secured,
)

E = TypeVar("E")

MOST: Final = 6  # ways of one message that are drawn
MOST_HOSTS: Final = 12  # of one way
QUEUED: Final = re.compile(r"queued as (J[0-9a-z]{1,13})\b")
_MAIL_READERS: Final = {"pop3": "POP3", "pop3s": "POP3", "imap": "IMAP", "imaps": "IMAP"}
_ELSEWHERE: Final = "another host"


class Agent(enum.StrEnum):
    """What there is in a host."""

    UA = "UA"
    MTA_CLIENT = "MTA client"
    MTA_SERVER = "MTA server"
    QUEUE = "queue"
    MAILBOX = "mailbox"
    MAA_SERVER = "MAA server"
    MAA_CLIENT = "MAA client"
    WEB = "web server"


class Part(msgspec.Struct, frozen=True):
    """An agent of a host; `whose` names somebody, or says how it stands."""

    agent: Agent
    whose: str = ""


class Host(msgspec.Struct, frozen=True):
    """A machine, with its agents in the message's order. A reader's own machine is `reading`: its agents are drawn upwards."""

    name: str
    parts: tuple[Part, ...]
    reading: bool = False


class Link(msgspec.Struct, frozen=True):
    """What passes between two hosts. `at` is unix microseconds; `pull`: the receiving end asks for it."""

    protocol: str
    at: int
    secure: bool = False
    pull: bool = False


class Figure(msgspec.Struct, frozen=True):
    """One way: each host's link leads to the next. `recipient` is where it leads to; `end` says why it ends before a mailbox, "" when it does not."""

    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    recipient: str
    end: str = ""

    @property
    def rows(self) -> tuple[int, ...]:
        """The row of each host's uppermost agent: links are level, so that each host stands lower than the one before."""
        found, at = [], 0
        for host in self.hosts:
            top = max(at - len(host.parts) + 1, 0) if host.reading else at
            found.append(top)
            at = top + len(host.parts) - 1
        return tuple(found)

    def entry(self, number: int) -> int:
        """The row at which the link to a host arrives."""
        host, top = self.hosts[number], self.rows[number]
        return top + len(host.parts) - 1 if host.reading else top


class Leg(msgspec.Struct, frozen=True):
    """What one server knows: its name, the journey's id there, the hops."""

    server: str
    id: str
    hops: Sequence[Hop]


def figures(legs: Iterable[Leg]) -> list[Figure]:
    """A figure for each recipient's way, as far as they differ, from where the message came in first."""
    known = {leg.id: leg for leg in legs}
    later = {
        name for leg in known.values() for _, outcome in _outcomes(leg) for name in _next(leg, outcome, known)
    }
    found: list[Figure] = []
    for leg in known.values():
        if leg.id not in later:
            found += _ways(_Way(known, *_beginning(leg)), leg)
    distinct = {
        (figure.hosts, tuple((one.protocol, one.secure) for one in figure.links)): figure
        for figure in reversed(found)
    }
    return list(reversed(distinct.values()))[:MOST]


def together(legs: Sequence[Leg], name: str) -> list[Leg]:
    """Those of the legs that belong to the same message as the one with this id: what led to it, and what it led to."""
    known = {leg.id: leg for leg in legs}
    led_to = {
        leg.id: {found for _, outcome in _outcomes(leg) for found in _next(leg, outcome, known)}
        for leg in legs
    }
    reached = {name}
    for _ in legs:  # a way of n servers is known after n looks
        for one, further in led_to.items():
            if one in reached or not reached.isdisjoint(further):
                reached |= {one, *further}
    return [leg for leg in legs if leg.id in reached]


class _Way(msgspec.Struct, frozen=True):
    """A way up to a host whose agents are not all known yet: `begun` are those that are, `name` is what the host is called."""

    known: Mapping[str, Leg]
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    begun: tuple[Part, ...]

    def at(self, name: str, *more: Part) -> tuple[Host, ...]:
        """All hosts, when these agents are the last of this one."""
        return (*self.hosts, Host(name, (*self.begun, *more)))


def _beginning(leg: Leg) -> tuple[tuple[Host, ...], tuple[Link, ...], tuple[Part, ...]]:
    """The sender's side: a user agent on the same host, or one elsewhere with a link to this server's first agent."""
    hop = next((hop for hop in leg.hops if hop.kind is HopKind.RECEIVED), None)
    if hop is None:  # forgotten, or made here: a report
        return (), (), ()
    login = _first(hop, Authenticated)
    connection = _first(hop, Connected)
    accepted = _first(hop, Accepted)
    sender = accepted.sender if accepted is not None else ""
    if login is not None and login.mechanism == "local":
        return (), (), (Part(Agent.UA, _local(sender) or login.user),)
    if login is not None and login.mechanism == "jmap":
        return (
            _from(login.user, Part(Agent.UA, _local(login.user))),
            (_link("HTTP", hop),),
            (Part(Agent.WEB),),
        )
    if connection is None:
        return (), (), ()
    name = login.user if login is not None else ""
    host = _from(name, Part(Agent.UA, _local(name)), Part(Agent.MTA_CLIENT), otherwise=connection.name)
    return host, (_link(_smtp(connection.protocol), hop),), (Part(Agent.MTA_SERVER),)


def _from(user: str, *parts: Part, otherwise: str = "") -> tuple[Host, ...]:
    return (Host(f"{_local(user)}'s host" if user else otherwise or _ELSEWHERE, parts),)


def _ways(way: _Way, leg: Leg) -> list[Figure]:
    """The ways on from a server that has the message: one for each recipient that it knows the outcome of."""
    latest: dict[str, tuple[Hop, Outcome]] = {}
    for hop, outcome in _outcomes(leg):
        latest[outcome.address] = (hop, outcome)
    found: list[Figure] = []
    for hop, outcome in latest.values():
        if len(found) >= MOST:
            break
        if outcome.result == "filed":
            found += _filed(way, leg, outcome)
        elif outcome.result == "relayed":
            found += _relayed(way, leg, hop, outcome)
        else:
            waiting = Part(Agent.QUEUE, outcome.result)
            found.append(Figure(way.at(leg.server, waiting), way.links, outcome.address, _why(outcome)))
    if not latest:
        found.append(Figure(way.at(leg.server, Part(Agent.QUEUE)), way.links, "", "under way"))
    return found


def _filed(way: _Way, leg: Leg, outcome: Outcome) -> list[Figure]:
    """In a mailbox; and from there to each kind of reader."""
    box = Part(Agent.MAILBOX, _local(outcome.address))
    readers: dict[str, Figure] = {}
    for hop in leg.hops:
        handled = _first(hop, Handled)
        if hop.kind is not HopKind.READ or handled is None:
            continue
        if _local(handled.actor) != _local(outcome.address):
            continue
        figure = _read(way, leg, box, hop)
        readers.setdefault(figure.links[-1].protocol if len(figure.links) > len(way.links) else "", figure)
    return list(readers.values()) or [Figure(way.at(leg.server, box), way.links, outcome.address)]


def _read(way: _Way, leg: Leg, box: Part, hop: Hop) -> Figure:
    """By a user agent on the same host, or by one that fetches it over the network."""
    handled, connection = _first(hop, Handled), _first(hop, Connected)
    actor = handled.actor if handled is not None else ""
    user = Part(Agent.UA, _local(actor))
    protocol = connection.protocol.lower() if connection is not None else ""
    if protocol in _MAIL_READERS:
        hosts = way.at(leg.server, box, Part(Agent.MAA_SERVER))
        reader = Host(f"{_local(actor)}'s host", (user, Part(Agent.MAA_CLIENT)), reading=True)
        link = _link(_MAIL_READERS[protocol], hop, pull=True)
    elif protocol == "jmap":
        hosts = way.at(leg.server, box, Part(Agent.WEB))
        reader = Host(f"{_local(actor)}'s host", (user,), reading=True)
        link = _link("HTTP", hop, pull=True)
    else:
        return Figure(way.at(leg.server, box, user), way.links, actor)
    return Figure((*hosts, reader), (*way.links, link), actor)


def _relayed(way: _Way, leg: Leg, hop: Hop, outcome: Outcome) -> list[Figure]:
    """To another server; on from there when it is one that we know."""
    connection = _first(hop, Connected)
    hosts = way.at(leg.server, Part(Agent.QUEUE), Part(Agent.MTA_CLIENT))
    links = (*way.links, _link(_smtp(connection.protocol if connection else ""), hop))
    further = _Way(way.known, hosts, links, (Part(Agent.MTA_SERVER),))
    names = _next(leg, outcome, way.known)
    if names and len(hosts) < MOST_HOSTS:
        return _ways(further, way.known[names[0]])
    name = connection.name if connection is not None and connection.name else outcome.where or _ELSEWHERE
    return [Figure(further.at(name.partition(" ")[0]), links, outcome.address)]


def _outcomes(leg: Leg) -> list[tuple[Hop, Outcome]]:
    hops = sorted(leg.hops, key=lambda hop: hop.started)
    return [(hop, event) for hop in hops for event in hop.events if isinstance(event, Outcome)]


def _next(leg: Leg, outcome: Outcome, known: Mapping[str, Leg]) -> list[str]:
    """The journey that another server of ours began, as its 250 named it; a stranger may name the one that he was told of."""
    if outcome.result != "relayed":
        return []
    return [name for name in QUEUED.findall(outcome.text) if name in known and name != leg.id]


def _link(protocol: str, hop: Hop, *, pull: bool = False) -> Link:
    return Link(protocol, hop.started, _first(hop, Secured) is not None, pull)


def _smtp(protocol: str) -> str:
    return "LMTP" if protocol.lower().startswith("lmtp") else "SMTP"


def _why(outcome: Outcome) -> str:
    return f"{outcome.result}: {outcome.text or outcome.status}".removesuffix(": ")


def _local(address: str) -> str:
    return address.rpartition("@")[0] or address


def _first(hop: Hop, kind: type[E]) -> E | None:
    return next((event for event in hop.events if isinstance(event, kind)), None)
