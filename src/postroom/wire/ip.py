"""Addresses of IP as text.

RFC 4291 §2.2. Not here: which networks they are in (`net.networks`), name servers and their ports.
"""

from __future__ import annotations

import ipaddress


def is_address(text: str) -> bool:
    """Whether it is an address of IP, of either version, without brackets or a port."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
