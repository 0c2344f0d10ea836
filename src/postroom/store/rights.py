"""Who may do what in a mailbox: the owner everything, others what the list of the mailbox gives them.

RFC 4314 §2 (identifiers, negative rights), §2.1 (the letters). Checked in the store function that acts, not at each command. Not here: SETACL and its
kin (`acl`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.message.errors import EnhancedStatus, MailError, NotPermitted
from postroom.store.engine import Transaction


class Right(enum.StrEnum):
    """RFC 4314 §2.1."""

    LOOKUP = "l"
    READ = "r"
    KEEP_SEEN = "s"
    WRITE_FLAGS = "w"
    INSERT = "i"
    POST = "p"
    CREATE = "k"
    DELETE_MAILBOX = "x"
    DELETE_MESSAGE = "t"
    EXPUNGE = "e"
    ADMINISTER = "a"


class NoSuchMailbox(MailError):
    """The mailbox does not exist, or may not be seen (RFC 4314 §6: the two are not told apart)."""

    status = EnhancedStatus(5, 1, 1)
    words = "No such mailbox"


class MailboxRef(msgspec.Struct, frozen=True):
    """A mailbox as account `who` reaches for it; 0 is its owner, and the system on his behalf."""

    account_id: int
    mailbox_id: int
    who: int = 0


ANYONE: Final = 0  # the grantee of what everybody may, RFC 4314 §2
ALL: Final = "".join(Right)
RIGHTS: Final = """
SELECT rights, denied FROM acl WHERE account_id = $1 AND mailbox_id = $2 AND grantee_id IN (0, $3)
"""


async def held(tx: Transaction, mailbox: MailboxRef) -> str:
    """The letters of the rights that somebody has in a mailbox, in the order of `Right`; "" for none."""
    if mailbox.who in (0, mailbox.account_id):
        return ALL
    rows = await tx.fetch(RIGHTS, mailbox.account_id, mailbox.mailbox_id, mailbox.who)
    return joined((row[0], row[1]) for row in rows)


async def rights_in(tx: Transaction, mailbox: MailboxRef) -> str:
    """As `held`; raises `NoSuchMailbox` without the right to look the mailbox up."""
    given = await held(tx, mailbox)
    if Right.LOOKUP not in given:
        raise NoSuchMailbox
    return given


async def require(tx: Transaction, mailbox: MailboxRef, *rights: Right) -> None:
    """Raises `NoSuchMailbox` for whoever may not even look the mailbox up, and `NotPermitted` where any of `rights` is missing."""
    if mailbox.who in (0, mailbox.account_id):
        return
    given = await rights_in(tx, mailbox)
    if not all(right in given for right in rights):
        raise NotPermitted


def joined(entries: Iterable[tuple[str, str]]) -> str:
    """What entries of a list, (rights, denied rights) each, give together: a denial outweighs every gift (RFC 4314 §2)."""
    given, denied = "", ""
    for rights, without in entries:
        given += rights
        denied += without
    return "".join(right for right in ALL if right in given and right not in denied)
