"""Access control lists of records: who was given what in another's by whom may decide it, whatever kind they are.

RFC 9670 §4 (shareWith, myRights, isSubscribed). The owner has every right always, and stands in no list; a record in which somebody was given nothing
does not exist for him. Rights are checked in the functions here and in those of the kinds. Not here: mailboxes, whose lists are IMAP's (`acl`), and what
lies in a record (`record_places`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from postroom.message.errors import NotPermitted
from postroom.store.changes import RecordsChanged
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.mailboxes import hold
from postroom.store.records import records
from postroom.store.records import spans as record_spans
from postroom.store.records.records import Kind, NoSuchRecord
from postroom.store.records.spans import Span

MAX_GRANTEES: Final = 1_000  # of one record
MAX_GIVEN: Final = 10_000  # records of others that one account is shown


class RecordRight(enum.StrEnum):
    """A letter each, in the order in which they are written."""

    READ = "r"
    WRITE = "w"
    SHARE = "a"
    DELETE = "x"


class RecordRef(msgspec.Struct, frozen=True):
    """A record as account `who` reaches for it; 0 is its owner, and the system on his behalf."""

    kind: Kind
    record_id: int
    who: int = 0

    @property
    def own(self) -> bool:
        """Whether it is the owner who does."""
        return self.who in (0, self.kind.account_id)


class Grant(msgspec.Struct, frozen=True):
    """What a record's list says of one; modseqs say since when he sees the record, and what is in it (0: he does not)."""

    grantee_id: int
    rights: str
    subscribed: bool
    given: int
    reads: int


class Moment(msgspec.Struct, frozen=True):
    """When something was done: the account's modseq, and unix microseconds."""

    modseq: int
    now: int


ALL_RIGHTS: Final = "".join(RecordRight)
_COLUMNS: Final = "grantee_id, rights, subscribed, given_modseq, read_modseq"
GRANT: Final = f"SELECT {_COLUMNS} FROM record_acl WHERE account_id = $1 AND kind = $2 AND record_id = $3 AND grantee_id = $4"  # noqa: S608
GRANTS: Final = f"SELECT {_COLUMNS} FROM record_acl WHERE account_id = $1 AND kind = $2 AND record_id = $3 ORDER BY grantee_id"  # noqa: S608
LISTS: Final = f"SELECT record_id, {_COLUMNS} FROM record_acl WHERE account_id = $1 AND kind = $2 ORDER BY record_id, grantee_id"  # noqa: S608
OF_GRANTEE: Final = f"SELECT record_id, {_COLUMNS} FROM record_acl WHERE grantee_id = $3 AND account_id = $1 AND kind = $2 ORDER BY record_id"  # noqa: S608
COUNT: Final = "SELECT COUNT(*) FROM record_acl WHERE account_id = $1 AND kind = $2 AND record_id = $3"
PUT: Final = """
INSERT INTO record_acl (account_id, kind, record_id, grantee_id, rights, subscribed, given_modseq, read_modseq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (account_id, kind, record_id, grantee_id) DO UPDATE SET
  rights = excluded.rights, subscribed = excluded.subscribed, given_modseq = excluded.given_modseq, read_modseq = excluded.read_modseq
"""
DROP: Final = (
    "DELETE FROM record_acl WHERE account_id = $1 AND kind = $2 AND record_id = $3 AND grantee_id = $4"
)
GIVEN: Final = """
SELECT account_id, kind, record_id, rights FROM record_acl WHERE grantee_id = $1 AND account_id <> $1
ORDER BY account_id, kind, record_id LIMIT $2
"""
GRANTEES: Final = "SELECT DISTINCT grantee_id FROM record_acl WHERE account_id = $1"


def in_order(letters: Iterable[str]) -> str:
    """Letters as they are kept."""
    return "".join(one for one in RecordRight if one in letters)


def seen_by(kind: Kind, who: int) -> Kind:
    """Under which kind it is remembered what somebody could once see of a kind's records."""
    return Kind(kind.account_id, f"{kind.name}@{who}")


def read_by(kind: Kind, who: int) -> Kind:
    """The same of what lies in them."""
    return Kind(kind.account_id, f"{kind.name}:{RecordRight.READ}@{who}")


async def grant_of(tx: Transaction, ref: RecordRef, grantee_id: int) -> Grant | None:
    """What the list of a record says of somebody."""
    row = await tx.fetchrow(GRANT, ref.kind.account_id, ref.kind.name, ref.record_id, grantee_id)
    return None if row is None else _grant(row)


async def held(tx: Transaction, ref: RecordRef) -> str:
    """The letters of the rights that somebody has in a record; "" for none."""
    if ref.own:
        return ALL_RIGHTS
    grant = await grant_of(tx, ref, ref.who)
    return "" if grant is None else grant.rights


async def require(tx: Transaction, ref: RecordRef, *rights: RecordRight) -> str:
    """The letters that he has. Raises `NoSuchRecord` for whoever has none, and `NotPermitted` where any of `rights` is missing."""
    given = await held(tx, ref)
    if not given:
        raise NoSuchRecord
    if not all(right in given for right in rights):
        raise NotPermitted
    return given


