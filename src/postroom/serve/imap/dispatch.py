"""Which function carries out which command, from the tables of the families.

Not here: any of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.serve.imap import (
    acl,
    copying,
    fetching,
    listing,
    login,
    mailboxes,
    metadata,
    quota,
    searching,
    selecting,
    status,
    storing,
)
from postroom.serve.imap.conversation import Handlers

HANDLERS: Final[Handlers] = MappingProxyType(
    {
        **acl.HANDLERS,
        **copying.HANDLERS,
        **fetching.HANDLERS,
        **listing.HANDLERS,
        **login.HANDLERS,
        **mailboxes.HANDLERS,
        **metadata.HANDLERS,
        **quota.HANDLERS,
        **searching.HANDLERS,
        **selecting.HANDLERS,
        **status.HANDLERS,
        **storing.HANDLERS,
    }
)
