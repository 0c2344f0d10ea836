"""GETMETADATA, SETMETADATA, and what LIST tells of entries.

RFC 5464 §4.2 and §4.3, §6.2.2 (/shared/admin), RFC 9590 §3. Shared entries of the server are its administrator's, so none can be set here. Not
here: limits and rights (`store.mailboxes.annotations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.metadata import GetMetadata, SetMetadata
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.store.changes import Change
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.annotations import (
    ACCOUNT,
    MAX_VALUE,
    Note,
    TooManyEntries,
    ValueTooLong,
    change,
    read,
    read_many,
)
from postroom.store.mailboxes.rights import MailboxRef

_MESSAGE_RIGHTS: Final = frozenset("rswip")  # RFC 5464 §3.3


class Listed(Protocol):
    """What LIST knows of a mailbox."""

    @property
    def account_id(self) -> int: ...
    @property
    def mailbox_id(self) -> int: ...
    @property
    def rights(self) -> str: ...


async def get_metadata(conversation: Conversation, command: GetMetadata) -> Answer:
    """Tells what there is of what was asked, up to the size that was asked; NIL for an entry that is not there (RFC 5464 §3.2)."""

    async def look(tx: Transaction) -> dict[str, bytes]:
        ref = await _ref(conversation, tx, command.mailbox)
        found = await read(tx, ref)
        if ref.mailbox_id == ACCOUNT:
            administrator = await directory.administrator(tx)
            if administrator:
                found["/shared/admin"] = f"mailto:{administrator}".encode()
        return found

    found = await conversation.snapshot(look)
    wanted = _wanted(found, command.entries, command.depth)
    most = command.most
    told: dict[str, bytes | None] = {} if command.depth else dict.fromkeys(command.entries)
    told |= {entry: value for entry, value in wanted.items() if most is None or len(value) <= most}
    longest = max((len(value) for entry, value in wanted.items() if told.get(entry) is None), default=0)
    told = {entry: value for entry, value in told.items() if value is not None or entry not in wanted}
    if told:
        written = rendering.name(names.normal(command.mailbox), utf8=conversation.machine.utf8)
        conversation.out.untagged(b"METADATA %b (%b)" % (written, _pairs(told)))
    return Answer("Those are the entries", f"METADATA LONGENTRIES {longest}" if longest else "")


def _wanted(found: Mapping[str, bytes], entries: Sequence[str], depth: int) -> dict[str, bytes]:
    """What the entries mean, with what lies below them (RFC 5464 §4.2.2)."""
    wanted: dict[str, bytes] = {}
    exact = frozenset(entries)
    for entry, value in found.items():
        levels = entry.split("/")
        above = ("/".join(levels[:-up]) for up in range(1, min(depth, len(levels) - 1) + 1))
        if entry in exact or any(one in exact for one in above):
            wanted[entry] = value
    return wanted


async def set_metadata(conversation: Conversation, command: SetMetadata) -> Answer:
    """Sets and removes entries, all or none."""

    async def work(tx: Transaction) -> Change:
        ref = await _ref(conversation, tx, command.mailbox)
        return await change(tx, ref, [Note(*pair) for pair in command.entries])

    try:
        changed = await conversation.write(work)
    except ValueTooLong as error:
        raise Refusal(error.public, f"METADATA MAXSIZE {MAX_VALUE}") from None
    except TooManyEntries as error:
        raise Refusal(error.public, "METADATA TOOMANY") from None
    conversation.publish([changed])
    return Answer("Set")


async def _ref(conversation: Conversation, tx: Transaction, name: str) -> MailboxRef:
    if not name:  # the server
        return MailboxRef(conversation.account_id, ACCOUNT, conversation.account_id)
    return await names.find(conversation, tx, name)


async def listed(
    conversation: Conversation, slice_: Sequence[Listed], entries: Sequence[str]
) -> dict[int, bytes]:
    """Pairs of entries and values by mailbox id, NIL for what is not there (RFC 9590 §3); nothing for mailboxes whose entries may not be read."""
    by_account: dict[int, list[int]] = {}
    for entry in slice_:
        if entry.mailbox_id and _MESSAGE_RIGHTS.intersection(entry.rights):
            by_account.setdefault(entry.account_id, []).append(entry.mailbox_id)

    async def look(tx: Transaction) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for account_id, refs in by_account.items():
            notes = await read_many(tx, account_id, conversation.account_id, refs)
            for mailbox_id, known in notes.items():
                found[mailbox_id] = _pairs({name: known.get(name) for name in entries})
        return found

    return await conversation.snapshot(look)


def _pairs(told: Mapping[str, bytes | None]) -> bytes:
    return b" ".join(
        b"%b %b" % (rendering.astring(entry.encode()), _value(value)) for entry, value in told.items()
    )


def _value(value: bytes | None) -> bytes:
    if value is not None and b"\0" in value:  # RFC 5464 §5: literal8
        return b"~{%d}\r\n%b" % (len(value), value)
    return rendering.nstring(value)


HANDLERS: Final[Handlers] = {GetMetadata: get_metadata, SetMetadata: set_metadata}
