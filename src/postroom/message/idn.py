"""Internationalized domain names as the DNS has them.

RFC 5891 §4.4 (A-labels), with the mapping of UTS #46 before (case, width). Not here: the way back, which only eyes need.
"""

from __future__ import annotations

import idna


def a_labels(domain: str) -> str:
    """The domain in A-labels; one in ASCII as it is. Raises ValueError, with the reason, when it is no internationalized name."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
