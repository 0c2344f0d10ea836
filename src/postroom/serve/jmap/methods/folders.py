"""An account's mailboxes as the one who asks may see them: all of one's own, of others' those that are shared with him.

RFC 8621 §2 (myRights, isSubscribed), RFC 4314 §4. Read once in a call. Not here: what is asked of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.serve.jmap.methods.call import Call, number_of
from postroom.store.emails.emails import Reader
from postroom.store.mailboxes import acl, tree
from postroom.store.mailboxes.cabinet import Box, Cabinet
from postroom.store.mailboxes.mailboxes import OTHER_USERS, TOP
from postroom.store.mailboxes.rights import ALL, Right

# RFC 8621 §2: all of the letters are needed.
RIGHTS: Final = (
    ("mayReadItems", (Right.LOOKUP, Right.READ)),
    ("mayAddItems", (Right.INSERT,)),
    ("mayRemoveItems", (Right.DELETE_MESSAGE, Right.EXPUNGE)),
    ("maySetSeen", (Right.KEEP_SEEN,)),
    ("maySetKeywords", (Right.WRITE_FLAGS,)),
    ("mayCreateChild", (Right.CREATE,)),
    ("mayRename", (Right.DELETE_MAILBOX,)),
    ("mayDelete", (Right.DELETE_MAILBOX,)),
    ("maySubmit", (Right.POST,)),
)
SHARING: Final = (*RIGHTS, ("mayShare", (Right.ADMINISTER,)))  # of a client that knows of sharing


class Folder(msgspec.Struct, frozen=True):
    """A mailbox, and what the one who asks may do in it (letters of RFC 4314 §2.1)."""

    mailbox: Box
    rights: str
    subscribed: bool

    @property
    def readable(self) -> bool:
        """Whether what is in it may be seen."""
        return Right.READ in self.rights

    @property
    def shareable(self) -> bool:
        """Whether who asks may share it."""
        return Right.ADMINISTER in self.rights

    @property
    def fixed(self) -> bool:
        """Whether it stays where it is, whoever may do what."""
        return self.mailbox.role == "inbox"

    def my_rights(self, *, sharing: bool) -> dict[str, bool]:
        """MailboxRights; `sharing`: for a client that knows of `mayShare`."""
        return {
            name: all(letter in self.rights for letter in letters)
            and not (self.fixed and name in ("mayRename", "mayDelete"))
            for name, letters in (SHARING if sharing else RIGHTS)
        }


class Folders(Mapping[int, Folder]):
    """The mailboxes of one account by id, in no order. Made by `read`."""

    def __init__(
        self,
        account_id: int,
        who: int,
        cabinet: Cabinet,
        shared: Mapping[int, str],
        subscribed: AbstractSet[int],
    ) -> None:
        """`shared` and `subscribed` are of no account of one's own."""
        self.account_id = account_id
        self.who = who
        self._boxes = cabinet.boxes
        self._shared = shared
        self._subscribed = subscribed

    @classmethod
    async def read(cls, call: Call, account_id: int) -> Folders:
        """As they are now."""
        who = call.visitor.account_id
        cabinet = await cabinet_of(call, account_id)
        if account_id == who:
            return cls(account_id, who, cabinet, {}, frozenset())
        given = (await call.shared()).get(account_id, {})
        shared = {number: rights for number, rights in given.items() if number in cabinet.boxes}
        return cls(account_id, who, cabinet, shared, await _subscribed(call, account_id, cabinet, shared))

    @property
    def own(self) -> bool:
        """Whether they belong to who asks."""
        return self.who == self.account_id

    def __getitem__(self, number: int) -> Folder:
        """Raises `KeyError` also where it may not be seen."""
        if self.own:
            box = self._boxes[number]
            return Folder(box, ALL, bool(box.subscribed))
        return Folder(self._boxes[number], self._shared[number], number in self._subscribed)

    def __contains__(self, number: object) -> bool:
        return number in (self._boxes if self.own else self._shared)

    def __iter__(self) -> Iterator[int]:
        return iter(self._boxes if self.own else self._shared)

    def __len__(self) -> int:
        return len(self._boxes if self.own else self._shared)

    @property
    def reader(self) -> Reader:
        """Who looks, for the store."""
        if self.own:
            return Reader(self.account_id, self.who)
        return Reader(
            self.account_id,
            self.who,
            frozenset(n for n, rights in self._shared.items() if Right.READ in rights),
        )

    @property
    def trash(self) -> int | None:
        """The mailbox of what was thrown away."""
        return next((number for number in self if self._boxes[number].role == "trash"), None)

    def named(self, written: str) -> Folder | None:
        """The mailbox with an id; None where there is none that may be seen."""
        number = number_of(IdKind.MAILBOX, written)
        return None if number is None else self.get(number)

    def parent_id(self, folder: Folder) -> str | None:
        """The id of what a mailbox lies in, as far as that may be seen."""
        above = folder.mailbox.parent_id
        return id_text(IdKind.MAILBOX, above) if above in self else None

    def parent(self, folder: Folder) -> Folder | None:
        """What a mailbox lies in, as far as that may be seen."""
        return self.get(folder.mailbox.parent_id) if folder.mailbox.parent_id != TOP else None


async def cabinet_of(call: Call, account_id: int) -> Cabinet:
    """All mailboxes of an account, whoever asks."""
    return await call.service.cabinets.look(call.reading, account_id)


async def subscription_name(call: Call, account_id: int, mailbox_id: int) -> str | None:
    """The name under which somebody is subscribed to another's mailbox (RFC 2342 §5); None when it is gone."""
    owner = (await acl.addresses_of(call.reading, [account_id])).get(account_id)
    path = (await cabinet_of(call, account_id)).path(mailbox_id)
    if owner is None or path is None:
        return None
    return _name(owner, path)


async def _subscribed(call: Call, account_id: int, cabinet: Cabinet, among: Iterable[int]) -> set[int]:
    names = set(await tree.subscriptions(call.reading, call.visitor.account_id))
    owner = (await acl.addresses_of(call.reading, [account_id])).get(account_id, "")
    return {number for number in among if _name(owner, cabinet.path(number) or "") in names}


def _name(owner: str, path: str) -> str:
    return unicodedata.normalize("NFC", f"{OTHER_USERS}/{owner}/{path}")
