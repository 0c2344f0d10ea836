"""Preferences/get and Preferences/set: how somebody wants the web mail, the same in all his browsers.

One object, `singleton`, like VacationResponse (RFC 8621 §8): `values` has a value of any type for each part of the web mail, and
`{"values/keyboard": {...}}` changes one of them. The server keeps it, bounded, and reads nothing of it. Of the vendor's capability, and of one's own account.
"""

from __future__ import annotations

from typing import Any, Final

from postroom.proto.jmap import ijson, patch
from postroom.proto.jmap.capabilities import MOST_PREFERENCES, WEBMAIL
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Get, Set, wanted
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting, got, ids_of
from postroom.serve.jmap.methods.recorded import state_of as records_state
from postroom.store.records import preferences

ID: Final = "singleton"


async def state_of(call: Call, account_id: int) -> int:
    """The state of an account's preferences."""
    return await records_state(call, preferences.of(account_id))


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8620 §5.1."""
    account_id = await call.own_account(arguments.account_id)
    properties = wanted(arguments.properties, ("id", "values"))
    asked = ids_of(call, arguments)
    state = await state_of(call, account_id)
    whole = {"id": ID, "values": _values(await preferences.read(call.reading, account_id))}
    shown = [{name: whole[name] for name in properties}] if asked is None or ID in asked else []
    return got(arguments, state, shown, asked)


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 8620 §5.3, of which only updates are possible."""
    account_id = await call.own_account(arguments.account_id)
    setting = Setting(call, arguments, await state_of(call, account_id))
    work = _Work(call, account_id)
    await setting.carry_out(work.create, work.update, work.destroy)
    return setting.answer(await state_of(call, account_id))


class _Work:
    """What is done with one account's preferences."""

    def __init__(self, call: Call, account_id: int) -> None:
        self._call = call
        self._account_id = account_id

    async def create(self, _given: Object) -> Object:
        """There is one already."""
        raise Refused("singleton")

    async def destroy(self, _record: str) -> None:
        """And there always is."""
        raise Refused("singleton")

    async def update(self, record: str, given: Object) -> Object | None:
        """Other values."""
        if record != ID:
            raise Refused("notFound")
        call = self._call
        change = await call.write(
            lambda tx: preferences.change(tx, self._account_id, lambda data: _patched(data, given))
        )
        call.publish([change])
        return None


def _values(data: bytes) -> Any:
    return ijson.decode(data) if data else {}


def _patched(data: bytes, given: Object) -> bytes:
    patched = patch.apply({"id": ID, "values": _values(data)}, given, {"values": {}})
    if set(patched) != {"id", "values"} or patched["id"] != ID:
        raise invalid(sorted(set(patched) - {"values"}), "only values can be changed")
    if not isinstance(patched["values"], dict):
        raise invalid("values", "an object with a value for each part")
    made = ijson.encode(patched["values"])
    if len(made) > MOST_PREFERENCES:
        raise Refused("tooLarge", f"preferences have at most {MOST_PREFERENCES} octets")
    return made


METHODS: Final[Methods] = {
    "Preferences/get": Method(WEBMAIL, Get, get),
    "Preferences/set": Method(WEBMAIL, Set, set_),
}
