"""Which addresses are everybody's: where a server may connect to because somebody outside has named a host.

RFC 6890 (special-purpose registries), RFC 4291 §2.5.5.2 (IPv4 in IPv6), RFC 6052 §2.1 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo). Not here: names.
"""

from __future__ import annotations

import ipaddress
from typing import Final

_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # RFC 4291 §2.4, as far as it is given out
_SPECIAL: Final = (ipaddress.IPv4Network("192.0.0.0/24"), ipaddress.IPv4Network("192.88.99.0/24"))


def is_public(text: str) -> bool:
    """Whether an address is globally reachable, and no other one stands in it that is not."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address not in _UNICAST or address.scope_id is not None:
            return False  # also IPv4 in IPv6 and NAT64: ways around a check
        if address.sixtofour is not None or address.teredo is not None:
            return False
    elif any(address in network for network in _SPECIAL):
        return False
    return (
        address.is_global and not address.is_multicast and not address.is_reserved and not address.is_private
    )
