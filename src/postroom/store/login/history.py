"""Who logged in, from where and how, and who tried: one row for all alike of a day, for the account's owner to look through.

What happens is gathered in memory and written now and then, so that a login costs no commit; a crash may lose the last seconds. Attempts at names that
are nobody's are not kept: there passwords are typed as names. Not here: the decision (`login`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from postroom.store.engine.transaction import Engine, Transaction, Urgency

DAY: Final = 86_400 * 1_000_000  # microseconds
KEPT_DAYS: Final = 90  # that a login is remembered
MOST_GATHERED: Final = 10_000  # kinds of logins between two writings; more are not kept
MOST_ROWS: Final = 2_000  # of one account's good logins, and as many of failed ones; the oldest go first


class Login(msgspec.Struct, frozen=True):
    """What makes logins alike. `method` is a SASL mechanism, `password`, `APOP`, `token`, `certificate`; `label` which app password, token or certificate it
    was."""

    account_id: int
    protocol: str
    ip: str
    method: str
    label: str
    good: bool


class History(msgspec.Struct, frozen=True):
    """All alike of a day; times are unix microseconds."""

    protocol: str
    ip: str
    method: str
    label: str
    good: bool
    times: int
    first: int
    last: int


_Kind = tuple[Login, int]  # and its day
_Times = tuple[int, int, int]  # how often, the first and the last time
_Row = tuple[_Kind, _Times]


class Gathered:
    """What was not written yet."""

    def __init__(self) -> None:
        self._times: dict[_Kind, _Times] = {}
        self._writing = asyncio.Lock()

    def note(self, login: Login, now: int) -> None:
        """Counts one."""
        key = (login, now // DAY)
        times, first, _ = self._times.get(key, (0, now, now))
        if times or len(self._times) < MOST_GATHERED:
            self._times[key] = (times + 1, first, now)

    async def write(self, engine: Engine) -> None:
        """Writes what there is, an account at a time; what cannot be written now stays. Who asks while another writes gets the same when that is done."""
        async with self._writing:
            await self._write(engine)

    async def _write(self, engine: Engine) -> None:
        by_account: dict[int, list[_Kind]] = {}
        for key in self._times:
            by_account.setdefault(key[0].account_id, []).append(key)
        for account_id, keys in by_account.items():
            rows = [(key, self._times.pop(key)) for key in keys if key in self._times]
            try:
                await engine.write(partial(_add, account_id, rows), Urgency.HOUSEKEEPING)
            except BaseException:
                self._keep(rows)
                raise

    def _keep(self, rows: Iterable[_Row]) -> None:
        for key, (times, first, last) in rows:
            later, _, last = self._times.get(key, (0, first, last))
            self._times[key] = times + later, first, last


_ADD = """
INSERT INTO logins (account_id, day, protocol, ip, method, label, good, times, first, last)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (account_id, day, protocol, ip, method, label, good)
 DO UPDATE SET times = logins.times + excluded.times,
  first = CASE WHEN excluded.first < logins.first THEN excluded.first ELSE logins.first END,
  last = CASE WHEN excluded.last > logins.last THEN excluded.last ELSE logins.last END
"""
_THERE = "SELECT 1 FROM profiles WHERE account_id = $1"
_OLD = "DELETE FROM logins WHERE account_id = $1 AND day < $2"
_TOO_MANY = "SELECT last FROM logins WHERE account_id = $1 AND good = $2 ORDER BY last DESC LIMIT 1 OFFSET $3"
_OLDEST = "DELETE FROM logins WHERE account_id = $1 AND good = $2 AND last <= $3"
_FORGET = "DELETE FROM logins WHERE account_id = $1"
_LISTING = """
SELECT protocol, ip, method, label, good, times, first, last FROM logins WHERE account_id = $1
ORDER BY last DESC, protocol, ip, method, label, good LIMIT $2
"""


async def _add(account_id: int, rows: Sequence[_Row], tx: Transaction) -> None:
    if await tx.fetchrow(_THERE, account_id) is None:
        return  # removed meanwhile
    for (one, day), (times, first, last) in rows:
        found = (one.protocol, one.ip, one.method, one.label, int(one.good), times, first, last)
        await tx.execute(_ADD, account_id, day, *found)
    await tx.execute(_OLD, account_id, max(day for (_, day), _ in rows) - KEPT_DAYS)
    for good in {
        int(one.good) for (one, _), _ in rows
    }:  # each by itself: who guesses does not push out who came in
        row = await tx.fetchrow(_TOO_MANY, account_id, good, MOST_ROWS)
        if row is not None:
            await tx.execute(_OLDEST, account_id, good, row[0])


async def forget(tx: Transaction, account_id: int) -> int:
    """Forgets an account's logins; gives how many rows that were."""
    return await tx.execute(_FORGET, account_id)


async def listing(tx: Transaction, account_id: int, limit: int) -> list[History]:
    """An account's logins, the latest first."""
    return [_history(row) for row in await tx.fetch(_LISTING, account_id, limit)]


def _history(row: Sequence[Any]) -> History:
    protocol, ip, method, label, good, times, first, last = row
    return History(protocol, ip, method, label, bool(good), times, first, last)
