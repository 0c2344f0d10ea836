"""One-time passwords by the clock: six digits of a shared secret and half a minute.

RFC 6238 §4 and §5.2 (time steps, one step of tolerance each way, no code twice), RFC 4226 §5.3 (the truncation). Not here: where the secret is kept
(`credentials`, sealed), and who asks for a code.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30  # that a one-time code lasts
DIGITS: Final = 6
TOLERANCE: Final = 1  # steps that clocks may differ, RFC 6238 §5.2
SECRET_OCTETS: Final = 20  # RFC 4226 §4: 160 bits


def new_secret() -> bytes:
    """A random one."""
    return secrets.token_bytes(SECRET_OCTETS)


def code(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """RFC 4226 §5.3: the code of a counter."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def verify(secret: bytes, given: str, now: int, last: int = 0) -> int:
    """The step whose code was given, 0 when it is none. `now`: unix seconds; codes up to step `last` are used up (RFC 6238 §5.2)."""
    found, given = 0, given.replace(" ", "")
    octets = given.encode("utf-8", "surrogatepass")
    for step in range(now // STEP_SECONDS - TOLERANCE, now // STEP_SECONDS + TOLERANCE + 1):
        if hmac.compare_digest(code(secret, step).encode(), octets) and step > last:
            found = step
    return found


def uri(secret: bytes, address: str, issuer: str) -> str:
    """What a telephone reads out of a picture: `otpauth://totp/...`."""
    label = f"{quote(issuer, safe='')}:{quote(address, safe='@')}"
    return f"otpauth://totp/{label}?secret={shown(secret)}&issuer={quote(issuer, safe='')}"


def shown(secret: bytes) -> str:
    """The secret as it is typed."""
    return base64.b32encode(secret).decode().rstrip("=")
