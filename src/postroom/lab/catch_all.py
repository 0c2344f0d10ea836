"""One mailbox for whatever has no other: `postroom lab --catch-all`, for programs under test that mail to real-looking addresses.

Any domain, any recipient: the lab is all the world there is, so nothing leaves the machine. Whoever lives in the lab, and the addresses of faults, get their mail as ever.
RFC 5321 §3.6.1 (nothing is relayed for strangers: here everything is a local recipient). Not here: the router that asks (`deliver.router`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from postroom.deliver.router import CatchAll
from postroom.lab.plan import House
from postroom.message.address import Address

NAME: Final = "catch-all"


def catch_all_address(houses: Sequence[House]) -> Address:
    """Whose mailbox it is, in a lab of these houses."""
    return Address(NAME, houses[0].domain)


def catch_all_of(houses: Sequence[House], has: Callable[[str], bool]) -> CatchAll:
    """The lab's; `has` tells the domains that have a server of their own in it."""
    return CatchAll(catch_all_address(houses), has)
