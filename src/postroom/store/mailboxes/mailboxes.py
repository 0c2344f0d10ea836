"""Mailboxes: an account's folders, their tree, and their counts.

RFC 9051 §2.3.1 (UIDVALIDITY, UIDNEXT), RFC 8457 and RFC 6154 (roles), RFC 8621 §2. A mailbox that is deleted leaves its id and its
messages' ids behind for those who synchronise. Not here: what is in a mailbox (`messages`), and how names look in a protocol.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from postroom.message.errors import EnhancedStatus, MailError, NotPermitted
from postroom.store.changes import MailboxChanged
from postroom.store.engine.ids import Ids
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require

TOP: Final = 0  # the parent of mailboxes that have none
OTHER_USERS: Final = "Other Users"  # below it the mailboxes of others are shown, RFC 2342 §4
MAX_NAME: Final = 255  # octets of UTF-8 of one level
MAX_DEPTH: Final = 20
MAX_MAILBOXES: Final = 10_000  # in one account

DEFAULTS: Final = (
    ("INBOX", "inbox"),
    ("Drafts", "drafts"),
    ("Sent", "sent"),
    ("Junk", "junk"),
    ("Trash", "trash"),
    ("Archive", "archive"),
)


_NOT_IN_NAMES: Final = frozenset("/*%")
_PATHS: Final = frozenset((".", ".."))
_UNSEEN: Final = frozenset(
    ("Cc", "Cf", "Cs", "Zl", "Zp")
)  # RFC 6855 §3, and what nobody sees; what Python does not know yet is a sign
_JOINERS: Final = "\u200c\u200d"  # Persian and Indic words are spelt with them, and emoji made of several


class MailboxExists(MailError):
    """There is one with this name, or this role, already."""

    status = EnhancedStatus(5, 2, 0)
    words = "The mailbox exists already"


class HasChildren(MailError):
    """Mailboxes lie below it."""

    status = EnhancedStatus(5, 2, 0)
    words = "The mailbox has mailboxes below it: delete them first"


class Impossible(NotPermitted):
    """What nobody may do, whatever his rights are."""


class BadName(Impossible, ValueError):
    """No mailbox can have this name."""


class BadPlace(Impossible):
    """No mailbox can lie there."""


class TooManyMailboxes(Impossible):
    """The account has as many mailboxes as it may have."""

    words = f"An account has at most {MAX_MAILBOXES} mailboxes"


class Mailbox(msgspec.Struct, frozen=True):
    """A mailbox and its counts. `role` is "" or a word of RFC 8621 §2, where `sort_order` comes from, too; modseqs are the account's."""

    mailbox_id: int
    parent_id: int
    name: str
    role: str
    uidvalidity: int
    uidnext: int
    highestmodseq: int
    n_total: int
    n_unseen: int
    n_deleted: int
    n_bytes: int
    first_recent: int
    vanished_floor: int
    created_modseq: int
    changed_modseq: int
    subscribed: int
    sort_order: int


class Counted(msgspec.Struct, frozen=True):
    """A mailbox and what is counted when somebody asks: copies that no session has seen, and octets of copies that are \\Deleted."""

    mailbox: Mailbox
    recent: int = 0
    deleted_storage: int = 0


class NewMailbox(msgspec.Struct, frozen=True):
    """A mailbox to be; `mailbox_id` is a new id."""

    mailbox_id: int
    name: str
    parent_id: int = TOP
    role: str = ""
    subscribed: bool = True


