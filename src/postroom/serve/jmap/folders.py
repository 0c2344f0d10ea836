"""An account's mailboxes as the one who asks may see them: all of one's own, of others' those that are shared with him.

RFC 8621 §2 (myRights, isSubscribed), RFC 4314 §4. Read once in a call. Not here: what is asked of them.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import msgspec

from postroom.message.ids import IdKind
from postroom.serve.jmap.call import Call, number_of
from postroom.store import acl, mailboxes, tree
from postroom.store.emails import Reader
from postroom.store.mailboxes import OTHER_USERS, TOP, Mailbox
from postroom.store.rights import ALL, Right

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

    mailbox: Mailbox
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

    def my_rights(self, *, sharing: bool) -> dict[str, bool]:
        """MailboxRights; `sharing`: for a client that knows of `mayShare`."""
        fixed = self.mailbox.role == "inbox"
        return {
            name: all(letter in self.rights for letter in letters)
            and not (fixed and name in ("mayRename", "mayDelete"))
            for name, letters in (SHARING if sharing else RIGHTS)
        }


class Folders:
    """The mailboxes of one account by id. Made by `read`."""

    def __init__(self, account_id: int, who: int, found: dict[int, Folder]) -> None:
        self.account_id = account_id
        self.who = who
        self.by_id = found

    @classmethod
    async def read(cls, call: Call, account_id: int) -> Folders:
        """As they are now."""
        who = call.visitor.account_id
        boxes = await mailboxes.listing(call.reading, account_id)
        if account_id == who:
            return cls(
                account_id, who, {box.mailbox_id: Folder(box, ALL, bool(box.subscribed)) for box in boxes}
            )
        shared = (await call.shared()).get(account_id, {})
        subscribed = await _subscribed(call, account_id, boxes)
        return cls(
            account_id,
            who,
            {
                box.mailbox_id: Folder(box, shared[box.mailbox_id], box.mailbox_id in subscribed)
                for box in boxes
                if box.mailbox_id in shared
            },
        )

    @property
    def reader(self) -> Reader:
        """Who looks, for the store."""
        if self.who == self.account_id:
            return Reader(self.account_id, self.who)
        return Reader(
            self.account_id, self.who, frozenset(n for n, folder in self.by_id.items() if folder.readable)
        )

    @property
    def trash(self) -> int | None:
        """The mailbox of what was thrown away."""
        return next((number for number, one in self.by_id.items() if one.mailbox.role == "trash"), None)

    def named(self, written: str) -> Folder | None:
        """The mailbox with an id; None where there is none that may be seen."""
        number = number_of(IdKind.MAILBOX, written)
        return None if number is None else self.by_id.get(number)

    def parent(self, folder: Folder) -> Folder | None:
        """What a mailbox lies in, as far as that may be seen."""
        return self.by_id.get(folder.mailbox.parent_id) if folder.mailbox.parent_id != TOP else None


async def subscription_name(call: Call, account_id: int, mailbox_id: int) -> str | None:
    """The name under which somebody is subscribed to another's mailbox (RFC 2342 §5); None when it is gone."""
    owner = (await acl.addresses_of(call.reading, [account_id])).get(account_id)
    path = tree.paths(await tree.nodes(call.reading, account_id)).get(mailbox_id)
    if owner is None or path is None:
        return None
    return unicodedata.normalize("NFC", f"{OTHER_USERS}/{owner}/{path}")


async def _subscribed(call: Call, account_id: int, boxes: list[Mailbox]) -> set[int]:
    names = set(await tree.subscriptions(call.reading, call.visitor.account_id))
    owner = (await acl.addresses_of(call.reading, [account_id])).get(account_id, "")
    rows = [(box.mailbox_id, box.parent_id, box.name) for box in boxes]
    return {
        number
        for number, path in tree.paths(rows).items()
        if unicodedata.normalize("NFC", f"{OTHER_USERS}/{owner}/{path}") in names
    }
