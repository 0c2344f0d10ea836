"""Snooze/get, /changes and /set: emails are put aside until a moment, when the server brings them back, unread.

A Snooze is created for an email, changed by another `until`, and destroyed to have it back at once. Meanwhile the email lies in the mailbox with the role
`snoozed`, which there must be. Of the vendor's capability, in one's own account. Not here: the moving (`store.emails.snoozing`), the waking (`app.chores`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Changes, Get, Set, wanted
from postroom.proto.jmap.types import Object, parse_utc_date, utc_date
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import Setting, got, ids_of, record_number
from postroom.serve.jmap.methods.recorded import all_of, changes_of, state_of
from postroom.store.changes import Change
from postroom.store.emails import snoozing
from postroom.store.emails.snoozing import KIND, ROLE
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.rights import NoSuchMailbox
from postroom.store.records import records
from postroom.store.records.records import NoSuchRecord, Record

MOST_YEARS: Final = 10  # ahead that mail is put aside

PROPERTIES: Final[Mapping[str, Callable[[Record], Any]]] = {
    "id": lambda record: id_text(IdKind.RECORD, record.record_id),
    "emailId": lambda record: id_text(IdKind.EMAIL, record.record_id),
    "until": lambda record: utc_date(snoozing.read(record).until),
}


async def get(call: Call, arguments: Get) -> Object:
    """RFC 8620 §5.1."""
    account_id = await call.own_account(arguments.account_id)
    properties = wanted(arguments.properties, tuple(PROPERTIES))
    asked = ids_of(call, arguments)
    state = await state_of(call, snoozing.of(account_id))
    there = await all_of(call, snoozing.of(account_id))
    shown = [{name: PROPERTIES[name](one) for name in properties} for one in there]
    return got(arguments, state, [one for one in shown if asked is None or one["id"] in asked], asked)


async def changes(call: Call, arguments: Changes) -> Object:
    """RFC 8620 §5.2."""
    account_id = await call.own_account(arguments.account_id)
    return await changes_of(call, arguments, snoozing.of(account_id))


async def set_(call: Call, arguments: Set) -> Object:
    """RFC 8620 §5.3."""
    account_id = await call.own_account(arguments.account_id)
    kind = snoozing.of(account_id)
    setting = Setting(call, arguments, await state_of(call, kind))
    doing = _Doing(call, await Folders.read(call, account_id))
    await setting.carry_out(doing.create, doing.update, doing.destroy)
    return setting.answer(await state_of(call, kind))


class _Doing:
    """What is done with one account's emails."""

    def __init__(self, call: Call, folders: Folders) -> None:
        self._call = call
        self._folders = folders

    async def create(self, given: Object) -> Object:
        """An email is put aside: out of `mailboxId`, or all where it is null."""
        unknown = sorted(set(given) - {"emailId", "until", "mailboxId"})
        if unknown:
            raise invalid(unknown, "there is no such property")
        call, account_id = self._call, self._folders.account_id
        until = self._until(given.get("until"))
        written = given.get("emailId")
        email_id = number_of(IdKind.EMAIL, call.meant(written)) if isinstance(written, str) else None
        if email_id is None:
            raise invalid("emailId", "there is no such email")
        source = self._source(given.get("mailboxId"))
        owner, now = (account_id, email_id), call.service.now()
        try:
            call.publish(await call.write(lambda tx: snoozing.put_aside(tx, owner, source, until, now)))
        except NoSuchMailbox as error:
            raise Refused("forbidden", f"there is no mailbox with the role {ROLE}") from error
        except NoSuchRecord as error:
            raise invalid(
                "emailId", "there is no such email outside the mailbox of what is put aside"
            ) from error
        return {"id": id_text(IdKind.RECORD, email_id)}

    def _source(self, given: Any) -> int | None:
        if given is None:
            return None
        folder = self._folders.named(self._call.meant(given)) if isinstance(given, str) else None
        if folder is None or folder.mailbox.role == ROLE:
            raise invalid("mailboxId", "there is no such mailbox to take it out of")
        return folder.mailbox.mailbox_id

    def _until(self, given: Any) -> int:
        moment = parse_utc_date(given) if isinstance(given, str) else None
        now = self._call.service.now()
        if moment is None or not now < moment < now + MOST_YEARS * 366 * 86_400 * 1_000_000:
            raise invalid("until", f"a UTCDate, to come within {MOST_YEARS} years")
        return moment

    async def update(self, record: str, given: Object) -> Object | None:
        """Another time."""
        owner = self._owner(record)
        kind = snoozing.of(self._folders.account_id)
        found = (await records.some(self._call.reading, kind, [owner[1]])).get(owner[1])
        if found is None:
            raise Refused("notFound")
        current = {name: show(found) for name, show in PROPERTIES.items()}
        values = patch.apply(current, given, {})
        wrong = patch.changed_beside(current, values, {"until"})
        if wrong:
            raise invalid(wrong, "only until can be changed")
        if values.get("until") == current["until"]:
            return None
        until = self._until(values.get("until"))

        async def work(tx: Transaction) -> list[Change]:
            return [await snoozing.postpone(tx, owner, until)]

        await self._do(work)
        return None

    async def destroy(self, record: str) -> None:
        """Back at once, and as it was."""
        owner, now = self._owner(record), self._call.service.now()
        await self._do(lambda tx: snoozing.bring_back(tx, owner, now, unread=False))

    async def _do(self, work: Callable[[Transaction], Awaitable[list[Change]]]) -> None:
        try:
            self._call.publish(await self._call.write(work))
        except NoSuchRecord as error:
            raise Refused("notFound") from error

    def _owner(self, record: str) -> tuple[int, int]:
        number = record_number(KIND, record)
        if number is None:
            raise Refused("notFound")
        return self._folders.account_id, number


METHODS: Final[Methods] = {
    "Snooze/get": Method(WEBMAIL, Get, get),
    "Snooze/changes": Method(WEBMAIL, Changes, changes),
    "Snooze/set": Method(WEBMAIL, Set, set_),
}