_COLUMNS = ", ".join(Mailbox.__struct_fields__)
NEW_ACCOUNT: Final = """
INSERT INTO accounts (account_id, modseq, used_bytes, used_msgs, quota_bytes, quota_msgs, uidvalidity, state, created)
VALUES ($1, 1, 0, 0, 0, 0, $2, 0, $3)
"""
INSERT: Final = """
INSERT INTO mailboxes (account_id, mailbox_id, parent_id, name, role, uidvalidity, uidnext, highestmodseq, n_total, n_unseen,
n_deleted, n_bytes, first_recent, vanished_floor, created_modseq, changed_modseq, subscribed)
VALUES ($1, $2, $3, $4, $5, $6, 1, $7, 0, 0, 0, 0, 1, 0, $7, $7, $8) ON CONFLICT DO NOTHING
"""
INHERIT: Final = """
INSERT INTO acl (account_id, mailbox_id, grantee_id, rights, denied)
SELECT account_id, $3, grantee_id, rights, denied FROM acl WHERE account_id = $1 AND mailbox_id = $2
"""
HOLD: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
BUMP: Final = "UPDATE accounts SET modseq = modseq + 1 WHERE account_id = $1 RETURNING modseq"
UNBUMP: Final = "UPDATE accounts SET modseq = modseq - 1 WHERE account_id = $1"
# uidvalidity grows with every mailbox, so that a name used anew within a second is not taken for the old one.
BUMP_VALIDITY: Final = """
UPDATE accounts SET modseq = modseq + 1, uidvalidity = CASE WHEN uidvalidity >= $2 THEN uidvalidity + 1 ELSE $2 END
WHERE account_id = $1 RETURNING modseq, uidvalidity
"""
GET: Final = f"SELECT {_COLUMNS} FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2"  # noqa: S608 -- constants
BY_ROLE: Final = f"SELECT {_COLUMNS} FROM mailboxes WHERE account_id = $1 AND role = $2 AND role <> ''"  # noqa: S608
INBOX_ID: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 AND role = 'inbox' AND role <> ''"
JUNK_ID: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 AND role = 'junk' AND role <> ''"
LISTING: Final = f"SELECT {_COLUMNS} FROM mailboxes WHERE account_id = $1 ORDER BY parent_id, name"  # noqa: S608
SOME: Final = (
    f"SELECT {_COLUMNS} FROM mailboxes WHERE account_id = $1 AND mailbox_id IN ({placeholders(CHUNK, 2)})"  # noqa: S608
)
COUNT_RECENT: Final = """
SELECT COUNT(*) FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid >= $3
"""
DELETED_STORAGE: Final = """
SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM messages
WHERE account_id = $1 AND mailbox_id = $2 AND uid >= 0 * $3 AND (flags & 8) = 8
"""
NUMBER: Final = "SELECT COUNT(*) FROM mailboxes WHERE account_id = $1"
LINE: Final = """
WITH RECURSIVE line (mailbox_id, parent_id, level) AS (
  SELECT mailbox_id, parent_id, 1 FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2
  UNION ALL SELECT m.mailbox_id, m.parent_id, line.level + 1 FROM line
  CROSS JOIN mailboxes m WHERE m.account_id = $1 AND m.mailbox_id = line.parent_id AND line.level <= $3)
SELECT mailbox_id FROM line
"""
# The names, of which each is above "", lead SQLite to the index by parents.
HEIGHT: Final = """
WITH RECURSIVE below (mailbox_id, height) AS (
  SELECT mailbox_id, 0 FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2
  UNION ALL SELECT m.mailbox_id, below.height + 1 FROM below
  CROSS JOIN mailboxes m WHERE m.account_id = $1 AND m.parent_id = below.mailbox_id AND m.name > '' AND below.height <= $3)
SELECT COALESCE(MAX(height), 0) FROM below
"""
NAMED: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 AND parent_id = $2 AND name = $3"
RECENT: Final = "SELECT first_recent, uidnext FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2 {LOCK}"
CLAIM: Final = "UPDATE mailboxes SET first_recent = $3 WHERE account_id = $1 AND mailbox_id = $2"
KEYWORDS: Final = """
SELECT keyword FROM mailbox_keywords WHERE account_id = $1 AND mailbox_id = $2 AND n_total > 0 ORDER BY keyword
"""
RENAME: Final = """
UPDATE mailboxes SET parent_id = $3, name = $4, changed_modseq = $5 WHERE account_id = $1 AND mailbox_id = $2
"""
SUBSCRIBE: Final = """
UPDATE mailboxes SET subscribed = $3, changed_modseq = $4 WHERE account_id = $1 AND mailbox_id = $2
"""
TOUCH: Final = "UPDATE mailboxes SET changed_modseq = $3 WHERE account_id = $1 AND mailbox_id = $2"


