"""What an administrator is told when the directory cannot be changed as asked: the input, and what to do instead.

Not mail errors: no peer ever sees them.
"""

from __future__ import annotations


class DirectoryError(Exception):
    """The base of the family; its text is for a person."""


class BadName(DirectoryError):
    """It is not an address or not a domain."""


class NotFound(DirectoryError):
    """There is no such domain, account, alias, list or member."""


class Taken(DirectoryError):
    """It exists already."""


class TooMany(DirectoryError):
    """No mail could go to so many."""


class InUse(DirectoryError):
    """Something else still depends on it."""
