"""The operation that has certificates read again, after whoever renews them has written new files.

New connections get the new ones; those that are open keep theirs. Not here: reading (`net.certificates`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller
from postroom.app.operations.office import Office, Operation


class ReloadCertificates(msgspec.Struct, frozen=True):
    """All of them."""


class CertificateRecord(msgspec.Struct, frozen=True):
    """A name that there is a certificate for now."""

    name: str


async def reload(office: Office, _: Caller, __: ReloadCertificates) -> AsyncIterator[CertificateRecord]:
    """Reads certificates and keys again."""
    for name in await office.reload_certificates():
        yield CertificateRecord(name)


RELOAD = Operation("certificates.reload", ReloadCertificates, CertificateRecord, reload)
