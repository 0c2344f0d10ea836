"""AppPassword/get and /set: passwords for single programs; the secret is told once, when one is made.

Of the vendor's capability. Not here: what they are good for (`store.login.login`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.ids import IdKind, id_text, parse_id
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Get, Set
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting
from postroom.store.directory.errors import DirectoryError
from postroom.store.identity import app_passwords, credentials
from postroom.store.identity.app_passwords import PROTOCOLS
from postroom.store.identity.credentials import Credential

PROPERTIES: Final = ("id", "label", "scopes", "created", "lastUsed", "expires")


async def get(call: Call, arguments: Get) -> Object:
    """All of one's own, without their secrets."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    return own_account.listed(call, arguments, await _all(call, account_id), PROPERTIES)


async def set_(call: Call, arguments: Set) -> Object:
    """Makes some, removes some."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    if arguments.create:
        own_account.must_be_recent(call)
    setting = Setting(call, arguments, own_account.state_of(await _all(call, account_id)))
    work = _Work(call, account_id)
    await setting.carry_out(work.create, work.update, work.destroy)
    return setting.answer(own_account.state_of(await _all(call, account_id)))


class _Work:
    def __init__(self, call: Call, account_id: int) -> None:
        self._call = call
        self._account_id = account_id

    async def create(self, given: Object) -> Object:
        """A new one, with its secret."""
        own_account.only(given, "label", "scopes")
        label, scopes = own_account.label_in(given), _scopes(given.get("scopes", []))
        call, secret = self._call, app_passwords.new_secret()
        who, keys = parse_mailbox(call.visitor.address), own_account.keys_of(call)
        assert who is not None
        kept = await keys.passwords.scram(secret.encode(), who.key, keys.vault)
        made = app_passwords.credential(secret, call.service.ids.next(), label, call.service.now())
        made = msgspec.structs.replace(made, scopes=scopes, scram=kept)
        try:
            await call.write(lambda tx: app_passwords.put(tx, self._account_id, made))
        except DirectoryError as error:
            raise own_account.refused(error) from error
        return {**_shown(made), "secret": secret}

    async def update(self, _record: str, _given: Object) -> None:
        """Nothing of one can be changed."""
        raise Refused("forbidden", "make another, and remove this one")

    async def destroy(self, record: str) -> None:
        """The program that has it is out."""
        number = parse_id(IdKind.RECORD, record) or 0
        there = await app_passwords.of_account(self._call.reading, self._account_id)
        if number not in {one.credential_id for one in there}:
            raise Refused("notFound")
        await self._call.write(lambda tx: credentials.remove(tx, self._account_id, number))


async def _all(call: Call, account_id: int) -> list[Object]:
    return [_shown(one) for one in await app_passwords.of_account(call.reading, account_id)]


def _shown(one: Credential) -> Object:
    return {
        "id": id_text(IdKind.RECORD, one.credential_id),
        "label": one.label,
        "scopes": list(one.scopes),
        "created": own_account.date(one.created),
        "lastUsed": own_account.date(one.last_used),
        "expires": own_account.date(one.expires),
    }


def _scopes(given: object) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(one in PROTOCOLS for one in given if isinstance(one, str)):
        raise invalid("scopes", f"a list of protocols: {', '.join(PROTOCOLS)}; [] is all of them")
    if not all(isinstance(one, str) for one in given):
        raise invalid("scopes", "a list of protocols")
    return tuple(dict.fromkeys(given))


METHODS: Final[Methods] = {
    "AppPassword/get": Method(WEBMAIL, Get, get),
    "AppPassword/set": Method(WEBMAIL, Set, set_),
}
