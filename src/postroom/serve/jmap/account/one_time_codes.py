"""OneTimeCodes/get and /set: whether one's password needs a code beside it.

Of the vendor's capability: one object, `singleton`, whose `state` is off, unconfirmed or on. Set to unconfirmed, it answers with a secret, shown once; a `code` that
is right turns it on. RFC 6238. Not here: the codes (`store.login.totp`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Get, Set
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting
from postroom.store.directory.errors import DirectoryError
from postroom.store.login import one_time_codes, totp
from postroom.store.login.one_time_codes import OFF, UNCONFIRMED, Enrolment, First

SINGLETON: Final = "singleton"
PROPERTIES: Final = ("id", "state", "isForWebOnly")


async def get(call: Call, arguments: Get) -> Object:
    """How the account stands."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    return own_account.listed(call, arguments, [await _standing(call, account_id)], PROPERTIES)


async def set_(call: Call, arguments: Set) -> Object:
    """Enrols, confirms, turns off."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    own_account.must_be_recent(call)
    setting = Setting(call, arguments, own_account.state_of([await _standing(call, account_id)]))

    async def create(_given: Object) -> Object:
        raise Refused("singleton", "there is one")

    async def destroy(_record: str) -> None:
        raise Refused("singleton", "set its state to off")

    async def update(record: str, given: Object) -> Object | None:
        if record != SINGLETON:
            raise Refused("notFound")
        own_account.only(given, "state", "isForWebOnly", "code")
        try:
            return await _change(call, account_id, given)
        except DirectoryError as error:
            raise invalid("code", str(error)) from error

    await setting.carry_out(create, update, destroy)
    return setting.answer(own_account.state_of([await _standing(call, account_id)]))


async def _change(call: Call, account_id: int, given: Object) -> Object | None:
    keys, number, now = own_account.keys_of(call), call.service.ids.next(), call.service.now()
    code, state = given.get("code"), given.get("state")
    if isinstance(code, str):
        first = First(number, code[:20], now)
        await call.write(lambda tx: one_time_codes.confirm(tx, keys.vault, account_id, first))
        return await _standing(call, account_id)
    if state == OFF:
        await call.write(lambda tx: one_time_codes.end(tx, account_id))
        return None
    if state != UNCONFIRMED or not isinstance(given.get("isForWebOnly", False), bool):
        raise invalid("state", "off, or unconfirmed; a code makes it on")
    secret = totp.new_secret()
    new = Enrolment(number, secret, now, web_only=given.get("isForWebOnly", False))
    await call.write(lambda tx: one_time_codes.enrol(tx, keys.vault, account_id, new))
    return {"secret": totp.shown(secret), "uri": totp.uri(secret, call.visitor.address, keys.issuer)}


async def _standing(call: Call, account_id: int) -> Object:
    found = await one_time_codes.standing(call.reading, account_id)
    return {"id": SINGLETON, "state": found.state, "isForWebOnly": found.web_only}


METHODS: Final[Methods] = {
    "OneTimeCodes/get": Method(WEBMAIL, Get, get),
    "OneTimeCodes/set": Method(WEBMAIL, Set, set_),
}
