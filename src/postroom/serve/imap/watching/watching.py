"""What a session tells of mailboxes that are not selected, and of mailboxes as such: STATUS, LIST, METADATA.

RFC 5465 §3.1 (the beginning), §5.1 to §5.7 (what is told of which event), §5.8 (overflow), §5.9 (rights that come and go). A change of the store says
where to look; what is told is the difference between what the client knows and what there is, so nothing is told twice or lost with a hint. What
the session did itself is not told. Not here: the selected mailbox (`serve.imap.watching.telling`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from postroom.message.errors import MailError
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.mailboxes import ATTRIBUTES
from postroom.proto.imap.commands.notifying import MESSAGE_EVENTS, Event, Group
from postroom.serve.imap.conversation.conversation import Conversation, Refusal
from postroom.serve.imap.conversation.watch import Named, Numbers, Watch, Wishes
from postroom.serve.imap.mailboxes import names
from postroom.serve.imap.mailboxes.listing import AT_ONCE, entries
from postroom.store.changes import (
    PROCESSES,
    SHARED,
    Announced,
    Change,
    FlagsChanged,
    MailboxChanged,
    MessageAdded,
    MessagesExpunged,
    MetadataChanged,
    Missed,
)
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl, mailboxes
from postroom.store.mailboxes.annotations import ACCOUNT
from postroom.store.mailboxes.rights import MailboxRef, Right, require

MAX_WATCHED: Final = 5_000  # mailboxes whose messages one session watches
_METADATA: Final = frozenset({Event.MAILBOX_METADATA_CHANGE, Event.SERVER_METADATA_CHANGE})


async def begin(conversation: Conversation, groups: tuple[Group, ...], *, told: bool) -> Watch | None:
    """Looks at what is to be watched; `told`: tells where it stands. None when there is nothing. Raises `Refusal` for too much."""
    if not groups:
        return None
    watch = Watch(conversation.account_id, groups)
    try:
        await _listen(conversation, watch)
        watch.names = await entries(conversation)
        await _choose(watch)
        if len(watch.watched) > MAX_WATCHED:
            raise Refusal(f"At most {MAX_WATCHED} mailboxes can be watched", "NOTIFICATIONOVERFLOW")
        await _listen(conversation, watch)
        watch.known = await _numbers(conversation, watch, watch.watched)
        await _tell_standing(conversation, watch, told=told)
    except BaseException:  # whoever is told may be gone, too: nobody else would end what is subscribed to
        watch.close()
        raise
    return watch


async def _tell_standing(conversation: Conversation, watch: Watch, *, told: bool) -> None:
    """What may be listed and not be read (RFC 5465 §3.1), and where the others stand."""
    for entry in watch.names.values():
        if entry.mailbox_id and not entry.readable and watch.events(entry):
            conversation.out.send(_listed(conversation, entry))
    if told:
        for mailbox_id, one in watch.watched.items():
            if mailbox_id in watch.known and not _selected(conversation, mailbox_id):
                items = ["MESSAGES", "UIDNEXT", "UIDVALIDITY"]
                if Event.FLAG_CHANGE in watch.events(one):
                    items += ["UNSEEN", "HIGHESTMODSEQ"]
                conversation.out.send(_status(conversation, one, items, watch.known[mailbox_id]))
                await conversation.drained()


async def tell(conversation: Conversation) -> None:
    """Tells what has happened since, if anything has."""
    watch = conversation.watch
    if watch is None:
        return
    changes = [change for one in watch.subscriptions.values() for change in one.take()]
    if not (changes or watch.own or watch.behind):
        return
    missed = watch.behind or any(isinstance(change, Missed) for change in changes)
    if missed and any(watch.wants(event) for event in _METADATA):
        overflow(conversation)  # which entries changed is not known any more
        return
    added: list[Named] = []
    if missed or watch.own or any(map(_of_names, changes)):
        added = await _tell_names(conversation, watch)
        if len(watch.watched) > MAX_WATCHED:
            overflow(conversation)
            return
    touched = set(watch.watched) if missed else _touched(changes) & watch.watched.keys()
    await _tell_numbers(conversation, watch, touched | {entry.mailbox_id for entry in added})
    for change in changes:
        if isinstance(change, MetadataChanged):
            _tell_metadata(conversation, watch, change)
    watch.behind = False


def overflow(conversation: Conversation) -> None:
    """More than can be told: from now on it is as after NOTIFY NONE (RFC 5465 §5.8)."""
    conversation.listen(Wishes(), None)
    conversation.out.status(
        b"*", "OK", "There was more than can be told: say NOTIFY again", "NOTIFICATIONOVERFLOW"
    )


async def _listen(conversation: Conversation, watch: Watch) -> None:
    """Subscribes to the account itself, to those whose mailboxes are watched, and to those that are named, since they may share some later."""
    wanted = {watch.account_id, PROCESSES} | {entry.account_id for entry in watch.watched.values()}
    for _, name in watch.named:
        if name.startswith(f"{mailboxes.OTHER_USERS}/"):
            levels = name.split(names.SEPARATOR)
            owner = await acl.account_of(
                conversation.reading, next((one for one in levels if "@" in one), "")
            )
            wanted |= {owner} if owner is not None else set()
    wanted |= {entry.account_id for entry in watch.names.values() if entry.account_id and watch.events(entry)}
    for account_id in wanted - watch.subscriptions.keys():
        watch.subscriptions[account_id] = conversation.store.changes.subscribe(
            account_id, conversation.on_news
        )
    for account_id in watch.subscriptions.keys() - wanted:
        watch.subscriptions.pop(account_id).close()


async def _choose(watch: Watch) -> None:
    """Which mailboxes' messages are watched: those that may be read (RFC 5465 §5)."""
    watched: dict[int, Named] = {}
    for number, entry in enumerate(watch.names.values()):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        if entry.readable and MESSAGE_EVENTS & watch.events(entry):
            watched[entry.mailbox_id] = entry
    watch.watched = watched
    watch.known = {key: numbers for key, numbers in watch.known.items() if key in watch.watched}


