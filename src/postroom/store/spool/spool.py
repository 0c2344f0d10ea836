"""The spool: messages that were accepted and are not all delivered yet.

A message's row is written once and never updated; the jobs that deliver it (`store.spool.jobs`) change, one for each next hop, with a row for each
copy. All rows of a message share a slot. RFC 5321 §4.1.1.4: once they are committed, the message is ours. Not here: leases, retries,
and where a recipient's copy goes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.envelope import BodyKind, DeliverBy, Notify, Ret
from postroom.store.engine.ids import node_of
from postroom.store.engine.transaction import Row, Transaction

SLOTS = 256
STRETCH = 2000  # jobs that one statement goes through, of those that go through the whole queue
LAST_JOB = 1 << 62  # greater than any job's number
BEFORE_ALL = (-1, 0, 0)  # slot, message and number of a job that is before all others


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """What the transfer was asked to do, beside sender and recipients (see `message.envelope`); new fields go to the end."""

    envid: str | None = None
    ret: Ret | None = None
    body: BodyKind = BodyKind.SEVEN_BIT
    smtputf8: bool = False
    deliver_by: DeliverBy | None = None
    hold_until: int | None = None
    priority: int = 0
    auth: str | None = None
    from_mta: str = ""
    shown: bool = False
    require_tls: bool = False
    tls_optional: bool = False
    junk: bool = False  # copies that are filed here go into Junk
    vouched: bool = False  # one of ours has written it: it is signed when it leaves


class Blob(msgspec.Struct, frozen=True):
    """Where a large body lies: a blob of this account."""

    account_id: int
    blob_id: int


class Spooled(msgspec.Struct, frozen=True):
    """A message in the spool. `accepted` is unix microseconds, `sender` None the null reverse-path, `size` octets of the body.

    `body` is its bytes, or the blob that holds them; None where it was not read.
    """

    spool_id: int
    accept_id: int
    accepted: int
    sender: Address | None
    size: int
    body: bytes | Blob | None = None
    terms: Terms = Terms()


class Copy(msgspec.Struct, frozen=True):
    """One copy: `n` is unique in its message and the key of its delivery, `rcpt` the number of the recipient in the envelope.

    `account_id` is set for a copy that is filed here; `expanded` tells that an alias, list or forward stood between. `status` is what
    the last attempt said: our own words, or line by line the reply of the server `remote`.
    """

    n: int
    rcpt: int
    address: Address
    notify: Notify | None = None
    orcpt: str | None = None
    account_id: int = 0
    detail: str = ""
    expanded: bool = False
    status: str = ""
    remote: str = ""


class CopyTerms(msgspec.Struct, frozen=True, array_like=True):
    """What a row keeps of a `Copy` in packed form; new fields go to the end."""

    rcpt: int
    notify: int | None = None
    orcpt: str | None = None
    account_id: int = 0
    detail: str = ""
    expanded: bool = False


class Lease(msgspec.Struct, frozen=True):
    """Who works, when, and until when the work is nobody else's (unix microseconds)."""

    node: int
    now: int
    until: int


class NewJob(msgspec.Struct, frozen=True):
    """A job to be: copies for one next hop. With a `lease` it begins as that node's, else it waits until `due`."""

    hop: str
    copies: Sequence[Copy]
    due: int
    expires: int
    alarm: int
    lease: Lease | None = None


def slot_of(spool_id: int) -> int:
    """The slot of a message: that of the node which accepted it, so that one node's mail lies together."""
    return node_of(spool_id) % SLOTS


_PUT = """
INSERT INTO spool (slot, spool_id, accept_id, accepted, sender, terms, size, blob_account, blob_id, body)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_PUT_JOB = """
INSERT INTO jobs (slot, spool_id, job, hop, rank, due, alarm, node, epoch, attempts, notices, held, expires, why)
 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 0, $10, '')
"""
_PUT_COPY = "INSERT INTO rcpt (slot, spool_id, n, job, address, terms, status, remote) VALUES ($1, $2, $3, $4, $5, $6, '', '')"


async def put(tx: Transaction, letter: Spooled, jobs: Sequence[NewJob]) -> None:
    """Writes a message with its jobs, numbered from 0 in their order; every copy's `n` is different. At least one job."""
    if not jobs or letter.body is None:
        raise ValueError("a message in the spool has a body and a job")
    slot = slot_of(letter.spool_id)
    blob, body = (letter.body, None) if isinstance(letter.body, Blob) else (_NO_BLOB, letter.body)
    await tx.execute(
        _PUT,
        slot,
        letter.spool_id,
        letter.accept_id,
        letter.accepted,
        str(letter.sender or ""),
        _pack(letter.terms),
        letter.size,
        blob.account_id,
        blob.blob_id,
        body,
    )
    for number, job in enumerate(jobs):
        await _put_job(tx, letter, number, job)


