"""Passkey/options, /get and /set: what one signs in with in place of a password.

Of the vendor's capability; W3C Web Authentication Level 3 §7.1. A page asks for options, has its authenticator make a passkey, and hands in what it has answered. Not here: whether the answer is
right (`store.login.passkey_proof`), signing in (`web.sign_in`).
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

import msgspec

from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.standard import Get, Set
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting
from postroom.store.directory.errors import DirectoryError
from postroom.store.identity import passkeys
from postroom.store.identity.passkeys import Passkey
from postroom.store.login import passkey_proof
from postroom.store.login.passkey_proof import PasskeyRefused, Site

PROPERTIES: Final = ("id", "label", "created", "lastUsed", "isBackedUp", "suspectSince")


class Options(Arguments, frozen=True, kw_only=True):
    """Passkey/options has nothing but the account."""

    account_id: Id


async def options(call: Call, arguments: Options) -> Object:
    """What `navigator.credentials.create` is called with, and the challenge as it is to be brought back."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    own_account.must_be_recent(call)
    site = _site(call)
    if not site.can:
        raise MethodError("forbidden", "passkeys need a host with a name, by https://")
    there = await passkeys.of_account(call.reading, account_id)
    challenge = passkey_proof.new_challenge(account_id, call.service.now())
    told = passkey_proof.creation_options(challenge, site, call.visitor.address, there)
    sealed = challenge.sealed(own_account.keys_of(call).vault)
    return {"accountId": arguments.account_id, "challenge": sealed, "options": told}


async def get(call: Call, arguments: Get) -> Object:
    """All of one's own, oldest first."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    return own_account.listed(call, arguments, await _all(call, account_id), PROPERTIES)


async def set_(call: Call, arguments: Set) -> Object:
    """Adds some, removes some."""
    account_id = await own_account.in_browser(call, arguments.account_id)
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
        """A new one, out of what an authenticator has answered."""
        own_account.only(given, "label", "challenge", "response")
        label, sealed, response = own_account.label_in(given), given.get("challenge"), given.get("response")
        if not isinstance(sealed, str) or not isinstance(response, dict):
            raise invalid(
                ("challenge", "response"), "as Passkey/options and the authenticator have given them"
            )
        call, now = self._call, self._call.service.now()
        vault = own_account.keys_of(call).vault
        try:
            challenge = passkey_proof.opened(sealed, vault, self._account_id, now)
            made = await asyncio.to_thread(passkey_proof.registered, challenge, _site(call), response)
            one = msgspec.structs.replace(made, label=label, created=now)
            await call.write(lambda tx: passkeys.put(tx, one))
        except PasskeyRefused as error:
            raise invalid("response", f"that is no answer of an authenticator: {error}") from error
        except DirectoryError as error:
            raise own_account.refused(error) from error
        return _shown(one)

    async def update(self, _record: str, _given: Object) -> None:
        """Nothing of one can be changed."""
        raise Refused("forbidden", "make another, and remove this one")

    async def destroy(self, record: str) -> None:
        """Whoever has it is out, save in the browser of this request."""
        call = self._call
        there = await passkeys.of_account(call.reading, self._account_id)
        one = next((one for one in there if passkeys.short_id(one) == record), None)
        if one is None:
            raise Refused("notFound")
        await call.write(lambda tx: passkeys.remove(tx, one, call.visitor.session))


def _site(call: Call) -> Site:
    origin = call.visitor.origin.lower()
    return Site((urlsplit(origin).hostname or "").removesuffix("."), origin)


async def _all(call: Call, account_id: int) -> list[Object]:
    return [_shown(one) for one in await passkeys.of_account(call.reading, account_id)]


def _shown(one: Passkey) -> Object:
    return {
        "id": passkeys.short_id(one),
        "label": one.label,
        "created": own_account.date(one.created),
        "lastUsed": own_account.date(one.last_used),
        "isBackedUp": one.backed_up,
        "suspectSince": own_account.date(one.suspect),
    }


METHODS: Final[Methods] = {
    "Passkey/options": Method(WEBMAIL, Options, options),
    "Passkey/get": Method(WEBMAIL, Get, get),
    "Passkey/set": Method(WEBMAIL, Set, set_),
}
