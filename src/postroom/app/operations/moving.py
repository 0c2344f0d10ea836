"""Operations that take mail into an account and give it out: with its folders, flags and times, whatever files it came from or goes to.

RFC 9051 §2.3.2 (flags), §2.3.3 (internal date). Who knows what a folder has already (`DIGESTS`) need not give it again, so that an import may be repeated. Not here: files
and their formats (`app.cli.mail_sources`, `app.cli.mail_targets`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.office import Office, Operation, own_address
from postroom.deliver.filing import describe, discard_undone, make_durable
from postroom.message.errors import MailError
from postroom.message.summary.summary import summarize
from postroom.store.administration import accounts
from postroom.store.blobs.spilled import Content
from postroom.store.changes import Change
from postroom.store.emails import fetching
from postroom.store.emails.arriving import arrive
from postroom.store.emails.delivery import Delivery
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.flags import Flag, is_keyword, join_keywords, split_keywords
from postroom.store.mailboxes.mailboxes import TOP, NewMailbox
from postroom.store.mailboxes.messages import Message
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox

MOST_MAILS: Final = 200  # of one request
MOST_OCTETS: Final = 8 << 20  # of the messages of one request; a longer one goes as its content
PIECE: Final = 256 * 1024  # octets of a message that are given at once
SLICE: Final = 1_000  # rows that are read at once
# Unix seconds that are a time of the years 1 to 9999 wherever one is: no other can be written as a date.
EARLIEST: Final = -62_135_500_000
LATEST: Final = 253_402_200_000
_BITS: Final = {"D": Flag.DRAFT, "F": Flag.FLAGGED, "R": Flag.ANSWERED, "S": Flag.SEEN, "T": Flag.DELETED}


class Coming(msgspec.Struct, frozen=True):
    """A message for an account. `flags` are Maildir's letters; `at` unix seconds, None: now."""

    octets: bytes
    at: int | None = None
    flags: str = ""
    keywords: list[str] = []


class TakeMail(msgspec.Struct, frozen=True):
    """Messages for a folder, whose path is made where it is not there, `subscribed` or not; with `content`, one message, whose octets these are."""

    address: str
    path: list[str]
    mails: list[Coming]
    content: Content = b""
    subscribed: bool = True


class Taken(msgspec.Struct, frozen=True):
    """What came of it: how many were taken."""

    taken: int


class ListMail(msgspec.Struct, frozen=True):
    """The folder of an account with this path; the empty one: all folders."""

    address: str
    path: list[str] = []


class Digests(msgspec.Struct, frozen=True):
    """SHA-256 of messages in a folder."""

    digests: list[bytes]


class Given(msgspec.Struct, frozen=True):
    """A piece of a message, in its folder; the first piece has how many octets it is (`size`), when it came, and its marks.

    A folder without messages is told by a piece without any (`uid` 0).
    """

    path: list[str]
    uid: int = 0
    size: int = 0
    at: int = 0
    flags: str = ""
    keywords: list[str] = []
    octets: bytes = b""


async def take(office: Office, _: Caller, given: TakeMail) -> AsyncIterator[Taken]:
    """Takes messages into a folder, all of a request in one commit."""
    if len(given.mails) > MOST_MAILS:
        raise OperationError(f"{len(given.mails)} messages, at most {MOST_MAILS} are taken at once")
    target = await _target(office, given)
    contents: list[tuple[Coming, Content]] = [(one, one.octets or given.content) for one in given.mails]
    deliveries = [_delivery(office, target, one, octets) for one, octets in contents if len(octets)]
    try:
        for delivery in deliveries:
            await make_durable(office.store.durable, delivery)
        done = await office.engine.write(lambda tx: arrive(tx, target, deliveries), Urgency.CLIENT)
    except MailError as error:
        await discard_undone(office.store.discard, deliveries, error)
        raise
    office.publish([one.change for one in done])
    yield Taken(len(done))


