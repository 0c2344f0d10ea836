"""A small post of signed letters for the tests of `mailauth`: keys, a DNS that has their records, letters."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar

from postroom.mailauth.dkim.private_key import Algorithm, PrivateKey
from postroom.mailauth.dkim.results import SignatureResult
from postroom.mailauth.dkim.signing import SigningKey, SigningTerms, sign
from postroom.mailauth.dkim.verification import Texts, verify
from postroom.proto.dns.answer import Answer, Kind, Rcode

NOW = 1_800_000_000
LETTER = (
    b"From: Alice <alice@crepes.test>\r\n"
    b"To: bob@hamburger.test\r\n"
    b"Subject: do you  like\r\n\tketchup?\r\n"
    b"Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
    b"Message-ID: <1@crepes.test>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\n"
    b"\r\n"
    b"Do you like   ketchup? \r\n"
    b"How about pickles?\r\n"
    b"\r\n"
    b"\r\n"
)
Result = TypeVar("Result")


class Keys:
    """A resolver that has TXT records alone: texts by name, or how the question fails. `asked` are the names in their order."""

    def __init__(self, records: Mapping[str, str | bytes | Sequence[bytes] | Rcode]) -> None:
        self._records = dict(records)
        self.asked: list[str] = []

    async def txt(self, name: str) -> Answer[bytes]:
        self.asked.append(name)
        found = self._records.get(name, Rcode.NXDOMAIN)
        if isinstance(found, Rcode):
            return Answer(name, Kind.TXT, found)
        if isinstance(found, str):
            found = found.encode()
        return Answer(name, Kind.TXT, records=(found,) if isinstance(found, bytes) else tuple(found))


@cache
def rsa(bits: int = 2048, number: int = 1) -> PrivateKey:
    """A key of that size; the same one for the whole run."""
    return PrivateKey.create(Algorithm.RSA, bits)


@cache
def ed25519(number: int = 1) -> PrivateKey:
    """One of several keys; the same ones for the whole run."""
    return PrivateKey.create(Algorithm.ED25519)


def keys() -> list[SigningKey]:
    """Alice's domain signs with both."""
    return [SigningKey("crepes.test", "r1", rsa()), SigningKey("crepes.test", "e1", ed25519())]


def zone(signing: Sequence[SigningKey] | None = None) -> dict[str, str]:
    """The records of keys."""
    return {f"{one.selector}._domainkey.{one.domain}": one.key.record() for one in signing or keys()}


def signed(letter: bytes = LETTER, terms: SigningTerms | None = None) -> bytes:
    """The letter with both signatures on top."""
    return b"".join(sign(letter, keys(), NOW, terms)) + letter


def check(raw: bytes, texts: Texts | None = None, now: int = NOW) -> tuple[SignatureResult, ...]:
    """The results of a letter's signatures."""
    return asyncio.run(verify(raw, texts or Keys(zone()), now))
