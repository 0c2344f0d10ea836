"""A running lab as its applications see it: the page, the HTTP interface. It is a `laboratory.Laboratory`; what one of them needs more is a line here.

Not here: starting and stopping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from postroom.app.server import Server
from postroom.lab.ca import LabCa
from postroom.lab.control import LabControl
from postroom.lab.dns.names import Names
from postroom.lab.faults.rules import FaultRules
from postroom.lab.faults.switches import Switches
from postroom.lab.heard.explained import Explained
from postroom.lab.heard.feed import Feed
from postroom.lab.plan import House, Person
from postroom.lab.settling import Inhabitant
from postroom.net.clock import MovableClock


class Running(Protocol):
    """What can be seen and done."""

    @property
    def clock(self) -> MovableClock:
        """The time."""

    @property
    def feed(self) -> Feed:
        """What happens."""

    @property
    def explained(self) -> Explained:
        """What it means."""

    @property
    def rules(self) -> FaultRules:
        """Faults that are switched on."""

    @property
    def switches(self) -> Switches:
        """All that is wrong on purpose."""

    @property
    def control(self) -> LabControl:
        """What commands may ask for."""

    @property
    def names(self) -> Names:
        """The DNS."""

    @property
    def ca(self) -> LabCa:
        """The certificate authority."""

    @property
    def servers(self) -> Mapping[str, Server]:
        """By domain."""

    @property
    def ports(self) -> Mapping[str, Mapping[str, int]]:
        """Of each domain's services."""

    @property
    def houses(self) -> Sequence[House]:
        """Its domains."""

    @property
    def failed(self) -> asyncio.Event:
        """Set when it cannot go on."""

    async def move_in(self, server: Server, person: Person) -> None:
        """One more account."""

    async def reset(self) -> dict[str, int]:
        """As it was at its beginning; gives what was taken away."""

    @property
    def inhabitants(self) -> Sequence[Inhabitant]:
        """Who lives there."""

    def describe(self) -> dict[str, object]:
        """What is where."""
