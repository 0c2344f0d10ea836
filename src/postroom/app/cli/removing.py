"""What is said when an address has been removed: that it is gone, and who still names it."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.app.cli.session import Administration
from postroom.app.operations.office import NamedBy


def tell_removed(session: Administration, address: str, named_by: Sequence[NamedBy]) -> None:
    """Mail by way of those does not arrive any more; each with what makes an end of it."""
    session.terminal.say(f"{address} removed")
    for one in named_by:
        session.terminal.note(f"{one.who} still names it: {one.remedy}")
