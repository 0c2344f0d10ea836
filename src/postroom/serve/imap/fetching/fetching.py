"""FETCH and UID FETCH: which messages, \\Seen, what has vanished, and the responses slice by slice.

RFC 9051 §6.4.5 and §6.4.9, RFC 7162 §3.1.4, §3.2.4 and §3.2.6, RFC 9394 §3.3, RFC 5530 §3 (EXPUNGEISSUED). Not here: what an attribute is
(`serve.imap.fetching.items`), messages that are too long for the memory (`serve.imap.fetching.streaming`).
"""

from __future__ import annotations

from typing import Final

from postroom.message.errors import MailError
from postroom.proto.imap.commands.fetching import FLAGS, MODSEQ, UID, Attribute, Fetch
from postroom.proto.imap.sets import Ranges, count, intersection, ranges_of, render
from postroom.serve.imap.changing.picking import slices
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.fetching.items import UnknownEncoding
from postroom.serve.imap.fetching.noting import note_read
from postroom.serve.imap.fetching.slices import Plan, Slices
from postroom.serve.imap.searching.limiting import TOO_MANY, newest, told
from postroom.store.changes import FlagsChanged
from postroom.store.emails import fetching as stored
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.engine.disk_errors import FileLost
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.messages import HIGHEST_UID

RANGES_AT_ONCE: Final = 1000  # of one VANISHED response
MARKED_AT_ONCE: Final = 1_024  # messages that become \\Seen in one commit, just before they are sent: others get their turn between two
CHANGED_AT_ONCE: Final = 10_000  # uids of what changed since a modseq that are looked up before anything else


async def fetch(conversation: Conversation, command: Fetch) -> Answer:
    """Answers what it can: messages that others expunged are passed over, with EXPUNGEISSUED where a number was asked for (RFC 5530 §3)."""
    _check(conversation, command)
    view = conversation.selected
    await stored.state(conversation.reading, view.ref)  # whether it is still there, and may be read
    wanted = await _wanted(conversation, command)
    if command.vanished:
        await _tell_vanished(conversation, command, wanted)
    wanted, lowest = await newest(conversation, view, wanted)
    since = command.changed_since or 0
    if since:
        wanted, since = await _changed(conversation, wanted, since)
    try:
        missing = await _answer(conversation, command, wanted, since)
    except UnknownEncoding:
        raise Refusal("A part is encoded in a way that is unknown here", "UNKNOWN-CTE") from None
    if missing and not command.by_uid:
        gone = Answer("Some of the messages have been expunged", "EXPUNGEISSUED", "NO")
        return told(conversation, gone, lowest)
    return told(conversation, Answer("Fetched"), lowest)


async def _answer(conversation: Conversation, command: Fetch, wanted: Ranges, since: int) -> int:
    """Sends the responses; gives how many messages are gone. Messages are marked part by part, since a client may leave before it has them all."""
    attributes = command.attributes
    if conversation.uid_only and not command.names_uid:  # RFC 9586 §3.3: it stands before them
        attributes = tuple(attribute for attribute in attributes if attribute != UID) or (UID,)

    async def send(part: Ranges, since: int, marked: frozenset[int]) -> int:
        with_flags = _told_with_flags(conversation, attributes) if marked else attributes
        plan = Plan(attributes, with_flags, marked, since, uid_only=conversation.uid_only)
        plan.kept = plan.kept and command.changed_since is None
        return await Slices(conversation, plan).run(part)

    marks = any(attribute.marks for attribute in attributes) and not conversation.selected.read_only
    parts = await _parts(conversation, wanted, since) if marks else []
    if not parts:
        return await send(wanted, since, frozenset())
    missing, lost = 0, None
    for part in parts:
        marked = await _mark(conversation, part, noted=len(parts) == 1)
        try:
            missing += await send(part, 0, frozenset(marked.uids))
        except FileLost as error:
            lost = error
            continue
        if marked.uids:  # and told: what could not be sent is told like a change that others made
            conversation.selected.own(marked.modseq)
    if lost is not None:
        raise lost
    return missing


def _check(conversation: Conversation, command: Fetch) -> None:
    if command.vanished and not conversation.enabled("QRESYNC"):  # RFC 7162 §3.2.6
        raise Refusal("VANISHED needs ENABLE QRESYNC", status="BAD")
    most = conversation.service.config.message_limit
    if most and command.span is not None and abs(command.span[1] - command.span[0]) >= most:
        raise Refusal(TOO_MANY, f"MESSAGELIMIT {most}")  # RFC 9738 §3.1: nothing of the range is read
    if MODSEQ in command.attributes:  # RFC 7162 §3.1: asking for it enables CONDSTORE
        conversation.enable_condstore()


async def _wanted(conversation: Conversation, command: Fetch) -> Ranges:
    view, tx = conversation.selected, conversation.reading
    try:
        wanted = await view.uids(tx, command.messages, by_uid=command.by_uid)
    except IndexError:
        raise Refusal("There is no message with such a number", status="BAD") from None
    return wanted if command.span is None else await _span(view, tx, wanted, command.span)