async def _put_job(tx: Transaction, letter: Spooled, number: int, job: NewJob) -> None:
    slot = slot_of(letter.spool_id)
    due, node, epoch = (job.lease.until, job.lease.node, 1) if job.lease else (job.due, 0, 0)
    rank = -letter.terms.priority
    await tx.execute(
        _PUT_JOB, slot, letter.spool_id, number, job.hop, rank, due, job.alarm, node, epoch, job.expires
    )
    rows = [
        (slot, letter.spool_id, copy.n, number, str(copy.address), _pack(_copy_terms(copy)))
        for copy in job.copies
    ]
    if len(rows) == 1:
        await tx.execute(_PUT_COPY, *rows[0])
    else:
        await tx.executemany(_PUT_COPY, rows)


_BODY = "SELECT body, blob_account, blob_id FROM spool WHERE slot = $1 AND spool_id = $2"


async def body(tx: Transaction, spool_id: int) -> bytes | Blob | None:
    """The bytes of a message, or the blob where they are; None when it is not in the spool any more."""
    row = await tx.fetchrow(_BODY, slot_of(spool_id), spool_id)
    if row is None:
        return None
    return Blob(row[1], row[2]) if row[2] else bytes(row[0])


_LETTER = """
SELECT s.spool_id, s.accept_id, s.accepted, s.sender, s.size, s.terms FROM spool s WHERE s.slot = $1 AND s.spool_id = $2
"""


async def letter(tx: Transaction, spool_id: int) -> Spooled | None:
    """A message without its body; None when it is not in the spool."""
    row = await tx.fetchrow(_LETTER, slot_of(spool_id), spool_id)
    return None if row is None else read_letter(row)


def read_letter(row: Row) -> Spooled:
    """The columns of `_LETTER`, perhaps followed by others, as a value."""
    spool_id, accept_id, accepted, sender, size, terms = row[:6]
    return Spooled(
        spool_id,
        accept_id,
        accepted,
        parse_mailbox(sender, unqualified=True),
        size,
        None,
        _terms.decode(terms),
    )


_COPIES = """
SELECT r.n, r.address, r.terms, r.status, r.remote FROM rcpt r WHERE r.slot = $1 AND r.spool_id = $2 AND r.job = $3 ORDER BY r.n
"""


async def copies(tx: Transaction, spool_id: int, job: int) -> list[Copy]:
    """The copies that a job still has to deliver."""
    return [read_copy(row) for row in await tx.fetch(_COPIES, slot_of(spool_id), spool_id, job)]


def read_copy(row: Row) -> Copy:
    """The columns of `_COPIES`, perhaps followed by others, as a value."""
    n, address, packed, status, remote = row[:5]
    terms = _copy.decode(packed)
    notify = None if terms.notify is None else Notify(terms.notify)
    mailbox = parse_mailbox(address, unqualified=True) or Address(address, "")
    known = terms.rcpt, mailbox, notify, terms.orcpt, terms.account_id, terms.detail, terms.expanded
    return Copy(n, *known, status, remote)


_REACH = """
SELECT slot, spool_id FROM jobs WHERE (slot, spool_id, job) > ($1, $2, $3) ORDER BY slot, spool_id, job LIMIT 1 OFFSET $4
"""


async def stretches(
    tx: Transaction, after: tuple[int, int, int] = BEFORE_ALL
) -> AsyncIterator[tuple[tuple[int, int, int], tuple[int, int]]]:
    """The queue beyond a job (slot, message, number), in parts for one statement each: beyond which job, up to which message with all its jobs.

    Whoever goes through all of it by a reading transaction that rests after each statement lets others have their turn.
    """
    while (row := await tx.fetchrow(_REACH, *after, STRETCH)) is not None:
        last = int(row[0]), int(row[1])
        yield after, last
        after = (*last, LAST_JOB)
    yield after, (SLOTS, 0)


_COUNT = """
SELECT COUNT(*) FROM (SELECT DISTINCT slot, spool_id FROM jobs
 WHERE (slot, spool_id, job) > ($1, $2, $3) AND (slot, spool_id) <= ($4, $5)) AS waiting
"""


async def count(tx: Transaction) -> int:
    """Messages in the spool, for the limit on what is taken in.

    Reads all jobs, though no bodies: ask every few seconds, not for each mail.
    """
    number = 0
    async for after, last in stretches(tx):
        row = await tx.fetchrow(_COUNT, *after, *last)
        number += int(row[0]) if row is not None else 0
    return number


def _copy_terms(copy: Copy) -> CopyTerms:
    notify = None if copy.notify is None else int(copy.notify)
    return CopyTerms(copy.rcpt, notify, copy.orcpt, copy.account_id, copy.detail, copy.expanded)


_NO_BLOB = Blob(0, 0)
_pack = msgspec.msgpack.Encoder().encode
_terms = msgspec.msgpack.Decoder(Terms)
_copy = msgspec.msgpack.Decoder(CopyTerms)
