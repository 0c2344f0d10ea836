"""Addresses under which a server fetches other hosts' pictures for its readers: nobody but the server can make one.

RFC 2104 (HMAC). An address holds the picture's own address, for whom it was made and until when, and a signature of all that: it needs no login, since a
sandboxed frame has none, and is of no use for other pictures or later. Not here: fetching (`net.pictures`), the door (`web.pictures`).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import Final

import msgspec

PATH: Final = "/mail/image/"
VALID_SECONDS: Final = (
    86_400  # an address of a picture; those of one day are the same, so that browsers may keep pictures
)
MAX_SIGNED: Final = 4_000  # characters of such an address
PATTERN: Final = re.compile(
    r"(?:https?://[A-Za-z0-9.:\[\]-]{1,300})?/mail/image/[0-9a-f]{1,16}\.[0-9a-f]{1,16}\.[A-Za-z0-9_-]{1,3900}\.[A-Za-z0-9_-]{43}"
)
_SHAPE: Final = re.compile(
    r"([0-9a-f]{1,16})\.([0-9a-f]{1,16})\.([A-Za-z0-9_-]{1,3900})\.([A-Za-z0-9_-]{43})"
)
_PURPOSE: Final = b"Postroom: a picture\0"


class Wanted(msgspec.Struct, frozen=True):
    """A picture that a reader of an account may have."""

    account_id: int
    url: str


def sign(key: bytes, wanted: Wanted, now: int) -> str:
    """The path of an address that is valid for at least `VALID_SECONDS` from `now` (unix seconds) on; the same for a day."""
    until = (now // VALID_SECONDS + 2) * VALID_SECONDS
    inside = base64.urlsafe_b64encode(wanted.url.encode("utf-8", "replace")).rstrip(b"=").decode()
    said = f"{wanted.account_id:x}.{until:x}.{inside}"
    return f"{PATH}{said}.{_signature(key, said)}"


def read(key: bytes, path: str, now: int) -> Wanted | None:
    """What such a path asks for; None when it was not made here, or was made too long ago."""
    found = _SHAPE.fullmatch(path.removeprefix(PATH)) if len(path) <= MAX_SIGNED else None
    if found is None:
        return None
    account, until, inside, signature = found.groups()
    if not hmac.compare_digest(_signature(key, f"{account}.{until}.{inside}"), signature):
        return None
    if int(until, 16) <= now:
        return None
    try:
        url = base64.urlsafe_b64decode(inside + "=" * (-len(inside) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Wanted(int(account, 16), url)


def _signature(key: bytes, said: str) -> str:
    digest = hmac.digest(key, _PURPOSE + said.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
