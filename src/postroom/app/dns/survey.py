"""What all checks of a domain's records share: whom to ask, the names, and where the host is.

Not here: the checks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.app.dns.forms import WrittenRecord
from postroom.proto.dns.answer import Answer
from postroom.proto.dns.resolver import Surveyor


class Survey(msgspec.Struct, frozen=True):
    """`addresses` is what the DNS says of the host; `wanted` all records that are looked for."""

    resolver: Surveyor
    domain: str
    host: str
    addresses: Answer[str]
    wanted: Sequence[WrittenRecord]

    @classmethod
    async def of(cls, wanted: Sequence[WrittenRecord], resolver: Surveyor) -> Survey:
        """The survey of the domain that these records are of; the first is its MX."""
        domain, host = wanted[0].name.removesuffix("."), wanted[0].value.split()[1].removesuffix(".")
        return cls(resolver, domain, host, await resolver.addresses(host), wanted)

    def others(self, record: WrittenRecord) -> list[str]:
        """The values of all wanted records of the same name and type."""
        return [one.value for one in self.wanted if (one.name, one.type) == (record.name, record.type)]
