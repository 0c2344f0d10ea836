"""All verbs of IMAP, from the tables of the families.

Not here: what any of them means.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.proto.imap.commands import appending, copying, fetching, selecting, session, storing
from postroom.proto.imap.verb import Verb

VERBS: Final = MappingProxyType[bytes, Verb](
    {
        **appending.VERBS,
        **copying.VERBS,
        **fetching.VERBS,
        **selecting.VERBS,
        **session.VERBS,
        **storing.VERBS,
    }
)
