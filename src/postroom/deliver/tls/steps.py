"""How a demand is tried to be met: one connection after the other, from the best to what is still allowed.

RFC 7672 §2.2 and RFC 8461 §5 (what does not meet a binding policy gets nothing), RFC 3207 §4 (opportunistic TLS, and in the clear when it does not work),
RFC 8461 §5 (testing: delivered all the same). Values; not here: connections.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from postroom.deliver.tls.demand import Demand, TlsPolicy
from postroom.proto.smtp.client_events import TlsUse


class Step(msgspec.Struct, frozen=True):
    """One connection. `verify`: by the authorities; `by_records`: by TLSA records; `meets`: it meets the demand."""

    tls: TlsUse
    verify: bool = False
    by_records: bool = False
    meets: bool = True

    @property
    def proves(self) -> bool:
        """Whether the server has proven who it is when this step succeeds."""
        return self.verify or self.by_records


_STRICT: Mapping[Demand, tuple[Step, ...]] = MappingProxyType(
    {
        Demand.PLAIN: (Step(TlsUse.NEVER),),
        Demand.NOTHING: (Step(TlsUse.IF_OFFERED), Step(TlsUse.NEVER)),
        Demand.ENCRYPTED: (Step(TlsUse.REQUIRED),),
        Demand.VERIFIED: (Step(TlsUse.REQUIRED, verify=True),),
        Demand.DANE: (Step(TlsUse.REQUIRED, by_records=True),),
        Demand.IMPOSSIBLE: (),
    }
)
_LOOSE = (Step(TlsUse.IF_OFFERED, meets=False), Step(TlsUse.NEVER, meets=False))


def steps(policy: TlsPolicy) -> tuple[Step, ...]:
    """The connections to try, in their order; none for a host that is not to be used, unless that binds nobody."""
    strict = _STRICT[policy.demand]
    return strict if policy.binding or not policy.demanding else strict + _LOOSE
