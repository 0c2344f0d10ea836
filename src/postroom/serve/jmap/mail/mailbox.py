"""Mailbox/get and Mailbox/changes (RFC 8621 §2.1, §2.2), with `shareWith` for clients that know of it (`share_with`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import MAIL, MAIL_SHARE
from postroom.proto.jmap.standard import Changes, Get, wanted
from postroom.proto.jmap.state import Changed
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.folders import Folder, Folders
from postroom.serve.jmap.methods.getting import Since, got, ids_of
from postroom.serve.jmap.sharing import share_with
from postroom.serve.jmap.sharing.share_with import SHARE_WITH
from postroom.store.emails.roster import Counts
from postroom.store.mailboxes import arranging

NOTHING: Final = Counts()
COUNTS: Final = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")


class Shown(msgspec.Struct, frozen=True):
    """A mailbox, and what is counted when somebody asks."""

    folder: Folder
    parent_id: str | None
    counts: Counts
    rights: Mapping[str, bool]
    share_with: Object | None


PROPERTIES: Final[Mapping[str, Callable[[Shown], Any]]] = {
    "id": lambda one: id_text(IdKind.MAILBOX, one.folder.mailbox.mailbox_id),
    "name": lambda one: one.folder.mailbox.name,
    "parentId": lambda one: one.parent_id,
    "role": lambda one: one.folder.mailbox.role or None,
    "sortOrder": lambda one: one.folder.mailbox.sort_order,
    "totalEmails": lambda one: one.counts.emails,
    "unreadEmails": lambda one: one.counts.unread_emails,
    "totalThreads": lambda one: one.counts.threads,
    "unreadThreads": lambda one: one.counts.unread_threads,
    "myRights": lambda one: one.rights,
    "isSubscribed": lambda one: one.folder.subscribed,
    SHARE_WITH: lambda one: one.share_with,
}


def known(call: Call) -> tuple[str, ...]:
    """The properties of which the client knows."""
    return tuple(name for name in PROPERTIES if name != SHARE_WITH or MAIL_SHARE in call.using)


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8621 §2.1."""
    account_id = await call.account(arguments.account_id)
    properties = wanted(arguments.properties, known(call))
    asked = ids_of(call, arguments)
    state = await state_of(call, account_id)
    folders = await Folders.read(call, account_id)
    if asked is None:
        found = list(folders.values())
    else:
        found = [folder for one in asked if (folder := folders.named(one)) is not None]
    return got(arguments, state, await show(call, folders, found, properties), asked)


async def show(
    call: Call, folders: Folders, found: Collection[Folder], properties: Collection[str]
) -> list[Object]:
    """Mailboxes with these properties."""
    counts: Mapping[int, Counts] = {}
    if not set(COUNTS).isdisjoint(properties) and found:
        roster = await call.service.rosters.look(call.reading, folders.reader)
        counts = await roster.counts(folders.trash)
    sharing = MAIL_SHARE in call.using
    rights: dict[tuple[str, bool], Mapping[str, bool]] = {}  # the same in thousands of mailboxes
    lists = await share_with.lists(call, folders.account_id) if SHARE_WITH in properties else {}
    values = [(name, PROPERTIES[name]) for name in properties]
    shown = []
    for folder in found:
        number = folder.mailbox.mailbox_id
        kind = (folder.rights, folder.fixed)
        if kind not in rights:
            rights[kind] = folder.my_rights(sharing=sharing)
        one = Shown(
            folder,
            folders.parent_id(folder),
            counts.get(number, NOTHING),
            rights[kind],
            lists.get(number) or None,
        )
        shown.append({name: value(one) for name, value in values})
    return shown


async def state_of(call: Call, account_id: int) -> int:
    """The state of all mailboxes of an account."""
    return max(await arranging.newest(call.reading, account_id), (await call.state(account_id)).floor)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8621 §2.2. A mailbox that is no longer shared is gone for who asks."""
    account_id = await call.account(arguments.account_id)
    account = await call.state(account_id)
    newest = await state_of(call, account_id)
    since = Since(arguments, IdKind.MAILBOX, floor=account.floor, newest=account.modseq, current=newest)
    there = await Folders.read(call, account_id)
    found = await _changed(call, account_id, since.cursor[0] - 1, there)
    if account_id != call.visitor.account_id:
        found = _with_children(found, there)
    behind = [
        change
        for change in found
        if (change.modseq, change.mailbox_id) > since.cursor
        and (change.mailbox_id in there or change.structure > since.since.began)  # it may have been seen
    ]
    answer = since.answer(
        [
            Changed(one.modseq, one.mailbox_id, one.created, one.gone or one.mailbox_id not in there)
            for one in behind
        ]
    )
    only_counts = not answer["created"] and not answer["destroyed"]
    only_counts = only_counts and all(one.structure <= since.since.began for one in behind)
    return {**answer, "updatedProperties": list(COUNTS) if only_counts and behind else None}


async def _changed(
    call: Call, account_id: int, since: int, there: Collection[int]
) -> list[arranging.MailboxChange]:
    """Those that changed themselves, and those where a thread is counted of which something changed in another."""
    found = {one.mailbox_id: one for one in await arranging.changes(call.reading, account_id, since)}
    beside = await arranging.beside(call.reading, account_id, since)
    if beside is None:
        newest = max((one.modseq for one in found.values()), default=0)
        beside = dict.fromkeys(there, newest)
    for mailbox_id, modseq in beside.items():
        one = found.get(mailbox_id)
        if one is None and mailbox_id in there:
            found[mailbox_id] = arranging.MailboxChange(modseq, mailbox_id, 0, 0, gone=False)
        elif one is not None and not one.gone and one.modseq < modseq:
            found[mailbox_id] = msgspec.structs.replace(one, modseq=modseq)
    return sorted(found.values(), key=lambda one: (one.modseq, one.mailbox_id))


def _with_children(
    found: list[arranging.MailboxChange], there: Mapping[int, Folder]
) -> list[arranging.MailboxChange]:
    """The same with what lies in them: the parentId of that is another where they came into sight or left it."""
    known = {one.mailbox_id: one for one in found}
    changes = dict(known)
    for number, folder in there.items():
        parent = known.get(folder.mailbox.parent_id)
        if parent is None:
            continue
        own = known.get(number, arranging.MailboxChange(0, number, 0, 0, gone=False))
        changes[number] = msgspec.structs.replace(
            own,
            modseq=max(own.modseq, parent.structure),
            structure=max(own.structure, parent.structure),
        )
    return sorted(changes.values(), key=lambda one: (one.modseq, one.mailbox_id))


METHODS: Final[Methods] = {
    "Mailbox/get": Method(MAIL, Get, get),
    "Mailbox/changes": Method(MAIL, Changes, changes),
}