async def _target(office: Office, given: TakeMail) -> MailboxRef:
    """The folder, made with those above it if need be."""
    who = await own_address(office.engine.reading(), given.address)
    numbers = [office.ids.next() for _ in given.path]
    now = office.clock.now()

    async def work(tx: Transaction) -> tuple[int, int, list[Change]]:
        account_id = (await accounts.get(tx, who)).account_id
        parent, changes = TOP, list[Change]()
        for depth, number in enumerate(numbers, 1):
            try:
                parent = await mailboxes.by_path(tx, account_id, given.path[:depth])
            except NoSuchMailbox:
                subscribed = given.subscribed or depth < len(given.path)
                new = NewMailbox(number, given.path[depth - 1], parent, subscribed=subscribed)
                changes.append(await mailboxes.create(tx, account_id, new, now))
                parent = number
        return account_id, parent, changes

    try:
        account_id, number = await _there(office, given)
    except NoSuchMailbox:
        account_id, number, changes = await office.engine.write(work, Urgency.CLIENT)
        office.publish(changes)
    return MailboxRef(account_id, number)


async def _there(office: Office, given: TakeMail | ListMail) -> tuple[int, int]:
    tx = office.engine.reading()
    account_id = (await accounts.get(tx, await own_address(tx, given.address))).account_id
    return account_id, await mailboxes.by_path(tx, account_id, given.path)


def _delivery(office: Office, target: MailboxRef, mail: Coming, octets: Content) -> Delivery:
    now = office.clock.now()
    flags = Flag(0)
    for letter in mail.flags:
        flags |= _BITS.get(letter, Flag(0))
    delivery = Delivery(
        account_id=target.account_id,
        mailbox_id=target.mailbox_id,
        email_id=office.ids.next(),
        raw=octets,
        size=len(octets),
        summary=b"",
        internaldate=now if mail.at is None or not EARLIEST <= mail.at <= LATEST else mail.at * 1_000_000,
        now=now,
        flags=flags,
        keywords=tuple(split_keywords(join_keywords(one for one in mail.keywords if is_keyword(one)))),
    )
    if isinstance(octets, bytes):
        describe(delivery, summarize(octets))
    return delivery


async def digests(office: Office, _: Caller, wanted: ListMail) -> AsyncIterator[Digests]:
    """Yields what is in a folder; nothing when there is no such folder."""
    try:
        ref = MailboxRef(*await _there(office, wanted))
    except NoSuchMailbox:
        return
    after = 0
    while found := await messages.digests(office.engine.reading(), ref, after, SLICE):
        after = found[-1][0]
        yield Digests([digest for _, digest in found])


async def give(office: Office, _: Caller, wanted: ListMail) -> AsyncIterator[Given]:
    """Yields every message of the folders, in pieces, by uid; copies that are marked as deleted as well."""
    tx = office.engine.reading()
    account_id = (await accounts.get(tx, await own_address(tx, wanted.address))).account_id
    boxes = {box.mailbox_id: box for box in await mailboxes.listing(tx, account_id)}
    chosen = await mailboxes.by_path(tx, account_id, wanted.path) if wanted.path else 0
    for box in boxes.values():
        if chosen in (0, box.mailbox_id):
            path = [box.name]
            above = boxes.get(box.parent_id)
            while above is not None:
                path.insert(0, above.name)
                above = boxes.get(above.parent_id)
            async for piece in _given(office, MailboxRef(account_id, box.mailbox_id), path):
                yield piece


async def _given(office: Office, ref: MailboxRef, path: list[str]) -> AsyncIterator[Given]:
    yield Given(path)
    after = 0
    while found := await messages.listing(office.engine.reading(), ref, after, 200):
        after = found[-1].uid
        for one in found:
            async for piece in _pieces(office, ref, path, one):
                yield piece


async def _pieces(office: Office, ref: MailboxRef, path: list[str], one: Message) -> AsyncIterator[Given]:
    octets = await fetching.octets_of(office.store, ref.account_id, one.email_id)
    if octets is None:
        return  # expunged meanwhile
    letters = "".join(letter for letter, bit in _BITS.items() if one.flags & bit)
    head = Given(
        path, one.uid, octets.size, one.internaldate // 1_000_000, letters, split_keywords(one.keywords)
    )
    for at in range(0, octets.size, PIECE):
        piece = await octets.read(at, min(PIECE, octets.size - at))
        yield msgspec.structs.replace(head, octets=piece) if at == 0 else Given(path, one.uid, octets=piece)


TAKE: Final = Operation("mail.take", TakeMail, Taken, take)
DIGESTS: Final = Operation("mail.digests", ListMail, Digests, digests, reads=True)
GIVE: Final = Operation("mail.give", ListMail, Given, give, reads=True)
