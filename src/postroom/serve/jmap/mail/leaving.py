"""MailingList/leave: leaves a mailing list with one click: the server POSTs, so that the list learns no more than that.

RFC 8058 §3.2: only to the address in the message, only where a signature that this server has found good covers it, without cookies, and nothing is
followed. Of one's own account alone. Not here: what may be POSTed to (`message.headers.unsubscribing`), the POST (`net.posts`).
"""

from __future__ import annotations

from typing import Final

from postroom.message.headers.header import Header
from postroom.message.headers.report import MAX_HEADER, ours
from postroom.message.headers.unsubscribing import unsubscribing
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.mail.whole_email import whole_email
from postroom.serve.jmap.methods.call import Call, Method, Methods


class MailingListLeave(Arguments, frozen=True, kw_only=True):
    """By a message that came over the list."""

    account_id: Id
    email_id: Id


async def leave(call: Call, arguments: MailingListLeave) -> Object:
    """The status of the list's answer: 2xx and 3xx are success."""
    account_id = await call.own_account(arguments.account_id)
    view = await whole_email(call, account_id, arguments.email_id)
    header = Header.parse(view.raw, limit=MAX_HEADER)
    address = unsubscribing(header, ours(header, call.service.names)).one_click
    post = call.service.leave
    if not address or post is None:
        raise MethodError(
            "forbidden", "this message has no proven address for leaving its list with one click"
        )
    try:
        status = await post(address)
    except OSError as error:
        raise MethodError("serverUnavailable", f"the list does not answer: {error}"[:300]) from error
    return {
        "accountId": arguments.account_id,
        "emailId": arguments.email_id,
        "status": status,
        "left": 200 <= status < 400,
    }


METHODS: Final[Methods] = {"MailingList/leave": Method(WEBMAIL, MailingListLeave, leave)}
