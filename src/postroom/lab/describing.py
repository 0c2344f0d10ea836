"""What is where in a running lab, told to commands of the same user that were not there when it started: the operation `describe`.

Its record is what `postroom lab --json` prints, with `enforce`, and `last`, the number of what happened last. Not here: the lab (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from postroom.app.control import OperationError

DESCRIBE: Final = "describe"


async def described(
    describe: Callable[[], dict[str, Any]], failed: asyncio.Event, _arguments: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation; it has no arguments. Refused when a server has failed."""
    if failed.is_set():
        raise OperationError("a server of the lab has failed: look at its log")
    yield describe()
