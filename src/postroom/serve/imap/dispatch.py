"""Which function carries out which command, from the tables of the families.

Not here: any of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.serve.imap import batching, jmap_access, login, urlauth
from postroom.serve.imap.changing import appending, copying, storing
from postroom.serve.imap.conversation.conversation import Handlers
from postroom.serve.imap.fetching import fetching
from postroom.serve.imap.mailboxes import acl, language, listing, mailboxes, metadata, quota, status
from postroom.serve.imap.searching import contexts, multisearch, searching, sorting, threads
from postroom.serve.imap.watching import notifying, selecting

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
