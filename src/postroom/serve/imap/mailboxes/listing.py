"""LIST and LSUB: which mailboxes there are, as the one who is logged in sees them.

RFC 9051 §6.3.9, RFC 5258 §3, RFC 3501 §6.3.9 (LSUB), RFC 3348 §3 (children), RFC 6154 §2 (uses), RFC 5819 §2, RFC 9590 §3, RFC 8440 §3. One's own mailboxes,
those of others that one may look up, and names that one is subscribed to though nothing is there, with what lies above them, are one list of
entries; what is selected and what is told of each is looked up in it. Not here: patterns (`proto.imap.patterns`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.listing import List, Lsub
from postroom.proto.imap.commands.mailboxes import ATTRIBUTES
from postroom.proto.imap.patterns import Patterns
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers
from postroom.serve.imap.mailboxes import names, status
from postroom.serve.imap.mailboxes.acl import letters
from postroom.serve.imap.mailboxes.metadata import listed as listed_metadata
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import acl, tree
from postroom.store.mailboxes.mailboxes import OTHER_USERS, Counted
from postroom.store.mailboxes.rights import ALL, MailboxRef, Right

AT_ONCE: Final = 500  # mailboxes between which others get their turn


class Entry(msgspec.Struct):
    """A name. `mailbox_id` 0: nothing is there but names below it, or a subscription. `child_selected`: a name below is selected; `child_hidden`: one
    that the patterns do not match."""

    name: str
    account_id: int = 0
    mailbox_id: int = 0
    role: str = ""
    rights: str = ALL
    subscribed: bool = False
    children: bool = False
    child_selected: bool = False
    child_hidden: bool = False

    @property
    def readable(self) -> bool:
        """Whether it can be selected."""
        return self.mailbox_id != 0 and Right.READ in self.rights


async def list_(conversation: Conversation, command: List) -> Answer:
    """Lists."""
    if command.patterns == ("",):  # asks for the separator, RFC 9051 §6.3.9
        conversation.out.untagged('LIST (\\Noselect) "/" ""')
        return Answer("Listed")
    found = await _matching(conversation, command.patterns, command.select)
    for start in range(0, len(found), AT_ONCE):
        await _tell(conversation, command, found[start : start + AT_ONCE])
        await conversation.drained()
        await asyncio.sleep(0)
    return Answer("Listed")


async def lsub(conversation: Conversation, command: Lsub) -> Answer:
    """Lists subscriptions; a name above one that the pattern does not reach is \\Noselect (RFC 3501 §6.3.9)."""
    selection = frozenset((b"SUBSCRIBED", b"RECURSIVEMATCH"))
    for number, entry in enumerate(await _matching(conversation, (command.pattern,), selection)):
        if number % AT_ONCE == 0:
            await conversation.drained()
            await asyncio.sleep(0)
        written = rendering.name(entry.name, utf8=conversation.machine.utf8)
        attributes = b"" if entry.subscribed else b"\\Noselect"
        conversation.out.untagged(b'LSUB (%b) "/" %b' % (attributes, written))
    return Answer("Listed")


# ------------------------------------------------------------------------------------------------------------ what there is


class _Read(msgspec.Struct, frozen=True):
    """What the store has: rows of trees by account, rights in shared mailboxes by account and mailbox, owners' addresses, further subscriptions."""

    trees: dict[int, Sequence[Row]]
    shared: dict[int, dict[int, str]]
    addresses: dict[int, str]
    subscriptions: list[str]


async def _read(conversation: Conversation, tx: Transaction) -> _Read:
    account_id = conversation.account_id
    shared = await acl.shared_with(tx, account_id)
    addresses = await acl.addresses_of(tx, shared)
    trees = {one: await tree.nodes(tx, one) for one in (account_id, *addresses)}
    return _Read(trees, shared, addresses, await tree.subscriptions(tx, account_id))


async def entries(conversation: Conversation) -> dict[str, Entry]:
    """All names by themselves, in the order in which they are listed."""
    read = await conversation.snapshot(lambda tx: _read(conversation, tx))
    found: dict[str, Entry] = {}
    for account_id, rows in read.trees.items():
        await asyncio.sleep(0)
        if account_id == conversation.account_id:
            await _own(found, account_id, rows)
        else:
            prefix = f"{OTHER_USERS}/{read.addresses[account_id]}/"
            _shared(found, (prefix, account_id), rows, read.shared[account_id])
    for name in read.subscriptions:
        found.setdefault(name, Entry(name)).subscribed = True
    for number, name in enumerate(tuple(found)):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        exists = found[name].mailbox_id != 0
        for above in _above(name):
            entry = found.setdefault(above, Entry(above))
            if entry.children:
                break
            entry.children = exists
    await asyncio.sleep(0)
    return {name: found[name] for name in sorted(found, key=_order)}


async def _own(found: dict[str, Entry], account_id: int, rows: Sequence[Row]) -> None:
    paths = tree.paths(rows)
    for number, (mailbox_id, _, _, role, subscribed) in enumerate(rows):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        name = paths[mailbox_id]
        found[name] = Entry(name, account_id, mailbox_id, role, subscribed=bool(subscribed))


def _shared(
    found: dict[str, Entry], owner: tuple[str, int], rows: Sequence[Row], rights: Mapping[int, str]
) -> None:
    prefix, account_id = owner
    paths = tree.paths(rows)
    for mailbox_id, given in rights.items():
        if mailbox_id in paths:
            name = prefix + paths[mailbox_id]
            found[name] = Entry(name, account_id, mailbox_id, rights=given)


