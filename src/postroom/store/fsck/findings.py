"""What a check of the store finds."""

from __future__ import annotations

import enum

import msgspec


class Wrong(enum.StrEnum):
    """What can be wrong. The first five cannot be rebuilt from anything else in the store."""

    DATABASE = "database"  # pages that contradict each other
    LOST_MAILBOX = "lost mailbox"  # messages in a mailbox that does not exist
    LOST_EMAIL = "lost email"  # a copy of nothing
    LOST_BODY = "lost body"  # an email without its octets
    BAD_BODY = "bad body"  # octets that are not those that were stored
    COUNTS = "counts"
    KEYWORDS = "keywords"
    QUOTA = "quota"
    NUMBERS = "numbers"  # uidnext or a modseq that was given already
    COPIES = "copies"
    SIZE = "size"
    REFERENCES = "references"
    SUMMARY = "summary"
    PLACES = "places"  # a card that is not where it says
    ORPHAN_FILE = "orphan file"
    UNFINISHED_FILE = "unfinished file"
    DEAD_END = "dead end"  # an alias, list or forward names who is not there; only its administrator knows what is right


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, in words, and whether it was put right."""

    wrong: Wrong
    account_id: int
    detail: str
    repaired: bool = False
    address: str = ""  # whom it is about: the account's, or what is no account

    @property
    def subject(self) -> str:
        """Whom it is about."""
        return self.address or str(self.account_id)
