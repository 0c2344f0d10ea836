"""What a certificate authority asks for while it looks whether a name is ours.

RFC 8555 §8.3 (by a token, over HTTP), RFC 8737 §3 (by the name, in a handshake). Any process of the store may be asked, so all find it here.
Not here: the conversation with the authority.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction

HTTP_01: Final = "http-01"
TLS_ALPN_01: Final = "tls-alpn-01"


class Challenge(msgspec.Struct, frozen=True):
    """`answer` is the key authorization; nobody is answered any more when it has expired (unix microseconds)."""

    token: str
    kind: str
    name: str
    answer: str
    expires: int


_PUT = """
INSERT INTO acme_challenges (token, kind, name, answer, expires) VALUES ($1, $2, $3, $4, $5)
 ON CONFLICT (token) DO UPDATE SET kind = excluded.kind, name = excluded.name, answer = excluded.answer, expires = excluded.expires
"""
_PRUNE = "DELETE FROM acme_challenges WHERE expires <= $1"


async def put(tx: Transaction, challenges: Sequence[Challenge], now: int) -> None:
    """Adds them; those that have expired go."""
    await tx.execute(_PRUNE, now)
    for one in challenges:
        await tx.execute(_PUT, one.token, one.kind, one.name, one.answer, one.expires)


_REMOVE = "DELETE FROM acme_challenges WHERE token = $1"


async def remove(tx: Transaction, tokens: Sequence[str]) -> None:
    """Takes them away; those that are gone already do not matter."""
    for token in tokens:
        await tx.execute(_REMOVE, token)


_ANSWER = "SELECT answer FROM acme_challenges WHERE token = $1 AND kind = $2 AND expires > $3"


async def answer(tx: Transaction, token: str, now: int) -> str | None:
    """The key authorization of a token that is asked for over HTTP; None for one that nobody expects."""
    row = await tx.fetchrow(_ANSWER, token, HTTP_01, now)
    return None if row is None else str(row[0])


_STANDING = "SELECT token, kind, name, answer, expires FROM acme_challenges WHERE kind = $1 AND expires > $2 ORDER BY name"


async def standing(tx: Transaction, kind: str, now: int) -> list[Challenge]:
    """All of a kind that are expected now."""
    return [Challenge(*row) for row in await tx.fetch(_STANDING, kind, now)]
