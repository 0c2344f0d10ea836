"""PushSubscription/get and /set: where a client wants to be told of changes (RFC 8620 §7.2).

They belong to who logged in with the same credential, and to no account; URLs and keys are never shown. Not here: sending (`serve.jmap.push.pushing`).
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import CORE
from postroom.proto.jmap.errors import MethodError, Refused, RequestError, invalid
from postroom.proto.jmap.push import type_names
from postroom.proto.jmap.standard import Set, wanted
from postroom.proto.jmap.types import Arguments, Id, IdOrCreated, Object, parse_utc_date, utc_date
from postroom.proto.jmap.webpush import BadKeys, client_keys
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.getting import Setting, check_number
from postroom.store.changes import Change
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.records import push_subscriptions, records
from postroom.store.records.push_subscriptions import KIND, Kept
from postroom.store.records.records import Kind, Record

MAX_SUBSCRIPTIONS: Final = 20  # of one account
MAX_URL: Final = 2_000  # characters
MAX_HOST: Final = 253  # characters of a host's name
MAX_DEVICE: Final = 255  # characters of a deviceClientId
DAY: Final = 86_400_000_000  # microseconds
LONGEST: Final = 30 * DAY  # until one expires
UNASKED: Final = 7 * DAY  # the same, when the client does not say

# A name whose last label begins with a digit would be an address, in one of the many ways to write one.
_HOST: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+[a-z][a-z0-9-]{0,62}\.?")
PROPERTIES: Final = ("id", "deviceClientId", "verificationCode", "expires", "types")
HIDDEN: Final = ("url", "keys")
SETTABLE: Final[Mapping[str, Any]] = {"verificationCode": None, "expires": None, "types": None}


class PushGet(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §7.2.1: without an account."""

    ids: list[IdOrCreated] | None = None
    properties: list[str] | None = None


