"""The certificates of one process: what the store has is shown to clients; one process of the store has the authority give new ones.

RFC 8555 §8.3, RFC 8737 §3 (what the authority looks at while it decides is shown by all). An authority is spoken to by another module, which is imported
when there is one. Not here: files (`net.tls.certificates` reads those).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from postroom.app.announcements import CERTIFICATES
from postroom.app.control import OperationError
from postroom.app.parts import Parts
from postroom.app.settings.file import Settings
from postroom.app.surroundings import Surroundings
from postroom.net.tls.acme_proof import proof
from postroom.net.tls.certificates import CertificateError, ServerTls
from postroom.net.tls.pem import Held, Material
from postroom.store.certificates import acme_challenges, certificates
from postroom.store.certificates.acme_challenges import TLS_ALPN_01
from postroom.store.vault import Unreadable

if TYPE_CHECKING:
    from postroom.app.certificates.issuing import Issuer, Outcome

ALARM = 21 * 86_400_000_000  # microseconds before the end of a certificate, from when on it is told every day
ALARM_SHARE = 4  # ... or that part of its life, if that is less: the next one is asked for at a third
HEARD_SECONDS = 1.0  # until other processes have heard what was announced
_DAY = 86_400.0


class Certifying:
    """Shows and asks. `ports` gives where services listen; `mine` whether it is this process that asks for all (a lease, which ends)."""

    def __init__(
        self,
        settings: Settings,
        world: Surroundings,
        parts: Parts,
        tls: ServerTls,
        ports: Callable[[], dict[str, int]],
    ) -> None:
        self._settings = settings
        self._world = world
        self._parts = parts
        self._tls = tls
        self._ports = ports
        self._issuer: Issuer | None = None
        self._proofs: dict[str, Material] = {}  # by key authorization
        self._alarmed = -_DAY
        self.mine: Callable[[], Awaitable[bool]] = _always

    async def look(self) -> None:
        """Has this process show what files and the store have now. What cannot be used is told, and what was shown stays."""
        try:
            held = self._tls.hold(await self._materials())
            if self._tls.refresh() or held:
                self._world.log.info("certificates.reloaded")
        except CertificateError as error:
            self._world.log.warning("certificates.unusable", reason=str(error))
        now = self._world.clock.now()
        standing = await acme_challenges.standing(self._parts.store.engine.reading(), TLS_ALPN_01, now)
        self._proofs = {
            one.answer: self._proofs.get(one.answer) or proof(one.name, one.answer, now) for one in standing
        }
        self._tls.prove({one.name: self._proofs[one.answer] for one in standing})

    def alarm(self) -> None:
        """Tells once a day of a certificate that ends soon."""
        wall, now = self._world.clock.now(), self._world.clock.monotonic()
        ending = [one for one in self._tls.shown if one.not_after - wall < _margin(one)]
        if ending and now - self._alarmed >= _DAY:
            self._alarmed = now
            for one in ending:
                days = max(0, (one.not_after - wall) // 86_400_000_000)
                self._world.log.warning(
                    "certificates.ending", names=one.names, kind=one.kind, source=one.source, days=days
                )

    async def ask(self) -> list[Outcome]:
        """Has the authority give what is due."""
        if not self._settings.acme.directory:
            return []
        return await self._asking().step()

    async def revoke(self, name: str, reason: int) -> list[str]:
        """Calls the certificates of a first name off; gives the kinds of those. Raises `OperationError`."""
        from postroom.net.tls.acme import AcmeError

        self.must_ask()
        try:
            return [one.kind for one in await self._asking().revoke(name, reason)]
        except AcmeError as error:
            raise OperationError(str(error)) from error

    def must_ask(self) -> None:
        """Raises `OperationError` where there is no authority."""
        if not self._settings.acme.directory:
            raise OperationError(
                "there is no authority to ask: name one in the configuration, [acme] directory"
            )

    async def show(self) -> None:
        """Has all processes of the store look, and waits until they will have."""
        await self.look()
        self._parts.store.changes.announce(CERTIFICATES)
        if self._settings.server.database:
            await asyncio.sleep(HEARD_SECONDS)

    def _asking(self) -> Issuer:
        from postroom.app.certificates.issuing import Around, Issuer

        if self._issuer is None:
            parts, world = self._parts, self._world
            around = Around(
                parts.store.engine,
                parts.vault,
                world.clock,
                world.resolver,
                world.log,
                self._ports,
                self.show,
                self.mine,
            )
            self._issuer = Issuer(self._settings, around, random.SystemRandom())
        return self._issuer

    async def _materials(self) -> list[Material]:
        """Of the store: the server's own name first, since it is shown to who asks for none."""
        found = [one for one in await certificates.listing(self._parts.store.engine.reading()) if one.chain]
        own = self._settings.server.hostname.lower()
        found.sort(key=lambda one: (one.name != own, one.name, one.kind))
        materials = []
        for one in found:
            try:
                key = self._parts.vault.unseal(one.sealed, one.purpose)
            except Unreadable as error:
                self._world.log.warning(
                    "certificates.unusable", name=one.name, kind=one.kind, reason=str(error)
                )
                continue
            materials.append(Material(one.chain.encode(), key, f"the store, {one.name} ({one.kind})"))
        return materials


def _margin(one: Held) -> int:
    return min(ALARM, (one.not_after - one.not_before) // ALARM_SHARE)


async def _always() -> bool:
    return True