# ------------------------------------------------------------------------------------------------------------ messages


async def _numbers(
    conversation: Conversation, watch: Watch, mailbox_ids: Iterable[int]
) -> dict[int, Numbers]:
    """Where mailboxes stand, by id, without those that are gone or may not be read any more."""
    by_account: dict[int, list[MailboxRef]] = {}
    for mailbox_id in mailbox_ids:
        account_id = watch.watched[mailbox_id].account_id
        by_account.setdefault(account_id, []).append(MailboxRef(account_id, mailbox_id, watch.account_id))

    async def look(tx: Transaction) -> dict[int, Numbers]:
        found: dict[int, Numbers] = {}
        for refs in by_account.values():
            allowed = [ref for ref in refs if await _readable(tx, ref)]
            for mailbox_id, counted in (await mailboxes.counted(tx, allowed)).items():
                box = counted.mailbox
                found[mailbox_id] = Numbers(
                    box.n_total, box.uidnext, box.n_unseen, box.highestmodseq, box.uidvalidity
                )
        return found

    return await conversation.snapshot(look) if by_account else {}


async def _readable(tx: Transaction, ref: MailboxRef) -> bool:
    try:
        await require(tx, ref, Right.READ)
    except MailError:
        return False
    return True


def _of_names(change: Change) -> bool:
    """Whether it is about mailboxes as such, or about who may see them."""
    return isinstance(change, MailboxChanged) or (isinstance(change, Announced) and change.topic == SHARED)


def _touched(changes: Iterable[Change]) -> set[int]:
    return {
        change.mailbox_id
        for change in changes
        if isinstance(change, MessageAdded | MessagesExpunged | FlagsChanged)
    }


