"""One email with all its octets, for methods that look into it; for whoever may read it. Not here: any method."""

from __future__ import annotations

from postroom.message.ids import IdKind
from postroom.proto.jmap.errors import MethodError
from postroom.serve.jmap.mail.email_view import View
from postroom.serve.jmap.methods.call import Call, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.store.emails import emails


async def whole_email(call: Call, account_id: int, email_id: str) -> View:
    """The email; raises `MethodError` when there is none, or it is not for who asks."""
    reader = (await Folders.read(call, account_id)).reader
    number = number_of(IdKind.EMAIL, email_id)
    copies = {} if number is None else await emails.copies(call.reading, reader, [number])
    if number is None or number not in copies:
        raise MethodError("invalidArguments", "there is no such email", arguments=["emailId"])
    raw = await call.store.read_email(account_id, number)
    if raw is None:
        raise MethodError("serverFail", "the octets of the email are missing")
    view = View.of_email(copies[number])
    view.raw = raw
    return view
