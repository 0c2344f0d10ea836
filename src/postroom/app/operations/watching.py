"""The operation that tells of what happens to an account, as it happens: new messages, and those that are to be shown at once.

RFC 821 §3.4 (SEND, SOML, SAML: a message for the terminals of its recipient). An administrator may watch any account, anybody else the one whose
password he gives. A record without an event comes now and then: only by writing is it noticed that nobody listens any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller
from postroom.app.operations.office import Office, Operation, Watched, own_address
from postroom.message.errors import AuthenticationFailed, NotPermitted
from postroom.store.administration import accounts
from postroom.store.login.standing import Ground, holds

ALIVE_SECONDS = 30.0
ALIVE = "alive"


class WatchAccount(msgspec.Struct, frozen=True):
    """Which account; `username` and `password` for callers who are no administrators."""

    address: str
    username: str = ""
    password: str = ""


async def watch(office: Office, caller: Caller, wanted: WatchAccount) -> AsyncIterator[Watched]:
    """Yields without end, but that of a login."""
    ground: Ground | None = None
    if wanted.password:
        login = await office.login("watch", wanted.username or wanted.address, wanted.password.encode())
        account_id, name, ground = login.account_id, login.address, login.ground
    elif caller.is_administrator:
        tx = office.engine.reading()
        found = await accounts.get(tx, await own_address(tx, wanted.address))
        account_id, name = found.account_id, str(found.address)
    else:
        raise NotPermitted(f"{caller.name} may not watch {wanted.address} without its password")
    yield Watched(ALIVE, name)
    news = aiter(office.watch(account_id))
    waiting = asyncio.ensure_future(anext(news))
    try:
        while True:
            done, _ = await asyncio.wait((waiting,), timeout=ALIVE_SECONDS)
            if ground is not None and not await holds(office.engine.reading(), ground, office.clock.now()):
                raise AuthenticationFailed("What you have logged in with is not good any more")
            if not done:
                yield Watched(ALIVE, name)
                continue
            try:
                yield msgspec.structs.replace(waiting.result(), account=name)
            except StopAsyncIteration:
                return
            waiting = asyncio.ensure_future(anext(news))
    finally:
        waiting.cancel()


WATCH = Operation("watch", WatchAccount, Watched, watch, everybody=True, reads=True)
