"""All methods, by name: the families' tables in one."""

from __future__ import annotations

from typing import Final

from postroom.serve.jmap import echo
from postroom.serve.jmap.call import Methods

METHODS: Final[Methods] = {
    **echo.METHODS,
}
