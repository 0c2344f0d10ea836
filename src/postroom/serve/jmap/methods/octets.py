"""The octets of blobs, for whoever may have them: of emails, of what is in their parts, of contacts, and of what was uploaded.

RFC 8620 §6, RFC 8621 §4.1.4. An email's blob has the email's number. What somebody uploads is his own, and nobody else's, whatever account he means it for:
it is looked for there after the account that a call is about. Not here: HTTP (`serve.jmap.http.transfer`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, ParamSpec, TypeVar

from postroom.message.encodings import transfer
from postroom.message.errors import MailError, OverQuota
from postroom.message.mime.structure import Structure, scan
from postroom.proto.jmap.blob_ids import BlobId, placed, read_blob_id
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.methods.folders import Folders
from postroom.store.blobs import blobs
from postroom.store.blobs.blobs import BlobRef
from postroom.store.emails import emails
from postroom.store.engine.transaction import Transaction, is_undone
from postroom.store.records import contacts
from postroom.store.records.contacts import Reach

IN_THREAD: Final = 65_536  # octets from which on a message is taken apart, or made, in a thread
MOST_UPLOADED: Final = 1 << 30  # octets that an account has uploaded and not used yet


P = ParamSpec("P")
T = TypeVar("T")


async def apart(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives, which looks at so many octets: of many in a thread, so that others have their turn."""
    return await asyncio.to_thread(work, *args, **kwargs) if size >= IN_THREAD else work(*args, **kwargs)


class _Message(NamedTuple):
    raw: bytes
    structure: Structure


class Octets:
    """Blobs as one account's calls reach for them. The message that a part was asked of last is kept: others of its parts may follow (`by_message`)."""

    def __init__(self, call: Call, account_id: int) -> None:
        self._call = call
        self._account_id = account_id
        self._folders: Folders | None = None
        self._messages: dict[BlobId, _Message] = {}

    async def read(self, written: str) -> bytes | None:
        """What a blob holds; None when there is none, or it is not for who asks."""
        blob = read_blob_id(self._call.resolved(written))  # RFC 9404 §4.1: or by its creation id
        return await self._content(blob) if blob is not None else None

    async def all(self, written: Iterable[str], most: int) -> tuple[dict[str, bytes], list[str]]:
        """What these blobs hold, and those that are not there; nothing more is read behind `most` octets."""
        found: dict[str, bytes] = {}
        missing: list[str] = []
        size = 0
        for one in written:
            if size > most:
                break
            octets = await self.read(one)
            if octets is None:
                missing.append(one)
            else:
                found[one] = octets
                size += len(octets)
        return found, missing

    async def _content(self, blob: BlobId) -> bytes | None:
        if not blob.parts:
            return await self._object(blob.number)
        message = await self._message(BlobId(blob.number, blob.parts[:-1]))
        return await apart(len(message.raw), _decoded, message, blob.parts[-1]) if message else None

    async def _message(self, blob: BlobId) -> _Message | None:
        """A message with its parts; kept, with those that it lies in, until one is asked for that does not lie in it."""
        if blob in self._messages:
            return self._messages[blob]
        raw = await self._content(blob)
        if raw is None:
            return None
        around = [BlobId(blob.number, blob.parts[:depth]) for depth in range(len(blob.parts))]
        self._messages = {one: self._messages[one] for one in around}
        self._messages[blob] = _Message(raw, await apart(len(raw), scan, raw))
        return self._messages[blob]

    async def _object(self, number: int) -> bytes | None:
        call = self._call
        if self._folders is None:
            self._folders = await Folders.read(call, self._account_id)
        if await emails.copies(call.reading, self._folders.reader, [number]):
            return await call.store.read_email(self._account_id, number)
        if await contacts.shows_blob(call.reading, Reach(self._account_id, call.visitor.account_id), number):
            return await call.store.read(self._account_id, number)
        # What is nothing of this account that he may read, he may have uploaded.
        return await call.store.read(call.visitor.account_id, number)


def _decoded(message: _Message, section: str) -> bytes | None:
    for place, part in enumerate(message.structure.parts):
        if section in (part.section, placed(place)) and (part.leaf or part.media_type == "message"):
            return transfer.decode(message.raw[part.body_start : part.body_end], part.encoding).octets
    return None


def by_message(written: Iterable[str]) -> list[str]:
    """These blobs, with all that are parts of one message behind each other: it is read and taken apart once."""

    def place(one: str) -> tuple[int, tuple[str, ...]]:
        blob = read_blob_id(one)
        return (blob.number, blob.parts) if blob is not None else (0, ())

    return sorted(written, key=place)


async def upload(call: Call, octets: bytes, owner_id: int = 0) -> BlobId:
    """Keeps octets for a while, until something is made of them, by an account or who asks; older ones make room (RFC 8620 §6).

    Raises `OverQuota`, `NoSpace`.
    """
    call.service.check_disk(len(octets))
    account_id, number = owner_id or call.visitor.account_id, call.service.ids.next()
    if len(octets) > MOST_UPLOADED:
        raise OverQuota("This is more than may be uploaded and not used")
    body = await call.store.durable(account_id, number, octets)
    now = call.service.now()

    async def work(tx: Transaction) -> tuple[int, list[int]]:
        kept = await blobs.park(tx, account_id, number, body, now)
        return kept, await blobs.make_room(tx, account_id, kept, MOST_UPLOADED)

    try:
        kept, gone = await call.write(work)
    except MailError as error:
        if is_undone(error) and isinstance(body, BlobRef):
            await call.store.discard(account_id, body)
        raise
    await call.store.dropped(account_id, gone)
    return BlobId(kept)
