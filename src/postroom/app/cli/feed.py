"""What the commands of user agents may ask of a server of this machine, handed to them when they are called.

An agent knows servers by their protocols alone; when a server of the same machine is there too, this tells what no protocol of it does: what
happens to an account, at once. Not here: polling, which works everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from postroom.app.control import NotRunning, OperationError, Request, call


class ControlFeed:
    """See `agent.watching.Feed`."""

    def watch(self, control: Path, address: str, username: str, password: str) -> Iterator[dict[str, Any]]:
        """Records of the operation `watch`, without end; ends at once when the server is not there or does not want to tell."""
        arguments = {"address": address, "username": username, "password": password}
        try:
            yield from call(control, Request("watch", arguments))
        except (NotRunning, OperationError, OSError):
            return
