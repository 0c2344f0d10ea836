"""Which conversation an email belongs to: decided once, at delivery, by the message-ids it mentions.

RFC 8621 §3 (an email is in the thread of one that shares a message-id in Message-ID, In-Reply-To or References and has the same base
subject). The first email of a thread gives it its id. Threads never merge afterwards, so an email's thread never changes. Not here: how
message-ids and base subjects are read from a header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from postroom.store.engine.transaction import Transaction

MAX_REFERENCES: Final = 20  # of one message that are looked at and remembered, beside its own id

REMEMBER: Final = """
INSERT INTO msgid_refs (account_id, msgid_hash, thread_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""
FIND: Final = tuple(
    "SELECT msgid_hash, thread_id FROM msgid_refs WHERE account_id = $1 AND msgid_hash IN ("  # noqa: S608 -- placeholders
    + ", ".join(f"${number + 2}" for number in range(count))
    + ")"
    for count in range(MAX_REFERENCES + 2)
)


def message_id_hash(message_id: str, subject: str) -> int:
    """63 bits that stand for a message-id within conversations about `subject` (a base subject, RFC 5256 §2.1)."""
    text = f"{message_id}\0{subject}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8]) >> 1


async def join(tx: Transaction, account_id: int, email_id: int, hashes: Sequence[int]) -> int:
    """The thread of a new email; `email_id` itself when it begins one.

    `hashes`: its own message-id first, then the nearest ancestor (In-Reply-To, the end of References) and so on outwards.
    """
    if not hashes:
        return email_id
    if len(hashes) == 1 and await tx.execute(REMEMBER, account_id, hashes[0], email_id):
        return email_id  # the common case: nobody has mentioned it, and it mentions nobody
    kept = list(dict.fromkeys(hashes))[: MAX_REFERENCES + 1]
    known: dict[int, int] = {row[0]: row[1] for row in await tx.fetch(FIND[len(kept)], account_id, *kept)}
    thread_id = next((known[hashed] for hashed in kept if hashed in known), email_id)
    missing = [(account_id, hashed, thread_id) for hashed in kept if hashed not in known]
    if missing:
        await tx.executemany(REMEMBER, missing)
    return thread_id
