"""Which function carries out which command, from the tables of the families.

Not here: any of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.serve.imap import appending, copying, fetching, login, selecting, storing
from postroom.serve.imap.conversation import Handlers

HANDLERS: Final[Handlers] = MappingProxyType(
    {
        **appending.HANDLERS,
        **copying.HANDLERS,
        **fetching.HANDLERS,
        **login.HANDLERS,
        **selecting.HANDLERS,
        **storing.HANDLERS,
    }
)
