"""Core/echo: what comes, goes back (RFC 8620 §4)."""

from __future__ import annotations

from typing import Final

from postroom.proto.jmap.capabilities import CORE
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods


async def echo(_call: Call, arguments: Object) -> Object:
    """The same arguments."""
    return arguments


METHODS: Final[Methods] = {"Core/echo": Method(CORE, None, echo)}
