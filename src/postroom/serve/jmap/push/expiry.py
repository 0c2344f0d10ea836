"""The end of an open connection when that ends with which its user has logged in: at its date, of an access token or a password, or when it is revoked.

Not here: who logs in with what (`store.login.login`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from postroom.serve.jmap.methods.audience import Listener
from postroom.serve.jmap.methods.call import JmapService, Visitor
from postroom.serve.standing import Stay

LOOK: Final = 60.0  # seconds after which the service's clock, which may be moved, is looked at again


def is_over(service: JmapService, visitor: Visitor) -> bool:
    """Whether a visitor would not be let in any more with what he has logged in with."""
    return 0 < visitor.expires <= service.now()


@contextmanager
def ending(service: JmapService, visitor: Visitor, listener: Listener) -> Iterator[None]:
    """Within it, a listener is ended when that is over."""
    end = asyncio.ensure_future(_end(service, visitor, listener)) if visitor.expires else None
    stay = Stay(service.standing)
    stay.begin(visitor.ground, listener.end)
    try:
        yield
    finally:
        stay.leave()
        if end is not None:
            end.cancel()


async def _end(service: JmapService, visitor: Visitor, listener: Listener) -> None:
    while (left := visitor.expires - service.now()) > 0:  # noqa: ASYNC110 -- the clock tells of nothing
        await asyncio.sleep(min(left / 1_000_000, LOOK))
    listener.end()
