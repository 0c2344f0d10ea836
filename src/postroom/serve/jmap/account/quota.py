"""Quota/get, changes, query and queryChanges: what an account may hold, and what it holds (RFC 9425).

An account has at most two: its octets and its emails, each only when it is limited. A state is what they are, so that what changed can be told without
remembering anything. Not here: limits are kept where mail comes in (`store.directory.quota`), and given by the administrator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.proto.jmap.capabilities import MAIL, QUOTA
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Changes, Get, Query, QueryChanges, read_filter, wanted
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import got, ids_of
from postroom.serve.jmap.methods.querying import (
    Condition,
    answered,
    changed,
    condition_of,
    not_too_many,
    ordered,
    predicate,
)
from postroom.store.directory import quota
from postroom.store.directory.quota import Quota

_STATE: Final = re.compile(r"([0-9]{1,16})-([0-9]{1,16})-([0-9]{1,16})-([0-9]{1,16})")
_TYPES: Final = ("Email",)  # RFC 9425 §4.1: what counts

NONE: Final = "0-0-0-0"  # the state where nothing is limited
OCTETS: Final = "octets"
COUNT: Final = "count"
_NAMES: Final[Mapping[str, str]] = {OCTETS: "Storage", COUNT: "Emails"}


class Limited(msgspec.Struct, frozen=True):
    """One of an account's quotas; its resource is its id."""

    resource: str
    used: int
    most: int


PROPERTIES: Final[Mapping[str, Callable[[Limited], Any]]] = {
    "id": lambda one: one.resource,
    "resourceType": lambda one: one.resource,
    "used": lambda one: one.used,
    "hardLimit": lambda one: one.most,
    "scope": lambda _one: "account",
    "name": lambda one: _NAMES[one.resource],
    "types": lambda _one: list(_TYPES),
    "warnLimit": lambda _one: None,
    "softLimit": lambda _one: None,
    "description": lambda _one: None,
}
_KEYS: Final[Mapping[str, Callable[[Limited], Any]]] = {
    "name": lambda one: _NAMES[one.resource],
    "used": lambda one: one.used,
}


class QuotaFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """RFC 9425 §4.4; what is left out is not asked for."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    scope: str | msgspec.UnsetType = msgspec.UNSET
    resource_type: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET


_TESTS: Final[Mapping[str, Callable[[str, Limited], bool]]] = {
    "name": lambda value, one: value.casefold() in _NAMES[one.resource].casefold(),
    "scope": lambda value, _one: value == "account",
    "resource_type": lambda value, one: value == one.resource,
    "type": lambda value, _one: value in _TYPES,
}


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9425 §4.2."""
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    now = await _now(call, arguments.account_id)
    there = _limited(call, now)
    shown = [
        {name: PROPERTIES[name](one) for name in properties}
        for one in there.values()
        if asked is None or one.resource in asked
    ]
    return got(arguments, _state(now), shown, asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9425 §4.3."""
    now = await _now(call, arguments.account_id)
    since = _read(arguments.since_state)
    before, there = _limited(call, since), _limited(call, now)
    touched = _touched(before, there)
    told = touched[: arguments.max_changes]
    reached = now
    if len(told) < len(touched):  # only one of two was told: the state says so
        reached = Quota(now.used_bytes, now.most_bytes, since.used_messages, since.most_messages)
    updated = [one for one in told if one in before and one in there]
    only_used = len(updated) == len(told) and all(before[one].most == there[one].most for one in updated)
    return {
        "accountId": arguments.account_id,
        "oldState": arguments.since_state,
        "newState": _state(reached),
        "hasMoreChanges": len(told) < len(touched),
        "created": [one for one in told if one not in before],
        "updated": updated,
        "destroyed": [one for one in told if one not in there],
        "updatedProperties": ["used"] if updated and only_used else None,
    }


async def query(call: Call, arguments: Query) -> Object:
    """RFC 9425 §4.4."""
    now = await _now(call, arguments.account_id)
    return answered(arguments, _state(now), _results(call, now, arguments), arguments.anchor)


async def query_changes(call: Call, arguments: QueryChanges) -> Object:
    """RFC 9425 §4.5."""
    now = await _now(call, arguments.account_id)
    touched = _touched(_limited(call, _read(arguments.since_query_state)), _limited(call, now))
    found = _results(call, now, arguments)
    return not_too_many(changed(arguments, _state(now), found, touched, id_of=str), arguments)


async def _now(call: Call, account_id: str) -> Quota:
    return await quota.get(call.reading, await call.own_account(account_id))


async def state_of(call: Call, account_id: int) -> str:
    """The state of an account's quotas."""
    return _state(await quota.get(call.reading, account_id))


def _state(now: Quota) -> str:
    """What is used is of account where it is limited."""
    octets = f"{now.used_bytes if now.most_bytes else 0}-{now.most_bytes}"
    return f"{octets}-{now.used_messages if now.most_messages else 0}-{now.most_messages}"


def _read(state: str) -> Quota:
    written = _STATE.fullmatch(state)
    if written is None:
        raise MethodError("cannotCalculateChanges", "this is no state of this server")
    return Quota(*map(int, written.groups()))


def _limited(call: Call, now: Quota) -> dict[str, Limited]:
    """Those that there are, by id; none for a client that knows of no type that they count (RFC 9425 §4.1)."""
    if MAIL not in call.using:
        return {}
    both = (
        Limited(OCTETS, now.used_bytes, now.most_bytes),
        Limited(COUNT, now.used_messages, now.most_messages),
    )
    return {one.resource: one for one in both if one.most}


def _touched(before: Mapping[str, Limited], there: Mapping[str, Limited]) -> list[str]:
    return [one for one in (OCTETS, COUNT) if before.get(one) != there.get(one)]


def _results(call: Call, now: Quota, arguments: Query | QueryChanges) -> list[str]:
    matches = predicate(read_filter(arguments.filter), _condition)
    found = [one for one in _limited(call, now).values() if matches(one)]
    return [one.resource for one in ordered(found, arguments.sort, _KEYS)]


def _condition(given: Object) -> Condition[Limited]:
    wished = condition_of(given, QuotaFilter)
    asked = {name: value for name in _TESTS if (value := getattr(wished, name)) is not msgspec.UNSET}
    return lambda one: all(_TESTS[name](value, one) for name, value in asked.items())


METHODS: Final[Methods] = {
    "Quota/get": Method(QUOTA, Get, get),
    "Quota/changes": Method(QUOTA, Changes, changes),
    "Quota/query": Method(QUOTA, Query, query),
    "Quota/queryChanges": Method(QUOTA, QueryChanges, query_changes),
}
