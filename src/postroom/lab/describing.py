"""What is where in a running lab, told to commands of the same user that were not there when it started.

`describe` is what `postroom lab --json` prints; `facts` has besides what lessons want to know. Not here: what there is to tell (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from postroom.app.control import OperationError

DESCRIBE: Final = "describe"
FACTS: Final = "facts"


async def described(
    describe: Callable[[], dict[str, Any]], failed: asyncio.Event, _: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation, of both names; it has no arguments. Refused when a server has failed."""
    if failed.is_set():
        raise OperationError("a server of the lab has failed: look at its log")
    yield describe()
