"""EmailSubmission/set: emails are sent, held ones called back, records of them removed (RFC 8621 §7.5).

A message is accepted first and recorded then, so that a record is always of something that was sent. Not here: the door (`serve.jmap.submission.posting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.headers.header import Header
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Handled, Hop, HopKind
from postroom.message.notifications.mdn import original_message_id
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import SUBMISSION
from postroom.proto.jmap.envelopes import Endpoint, Envelope, authors, misshapen, recipients
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import IdOrCreated, Object
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.getting import Setting, record_number
from postroom.serve.jmap.methods.octets import apart
from postroom.serve.jmap.methods.recorded import state_of
from postroom.serve.jmap.submission.identity import Shown, identities
from postroom.serve.jmap.submission.posting import Stamped, post_of, prepare, send
from postroom.serve.jmap.submission.submission import PROPERTIES, show
from postroom.serve.jmap.submission.submission_records import (
    CANCELED,
    KIND,
    QUEUED,
    Delivery,
    Submission,
    Submitted,
    follow,
    follow_one,
    most_recipients,
    some,
    written,
)
from postroom.store import journal
from postroom.store.changes import Change
from postroom.store.emails import emails
from postroom.store.emails.emails import Reader
from postroom.store.engine.transaction import Transaction
from postroom.store.records import records
from postroom.store.records.records import Kind
from postroom.store.spool import recall

MAX_ENVELOPE: Final = 300_000  # octets of an envelope as JSON: it is kept with the record
_GIVEN: Final = ("identityId", "emailId", "envelope")


class EmailSubmissionSet(Set, frozen=True, kw_only=True):
    """RFC 8621 §7.5."""

    on_success_update_email: dict[IdOrCreated, Object] | None = None
    on_success_destroy_email: list[IdOrCreated] | None = None


async def set_(call: Call, arguments: EmailSubmissionSet) -> Object:
    """RFC 8621 §7.5."""
    account_id = await call.own_account(arguments.account_id)
    kind = Kind(account_id, KIND)
    await follow(call, account_id)
    setting = Setting(call, arguments, await state_of(call, kind))
    work = Submitting(call, kind)
    await setting.carry_out(work.create, work.update, work.destroy)
    further = _email_set(call, arguments, setting, work.email_of)
    if further is not None:
        call.further.append(("Email/set", further))
    return setting.answer(await state_of(call, kind))


def _email_set(
    call: Call, arguments: EmailSubmissionSet, setting: Setting, email_of: Mapping[str, str]
) -> Object | None:
    """The one implicit call, for the submissions that succeeded; None when nothing is to be done."""
    done = {one["id"] for one in setting.created.values()} | set(setting.updated) | set(setting.destroyed)

    def email(written_id: str) -> str | None:
        record = call.resolved(written_id)
        return email_of.get(record) if record in done else None

    update: dict[str, Object] = {}
    for one, changes in (arguments.on_success_update_email or {}).items():
        found = email(one)
        if found is not None:
            update[found] = {**update.get(found, {}), **changes}
    named = [email(one) for one in arguments.on_success_destroy_email or ()]
    destroy = list(dict.fromkeys(one for one in named if one is not None))
    if not update and not destroy:
        return None
    return {"accountId": arguments.account_id, "update": update, "destroy": destroy}


class About(msgspec.Struct, frozen=True):
    """What is to be sent, and as whom."""

    identity: Shown
    email_id: int
    thread_id: int
    raw: bytes


class Submitting:
    """What is done with one account's submissions, one after the other. `email_of`: the email of each that was touched."""

    def __init__(self, call: Call, kind: Kind) -> None:
        self._call = call
        self._kind = kind
        self.email_of: dict[str, str] = {}

    async def create(self, given: Object) -> Object:
        """Sends an email."""
        post_of(self._call)
        wrong = [name for name in given if name not in _GIVEN]
        if wrong:
            raise invalid(wrong, "the server sets this, or there is no such property")
        about = await self.about(given)
        letter, kept = await self._letter(about.identity, about.raw, _envelope(given.get("envelope")))
        return await self.hand_in(about, letter, kept, given)

    async def about(self, given: Object) -> About:
        """The identity and the email that are named, when there is room for another submission."""
        call, account_id = self._call, self._kind.account_id
        identity = await self._identity(given.get("identityId"))
        email_id, thread_id = await self._email(given.get("emailId"))
        row = await call.reading.fetchrow(records.COUNT, account_id, KIND)
        if row is not None and row[0] >= records.MAX_RECORDS:
            raise Refused("overQuota", "too many submissions are recorded: destroy old ones")
        raw = await call.store.read_email(account_id, email_id)
        if raw is None:
            raise invalid("emailId", "there is no such email")
        return About(identity, email_id, thread_id, raw)

    async def hand_in(self, about: About, letter: Stamped, kept: Envelope, given: Object) -> Object:
        """Sends it, records that, and gives what the client does not know."""
        call, account_id = self._call, self._kind.account_id
        what = _record(about, letter, kept, (await call.state(account_id)).modseq)
        accept_id = await send(call, post_of(call), letter)
        number = call.service.ids.next()
        release = (letter.envelope.hold_until or 0) * 1_000_000
        now = call.service.now()
        what = msgspec.structs.replace(
            what,
            send_at=release if _asks_for_time(kept) else now,
            accept_id=accept_id,
            release=release if release > now else 0,
            undo="pending" if release > now else "final",
        )
        change = await call.write(lambda tx: records.create(tx, self._kind, number, written(what)))
        call.publish([change])
        return await self._created(number, given)

    async def _created(self, number: int, given: Object) -> Object:
        """What the client does not know: local copies may have arrived already."""
        one = await follow_one(self._call, self._kind.account_id, number)
        self.email_of[one.id] = one.what.email_id
        told = show(one)
        return {name: value for name, value in told.items() if name not in given or given[name] != value}

    async def _identity(self, given: Any) -> Shown:
        there = await identities(self._call, self._kind.account_id)
        written_id = self._meant(given, "identityId")
        found = there.get(record_number("Identity", written_id) or 0)
        if found is None:
            raise invalid("identityId", "there is no such identity")
        return found

    async def _email(self, given: Any) -> tuple[int, int]:
        number = number_of(IdKind.EMAIL, self._meant(given, "emailId"))
        reader = Reader(self._kind.account_id, self._kind.account_id)
        found = await emails.copies(self._call.reading, reader, [] if number is None else [number])
        if number is None or number not in found:
            raise invalid("emailId", "there is no such email")
        return number, found[number][0].thread_id

    def _meant(self, given: Any, name: str) -> str:
        if not isinstance(given, str):
            raise invalid(name, "an id is needed")
        try:
            return self._call.meant(given)
        except Refused as refused:
            raise invalid(name, refused.error.description) from refused

    async def _letter(self, identity: Shown, raw: bytes, given: Envelope | None) -> tuple[Stamped, Envelope]:
        """The message made ready, and its envelope as it is told."""
        call = self._call
        header = Header.parse(raw)
        named, wrong = authors(header), misshapen(header)
        if named.wrong:
            words = "From names one author, or Sender says which of them sends"
            raise Refused("invalidEmail", words, (*named.wrong, *wrong))
        if given is None:
            given = Envelope(Endpoint(str(self.sender(identity, named.sender))), recipients(header))
        sender = _reverse_path(given.mail_from)
        addresses = (sender, given.mail_from.parameters, given.rcpt_to)
        letter = await apart(len(raw), prepare, call, post_of(call), raw, addresses)
        if wrong:
            words = "a field is there more than once, or its value is none that it can have"
            raise Refused("invalidEmail", words, wrong)
        return letter, given

    def sender(self, identity: Shown, found: Address | None = None) -> Address:
        """The one that the message names, if it is the identity's; else the identity's (RFC 8621 §7, envelope)."""
        own = parse_mailbox(identity.email)
        assert own is not None, "what is no address is no identity's"
        return found if found is not None and found.key == own.key else own

    async def update(self, record: str, given: Object) -> Object | None:
        """Calls a message back: nothing else of a submission can be changed."""
        one = await self._find(record)
        current = show(one)
        values = patch.apply(current, given, {})
        wrong = patch.changed_beside(current, values, {"undoStatus"})
        if wrong:
            raise invalid(wrong, "this cannot be changed")
        wanted = values.get("undoStatus")
        if wanted not in (one.what.undo, "canceled"):
            raise invalid("undoStatus", "it can only be set to canceled")
        if wanted == one.what.undo:
            return None
        if one.what.undo != "pending" or not await self._cancel(one):
            raise Refused("cannotUnsend", "the message has left already")
        return {"deliveryStatus": PROPERTIES["deliveryStatus"](await self._find(record))}

    async def _cancel(self, one: Submitted) -> bool:
        call, now = self._call, self._call.service.now()
        told = {address: Delivery(CANCELED, "no") for address in one.what.recipients}
        what = msgspec.structs.replace(one.what, undo="canceled", settled=True, deliveries=told)
        hop = Hop(HopKind.QUEUE, now, [Handled(0, "canceled", call.visitor.address)])
        hop_id = call.service.ids.next()

        async def work(tx: Transaction) -> list[Change]:
            if not await recall.recall(tx, one.sent, now):
                return []
            await journal.append(tx, one.what.accept_id, hop_id, hop)
            return [await records.change(tx, self._kind, one.record_id, written(what))]

        changes = await call.write(work)
        call.publish(changes)
        return bool(changes)

    async def destroy(self, record: str) -> None:
        """Removes the record; the message goes its way."""
        one = await self._find(record)
        now = self._call.service.now()
        self._call.publish(
            [await self._call.write(lambda tx: records.remove(tx, self._kind, one.record_id, now))]
        )

    async def _find(self, record: str) -> Submitted:
        number = record_number(KIND, record)
        found = await some(self._call, self._kind.account_id, [] if number is None else [number])
        if number is None or number not in found:
            raise Refused("notFound")
        self.email_of[record] = found[number].what.email_id
        return found[number]


