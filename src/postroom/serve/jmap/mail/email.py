"""Email/get and Email/changes (RFC 8621 §4.2, §4.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Changes
from postroom.proto.jmap.state import Changed
from postroom.proto.jmap.types import Id, IdOrCreated, Object
from postroom.serve.jmap.mail.email_view import (
    DEFAULT,
    BodyArguments,
    Need,
    View,
    Wish,
    show,
    weight,
    wish,
    with_id,
)
from postroom.serve.jmap.mail.thread import seen_changes, since_of, state_of
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import got, ids_of
from postroom.serve.jmap.methods.octets import apart
from postroom.store.emails import emails
from postroom.store.emails.emails import Reader
from postroom.store.mailboxes.messages import Email

AT_ONCE: Final = 50  # emails between two turns of others


class EmailGet(BodyArguments, frozen=True, kw_only=True):
    """RFC 8621 §4.2: what every /get has, and what is said of bodies."""

    account_id: Id
    ids: list[IdOrCreated] | None = None
    properties: list[str] | None = None


async def get(call: Call, arguments: EmailGet) -> Object:
    """RFC 8621 §4.2. All emails are more than one call gives, so ids must be named."""
    account_id = await call.account(arguments.account_id)
    wished = wish(arguments.properties, DEFAULT, arguments)
    if "id" not in wished.properties:
        wished = with_id(wished)
    asked = ids_of(call, arguments)
    if asked is None:
        raise MethodError("requestTooLarge", "name the emails that you want")
    state = await state_of(call, account_id)
    reader = (await Folders.read(call, account_id)).reader
    numbers = [number for one in asked if (number := number_of(IdKind.EMAIL, one)) is not None]
    return got(arguments, state, await emails_shown(call, reader, numbers, wished), asked)


async def emails_shown(call: Call, reader: Reader, numbers: Sequence[int], wished: Wish) -> list[Object]:
    """Those of these emails that the reader sees, in their order."""
    shown: list[Object] = []
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        copies = await emails.copies(call.reading, reader, part)
        contents = await emails.contents(call.reading, reader.account_id, copies) if wished.need else {}
        for number in part:
            content = contents.get(number)
            if number not in copies or (wished.need and content is None):  # it may have gone between the two
                continue
            view = View.of_email(copies[number], content)
            if content is None or (wished.need < Need.HEADER and not view.stale):
                call.hold(view.packed if wished.listed else 0)
                shown.append(show(view, wished))  # a row of a list, mostly: nothing more is read
                continue
            raw = await _octets(call, reader.account_id, content, view, wished.need)
            if raw is not None:
                view.raw = raw
                shown.append(await email_shown(call, view, wished))
        await asyncio.sleep(0)
    return shown


async def email_shown(call: Call, view: View, wished: Wish) -> Object:
    """An email of which as much was read as is needed. Raises `requestTooLarge` where the response would hold too much."""
    size = len(view.raw)
    fields = await apart(size, weight, view, wished)
    listed = view.packed if wished.listed else 0
    call.hold(listed + (size if wished.need is Need.ALL else 0), fields)
    return await apart(size + fields, show, view, wished)


async def _octets(call: Call, account_id: int, content: Email, view: View, need: Need) -> bytes | None:
    """As much of the message as is needed; None where somebody has removed it since."""
    length = None if need is Need.ALL or view.stale else view.header_length
    raw = await call.store.read(account_id, content.blob_id, 0, length)
    if raw is None and await emails.contents(call.reading, account_id, [content.email_id]):
        raise MethodError(
            "serverFail", f"the octets of {id_text(IdKind.EMAIL, content.email_id)} are missing"
        )
    return raw


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8621 §4.3."""
    since, reader = await since_of(call, arguments, IdKind.EMAIL)
    found, at = await seen_changes(call, reader, since)
    return since.told([Changed(one.modseq, one.email_id, one.created, one.gone) for one in found], at)


METHODS: Final[Methods] = {
    "Email/get": Method(MAIL, EmailGet, get),
    "Email/changes": Method(MAIL, Changes, changes),
}
