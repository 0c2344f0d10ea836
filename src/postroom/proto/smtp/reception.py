"""The message arrives: steps of a conversation that read it.

RFC 5321 §4.1.1.4 (DATA), RFC 3030 §2 (BDAT), RFC 2033 §4.2 and §4.3 (a reply for each recipient). Not here: what a body holds (`body`).
"""

from __future__ import annotations

import msgspec

from postroom.message.envelope import BodyKind
from postroom.proto.smtp.body import ChunkGatherer, IncomingBody
from postroom.proto.smtp.commands import Bdat
from postroom.proto.smtp.conversation import Conversation
from postroom.proto.smtp.events import BodyChunk, BodyEnd, BodyRefused, SmtpEvent
from postroom.proto.smtp.order import State
from postroom.proto.smtp.reply import Reply
from postroom.wire.dots import Unstuffer, is_canonical, plain_text


class Chunk(msgspec.Struct):
    """One chunk on its way: `left` octets of `size`. `instead`: it is out of place, and these are its answers."""

    size: int
    left: int
    last: bool
    instead: list[Reply] | None = None


def begin_data(conversation: Conversation) -> None:
    """354 was said: the message comes."""
    conversation.step = read_whole


def read_whole(conversation: Conversation) -> SmtpEvent | None:
    """The first step: a message that has come in one piece, as most do, needs no more than a look."""
    data = conversation.lines.rest()
    text = plain_text(data)
    limits = conversation.config.limits
    if text is not None and len(text) < limits.spill and len(text) <= limits.message:
        conversation.step = conversation.read_command
        size = len(text)
        conversation.said.append(b"<[%d octets of message]" % size)
        conversation.awaiting = event = BodyEnd(text, size)
        return event
    conversation.body = IncomingBody(limits, Unstuffer())
    conversation.step = _read_data
    conversation.lines.unread(data)
    return None


def _read_data(conversation: Conversation) -> SmtpEvent | None:
    """Reads up to CRLF.CRLF."""
    body = conversation.body
    assert body is not None
    assert isinstance(body.text, Unstuffer)
    rest = body.text.feed(conversation.lines.rest())
    if rest is not None:
        if rest:
            conversation.lines.unread(rest)
        return _complete(conversation, body)
    return _check(conversation, body)


def begin_chunk(conversation: Conversation, command: Bdat, instead: list[Reply] | None) -> SmtpEvent | None:
    """The octets of a chunk follow at once, whatever the answer will be (RFC 3030 §2)."""
    conversation.said.append(b"<[%d octets of message]" % command.size)
    if conversation.body is None and instead is None:
        envelope = conversation.transaction
        binary = envelope is not None and envelope.body is BodyKind.BINARY
        if command.last and (event := _whole_chunk(conversation, command.size, binary=binary)) is not None:
            return event
        conversation.body = IncomingBody(conversation.config.limits, ChunkGatherer(text=not binary))
    chunk = Chunk(command.size, command.size, command.last, instead)

    def read_chunk(conversation: Conversation) -> SmtpEvent | None:
        return _read_chunk(conversation, chunk)

    conversation.step = read_chunk
    return read_chunk(conversation)


def _whole_chunk(conversation: Conversation, size: int, *, binary: bool) -> BodyEnd | None:
    """A message in one chunk that is here already, as most are, needs no more than a look."""
    limits = conversation.config.limits
    if not 0 < size < limits.spill or size > limits.message:
        return None
    text = conversation.lines.take(size)
    if len(text) == size and (binary or is_canonical(text)):
        conversation.awaiting = event = BodyEnd(text, size)
        return event
    conversation.lines.unread(text)
    return None


def _read_chunk(conversation: Conversation, chunk: Chunk) -> SmtpEvent | None:
    body = conversation.body if chunk.instead is None else None
    while chunk.left:
        piece = conversation.lines.take(chunk.left)
        if not piece:
            return None
        chunk.left -= len(piece)
        if body is not None:
            assert isinstance(body.text, ChunkGatherer)
            body.text.feed(piece)
            if (event := _check(conversation, body)) is not None or conversation.closing:
                conversation.lines.more = True  # this step is to go on, even if that was all
                return event
    conversation.step = conversation.read_command
    if body is None:
        assert chunk.instead is not None
        for reply in chunk.instead:
            conversation.say(reply)
        return None
    if chunk.last:
        return _complete(conversation, body)
    if body.refusal is not None:
        conversation.state = State.SPOILT
        refusal = body.refusal
        conversation.abandon(refusal)
        conversation.say(refusal)
    else:
        conversation.state = State.CHUNKS
        conversation.limit_dialogue()
        conversation.utter(Reply.of(250, "2.0.0", f"{chunk.size} octets received"))
    return None


def _check(conversation: Conversation, body: IncomingBody) -> SmtpEvent | None:
    """Sees to the size while the message arrives; hands out a piece when enough has gathered."""
    body.check()
    if body.hopeless:
        assert body.refusal is not None
        conversation.end(body.refusal)
        return None
    if body.piece_ready:
        return BodyChunk(body.text.take())
    return None


def _complete(conversation: Conversation, body: IncomingBody) -> SmtpEvent | None:
    """The end was seen. The transaction ends with the reply, whatever it is."""
    conversation.step = conversation.read_command
    body.finish()
    size = body.text.size
    if isinstance(body.text, Unstuffer):
        conversation.said.append(b"<[%d octets of message]" % size)
    if body.refusal is None:
        event = BodyEnd(body.text.take(), size)
        conversation.awaiting = event
        return event
    conversation.news.append(BodyRefused(body.refusal))
    if conversation.lmtp:
        finish_each(conversation, [body.refusal] * replies_due(conversation))
    else:
        finish(conversation, body.refusal)
    return None


def replies_due(conversation: Conversation) -> int:
    """How many replies the end of a message gets."""
    envelope = conversation.transaction
    return len(envelope.recipients) if conversation.lmtp and envelope is not None else 1


def finish(conversation: Conversation, verdict: Reply) -> None:
    """Answers the end of the message, and begins anew."""
    _begin_anew(conversation, taken=verdict.code < 300)
    conversation.say(verdict)


def finish_each(conversation: Conversation, verdicts: list[Reply]) -> None:
    """The same over LMTP, with a reply for each recipient."""
    _begin_anew(conversation, taken=any(verdict.code < 300 for verdict in verdicts))
    conversation.utter_each(verdicts)


def _begin_anew(conversation: Conversation, *, taken: bool) -> None:
    conversation.transaction = None
    conversation.body = None
    conversation.state = State.READY
    if taken:
        conversation.errors = conversation.junk = 0
    else:
        conversation.abandon_transaction()
