"""One mailbox for whatever has no other: `postroom lab --catch-all`, for programs under test that mail to real-looking addresses.

Any domain, any recipient: the lab is all the world there is, so nothing leaves the machine. Whoever lives in the lab, and the addresses of faults, get their mail as ever.
RFC 5321 §3.6.1 (nothing is relayed for strangers: here everything is a local recipient). Not here: the router that asks (`deliver.router`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from postroom.deliver.router import CatchAll
from postroom.lab.plan import HOUSES
from postroom.message.address import Address

CATCH_ALL: Final = Address("catch-all", HOUSES[0].domain)


def at_domain(domain: str) -> Address:
    """Where it is in a lab whose first domain is this one."""
    return Address(CATCH_ALL.local, domain)


def catch_all_of(domain: str, has: Callable[[str], bool]) -> CatchAll:
    """That of a lab whose first domain is this one; `has` tells the domains that have a server of their own in it."""
    return CatchAll(at_domain(domain), has)
