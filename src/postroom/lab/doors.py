"""The door of a domain's server for mail, shut as if it were being repaired, and opened again: the operation `door`.

RFC 5321 §3.8: a server that must shut down says 421, and whoever has mail for it keeps that and tries again (§4.5.4.1). Not here: the
queue that waits, other faults (`lab.faults.rules`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final

from postroom.app.control import OperationError
from postroom.lab.faults.rules import FaultRule, FaultRules

DOOR: Final = "door"
SHUT: Final = "421 4.3.2 The mail server of {} is being repaired, come back later"


class ShutDoor(FaultRule):
    """The fault of one domain's server that its door is shut."""

    def __init__(self, domain: str) -> None:
        super().__init__("mail", reply=SHUT.format(domain), domain=domain)


async def turned(
    rules: FaultRules, domains: Collection[str], arguments: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation, for a lab with these domains: `domain`, and `open`, which is true or false. Its record is the same."""
    domain, is_open = arguments.get("domain"), arguments.get("open")
    if not isinstance(domain, str) or domain not in domains or not isinstance(is_open, bool):
        raise OperationError(
            f"a door is of one of {', '.join(sorted(domains))}, and open or not; not {arguments}"
        )
    for rule in rules:
        if isinstance(rule, ShutDoor) and rule.domain == domain:
            rules.remove(rule)
    if not is_open:
        rules.add(ShutDoor(domain))
    yield {"domain": domain, "open": is_open}
