"""MailPrograms/get: what a mail program is set up with, where it does not find that itself.

Of the vendor's capability; RFC 8314 §3 (TLS from the first octet before STARTTLS). Not here: how programs find it (`web.doors`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.account import own_account
from postroom.serve.jmap.methods.call import Call, Method, Methods


class Asked(Arguments, frozen=True, kw_only=True):
    """Whose."""

    account_id: Id


async def get(call: Call, arguments: Asked) -> Object:
    """The services, the recommended first."""
    await call.own_account(arguments.account_id)
    return {
        "accountId": arguments.account_id,
        "username": call.visitor.address,
        "services": [
            {"protocol": one.protocol, "host": one.host, "port": one.port, "isTls": one.tls}
            for one in own_account.keys_of(call).programs()
        ],
    }


METHODS: Final[Methods] = {"MailPrograms/get": Method(WEBMAIL, Asked, get)}
