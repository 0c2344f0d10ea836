"""A running lab from outside: the socket at which commands of this machine ask it for things, each an operation of one table.

Its servers have control sockets of their own. Not here: what the operations do (`lab.clock`, `lab.heard.watching` ...), calls and frames (`app.control`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from postroom.agent import runtime
from postroom.app.control import Caller, ControlServer, NotRunning, OperationError, Request, call

LAB = "lab"  # the file that names the socket, among those of the user's lab

# What an operation gives for its arguments: records, one by one.
Operation = Callable[[Mapping[str, Any]], AsyncIterator[dict[str, Any]]]


class LabControl:
    """The socket of one lab, at `DATA/lab`. `operations` by name."""

    def __init__(self, data: Path, operations: Mapping[str, Operation]) -> None:
        self.path = data / "lab"
        self._operations = operations
        self._server = ControlServer(self.path, self._perform)

    async def start(self) -> None:
        """Listens."""
        await self._server.start()

    async def stop(self) -> None:
        """Ends."""
        await self._server.stop()

    @property
    def operations(self) -> frozenset[str]:
        """The names of all."""
        return frozenset(self._operations)

    async def ask(self, operation: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The same from within: the records of an operation that comes to its end. Raises `OperationError`."""
        known = self._operations.get(operation)
        if known is None:
            raise OperationError(f"a lab knows no {operation}")
        return [record async for record in known(arguments)]

    async def _perform(self, caller: Caller, request: Request) -> AsyncIterator[dict[str, Any]]:
        if not caller.is_administrator:
            raise OperationError(f"{caller.name} may not command this lab: it is somebody else's")
        operation = self._operations.get(request.operation)
        if operation is None:
            raise OperationError(f"a lab knows no {request.operation}")
        async for record in operation(request.arguments):
            yield record


def ask_lab(operation: str, /, *, silence: float | None = None, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Asks the lab of this user; raises `OperationError` when it refuses, none runs, or it says nothing for `silence` seconds."""
    word = runtime.find(LAB)
    if word is None:
        raise OperationError("no lab of this user is running: start one with postroom lab")
    try:
        yield from call(Path(word.read_text("utf-8")), Request(operation, arguments), silence=silence)
    except NotRunning as error:
        raise OperationError(f"{error}: start one with postroom lab") from error