async def _tell_numbers(conversation: Conversation, watch: Watch, mailbox_ids: Collection[int]) -> None:
    now = await _numbers(conversation, watch, [one for one in mailbox_ids if one in watch.watched])
    for mailbox_id, numbers in now.items():
        before, entry = watch.known.get(mailbox_id), watch.watched[mailbox_id]
        watch.known[mailbox_id] = numbers
        if not _selected(conversation, mailbox_id) and (
            items := _items(conversation, before, numbers, flags=Event.FLAG_CHANGE in watch.events(entry))
        ):
            conversation.out.send(_status(conversation, entry, items, numbers))
            await conversation.drained()


def _items(conversation: Conversation, before: Numbers | None, now: Numbers, *, flags: bool) -> list[str]:
    """What a STATUS response has to tell (RFC 5465 §5.1 to §5.3): nothing, when nothing that is wanted has changed."""
    condstore = conversation.enabled("CONDSTORE")
    items: list[str] = []
    if before is None or (before.total, before.uidnext) != (now.total, now.uidnext):
        items += ["MESSAGES", "UIDNEXT"]
    if flags and (before is None or before.unseen != now.unseen):
        items += ["UNSEEN"]
    if flags and condstore and (before is None or before.modseq != now.modseq):
        items += ["HIGHESTMODSEQ"]
    if items and condstore and "HIGHESTMODSEQ" not in items:
        items += ["HIGHESTMODSEQ"]
    if items and (flags or before is None):
        items += ["UIDVALIDITY"]
    return items


def _status(conversation: Conversation, entry: Named, items: Iterable[str], numbers: Numbers) -> bytes:
    values = {
        "MESSAGES": numbers.total,
        "UIDNEXT": numbers.uidnext,
        "UNSEEN": numbers.unseen,
        "HIGHESTMODSEQ": numbers.modseq,
        "UIDVALIDITY": numbers.uidvalidity,
    }
    told = " ".join(f"{item} {values[item]}" for item in items)
    return b"* STATUS %b (%b)\r\n" % (_written(conversation, entry.name), told.encode())


def _selected(conversation: Conversation, mailbox_id: int) -> bool:
    """What is wanted of the selected mailbox is said for it alone (RFC 5465 §3.1)."""
    return conversation.view is not None and conversation.view.ref.mailbox_id == mailbox_id


# --------------------------------------------------------------------------------------------------------------- names


async def _tell_names(conversation: Conversation, watch: Watch) -> list[Named]:
    """LIST for names that came, went, or changed; gives the mailboxes that are watched from now on."""
    own, watch.own = watch.own, set()
    before, watch.names = watch.names, await entries(conversation)
    was_watched = watch.watched
    await _choose(watch)
    await _listen(conversation, watch)
    told: dict[str, str] = {}  # names that are to be told, and what they were called before
    gone = _by_id(before)
    here = _by_id(watch.names)
    for mailbox_id in gone.keys() - here.keys() - own:
        _came_or_went(watch, gone[mailbox_id], told)
    for mailbox_id in here.keys() - gone.keys() - own:
        _came_or_went(watch, here[mailbox_id], told)
    for mailbox_id in (here.keys() & gone.keys()) - own:
        _changed(watch, gone[mailbox_id], here[mailbox_id], told, before)
    await asyncio.sleep(0)
    for name in before.keys() | watch.names.keys():
        _subscription(watch, before.get(name), watch.names.get(name), told, own)
    for name in sorted(told):
        entry = watch.names.get(name)
        conversation.out.send(_listed(conversation, entry, name, told[name]))
        await conversation.drained()
    return [entry for key, entry in watch.watched.items() if key not in was_watched and key not in own]


def _by_id(entries: Mapping[str, Named]) -> dict[int, Named]:
    return {entry.mailbox_id: entry for entry in entries.values() if entry.mailbox_id}


def _came_or_went(watch: Watch, entry: Named, told: dict[str, str]) -> None:
    """The name and the one above it are affected (RFC 5465 §5.4); who hears of messages only hears that he may not see a mailbox of others (§5.9)."""
    events = watch.events(entry)
    if Event.MAILBOX_NAME in events or (events and entry.account_id != watch.account_id):
        told.setdefault(entry.name, "")
    above = entry.name.rpartition(names.SEPARATOR)[0]
    parent = watch.names.get(above)
    if parent is not None and Event.MAILBOX_NAME in watch.events(parent):
        told.setdefault(above, "")


