"""ShareNotification/get, changes, set, query and queryChanges: who has changed what the user may do with something of others (RFC 9670 §3).

A client only destroys them; they are made where rights change, and the oldest go by themselves (§3.1). Not here: how they are made
(`store.records.share_notices`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import PRINCIPALS
from postroom.proto.jmap.errors import MethodError, Refused
from postroom.proto.jmap.standard import Changes, Get, Query, QueryChanges, Set, read_filter, wanted
from postroom.proto.jmap.state import read_state
from postroom.proto.jmap.types import Object, utc_date
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import MOST_CHANGES, Setting, got, ids_of, record_number
from postroom.serve.jmap.methods.querying import (
    Condition,
    Key,
    answered,
    changed,
    condition_of,
    index_of,
    moment_of,
    not_too_many,
    ordered,
    predicate,
    up_to,
)
from postroom.serve.jmap.methods.recorded import all_of, changes_of, state_of
from postroom.serve.jmap.sharing import book_rights, share_with
from postroom.store.records import contacts, records, share_notices
from postroom.store.records.records import NoSuchRecord, Record
from postroom.store.records.share_notices import KIND, Notice


class Told(msgspec.Struct, frozen=True):
    """A notice with the id of its record."""

    id: str
    notice: Notice


def _changed_by(one: Told) -> Object:
    notice = one.notice
    return {
        "name": notice.by_name or notice.by_address,
        "email": notice.by_address or None,
        "principalId": id_text(IdKind.PRINCIPAL, notice.by),
    }


# How the ids and rights of each type are written.
_TYPES: Final[Mapping[str, tuple[IdKind, Callable[[str], dict[str, bool]]]]] = {
    share_notices.MAILBOX: (IdKind.MAILBOX, share_with.rights_of),
    contacts.BOOK: (IdKind.RECORD, book_rights.rights_of),
}


def _rights(one: Told, letters: str) -> dict[str, bool] | None:
    return _TYPES[one.notice.thing.type][1](letters) if letters else None


PROPERTIES: Final[Mapping[str, Callable[[Told], Any]]] = {
    "id": lambda one: one.id,
    "created": lambda one: utc_date(one.notice.created),
    "changedBy": _changed_by,
    "objectType": lambda one: one.notice.thing.type,
    "objectAccountId": lambda one: id_text(IdKind.ACCOUNT, one.notice.thing.account_id),
    "objectId": lambda one: id_text(_TYPES[one.notice.thing.type][0], one.notice.thing.object_id),
    "oldRights": lambda one: _rights(one, one.notice.old),
    "newRights": lambda one: _rights(one, one.notice.new),
    "name": lambda one: one.notice.thing.name,
}
_KEYS: Final[Mapping[str, Key[Told]]] = {"created": lambda one: one.notice.created}


class FilterCondition(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """RFC 9670 §3.6.1."""

    after: str | None = None
    before: str | None = None
    object_type: str | None = None
    object_account_id: str | None = None


def _told(record: Record) -> Told:
    return Told(id_text(IdKind.RECORD, record.record_id), share_notices.read(record.data))


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9670 §3.3."""
    kind = share_notices.of(await call.own_account(arguments.account_id))
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    state = await state_of(call, kind)
    found = [_told(one) for one in await all_of(call, kind)]
    shown = [
        {name: PROPERTIES[name](one) for name in properties}
        for one in found
        if asked is None or one.id in asked
    ]
    return got(arguments, state, shown, asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9670 §3.4."""
    account_id = await call.own_account(arguments.account_id)
    return await changes_of(call, arguments, share_notices.of(account_id))


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 9670 §3.5: they are only destroyed."""
    kind = share_notices.of(await call.own_account(arguments.account_id))
    setting = Setting(call, arguments, await state_of(call, kind))

    async def create(_given: Object) -> Object:
        raise Refused("forbidden", "only the server makes these")

    async def update(record: str, _given: Object) -> Object | None:
        number = record_number(KIND, record)
        if number is None or not await records.some(call.reading, kind, [number]):
            raise Refused("notFound")
        raise Refused("forbidden", "these are never changed")

    async def remove(record: str) -> None:
        number = record_number(KIND, record)
        if number is None:
            raise Refused("notFound")
        now = call.service.now()
        try:
            call.publish([await call.write(lambda tx: records.remove(tx, kind, number, now))])
        except NoSuchRecord as error:
            raise Refused("notFound") from error

    await setting.carry_out(create, update, remove)
    return setting.answer(await state_of(call, kind))


async def query(call: Call, arguments: Query) -> Object:
    """RFC 9670 §3.6."""
    account_id = await call.own_account(arguments.account_id)
    state = await state_of(call, share_notices.of(account_id))
    return answered(arguments, state, await _results(call, account_id, arguments), arguments.anchor)


async def query_changes(call: Call, arguments: QueryChanges) -> Object:
    """RFC 9670 §3.7."""
    account_id = await call.own_account(arguments.account_id)
    kind = share_notices.of(account_id)
    account = await call.state(account_id)
    since = read_state(arguments.since_query_state, floor=account.floor, newest=account.modseq)
    state = await state_of(call, kind)
    found = await records.changes(call.reading, kind, (since.modseq, (1 << 63) - 1), MOST_CHANGES + 1)
    if len(found) > MOST_CHANGES:
        raise MethodError("tooManyChanges")
    touched = [id_text(IdKind.RECORD, one.record_id) for one in found]
    results = await _results(call, account_id, arguments)
    told = changed(arguments, state, results, touched, id_of=str)
    return not_too_many(up_to(told, index_of(results, arguments.up_to_id)), arguments)


async def _results(call: Call, account_id: int, arguments: Query | QueryChanges) -> list[str]:
    matches = predicate(read_filter(arguments.filter), _condition)
    there = [_told(one) for one in await all_of(call, share_notices.of(account_id))]
    found = [one for one in there if matches(one)]
    return [one.id for one in ordered(found, arguments.sort, _KEYS)]


def _condition(given: Object) -> Condition[Told]:
    asked = condition_of(given, FilterCondition)
    after = moment_of(asked.after) if asked.after is not None else 0
    before = moment_of(asked.before) if asked.before is not None else 1 << 63
    account = asked.object_account_id
    return lambda one: (
        after <= one.notice.created < before
        and asked.object_type in (None, one.notice.thing.type)
        and account in (None, id_text(IdKind.ACCOUNT, one.notice.thing.account_id))
    )


METHODS: Final[Methods] = {
    "ShareNotification/get": Method(PRINCIPALS, Get, get),
    "ShareNotification/changes": Method(PRINCIPALS, Changes, changes),
    "ShareNotification/set": Method(PRINCIPALS, Set, set_),
    "ShareNotification/query": Method(PRINCIPALS, Query, query),
    "ShareNotification/queryChanges": Method(PRINCIPALS, QueryChanges, query_changes),
}
