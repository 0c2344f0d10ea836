"""Thread/get and Thread/changes: emails that belong together, oldest first (RFC 8621 §3)."""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Changes, Get, wanted
from postroom.proto.jmap.state import Changed
from postroom.proto.jmap.types import Object
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import Since, got, ids_of
from postroom.store.emails import emails
from postroom.store.emails.emails import EmailChange, Reader
from postroom.store.mailboxes import arranging

PROPERTIES: Final = ("id", "emailIds")


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8621 §3.1."""
    account_id = await call.account(arguments.account_id)
    properties = wanted(arguments.properties, PROPERTIES)
    asked = ids_of(call, arguments)
    state = await state_of(call, account_id)
    reader = (await Folders.read(call, account_id)).reader
    if asked is None:
        most = call.service.limits.max_objects_in_get
        numbers = await emails.some_threads(call.reading, reader, most + 1)
        if len(numbers) > most:
            raise MethodError("requestTooLarge", f"there are more than {most} threads: name those you want")
    else:
        numbers = [number for one in asked if (number := number_of(IdKind.THREAD, one)) is not None]
    found = await emails.in_threads(call.reading, reader, numbers)
    shown = [
        {name: value for name, value in _thread(number, found[number]).items() if name in properties}
        for number in numbers
        if number in found
    ]
    return got(arguments, state, shown, asked)


def _thread(number: int, found: list[emails.Copy]) -> Object:
    """RFC 8621 §3: emails by their receivedAt."""
    received: dict[int, int] = {}
    for copy in found:
        received[copy.email_id] = min(copy.internaldate, received.get(copy.email_id, copy.internaldate))
    ordered = sorted(received, key=lambda email_id: (received[email_id], email_id))
    return {"id": id_text(IdKind.THREAD, number), "emailIds": [id_text(IdKind.EMAIL, one) for one in ordered]}


async def state_of(call: Call, account_id: int) -> int:
    """The state of emails, and of threads, which are made of them."""
    newest = max(await emails.newest(call.reading, account_id), (await call.state(account_id)).floor)
    if account_id != call.visitor.account_id:  # with a mailbox all of its emails come into sight, or leave it
        newest = max(newest, await arranging.structure(call.reading, account_id))
    return newest


async def must_see_the_same(call: Call, account_id: int, began: int) -> None:
    """Raises `cannotCalculateChanges` where the visitor may have seen other mailboxes of another's account at a state."""
    if account_id != call.visitor.account_id and await arranging.structure(call.reading, account_id) > began:
        raise MethodError("cannotCalculateChanges", "other mailboxes may be shared by now")


async def since_of(call: Call, arguments: Changes, kind: IdKind) -> tuple[Since, Reader]:
    """Where a client is who asks for changes of emails or threads, and what he sees of them."""
    account_id = await call.account(arguments.account_id)
    account = await call.state(account_id)
    newest = await state_of(call, account_id)
    since = Since(arguments, kind, floor=account.floor, newest=account.modseq, current=newest)
    await must_see_the_same(call, account_id, since.since.began)
    return since, (await Folders.read(call, account_id)).reader


async def seen_changes(
    call: Call, reader: Reader, since: Since
) -> tuple[list[EmailChange], tuple[int, int] | None]:
    """Changes of emails, and where to go on; what was moved into the reader's sight is new to him (RFC 8620 §5.2)."""
    found, at = await emails.changes(call.reading, reader, since.cursor, since.most)
    there = [one.email_id for one in found if not one.gone]
    new = await emails.entered(call.reading, reader, there, since.since.began)
    return [
        msgspec.structs.replace(one, created=max(one.created, new.get(one.email_id, -1))) for one in found
    ], at


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8621 §3.2. A thread changes when an email of it comes or goes; new is one that has no older email."""
    since, reader = await since_of(call, arguments, IdKind.THREAD)
    found, at = await seen_changes(call, reader, since)
    told = await _threads_of(call, reader, found, since.since.began)
    return since.told(told, at)


async def _threads_of(call: Call, reader: Reader, found: list[EmailChange], began: int) -> list[Changed]:
    """Changes of emails as changes of their threads, at the latest of them."""
    email_ids = [one.email_id for one in found]
    number_of_email = await emails.threads_of(call.reading, reader.account_id, email_ids, began)
    latest: dict[int, int] = {}
    for one in found:
        thread_id = number_of_email.get(one.email_id)
        if thread_id is not None and (one.gone or one.created > began):
            latest[thread_id] = max(one.modseq, latest.get(thread_id, 0))
    there = await emails.in_threads(call.reading, reader, latest)
    every = [copy.email_id for copies in there.values() for copy in copies]
    made = await emails.made(call.reading, reader.account_id, every)
    new = await emails.entered(call.reading, reader, every, began)
    result = []
    for thread_id, modseq in latest.items():
        emails_there = {copy.email_id for copy in there.get(thread_id, ())}
        born = [max(made[one][0], new.get(one, -1)) for one in emails_there if one in made]
        oldest = min(born, default=-1)
        result.append(Changed(modseq, thread_id, oldest, not emails_there))
    return sorted(result, key=lambda one: (one.modseq, one.record))


METHODS: Final[Methods] = {
    "Thread/get": Method(MAIL, Get, get),
    "Thread/changes": Method(MAIL, Changes, changes),
}
