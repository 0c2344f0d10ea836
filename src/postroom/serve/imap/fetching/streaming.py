"""One message that is too long for the memory: its response goes out in pieces, as the client reads.

RFC 9051 §7.5.2, RFC 3516 §4.3. The size of a literal comes first, so what is decoded is decoded twice: once to be counted. Not here: which section is
where (`serve.imap.sections`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from postroom.message.encodings.transfer_stream import Decoder, LineEnds, decoder
from postroom.message.errors import MailError
from postroom.message.headers.header import MAX_HEADER
from postroom.message.summary.summary import UNPARSED
from postroom.proto.imap.commands.fetching import Attribute
from postroom.proto.imap.sections import Of
from postroom.serve.imap import sections
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.fetching.items import SECTIONED, Found, Item, UnknownEncoding, literal
from postroom.serve.imap.sections import KNOWN_ENCODINGS, Chosen, Located
from postroom.store.emails.fetching import Octets

PIECE: Final = 131_072  # octets that are read at a time


async def stream(
    conversation: Conversation, m: Found, items: Sequence[tuple[Attribute, Item]], octets: Octets
) -> None:
    """Sends the whole response. Raises `UnknownEncoding` before anything was sent, and ConnectionError when it broke off behind that."""
    layout = m.layout
    head = await octets.read(0, MAX_HEADER) if layout.flags & UNPARSED else b""
    lies = sections.outline(layout, head)
    places = [
        sections.locate(lies, attribute.section) if attribute.name in SECTIONED else None
        for attribute, _ in items
    ]
    for (attribute, _), located in zip(items, places, strict=True):
        encoding = located.encoding if located and attribute.name != "BODY[]" else ""
        if encoding and encoding not in KNOWN_ENCODINGS:
            raise UnknownEncoding
    try:
        await _send(
            conversation, m, [(*pair, place) for pair, place in zip(items, places, strict=True)], octets
        )
    except MailError as error:  # whatever was said now would be taken for a part of the message
        assert conversation.connection is not None
        conversation.connection.close("a message could not be read to its end")
        raise ConnectionAbortedError(
            f"email {m.email_id} could not be read: {error.detail or error}"
        ) from error


async def _send(
    conversation: Conversation,
    m: Found,
    items: Sequence[tuple[Attribute, Item, Located | None]],
    octets: Octets,
) -> None:
    long, out = _Long(conversation, octets), conversation.out
    out.send(b"* %d %b (" % (m.number, b"UIDFETCH" if conversation.uid_only else b"FETCH"))
    for index, (attribute, row, located) in enumerate(items):
        out.send(b"%b%b " % (b" " if index else b"", attribute.label))
        if attribute.name in SECTIONED:
            await long.send(attribute, located)
        else:
            out.send(row.render(m))
        await conversation.drained()
    out.send(b")\r\n")


class _Measured(msgspec.Struct):
    """A content that was decoded once: its size as it is and with CRLF for every line end, and whether it holds NUL."""

    size: int = 0
    as_text: int = 0
    nul: bool = False


class _Long:
    """The sections of one message."""

    def __init__(self, conversation: Conversation, octets: Octets) -> None:
        self._conversation = conversation
        self._octets = octets

    async def send(self, attribute: Attribute, located: Located | None) -> None:
        """Sends the value of a section."""
        out = self._conversation.out
        if attribute.name == "BINARY.SIZE[]":
            size = await self._decoded_size(located) if located else 0
            out.send(b"%d" % size)
        elif located is None:
            out.send(b"NIL")
        elif attribute.section.of in (Of.FIELDS, Of.NOT_FIELDS):
            length = min(located.end - located.start, MAX_HEADER)
            header = await self._octets.read(located.start, length)
            value = Chosen(attribute.section).of(header, followed=located.followed)
            if attribute.partial:
                value = value[attribute.partial[0] :][: attribute.partial[1]]
            out.send(literal(value))
        elif attribute.name == "BINARY[]":
            await self._send_decoded(attribute, located)
        else:
            await self._send_plain(attribute, located)

    async def _send_plain(self, attribute: Attribute, located: Located) -> None:
        start, end = located.start, located.end
        if attribute.partial:
            start = min(end, start + attribute.partial[0])
            end = min(end, start + attribute.partial[1])
        self._conversation.out.send(b"{%d}\r\n" % (end - start))
        async for piece in self._pieces(start, end):
            self._conversation.out.send(piece)
            await self._conversation.drained()

    async def _send_decoded(self, attribute: Attribute, located: Located) -> None:
        measured = await self._measure(located)
        text = located.text and not measured.nul
        size = measured.as_text if text else measured.size
        first, count = attribute.partial or (0, size)
        first = min(first, size)
        last = min(first + count, size)
        out = self._conversation.out
        out.send(b"%b{%d}\r\n" % (b"~" if measured.nul else b"", last - first))
        at = 0
        async for piece in self._decoded(located, text=text):
            wanted = piece[max(0, first - at) : max(0, last - at)]
            at += len(piece)
            if wanted:
                out.send(wanted)
                await self._conversation.drained()
            if at >= last:
                break

    async def _decoded_size(self, located: Located) -> int:
        measured = await self._measure(located)
        return measured.as_text if located.text and not measured.nul else measured.size

    async def _measure(self, located: Located) -> _Measured:
        measured = _Measured()
        lines = LineEnds(decoder(""))
        async for piece in self._decoded(located, text=False):
            measured.size += len(piece)
            measured.nul = measured.nul or b"\0" in piece
            if located.text:
                measured.as_text += len(lines.feed(piece))
        measured.as_text += len(lines.finish())
        return measured

    async def _decoded(self, located: Located, *, text: bool) -> AsyncIterator[bytes]:
        undo: Decoder = decoder(located.encoding)
        if text:
            undo = LineEnds(undo)
        async for piece in self._pieces(located.start, located.end):
            yield undo.feed(piece)
        yield undo.finish()

    async def _pieces(self, start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, end, PIECE):
            yield await self._octets.read(at, min(PIECE, end - at))
