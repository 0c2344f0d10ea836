"""What a server finds around it: the time, the DNS, the network; a lab gives other ones than the Internet does.

Values only. Not here: how they are made (`app.serving` for the Internet, `lab` for a lab).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence

import msgspec

from postroom.app.logs import Log
from postroom.app.meddling import Meddling
from postroom.deliver.router import CatchAll
from postroom.intake.door import Door
from postroom.mailauth.verdicts import Verdicts
from postroom.message.journey.events import Hop
from postroom.net.clock import Clock
from postroom.net.session import Peer
from postroom.net.tapped import Overheard
from postroom.proto.dns.resolver import Resolver
from postroom.store.login.passwords import PasswordCost
from postroom.store.login.throttle import Limits as LoginLimits

FAREWELL_SECONDS = 30.0  # that conversations in both directions get to end what they do when the server stops


def _as_it_is(door: Door) -> Door:
    return door


def _port_443(ip: str) -> int:  # noqa: ARG001 - every web server's port but in a lab
    return 443


def _port_25(ip: str) -> int:  # noqa: ARG001 - every server's port but in a lab
    return 25


class Worker(msgspec.Struct, frozen=True):
    """Which of a server's processes on this machine this is: `number`, from 1, of `of`. `name` is its place's, "" where it has none:
    whoever had the place before is gone."""

    number: int = 1
    of: int = 1
    name: str = ""


class Surroundings(msgspec.Struct, frozen=True):
    """The world as one server sees it.

    `owns` tells its own addresses; `port_of` where an address takes mail, `https_port_of` where it is a web server; `source` is the address to connect from, "" for any;
    `relay_tls` the context for STARTTLS to next hops. `open_house` is a lab's: passwords without TLS, VRFY and EXPN for everybody, patience,
    connections without number. `before_door` may put faults in front of a door. `inherited` are sockets that were opened before, by service,
    `control` likewise. Conversations have `farewell` seconds when the server stops.
    `tap` listens in on every connection to the server; it is given the service, the far and the near end. `journeyed` hears of each step of a message,
    with the number of its journey, once it is written down; `found` of what checks of senders have found so far, with the client's address.
    At the addresses of `strict_at` even an open house takes passwords under TLS only. `meddling` is a lab's: where things go wrong. `catch_all` gets
    what has no mailbox, of any domain. `dates_by` gives the time by which other servers' certificates are valid, in unix
    microseconds, where that is not the machine's. `password_cost` is what guessing costs a thief of the store, and a login the server.
    """

    clock: Clock
    resolver: Resolver
    log: Log
    owns: Callable[[str], bool]
    relay_tls: Callable[[], ssl.SSLContext]
    port_of: Callable[[str], int] = _port_25
    source: str = ""
    open_house: bool = False
    before_door: Callable[[Door], Door] = _as_it_is
    login_limits: LoginLimits = LoginLimits()
    inherited: Mapping[str, Sequence[socket.socket]] = {}
    control: socket.socket | None = None
    farewell: float = FAREWELL_SECONDS
    worker: Worker = Worker()
    https_port_of: Callable[[str], int] = _port_443
    tap: Callable[[str, Peer, Peer], Overheard] | None = None
    meddling: Meddling | None = None
    catch_all: CatchAll | None = None
    journeyed: Callable[[int, Hop], None] | None = None
    found: Callable[[str, Verdicts], None] | None = None
    strict_at: frozenset[str] = frozenset()
    password_cost: PasswordCost = PasswordCost()
    dates_by: Callable[[], int] | None = None
    strict: bool = False  # whoever is being served stands at such an address

    @property
    def passwords_in_clear(self) -> bool:
        """Whether passwords are taken without TLS."""
        return self.open_house and not self.strict
