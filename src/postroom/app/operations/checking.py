"""The operation that checks the store: what is missing, what nobody refers to, what does not add up; and repairs what can be rebuilt.

Not here: the checks themselves (`store.fsck.fsck`), by way of the office.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller
from postroom.app.operations.office import Finding, Office, Operation

DEAD_END = "dead end"  # the kind of findings that only a person can mend (`store.fsck.findings`)


class Check(msgspec.Struct, frozen=True):
    """With `repair`, what can be rebuilt is."""

    repair: bool = False


async def check(office: Office, _: Caller, wanted: Check) -> AsyncIterator[Finding]:
    """Yields findings; none is the good news."""
    async for finding in office.check(repair=wanted.repair):
        yield finding


# of a lab's servers all are checked, whether it repairs or not
CHECK = Operation("check", Check, Finding, check, reads=True)
