"""What is known against a client, in points, and the one decision that is made of it.

Checks find, one pure function decides. RFC 5321 §7.9 (a site may refuse mail by its own rules) and §4.5.1 (postmaster must be reachable),
RFC 2142 §4 (and abuse). Not here: the checks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.message.address import Address, fold

REACHABLE = frozenset({"postmaster", "abuse"})  # who can be told that a refusal was wrong


class Finding(msgspec.Struct, frozen=True):
    """One thing that was found: which check, what it says, why, and how much that weighs; less than 0 speaks for the client."""

    check: str
    result: str
    because: str
    points: int = 0

    def __str__(self) -> str:
        return f"{self.check}: {self.because} ({self.points:+d})"


def points_of(findings: Sequence[Finding]) -> int:
    """All together."""
    return sum(finding.points for finding in findings)


def refusal(findings: Sequence[Finding], refuse_at: int) -> str:
    """Why a client with these findings is refused: the heaviest first; "" when it is not. `refuse_at` 0 refuses nobody."""
    if not refuse_at or points_of(findings) < refuse_at:
        return ""
    against = sorted((finding for finding in findings if finding.points > 0), key=lambda one: -one.points)
    return "; ".join(finding.because for finding in against)


def is_reachable(address: Address) -> bool:
    """Whether mail to this address is taken from whomever it comes."""
    return fold(address.local) in REACHABLE
