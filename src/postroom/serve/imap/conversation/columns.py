"""Values of messages that never change, by mailbox and column, kept between searches: what a uid stands for is the same as long as it is there.

RFC 9051 §2.3.1.1 (a uid names one message for ever), RFC 5256 §2.2 and §3, RFC 5957 §3. A column is kept in blocks of consecutive uids, read when
somebody asks for them; new messages are added at the end, and what was expunged does no harm, since nobody asks for it. The blocks that were not
asked for longest go when there are too many. Not here: flags and modseqs, which change.
"""

from __future__ import annotations

import asyncio
import enum
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from postroom.message.encodings import encoded_words
from postroom.message.encodings.casemap import casemap
from postroom.message.headers.dates import Moment, parse_sent
from postroom.message.headers.header import spaced
from postroom.message.headers.subject import is_reply
from postroom.message.summary.summary import Person, summarize
from postroom.message.summary.words import Words, people, reader
from postroom.proto.imap import client_tokens
from postroom.serve.imap.conversation.slices import BLOCK
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.search import searching
from postroom.wire.cursor import Cursor

MAX_KEPT: Final = 64 << 20  # octets, estimated, of all columns of all mailboxes
_GROUP_END: Final = b"(NIL NIL NIL NIL)"  # in an ENVELOPE
_VALUE: Final = 100  # octets that a value costs beside its text, about

T = TypeVar("T")


class Links(msgspec.Struct, frozen=True, gc=False):
    """What threading looks at. `sent` as in the column; `references`: from the farthest to the nearest; `reply`: the subject is that of a reply or forward."""

    sent: int | None
    message_id: str
    references: tuple[str, ...]
    base_subject: str
    reply: bool


class Column(enum.Enum):
    """What is kept; texts are mapped by `casemap`."""

    SUBJECT = "subject"
    FROM = "from"
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    DAY = "the day of Date, since 1970-01-01, where its writer was; None without"
    SENT = "Date in unix seconds; None without"
    BASE_SUBJECT = "base subject"
    FIRST_FROM = "local part of the first From"
    FIRST_TO = "local part of the first To"
    FIRST_CC = "local part of the first Cc"
    DISPLAY_FROM = "the first From as it is shown"
    DISPLAY_TO = "the first To as it is shown"
    LINKS = "Links"
    EMAIL = "the id of the email"
    ARRIVED = "internaldate, unix microseconds"
    SIZE = "octets"


class _Place(enum.IntEnum):
    """Where a field of addresses is in ENVELOPE (RFC 9051 §7.5.2)."""

    FROM = 2
    TO = 5
    CC = 6
    BCC = 7


def _groups(found: Words, place: _Place, most: int | None = None) -> list[str]:
    """The names of the groups among the first addresses of a field: those that have a mailbox and no host."""
    if _GROUP_END not in found.envelope:
        return []
    fields = client_tokens.value(Cursor(found.envelope))
    addresses = fields[place] if isinstance(fields, list) else None
    return [
        encoded_words.decode(client_tokens.plain(mailbox))
        for _, _, mailbox, host in (addresses[:most] if isinstance(addresses, list) else ())
        if host is None and mailbox is not None
    ]


def _people(found: Words, persons: list[Person], place: _Place) -> str:
    """The mailboxes of a field, and its groups by name."""
    groups = [f"{name}:" for name in _groups(found, place)]
    return casemap(spaced(", ".join([people(persons), *groups]) if groups else people(persons)))


def _first(found: Words, persons: list[Person], place: _Place) -> str:
    """addr-mailbox of the first address (RFC 5256 §3), which of a group is its name; "" where there is none."""
    if group := _groups(found, place, 1):
        return casemap(group[0])
    return casemap(persons[0].email.rpartition("@")[0] or persons[0].email) if persons else ""


