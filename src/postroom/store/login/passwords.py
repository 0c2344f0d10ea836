"""Password verifiers: argon2id in the PHC string format, computed in a few threads with a bounded queue.

RFC 9106 (Argon2); RFC 8265 §4.2 (how the same password typed on two systems becomes the same octets). A verifier that was made with other
parameters is good, and `outdated`. Not here: who may try how often (`login`).
"""

from __future__ import annotations

import asyncio
import os
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
import msgspec

from postroom.message.errors import TooManyLogins
from postroom.store.login import scram
from postroom.store.login.scram import Derive
from postroom.store.vault import Vault

T = TypeVar("T")

MAX_PASSWORD = 1024  # octets


class PasswordCost(msgspec.Struct, frozen=True):
    """Parameters of argon2id (`memory` in KiB), threads that compute, and how many may wait for them."""

    time: int = 2
    memory: int = 19 * 1024
    lanes: int = 1
    threads: int = 2
    waiting: int = 100


class Passwords:
    """Makes and checks verifiers. `close` ends its threads."""

    def __init__(self, cost: PasswordCost = PasswordCost(), derive: Derive | None = None) -> None:  # noqa: B008 -- frozen
        """`derive` computes what SCRAM keeps; without it nothing is kept for SCRAM."""
        self._cost = cost
        self._derive = derive
        self._hasher = argon2.PasswordHasher(
            time_cost=cost.time, memory_cost=cost.memory, parallelism=cost.lanes
        )
        self._pool = ThreadPoolExecutor(cost.threads, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys = _nobodys(self._hasher)

    async def verifier(self, password: bytes) -> bytes:
        """The PHC string of a new password. Raises ValueError for an empty or overlong one, `TooManyLogins` when too many wait."""
        if not 0 < len(password) <= MAX_PASSWORD:
            raise ValueError(f"a password has 1 to {MAX_PASSWORD} octets")
        octets = prepared(password)
        return (await self._in_pool(lambda: self._hasher.hash(octets))).encode("ascii")

    async def scram(self, password: bytes, key: str, vault: Vault) -> bytes:
        """What is kept for SCRAM of a password of the account with this address (its key), sealed; b"" for nothing."""
        derive = self._derive
        if derive is None or not 0 < len(password) <= MAX_PASSWORD:
            return b""
        return await self._in_pool(lambda: scram.make(derive, vault, password, key))

    async def fits(self, verifier: bytes | None, password: bytes) -> bool:
        """Whether the password is the verifier's. Without a verifier, or with a broken one, the same work is done for nothing."""
        phc = self._nobodys if verifier is None else verifier.decode("ascii", "ignore")
        octets = prepared(password[:MAX_PASSWORD])
        good = await self._in_pool(lambda: self._check(phc, octets))
        return good and verifier is not None and len(password) <= MAX_PASSWORD

    def outdated(self, verifier: bytes) -> bool:
        """Whether it was made with other parameters than the ones in use."""
        return self._hasher.check_needs_rehash(verifier.decode("ascii", "ignore"))

    def close(self) -> None:
        """Ends the threads; what waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _check(self, phc: str, octets: bytes) -> bool:
        try:
            return self._hasher.verify(phc, octets)
        except argon2.exceptions.InvalidHashError:
            self._check(self._nobodys, octets)
            return False
        except argon2.exceptions.VerificationError:
            return False

    async def _in_pool(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._cost.waiting + self._cost.threads:
            raise TooManyLogins("Too many logins at once, try again later", detail=f"{self._waiting} wait")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


def _nobodys(hasher: argon2.PasswordHasher) -> str:
    """A verifier that fits no password and takes as long to try as any; made up, since to compute one would delay each start."""
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (
        b64encode(os.urandom(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len)
    )
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${cost}${salt}${digest}"


def prepared(password: bytes) -> bytes:
    """The octets that count: spaces of any kind are U+0020, and NFC (RFC 8265 §4.2.2); what is not UTF-8 stays as it is."""
    if password.isascii():
        return password
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        return password
    text = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    return unicodedata.normalize("NFC", text).encode("utf-8")
