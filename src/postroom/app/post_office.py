"""How a local program's message gets to the server: over the control socket, or into the drop directory when the server is down.

Made for programs that start for one message: imports little. Not here: options and exit codes (`app.sendmail.program`), acceptance.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from postroom.app.control import NotRunning, Request, call
from postroom.app.locate import Server
from postroom.app.maildrop import DropRefused, drop


class Posted(msgspec.Struct, frozen=True):
    """Where the message is: accepted under a journey id, or dropped under a name."""

    journey: str = ""
    dropped: str = ""

    @property
    def id(self) -> str:
        """The name of the message."""
        return self.journey or self.dropped


class Unreachable(Exception):
    """The server is down and nothing can be dropped; the text says why."""


class PostOffice:
    """One server's way in, for the users of its machine."""

    def __init__(self, server: Server) -> None:
        self._control = server.control
        self._drop: Path | None = server.places.drop if server.places else None
        self._name = server.name

    def submit(self, facts: dict[str, Any], content: bytes) -> Posted:
        """Hands a message over (`facts` are the fields of `Submit`); raises `CallFailed` when it is refused, or `Unreachable`."""
        try:
            (record,) = call(self._control, Request("submit", facts), content)
        except (NotRunning, PermissionError) as error:
            return self._dropped(facts, content, error)
        return Posted(journey=str(record["id"]))

    def verify(self, recipient: str) -> dict[str, Any] | None:
        """What RCPT would say: the completed address (`VerifyRecord`); None when the server is down. Raises `CallFailed`."""
        try:
            (record,) = call(self._control, Request("verify", {"recipient": recipient}))
        except (NotRunning, PermissionError):
            return None
        return record

    def _dropped(self, facts: dict[str, Any], content: bytes, error: Exception) -> Posted:
        why = str(error) if isinstance(error, NotRunning) else f"{self._control}: Permission denied"
        if self._drop is None:
            raise Unreachable(f"{self._name}: {why}") from error
        try:
            return Posted(dropped=drop(self._drop, facts, content))
        except DropRefused as refused:
            raise Unreachable(f"{why}; and the message cannot be dropped: {refused}") from error
