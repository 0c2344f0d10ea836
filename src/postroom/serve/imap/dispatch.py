"""Which function carries out which command, from the tables of the families.

Not here: any of them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.serve.imap import login, searching, selecting
from postroom.serve.imap.conversation import Handlers

HANDLERS: Final[Handlers] = MappingProxyType({**login.HANDLERS, **selecting.HANDLERS, **searching.HANDLERS})
