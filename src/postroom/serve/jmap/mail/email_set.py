"""Email/set: drafts are made, keywords and mailboxes changed, emails destroyed (RFC 8621 §4.6).

Each email is one transaction: its copies are moved, copied or expunged so that they are in the mailboxes that are asked for, and all of them get the
keywords. Not here: how a message is written (`proto.jmap.writing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

from postroom.message.ids import IdKind
from postroom.message.journey.events import READ_TOGETHER, Connected, Handled, Hop, HopKind
from postroom.proto.jmap import patch
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.capabilities import MAIL, MOST_ATTACHED
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.header_forms import read_property
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import Object, parse_utc_date
from postroom.proto.jmap.writing import BODIES, Making, blob_ids, too_large, write
from postroom.proto.jmap.writing_headers import CONVENIENT
from postroom.serve.jmap.mail.arriving import Arrivals, Placing, keywords_given, mailboxes_given
from postroom.serve.jmap.mail.email import emails_shown
from postroom.serve.jmap.mail.email_view import PROPERTIES, BodyArguments, View, show, wish
from postroom.serve.jmap.mail.thread import state_of
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import Setting
from postroom.serve.jmap.methods.octets import Octets, apart
from postroom.store.changes import Change
from postroom.store.emails import copying, emails, expunge
from postroom.store.emails.emails import KEYWORDS, Copy
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.flags import is_keyword
from postroom.store.mailboxes.rights import Right

T = TypeVar("T", int, str)

_METADATA: Final = ("mailboxIds", "keywords", "receivedAt")
_OBJECTS: Final = ("bodyStructure/", "bodyValues/")  # what a path may lead into, RFC 8620 §5.3
_FLAG_OF: Final = {name: flag for flag, name in KEYWORDS.items()}


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 8621 §4.6."""
    account_id = await call.writable(arguments.account_id)
    setting = Setting(call, arguments, await state_of(call, account_id))
    work = _Work(call, await Folders.read(call, account_id))
    await setting.carry_out(work.create, work.update, work.destroy)
    return setting.answer(await state_of(call, account_id))


