"""The numbers that a mailbox keeps of its messages, and how they follow what happens to them.

Total, unseen, deleted, octets and copies with each keyword: so STATUS, SELECT and a list of folders never count. Every function
that adds, removes or changes copies makes a `Tally` of them and applies it once. Not here: threads, which only JMAP counts (`roster`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import BadKeywords, Flag, split_keywords

MOST_KEYWORDS: Final = 2_000  # different ones in an account: SELECT tells all of a mailbox in one line

ADJUST: Final = """
UPDATE mailboxes SET highestmodseq = $3, n_total = n_total + $4, n_unseen = n_unseen + $5, n_deleted = n_deleted + $6,
n_bytes = n_bytes + $7 WHERE account_id = $1 AND mailbox_id = $2
"""
COUNT_KEYWORD: Final = """
INSERT INTO mailbox_keywords (account_id, mailbox_id, keyword, n_total) VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, mailbox_id, keyword) DO UPDATE SET n_total = mailbox_keywords.n_total + excluded.n_total
"""
KEYWORD_HERE: Final = (
    "SELECT 1 FROM mailbox_keywords WHERE account_id = $1 AND mailbox_id = $2 AND keyword = $3"
)
KEYWORDS_ANYWHERE: Final = "SELECT DISTINCT keyword FROM mailbox_keywords WHERE account_id = $1"
FORGET_KEYWORDS: Final = """
DELETE FROM mailbox_keywords WHERE account_id = $1 AND mailbox_id = $2 AND n_total <= 0
"""


class Tally:
    """What is added to a mailbox's counts, or with negative numbers taken from them."""

    __slots__ = ("deleted", "keywords", "octets", "total", "unseen")

    def __init__(self) -> None:
        self.total = 0
        self.unseen = 0
        self.deleted = 0
        self.octets = 0
        self.keywords: Counter[str] = Counter()

    def add(self, flags: int, keywords: str, size: int, times: int = 1) -> None:
        """Copies that come (`times` positive) or go (negative)."""
        self.total += times
        self.octets += size * times
        self.state(flags, keywords, times)

    def state(self, flags: int, keywords: str, times: int) -> None:
        """Copies that come into a state of flags and keywords, or leave it; they were and stay in the mailbox."""
        if not flags & Flag.SEEN:
            self.unseen += times
        if flags & Flag.DELETED:
            self.deleted += times
        for keyword in split_keywords(keywords):
            self.keywords[keyword] += times

    async def apply(self, tx: Transaction, account_id: int, mailbox_id: int, modseq: int) -> int:
        """Writes it down, with the mailbox's new modseq; gives the number of mailboxes touched (0: there is none)."""
        changed = [
            (account_id, mailbox_id, keyword, times) for keyword, times in self.keywords.items() if times
        ]
        if changed:
            await tx.executemany(COUNT_KEYWORD, changed)
        if any(times < 0 for *_, times in changed):
            await tx.execute(FORGET_KEYWORDS, account_id, mailbox_id)
        return await tx.execute(
            ADJUST,
            account_id,
            mailbox_id,
            modseq,
            self.total,
            self.unseen,
            self.deleted,
            self.octets,
        )


async def check_keywords(tx: Transaction, account_id: int, mailbox_id: int, wanted: Iterable[str]) -> None:
    """Whether copies in a mailbox may be given these keywords; raises `BadKeywords` where the account would have too many (RFC 9051 §2.3.2 lets a server say so)."""
    names = {keyword.lower() for keyword in wanted}
    new = [name for name in names if not await tx.fetchrow(KEYWORD_HERE, account_id, mailbox_id, name)]
    if not new:
        return
    there = {row[0] for row in await tx.fetch(KEYWORDS_ANYWHERE, account_id)}
    if len(there.union(new)) > MOST_KEYWORDS and not there.issuperset(new):
        raise BadKeywords(f"An account has at most {MOST_KEYWORDS} different keywords")
