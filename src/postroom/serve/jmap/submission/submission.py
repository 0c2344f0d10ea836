"""EmailSubmission/get, /changes, /query and /queryChanges (RFC 8621 §7.1 to §7.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import ijson
from postroom.proto.jmap.capabilities import SUBMISSION
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Changes, Get, Query, QueryChanges, read_filter, wanted
from postroom.proto.jmap.state import read_state
from postroom.proto.jmap.types import Object, utc_date
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import got, ids_of, record_number
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
from postroom.serve.jmap.methods.recorded import changes_of, state_of
from postroom.serve.jmap.submission.submission_records import KIND, Submitted, follow, some, submissions
from postroom.store.records import records
from postroom.store.records.records import Kind

PROPERTIES: Final[Mapping[str, Callable[[Submitted], Any]]] = {
    "id": lambda one: one.id,
    "identityId": lambda one: one.what.identity_id,
    "emailId": lambda one: one.what.email_id,
    "threadId": lambda one: one.what.thread_id,
    "envelope": lambda one: msgspec.to_builtins(one.what.envelope),
    "sendAt": lambda one: utc_date(one.what.send_at),
    "undoStatus": lambda one: one.what.undo,
    "deliveryStatus": lambda one: msgspec.to_builtins(one.what.deliveries) or None,
    "dsnBlobIds": lambda one: one.what.dsn,
    "mdnBlobIds": lambda one: one.what.mdn,
}
# RFC 8621 §7.3 names the property "sentAt", which EmailSubmission does not have: it is "sendAt".
KEYS: Final[Mapping[str, Key[Submitted]]] = {
    "emailId": lambda one: one.what.email_id,
    "threadId": lambda one: one.what.thread_id,
    "sentAt": lambda one: one.what.send_at,
    "sendAt": lambda one: one.what.send_at,
}


class FilterCondition(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """RFC 8621 §7.3."""

    identity_ids: list[str] | None = None
    email_ids: list[str] | None = None
    thread_ids: list[str] | None = None
    undo_status: str | None = None
    before: str | None = None
    after: str | None = None


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8621 §7.1."""
    account_id = await call.own_account(arguments.account_id)
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    await follow(call, account_id)
    state = await state_of(call, Kind(account_id, KIND))
    if asked is None:
        found = await submissions(call, account_id)
        most = call.service.limits.max_objects_in_get
        if len(found) > most:
            raise MethodError(
                "requestTooLarge", f"there are {len(found)}, at most {most} are given at a time"
            )
    else:
        numbers = [number for one in asked if (number := record_number(KIND, one)) is not None]
        there = await some(call, account_id, numbers)
        found = [there[number] for number in numbers if number in there]
    return got(arguments, state, [show(one, properties) for one in found], asked)


def show(one: Submitted, properties: Any = tuple(PROPERTIES)) -> Object:
    """These properties of a submission."""
    return {name: PROPERTIES[name](one) for name in properties}


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8621 §7.2."""
    account_id = await call.own_account(arguments.account_id)
    await follow(call, account_id)
    return await changes_of(call, arguments, Kind(account_id, KIND))


async def query(call: Call, arguments: Query) -> Object:
    """RFC 8621 §7.3."""
    account_id = await call.own_account(arguments.account_id)
    await follow(call, account_id)
    state = await state_of(call, Kind(account_id, KIND))
    return answered(arguments, state, await _results(call, account_id, arguments), arguments.anchor)


async def query_changes(call: Call, arguments: QueryChanges) -> Object:
    """RFC 8621 §7.4."""
    account_id = await call.own_account(arguments.account_id)
    await follow(call, account_id)
    kind = Kind(account_id, KIND)
    account = await call.state(account_id)
    since = read_state(arguments.since_query_state, floor=account.floor, newest=account.modseq)
    state = await state_of(call, kind)
    touched: list[str] = []
    at = (since.modseq, (1 << 63) - 1)
    while part := await records.changes(call.reading, kind, at):
        touched += [id_text(IdKind.RECORD, one.record_id) for one in part]
        at = (part[-1].modseq, part[-1].record_id)
    found = await _results(call, account_id, arguments)
    told = changed(arguments, state, found, touched, id_of=str)
    immutable = b'"undoStatus"' not in ijson.encode(arguments.filter)
    return not_too_many(up_to(told, index_of(found, arguments.up_to_id) if immutable else None), arguments)


async def _results(call: Call, account_id: int, arguments: Query | QueryChanges) -> list[str]:
    matches = predicate(read_filter(arguments.filter), _condition)
    found = [one for one in await submissions(call, account_id) if matches(one)]
    return [one.id for one in ordered(found, arguments.sort, KEYS)]


def _condition(given: Object) -> Condition[Submitted]:
    asked = condition_of(given, FilterCondition)
    tests: list[Condition[Submitted]] = []
    for ids, name in (
        (asked.identity_ids, "identityId"),
        (asked.email_ids, "emailId"),
        (asked.thread_ids, "threadId"),
    ):
        if ids is not None:
            tests.append(_is_among(PROPERTIES[name], frozenset(ids)))
    if asked.undo_status is not None:
        tests.append(lambda one: one.what.undo == asked.undo_status)
    if asked.before is not None:
        before = moment_of(asked.before)
        tests.append(lambda one: one.what.send_at < before)
    if asked.after is not None:
        after = moment_of(asked.after)
        tests.append(lambda one: one.what.send_at >= after)
    return lambda one: all(test(one) for test in tests)


def _is_among(read: Callable[[Submitted], Any], ids: frozenset[str]) -> Condition[Submitted]:
    return lambda one: read(one) in ids


METHODS: Final[Methods] = {
    "EmailSubmission/get": Method(SUBMISSION, Get, get),
    "EmailSubmission/changes": Method(SUBMISSION, Changes, changes),
    "EmailSubmission/query": Method(SUBMISSION, Query, query),
    "EmailSubmission/queryChanges": Method(SUBMISSION, QueryChanges, query_changes),
}
