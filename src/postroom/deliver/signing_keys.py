"""The keys that a domain signs with: made, sealed into the store, moved through their life, and remembered while they are in use.

RFC 6376 §3.1 (selectors replace each other), §8.1 (who has a private key, has the domain's name). The steps are `mailauth.dkim.rotation`'s; here they
become rows. Not here: signatures (`deliver.signing`), and who decides that a step is due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from postroom.mailauth.dkim.names import a_labels
from postroom.mailauth.dkim.private_key import Algorithm, BadKey, PrivateKey, revoked_record
from postroom.mailauth.dkim.rotation import Phase, Selector, Step, taken
from postroom.mailauth.dkim.signing import SigningKey
from postroom.message.idn import other_forms
from postroom.store.directory import dkim_keys
from postroom.store.directory.dkim_keys import DkimKey, purpose
from postroom.store.directory.errors import NotFound
from postroom.store.engine.transaction import Transaction
from postroom.store.vault import Unreadable

REMEMBERED = 60.0  # seconds: within them a key that another process switched to is used here too
MOST_REMEMBERED = 10_000  # domains
MOST_LABELS = 8  # of an author's domain: above so many no key is looked for
_SECOND = 1_000_000


class Vault(Protocol):
    """What is asked of `store.vault.Vault`."""

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """The secret encrypted for one purpose."""

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """The inverse; raises `Unreadable`."""


class NewKey(msgspec.Struct, frozen=True):
    """A key to be: `now` in unix microseconds."""

    domain: str
    selector: str
    key: PrivateKey
    now: int
    phase: Phase = Phase.PUBLISHED


def sealed(new: NewKey, vault: Vault) -> DkimKey:
    """The row of a new key."""
    secret = vault.seal(new.key.to_pem(), purpose(new.domain, new.selector))
    return DkimKey(
        new.domain,
        new.selector,
        new.key.algorithm.value,
        new.phase.value,
        new.now,
        new.key.record(),
        secret,
    )


def opened(row: DkimKey, vault: Vault) -> SigningKey:
    """The key of a row; raises `Unreadable`."""
    try:
        key = PrivateKey.from_pem(vault.unseal(row.secret, purpose(row.domain, row.selector)))
    except BadKey as bad:
        raise Unreadable(str(bad)) from None
    return SigningKey(a_labels(row.domain) or row.domain, row.selector, key)


def selector_of(row: DkimKey) -> Selector:
    """The row as rotation sees it."""
    return Selector(row.selector, Algorithm(row.algorithm), Phase(row.phase), row.since // _SECOND)


async def take(tx: Transaction, domain: str, step: Step, now: int) -> None:
    """Performs a step other than PUBLISH, whose key is `put`; the caller holds the domain's row. `now` in unix microseconds.

    Raises `NotFound` when the selectors do not allow it any more.
    """
    rows = {row.selector: row for row in await dkim_keys.of(tx, domain)}
    before = [selector_of(row) for row in rows.values()]
    try:
        after = {one.name: one for one in taken(before, step, now // _SECOND)}
    except ValueError as error:
        raise NotFound(f"{domain}: {error}") from None
    for name, row in rows.items():
        moved = after.get(name)
        if moved is None:
            await dkim_keys.delete(tx, row)
        elif moved.phase is Phase.REVOKED and row.phase != Phase.REVOKED:
            await dkim_keys.revoke(tx, row, moved.phase.value, revoked_record(moved.algorithm), now)
        elif moved.phase != row.phase:
            await dkim_keys.move(tx, row, moved.phase.value, now)


class KeyRing:
    """The keys that domains sign with now, remembered for `REMEMBERED` seconds. `tell` hears of a key that cannot be read; what it signed
    before goes without its signature."""

    def __init__(
        self, vault: Vault, monotonic: Callable[[], float], tell: Callable[[BaseException], None]
    ) -> None:
        self._vault = vault
        self._monotonic = monotonic
        self._tell = tell
        self._known: dict[str, Sequence[SigningKey]] = {}
        self._since = 0.0

    def forget(self) -> None:
        """The keys were changed."""
        self._known.clear()

    async def of_author(self, tx: Transaction, domain: str) -> Sequence[SigningKey]:
        """The keys for mail by an author of `domain`: the domain's own, else those of the nearest domain above it that has any.

        RFC 6376 §3.5 of d= lets a domain sign for those below it, and DMARC's relaxed alignment takes it.
        """
        name = domain
        for _ in range(MOST_LABELS):
            if "." not in name:
                break
            for form in (name, *other_forms(name)):  # RFC 6531 §3.2: ours is the one as much as the other
                found = await self.of(tx, form)
                if found:
                    return found
            name = name.partition(".")[2]
        return ()

    async def of(self, tx: Transaction, domain: str) -> Sequence[SigningKey]:
        """The keys of one domain."""
        now = self._monotonic()
        if now - self._since > REMEMBERED or len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
            self._since = now
        known = self._known.get(domain)
        if known is None:
            rows = await dkim_keys.signing(tx, domain)
            known = self._known[domain] = tuple(key for row in rows if (key := self._opened(row)) is not None)
        return known

    def _opened(self, row: DkimKey) -> SigningKey | None:
        try:
            return opened(row, self._vault)
        except Unreadable as error:
            why = f"the DKIM key {row.selector} of {row.domain} cannot be read: {error}; make another with: postroom dkim create {row.domain}"
            self._tell(Unreadable(why))
            return None
