"""The reverse-path of mail that an account forwards, there and back.

RFC 5321 §3.9.2 in spirit: what is forwarded leaves under an address of ours, so that the next hop's SPF check passes and a failure report
still finds the first sender. Not here: the rewriting itself (`message.srs`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from postroom.message.address import Address
from postroom.message.srs import SenderRewriting, is_rewritten


class Forwarding:
    """Rewrites for any domain of ours. `keys` are secrets, the first signs; `today` counts days from any fixed date."""

    def __init__(self, keys: Sequence[bytes], today: Callable[[], int]) -> None:
        self._keys = keys
        self._today = today

    def sender(self, original: Address, domain: str) -> Address:
        """The reverse-path for a forwarded copy; the original one when the rewritten address would be too long."""
        return SenderRewriting(domain, self._keys).rewrite(original, self._today()) or original

    def original(self, address: Address) -> Address | None:
        """Who a rewritten address of ours stands for; None when it is none, forged or too old."""
        if not is_rewritten(address):
            return None
        return SenderRewriting(address.domain, self._keys).reverse(address, self._today())
