"""A session of a command that asks the running lab for something.

Not here: what it asks (`lab.control` and the commands).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from postroom.agent.invocation import CommandFailed, Json, NoColor
from postroom.agent.terminal import Terminal
from postroom.app.control import OperationError
from postroom.lab.control import ask_lab


class LabSession:
    """What such a command is given."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def ask(self, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """The records of an operation of the lab; raises `OperationError`."""
        return ask_lab(operation, **arguments)

    def failure(self, error: Exception) -> CommandFailed | None:
        """A lab that refuses, or is not there, is no bug."""
        return CommandFailed(str(error)) if isinstance(error, OperationError) else None

    def close(self) -> None:
        """Holds nothing."""


def lab_session(*, json: Json = False, no_color: NoColor = False) -> LabSession:
    """The session; its options are added to each command's own."""
    return LabSession(Terminal(json=json, color=False if no_color else None))