async def create_account_mailboxes(tx: Transaction, account_id: int, ids: Ids, now: int) -> None:
    """An account's row and its first mailboxes. `now`: unix microseconds."""
    first = now // 1_000_000
    await tx.execute(NEW_ACCOUNT, account_id, first + len(DEFAULTS) - 1, now)
    for number, (name, role) in enumerate(DEFAULTS):
        await tx.execute(INSERT, account_id, ids.next(), TOP, name, role, first + number, 1, 1)


async def get(tx: Transaction, mailbox: MailboxRef) -> Mailbox:
    """Raises `NoSuchMailbox`."""
    await require(tx, mailbox)
    row = await tx.fetchrow(GET, mailbox.account_id, mailbox.mailbox_id)
    if row is None:
        raise NoSuchMailbox
    return Mailbox(*row)


async def by_role(tx: Transaction, account_id: int, role: str) -> Mailbox:
    """The account's mailbox with a role, e.g. `inbox`; raises `NoSuchMailbox`."""
    row = await tx.fetchrow(BY_ROLE, account_id, role)
    if row is None:
        raise NoSuchMailbox(detail=f"account {account_id} has no {role}")
    return Mailbox(*row)


async def inbox_id(tx: Transaction, account_id: int) -> int:
    """The id of the INBOX; raises `NoSuchMailbox`."""
    row = await tx.fetchrow(INBOX_ID, account_id)
    if row is None:
        raise NoSuchMailbox(detail=f"account {account_id} has no inbox")
    found: int = row[0]
    return found


async def junk_id(tx: Transaction, account_id: int) -> int | None:
    """The id of the mailbox for mail that is not to be believed; None when the account has none any more."""
    row = await tx.fetchrow(JUNK_ID, account_id)
    return None if row is None else int(row[0])


async def by_path(tx: Transaction, account_id: int, path: Sequence[str]) -> int:
    """The id of the mailbox at the end of a path of names from the top; raises `NoSuchMailbox`."""
    mailbox_id = TOP
    for name in path:
        row = await tx.fetchrow(NAMED, account_id, mailbox_id, name)
        if row is None:
            raise NoSuchMailbox
        mailbox_id = row[0]
    return mailbox_id


async def counted(
    tx: Transaction, refs: Sequence[MailboxRef], wanted: AbstractSet[str] = frozenset()
) -> dict[int, Counted]:
    """The numbers of mailboxes of one account as one of its readers counts, by id, without those that are gone; rights were checked. `wanted`: RECENT, DELETED-STORAGE."""
    found: dict[int, Counted] = {}
    if not refs:
        return found
    account_id = refs[0].account_id
    for chunk in chunks(ref.mailbox_id for ref in refs):
        for row in await tx.fetch(SOME, account_id, *chunk):
            box = Mailbox(*row)
            recent = deleted = 0
            if "RECENT" in wanted and box.first_recent < box.uidnext and box.n_total:
                recent = await _number(tx, COUNT_RECENT, box, account_id)
            if "DELETED-STORAGE" in wanted and box.n_deleted:
                deleted = await _number(tx, DELETED_STORAGE, box, account_id)
            ref = MailboxRef(account_id, box.mailbox_id, refs[0].who)
            if seen.apart(ref):
                box = msgspec.structs.replace(box, n_unseen=box.n_total - await seen.count(tx, ref))
            found[box.mailbox_id] = Counted(box, recent, deleted)
    return found


async def _number(tx: Transaction, sql: str, box: Mailbox, account_id: int) -> int:
    row = await tx.fetchrow(sql, account_id, box.mailbox_id, box.first_recent)
    return int(row[0]) if row is not None else 0