class PushSet(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §7.2.2: without an account and a state."""

    create: dict[Id, Object] | None = None
    update: dict[IdOrCreated, Object] | None = None
    destroy: list[IdOrCreated] | None = None


async def get(call: Call, arguments: PushGet) -> Object:
    """RFC 8620 §7.2.1."""
    if not set(HIDDEN).isdisjoint(arguments.properties or ()):
        raise MethodError("forbidden", "url and keys are shown to nobody")
    properties = wanted(arguments.properties, PROPERTIES)
    asked = arguments.ids
    check_number(len(asked or ()), call.service.limits.max_objects_in_get, "ids")
    found = {name: _shown(name, kept) for name, (_, kept) in (await _own(call, call.reading)).items()}
    names = list(found) if asked is None else list(dict.fromkeys(map(call.resolved, asked)))
    return {
        "list": [{key: found[one][key] for key in properties} for one in names if one in found],
        "notFound": [one for one in names if one not in found],
    }


async def set_(call: Call, arguments: PushSet) -> Object:
    """RFC 8620 §7.2.2."""
    own = id_text(IdKind.ACCOUNT, call.visitor.account_id)
    given = Set(account_id=own, create=arguments.create, update=arguments.update, destroy=arguments.destroy)
    setting, work = Setting(call, given, ""), _Work(call)
    await setting.carry_out(work.create, work.update, work.destroy)
    answer = setting.answer("")
    return {
        name: value for name, value in answer.items() if name not in ("accountId", "oldState", "newState")
    }


async def _own(call: Call, tx: Transaction) -> dict[str, tuple[Record, Kept]]:
    """Those of this credential that have not expired, by id."""
    found = {}
    now = call.service.now()
    for record in await records.listing(tx, _kind(call)):
        kept = push_subscriptions.kept(record.data)
        if kept.credential == call.visitor.credential and not kept.ended(now):
            found[id_text(IdKind.RECORD, record.record_id)] = record, kept
    return found


def _kind(call: Call) -> Kind:
    return Kind(call.visitor.account_id, KIND)


def _shown(name: str, kept: Kept) -> Object:
    return {
        "id": name,
        "deviceClientId": kept.device,
        "verificationCode": kept.code if kept.verified else None,
        "expires": _date(kept.expires),
        "types": kept.types,
    }


def _hidden(kept: Kept) -> Object:
    keys = {"p256dh": kept.p256dh, "auth": kept.auth} if kept.p256dh else None
    return {"url": kept.url, "keys": keys}


def _date(micros: int) -> str | None:
    return utc_date(micros) if micros else None


class _Work:
    """What is done with one user's subscriptions, one after the other."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._now = call.service.now()

    async def create(self, given: Object) -> Object:
        """A new one, of which the push service is told its code."""
        push = self._call.service.push
        if push is None:
            raise Refused("forbidden", "this server sends nothing to push services")
        unknown = [name for name in given if name not in ("deviceClientId", *HIDDEN, *SETTABLE)]
        if unknown:
            raise invalid(unknown, "there is no such property, or only the server sets it")
        if given.get("verificationCode") is not None:
            raise invalid("verificationCode", "the server makes the code, and sends it to the URL")
        account_id = self._call.visitor.account_id
        p256dh, auth = _keys(given.get("keys"))
        made = Kept(
            _device(given.get("deviceClientId")),
            _url(given.get("url")),
            secrets.token_hex(16),
            self._expires(given.get("expires")),
            self._call.visitor.credential,
            await push_subscriptions.generation(self._call.reading, account_id),
            p256dh,
            auth,
            _types(given.get("types")),
            until=self._call.visitor.expires,
        )
        await self._must_have_room(self._call.reading)
        if not push.may_create(account_id):
            raise Refused("rateLimit", "too many push subscriptions were made lately, try again later")
        number = self._call.service.ids.next()
        data = made.data()

        async def work(tx: Transaction) -> Change:
            await mailboxes.hold(tx, account_id)
            await self._must_have_room(tx)
            return await records.create(tx, _kind(self._call), number, data)

        self._call.publish([await self._call.write(work)])
        name = id_text(IdKind.RECORD, number)
        push.verify(name, made)
        told = {"verificationCode": None, "keys": None, "expires": _date(made.expires), "types": made.types}
        told = {key: value for key, value in told.items() if key != "keys" or key not in given}
        return {"id": name, **{key: value for key, value in told.items() if given.get(key, self) != value}}

    async def _must_have_room(self, tx: Transaction) -> None:
        there = await records.listing(tx, _kind(self._call), 0, MAX_SUBSCRIPTIONS)
        if len(there) >= MAX_SUBSCRIPTIONS:
            raise Refused("overQuota", f"an account has at most {MAX_SUBSCRIPTIONS} push subscriptions")

    async def update(self, name: str, given: Object) -> Object | None:
        """Its code, when it is the right one; another end, other types."""

        async def work(tx: Transaction) -> tuple[Kept, Change]:
            await mailboxes.hold(tx, self._call.visitor.account_id)  # the patch is of what is there then
            record, kept = await self._there(tx, name)
            changed = self._patched(name, kept, given)
            return changed, await records.change(tx, _kind(self._call), record.record_id, changed.data())

        changed, change = await self._call.write(work)
        self._call.publish([change])
        told = _date(changed.expires)
        return {"expires": told} if "expires" in given and told != given["expires"] else None

    def _patched(self, name: str, kept: Kept, given: Object) -> Kept:
        current = _shown(name, kept) | _hidden(kept)
        values = patch.apply(current, given, SETTABLE)
        wrong = patch.changed_beside(current, values, SETTABLE)
        if wrong:
            raise invalid(wrong, "not a property that a client changes")
        code, verified = values["verificationCode"], kept.verified
        if code != current["verificationCode"]:
            if not isinstance(code, str) or not hmac.compare_digest(
                code.encode("utf-8", "surrogatepass"), kept.code.encode()
            ):
                raise invalid("verificationCode", "this is not the code that was sent to the URL")
            verified = True
        expires = kept.expires if "expires" not in given else self._expires(values["expires"])
        types = _types(values["types"])
        return msgspec.structs.replace(kept, verified=verified, expires=expires, types=types)

    async def destroy(self, name: str) -> None:
        """Forgets it, its URL and its keys."""
        record, _ = await self._there(self._call.reading, name)
        account_id = self._call.visitor.account_id
        change = await self._call.write(
            lambda tx: push_subscriptions.end(tx, account_id, record.record_id, self._now)
        )
        self._call.publish([change])

    async def _there(self, tx: Transaction, name: str) -> tuple[Record, Kept]:
        found = await _own(self._call, tx)
        if number_of(IdKind.RECORD, name) is None or name not in found:
            raise Refused("notFound")
        return found[name]

    def _expires(self, given: Any) -> int:
        bounded = (
            not self._call.visitor.expires
        )  # else it ends with what the client has logged in with (§7.2)
        if given is None:
            return self._now + UNASKED if bounded else 0
        at = parse_utc_date(given)
        if at is None or at <= self._now:
            raise invalid("expires", "expires is a UTCDate to come, or null")
        return min(at, self._now + LONGEST) if bounded else at


def _device(given: Any) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= MAX_DEVICE:
        raise invalid("deviceClientId", f"deviceClientId is a string of at most {MAX_DEVICE} characters")
    return given


def _url(given: Any) -> str:
    words = "url is https:// and a host's name (port 443, no password), in ASCII"
    if (
        not isinstance(given, str)
        or not 8 < len(given) <= MAX_URL
        or not given.isascii()
        or not given.isprintable()
    ):
        raise invalid("url", words)
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise invalid("url", words) from error
    named = len(host) <= MAX_HOST and _HOST.fullmatch(host) is not None
    if (
        not named
        or not given.startswith("https://")
        or port not in (None, 443)
        or "@" in parts.netloc
        or " " in given
    ):
        raise invalid("url", words)
    return given


def _keys(given: Any) -> tuple[str, str]:
    if given is None:
        return "", ""
    if (
        not isinstance(given, dict)
        or set(given) != {"p256dh", "auth"}
        or not all(isinstance(one, str) for one in given.values())
    ):
        raise invalid("keys", "keys are p256dh and auth, or null")
    try:
        client_keys(given["p256dh"], given["auth"])
    except BadKeys as error:
        raise invalid("keys", str(error)) from error
    return given["p256dh"], given["auth"]


def _types(given: Any) -> list[str] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise invalid("types", "types is a list of names, or null")
    try:
        return sorted(type_names(given))
    except RequestError as error:
        raise invalid("types", error.detail) from error


METHODS: Final[Methods] = {
    "PushSubscription/get": Method(CORE, PushGet, get),
    "PushSubscription/set": Method(CORE, PushSet, set_),
}
