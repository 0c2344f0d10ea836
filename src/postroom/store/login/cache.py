"""What the login policy remembers for a while: which logins were good.

It is bounded. Not here: the policy (`login`), and how often somebody may fail (`throttle`).
"""

from __future__ import annotations

import hmac
import math
import secrets
from collections import OrderedDict

from postroom.store.identity.credentials import Credentials
from postroom.store.login.passwords import MAX_PASSWORD, prepared

Good = tuple[str, int]  # a credential's label, "" for the password, and its id


class GoodLogins:
    """Digests of logins that were good, under a key of this process: of no use to whoever reads the memory's dump without it."""

    def __init__(self, seconds: float, most: int) -> None:
        self._secret = secrets.token_bytes(32)
        self._seconds = seconds
        self._most = most
        self._until: OrderedDict[bytes, tuple[float, Good]] = OrderedDict()

    def key(self, protocol: str, found: Credentials, password: bytes) -> bytes:
        """Differs for other accounts, protocols, passwords and generations; each part has its length before it."""
        digest = hmac.new(self._secret, digestmod="sha256")
        parts = (str(found.account_id), str(found.generation), protocol)
        for part in (*(part.encode() for part in parts), prepared(password[: MAX_PASSWORD + 1])):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()

    def holds(self, key: bytes, now: float) -> Good | None:
        """By which credential the login was good; None when it is not known to be."""
        until, good = self._until.get(key, (-math.inf, None))
        return good if now < until else None

    def add(self, key: bytes, now: float, good: Good) -> None:
        """Remembers a good login, and forgets the oldest when there are too many."""
        self._until[key] = (now + self._seconds, good)
        self._until.move_to_end(key)
        if len(self._until) > self._most:
            self._until.popitem(last=False)