def _shown(found: Words, persons: list[Person], place: _Place) -> str:
    """The sort value of the first address (RFC 5957 §3)."""
    if group := _groups(found, place, 1):
        return casemap(group[0])
    return casemap(persons[0].name or persons[0].email) if persons else ""


def _moment(found: Words) -> Moment | None:
    """The sent date (RFC 5256 §2.2), also of a Date that is not quite one."""
    if found.sent_at is not None or found.envelope.startswith(b"(NIL "):
        return found.sent_at
    fields = client_tokens.value(Cursor(found.envelope))
    return parse_sent(client_tokens.plain(fields[0])) if isinstance(fields, list) and fields else None


def _sent(found: Words) -> int | None:
    sent = _moment(found)
    return None if sent is None else sent.seconds


def _day(found: Words) -> int | None:
    sent = _moment(found)
    return None if sent is None else (sent.seconds + 60 * (sent.offset or 0)) // 86_400


def _links(found: Words) -> Links:
    """RFC 5256 §3: References, else the first id of In-Reply-To."""
    references = found.references or found.in_reply_to[:1]
    return Links(
        _sent(found),
        found.message_id[0] if found.message_id else "",
        tuple(references),
        casemap(found.base_subject),
        found.subject != found.base_subject and is_reply(found.subject),
    )


class _OfWords:
    """A column that comes from these values of a summary."""

    __slots__ = ("_read", "_value")

    def __init__(self, names: str, value: Callable[[Words], Any]) -> None:
        self._read = reader(*names.split())
        self._value = value

    async def of(self, rows: Sequence[Row], anew: Callable[[int], Awaitable[bytes]]) -> list[Any]:
        """The column's values; rows are (uid, packed summary, email id), and `anew` gives the summary of an email as it is made today."""
        read, value = self._read, self._value
        found = read([row[1] for row in rows])
        if None in found:
            for at in [at for at, words in enumerate(found) if words is None]:
                [found[at]] = read([await anew(rows[at][2])])
        return [value(words) for words in found if words is not None]


_OF_WORDS: Final[dict[Column, _OfWords]] = {
    Column.SUBJECT: _OfWords("subject", lambda found: casemap(spaced(found.subject))),
    Column.FROM: _OfWords("envelope from_", lambda found: _people(found, found.from_, _Place.FROM)),
    Column.TO: _OfWords("envelope to", lambda found: _people(found, found.to, _Place.TO)),
    Column.CC: _OfWords("envelope cc", lambda found: _people(found, found.cc, _Place.CC)),
    Column.BCC: _OfWords("envelope bcc", lambda found: _people(found, found.bcc, _Place.BCC)),
    Column.DAY: _OfWords("envelope sent_at", _day),
    Column.SENT: _OfWords("envelope sent_at", _sent),
    Column.BASE_SUBJECT: _OfWords("base_subject", lambda found: casemap(found.base_subject)),
    Column.FIRST_FROM: _OfWords("envelope from_", lambda found: _first(found, found.from_, _Place.FROM)),
    Column.FIRST_TO: _OfWords("envelope to", lambda found: _first(found, found.to, _Place.TO)),
    Column.FIRST_CC: _OfWords("envelope cc", lambda found: _first(found, found.cc, _Place.CC)),
    Column.DISPLAY_FROM: _OfWords("envelope from_", lambda found: _shown(found, found.from_, _Place.FROM)),
    Column.DISPLAY_TO: _OfWords("envelope to", lambda found: _shown(found, found.to, _Place.TO)),
    Column.LINKS: _OfWords("envelope subject base_subject sent_at message_id in_reply_to references", _links),
}
_OF_ROW: Final[dict[Column, Callable[[searching.Kept], int]]] = {
    Column.ARRIVED: lambda kept: kept.internaldate,
    Column.SIZE: lambda kept: kept.size,
}


