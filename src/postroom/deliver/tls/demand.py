"""What a connection to one host must be, and why: values.

RFC 7672 §2.2 (DANE), RFC 8461 §5 (modes), RFC 8689 §4.2 (what a message may ask for). Not here: how it is found out (`deliver.tls.choosing`), and whether
a connection is it (`deliver.tls.steps`).
"""

from __future__ import annotations

import enum

import msgspec

from postroom.deliver.tls_outcome import PolicyKind, ResultKind
from postroom.proto.dns.answer import Tlsa


class Demand(enum.Enum):
    """From nothing to everything; the value is what the journey says."""

    PLAIN = "no TLS"
    NOTHING = "TLS if offered"
    ENCRYPTED = "TLS required"
    VERIFIED = "TLS with a certificate for the name required"
    DANE = "TLS with a certificate of the TLSA records required"
    IMPOSSIBLE = "not to be used"


class Wish(enum.Enum):
    """What a message asks for (RFC 8689): nothing, REQUIRETLS, or `TLS-Required: No`."""

    NONE = "none"
    REQUIRED = "REQUIRETLS"
    OPTIONAL = "TLS-Required: No"


class TlsPolicy(msgspec.Struct, frozen=True):
    """What holds for one host. `because` says why, for people.

    `names` are those that its certificate may have, the one for SNI first. `binding` false: whoever does not meet it gets the mail all the same, and it
    is noted. `mx_proven`: nobody but the domain itself can have named this host. `kind`, `lines` and `patterns` are what reports say of
    it; `result` why it is impossible, or cannot be met.
    """

    demand: Demand
    because: str
    names: tuple[str, ...] = ()
    records: tuple[Tlsa, ...] = ()
    binding: bool = True
    mx_proven: bool = False
    kind: PolicyKind = PolicyKind.NONE
    lines: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    result: ResultKind = ResultKind.SUCCESS

    @property
    def demanding(self) -> bool:
        """Whether there are connections to the host that do not meet it."""
        return self.demand not in (Demand.PLAIN, Demand.NOTHING)

    def __str__(self) -> str:
        if self.binding or not self.demanding:
            return self.demand.value
        return f"{self.demand.value}, else without (not binding)"


class Trust(msgspec.Struct, frozen=True):
    """How far a connection is what it should be. `met`: the policy of its host holds. `proven`: the host, by its name, is who is there."""

    met: bool = True
    proven: bool = False
