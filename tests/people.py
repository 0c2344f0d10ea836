"""Domains and accounts for the tests of the directory."""

from collections.abc import Awaitable, Callable
from typing import Any

from postroom.message.address import Address, parse_mailbox
from postroom.store.administration import accounts, domains
from postroom.store.administration.accounts import NewAccount
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Engine

NOW = 1_750_000_000_000_000
IDS = Ids(900)  # a node of its own: another that writes into the same store may take number 1


def at(text: str) -> Address:
    """An address from its written form."""
    address = parse_mailbox(text)
    assert address is not None
    return address


async def write(engine: Engine, function: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
    """Calls a store function in a transaction of its own."""
    return await engine.write(lambda tx: function(tx, *args, **named))


async def add_domains(engine: Engine, *names: str) -> None:
    for name in names:
        await write(engine, domains.add, name, NOW)


async def add_account(engine: Engine, text: str, verifier: bytes = b"", quota: int = 0) -> int:
    return await write(engine, accounts.add, NewAccount(at(text), verifier, quota_bytes=quota), IDS, NOW)
