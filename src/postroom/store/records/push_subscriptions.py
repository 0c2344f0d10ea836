"""Where clients want to be told of changes: records of their accounts, read here for all accounts at once (RFC 8620 §7.2).

Not here: records of one account (`records`), what is sent.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.changes import RecordsChanged
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.records.records import Kind, remove, some

KIND: Final = "PushSubscription"
SLICE: Final = 1_000  # that one read gives at most


class Kept(msgspec.Struct, frozen=True):
    """What is kept of one. Times in unix microseconds, `expires` 0 for never; `types` None: all; `p256dh` "": nothing is encrypted.

    `credential` is what its client logged in with, and `until` when that ends, 0 for never; it ends, too, when the account's credentials are of
    another `generation`. `heard` is up to where its client was told, "" before it was told anything.
    """

    device: str
    url: str
    code: str
    expires: int
    credential: str
    generation: int
    p256dh: str = ""
    auth: str = ""
    types: list[str] | None = None
    verified: bool = False
    until: int = 0
    heard: str = ""

    def ended(self, now: int) -> bool:
        """Whether it has expired, or what its client logged in with (RFC 8620 §7.2)."""
        return 0 < self.expires <= now or 0 < self.until <= now

    def data(self) -> bytes:
        """As it is stored."""
        return msgspec.json.encode(self)


class Standing(msgspec.Struct, frozen=True):
    """One of any account; `valid`: the account is there, and logs in as it did."""

    account_id: int
    record_id: int
    address: str
    valid: bool
    kept: Kept


ALL: Final = """
SELECT r.account_id, r.record_id, r.data, COALESCE(p.address, ''), COALESCE(p.generation, -1), COALESCE(a.state, -1)
FROM records r LEFT JOIN profiles p ON p.account_id = r.account_id LEFT JOIN accounts a ON a.account_id = r.account_id
WHERE r.kind = 'PushSubscription' AND (r.account_id, r.record_id) > ($1, $2) ORDER BY r.account_id, r.record_id LIMIT $3
"""
NOTE: Final = "UPDATE records SET data = $4 WHERE account_id = $1 AND kind = $2 AND record_id = $3"
GENERATION: Final = "SELECT generation FROM profiles WHERE account_id = $1"


def kept(data: bytes) -> Kept:
    """The inverse of `Kept.data`."""
    return msgspec.json.decode(data, type=Kept)


async def standing(tx: Transaction, after: tuple[int, int], limit: int = SLICE) -> list[Standing]:
    """The next ones behind (account id, record id); an empty list at the end."""
    found = []
    for account_id, record_id, data, address, generation, state in await tx.fetch(ALL, *after, limit):
        one = kept(bytes(data))
        found.append(
            Standing(account_id, record_id, address, one.generation == generation and state == 0, one)
        )
    return found


async def generation(tx: Transaction, account_id: int) -> int:
    """Changes whenever the account's credentials do."""
    row = await tx.fetchrow(GENERATION, account_id)
    return int(row[0]) if row is not None else -1


async def note(tx: Transaction, account_id: int, record_id: int, heard: str) -> None:
    """Keeps up to where one was told. Nothing that its client sees is another by that, so no modseq is."""
    await mailboxes.hold(tx, account_id)
    found = await some(tx, Kind(account_id, KIND), [record_id])
    if record_id in found:
        data = msgspec.structs.replace(kept(found[record_id].data), heard=heard).data()
        await tx.execute(NOTE, account_id, KIND, record_id, data)


async def end(tx: Transaction, account_id: int, record_id: int, now: int) -> RecordsChanged:
    """Removes one: its URL and keys are erased. Raises `NoSuchRecord`."""
    return await remove(tx, Kind(account_id, KIND), record_id, now)
