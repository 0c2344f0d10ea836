"""Mailbox/set: mailboxes are made, renamed, moved, given a role, subscribed to, and removed (RFC 8621 §2.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.mail.mailbox import COUNTS, PROPERTIES, known, show, state_of
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.folders import Folder, Folders, subscription_name
from postroom.serve.jmap.methods.getting import Setting, Taken
from postroom.serve.jmap.sharing import share_with
from postroom.serve.jmap.sharing.share_with import SHARE_WITH, Wish
from postroom.store.changes import Change, MailboxChanged
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import arranging, mailboxes, tree
from postroom.store.mailboxes.mailboxes import (
    TOP,
    BadName,
    BadPlace,
    HasChildren,
    MailboxExists,
    NewMailbox,
    TooManyMailboxes,
)
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.mailboxes.tree import RoleTaken
from postroom.store.records import share_notices
from postroom.store.records.share_notices import Stamp

MAX_ORDER: Final = 2**31 - 1  # RFC 8621 §2
# RFC 8621 §2: the attributes of the IANA registry "IMAP Mailbox Name Attributes" that say what a mailbox is for, and the inbox.
ROLES: Final = frozenset(
    ("all", "archive", "drafts", "flagged", "important", "inbox", "junk", "memos", "scheduled", "sent", "snoozed", "subscribed", "trash")
)  # fmt: skip
SETTABLE: Final[dict[str, Any]] = {
    "parentId": None,
    "role": None,
    "sortOrder": 0,
    "isSubscribed": True,
    SHARE_WITH: None,
}
_HARMLESS: Final = frozenset(("name", "sortOrder", "isSubscribed"))
_UNCOUNTED: Final = tuple(
    name for name in PROPERTIES if name not in (*COUNTS, SHARE_WITH)
)  # what is known of one without its emails
_SERVER_SET: Final = tuple(name for name in PROPERTIES if name not in ("name", *SETTABLE))


class MailboxSet(Set, frozen=True, kw_only=True):
    """RFC 8621 §2.5."""

    on_destroy_remove_emails: bool = False


async def set_(call: Call, arguments: MailboxSet) -> Object:
    """RFC 8621 §2.5. Creations go in an order in which parents come before what lies below them."""
    account_id = await call.account(arguments.account_id)
    setting = Setting(call, arguments, await state_of(call, account_id))
    work = _Work(call, account_id, remove_emails=arguments.on_destroy_remove_emails)
    await setting.create(work.create, order=_parents_first(arguments.create or {}))
    await setting.update(work.update)
    await setting.destroy(work.destroy, order=await work.children_first(arguments.destroy or ()))
    await setting.spare(work.update)
    await setting.again(work.create, work.update)
    if await work.set_aside(setting.taken_updated, arguments.update or {}):
        await setting.again(work.create, work.update)
    return setting.answer(await state_of(call, account_id))


def _parents_first(create: dict[str, Object]) -> list[str]:
    """Creation ids, each behind that of its parent when this is made here too."""
    done: dict[str, None] = {}
    for start in create:
        line = [start]
        while True:
            parent = create[line[-1]].get("parentId")
            above = parent[1:] if isinstance(parent, str) and parent.startswith("#") else ""
            if above not in create or above in line or above in done:
                break
            line.append(above)
        done.update(dict.fromkeys(reversed(line)))
    return list(done)


class _Work:
    """What is done with one account's mailboxes, one after the other."""

    def __init__(self, call: Call, account_id: int, *, remove_emails: bool) -> None:
        self._call = call
        self._account_id = account_id
        self._remove_emails = remove_emails

    async def create(self, given: Object) -> Object:
        """A new mailbox."""
        call = self._call
        wrong = [name for name in given if name not in known(call) or name in _SERVER_SET]
        if wrong:
            raise invalid(wrong, "only the server sets this, or there is no such property")
        values = {**SETTABLE, **given}
        self._check(values)
        number = call.service.ids.next()
        parent_id = self._parent(values["parentId"], await Folders.read(call, self._account_id))
        self._check_role(None, values["role"])
        own = self._account_id == call.visitor.account_id
        new = NewMailbox(
            number,
            values["name"],
            parent_id,
            values["role"] or "",
            bool(values["isSubscribed"]) and own,
        )

        shared = _Shared(call, self._account_id, number)
        if SHARE_WITH in given:
            above = parent_id and (await share_with.lists(call, self._account_id)).get(parent_id)
            await shared.wish(above or None, given[SHARE_WITH])

        async def work(tx: Transaction) -> list[Change]:
            if new.role and await tx.fetchrow(tree.ROLE_TAKEN, self._account_id, new.role):
                raise RoleTaken
            made: list[Change] = [
                await mailboxes.create(tx, self._account_id, new, call.service.now(), call.visitor.account_id)
            ]
            if values["sortOrder"]:
                made.append(
                    await arranging.set_order(tx, call.ref(self._account_id, number), values["sortOrder"])
                )
            return made + await shared.give(tx)

        await self._do(work)
        call.forget_shared()
        folders = await Folders.read(call, self._account_id)
        (shown,) = await show(call, folders, [folders[number]], self._shown(sharing=True))
        told = {**shown, **dict.fromkeys(COUNTS, 0)}
        return {name: value for name, value in told.items() if name == "id" or given.get(name, self) != value}

    async def update(self, record: str, given: Object) -> Object | None:
        """Another name, parent, role, place or subscription."""
        call = self._call
        folders = await Folders.read(call, self._account_id)
        folder = self._folder(folders, record)
        counted = [name for name in COUNTS if name in given]
        sharing = any(path.partition("/")[0] == SHARE_WITH for path in given)
        (current,) = await show(call, folders, [folder], [*self._shown(sharing=sharing), *counted])
        if SHARE_WITH in current:  # what is shared with nobody may be patched, too
            share_with.must_share(shareable=folder.shareable)
            current[SHARE_WITH] = current[SHARE_WITH] or {}
        values = patch.apply(current, given, SETTABLE)
        wrong = patch.changed_beside(current, values, {"name", *SETTABLE} & set(known(call)))
        if wrong:
            raise invalid(wrong, "not a property that a client sets")
        self._check(values)
        await self._apply(folders, folder, (current, values))
        return None

    async def _apply(self, folders: Folders, folder: Folder, versions: tuple[Object, Object]) -> None:
        current, values = versions
        call, ref = self._call, self._call.ref(self._account_id, folder.mailbox.mailbox_id)
        parent_id = self._parent(values["parentId"], folders)
        self._check_role(current["role"], values["role"])
        own = self._account_id == call.visitor.account_id
        shared = _Shared(call, self._account_id, ref.mailbox_id)
        await shared.wish(current.get(SHARE_WITH), values.get(SHARE_WITH))

        async def work(tx: Transaction) -> list[Change]:
            done: list[Change] = []
            changed = {name for name in ("name", "parentId") if values[name] != current[name]}
            if changed:
                await mailboxes.hold(tx, ref.account_id)  # what others have done to it meanwhile stays
                there = await mailboxes.get(tx, ref)
                parent = parent_id if "parentId" in changed else there.parent_id
                name = values["name"] if "name" in changed else there.name
                done.append(await mailboxes.rename(tx, ref, parent, name))
            if values["role"] != current["role"]:
                done.append(await arranging.set_role(tx, ref, values["role"] or ""))
            if values["sortOrder"] != current["sortOrder"]:
                done.append(await arranging.set_order(tx, ref, values["sortOrder"]))
            if own and values["isSubscribed"] != current["isSubscribed"]:
                done.append(await mailboxes.subscribe(tx, ref, subscribed=values["isSubscribed"]))
            return done + await shared.give(tx)

        await self._do(work)
        call.forget_shared()
        if not own and values["isSubscribed"] != current["isSubscribed"]:
            await self._subscribe(ref, subscribed=values["isSubscribed"])

    def _shown(self, *, sharing: bool) -> tuple[str, ...]:
        """What is read of a mailbox; `sharing`: also with whom it is shared, where the client knows of that."""
        return (*_UNCOUNTED, SHARE_WITH) if sharing and SHARE_WITH in known(self._call) else _UNCOUNTED

    async def _subscribe(self, ref: MailboxRef, *, subscribed: bool) -> None:
        """A subscription of who asks to another's mailbox is a name of his own."""
        name = await subscription_name(self._call, ref.account_id, ref.mailbox_id)
        if name is None:
            raise Refused("notFound")
        who = self._call.visitor.account_id

        async def work(tx: Transaction) -> list[Change]:
            if subscribed:
                await tree.subscribe(tx, who, name)
                return await share_notices.settle(tx, ref, self._call.service.now())
            await tree.unsubscribe(tx, who, name)
            return []

        await self._do(work)
        self._call.publish([MailboxChanged(who, 0, ref.mailbox_id)])
        await self._do(lambda tx: _touched(tx, ref))

    async def destroy(self, record: str) -> None:
        """Removes a mailbox, with what is in it only when that is asked for."""
        call = self._call
        folders = await Folders.read(call, self._account_id)
        folder = self._folder(folders, record)
        ref = call.ref(self._account_id, folder.mailbox.mailbox_id)

        more = True

        async def work(tx: Transaction) -> list[Change]:
            nonlocal more
            await mailboxes.hold(tx, ref.account_id)  # mail that is just arriving counts
            box = await mailboxes.get(tx, ref)
            if box.n_total > box.n_deleted and not self._remove_emails:
                raise Refused("mailboxHasEmail")
            changes, more = await expunge.delete(tx, ref, call.service.now())
            return changes

        while more:
            await self._do(work)

    async def children_first(self, destroy: Any) -> list[str]:
        """What is to be destroyed, mailboxes before those that they lie in."""
        folders = await Folders.read(self._call, self._account_id)

        def depth(written: str) -> int:
            folder = folders.named(self._call.resolved(written))
            levels = 0
            while folder is not None and levels <= mailboxes.MAX_DEPTH:
                folder = folders.parent(folder)
                levels += 1
            return levels

        return sorted(dict.fromkeys(destroy), key=depth, reverse=True)

    async def set_aside(self, taken: Sequence[str], update: Mapping[str, Object]) -> bool:
        """Gives mailboxes that want each other's names names that nobody wants, until they get their own; whether there are any."""
        folders = await Folders.read(self._call, self._account_id)
        wishes: dict[tuple[int, str], Folder] = {}  # by parent and name, the mailbox that is to have it
        for written in taken:
            folder, name = folders.named(self._call.meant(written)), str(update[written].get("name"))
            if folder is not None and self._surely(folder, update[written]):
                wishes.setdefault((folder.mailbox.parent_id, name), folder)
        while True:
            has = {(one.mailbox.parent_id, one.mailbox.name) for one in wishes.values()}
            if wishes.keys() <= has:
                break
            wishes = {wish: one for wish, one in wishes.items() if wish in has}
        for (parent_id, _), folder in wishes.items():
            ref = self._call.ref(self._account_id, folder.mailbox.mailbox_id)
            await self._rename(ref, parent_id, id_text(IdKind.MAILBOX, ref.mailbox_id))
        return bool(wishes)

    def _surely(self, folder: Folder, given: Object) -> bool:
        """Whether nothing but a name that another has can be in the way of an update."""
        own = self._account_id == self._call.visitor.account_id
        return own and folder.mailbox.role != "inbox" and given.keys() <= _HARMLESS

    async def _rename(self, ref: MailboxRef, parent_id: int, name: str) -> None:
        async def work(tx: Transaction) -> list[MailboxChanged]:
            return [await mailboxes.rename(tx, ref, parent_id, name)]

        await self._do(work)

    async def _do(self, work: Callable[[Transaction], Any]) -> None:
        try:
            self._call.publish(await self._call.write(work))
        except HasChildren as error:
            raise Refused("mailboxHasChild") from error
        except BadName as error:
            raise invalid("name", error.public) from error
        except BadPlace as error:
            raise invalid("parentId", error.public) from error
        except MailboxExists as error:
            raise Taken("invalidProperties", error.public, ("name",)) from error
        except RoleTaken as error:
            raise Taken("invalidProperties", error.public, ("role",)) from error
        except TooManyMailboxes as error:
            raise Refused("overQuota", error.public) from error

    def _folder(self, folders: Folders, record: str) -> Folder:
        folder = folders.named(record)
        if folder is None:
            raise Refused("notFound")
        return folder

    def _parent(self, given: str | None, folders: Folders) -> int:
        if given is None:
            return TOP
        try:
            folder = folders.named(self._call.meant(given))
        except Refused:
            folder = None
        if folder is None:
            raise invalid("parentId", "there is no such mailbox")
        return folder.mailbox.mailbox_id

    def _check_role(self, former: str | None, wanted: str | None) -> None:
        """What a mailbox is for decides what is filed there (junk, what was sent): its owner's to say."""
        if wanted != former and self._account_id != self._call.visitor.account_id:
            raise Refused("forbidden", "in another's account roles are his to give", ("role",))

    def _check(self, values: Object) -> None:
        """The types of what a client may set."""
        values = {SHARE_WITH: None, **values}
        wrong = [name for name, test in _TYPES.items() if name not in values or not test(values[name])]
        if wrong:
            raise invalid(wrong, "a property is missing, or its value is none that it can have")


