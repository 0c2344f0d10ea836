"""BulkChange/get, /changes and /set: all that a filter matches is moved, marked or destroyed by the server, with progress and undo.

What matches when it is created is meant, however long it takes; the server goes on when nobody is there any more. Of the vendor's capability, in one's own account.
Not here: how it is done (`store.emails.bulk_changes`, which checks rights in the store's functions), what a filter is (`email_filter`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.standard import Changes, Get, Set, wanted
from postroom.proto.jmap.types import Object, utc_date
from postroom.serve.jmap.mail.arriving import keywords_given
from postroom.serve.jmap.mail.email_filter import Filter
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import Setting, got, ids_of, record_number
from postroom.serve.jmap.methods.recorded import all_of, changes_of, state_of
from postroom.store.changes import Change
from postroom.store.emails import bulk_changes
from postroom.store.emails.bulk_changes import KEPT, KIND, Bulk
from postroom.store.emails.bulk_work import Work
from postroom.store.engine.transaction import Transaction
from postroom.store.records import records
from postroom.store.records.records import NoSuchRecord

MAX_NAME: Final = 200  # characters of what a change is called
_WISHES: Final = {"stopped": bulk_changes.stop, "undone": bulk_changes.undo}


class Wanted(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A change as it is created. `moveFrom`: the only mailbox that is left, null for all; `keywords`: true for those to get, false for those to lose."""

    filter: Object | None = None
    name: str = ""
    move_to: str | None = None
    move_from: str | None = None
    keywords: dict[str, bool] | None = None
    destroy: bool = False


