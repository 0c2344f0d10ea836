"""LoginHistory/query and /get: who has logged in to one's account, from where and how, and who tried.

Of the vendor's capability. An object is all alike of a day; the latest come first. Not here: what is remembered, and for how long (`store.login.history`).
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Get, Query, read_filter, wanted
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import got, ids_of
from postroom.serve.jmap.methods.querying import Condition, answered, condition_of, predicate
from postroom.store.login import history as logins
from postroom.store.login.history import DAY, MOST_ROWS, History

PROPERTIES: Final = ("id", "protocol", "ip", "method", "label", "isGood", "times", "first", "last")


class Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A FilterCondition; what is left out is not asked for."""

    is_good: bool | msgspec.UnsetType = msgspec.UNSET
    protocol: str | msgspec.UnsetType = msgspec.UNSET


async def query(call: Call, arguments: Query) -> Object:
    """The ids, the latest first."""
    found = await _all(call, arguments.account_id)
    if arguments.sort:
        raise MethodError("unsupportedSort", "the latest come first")
    matches = predicate(read_filter(arguments.filter), _condition)
    ids = [_id(one) for one in found if matches(one)]
    told = answered(arguments, own_account.state_of(ids), ids, arguments.anchor)
    return {**told, "canCalculateChanges": False}


async def get(call: Call, arguments: Get) -> Object:
    """Some of them."""
    properties, asked = wanted(arguments.properties, PROPERTIES), ids_of(call, arguments)
    found = {_id(one): one for one in await _all(call, arguments.account_id)}
    most = call.service.limits.max_objects_in_get
    chosen = list(found)[:most] if asked is None else [one for one in asked if one in found]
    shown = [_shown(found[one]) for one in chosen]
    state = own_account.state_of([[_id(one), one.times] for one in found.values()])
    return got(arguments, state, [{name: one[name] for name in properties} for one in shown], asked)


async def _all(call: Call, account_id: str) -> list[History]:
    number = await own_account.in_browser(call, account_id)
    await own_account.keys_of(call).write_history()
    return await logins.listing(call.reading, number, 2 * MOST_ROWS)


def _condition(given: Object) -> Condition[History]:
    wish = condition_of(given, Wish)
    return lambda one: (
        wish.is_good in (msgspec.UNSET, one.good)
        and wish.protocol
        in (
            msgspec.UNSET,
            one.protocol,
        )
    )


def _id(one: History) -> str:
    kind = (one.protocol, one.ip, one.method, one.label, one.good, one.last // DAY)
    return "L" + hashlib.sha256(repr(kind).encode("utf-8", "surrogatepass")).hexdigest()[:24]  # RFC 8620 §1.2


def _shown(one: History) -> Object:
    return {
        "id": _id(one),
        "protocol": one.protocol,
        "ip": one.ip,
        "method": one.method,
        "label": one.label,
        "isGood": one.good,
        "times": one.times,
        "first": own_account.date(one.first),
        "last": own_account.date(one.last),
    }


METHODS: Final[Methods] = {
    "LoginHistory/query": Method(WEBMAIL, Query, query),
    "LoginHistory/get": Method(WEBMAIL, Get, get),
}
