"""STORE and EXPUNGE.

RFC 9051 §6.4.3 and §6.4.6, RFC 7162 §3.1.3 (UNCHANGEDSINCE, MODIFIED), §3.2.7 (HIGHESTMODSEQ after EXPUNGE), RFC 4315 §2.1 (UID EXPUNGE),
RFC 2180 §4.2 (messages that have gone meanwhile). Large sets are changed in slices, each durable by itself. Not here: CLOSE (`selecting`),
and how an expunge is told (`telling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.storing import Expunge, Store
from postroom.proto.imap.sets import Ranges, count, joined, ranges_of, render
from postroom.serve.imap.changing.flag_lists import tell_keywords
from postroom.serve.imap.changing.picking import pick, slices, writable
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.searching.limiting import newest, told
from postroom.store.changes import MessagesExpunged
from postroom.store.emails import expunge as expunging
from postroom.store.emails.flagging import FlagChange, Flagged, Mode, states, store_flags
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import mailboxes, views
from postroom.store.mailboxes.counts import MOST_KEYWORDS
from postroom.store.mailboxes.flags import MAX_KEYWORD, MAX_KEYWORDS, split_keywords
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.mailboxes.views import Then

STORED_AT_ONCE: Final = 5_000  # messages in one commit of STORE: other writers get their turn between two
EXPUNGED_AT_ONCE: Final = 1_000  # likewise of EXPUNGE and CLOSE
KEYWORD_LIMITS: Final = (
    f"A message has at most {MAX_KEYWORDS} keywords, each of at most {MAX_KEYWORD} octets,"
    f" and all of an account at most {MOST_KEYWORDS} different ones"
)


class _Stored(msgspec.Struct, frozen=True):
    """A slice: what came of it, its rows if they are to be told, and which of them others had changed unseen."""

    flagged: Flagged
    rows: Sequence[Row]
    others: frozenset[int]


async def store(conversation: Conversation, command: Store) -> Answer:
    """Changes flags; what it says of them is the truth after the commit, so the session is not told again."""
    writable(conversation)
    if command.unchanged_since is not None:
        conversation.enable_condstore()  # RFC 7162 §3.1
    picked = await pick(conversation, command.messages, by_uid=command.by_uid)
    picked, lowest = await newest(conversation, conversation.selected, picked)
    asked = FlagChange(
        Mode(command.mode), command.flags.bits, command.flags.keywords, command.unchanged_since
    )
    modified: list[int] = []
    own: set[int] = set()
    found = 0
    try:
        for part in slices(picked, STORED_AT_ONCE):
            stored = await _store_slice(conversation, part, asked, silent=command.silent)
            if stored.flagged.change.uids:
                own.add(stored.flagged.change.modseq)
                conversation.publish([stored.flagged.change])
            modified += stored.flagged.modified
            found += len(stored.rows)
            await tell_keywords(conversation, conversation.selected, _keywords(asked, stored))
            _tell(conversation, command, stored)
            await conversation.drained()
    except ValueError:
        raise Refusal(KEYWORD_LIMITS, "LIMIT") from None
    for modseq in own:
        conversation.selected.own(modseq)
    if modified:
        left = f"MODIFIED {_numbers(conversation, command, modified)}"
        return told(conversation, Answer("Some had changed and were left alone", left), lowest)
    if not command.silent and not command.by_uid and found < count(picked):
        raise Refusal("Some of the messages are gone", "EXPUNGEISSUED")
    return told(conversation, Answer("Stored"), lowest)


async def _store_slice(
    conversation: Conversation, part: Ranges, asked: FlagChange, *, silent: bool
) -> _Stored:
    view = conversation.selected

    async def work(tx: Transaction) -> _Stored:
        others: list[int] = []
        if silent:
            await mailboxes.hold(tx, view.ref.account_id)  # nobody changes anything behind this look
            others = await views.changed_among(tx, Then(view.ref, view.changed_modseq), part)
        flagged = await store_flags(tx, view.ref, part, asked)
        told = part if not silent or conversation.enabled("CONDSTORE") else ranges_of(others)
        return _Stored(flagged, await states(tx, view.ref, told), frozenset(others))

    return await conversation.write(work)


def _keywords(asked: FlagChange, stored: _Stored) -> set[str]:
    """Those that messages of a slice have now, as far as it is known."""
    given = asked.of(0, "")[1] if stored.flagged.change.uids else ""
    return {word for words in {given, *(row[3] for row in stored.rows)} for word in split_keywords(words)}


def _tell(conversation: Conversation, command: Store, stored: _Stored) -> None:
    """FETCH for every message of a slice; after .SILENT of its MODSEQ alone, for whoever knows of them.

    A message that others changed unseen is told whole even then: its modseq is ours now, and nothing else would tell of their change.
    """
    condstore, uid_only = conversation.enabled("CONDSTORE"), conversation.uid_only
    view, silent, others = conversation.selected, command.silent, stored.others
    left_alone = frozenset(stored.flagged.modified)
    recent_from = view.uidnext if conversation.rev2 else view.recent_from
    rendered: dict[tuple[int, str, bool], bytes] = {}
    lines: list[bytes] = []
    for uid, modseq, flags, keywords in stored.rows:
        if uid in left_alone or not (number := view.number(uid)):
            continue
        start = b"%d UIDFETCH (" % uid if uid_only else b"%d FETCH (UID %d " % (number, uid)
        if silent and uid not in others:
            if condstore:
                lines.append(b"* %bMODSEQ (%d))\r\n" % (start, modseq))
            continue
        kind = flags, keywords, uid >= recent_from
        words = rendered.get(kind)
        if words is None:
            words = rendered[kind] = rendering.flags(flags, keywords, recent=kind[2])
        if condstore:
            line = b"* %bFLAGS (%b) MODSEQ (%d))\r\n" % (start, words, modseq)
        else:
            line = b"* %bFLAGS (%b))\r\n" % (start, words)
        lines.append(line)
    conversation.out.send(b"".join(lines))


def _numbers(conversation: Conversation, command: Store, uids: Sequence[int]) -> str:
    """A set as the client counts: uids for UID STORE, else sequence numbers."""
    view = conversation.selected
    numbers = uids if command.by_uid else [view.number(uid) for uid in uids]
    return render(ranges_of(sorted(number for number in numbers if number))).decode()


async def expunge(conversation: Conversation, command: Expunge) -> Answer:
    """Removes what is \\Deleted; the session tells it like everybody's expunges."""
    writable(conversation)
    view = conversation.selected
    if command.uids is None:
        ranges: Ranges = [(1, view.uidnext - 1)] if view.uidnext > 1 else []
    else:
        ranges = joined(await view.uids(conversation.reading, command.uids, by_uid=True))
    gone = await expunging.deleted(conversation.reading, view.ref, ranges)
    lowest, most = 0, conversation.service.config.message_limit
    if most and command.uids is not None and len(gone) > most:
        gone = gone[-most:]
        lowest = gone[0]
    modseq = await expunge_slices(conversation, view.ref, gone)
    code = f"HIGHESTMODSEQ {modseq}" if modseq and conversation.enabled("QRESYNC") else ""
    return told(conversation, Answer("Expunged", code), lowest)


async def expunge_slices(conversation: Conversation, mailbox: MailboxRef, uids: Sequence[int]) -> int:
    """Expunges those of these that are \\Deleted still; gives the modseq of the last that went, 0 when none did."""
    modseq, now = 0, conversation.service.now()
    for start in range(0, len(uids), EXPUNGED_AT_ONCE):
        part = ranges_of(uids[start : start + EXPUNGED_AT_ONCE])

        async def work(tx: Transaction, part: Ranges = part) -> MessagesExpunged:
            return await expunging.expunge(tx, mailbox, part, now, only_deleted=True)

        change = await conversation.write(work)
        conversation.publish([change])
        modseq = change.modseq if change.uids else modseq
    return modseq


HANDLERS: Final[Handlers] = {Store: store, Expunge: expunge}
