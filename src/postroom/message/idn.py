"""Internationalized domain names as the DNS has them.

RFC 5891 §4.4 (A-labels), with the mapping of UTS #46 before (case, width). Not here: the way back, which only eyes need.
"""

from __future__ import annotations

import idna

from postroom.message.address import MAX_DOMAIN


def a_labels(domain: str) -> str:
    """The domain in A-labels; one in ASCII as it is. Raises ValueError, with the reason, when it is no internationalized name."""
    if domain.isascii():
        return domain
    if len(domain) > MAX_DOMAIN:  # before anything is computed: Punycode takes its time
        raise ValueError(f"the name has {len(domain)} characters, at most {MAX_DOMAIN} octets are allowed")
    return idna.encode(domain, uts46=True).decode("ascii")
