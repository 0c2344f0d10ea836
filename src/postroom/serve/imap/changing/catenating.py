"""Messages put together of what came and of what is in mailboxes already.

RFC 4469 §3 (CATENATE), RFC 5550 §3 (URL-PARTIAL). Parts follow each other octet for octet, as FETCH would give them. Not here: URLs themselves
(`proto.imap.urls`), those that carry an authorization (`serve.imap.urlauth`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from postroom.message.errors import MailError, MessageTooBig
from postroom.message.headers.header import MAX_HEADER
from postroom.message.summary.summary import Layout, Summary, is_current, summarize, unpack_layout
from postroom.proto.imap.commands.appending import NewMessage, Url
from postroom.proto.imap.sections import Of
from postroom.proto.imap.urls import BadUrl, ImapUrl, parse_url, shown
from postroom.serve.imap.conversation.conversation import Conversation, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.serve.imap.sections import Chosen, locate, outline
from postroom.store.blobs.spilled import Content
from postroom.store.emails.arriving import Original, originals
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.rights import MailboxRef

PIECE: Final = 262_144  # octets that are read, and held, at a time


class Extract(msgspec.Struct, frozen=True):
    """What a URL leads to: octets of an object from `start` to `end`, or the `chosen` fields of a header."""

    account_id: int
    blob_id: int
    start: int
    end: int
    chosen: bytes | None = None

    @property
    def size(self) -> int:
        """How many octets it has."""
        return self.end - self.start


async def catenate(conversation: Conversation, message: NewMessage, came: Sequence[Content]) -> Content:
    """The whole of a message; `came` are its literals. Raises BADURL, `MessageTooBig`, `NoSpace`."""
    most, arrivals = conversation.service.config.message, conversation.arrivals
    texts = iter(came)
    held: list[bytes] = []
    size = kept = 0
    arrivals.open_body()
    for part in message.parts:
        pieces = (
            url_pieces(conversation, await _extract(conversation, part.url))
            if isinstance(part, Url)
            else _text_pieces(next(texts))
        )
        async for piece in pieces:
            size += len(piece)
            if size > most:
                raise MessageTooBig
            held.append(piece)
            if size - kept >= PIECE:
                await arrivals.add(b"".join(held))
                held, kept = [], size
    return await arrivals.finish(b"".join(held))


async def _extract(conversation: Conversation, url: str) -> Extract:
    try:
        parsed = parse_url(url)
        if parsed.host or parsed.access:  # RFC 4469 §3: relative ones only
            raise BadUrl
        return await extract(conversation, parsed)
    except (BadUrl, MailError):
        raise Refusal("A URL leads to nothing", f"BADURL {shown(url)}") from None


async def extract(conversation: Conversation, url: ImapUrl) -> Extract:
    """What a relative URL leads to, for the one who is logged in. Raises `BadUrl`, `NoSuchMailbox`, `NotPermitted`."""

    async def look(tx: Transaction) -> tuple[MailboxRef, list[Original]]:
        ref = await _mailbox(conversation, tx, url)
        if url.uidvalidity is not None and (await mailboxes.get(tx, ref)).uidvalidity != url.uidvalidity:
            raise BadUrl
        return ref, await originals(tx, ref, [(url.uid, url.uid)], 1)

    ref, found = await conversation.snapshot(look)
    if not found:
        raise BadUrl
    return await part_of(conversation, ref.account_id, found[0], url)


async def _mailbox(conversation: Conversation, tx: Transaction, url: ImapUrl) -> MailboxRef:
    if url.mailbox:
        return await names.find(conversation, tx, url.mailbox)
    if conversation.view is None:
        raise BadUrl
    return conversation.view.ref


async def part_of(conversation: Conversation, account_id: int, found: Original, url: ImapUrl) -> Extract:
    """The section and octets of a message that a URL names. Raises `BadUrl`."""
    store, section = conversation.store, url.section
    head = b""
    layout: Layout | Summary
    if is_current(found.summary):
        layout = unpack_layout(found.summary)
    else:
        layout = await asyncio.to_thread(summarize, await store.read(account_id, found.blob_id) or b"")
    if layout.header_size == 0:  # perhaps it was not looked into
        head = await store.read(account_id, found.blob_id, 0, MAX_HEADER) or b""
    located = locate(outline(layout, head), section)
    if located is None:
        raise BadUrl
    start, end, chosen = located.start, located.end, None
    if section.of in (Of.FIELDS, Of.NOT_FIELDS):
        header = await store.read(account_id, found.blob_id, start, min(end - start, MAX_HEADER))
        chosen = Chosen(section).of(header or b"", followed=located.followed)
        start, end = 0, len(chosen)
    if url.partial is not None:
        first, length = url.partial
        start = min(start + first, end)
        end = end if length is None else min(start + length, end)
    return Extract(account_id, found.blob_id, start, end, chosen)


async def url_pieces(conversation: Conversation, found: Extract) -> AsyncIterator[bytes]:
    """The octets. Raises BADURL when the message goes meanwhile."""
    if found.chosen is not None:
        yield found.chosen[found.start : found.end]
        return
    for start in range(found.start, found.end, PIECE):
        length = min(PIECE, found.end - start)
        piece = await conversation.store.read(found.account_id, found.blob_id, start, length)
        if piece is None or len(piece) < length:
            raise Refusal("A message went meanwhile", "EXPUNGEISSUED")
        yield piece


async def _text_pieces(content: Content) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    pieces = iter(content)
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece
