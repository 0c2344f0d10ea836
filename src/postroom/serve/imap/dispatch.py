"""Which function carries out which command, from the tables of the families.

Not here: any of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.serve.imap import (
    acl,
    appending,
    batching,
    contexts,
    copying,
    fetching,
    jmap_access,
    language,
    listing,
    login,
    mailboxes,
    metadata,
    multisearch,
    notifying,
    quota,
    searching,
    selecting,
    sorting,
    status,
    storing,
    threads,
    urlauth,
)
from postroom.serve.imap.conversation import Handlers

HANDLERS: Final[Handlers] = MappingProxyType(
    {
        **acl.HANDLERS,
        **appending.HANDLERS,
        **batching.HANDLERS,
        **contexts.HANDLERS,
        **copying.HANDLERS,
        **fetching.HANDLERS,
        **jmap_access.HANDLERS,
        **language.HANDLERS,
        **listing.HANDLERS,
        **login.HANDLERS,
        **mailboxes.HANDLERS,
        **metadata.HANDLERS,
        **multisearch.HANDLERS,
        **notifying.HANDLERS,
        **quota.HANDLERS,
        **searching.HANDLERS,
        **selecting.HANDLERS,
        **sorting.HANDLERS,
        **status.HANDLERS,
        **storing.HANDLERS,
        **threads.HANDLERS,
        **urlauth.HANDLERS,
    }
)
