"""COPY and MOVE: within an account, into another account as a delivery there.

RFC 9051 §6.4.7 and §6.4.8, RFC 6851 §3.3, RFC 4315 §3 (COPYUID), RFC 2180 §4.4 (all or nothing: messages that have gone meanwhile), RFC 7162 §3.2.8.
Many messages are taken in slices, each a commit of its own, since others would wait: a COPY that fails takes back what it has made, a MOVE leaves each
message in one of the mailboxes. Not here: what a copy is (`store.emails.copying`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.message.errors import MailError, TryLater
from postroom.proto.imap.commands.copying import Copy
from postroom.proto.imap.sets import Ranges, count, ranges_of, render
from postroom.serve.imap.changing.picking import pick, slices, writable
from postroom.serve.imap.changing.transferring import transfer
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.serve.imap.searching.limiting import newest, savable, told
from postroom.store.changes import MessagesExpunged
from postroom.store.emails import copying, expunge, unfinished
from postroom.store.emails.arriving import check_room
from postroom.store.emails.copying import Copied
from postroom.store.emails.unfinished import Operation
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.messages import ranges_of as uids_as_ranges
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, held, require

COPIED_AT_ONCE: Final = 200  # messages in one commit of COPY or MOVE: others get their turn between two
GONE: Final = "Some of the messages are gone: nothing was done"
PARTLY: Final = "Some of the messages are gone: the others were moved"


async def copy(conversation: Conversation, command: Copy) -> Answer:
    """All of them, or none."""
    if command.moves:
        writable(conversation)
    target = await target_of(conversation, command.mailbox)
    picked = await pick(conversation, command.messages, by_uid=command.by_uid)
    if not picked:
        return Answer("There is no such message")
    lowest = 0
    if command.moves:
        picked, lowest = await newest(conversation, conversation.selected, picked)
    else:
        savable(conversation, picked)
    expected = 0 if command.by_uid else count(picked)
    source = conversation.selected.ref
    if target.account_id == source.account_id:
        copied = await _within(conversation, target, picked, expected, moves=command.moves)
    else:
        copied = await _across(conversation, target, picked, expected, moves=command.moves)
    code = await _code(conversation, target, copied)
    if not command.moves:
        return Answer("Copied", code)
    if code:
        conversation.out.status(b"*", "OK", "Moved", code)  # before the expunges, RFC 6851 §4.3
    if len(copied.pairs) < expected:
        raise Refusal(PARTLY, "EXPUNGEISSUED")
    gone = max((one.modseq for one in copied.changes if isinstance(one, MessagesExpunged)), default=0)
    answer = Answer("Moved", f"HIGHESTMODSEQ {gone}" if gone and conversation.enabled("QRESYNC") else "")
    return told(conversation, answer, lowest)


async def target_of(conversation: Conversation, name: str) -> MailboxRef:
    """The mailbox that something is put into; without it the client may make it (RFC 9051 §6.3.12)."""

    async def look(tx: Transaction) -> MailboxRef:
        target = await names.find(conversation, tx, name)
        await require(tx, target, Right.INSERT)
        return target

    try:
        return await conversation.snapshot(look)
    except NoSuchMailbox as error:
        raise Refusal(error.public, "TRYCREATE") from None


def copied_code(copied: Copied) -> str:
    """COPYUID (RFC 4315 §3); "" when nothing was copied."""
    if not copied.pairs:
        return ""
    old = render(ranges_of(old for old, _ in copied.pairs)).decode()
    new = render(ranges_of(new for _, new in copied.pairs)).decode()
    return f"COPYUID {copied.uidvalidity} {old} {new}"


async def _within(
    conversation: Conversation, target: MailboxRef, picked: Ranges, expected: int, *, moves: bool
) -> Copied:
    parts = list(slices(picked, COPIED_AT_ONCE))
    if len(parts) > 1:
        if moves:
            return await _move_in_slices(conversation, target, parts)
        return await _copy_in_slices(conversation, target, parts, expected)
    act = copying.move if moves else copying.copy
    source, now = conversation.selected.ref, conversation.service.now()

    async def work(tx: Transaction) -> Copied:
        return _complete(await act(tx, source, target.mailbox_id, picked, now), expected)

    copied = await conversation.write(work)
    conversation.publish(copied.changes)
    return copied


def _complete(copied: Copied, expected: int) -> Copied:
    """Raises `Refusal` when fewer messages were there."""
    if len(copied.pairs) < expected:
        raise Refusal(GONE, "EXPUNGEISSUED")
    return copied


async def _copy_in_slices(
    conversation: Conversation, target: MailboxRef, parts: Sequence[Ranges], expected: int
) -> Copied:
    source, clock = conversation.selected.ref, conversation.service.now
    operation = Operation(target, conversation.service.ids.next())
    reading, everything = conversation.reading, [one for part in parts for one in part]
    await check_room(reading, source.account_id, *await copying.measured(reading, source, everything))
    done: list[Copied] = []
    try:
        for part in parts:

            async def work(tx: Transaction, part: Ranges = part) -> Copied:
                now = clock()  # of each commit: nobody is to think that the operation was abandoned
                copied = await copying.copy(tx, source, target.mailbox_id, part, now)
                _complete(copied, count(part) if expected else 0)
                if part is parts[-1]:
                    await unfinished.finish(tx, operation, sum(len(one.pairs) for one in done))
                else:
                    await unfinished.note(tx, operation, [new for _, new in copied.pairs], now)
                return copied

            done.append(await conversation.write(work))
            conversation.publish(done[-1].changes)
    except (MailError, Refusal):
        conversation.publish(await unfinished.take_back(conversation.store.engine, operation, clock()))
        raise
    return _joined(done)


async def _move_in_slices(conversation: Conversation, target: MailboxRef, parts: Sequence[Ranges]) -> Copied:
    """As far as it goes: what was moved is told even then."""
    source, now = conversation.selected.ref, conversation.service.now()
    done: list[Copied] = []
    try:
        for part in parts:

            async def work(tx: Transaction, part: Ranges = part) -> Copied:
                return await copying.move(tx, source, target.mailbox_id, part, now)

            done.append(await conversation.write(work))
            conversation.publish(done[-1].changes)
    except MailError:
        if code := await _code(conversation, target, _joined(done)):
            conversation.out.status(b"*", "OK", "Moved", code)
        raise
    return _joined(done)


def _joined(done: Sequence[Copied]) -> Copied:
    return Copied(
        done[0].uidvalidity if done else 0,
        tuple(pair for one in done for pair in one.pairs),
        tuple(change for one in done for change in one.changes if isinstance(change, MessagesExpunged)),
    )


async def _code(conversation: Conversation, target: MailboxRef, copied: Copied) -> str:
    """COPYUID for whoever may look inside; others are told no uids (RFC 4315 §3)."""
    readable = Right.READ in await held(conversation.reading, target)
    return copied_code(copied) if readable else ""


async def _across(
    conversation: Conversation, target: MailboxRef, picked: Ranges, expected: int, *, moves: bool
) -> Copied:
    """First the copies are durable in the other account, then the originals go; moved is what this command has removed, and nobody before it."""
    source = conversation.selected.ref
    if moves:
        await require(conversation.reading, source, Right.DELETE_MESSAGE, Right.EXPUNGE)
    copied = await transfer(conversation, target, picked, expected)
    conversation.publish(copied.changes)
    if not moves or not copied.pairs:
        return copied
    gone = await make_way(
        conversation, [old for old, _ in copied.pairs], (target, [new for _, new in copied.pairs])
    )
    left = frozenset(gone.uids)
    moved = tuple(pair for pair in copied.pairs if pair[0] in left)
    return Copied(copied.uidvalidity, moved, (*copied.changes, gone))


async def make_way(
    conversation: Conversation, uids: list[int], elsewhere: tuple[MailboxRef, list[int]]
) -> MessagesExpunged:
    """Messages of the selected mailbox go, since others are durable `elsewhere`; gives which have gone. Raises `MailError`.

    Of those that cannot go, or that somebody else has moved or expunged meanwhile, the others go again. Where it is not known whether they have
    gone, both may stay: a message is better there twice than not at all.
    """
    source, (target, new) = conversation.selected.ref, elsewhere
    copies = MailboxRef(target.account_id, target.mailbox_id)
    try:
        try:
            gone = await _remove(conversation, source, uids)
        except TryLater:
            again = await _remove(conversation, source, uids)
            return msgspec.structs.replace(again, uids=tuple(uids))
    except TryLater:
        raise
    except MailError:
        await _remove(conversation, copies, new)
        raise
    left = frozenset(gone.uids)
    if spare := [other for uid, other in zip(uids, new, strict=True) if uid not in left]:
        await _remove(conversation, copies, spare)
    return gone


async def _remove(conversation: Conversation, mailbox: MailboxRef, uids: list[int]) -> MessagesExpunged:
    """Expunges messages in one commit. Raises `MailError`."""
    now = conversation.service.now()
    ranges = uids_as_ranges(uids)
    gone = await conversation.write(lambda tx: expunge.expunge(tx, mailbox, ranges, now))
    conversation.publish([gone])
    return gone


HANDLERS: Final[Handlers] = {Copy: copy}
