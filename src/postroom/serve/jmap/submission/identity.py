"""Identity/get, /changes and /set: the addresses that a user writes under, with what his programs put into new messages (RFC 8621 §6).

The account's own address is always there and cannot be removed; whatever else reaches the account, aliases and sub-addresses, can be added. Not here: what may be
sent in the end, which the door decides (`intake.submission`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.intake.client import Account
from postroom.intake.submission import may_write_as
from postroom.message.address import Address, parse_mailbox
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import SUBMISSION
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Changes, Get, Set, wanted
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting, got, ids_of, record_number
from postroom.serve.jmap.methods.recorded import all_of, changes_of, state_of
from postroom.store.changes import Change
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.records import records
from postroom.store.records.records import Kind, Record

KIND: Final = "Identity"
MAX_IDENTITIES: Final = 100  # of one account
MAX_NAME: Final = 1_000  # characters of a name
MAX_SIGNATURE: Final = 100_000  # characters of one signature
MAX_ADDRESSES: Final = 100  # of replyTo and of bcc
SETTABLE: Final[dict[str, Any]] = {
    "name": "",
    "replyTo": None,
    "bcc": None,
    "textSignature": "",
    "htmlSignature": "",
}


class Identity(msgspec.Struct, frozen=True, rename="camel"):
    """As it is kept; `own`: the account's own address, whatever that is by now."""

    email: str
    name: str = ""
    reply_to: list[dict[str, str | None]] | None = None
    bcc: list[dict[str, str | None]] | None = None
    text_signature: str = ""
    html_signature: str = ""
    own: bool = False


class Shown(msgspec.Struct, frozen=True):
    """An identity with its number."""

    number: int
    identity: Identity
    email: str


PROPERTIES: Final[Mapping[str, Callable[[Shown], Any]]] = {
    "id": lambda one: id_text(IdKind.RECORD, one.number),
    "name": lambda one: one.identity.name,
    "email": lambda one: one.email,
    "replyTo": lambda one: one.identity.reply_to,
    "bcc": lambda one: one.identity.bcc,
    "textSignature": lambda one: one.identity.text_signature,
    "htmlSignature": lambda one: one.identity.html_signature,
    "mayDelete": lambda one: not one.identity.own,
}


async def identities(call: Call, account_id: int) -> dict[int, Shown]:
    """All of an account's, by number; the first one is made when there is none of the account's own address."""
    kind = Kind(account_id, KIND)
    found = [_shown(call, one) for one in await all_of(call, kind)]
    if not any(one.identity.own for one in found):
        await _make_own(call, kind)
        found = [_shown(call, one) for one in await all_of(call, kind)]
    return {one.number: one for one in found}


def _shown(call: Call, record: Record) -> Shown:
    identity = _read(record.data)
    return Shown(record.record_id, identity, call.visitor.address if identity.own else identity.email)


def _read(data: bytes) -> Identity:
    return msgspec.json.decode(data, type=Identity)


async def _make_own(call: Call, kind: Kind) -> None:
    number = call.service.ids.next()
    data = msgspec.json.encode(Identity(call.visitor.address, own=True))

    async def work(tx: Transaction) -> list[Change]:
        done = await records.create(tx, kind, number, data)  # which locks the account's row
        others = await records.listing(tx, kind, 0, MAX_IDENTITIES + 1)
        if any(_read(one.data).own for one in others if one.record_id != number):
            await records.remove(tx, kind, number, call.service.now())
        return [done]

    call.publish(await call.write(work))