PROPERTIES: Final[Mapping[str, Callable[[Bulk], Any]]] = {
    "name": lambda bulk: bulk.name,
    "state": lambda bulk: bulk.state,
    "total": lambda bulk: bulk.total,
    "done": lambda bulk: bulk.done,
    "changed": lambda bulk: bulk.changed,
    "problem": lambda bulk: bulk.problem or None,
    "createdAt": lambda bulk: utc_date(bulk.created),
    "undoableUntil": lambda bulk: (
        utc_date(bulk.created + KEPT) if bulk.undoable and bulk.state not in ("undoing", "undone") else None
    ),
}


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8620 §5.1."""
    account_id = await call.own_account(arguments.account_id)
    properties = wanted(arguments.properties, ("id", *PROPERTIES))
    asked = ids_of(call, arguments)
    kind = bulk_changes.of(account_id)
    state = await state_of(call, kind)
    there = {
        id_text(IdKind.RECORD, one.record_id): bulk_changes.read(one) for one in await all_of(call, kind)
    }
    shown = [
        {name: number if name == "id" else PROPERTIES[name](bulk) for name in properties}
        for number, bulk in there.items()
        if asked is None or number in asked
    ]
    return got(arguments, state, shown, asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8620 §5.2."""
    account_id = await call.own_account(arguments.account_id)
    return await changes_of(call, arguments, bulk_changes.of(account_id))


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 8620 §5.3: a change is created, wished to be `stopped` or `undone` by its state, or forgotten."""
    account_id = await call.own_account(arguments.account_id)
    kind = bulk_changes.of(account_id)
    setting = Setting(call, arguments, await state_of(call, kind))
    doing = _Doing(call, await Folders.read(call, account_id))
    await setting.carry_out(doing.create, doing.update, doing.destroy)
    return setting.answer(await state_of(call, kind))


class _Doing:
    """What is done with one account's changes."""

    def __init__(self, call: Call, folders: Folders) -> None:
        self._call = call
        self._folders = folders

    async def create(self, given: Object) -> Object:
        """All that matches now."""
        call, account_id = self._call, self._folders.account_id
        wish = _read(given)
        work = self._work(wish)
        roster = await call.service.rosters.look(call.reading, self._folders.reader)
        try:
            found = await Filter(call, self._folders, wish.filter).match(roster)
        except MethodError as error:
            raise invalid("filter", error.description) from error
        work = msgspec.structs.replace(work, emails=tuple(entry.email_id for entry in found))
        bulk_id, now = call.service.ids.next(), call.service.now()
        bulk = Bulk(wish.name, now)
        call.publish(await bulk_changes.begin(call.store.engine, (account_id, bulk_id), bulk, work, now))
        return {"id": id_text(IdKind.RECORD, bulk_id), "total": len(found), "createdAt": utc_date(now)}

    def _work(self, wish: Wanted) -> Work:
        if wish.destroy:
            if wish.move_to or wish.keywords:
                raise invalid("destroy", "what is destroyed is neither moved nor marked")
            return Work((), destroy=True)
        words = wish.keywords or {}
        if not wish.move_to and not words:
            raise invalid(["moveTo", "keywords"], "nothing would be changed")
        on = tuple(keywords_given({name: True for name, there in words.items() if there}))
        off = tuple(keywords_given({name: True for name, there in words.items() if not there}))
        if not wish.move_to:
            return Work((), on=on, off=off)
        target = self._mailbox("moveTo", wish.move_to)
        remove = None if wish.move_from is None else (self._mailbox("moveFrom", wish.move_from),)
        if remove == (target,):
            raise invalid("moveFrom", "it is the mailbox that they are moved to")
        return Work((), add=(target,), remove=remove, on=on, off=off)

    def _mailbox(self, name: str, written: str) -> int:
        folder = self._folders.named(self._call.meant(written))
        if folder is None:
            raise invalid(name, f"there is no mailbox {written[:100]!r}")
        return folder.mailbox.mailbox_id

    async def update(self, record: str, given: Object) -> Object | None:
        """Stopped or undone."""
        number, account_id = self._number(record), self._folders.account_id
        bulk = await self._bulk(number)
        current = {"id": record, **{name: show(bulk) for name, show in PROPERTIES.items()}}
        values = patch.apply(current, given, {})
        wish = _WISHES.get(str(given.get("state")))
        wrong = patch.changed_beside(current, values, {"state"} if wish else ())
        if wrong:
            raise invalid(wrong, 'only state can be changed, to "stopped" or "undone"')
        if wish is None:
            return None
        await self._do(lambda tx: wish(tx, account_id, number))
        state = (await self._bulk(number)).state
        return {"state": state} if state != given["state"] else None

    async def _bulk(self, number: int) -> Bulk:
        kind = bulk_changes.of(self._folders.account_id)
        there = (await records.some(self._call.reading, kind, [number])).get(number)
        if there is None:
            raise Refused("notFound")
        return bulk_changes.read(there)

    async def destroy(self, record: str) -> None:
        """Forgotten, and what was not done yet never done."""
        number, now = self._number(record), self._call.service.now()
        await self._do(lambda tx: bulk_changes.forget(tx, self._folders.account_id, number, now))

    async def _do(self, work: Callable[[Transaction], Any]) -> None:
        async def one(tx: Transaction) -> list[Change]:
            return [await work(tx)]

        try:
            self._call.publish(await self._call.write(one))
        except NoSuchRecord as error:
            raise Refused("notFound") from error

    def _number(self, record: str) -> int:
        number = record_number(KIND, record)
        if number is None:
            raise Refused("notFound")
        return number


def _read(given: Object) -> Wanted:
    try:
        wish = msgspec.convert(given, Wanted)
    except msgspec.ValidationError as error:
        wrong = [name for name in given if name not in _NAMES]
        raise invalid(wrong or sorted(given), str(error)) from error
    if len(wish.name) > MAX_NAME:
        raise invalid("name", f"at most {MAX_NAME} characters")
    return wish


_NAMES: Final = frozenset(field.encode_name for field in msgspec.structs.fields(Wanted))

METHODS: Final[Methods] = {
    "BulkChange/get": Method(WEBMAIL, Get, get),
    "BulkChange/changes": Method(WEBMAIL, Changes, changes),
    "BulkChange/set": Method(WEBMAIL, Set, set_),
}