def _record(about: About, letter: Stamped, kept: Envelope, before: int) -> Submission:
    """What is known before it is sent; raises `Refused` when what becomes of so many recipients could not be kept."""
    everybody = [str(one.address) for one in letter.recipients]
    what = Submission(
        id_text(IdKind.RECORD, about.identity.number),
        id_text(IdKind.EMAIL, about.email_id),
        id_text(IdKind.THREAD, about.thread_id),
        kept,
        0,
        0,
        everybody,
        _identifier(letter),
        before,
        deliveries={address: Delivery(QUEUED) for address in everybody},
    )
    most = most_recipients(what)
    if len(everybody) > most:
        words = f"what becomes of {len(everybody)} recipients with addresses as long as these cannot be recorded: send to {most} at a time"
        raise Refused("tooManyRecipients", words, maxRecipients=most)
    return what


def _envelope(given: Any) -> Envelope | None:
    if given is None:
        return None
    if len(msgspec.json.encode(given)) > MAX_ENVELOPE:
        raise Refused("tooLarge", f"an envelope has at most {MAX_ENVELOPE} octets", maxSize=MAX_ENVELOPE)
    try:
        return msgspec.convert(given, Envelope, strict=True)
    except msgspec.ValidationError as error:
        raise invalid("envelope", str(error)) from error


def _reverse_path(given: Endpoint) -> Address | None:
    """RFC 8621 §7: it may be empty."""
    if not given.email:
        return None
    address = parse_mailbox(given.email)
    if address is None:
        raise invalid("envelope", "mailFrom is not an address")
    return address


def _identifier(letter: Stamped) -> str:
    """What reports will name: of a message that was sent once more that of this time."""
    header = Header.parse(letter.raw)
    again = header.get("Resent-Message-ID") if letter.again else None
    return again.strip().decode("ascii", "replace") if again is not None else original_message_id(header)


def _asks_for_time(envelope: Envelope) -> bool:
    return any(name.upper() in ("HOLDFOR", "HOLDUNTIL") for name in envelope.mail_from.parameters or {})


METHODS: Final[Methods] = {"EmailSubmission/set": Method(SUBMISSION, EmailSubmissionSet, set_)}
