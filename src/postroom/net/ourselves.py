"""Which addresses are this machine itself: mail must not be sent there because a stranger's DNS says so.

RFC 5321 §5.1 (a host that finds itself among the exchangers), RFC 1122 §3.2.1.3 (this host, loopback), RFC 4291 §2.5.2, §2.5.3 and §2.5.5.2
(the same in IPv6, and IPv4 written as IPv6). Not here: which interfaces there are; a server knows what it listens on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection


def normal(ip: str) -> str:
    """An address in one form: IPv4-mapped IPv6 as IPv4, IPv6 compressed, without a zone; raises ValueError for what is none."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def is_ourselves(ip: str, own: Collection[str] = (), *, loopback_is_far: bool = False) -> bool:
    """Whether a connection to `ip` would end here. `own` are our addresses in `normal` form.

    `loopback_is_far` is for a lab, whose hosts all live on 127.0.0.0/8 (RFC 1122 §3.2.1.3): only `own` counts then. What is no address is
    treated as ours, so that nothing is sent there.
    """
    try:
        address = ipaddress.ip_address(normal(ip))
    except ValueError:
        return True
    if str(address) in own:
        return True
    this_host = address.is_unspecified or (address.version == 4 and address in _THIS_NETWORK)
    return this_host or (address.is_loopback and not loopback_is_far)


_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