class _Shared:
    """What is to become of one mailbox's list."""

    def __init__(self, call: Call, account_id: int, mailbox_id: int) -> None:
        self._call = call
        self._ref = call.ref(account_id, mailbox_id)
        self._wished: list[Wish] = []
        self._stamps: list[Stamp] = []

    async def wish(self, before: Object | None, after: Object | None) -> None:
        """Two values of the property. Raises `Refused`."""
        service = self._call.service
        self._wished = await share_with.wishes(self._call, self._ref.account_id, before, after)
        self._stamps = [Stamp(service.ids.next(), service.now()) for _ in self._wished]

    async def give(self, tx: Transaction) -> list[Change]:
        """Makes the one the other."""
        return await share_with.give(tx, self._ref, self._wished, self._stamps) if self._wished else []


def _is_order(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_ORDER


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "name": lambda value: isinstance(value, str),
    "parentId": lambda value: value is None or isinstance(value, str),
    "role": lambda value: value is None or (isinstance(value, str) and value in ROLES),
    "sortOrder": _is_order,
    "isSubscribed": lambda value: isinstance(value, bool),
    SHARE_WITH: share_with.is_share_with,
}


async def _touched(tx: Transaction, ref: MailboxRef) -> list[Change]:
    return [await mailboxes.touch(tx, ref)]


METHODS: Final[Methods] = {"Mailbox/set": Method(MAIL, MailboxSet, set_)}
