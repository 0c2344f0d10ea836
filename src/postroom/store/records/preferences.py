"""How somebody wants his mail shown: one row of JSON among his account's records. Not here: what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from postroom.store.changes import RecordsChanged
from postroom.store.engine.transaction import Transaction
from postroom.store.records import records
from postroom.store.records.records import Kind

KIND: Final = "Preferences"
NUMBER: Final = 1  # there is one of an account
LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"


def of(account_id: int) -> Kind:
    """The kind of an account's only row."""
    return Kind(account_id, KIND)


async def read(tx: Transaction, account_id: int) -> bytes:
    """The data; b"" while nothing was ever set."""
    found = await records.some(tx, of(account_id), [NUMBER])
    return bytes(found[NUMBER].data) if found else b""


async def change(tx: Transaction, account_id: int, make: Callable[[bytes], bytes]) -> RecordsChanged:
    """Puts what `make` gives for what is there; two browsers that change other parts both do."""
    await tx.fetch(LOCK, account_id)
    data = await read(tx, account_id)
    if data:
        return await records.change(tx, of(account_id), NUMBER, make(data))
    return await records.create(tx, of(account_id), NUMBER, make(data))