class _Work:
    """What is done with one account's emails, one after the other."""

    def __init__(self, call: Call, folders: Folders) -> None:
        self._call = call
        self._folders = folders
        self._read = 0  # messages that were marked as read

    async def create(self, given: Object) -> Object:
        """A new message."""
        call = self._call
        wrong = [
            name
            for name in given
            if not (name in _METADATA or name in CONVENIENT or name in BODIES or name.startswith("header:"))
        ]
        if wrong:
            known = "only the server sets this" if wrong[0] in PROPERTIES else "there is no such property"
            raise invalid(wrong, known)
        folders = self._folders
        placing = Placing(
            mailboxes_given(call, folders, given.get("mailboxIds")),
            keywords_given(given.get("keywords")),
            _received(call, given),
        )
        found, missing = await Octets(call, folders.account_id).all(blob_ids(given), MOST_ATTACHED)
        size = sum(map(len, found.values()))
        if size > MOST_ATTACHED:
            raise too_large()
        if missing:
            raise Refused("blobNotFound", "blobs are not there", notFound=missing)
        domain = call.visitor.address.rpartition("@")[2]
        making = Making(call.service.now() // 1_000_000, call.service.unique(), domain)
        content = {name: value for name, value in given.items() if name not in _METADATA}
        raw = await apart(size, write, content, found, making)
        made = await Arrivals(call, folders).file(raw, placing)
        if not found:
            return made
        blob = BlobId(number_of(IdKind.EMAIL, made["id"]) or 0)
        return {**made, **await apart(len(raw), _renamed, given, blob, raw)}

    async def update(self, record: str, given: Object) -> Object | None:
        """Other keywords, other mailboxes."""
        call = self._call
        folders = self._folders
        number = number_of(IdKind.EMAIL, record)
        copies = await self._copies(call.reading, number)
        view = View.of_email(copies)
        mutable = wish(("mailboxIds", "keywords"), (), BodyArguments())
        current = show(view, mutable)
        given = _lowered(call.with_records(await self._without_fixed(copies, given), "mailboxIds"))
        patched = patch.apply(current, given, {"keywords": {}})
        if not set(patched) <= set(current):
            raise invalid(sorted(set(patched) - set(current)), "this cannot be changed")
        boxes = mailboxes_given(call, folders, patched.get("mailboxIds"))
        words = keywords_given(patched.get("keywords"))
        placed = _Wish({one.mailbox_id for one in copies}, boxes, exact="mailboxIds" in given)
        marked = _Wish(set(current["keywords"]), words, exact="keywords" in given)
        change = _Change(call, folders, copies)
        call.publish(await call.write(lambda tx: change.apply(tx, placed, marked)))
        if "$seen" in words and "$seen" not in current["keywords"]:
            self._note_read(copies[0].email_id)
        return None

    def _note_read(self, email_id: int) -> None:
        """A line in the journey: who opens a message has it marked. Whoever marks many at once reads none of them."""
        service, visitor = self._call.service, self._call.visitor
        self._read += 1
        if service.note is not None and self._read <= READ_TOGETHER:
            events = (Connected(0, "jmap", visitor.ip, ""), Handled(0, "marked as read", visitor.address))
            service.note(self._folders.account_id, email_id, Hop(HopKind.READ, service.now(), events))

    async def _without_fixed(self, copies: Sequence[Copy], given: Object) -> Object:
        """The patch without properties that cannot change, where they are given as they are (RFC 8620 §5.3)."""
        fixed = [name for name in given if name.partition("/")[0] not in ("mailboxIds", "keywords")]
        if not fixed:
            return given
        patch.paths(given)
        nowhere = [name for name in fixed if "/" in name and not name.startswith(_OBJECTS)]
        if nowhere:
            raise Refused("invalidPatch", f"{nowhere[0][:100]!r} leads into no object")
        unknown = [name for name in fixed if name not in PROPERTIES and read_property(name) is None]
        if unknown:
            raise invalid(unknown, "this cannot be changed")
        wished = wish(fixed, (), BodyArguments(fetch_all_body_values="bodyValues" in fixed))
        try:
            found = await emails_shown(self._call, self._folders.reader, [copies[0].email_id], wished)
        except MethodError as error:
            raise invalid(fixed, error.description) from error
        if not found:
            raise Refused("notFound")
        changed = [name for name in fixed if not _is_same(name, found[0][name], given[name])]
        if changed:
            raise invalid(changed, "this cannot be changed")
        return {name: value for name, value in given.items() if name not in fixed}

    async def destroy(self, record: str) -> None:
        """All copies that the one who asks can see are gone."""
        call = self._call
        folders = self._folders
        number = number_of(IdKind.EMAIL, record)

        async def work(tx: Transaction) -> list[Change]:
            await mailboxes.hold(tx, folders.account_id)  # so that no copy moves away while others go
            return [
                await expunge.expunge(
                    tx, call.ref(folders.account_id, one.mailbox_id), [(one.uid, one.uid)], call.service.now()
                )
                for one in await self._copies(tx, number)
            ]

        call.publish(await call.write(work))

    async def _copies(self, tx: Transaction, number: int | None) -> list[Copy]:
        found = await emails.copies(tx, self._folders.reader, [] if number is None else [number])
        if number is None or number not in found:
            raise Refused("notFound")
        return found[number]


class _Wish(Generic[T]):
    """What a patch makes of a set that may have changed since it was read: others' additions stay, unless the whole was given (`exact`)."""

    def __init__(self, before: set[T], after: Sequence[T], *, exact: bool) -> None:
        self._before: set[T] = before
        self._after: Sequence[T] = after
        self._exact = exact

    def of(self, there: set[T]) -> list[T]:
        """The set as it is to be, in the order of the patch, given what is there."""
        if self._exact or there == self._before:
            return list(self._after)
        added: list[T] = [one for one in self._after if one not in self._before]
        kept: set[T] = there - (self._before - set(self._after))
        return sorted(kept.difference(added)) + added


class _Change:
    """What an update makes of an email's copies, within one transaction."""

    def __init__(self, call: Call, folders: Folders, copies: Sequence[Copy]) -> None:
        self._call = call
        self._folders = folders
        self._number = copies[0].email_id

    async def apply(self, tx: Transaction, placed: _Wish[int], marked: _Wish[str]) -> list[Change]:
        """Moves, copies, expunges, then sets keywords. Raises `NotPermitted`, `OverQuota`, `Refused`."""
        await mailboxes.hold(tx, self._folders.account_id)
        copies = await self._read(tx)
        words = marked.of(set(emails.keywords_of(copies)))
        boxes = placed.of({one.mailbox_id for one in copies})
        if not boxes:
            raise invalid("mailboxIds", "it has left all its other mailboxes meanwhile")
        changes = await self._place(tx, copies, boxes)
        copies = await self._read(tx)
        if list(emails.keywords_of(copies)) != sorted(words):
            changes += await self._mark(tx, copies, words)
        return changes

    async def _read(self, tx: Transaction) -> list[Copy]:
        found = await emails.copies(tx, self._folders.reader, [self._number])
        if self._number not in found:
            raise Refused("notFound")
        return found[self._number]

    async def _place(self, tx: Transaction, copies: Sequence[Copy], boxes: Sequence[int]) -> list[Change]:
        now, account_id = self._call.service.now(), self._folders.account_id
        there = {one.mailbox_id for one in copies}
        leaving = [one for one in copies if one.mailbox_id not in boxes]
        coming = [box for box in boxes if box not in there]
        staying = next((one for one in copies if one.mailbox_id in boxes), None)
        changes: list[Change] = []
        last = len(coming) - 1
        for number, box in enumerate(coming):
            source = leaving[0] if leaving and (staying is None or number == last) else staying
            assert source is not None
            ref, span = self._call.ref(account_id, source.mailbox_id), [(source.uid, source.uid)]
            if leaving and source is leaving[0] and number == last:
                changes += (await copying.move(tx, ref, box, span, now)).changes
                leaving = leaving[1:]
            else:
                changes += (await copying.copy(tx, ref, box, span, now)).changes
        for one in leaving:
            ref = self._call.ref(account_id, one.mailbox_id)
            changes.append(await expunge.expunge(tx, ref, [(one.uid, one.uid)], now))
        return changes

    async def _mark(self, tx: Transaction, copies: Sequence[Copy], words: Sequence[str]) -> list[Change]:
        self._may_mark(copies, set(emails.keywords_of(copies)) ^ set(words))
        flags = sum(_FLAG_OF[word] for word in words if word in _FLAG_OF)
        others = tuple(word for word in words if word not in _FLAG_OF)
        asked = FlagChange(Mode.REPLACE, flags, others)
        return [
            (
                await store_flags(
                    tx, self._call.ref(self._folders.account_id, one.mailbox_id), [(one.uid, one.uid)], asked
                )
            ).change
            for one in copies
        ]

    def _may_mark(self, copies: Sequence[Copy], changed: set[str]) -> None:
        """RFC 8621 §2: the right must be there in all mailboxes of the email; in one's own all are."""
        if self._folders.who == self._folders.account_id:
            return
        needed = {Right.KEEP_SEEN if word == "$seen" else Right.WRITE_FLAGS for word in changed}
        for one in copies:
            if any(right not in self._folders[one.mailbox_id].rights for right in needed):
                raise Refused("forbidden", "keywords may not be changed in all mailboxes of this email")


def _is_same(name: str, there: Any, given: Any) -> bool:
    """Whether a property is given as it is; of `bodyValues` a client may know some."""
    if name == "bodyValues" and isinstance(given, dict):
        return all(there.get(part) == value for part, value in given.items())
    return bool(there == given)


def _renamed(given: Object, blob: BlobId, raw: bytes) -> Object:
    """The properties whose blobs have other ids in the message that is made of them (RFC 8620 §6)."""
    names = [name for name in BODIES if name in given and blob_ids({name: given[name]})]
    return show(View(blob, len(raw), None, raw), wish(names, (), BodyArguments()))


def _lowered(given: Object) -> Object:
    """A patch whose keywords are as they are kept, RFC 8621 §4.1.1."""
    return {
        name.lower() if name.startswith("keywords/") and is_keyword(name[9:]) else name: value
        for name, value in given.items()
    }


def _received(call: Call, given: Object) -> int:
    if given.get("receivedAt") is None:
        return call.service.now()
    moment = parse_utc_date(given["receivedAt"])
    if moment is None:
        raise invalid("receivedAt", "a UTCDate")
    return moment


METHODS: Final[Methods] = {"Email/set": Method(MAIL, Set, set_)}