def _changed(watch: Watch, old: Named, new: Named, told: dict[str, str], before: Mapping[str, Named]) -> None:
    """A mailbox that was renamed, unless with one above it, or that may be read now and could not be, or the reverse (RFC 5465 §5.4, §5.9)."""
    if old.name != new.name and not _moved_along(watch, old, new, before):
        if Event.MAILBOX_NAME in watch.events(old) | watch.events(new):
            told[new.name] = old.name
    elif old.readable != new.readable and watch.events(new):
        told.setdefault(new.name, "")


def _moved_along(watch: Watch, old: Named, new: Named, before: Mapping[str, Named]) -> bool:
    """Whether only a name above has changed."""
    above_old, _, last_old = old.name.rpartition(names.SEPARATOR)
    above_new, _, last_new = new.name.rpartition(names.SEPARATOR)
    parent_old, parent_new = before.get(above_old), watch.names.get(above_new)
    if last_old != last_new or parent_old is None or parent_new is None:
        return False
    return bool(parent_old.mailbox_id) and parent_old.mailbox_id == parent_new.mailbox_id


def _subscription(
    watch: Watch, old: Named | None, new: Named | None, told: dict[str, str], own: set[int]
) -> None:
    """RFC 5465 §5.5."""
    was, now = old is not None and old.subscribed, new is not None and new.subscribed
    entry = new or old
    if was == now or entry is None or entry.mailbox_id in own:
        return
    if old is not None and new is not None and old.mailbox_id != new.mailbox_id:
        return  # another mailbox has the name now, which is told, or none
    events = watch.events(entry) | (watch.events(old) if old is not None else frozenset())
    if Event.SUBSCRIPTION_CHANGE in events and (new is not None or old is None or not old.mailbox_id):
        told.setdefault(entry.name, "")


def _listed(conversation: Conversation, entry: Named | None, name: str = "", old: str = "") -> bytes:
    """An untagged LIST with all attributes as they are now; without an entry the name leads nowhere."""
    attributes: list[bytes] = []
    if entry is None or not entry.mailbox_id:
        attributes.append(b"\\NonExistent")
    elif not entry.readable:
        attributes.append(b"\\NoAccess")
    if entry is not None:
        if entry.subscribed:
            attributes.append(b"\\Subscribed")
        if entry.mailbox_id or entry.children:
            attributes.append(b"\\HasChildren" if entry.children else b"\\HasNoChildren")
        if entry.role in ATTRIBUTES:
            attributes.append(ATTRIBUTES[entry.role])
        name = entry.name
    before = b' ("OLDNAME" (%b))' % _written(conversation, old) if old else b""
    told = (b" ".join(attributes), _written(conversation, name), before)
    return b'* LIST (%b) "/" %b%b\r\n' % told


def _written(conversation: Conversation, name: str) -> bytes:
    return rendering.name(name, utf8=conversation.machine.utf8)


# ------------------------------------------------------------------------------------------------------------ metadata


def _tell_metadata(conversation: Conversation, watch: Watch, change: MetadataChanged) -> None:
    """METADATA with the names of entries that changed (RFC 5465 §5.6 and §5.7, RFC 5464 §4.4.2); others' private ones are theirs."""
    entries = [
        entry
        for entry in change.entries
        if entry.startswith("/shared/") or change.author_id == watch.account_id
    ]
    if change.mailbox_id == ACCOUNT:
        wanted = change.account_id == watch.account_id and watch.wants(Event.SERVER_METADATA_CHANGE)
        name = ""
    else:
        found = next((one for one in watch.names.values() if one.mailbox_id == change.mailbox_id), None)
        wanted = found is not None and found.readable and Event.MAILBOX_METADATA_CHANGE in watch.events(found)
        name = found.name if found is not None else ""
    if wanted and entries:
        listed = b" ".join(rendering.astring(entry.encode()) for entry in entries)
        conversation.out.untagged(b"METADATA %b %b" % (_written(conversation, name), listed))
