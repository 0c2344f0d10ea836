"""All verbs of IMAP, from the tables of the families.

Not here: what any of them means.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.proto.imap.commands import (
    acl,
    appending,
    batching,
    copying,
    fetching,
    listing,
    mailboxes,
    metadata,
    notifying,
    quota,
    searching,
    selecting,
    session,
    storing,
    urlauth,
)
from postroom.proto.imap.verb import Verb

VERBS: Final = MappingProxyType[bytes, Verb](
    {
        **acl.VERBS,
        **appending.VERBS,
        **batching.VERBS,
        **copying.VERBS,
        **fetching.VERBS,
        **listing.VERBS,
        **mailboxes.VERBS,
        **metadata.VERBS,
        **notifying.VERBS,
        **quota.VERBS,
        **searching.VERBS,
        **selecting.VERBS,
        **session.VERBS,
        **storing.VERBS,
        **urlauth.VERBS,
    }
)
