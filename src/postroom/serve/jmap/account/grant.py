"""Grant/get and /set: the programs that one has allowed by OAuth, and the end of that.

Of the vendor's capability. Not here: how they were allowed (`web.oauth`).
"""

from __future__ import annotations

from typing import Final

from postroom.message.ids import IdKind, id_text, parse_id
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import Refused
from postroom.proto.jmap.standard import Get, Set
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting
from postroom.store.identity import grants
from postroom.store.identity.grants import Grant

PROPERTIES: Final = ("id", "label", "scopes", "created", "lastUsed", "expires")


async def get(call: Call, arguments: Get) -> Object:
    """All of one's own, oldest first."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    found = [_shown(one) for one in await _all(call, account_id)]
    return own_account.listed(call, arguments, found, PROPERTIES)


async def set_(call: Call, arguments: Set) -> Object:
    """Ends some."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    setting = Setting(call, arguments, await _state(call, account_id))

    async def create(_given: Object) -> Object:
        raise Refused("forbidden", "a program asks for it, on a page of its own")

    async def update(_record: str, _given: Object) -> None:
        raise Refused("forbidden", "nothing of it can be changed")

    async def destroy(record: str) -> None:
        number = parse_id(IdKind.RECORD, record)
        one = next((one for one in await _all(call, account_id) if one.grant_id == number), None)
        if one is None:
            raise Refused("notFound")
        await call.write(lambda tx: grants.revoke(tx, one))

    await setting.carry_out(create, update, destroy)
    return setting.answer(await _state(call, account_id))


async def _state(call: Call, account_id: int) -> str:
    return own_account.state_of([_shown(one) for one in await _all(call, account_id)])


async def _all(call: Call, account_id: int) -> list[Grant]:
    """Those whose program has come back for its tokens, and which have not expired."""
    now = call.service.now()
    there = await grants.of_account(call.reading, account_id)
    return [one for one in there if one.refresh_hash and one.expires > now]


def _shown(one: Grant) -> Object:
    return {
        "id": id_text(IdKind.RECORD, one.grant_id),
        "label": one.label,
        "scopes": list(one.scopes),
        "created": own_account.date(one.created),
        "lastUsed": own_account.date(one.last_used),
        "expires": own_account.date(one.expires),
    }


METHODS: Final[Methods] = {
    "Grant/get": Method(WEBMAIL, Get, get),
    "Grant/set": Method(WEBMAIL, Set, set_),
}