async def lists(tx: Transaction, kind: Kind, who: int) -> dict[int, list[Grant]]:
    """The lists of those records of a kind that `who` may share, by record; without those that are empty."""
    found: dict[int, list[Grant]] = {}
    for record_id, *row in await tx.fetch(LISTS, kind.account_id, kind.name):
        found.setdefault(record_id, []).append(_grant(row))
    if who in (0, kind.account_id):
        return found
    return {
        number: some
        for number, some in found.items()
        if any(one.grantee_id == who and RecordRight.SHARE in one.rights for one in some)
    }


async def of_grantee(tx: Transaction, kind: Kind, who: int) -> dict[int, Grant]:
    """What somebody was given in records of a kind, by record."""
    rows = await tx.fetch(OF_GRANTEE, kind.account_id, kind.name, who)
    return {record_id: _grant(row) for record_id, *row in rows}


async def shared_with(tx: Transaction, who: int) -> dict[int, dict[str, dict[int, str]]]:
    """What an account was given in records of others: rights by record, by the name of the kind, by account."""
    found: dict[int, dict[str, dict[int, str]]] = {}
    for account_id, kind, record_id, rights in await tx.fetch(GIVEN, who, MAX_GIVEN):
        found.setdefault(account_id, {}).setdefault(kind, {})[record_id] = rights
    return found


async def grantees(tx: Transaction, account_id: int) -> frozenset[int]:
    """Who stands in the list of any record of an account."""
    return frozenset(row[0] for row in await tx.fetch(GRANTEES, account_id))


async def give(tx: Transaction, ref: RecordRef, grantee_id: int, letters: str, now: int) -> RecordsChanged:
    """Makes these the rights that somebody has. `now`: unix microseconds.

    RFC 9610 §2.3: nobody gives what he does not have himself, if it was not there. Raises `NoSuchRecord`, `NotPermitted`.
    """
    await hold(tx, ref.kind.account_id)  # so that nobody gives what is just being taken from him
    own = await require(tx, ref, RecordRight.SHARE)
    if grantee_id == ref.kind.account_id:
        raise NotPermitted("The owner has all rights always")
    done = await records.touch(tx, ref.kind, ref.record_id)
    former = await grant_of(tx, ref, grantee_id)
    had = former.rights if former is not None else ""
    if not set(letters) <= {*own, *had}:
        raise NotPermitted("Nobody can give a right that he does not have himself")
    if former is None and letters:
        await _must_have_room(tx, ref)
    before = former or Grant(grantee_id, "", subscribed=False, given=0, reads=0)
    after = _changed(before, letters, done.modseq)
    await _remember(tx, ref, before, after, Moment(done.modseq, now))
    if letters:
        await _put(tx, ref, after)
    elif former is not None:
        await tx.execute(DROP, ref.kind.account_id, ref.kind.name, ref.record_id, grantee_id)
    return done


def _changed(former: Grant, letters: str, modseq: int) -> Grant:
    reads = former.reads or modseq if RecordRight.READ in letters else 0
    given = former.given or modseq if letters else 0
    return msgspec.structs.replace(former, rights=in_order(letters), given=given, reads=reads)


async def _remember(tx: Transaction, ref: RecordRef, former: Grant, after: Grant, at: Moment) -> None:
    """What he could see, and cannot any more."""
    for kind, since, still in (
        (seen_by(ref.kind, after.grantee_id), former.given, after.given),
        (read_by(ref.kind, after.grantee_id), former.reads, after.reads),
    ):
        if since and not still:
            await record_spans.end(tx, kind, ref.record_id, Span(since, at.modseq), at.now)


async def withdraw(tx: Transaction, ref: RecordRef, now: int) -> tuple[RecordsChanged, list[Grant]]:
    """Takes everybody's rights in a record, which is to be removed; gives what they were, too. Checks nothing: whoever removes it does.

    Raises `NoSuchRecord`. `now`: unix microseconds.
    """
    account_id, name = ref.kind.account_id, ref.kind.name
    done = await records.touch(tx, ref.kind, ref.record_id)
    at = Moment(done.modseq, now)
    found = [_grant(row) for row in await tx.fetch(GRANTS, account_id, name, ref.record_id)]
    for one in found:
        nothing = msgspec.structs.replace(one, rights="", given=0, reads=0)
        await _remember(tx, ref, one, nothing, at)
        await tx.execute(DROP, account_id, name, ref.record_id, one.grantee_id)
    return done, found


async def subscribe(tx: Transaction, ref: RecordRef, *, subscribed: bool) -> RecordsChanged:
    """Whether somebody wishes to see what was shared with him. Raises `NoSuchRecord`."""
    done = await records.touch(tx, ref.kind, ref.record_id)
    grant = await grant_of(tx, ref, ref.who)
    if grant is None:
        raise NoSuchRecord
    await _put(tx, ref, msgspec.structs.replace(grant, subscribed=subscribed))
    return done


async def _put(tx: Transaction, ref: RecordRef, one: Grant) -> None:
    values = (one.grantee_id, one.rights, int(one.subscribed), one.given, one.reads)
    await tx.execute(PUT, ref.kind.account_id, ref.kind.name, ref.record_id, *values)


async def _must_have_room(tx: Transaction, ref: RecordRef) -> None:
    row = await tx.fetchrow(COUNT, ref.kind.account_id, ref.kind.name, ref.record_id)
    if row is not None and row[0] >= MAX_GRANTEES:
        raise NotPermitted(f"A list has at most {MAX_GRANTEES} entries")


def _grant(row: Sequence[Any]) -> Grant:
    return Grant(row[0], row[1], bool(row[2]), row[3], row[4])