async def keywords(tx: Transaction, mailbox: MailboxRef) -> list[str]:
    """The keywords that copies in a mailbox have, sorted."""
    await require(tx, mailbox, Right.READ)
    return [row[0] for row in await tx.fetch(KEYWORDS, mailbox.account_id, mailbox.mailbox_id)]


async def claim_recent(tx: Transaction, mailbox: MailboxRef) -> int:
    """Makes all messages seen by a session; gives the lowest uid that no session had seen (\\Recent of RFC 3501 §2.3.2)."""
    await require(tx, mailbox, Right.READ)
    row = await tx.fetchrow(RECENT, mailbox.account_id, mailbox.mailbox_id)
    if row is None:
        raise NoSuchMailbox
    if row[0] < row[1]:
        await tx.execute(CLAIM, mailbox.account_id, mailbox.mailbox_id, row[1])
    first: int = row[0]
    return first


async def listing(tx: Transaction, account_id: int) -> list[Mailbox]:
    """All mailboxes of an account, by parent and name."""
    return [Mailbox(*row) for row in await tx.fetch(LISTING, account_id)]


async def bump(tx: Transaction, account_id: int) -> int:
    """A new modseq, and with it the account's lock: the first statement of whatever writes. Raises `NoSuchMailbox` without account."""
    row = await tx.fetchrow(BUMP, account_id)
    if row is None:
        raise NoSuchMailbox(detail=f"no account {account_id}")
    modseq: int = row[0]
    return modseq


async def hold(tx: Transaction, account_id: int) -> int:
    """The account's lock without a new modseq: for who has to look before he writes, if he writes at all. Gives the modseq, 0 for no account."""
    row = await tx.fetchrow(HOLD, account_id)
    return int(row[0]) if row is not None else 0


async def unbump(tx: Transaction, account_id: int) -> None:
    """Takes the last `bump` of this transaction back: nothing was changed after all."""
    await tx.execute(UNBUMP, account_id)


