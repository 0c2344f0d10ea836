"""Which function carries out which command, from the tables of the families.

Not here: any of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.serve.imap import (
    contexts,
    copying,
    fetching,
    login,
    multisearch,
    searching,
    selecting,
    sorting,
    storing,
    threads,
)
from postroom.serve.imap.conversation import Handlers

HANDLERS: Final[Handlers] = MappingProxyType(
    {
        **contexts.HANDLERS,
        **copying.HANDLERS,
        **fetching.HANDLERS,
        **login.HANDLERS,
        **multisearch.HANDLERS,
        **searching.HANDLERS,
        **selecting.HANDLERS,
        **sorting.HANDLERS,
        **storing.HANDLERS,
        **threads.HANDLERS,
    }
)
