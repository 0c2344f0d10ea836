"""BrowserSession/get and /set: the browsers in which one has signed in, and their end.

Of the vendor's capability. Not here: their beginning (`web.sign_in`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import Refused
from postroom.proto.jmap.standard import Get, Set
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting
from postroom.store.identity import browser_sessions
from postroom.store.identity.browser_sessions import BrowserSession

PROPERTIES: Final = (
    "id",
    "agent",
    "ip",
    "credential",
    "stays",
    "created",
    "lastUsed",
    "expires",
    "isCurrent",
)


async def get(call: Call, arguments: Get) -> Object:
    """All of one's own, the one used last first."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    return own_account.listed(call, arguments, await _all(call, account_id), PROPERTIES)


async def set_(call: Call, arguments: Set) -> Object:
    """Ends some."""
    account_id = await own_account.in_browser(call, arguments.account_id)
    setting = Setting(call, arguments, own_account.state_of(await _all(call, account_id)))

    async def create(_given: Object) -> Object:
        raise Refused("forbidden", "a browser is signed in on its own page")

    async def update(_record: str, _given: Object) -> None:
        raise Refused("forbidden", "nothing of it can be changed")

    async def destroy(record: str) -> None:
        there = await browser_sessions.of_account(call.reading, account_id)
        one = next((one for one in there if _id(one) == record), None)
        if one is None:
            raise Refused("notFound")
        await call.write(lambda tx: browser_sessions.remove(tx, account_id, one.session_hash))

    await setting.carry_out(create, update, destroy)
    return setting.answer(own_account.state_of(await _all(call, account_id)))


async def _all(call: Call, account_id: int) -> list[Object]:
    now = call.service.now()
    there = await browser_sessions.of_account(call.reading, account_id)
    return [_shown(call, one) for one in there if one.expires > now]


def _shown(call: Call, one: BrowserSession) -> Object:
    return {
        "id": _id(one),
        "agent": one.agent,
        "ip": one.ip,
        "credential": one.credential.strip(),
        "stays": one.stays,
        "created": own_account.date(one.created),
        "lastUsed": own_account.date(one.last_used),
        "expires": own_account.date(one.expires),
        "isCurrent": one.session_hash == call.visitor.session,
    }


def _id(one: BrowserSession) -> str:
    return one.session_hash[:12].hex()


METHODS: Final[Methods] = {
    "BrowserSession/get": Method(WEBMAIL, Get, get),
    "BrowserSession/set": Method(WEBMAIL, Set, set_),
}