class Origin(msgspec.Struct, frozen=True):
    """Where the values of a mailbox come from: `read_email(account_id, email_id)` gives a message's octets, None when it is gone."""

    tx: Transaction
    mailbox: MailboxRef
    read_email: Callable[[int, int], Awaitable[bytes | None]]

    async def anew(self, email_id: int) -> bytes:
        """The packed summary of an email, from its octets: what was kept is of another version."""
        raw = await self.read_email(self.mailbox.account_id, email_id)
        return await asyncio.to_thread(lambda: summarize(raw or b"").pack())


class Block:
    """A column's values for some of the uids from `first` on, up to `through`, beyond which nothing was read yet."""

    __slots__ = ("_joined", "_starts", "cost", "through", "uids", "values")

    def __init__(self, through: int) -> None:
        self.through = through
        self.uids: list[int] = []
        self.values: list[Any] = []
        self.cost = 0
        self._joined = ""
        self._starts: list[int] = []

    def extend(self, uids: Sequence[int], values: Sequence[Any]) -> None:
        """More, above what is there."""
        self.uids += uids
        self.values += values
        self.cost += _VALUE * len(values) + sum([len(value) for value in values if isinstance(value, str)])
        self._starts = []

    def holding(self, needle: str) -> list[int]:
        """The uids whose text has the needle; the texts have no line ends."""
        if "\n" in needle:
            return []
        if not self._starts:
            self._join()
        found: list[int] = []
        joined, starts = self._joined, self._starts
        at = joined.find(needle)
        while at >= 0:
            place = bisect_right(starts, at) - 1
            found.append(self.uids[place])
            if place + 1 == len(starts):
                break
            at = joined.find(needle, starts[place + 1])
        return found

    def _join(self) -> None:
        self._joined = "\n".join([value.replace("\n", " ") for value in self.values])
        at, starts = 0, []
        for value in self.values:
            starts.append(at)
            at += len(value) + 1
        self._starts = starts


class Columns:
    """The columns of all mailboxes of one store that somebody looked at."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._blocks: OrderedDict[tuple[int, int, int, Column], Block] = OrderedDict()
        self._most = most
        self._cost = 0

    async def block(self, origin: Origin, place: tuple[int, int], column: Column) -> Block:
        """The block `place[0]` of a column, filled up to the uid `place[1]`, which lies below the mailbox's uidnext."""
        (number, last), mailbox = place, origin.mailbox
        key = (mailbox.account_id, mailbox.mailbox_id, number, column)
        end = min(last, (number + 1) * BLOCK - 1)
        block = self._blocks.get(key)
        if block is None:
            block = self._blocks[key] = Block(number * BLOCK - 1)
        else:
            self._blocks.move_to_end(key)
        if block.through < end:
            span = (block.through + 1, end)
            uids, values = await _read(origin, span, column)
            if block.through < end:  # nobody else was faster
                before = block.cost
                fresh = [at for at, uid in enumerate(uids) if uid > block.through]
                block.extend([uids[at] for at in fresh], [values[at] for at in fresh])
                block.through = end
                if self._blocks.get(key) is block:  # it may have gone meanwhile
                    self._cost += block.cost - before
                    self._shrink()
            await asyncio.sleep(0)
        return block

    def _shrink(self) -> None:
        while self._cost > self._most and len(self._blocks) > 1:
            _, gone = self._blocks.popitem(last=False)
            self._cost -= gone.cost


async def _read(origin: Origin, span: tuple[int, int], column: Column) -> tuple[list[int], list[Any]]:
    if column is Column.EMAIL:
        pairs = await searching.emails(origin.tx, origin.mailbox, span)
        return [uid for uid, _ in pairs], [email_id for _, email_id in pairs]
    of_row = _OF_ROW.get(column)
    if of_row is not None:
        rows = await searching.kept(origin.tx, origin.mailbox, span)
        return [row.uid for row in rows], [of_row(row) for row in rows]
    packed = await searching.summaries(origin.tx, origin.mailbox, span)
    return [row[0] for row in packed], await _OF_WORDS[column].of(packed, origin.anew)