async def create(tx: Transaction, account_id: int, new: NewMailbox, now: int, who: int = 0) -> MailboxChanged:
    """Makes a mailbox; who may do what in its parent, may in it. Raises `MailboxExists`, `NoSuchMailbox` (the parent), `NotPermitted`, `BadName`."""
    check_name(new.name)
    _check_top(new.parent_id, new.name)
    await _require_in_parent(tx, MailboxRef(account_id, new.parent_id, who))
    row = await tx.fetchrow(BUMP_VALIDITY, account_id, now // 1_000_000)
    if row is None:
        raise NoSuchMailbox(detail=f"no account {account_id}")
    modseq, uidvalidity = row
    there = await tx.fetchrow(NUMBER, account_id)
    if there is not None and there[0] >= MAX_MAILBOXES:
        raise TooManyMailboxes
    await _check_place(tx, account_id, new.mailbox_id, new.parent_id)
    values = (new.mailbox_id, new.parent_id, new.name, new.role, uidvalidity, modseq, int(new.subscribed))
    if not await tx.execute(INSERT, account_id, *values):
        raise MailboxExists
    if new.parent_id != TOP:  # RFC 4314 §4
        await tx.execute(INHERIT, account_id, new.parent_id, new.mailbox_id)
    return MailboxChanged(account_id, modseq, new.mailbox_id)


async def rename(tx: Transaction, mailbox: MailboxRef, parent_id: int, name: str) -> MailboxChanged:
    """Gives a mailbox another name or parent, or both; what lies below goes with it. Raises like `create`.

    The INBOX stays where it is (what RFC 9051 §6.3.6 does with it instead is moving messages).
    """
    check_name(name)
    _check_top(parent_id, name)
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    await require(tx, mailbox, Right.DELETE_MAILBOX)
    await _require_in_parent(tx, MailboxRef(account_id, parent_id, mailbox.who))
    modseq = await bump(tx, account_id)
    box = await get(tx, mailbox)
    if box.role == "inbox":
        raise Impossible("The INBOX cannot be renamed")
    if parent_id != box.parent_id:
        await _check_place(tx, account_id, mailbox_id, parent_id)
    taken = await tx.fetchrow(NAMED, account_id, parent_id, name)
    if taken is not None and taken[0] != mailbox_id:
        raise MailboxExists
    await tx.execute(RENAME, account_id, mailbox_id, parent_id, name, modseq)
    return MailboxChanged(account_id, modseq, mailbox_id)


async def subscribe(tx: Transaction, mailbox: MailboxRef, *, subscribed: bool) -> MailboxChanged:
    """Sets the mark of RFC 9051 §6.3.7; raises `NoSuchMailbox`."""
    await require(tx, mailbox)
    modseq = await bump(tx, mailbox.account_id)
    if not await tx.execute(SUBSCRIBE, mailbox.account_id, mailbox.mailbox_id, int(subscribed), modseq):
        raise NoSuchMailbox
    return MailboxChanged(mailbox.account_id, modseq, mailbox.mailbox_id)


async def touch(tx: Transaction, mailbox: MailboxRef) -> MailboxChanged:
    """What is told of it to one of those with whom it is shared is new: whether he is subscribed. Raises `NoSuchMailbox`."""
    await require(tx, mailbox)
    modseq = await bump(tx, mailbox.account_id)
    if not await tx.execute(TOUCH, mailbox.account_id, mailbox.mailbox_id, modseq):
        raise NoSuchMailbox
    return MailboxChanged(mailbox.account_id, modseq, mailbox.mailbox_id)


def check_name(name: str) -> None:
    """Raises `BadName` for the name of one level that no mailbox can have: empty, too long, in another form than NFC, with what means something else."""
    if not 0 < len(name.encode("utf-8", "replace")) <= MAX_NAME:
        raise BadName(f"Each level of a mailbox name has 1 to {MAX_NAME} octets")
    if name.strip() != name or name.strip(_JOINERS) != name or not all(map(_is_shown, name)):
        raise BadName("A mailbox name has no control or invisible characters and no space around it")
    if not _NOT_IN_NAMES.isdisjoint(name):
        raise BadName("A level of a mailbox name has no / and no wildcard * or %")
    if name in _PATHS or name[0] in "#~":
        raise BadName("A level of a mailbox name is not . or .. and does not begin with # or ~")
    if not unicodedata.is_normalized("NFC", name):
        raise BadName("A mailbox name is in Unicode's normalization form C")


def _is_shown(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _UNSEEN


def _check_top(parent_id: int, name: str) -> None:
    """Names that mean something else at the top of a tree, RFC 9051 §5.1."""
    if parent_id == TOP and (name == OTHER_USERS or (name.upper() == "INBOX" and name != "INBOX")):
        raise BadName("INBOX and Other Users are taken at the top")


async def _require_in_parent(tx: Transaction, parent: MailboxRef) -> None:
    if parent.mailbox_id != TOP:
        await require(tx, parent, Right.CREATE)
    elif parent.who not in (0, parent.account_id):
        raise NotPermitted


async def _check_place(tx: Transaction, account_id: int, mailbox_id: int, parent_id: int) -> None:
    """Whether a mailbox may lie below `parent_id`: that exists, does not lie in the mailbox, and the tree does not get too high."""
    if parent_id == TOP:
        above = 0
    else:
        line = [row[0] for row in await tx.fetch(LINE, account_id, parent_id, MAX_DEPTH)]
        if mailbox_id in line:
            raise BadPlace("A mailbox cannot lie in itself")
        if not line:
            raise NoSuchMailbox
        above = len(line)
    row = await tx.fetchrow(HEIGHT, account_id, mailbox_id, MAX_DEPTH)
    if above + 1 + (row[0] if row is not None else 0) > MAX_DEPTH:
        raise BadPlace(f"Mailboxes lie at most {MAX_DEPTH} deep in each other")
