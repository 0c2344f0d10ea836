"""What is where in a running lab, told to commands of the same user: the operation `describe`.

Its record is what `postroom lab --json` prints, with `enforce`, and `last`, the number of what happened last. Not here: the lab (`lab.laboratory`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

DESCRIBE: Final = "describe"


async def described(
    describe: Callable[[], dict[str, Any]], _arguments: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The operation; it has no arguments."""
    yield describe()
