"""Password/change: another password for one's own account. All other browsers are signed out; app passwords and allowed programs stay.

Of the vendor's capability. Not here: verifiers (`store.login.passwords`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.store.administration import accounts
from postroom.store.administration.accounts import Verifiers
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import browser_sessions

SHORTEST: Final = 8  # characters


class Change(Arguments, frozen=True, kw_only=True):
    """The new password."""

    account_id: Id
    password: str


async def change(call: Call, arguments: Change) -> Object:
    """Changes it, where the old one, or a passkey, was shown just now."""
    await own_account.in_browser(call, arguments.account_id)
    own_account.must_be_recent(call)
    who = parse_mailbox(call.visitor.address)
    assert who is not None
    verifiers = await _verifiers(call, who, arguments.password)
    ids, now, mine = call.service.ids, call.service.now(), call.visitor

    async def work(tx: Transaction) -> None:
        there = await browser_sessions.of_account(tx, mine.account_id)
        stays = await browser_sessions.remove(tx, mine.account_id, mine.session)  # or it was signed out
        await accounts.set_password(tx, who, verifiers, ids, now)
        for one in there if stays else ():
            if one.session_hash == mine.session:
                await browser_sessions.put(tx, msgspec.structs.replace(one, created=now, confirmed=now))

    await call.write(work)
    return {"accountId": arguments.account_id}


async def _verifiers(call: Call, who: Address, password: str) -> Verifiers:
    keys = own_account.keys_of(call)
    if len(password) < SHORTEST:
        raise MethodError(
            "invalidArguments", f"a password has at least {SHORTEST} characters", arguments=["password"]
        )
    try:
        octets = password.encode()
        phc = await keys.passwords.verifier(octets)
    except ValueError as error:  # lone surrogates among them
        raise MethodError("invalidArguments", str(error), arguments=["password"]) from error
    return Verifiers(phc, await keys.passwords.scram(octets, who.key, keys.vault))


METHODS: Final[Methods] = {"Password/change": Method(WEBMAIL, Change, change)}