async def _span(view: View, tx: Transaction, wanted: Ranges, span: tuple[int, int]) -> Ranges:
    """PARTIAL (RFC 9394 §3.3): the messages at these places among those that are asked for."""
    if wanted == [(1, view.uidnext - 1)]:
        total = view.total
    else:
        await view.read(tx, wanted)
        wanted = view.present(wanted)
        total = count(wanted)
    first, last = span if span[0] > 0 else (total + 1 + span[1], total + 1 + span[0])
    first, last = max(1, first), min(last, total)
    if first > last:
        return []
    if total == view.total:
        return [(await view.uid_at(tx, first), await view.uid_at(tx, last))]
    return _places(wanted, first, last)


def _places(present: Ranges, first: int, last: int) -> Ranges:
    """The `first` to the `last` of the uids in these ranges."""
    found: Ranges = []
    before = 0
    for low, high in present:
        start, end = max(low, low + first - before - 1), min(high, low + last - before - 1)
        if start <= end:
            found.append((start, end))
        before += high - low + 1
    return found


async def _tell_vanished(conversation: Conversation, command: Fetch, wanted: Ranges) -> None:
    """VANISHED (EARLIER), before any FETCH (RFC 7162 §3.2.6). What the session still counts is told when it may be, without EARLIER."""
    view, since = conversation.selected, command.changed_since or 0

    async def look(tx: Transaction) -> list[int] | None:
        """At one moment: what has vanished may be forgotten in the next one."""
        if since < (await stored.state(tx, view.ref)).vanished_floor:
            return None
        span = (wanted[0][0], wanted[-1][1])
        return await stored.gone(tx, view.ref, span, since, view.gone_modseq)

    uids = await conversation.snapshot(look) if wanted else []
    if uids is None:  # not all is remembered: everything that is not there
        await view.read(conversation.reading, wanted)
        gone = _without(wanted, view.present(wanted))
    else:
        gone = intersection(ranges_of(uids), wanted)
    for start in range(0, len(gone), RANGES_AT_ONCE):
        conversation.out.untagged(b"VANISHED (EARLIER) " + render(gone[start : start + RANGES_AT_ONCE]))
        await conversation.drained()


def _without(ranges: Ranges, taken: Ranges) -> Ranges:
    """What of `ranges` is not in `taken`; both ascend."""
    free: Ranges = []
    at = 1
    for first, last in taken:
        if first > at:
            free.append((at, first - 1))
        at = last + 1
    return intersection(ranges, [*free, (at, HIGHEST_UID)])


async def _changed(conversation: Conversation, wanted: Ranges, since: int) -> tuple[Ranges, int]:
    """CHANGEDSINCE: what of `wanted` changed, as far as that can be told at once; else the modseq is left to be looked at with each message."""
    view = conversation.selected
    uids = await stored.changed_uids(conversation.reading, view.ref, since, CHANGED_AT_ONCE)
    return (wanted, since) if len(uids) == CHANGED_AT_ONCE else (intersection(ranges_of(uids), wanted), 0)


async def _parts(conversation: Conversation, wanted: Ranges, since: int) -> list[Ranges]:
    """The messages that are to be \\Seen, as many in each part as are marked at once; nothing where all of them are."""
    view, tx = conversation.selected, conversation.reading
    if since:
        uids = await stored.changed_uids(tx, view.ref, since, HIGHEST_UID)
        wanted = intersection(ranges_of(uids), wanted)
    await view.read(tx, wanted)
    ranges = view.present(wanted)
    return list(slices(ranges, MARKED_AT_ONCE)) if await stored.any_unseen(tx, view.ref, ranges) else []


async def _mark(conversation: Conversation, part: Ranges, *, noted: bool) -> FlagsChanged:
    """Sets \\Seen where it is missing, in one write; gives what was changed. `noted`: for the journey of each message."""
    view = conversation.selected
    nothing = FlagsChanged(view.ref.account_id, 0, view.ref.mailbox_id, ())
    if not await stored.any_unseen(conversation.reading, view.ref, part):
        return nothing
    asked = FlagChange(Mode.ADD, Flag.SEEN.value)
    try:
        flagged = await conversation.write(lambda tx: store_flags(tx, view.ref, part, asked))
    except MailError:
        # a right that is missing (RFC 4314 §4), or a full disk: who may read reads all the same
        return nothing
    if flagged.change.uids:  # nobody else was faster
        conversation.publish([flagged.change])
        if noted:
            await note_read(conversation, flagged.change.uids)
    return flagged.change


def _told_with_flags(conversation: Conversation, attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    """What is told of a message that became \\Seen: RFC 9051 §6.4.5, and RFC 7162 §3.2.4 for who knows of modseqs."""
    more = (
        (*(() if conversation.uid_only else (UID,)), FLAGS, MODSEQ)
        if conversation.enabled("CONDSTORE")
        else (FLAGS,)
    )
    return tuple(dict.fromkeys((*attributes, *more)))


HANDLERS: Final[Handlers] = {Fetch: fetch}
