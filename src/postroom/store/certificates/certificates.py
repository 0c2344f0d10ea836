"""Certificates from an authority, and the accounts that they are asked for with.

RFC 8555 §7.1 (account, certificate). Keys come and go sealed (`vault`). All processes of a store have them in common; one asks for all.
Not here: asking (`net.tls.acme`), what is due (`app.certificates.issuing`).
"""

from __future__ import annotations

import msgspec

from postroom.store.engine.transaction import Row, Transaction


class Certificate(msgspec.Struct, frozen=True):
    """The certificate for a first name and a kind of key, or the wish for one. Times are unix microseconds.

    `names` are all that were asked for at last. `chain` (PEM) and `sealed` are empty before the first one is there. `due` is when to ask for the next one,
    `ask_again` when to hear anew when that is. `tries` have failed one after the other, the last with `error`. `ordered` is the
    URL of the order whose certificate is still to come, for the key `order_key` (sealed for the same purpose): "" and empty when there is none.
    """

    name: str
    kind: str
    names: tuple[str, ...] = ()
    chain: str = ""
    sealed: bytes = b""
    due: int = 0
    ask_again: int = 0
    tries: int = 0
    error: str = ""
    ordered: str = ""
    order_key: bytes = b""

    @property
    def purpose(self) -> str:
        """What its key is sealed for."""
        return f"certificate {self.name} {self.kind}"


_COLUMNS = "name, kind, names, chain, sealed, due, ask_again, tries, error, ordered, order_key"
_LISTING = f"SELECT {_COLUMNS} FROM certificates ORDER BY name, kind"  # noqa: S608 -- constants
_ONE = f"SELECT {_COLUMNS} FROM certificates WHERE name = $1 AND kind = $2"  # noqa: S608 -- constants


async def listing(tx: Transaction) -> list[Certificate]:
    """All of them, by name and kind."""
    return [_read(row) for row in await tx.fetch(_LISTING)]


async def get(tx: Transaction, name: str, kind: str) -> Certificate | None:
    """One of them."""
    row = await tx.fetchrow(_ONE, name, kind)
    return None if row is None else _read(row)


_PUT = f"""
INSERT INTO certificates ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
 ON CONFLICT (name, kind) DO UPDATE SET names = excluded.names, chain = excluded.chain, sealed = excluded.sealed, due = excluded.due,
 ask_again = excluded.ask_again, tries = excluded.tries, error = excluded.error,
 ordered = excluded.ordered, order_key = excluded.order_key
"""  # noqa: S608 -- constants


async def put(tx: Transaction, one: Certificate) -> None:
    """Adds or replaces it."""
    names = " ".join(one.names)
    await tx.execute(_PUT, one.name, one.kind, names, *msgspec.structs.astuple(one)[3:])


_REMOVE = "DELETE FROM certificates WHERE name = $1 AND kind = $2"


async def remove(tx: Transaction, name: str, kind: str) -> None:
    """Forgets it, with its key."""
    await tx.execute(_REMOVE, name, kind)


_DUE = "UPDATE certificates SET due = $1, tries = 0 WHERE name = $2 OR $2 = ''"


async def make_due(tx: Transaction, name: str, now: int) -> int:
    """Has the next ones of a first name ("" for all) asked for now; gives how many those are."""
    return await tx.execute(_DUE, now, name)


_ACCOUNT = "SELECT url, sealed FROM acme_accounts WHERE directory = $1"
_PUT_ACCOUNT = """
INSERT INTO acme_accounts (directory, url, sealed) VALUES ($1, $2, $3)
 ON CONFLICT (directory) DO UPDATE SET url = excluded.url, sealed = excluded.sealed
"""


async def account(tx: Transaction, directory: str) -> tuple[str, bytes] | None:
    """The URL ("" before the authority has said it) and the sealed key of the account with an authority."""
    row = await tx.fetchrow(_ACCOUNT, directory)
    return None if row is None else (str(row[0]), bytes(row[1]))


async def put_account(tx: Transaction, directory: str, url: str, sealed: bytes) -> None:
    """Keeps it."""
    await tx.execute(_PUT_ACCOUNT, directory, url, sealed)


def _read(row: Row) -> Certificate:
    name, kind, names, chain, sealed, due, ask_again, tries, error, ordered, order_key = row
    plan = (due, ask_again, tries, error, ordered)
    return Certificate(name, kind, tuple(names.split()), chain, bytes(sealed), *plan, bytes(order_key))
