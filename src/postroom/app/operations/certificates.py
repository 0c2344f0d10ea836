"""Operations on certificates: what there is, new ones from the authority, calling them off, reading files again.

RFC 8555 §7.4 and §7.6, RFC 5280 §5.3.1 (reasons). New connections get new certificates; those that are open keep theirs. Not here: asking
(`app.certificates.issuing`), reading (`net.tls.certificates`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from msgspec import Meta

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation
from postroom.net.tls.pem import Material, describe
from postroom.store.certificates import certificates
from postroom.store.certificates.certificates import Certificate
from postroom.store.engine.transaction import Urgency

REASONS = {"unspecified": 0, "key-compromise": 1, "superseded": 4, "cessation": 5}


class ReloadCertificates(msgspec.Struct, frozen=True):
    """All of them."""


class CertificateRecord(msgspec.Struct, frozen=True):
    """A name that there is a certificate for now."""

    name: str


class ListCertificates(msgspec.Struct, frozen=True):
    """All of them."""


class CertificateState(msgspec.Struct, frozen=True):
    """A certificate, or one that is wished for. Times are unix microseconds, 0 where there is none.

    `source` is `authority`, `self-signed` or the files. `renew_at` is when the next one is asked for; `tries` have failed since the last one, the last with
    `error`. `shown`: clients get it now.
    """

    names: list[str]
    kind: str
    source: str
    issuer: str = ""
    not_after: int = 0
    renew_at: int = 0
    tries: int = 0
    error: str = ""
    shown: bool = False


class RenewCertificates(msgspec.Struct, frozen=True):
    """What is due; with `now` also what is not, of the first name `name` ("" for all)."""

    name: str = ""
    now: bool = False


class CertificateOutcome(msgspec.Struct, frozen=True):
    """What came of a certificate that was asked for: `error` is "" when it is there."""

    name: str
    kind: str
    error: str = ""


class RevokeCertificates(msgspec.Struct, frozen=True):
    """Those of a first name."""

    name: str
    reason: Annotated[int, Meta(ge=0, le=10)] = 0


async def reload(office: Office, _: Caller, __: ReloadCertificates) -> AsyncIterator[CertificateRecord]:
    """Reads certificates and keys again."""
    for name in await office.reload_certificates():
        yield CertificateRecord(name)


async def status(office: Office, _: Caller, __: ListCertificates) -> AsyncIterator[CertificateState]:
    """Yields what clients are shown, then what is asked for and not there yet."""
    rows = await certificates.listing(office.engine.reading())
    of_store = {(row.name, row.kind): row for row in rows}
    for held in await office.certificates():
        row = of_store.get((held.names[0] if held.names else "", held.kind))
        row = (
            row
            if row is not None and row.chain and f"the store, {row.name} ({row.kind})" == held.source
            else None
        )
        source = "authority" if row else "self-signed" if held.issuer == "itself" else held.source
        plan = (row.due, row.tries, row.error) if row else (0, 0, "")
        yield CertificateState(list(held.names), held.kind, source, held.issuer, held.not_after, *plan, True)
        if row is not None:
            del of_store[row.name, row.kind]
    for row in of_store.values():
        yield _unseen(row)


async def renew(office: Office, _: Caller, wanted: RenewCertificates) -> AsyncIterator[CertificateOutcome]:
    """Asks the authority for what is due."""
    office.must_ask()  # before anything is made due: what is refused is not done by itself later
    if wanted.now:
        now = office.clock.now()
        made = await office.engine.write(
            lambda tx: certificates.make_due(tx, wanted.name, now), Urgency.CLIENT
        )
        if wanted.name and not made:
            raise OperationError(
                f"there is no certificate called {wanted.name}; see: postroom certificates status"
            )
    for name, kind, error in await office.ask_authority():
        yield CertificateOutcome(name, kind, error)


async def revoke(office: Office, _: Caller, wanted: RevokeCertificates) -> AsyncIterator[CertificateOutcome]:
    """Has certificates called off; new ones are asked for at once. Yields those that are called off, then what could not be replaced yet, with the error."""
    kinds = await office.revoke_certificate(wanted.name, wanted.reason)
    if not kinds:
        raise OperationError(
            f"there is no certificate of the authority's called {wanted.name}; see: postroom certificates status"
        )
    for kind in kinds:
        yield CertificateOutcome(wanted.name, kind)
    for name, kind, error in await office.ask_authority():
        if error and name == wanted.name:
            yield CertificateOutcome(name, kind, error)


def _unseen(row: Certificate) -> CertificateState:
    if not row.chain:
        return CertificateState(list(row.names), row.kind, "authority", "", 0, row.due, row.tries, row.error)
    held = describe(Material(row.chain.encode(), b"", "the store"))
    return CertificateState(
        list(held.names), row.kind, "authority", held.issuer, held.not_after, row.due, row.tries, row.error
    )


RELOAD = Operation("certificates.reload", ReloadCertificates, CertificateRecord, reload)
STATUS = Operation("certificates.status", ListCertificates, CertificateState, status, reads=True)
RENEW = Operation("certificates.renew", RenewCertificates, CertificateOutcome, renew)
REVOKE = Operation("certificates.revoke", RevokeCertificates, CertificateOutcome, revoke)
