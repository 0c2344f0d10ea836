"""Devices without a browser that wait until somebody allows them: by a code that the device shows, and one that it keeps.

RFC 8628 §3.2 to §3.5 and §5.1 (short codes are guarded by the login that goes with them, and expire soon). A device that asks too often is told so.
What was allowed becomes a grant when the device asks next. Not here: pages and forms (`web.oauth`).
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.identity import grants
from postroom.store.identity.grants import Grant, Issued
from postroom.store.identity.tokens import hash_of
from postroom.store.login.throttle import client_of

LIFE_SECONDS: Final = 600  # that a device waits
INTERVAL_SECONDS: Final = 5  # between two questions of a device
MOST_WAITING: Final = 2_000  # devices at a time
MOST_OF_CLIENT: Final = 20  # of one IPv4 address, or an IPv6 /64
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 §6.1: no vowels, so no words
_NOBODY: Final = 0
_REFUSED: Final = -1
_SECOND: Final = 1_000_000  # microseconds


class Wish(msgspec.Struct, frozen=True):
    """What a device asks for: `client` is SHA-256 of its client_id, `label` what it calls itself, `scopes` are protocols, `ip` is where it asks from."""

    client: bytes
    label: str
    scopes: tuple[str, ...]
    ip: str


class DeviceRequest(msgspec.Struct, frozen=True):
    """A wish that waits; times are unix microseconds. `account_id` is who has allowed it, 0: nobody yet, -1: it was refused."""

    device_hash: bytes
    user_code: str
    wish: Wish
    expires: int
    asked: int = 0
    account_id: int = _NOBODY


class Waiting(enum.Enum):
    """Why a device gets nothing yet, or at all: the error codes of RFC 8628 §3.5."""

    PENDING = "authorization_pending"
    TOO_OFTEN = "slow_down"
    REFUSED = "access_denied"
    EXPIRED = "expired_token"


class TooMany(Exception):
    """No more devices may wait."""


_COLUMNS = "device_hash, user_code, client, label, scopes, ip, expires, asked, account_id"
_PUT = f"INSERT INTO device_requests ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"  # noqa: S608 -- constants
_OF_DEVICE = f"SELECT {_COLUMNS} FROM device_requests WHERE device_hash = $1"  # noqa: S608 -- constants
_OF_USER = f"SELECT {_COLUMNS} FROM device_requests WHERE user_code = $1 AND expires > $2"  # noqa: S608 -- constants
_OLD = "DELETE FROM device_requests WHERE expires <= $1"
_COUNT = "SELECT COUNT(*), COUNT(CASE WHEN ip = $1 THEN 1 END) FROM device_requests"
_ASKED = "UPDATE device_requests SET asked = $2 WHERE device_hash = $1"
_DECIDE = (
    "UPDATE device_requests SET account_id = $2 WHERE user_code = $1 AND account_id = 0 AND expires > $3"
)
_REMOVE = "DELETE FROM device_requests WHERE device_hash = $1"


async def open_one(tx: Transaction, wish: Wish, now: int) -> tuple[str, str]:
    """A device begins to wait: its own code, and the one that it shows. Raises `TooMany`."""
    await tx.execute(_OLD, now)
    client = client_of(wish.ip)
    row = await tx.fetchrow(_COUNT, client)
    assert row is not None
    if row[0] >= MOST_WAITING or row[1] >= MOST_OF_CLIENT:
        raise TooMany
    device = secrets.token_urlsafe(32)
    user = "".join(secrets.choice(_LETTERS) for _ in range(8))
    expires = now + LIFE_SECONDS * _SECOND
    asks = (wish.client, wish.label, " ".join(wish.scopes), client)
    await tx.execute(_PUT, hash_of(device), user, *asks, expires, 0, _NOBODY)
    return device, shown(user)


async def find(tx: Transaction, user_code: str, now: int) -> DeviceRequest | None:
    """Who shows this code, as somebody has typed it; None when nobody does, or it was decided already."""
    row = await tx.fetchrow(_OF_USER, typed(user_code), now)
    found = None if row is None else _request(row)
    return found if found is not None and found.account_id == _NOBODY else None


async def decide(tx: Transaction, user_code: str, account_id: int | None, now: int) -> bool:
    """Somebody allows the device into his account, or (None) refuses it; False when it does not wait any more."""
    decided = _REFUSED if account_id is None else account_id
    return await tx.execute(_DECIDE, typed(user_code), decided, now) > 0


async def ask(tx: Transaction, device_code: str, client: bytes, grant_id: int, now: int) -> Issued | Waiting:
    """A device asks whether it was allowed: its tokens under a new grant, once, or why not."""
    row = await tx.fetchrow(_OF_DEVICE, hash_of(device_code))
    one = None if row is None else _request(row)
    if one is None or one.wish.client != client or one.expires <= now:
        return Waiting.EXPIRED
    if one.account_id == _NOBODY:
        await tx.execute(_ASKED, one.device_hash, now)
        early = now - one.asked < (INTERVAL_SECONDS - 1) * _SECOND  # a second for the wire
        return Waiting.TOO_OFTEN if early else Waiting.PENDING
    if await tx.execute(_REMOVE, one.device_hash) == 0:
        return Waiting.EXPIRED  # another worker was asked the same
    if one.account_id == _REFUSED:
        return Waiting.REFUSED
    grant = Grant(one.account_id, grant_id, client, one.wish.label, one.wish.scopes, now)
    return await grants.give(tx, grant, now)


def typed(user_code: str) -> str:
    """A code as it is kept, from what somebody typed."""
    return "".join(letter for letter in user_code.upper()[:40] if letter in _LETTERS)


def shown(user_code: str) -> str:
    """As a device shows it: BCDF-GHJK."""
    return f"{user_code[:4]}-{user_code[4:]}"


def _request(row: Sequence[Any]) -> DeviceRequest:
    device_hash, user_code, client, label, scopes, ip, *rest = row
    return DeviceRequest(
        bytes(device_hash), user_code, Wish(bytes(client), label, tuple(scopes.split()), ip), *rest
    )
