"""Signed-in browsers: who has the secret of one is its account, until it expires, is signed out or the password changes.

RFC 6265bis §8.4 (a session identifier is random and says nothing); the account's id stands before 256 random bits, so that one row is looked at, and
kept is only the hash. A session ends when it was not used for a while, and after a year in any case. Not here: cookies (`web`), passwords (`login`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.errors import AuthenticationFailed
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.identity import generations

SECRET_OCTETS: Final = 32
MOST_SESSIONS: Final = 100  # of one account; the one that was not used for longest makes room
HOUR: Final = 3_600 * 1_000_000  # microseconds
STAYING: Final = 30 * 24 * HOUR  # that a session lives unused where its user wants to stay signed in
PASSING: Final = 12 * HOUR  # and where not: its cookie ends with the browser anyhow
LONGEST: Final = 365 * 24 * HOUR  # that a session lives in any case, however much it is used
USED_EVERY: Final = HOUR // 12  # how exact the last use is
MOST_AGENT: Final = 200  # characters
SLICE: Final = 500
CONFIRMED_FOR: Final = HOUR // 6  # after which what lets somebody in wants to be asked for anew
_FORM = re.compile(r"prb_(A[0-9a-z]{1,13})_([A-Za-z0-9_-]{43})\Z")


class BrowserSession(msgspec.Struct, frozen=True):
    """A signed-in browser; times are unix microseconds. `address` as the account is written, "" in listings."""

    account_id: int
    session_hash: bytes
    credential: str = ""
    agent: str = ""
    ip: str = ""
    stays: bool = False
    created: int = 0
    last_used: int = 0
    expires: int = 0
    confirmed: int = 0  # when its user has last shown that it is he; 0 is at its beginning
    address: str = ""


def new_session(account_id: int) -> tuple[str, bytes]:
    """The secret of a new session, and the hash that is kept of it."""
    text = f"prb_{id_text(IdKind.ACCOUNT, account_id)}_{secrets.token_urlsafe(SECRET_OCTETS)}"
    return text, hash_of(text)


def hash_of(text: str) -> bytes:
    """SHA-256: what is random needs nothing slow."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def account_of(text: str) -> int:
    """The account that a secret says it is of, 0 for what is no secret of ours."""
    found = _FORM.match(text)
    return (parse_id(IdKind.ACCOUNT, found[1]) or 0) if found else 0


def expiry(session: BrowserSession, now: int) -> int:
    """When it ends if it is used now and never again."""
    return min(now + (STAYING if session.stays else PASSING), session.created + LONGEST)


_COLUMNS = "account_id, session_hash, credential, agent, ip, stays, created, last_used, expires, confirmed"
_PUT = f"INSERT INTO browser_sessions ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)"  # noqa: S608 -- constants
_FIND = """
SELECT s.account_id, s.session_hash, s.credential, s.agent, s.ip, s.stays, s.created, s.last_used, s.expires, s.confirmed, p.address
FROM browser_sessions s JOIN profiles p ON p.account_id = s.account_id JOIN accounts a ON a.account_id = s.account_id
WHERE s.account_id = $1 AND s.session_hash = $2 AND s.expires > $3 AND a.state = 0
"""
_ALL = f"SELECT {_COLUMNS} FROM browser_sessions WHERE account_id = $1 ORDER BY last_used DESC, session_hash"  # noqa: S608 -- constants
_REMOVE = "DELETE FROM browser_sessions WHERE account_id = $1 AND session_hash = $2"
_REMOVE_ALL = "DELETE FROM browser_sessions WHERE account_id = $1"
_REMOVE_BEGUN = (
    "DELETE FROM browser_sessions WHERE account_id = $1 AND credential = $2 AND session_hash <> $3"
)
_CONFIRMED = "UPDATE browser_sessions SET confirmed = $3 WHERE account_id = $1 AND session_hash = $2"
_USED = """
UPDATE browser_sessions SET last_used = $3, expires = $4 WHERE account_id = $1 AND session_hash = $2 AND last_used < $3
"""
_EXPIRED = (
    "SELECT account_id, session_hash FROM browser_sessions WHERE expires <= $1 ORDER BY expires LIMIT $2"
)


async def begin(tx: Transaction, session: BrowserSession, generation: int) -> None:
    """As `put`, for whose login was looked at when his account was of this generation; raises `AuthenticationFailed` when the password, or another of
    his credentials, has changed meanwhile."""
    if await generations.hold(tx, session.account_id) != generation:
        raise AuthenticationFailed
    await put(tx, session)


async def put(tx: Transaction, session: BrowserSession) -> None:
    """Adds a session that begins at its `created`. At most `MOST_SESSIONS` of an account stay."""
    await generations.hold(tx, session.account_id)
    for old in (await of_account(tx, session.account_id))[MOST_SESSIONS - 1 :]:
        await remove(tx, old.account_id, old.session_hash)
    await tx.execute(
        _PUT,
        session.account_id,
        session.session_hash,
        session.credential,
        session.agent[:MOST_AGENT],
        session.ip,
        int(session.stays),
        session.created,
        expiry(session, session.created),
        session.confirmed or session.created,
    )


async def find(tx: Transaction, text: str, now: int) -> BrowserSession | None:
    """The session with this secret, while it is good; None for all else, after the same statement."""
    row = await tx.fetchrow(_FIND, account_of(text), hash_of(text), now)
    if row is None or parse_mailbox(row[10]) is None:
        return None
    return msgspec.structs.replace(_session(row), address=str(parse_mailbox(row[10])))


async def of_account(tx: Transaction, account_id: int) -> list[BrowserSession]:
    """An account's sessions, the one used last first."""
    return [_session(row) for row in await tx.fetch(_ALL, account_id)]


async def remove(tx: Transaction, account_id: int, session_hash: bytes) -> bool:
    """Ends a session; False when there is none."""
    return await tx.execute(_REMOVE, account_id, session_hash) > 0


async def remove_all(tx: Transaction, account_id: int) -> None:
    """Ends all of an account."""
    await tx.execute(_REMOVE_ALL, account_id)


async def remove_begun(tx: Transaction, account_id: int, credential: str, but: bytes = b"") -> None:
    """Ends those of an account that were begun with this (`login.Login.credential`), all but one."""
    await tx.execute(_REMOVE_BEGUN, account_id, credential, but)


async def confirm(tx: Transaction, account_id: int, session_hash: bytes, now: int) -> None:
    """Its user has shown once more that it is he."""
    await tx.execute(_CONFIRMED, account_id, session_hash, now)


async def used(tx: Transaction, session: BrowserSession, now: int) -> None:
    """Notes a use; the session lives on from now."""
    await tx.execute(_USED, session.account_id, session.session_hash, now, expiry(session, now))


async def prune(engine: Engine, now: int) -> int:
    """Forgets sessions that have expired, a slice a commit; how many."""
    gone = 0
    while True:
        part = await engine.write(lambda tx: _prune(tx, now), Urgency.HOUSEKEEPING)
        gone += part
        if part < SLICE:
            return gone


async def _prune(tx: Transaction, now: int) -> int:
    rows = await tx.fetch(_EXPIRED, now, SLICE)
    for account_id, session_hash in rows:
        await tx.execute(_REMOVE, account_id, session_hash)
    return len(rows)


def _session(row: Sequence[Any]) -> BrowserSession:
    account_id, session_hash, credential, agent, ip, stays, *times = row[:10]
    return BrowserSession(account_id, bytes(session_hash), credential, agent, ip, bool(stays), *times)
