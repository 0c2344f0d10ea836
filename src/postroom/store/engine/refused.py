"""Why a store could not be opened: said at the start of a program, to whoever runs it, with the remedy.

Not mail errors: no peer ever sees them.
"""

from __future__ import annotations


class StoreRefused(Exception):
    """The base of the family; its text is whole sentences for a person."""


class StoreInUse(StoreRefused):
    """Another process has the directory."""


class StoreTooNew(StoreRefused):
    """The store was written by a later version which this one cannot read."""


class StoreDamaged(StoreRefused):
    """The database file is not one, or its pages contradict each other."""


class ClockApart(StoreRefused):
    """This machine's clock and the database's differ so much that leases mean nothing."""


def without_password(url: str) -> str:
    """The URL of a store as it may be said and logged."""
    if "@" not in url and "?" not in url:
        return url
    scheme, colons, _ = url.partition("://")
    return f"{scheme}://..." if colons else "..."
