"""Principal/get, changes, set, query and queryChanges: with whom something can be shared (RFC 9670 §2).

The accounts of one's own domain; a state is the number of its last change. Nothing is set here: names and addresses are the administrator's to give, so
that nobody can pass for another (RFC 9670 §6). A query looks at so many accounts at most: in a larger domain it must say how the address begins.
Not here: who may be seen at all (`persons`), accounts (`store.administration.accounts`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from postroom.message.encodings.casemap import casemap
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import PRINCIPALS
from postroom.proto.jmap.errors import MethodError, Refused
from postroom.proto.jmap.standard import (
    Changes,
    Get,
    Operator,
    Query,
    QueryChanges,
    Set,
    read_filter,
    wanted,
)
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.getting import MOST_CHANGES, Setting, check_number, got, ids_of
from postroom.serve.jmap.methods.persons import Circle, circle, visible
from postroom.serve.jmap.methods.querying import (
    Condition,
    answered,
    changed,
    condition_of,
    not_too_many,
    ordered,
    predicate,
)
from postroom.serve.jmap.methods.sessions import accounts_of
from postroom.store.directory import principals
from postroom.store.directory.principals import MOST_EXAMINED, Person, PersonChanged
from postroom.wire.numbers import decimal

_OWN: Final = "own-"  # before the state of who sees himself alone
_MOST_DIGITS: Final = 18


class Shown(msgspec.Struct, frozen=True):
    """Somebody, and those of his accounts that the user has something in."""

    person: Person
    accounts: Mapping[str, Any]


PROPERTIES: Final[Mapping[str, Callable[[Shown], Any]]] = {
    "id": lambda one: _id(one.person.account_id),
    "type": lambda _: "individual",
    "name": lambda one: _name(one.person),
    "description": lambda _: None,
    "email": lambda one: one.person.address,
    "timeZone": lambda _: None,
    "capabilities": lambda _: {},
    "accounts": lambda one: dict(one.accounts) or None,
}


class PrincipalFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """RFC 9670 §2.4.1; what is left out is not asked for."""

    account_ids: list[str] | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET


_TESTS: Final[Mapping[str, Callable[[Any, Person], bool]]] = {
    "email": lambda value, one: value in casemap(one.address),
    "name": lambda value, one: value in casemap(_name(one)),
    "text": lambda value, one: value in casemap(f"{_name(one)}\n{one.address}"),
    "type": lambda value, _one: value == "individual",
    "time_zone": lambda _value, _one: False,
}


def _name(one: Person) -> str:
    return one.name or one.address


_KEYS: Final[Mapping[str, Callable[[Person], Any]]] = {
    "name": _name,
    "email": lambda one: one.address,
}


def _id(account_id: int) -> str:
    return id_text(IdKind.PRINCIPAL, account_id)


async def get(call: Call, arguments: Get) -> Object:
    """RFC 9670 §2.1. Without ids: those of the domain, if they are no more than one call gives."""
    await call.own_account(arguments.account_id)
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    around = await circle(call)
    state = await state_of(call, around)
    if asked is None:
        most = call.service.limits.max_objects_in_get
        found = await _beginning(call, around, "", most + 1)
        check_number(len(found), most, "principals or more")
    else:
        numbers = [number for one in asked if (number := number_of(IdKind.PRINCIPAL, one)) is not None]
        seen = await visible(call, numbers)
        found = [seen[number] for number in numbers if number in seen]
    accounts = await accounts_of(call.service, call.visitor) if "accounts" in properties else {}
    shown = [Shown(one, _accounts(one, accounts)) for one in found]
    return got(
        arguments,
        state,
        [{name: PROPERTIES[name](one) for name in properties} for one in shown],
        asked,
    )


def _accounts(one: Person, accounts: Mapping[str, Any]) -> dict[str, Any]:
    own = id_text(IdKind.ACCOUNT, one.account_id)
    return {own: accounts[own]} if own in accounts else {}


async def _beginning(call: Call, around: Circle, start: str, most: int) -> list[Person]:
    if around.listed:
        return await principals.beginning(call.reading, around.domain, start, most)
    return [around.own]


async def state_of(call: Call, around: Circle) -> str:
    """The state of all principals that who asks is told of."""
    if around.listed:
        return str((await principals.state(call.reading, around.domain)).newest)
    return f"{_OWN}{await principals.changed(call.reading, around.domain, around.own.account_id)}"


async def _since(call: Call, around: Circle, written: str, most: int) -> list[PersonChanged]:
    """What changed after a state, one more than `most` at most. Raises `cannotCalculateChanges` for one that is none, or is not known any more."""
    digits = written if around.listed else written.removeprefix(_OWN)
    since = decimal(digits, _MOST_DIGITS)
    if since is None or (digits == written) != around.listed:
        raise MethodError("cannotCalculateChanges", "this is no state of these principals")
    own = around.own.account_id
    now = await principals.state(call.reading, around.domain)
    if not around.listed:
        at = await principals.changed(call.reading, around.domain, own)
        now = principals.DomainState(at, 0)
    if not now.floor <= since <= now.newest:
        raise MethodError("cannotCalculateChanges", "what changed since is not known")
    if around.listed:
        return await principals.changes(call.reading, around.domain, since, most + 1)
    return [PersonChanged(now.newest, own, 0, gone=False)] if now.newest > since else []


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 9670 §2.2."""
    await call.own_account(arguments.account_id)
    around = await circle(call)
    state = await state_of(call, around)
    most = min(arguments.max_changes or MOST_CHANGES, MOST_CHANGES)
    found = await _since(call, around, arguments.since_state, most)
    more, found = len(found) > most, found[:most]
    since = int(arguments.since_state.removeprefix(_OWN))
    new = {one.account_id for one in found if around.listed and one.created > since and not one.gone}
    return {
        "accountId": arguments.account_id,
        "oldState": arguments.since_state,
        "newState": str(found[-1].changed) if more else state,
        "hasMoreChanges": more,
        "created": [_id(one.account_id) for one in found if one.account_id in new],
        "updated": [_id(one.account_id) for one in found if one.account_id not in new and not one.gone],
        "destroyed": [_id(one.account_id) for one in found if one.gone and one.created <= since],
    }


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 9670 §2.3: a server refuses what it does not allow; this one, everything."""
    await call.own_account(arguments.account_id)
    state = await state_of(call, await circle(call))
    setting = Setting(call, arguments, state)

    async def create(_given: Object) -> Object:
        raise Refused("forbidden", "accounts are made by the administrator")

    async def remove(record: str) -> None:
        number = number_of(IdKind.PRINCIPAL, record)
        if number is None or number not in await visible(call, [number]):
            raise Refused("notFound")
        raise Refused("forbidden", "names and addresses are the administrator's to give")

    async def update(record: str, _given: Object) -> Object | None:
        await remove(record)
        return None

    await setting.carry_out(create, update, remove)
    return setting.answer(state)


async def query(call: Call, arguments: Query) -> Object:
    """RFC 9670 §2.4."""
    await call.own_account(arguments.account_id)
    around = await circle(call)
    state = await state_of(call, around)
    told = answered(arguments, state, await _results(call, around, arguments), arguments.anchor)
    return {**told, "canCalculateChanges": not _asks_for_accounts(read_filter(arguments.filter))}


async def query_changes(call: Call, arguments: QueryChanges) -> Object:
    """RFC 9670 §2.5."""
    await call.own_account(arguments.account_id)
    if _asks_for_accounts(read_filter(arguments.filter)):
        raise MethodError("cannotCalculateChanges", "what is shared changes without any principal's changing")
    around = await circle(call)
    state = await state_of(call, around)
    behind = await _since(call, around, arguments.since_query_state, MOST_CHANGES)
    if len(behind) > MOST_CHANGES:
        raise MethodError("tooManyChanges")
    touched = [_id(one.account_id) for one in behind]
    found = await _results(call, around, arguments)
    return not_too_many(changed(arguments, state, found, touched, id_of=str), arguments)


async def _results(call: Call, around: Circle, arguments: Query | QueryChanges) -> list[str]:
    tree = read_filter(arguments.filter)
    shared: Collection[int] = ()
    if _asks_for_accounts(tree):
        shared = {around.own.account_id, *await call.sharers()}
    matches = predicate(tree, lambda given: _condition(given, shared))
    found = [one for one in await _examined(call, around, tree) if matches(one)]
    return [_id(one.account_id) for one in ordered(found, arguments.sort, _KEYS)]


async def _examined(call: Call, around: Circle, tree: Operator | Object | None) -> list[Person]:
    """The accounts that a filter is tried on. Raises `unsupportedFilter` where there are too many."""
    found = await _beginning(call, around, "", MOST_EXAMINED + 1)
    if len(found) > MOST_EXAMINED and (start := _start(tree)):
        found = await _beginning(call, around, start, MOST_EXAMINED + 1)
    if len(found) > MOST_EXAMINED:
        raise MethodError(
            "unsupportedFilter",
            f"more than {MOST_EXAMINED} accounts: say in `email` how the address begins, or more of it",
            arguments=["filter"],
        )
    return found


def _start(tree: Operator | Object | None) -> str:
    """How an address must begin that a filter can match, as it is read in a large domain; "" when it does not say."""
    if isinstance(tree, Operator):
        starts = [_start(one) for one in tree.conditions] if tree.operator == "AND" else []
        return max(starts, key=len, default="")
    given = (tree or {}).get("email") or (tree or {}).get("text")
    return given.lower() if isinstance(given, str) else ""


def _asks_for_accounts(tree: Operator | Object | None) -> bool:
    if isinstance(tree, Operator):
        return any(_asks_for_accounts(one) for one in tree.conditions)
    return "accountIds" in (tree or {})


def _condition(given: Object, shared: Collection[int]) -> Condition[Person]:
    wished = condition_of(given, PrincipalFilter)
    asked = {name: value for name in _TESTS if (value := getattr(wished, name)) is not msgspec.UNSET}
    # Once, and not for each principal: a text may have megabytes.
    asked |= {name: casemap(asked[name]) for name in ("email", "name", "text") if name in asked}
    ids = wished.account_ids
    accounts = None if ids is msgspec.UNSET else {number_of(IdKind.ACCOUNT, one) for one in ids} & set(shared)
    return lambda one: (
        (accounts is None or one.account_id in accounts)
        and all(_TESTS[name](value, one) for name, value in asked.items())
    )


METHODS: Final[Methods] = {
    "Principal/get": Method(PRINCIPALS, Get, get),
    "Principal/changes": Method(PRINCIPALS, Changes, changes),
    "Principal/set": Method(PRINCIPALS, Set, set_),
    "Principal/query": Method(PRINCIPALS, Query, query),
    "Principal/queryChanges": Method(PRINCIPALS, QueryChanges, query_changes),
}
