"""The keys of domains of ours, moved on in their lives: by themselves as the DNS and the time allow, or by an administrator.

RFC 6376 §3.1. A key signs when its record was seen in the DNS and has been due there for a while; a domain's first ones need not wait, since nobody can
remember that they were not there. Not here: when a step is due (`mailauth.dkim.rotation`), rows (`deliver.signing_keys`), words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from postroom.deliver import signing_keys
from postroom.deliver.signing_keys import NewKey, Vault, sealed, selector_of
from postroom.mailauth.dkim.names import a_labels, key_name
from postroom.mailauth.dkim.private_key import Algorithm, PrivateKey
from postroom.mailauth.dkim.public_key import parse_key_record
from postroom.mailauth.dkim.results import Defect
from postroom.mailauth.dkim.rotation import Action, Phase, RotationTerms, Selector, Step, due
from postroom.mailauth.dkim.verification import Texts
from postroom.message.errors import MailError
from postroom.store.administration import domains
from postroom.store.directory import dkim_keys
from postroom.store.directory.dkim_keys import DkimKey
from postroom.store.directory.errors import DirectoryError
from postroom.store.engine.transaction import Engine, Transaction, Urgency

if TYPE_CHECKING:
    from postroom.app.logs import Log

_NEVER = 1 << 40  # seconds

NamedKey = tuple[str, PrivateKey]  # a selector, and the key that it is to have


class KeyKeeper:
    """Makes and moves keys in one store."""

    def __init__(self, engine: Engine, vault: Vault, terms: RotationTerms) -> None:
        self._engine = engine
        self._vault = vault
        self._terms = terms

    async def rows(self, domain: str) -> list[DkimKey]:
        """The keys of a domain."""
        return await dkim_keys.of(self._engine.reading(), domain)

    async def add(self, domain: str, names: Sequence[NamedKey], now: int) -> list[DkimKey]:
        """As `put`, in a transaction of its own."""
        return await self._engine.write(lambda tx: self.put(tx, domain, names, now), Urgency.CLIENT)

    async def put(self, tx: Transaction, domain: str, names: Sequence[NamedKey], now: int) -> list[DkimKey]:
        """New keys, published and not yet in use; raises what `store.administration.domains.held` and `store.directory.dkim_keys.put` do."""
        held = await domains.held(tx, domain)
        added = [sealed(NewKey(held, name, key, now), self._vault) for name, key in names]
        for row in added:
            await dkim_keys.put(tx, row)
        return added

    async def take(self, domain: str, steps: Sequence[Step], now: int) -> None:
        """Steps other than PUBLISH; raises `NotFound`."""

        async def work(tx: Transaction) -> None:
            held = await domains.held(tx, domain)
            for step in steps:
                await signing_keys.take(tx, held, step, now)

        await self._engine.write(work, Urgency.CLIENT)

    async def advance(self, domain: str, resolver: Texts, now: int) -> list[Step]:
        """What is due for a domain that has keys, done; gives the steps."""
        rows = await self.rows(domain)
        seen = [
            row.selector for row in rows if row.phase == Phase.PUBLISHED and await published(row, resolver)
        ]
        steps = due([selector_of(row) for row in rows], now // 1_000_000, seen, self._terms_for(rows))
        new = [step for step in steps if step.action is Action.PUBLISH]
        if new:
            await self.add(domain, await made(new), now)
        moves = [step for step in steps if step.action is not Action.PUBLISH]
        if moves:
            await self.take(domain, moves, now)
        return steps

    def _terms_for(self, rows: Sequence[DkimKey]) -> RotationTerms:
        """Without a life, keys are not replaced; an algorithm that is not in use is not begun with; first keys need not wait."""
        terms = self._terms
        going = {row.algorithm for row in rows if row.phase in (Phase.PUBLISHED, Phase.SIGNING)}
        first = all(row.phase == Phase.PUBLISHED for row in rows)
        return msgspec.structs.replace(
            terms,
            algorithms=tuple(one for one in terms.algorithms if one in going),
            life=terms.life or _NEVER,
            wait=0 if first else terms.wait,
        )


class KeyRotation(msgspec.Struct, frozen=True):
    """What has all keys of a store moved on. `changed` is called when other keys sign than before."""

    keeper: KeyKeeper
    engine: Engine
    resolver: Texts
    now: Callable[[], int]
    log: Log
    changed: Callable[[], None]

    async def look(self) -> bool:
        """Does what is due; one domain's trouble is not another's."""
        after = ""
        while found := await dkim_keys.domains(self.engine.reading(), after):
            for domain in found:
                try:
                    await self._domain(domain)
                except (DirectoryError, MailError) as error:
                    self.log.warning("dkim.not_rotated", domain=domain, reason=str(error))
            after = found[-1]
        return False

    async def _domain(self, domain: str) -> None:
        steps = await self.keeper.advance(domain, self.resolver, self.now())
        for step in steps:
            self.log.info("dkim.rotated", domain=domain, step=step.action.value, selector=step.selector)
        if steps:
            self.changed()


async def make_key(algorithm: Algorithm) -> PrivateKey:
    """A new key; an RSA one takes a tenth of a second, in a thread."""
    return await asyncio.to_thread(PrivateKey.create, algorithm)


async def made(steps: Sequence[Step]) -> list[NamedKey]:
    """A new key for each step, which is a PUBLISH."""
    return [(step.selector, await make_key(step.algorithm)) for step in steps]


async def published(row: DkimKey, resolver: Texts) -> bool:
    """Whether the DNS has the key of this row, and no other, where verifiers look for it."""
    try:
        answer = await resolver.txt(key_name(row.selector, a_labels(row.domain) or row.domain))
        wanted = parse_key_record(row.record.encode())
        return len(answer.records) == 1 and parse_key_record(answer.records[0]).data == wanted.data
    except Defect:
        return False


def new_names(selectors: Sequence[Selector], algorithms: Sequence[Algorithm], now: int) -> list[Step]:
    """A PUBLISH step for each algorithm, with a name that is free. `now` in unix seconds."""
    terms = RotationTerms(algorithms=tuple(algorithms), life=0)
    taken = [msgspec.structs.replace(one, phase=Phase.REVOKED, since=now) for one in selectors]
    return [step for step in due(taken, now, (), terms) if step.action is Action.PUBLISH]
