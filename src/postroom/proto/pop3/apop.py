"""APOP's digest and timestamp, as a client needs them.

RFC 1939 §7 (APOP), RFC 1321 (MD5). MD5 is not what one would choose today: APOP hides a secret from listeners who have little time, and is
off unless an account has such a secret. Not here: the check (`store.login.login`).
"""

from __future__ import annotations

import hashlib
import re

_TIMESTAMP = re.compile(rb"<[!-;=?-~]{1,120}@[!-;=?-~]{1,255}>")


def apop_digest(timestamp: str, secret: str) -> str:
    """32 hexadecimal digits: MD5 of the timestamp, with its angle brackets, and the secret in UTF-8."""
    return hashlib.md5(timestamp.encode() + secret.encode(), usedforsecurity=False).hexdigest()


def find_timestamp(greeting: bytes) -> str:
    """The msg-id in a server's greeting, "" without one.

    It must look like one (an `@`, printable ASCII): a false server that chooses freely what is hashed can find collisions with it.
    """
    found = _TIMESTAMP.search(greeting)
    return found.group().decode("ascii") if found else ""
