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
from postroom.store.engine.transaction import Transaction


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
    """A mailbox as account `who` reaches for it; 0 is its owner, and the system on his behalf; negative a visitor (`visitor_of`)."""

    account_id: int
    mailbox_id: int
    who: int = 0


VISITORS: Final = Right.LOOKUP + Right.READ  # what anyone's rights give to who has no name
ANYONE: Final = 0  # the grantee of what everybody may, RFC 4314 §2
ALL: Final = "".join(Right)
RIGHTS: Final = """
SELECT rights, denied FROM acl WHERE account_id = $1 AND mailbox_id = $2 AND grantee_id IN (0, $3)
"""


def visitor_of(account_id: int) -> int:
    """An anonymous user (RFC 4505) who visits an account: he is nobody's grantee, owns nothing, and may look at what this account shows to anyone."""
    return -account_id


def is_visitor(who: int) -> bool:
    """Whether that is an anonymous user."""
    return who < 0


async def held(tx: Transaction, mailbox: MailboxRef) -> str:
    """The letters of the rights that somebody has in a mailbox, in the order of `Right`; "" for none."""
    if mailbox.who in (0, mailbox.account_id):
        return ALL
    if is_visitor(mailbox.who) and mailbox.who != visitor_of(mailbox.account_id):
        return ""
    rows = await tx.fetch(RIGHTS, mailbox.account_id, mailbox.mailbox_id, mailbox.who)
    return for_whom(mailbox.who, joined((row[0], row[1]) for row in rows))


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


def for_whom(who: int, rights: str) -> str:
    """What is left of rights: visitors read (RFC 4505 §5: who is anonymous and writes could fill all space, or use the place to exchange what they like)."""
    return "".join(right for right in rights if right in VISITORS) if is_visitor(who) else rights


def joined(entries: Iterable[tuple[str, str]]) -> str:
    """What entries of a list, (rights, denied rights) each, give together: a denial outweighs every gift (RFC 4314 §2)."""
    given, denied = "", ""
    for rights, without in entries:
        given += rights
        denied += without
    return "".join(right for right in ALL if right in given and right not in denied)