async def may_use(call: Call, address: Address) -> bool:
    """Whether the visitor may write under an address."""
    account = Account(call.visitor.account_id, call.visitor.address)
    return await may_write_as(call.reading, address, account)


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8621 §6.1."""
    account_id = await call.own_account(arguments.account_id)
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    there = await identities(call, account_id)
    state = await state_of(call, Kind(account_id, KIND))
    found = there.values() if asked is None else [there[n] for n in map(_number, asked) if n in there]
    return got(
        arguments, state, [{name: PROPERTIES[name](one) for name in properties} for one in found], asked
    )


def _number(written: str) -> int:
    return record_number(KIND, written) or 0


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8621 §6.2."""
    account_id = await call.own_account(arguments.account_id)
    await identities(call, account_id)
    return await changes_of(call, arguments, Kind(account_id, KIND))


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 8621 §6.3."""
    account_id = await call.own_account(arguments.account_id)
    await identities(call, account_id)
    kind = Kind(account_id, KIND)
    setting = Setting(call, arguments, await state_of(call, kind))
    work = _Work(call, kind)
    await setting.carry_out(work.create, work.update, work.destroy)
    return setting.answer(await state_of(call, kind))


class _Work:
    """What is done with one account's identities, one after the other."""

    def __init__(self, call: Call, kind: Kind) -> None:
        self._call = call
        self._kind = kind

    async def create(self, given: Object) -> Object:
        """A new one; raises `forbiddenFrom` for an address that is not the user's."""
        call = self._call
        wrong = [name for name in given if name != "email" and name not in SETTABLE]
        if wrong:
            raise invalid(wrong, "the server sets this, or there is no such property")
        values = {**SETTABLE, **given}
        _check(values)
        email = given.get("email")
        address = parse_mailbox(email) if isinstance(email, str) else None
        if address is None and not (isinstance(email, str) and email.startswith("*@")):
            raise invalid("email", "an address is needed")
        if address is None or not await may_use(call, address):
            raise Refused("forbiddenFrom", f"{str(email)[:320]} is not an address of {call.visitor.address}")
        number = call.service.ids.next()
        data = msgspec.json.encode(_identity(values, str(address), own=False))

        async def work(tx: Transaction) -> Change:
            await mailboxes.hold(tx, self._kind.account_id)
            row = await tx.fetchrow(records.COUNT, self._kind.account_id, KIND)
            if row is not None and row[0] >= MAX_IDENTITIES:
                raise Refused("overQuota", f"an account has at most {MAX_IDENTITIES} identities")
            return await records.create(tx, self._kind, number, data)

        call.publish([await call.write(work)])
        left_out = {name: value for name, value in SETTABLE.items() if name not in given}
        return {"id": id_text(IdKind.RECORD, number), "mayDelete": True, **left_out}

    async def update(self, record: str, given: Object) -> Object | None:
        """Another name, other signatures; the address stays."""

        async def work(tx: Transaction) -> Change:
            await mailboxes.hold(tx, self._kind.account_id)  # the patch is of what is there then
            one = await self._find(tx, record)
            data = msgspec.json.encode(_patched(one, given))
            return await records.change(tx, self._kind, one.number, data)

        self._call.publish([await self._call.write(work)])
        return None

    async def destroy(self, record: str) -> None:
        """All but that of the account's own address."""
        one = await self._find(self._call.reading, record)
        if one.identity.own:
            raise Refused("forbidden", "the account's own address stays")
        now = self._call.service.now()
        self._call.publish(
            [await self._call.write(lambda tx: records.remove(tx, self._kind, one.number, now))]
        )

    async def _find(self, tx: Transaction, record: str) -> Shown:
        number = _number(record)
        found = await records.some(tx, self._kind, [number])
        if number not in found:
            raise Refused("notFound")
        return _shown(self._call, found[number])


def _patched(one: Shown, given: Object) -> Identity:
    current = {name: show(one) for name, show in PROPERTIES.items()}
    values = patch.apply(current, given, SETTABLE)
    wrong = patch.changed_beside(current, values, SETTABLE)
    if wrong:
        raise invalid(wrong, "this cannot be changed")
    _check(values)
    return _identity(values, one.identity.email, own=one.identity.own)


def _identity(values: Object, email: str, *, own: bool) -> Identity:
    return Identity(
        email,
        values["name"],
        values["replyTo"],
        values["bcc"],
        values["textSignature"],
        values["htmlSignature"],
        own,
    )


def _check(values: Object) -> None:
    wrong = [name for name, test in _TYPES.items() if name not in values or not test(values[name])]
    if wrong:
        raise invalid(wrong, "a value that this cannot have, or too long")


def _is_text(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= most


def _are_addresses(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and len(value) <= MAX_ADDRESSES and all(_is_address(one) for one in value)


def _is_address(value: Any) -> bool:
    """An EmailAddress of RFC 8621 §4.1.2.3."""
    return (
        isinstance(value, dict)
        and set(value) <= {"name", "email"}
        and isinstance(value.get("email"), str)
        and parse_mailbox(value["email"]) is not None
        and (value.get("name") is None or _is_text(MAX_NAME)(value["name"]))
    )


_TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "name": _is_text(MAX_NAME),
    "replyTo": _are_addresses,
    "bcc": _are_addresses,
    "textSignature": _is_text(MAX_SIGNATURE),
    "htmlSignature": _is_text(MAX_SIGNATURE),
}

METHODS: Final[Methods] = {
    "Identity/get": Method(SUBMISSION, Get, get),
    "Identity/changes": Method(SUBMISSION, Changes, changes),
    "Identity/set": Method(SUBMISSION, Set, set_),
}
