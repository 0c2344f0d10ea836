"""Has the authority give a server its certificates, and renew them in time.

RFC 8555 §7.4 (order, proofs, request, certificate), §7.1.6 (how their states change), RFC 9773 §4.3 (asking when to renew). A new certificate has a new
key. What is there goes on being used until the next one is; a failure is told, kept with the certificate and tried again later, by another proof. The key
and the order are kept before the certificate is asked for: whatever breaks off then, the next try fetches it, and does not order another.
One process of a store does it for all. Not here: what is due (`wanted_certificates`), the account (`acme_account`), single requests (`net.tls.acme`).
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from postroom.app.certificates.acme_account import forget, with_account
from postroom.app.certificates.wanted import (
    SECOND,
    UNHEARD_WAIT,
    Wanted,
    is_due,
    renewal,
    soonest,
    wait_after,
    wanted,
)
from postroom.app.logs import Log
from postroom.app.settings.file import Settings
from postroom.net.clock import Clock
from postroom.net.tls.acme import (
    AcmeError,
    Authority,
    Authorization,
    Offered,
    Order,
    request_for,
)
from postroom.net.tls.pem import CertificateError, Held, Material, describe, load
from postroom.net.tls.selfsigned import key_pem, new_key
from postroom.proto.dns.resolver import Resolver
from postroom.store.certificates import acme_challenges, certificates
from postroom.store.certificates.acme_challenges import HTTP_01, TLS_ALPN_01, Challenge
from postroom.store.certificates.certificates import Certificate
from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.vault import Unreadable, Vault

POLL_SECONDS = 1.0  # between two looks at what the authority does, where it does not say when
MOST_PAUSE = 600.0  # seconds between two, where it does; what it would have later is for the next try
PATIENCE_SECONDS = 180.0  # for each: all proofs of an order, and its certificate
CHALLENGE_LIFE = 3600 * 1_000_000  # microseconds that a proof is shown at most
Begun = tuple[Certificate, Order, bytes]  # with the order, and its key (PEM)
SERVED_BY = {HTTP_01: "http", TLS_ALPN_01: "https"}


class Around(msgspec.Struct, frozen=True):
    """What issuing needs. `show` has all processes of the store show what the store has now; `ports` is where services listen; `mine` says, before each
    certificate, whether it is still this process that asks for all. The authority has `patience` seconds for each: all proofs of an order, and its
    certificate."""

    engine: Engine
    vault: Vault
    clock: Clock
    resolver: Resolver
    log: Log
    ports: Callable[[], dict[str, int]]
    show: Callable[[], Awaitable[None]]
    mine: Callable[[], Awaitable[bool]]
    patience: float = PATIENCE_SECONDS


class Outcome(msgspec.Struct, frozen=True):
    """What came of one certificate that was due: `error` is "" when it is there."""

    name: str
    kind: str
    error: str = ""


class Issuer:
    """The certificates of one server from one authority. `chance` is for moments within windows."""

    def __init__(self, settings: Settings, around: Around, chance: random.Random) -> None:
        self._settings = settings
        self._around = around
        self._chance = chance
        self._alone = asyncio.Lock()

    @property
    def asks(self) -> bool:
        """Whether there is an authority to ask."""
        return bool(self._settings.acme.directory)

    async def step(self) -> list[Outcome]:
        """Asks for all that is due, one after the other; gives what came of each."""
        if not self.asks:
            return []
        async with self._alone:
            return await self._all_due()

    async def revoke(self, name: str, reason: int) -> list[Certificate]:
        """Calls off the certificates of a first name, and has new ones asked for with the next step; raises `AcmeError`."""
        async with self._alone:
            authority = await self._authority()
            rows = [one for one in await self._rows() if one.name == name and one.chain]
            for row in rows:
                try:
                    await asyncio.to_thread(authority.revoke, row.chain, reason)
                except AcmeError as error:
                    if error.code != "alreadyRevoked":  # RFC 8555 §7.6
                        raise
                await self._keep(Certificate(row.name, row.kind))
            return rows

    async def _all_due(self) -> list[Outcome]:
        now = self._around.clock.now()
        rows, found = await self._rows(), list[Outcome]()
        wants = await wanted(self._settings, self._around.engine, self._around.resolver)
        await self._forget([row for row in rows if _is_over(row, self._settings.acme.kinds, wants, now)])
        for want in wants:
            for kind in self._settings.acme.kinds:
                row = await self._heard(await self._row(want.name, kind), now)
                if is_due(row, want, _held(row), now):
                    if not await self._around.mine():
                        return found
                    found.append(await self._try(row, want))
        return found

    async def _forget(self, rows: Sequence[Certificate]) -> None:
        for row in rows:
            await self._around.engine.write(
                partial(certificates.remove, name=row.name, kind=row.kind), Urgency.HOUSEKEEPING
            )
            self._around.log.info("certificates.forgotten", name=row.name, kind=row.kind)
        if rows:
            await self._around.show()

    async def _row(self, name: str, kind: str) -> Certificate:
        """As it is now, or a new one: where there is none, or its key cannot be read any more."""
        new = Certificate(name, kind)
        row = await certificates.get(self._around.engine.reading(), name, kind) or new
        try:
            if row.chain:
                self._around.vault.unseal(row.sealed, row.purpose)
        except Unreadable:
            return new
        return row

    async def _heard(self, row: Certificate, now: int) -> Certificate:
        """Asks the authority again when it would have the certificate renewed, if it is time for that."""
        held = _held(row)
        if held is None or not row.ask_again or now < row.ask_again or now >= held.not_after:
            return row
        try:
            authority = await self._authority()
            window = await asyncio.to_thread(authority.window, row.chain, now)
        except AcmeError as error:
            row = msgspec.structs.replace(row, ask_again=_unheard(self._around, row.name, error))
        else:
            due, ask_again = renewal(held, window, self._chance)
            row = msgspec.structs.replace(row, due=due if not row.tries else row.due, ask_again=ask_again)
        await self._keep(row)
        return row

    async def _try(self, row: Certificate, want: Wanted) -> Outcome:
        try:
            row = await self._issue(row, want)
        except AcmeError as error:
            if error.code == "accountDoesNotExist":
                await forget(self._settings.acme.directory, self._around.engine)
            row = await self._row(row.name, row.kind)  # with an order that is still to be waited for
            tries = row.tries + 1
            now = self._around.clock.now()
            due = now + max(wait_after(tries, error.code, self._chance), error.wait * SECOND)
            row = msgspec.structs.replace(row, names=want.names, due=due, tries=tries, error=str(error))
            await self._keep(row)
            self._around.log.warning(
                "certificates.refused",
                name=row.name,
                kind=row.kind,
                reason=row.error,
                tries=tries,
                again_in=(due - now) // 1_000_000,
            )
            return Outcome(row.name, row.kind, row.error)
        self._around.log.info("certificates.issued", names=row.names, kind=row.kind)
        return Outcome(row.name, row.kind)

    async def _issue(self, row: Certificate, want: Wanted) -> Certificate:
        authority = await self._authority()
        begun = await self._begun(authority, row, want) or await self._begin(authority, row, want)
        row, order, key = begun
        if order.status == "ready":
            order = await asyncio.to_thread(authority.finalize, order, request_for(key, want.names))
        order = await self._until(authority, order, ("valid",))
        chain = await asyncio.to_thread(authority.fetch, order)
        try:
            held = _checked(chain, key, want)
        except AcmeError:
            await self._keep(msgspec.structs.replace(row, ordered="", order_key=b""))
            raise
        now = self._around.clock.now()
        try:
            window = await asyncio.to_thread(authority.window, chain, now)
        except AcmeError as error:
            due, ask_again = renewal(held, None, self._chance)[0], _unheard(self._around, row.name, error)
        else:
            due, ask_again = renewal(held, window, self._chance)
        due = max(due, soonest(held, now))  # a clock that is months ahead would have it renewed on and on
        issued = Certificate(row.name, row.kind, want.names, chain, row.order_key, due, ask_again)
        await self._keep(issued)
        await self._around.show()
        return issued

    async def _begun(self, authority: Authority, row: Certificate, want: Wanted) -> Begun | None:
        """The order that was handed in and whose certificate did not come, if the authority still has it (RFC 8555 §7.1.6)."""
        if not row.ordered or set(row.names) != set(want.names):
            return None
        try:
            key = self._around.vault.unseal(row.order_key, row.purpose)
            order = await asyncio.to_thread(authority.order_at, row.ordered)
        except (Unreadable, AcmeError):
            return None
        return (row, order, key) if order.status in ("ready", "processing", "valid") else None

    async def _begin(self, authority: Authority, row: Certificate, want: Wanted) -> Begun:
        """A new order, proved and ready for its request; the key is kept before the authority hears of it."""
        order = await self._order(authority, want, row.chain)
        waiting = [await asyncio.to_thread(authority.authorization, url) for url in order.authorizations]
        await self._prove(authority, [one for one in waiting if one.status != "valid"], row.tries)
        order = await self._until(authority, order, ("ready", "valid"))
        key = key_pem(new_key(row.kind))
        row = msgspec.structs.replace(
            row,
            names=want.names,
            due=self._around.clock.now(),
            ordered=order.url,
            order_key=self._around.vault.seal(key, row.purpose),
        )
        await self._keep(row)
        return row, order, key

    async def _order(self, authority: Authority, want: Wanted, before: str) -> Order:
        """Orders the successor of the certificate `before`, or one of its own where the authority does not take it for that: it was replaced already by
        one that was lost, or is another account's or authority's (RFC 9773 §5)."""
        if before:
            try:
                return await asyncio.to_thread(authority.order, want.names, before)
            except AcmeError as error:
                if error.code == "rateLimited":
                    raise
        return await asyncio.to_thread(authority.order, want.names)

    async def _prove(self, authority: Authority, waiting: Sequence[Authorization], tries: int) -> None:
        """Shows the proofs, has the authority look at them, and waits for what it says; raises `AcmeError`."""
        if not waiting:
            return
        chosen = [(one, self._choice(one, tries)) for one in waiting]
        now = self._around.clock.now()
        shown = [
            Challenge(
                offered.token,
                offered.kind,
                one.name,
                authority.authorizes(offered.token),
                now + CHALLENGE_LIFE,
            )
            for one, offered in chosen
        ]
        await self._around.engine.write(lambda tx: acme_challenges.put(tx, shown, now), Urgency.HOUSEKEEPING)
        try:
            await self._around.show()
            for _, offered in chosen:
                await asyncio.to_thread(authority.answer, offered)
            end = self._around.clock.monotonic() + self._around.patience
            for one, _ in chosen:
                await self._until_valid(authority, one, end)
        finally:
            tokens = [one.token for one in shown]
            await self._around.engine.write(
                lambda tx: acme_challenges.remove(tx, tokens), Urgency.HOUSEKEEPING
            )
            await self._around.show()

    def _choice(self, waiting: Authorization, tries: int) -> Offered:
        """Which proof: the settings' order, beginning with another one after each failure."""
        ports = self._around.ports()
        offered = {one.kind: one for one in waiting.challenges}
        ours = [kind for kind in self._settings.acme.challenges if SERVED_BY[kind] in ports]
        kinds = [kind for kind in ours if kind in offered]
        if not kinds:
            raise AcmeError(
                f"for {waiting.name} the authority wants one of {', '.join(offered)}, and this server can do {', '.join(ours) or 'none'}:"
                " have it listen for http (port 80) or https (port 443)"
            )
        return offered[kinds[tries % len(kinds)]]

    async def _until_valid(self, authority: Authority, one: Authorization, end: float) -> None:
        while one.status in ("pending", "processing"):
            await self._pause(end, one.wait, f"did not say in time whether {one.name} is ours")
            one = await asyncio.to_thread(authority.authorization, one.url)
        if one.status != "valid":
            raise AcmeError(f"{one.name}: {one.error or one.status}")

    async def _until(self, authority: Authority, order: Order, states: Sequence[str]) -> Order:
        end = self._around.clock.monotonic() + self._around.patience
        while order.status not in states:
            if order.status == "invalid":
                raise AcmeError(order.error or "the authority has given up the order")
            await self._pause(end, order.wait, "did not give the certificate in time")
            order = await asyncio.to_thread(authority.order_at, order.url)
        return order

    async def _pause(self, end: float, wait: int, words: str) -> None:
        """RFC 8555 §7.4, §7.5.1: until the authority would be asked again. What it says once is waited for, however little patience is left."""
        if self._around.clock.monotonic() >= end or wait > MOST_PAUSE:
            raise AcmeError(f"the authority {words}", wait=wait)
        await asyncio.sleep(max(POLL_SECONDS, wait))

    async def _authority(self) -> Authority:
        return await with_account(self._settings.acme, self._around.engine, self._around.vault)

    async def _keep(self, row: Certificate) -> None:
        await self._around.engine.write(lambda tx: certificates.put(tx, row), Urgency.HOUSEKEEPING)

    async def _rows(self) -> list[Certificate]:
        return await certificates.listing(self._around.engine.reading())


def _unheard(around: Around, name: str, error: AcmeError) -> int:
    """When to ask anew for advice that did not come."""
    around.log.warning("certificates.no_advice", name=name, reason=str(error))
    return around.clock.now() + max(UNHEARD_WAIT, error.wait) * SECOND


def _checked(chain: str, key: bytes, want: Wanted) -> Held:
    """What the authority gave, if it is what was asked for."""
    material = Material(chain.encode(), key, f"the certificate for {want.name}")
    try:
        held = describe(material)
        load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), material)  # its key is ours
    except CertificateError as error:
        raise AcmeError(str(error)) from error
    if not set(want.names) <= set(held.names):
        raise AcmeError(
            f"the authority gave a certificate for {', '.join(held.names)} instead of {', '.join(want.names)}"
        )
    return held


def _is_over(row: Certificate, kinds: Sequence[str], wants: Sequence[Wanted], now: int) -> bool:
    """Whether a certificate that nobody wants any more has ended, or the wish for one has."""
    if row.kind in kinds and any(row.name == want.name for want in wants):
        return False
    held = _held(row)
    return now >= (row.due if held is None else held.not_after)


def _held(row: Certificate) -> Held | None:
    return describe(Material(row.chain.encode(), b"", "the store")) if row.chain else None