def _above(name: str) -> Iterable[str]:
    """The names that a name lies below, from the nearest on."""
    at = name.rfind(names.SEPARATOR)
    while at > 0:
        yield name[:at]
        at = name.rfind(names.SEPARATOR, 0, at)


def _order(name: str) -> tuple[bool, str]:
    """The INBOX first, then level by level."""
    return name != "INBOX" and not name.startswith("INBOX/"), name.replace(names.SEPARATOR, "\0")


# ---------------------------------------------------------------------------------------------------------- what is selected


async def _matching(
    conversation: Conversation, patterns: Sequence[str], select: frozenset[bytes]
) -> list[Entry]:
    """What is listed: what is selected and matches, and with RECURSIVEMATCH what matches above something selected that does not (RFC 9051 §6.3.9.6)."""
    found = await entries(conversation)
    matcher = Patterns(names.normal(pattern) for pattern in patterns)
    recursive = b"RECURSIVEMATCH" in select
    listed: list[Entry] = []
    matching: list[Entry] = []
    for number, entry in enumerate(found.values()):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        selected = _selected(entry, select)
        matches = matcher.match(entry.name)
        if selected and recursive:
            _mark(found, entry.name, hidden=not matches)
        if matches:
            matching.append(entry)
            if selected and not recursive:
                listed.append(entry)
    if not recursive:
        return listed
    return [entry for entry in matching if entry.child_hidden or _selected(entry, select)]


def _selected(entry: Entry, select: frozenset[bytes]) -> bool:
    if b"SUBSCRIBED" in select and not entry.subscribed:
        return False
    if b"SPECIAL-USE" in select and entry.role not in ATTRIBUTES:
        return False
    return bool(select & _BASE) or entry.mailbox_id != 0 or entry.children


_BASE: Final = frozenset((b"SUBSCRIBED", b"SPECIAL-USE"))


def _mark(found: Mapping[str, Entry], name: str, *, hidden: bool) -> None:
    for above in _above(name):
        entry = found[above]
        if entry.child_selected and (entry.child_hidden or not hidden):
            return
        entry.child_selected = True
        entry.child_hidden = entry.child_hidden or hidden


# ------------------------------------------------------------------------------------------------------------- what is told


async def _tell(conversation: Conversation, command: List, slice_: Sequence[Entry]) -> None:
    """Tells of some entries, each followed by what was asked about it."""
    utf8 = conversation.machine.utf8
    counted = await _counted(conversation, command, slice_) if command.status else {}
    notes = await listed_metadata(conversation, slice_, command.metadata) if command.metadata else {}
    rights = {entry.rights: letters(entry.rights) for entry in slice_} if command.myrights else {}
    out: list[bytes] = []
    for entry in slice_:
        written = rendering.name(entry.name, utf8=utf8)
        gone = bool(command.status) and entry.readable and entry.mailbox_id not in counted
        childinfo = _childinfo(command) if entry.child_selected else b""
        attributes = b" ".join(_attributes(entry, command, gone=gone))
        out.append(b'* LIST (%b) "/" %b%b\r\n' % (attributes, written, childinfo))
        if not entry.mailbox_id or not _selected(entry, command.select):
            continue  # one that is here for what lies below it, RFC 8440 §4
        if entry.mailbox_id in counted:
            out.append(status.line(conversation, written, command.status, counted[entry.mailbox_id]))
        if entry.mailbox_id in notes:
            out.append(b"* METADATA %b (%b)\r\n" % (written, notes[entry.mailbox_id]))
        if command.myrights:
            out.append(b"* MYRIGHTS %b %b\r\n" % (written, rights[entry.rights]))
    conversation.out.send(b"".join(out))


async def _counted(conversation: Conversation, command: List, slice_: Sequence[Entry]) -> dict[int, Counted]:
    by_account: dict[int, list[MailboxRef]] = {}
    for entry in slice_:
        if entry.readable:
            by_account.setdefault(entry.account_id, []).append(
                MailboxRef(entry.account_id, entry.mailbox_id, conversation.account_id)
            )

    async def look(tx: Transaction) -> dict[int, Counted]:
        found: dict[int, Counted] = {}
        for refs in by_account.values():
            found |= await status.of_many(conversation, tx, refs, command.status)
        return found

    return await conversation.snapshot(look)


def _attributes(entry: Entry, command: List, *, gone: bool) -> list[bytes]:
    found = []
    if not entry.mailbox_id:  # who does not know of RFC 5258 knows \Noselect
        found.append(b"\\NonExistent" if command.extended else b"\\Noselect")
    elif gone or not entry.readable:
        found.append(b"\\Noselect")
    if command.subscribed and entry.subscribed:
        found.append(b"\\Subscribed")
    found.append(b"\\HasChildren" if entry.children else b"\\HasNoChildren")
    if entry.role in ATTRIBUTES:
        found.append(ATTRIBUTES[entry.role])
    return found


def _childinfo(command: List) -> bytes:
    criteria = b" ".join(b'"%b"' % word for word in sorted(command.select & _BASE))
    return b' ("CHILDINFO" (%b))' % criteria


HANDLERS: Final[Handlers] = {List: list_, Lsub: lsub}
