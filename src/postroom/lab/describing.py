"""What a running lab is, told to commands that were not there when it started: the operation behind `postroom lab --wait`.

Not here: what there is to tell (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from postroom.app.control import OperationError

DESCRIBE: Final = "describe"


async def described(
    describe: Callable[[], dict[str, Any]], failed: asyncio.Event, _: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation: the object that `postroom lab --json` printed. Refused when a server has failed."""
    if failed.is_set():
        raise OperationError("a server of the lab has failed: look at its log")
    yield describe()
