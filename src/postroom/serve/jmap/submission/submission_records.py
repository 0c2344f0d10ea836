"""What is kept of a submission, and how that follows what becomes of the message: queue, journal, and the reports that come in.

RFC 8621 §7 (undoStatus, deliveryStatus, dsnBlobIds, mdnBlobIds). It is looked after whenever somebody asks for submissions, and while he listens (`serve.jmap.submission.following`); those of long ago do not change any more.
Not here: the methods.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import JourneyEvent, Outcome, Routed
from postroom.message.notifications.dsn_parse import report_in
from postroom.message.notifications.dsn_rules import Action
from postroom.message.notifications.mdn_parse import parse_mdn
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.envelopes import Envelope, one_line
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.methods.recorded import all_of
from postroom.store import journal
from postroom.store.changes import Change
from postroom.store.emails import emails
from postroom.store.emails.emails import Reader
from postroom.store.engine.ids import first_of
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes
from postroom.store.records import records
from postroom.store.records.records import MAX_DATA, Kind, Record
from postroom.store.spool import recall
from postroom.store.spool.recall import Sent

KIND: Final = "EmailSubmission"
FOLLOWED: Final = (
    60 * 86_400 * 1_000_000
)  # microseconds that a submission is followed: held, in the queue, and reports on it
MAX_REPLY: Final = 200  # characters that are kept of a reply
LEAST_REPLY: Final = 60  # octets that must be left for each: what is shorter would not say why
MAX_REPORTS: Final = 100  # reports that are kept of one submission, of each kind
_ROOM: Final = (
    MAX_DATA - 16_384
)  # octets of a record but for ids and numbers that come later, those of reports above all
_SLICE: Final = 500  # changes of emails in one look
_LAST: Final = (1 << 63) - 1

QUEUED: Final = "250 2.0.0 In the queue"
HANDED_ON: Final = "250 2.0.0 Has left the queue"
DELIVERED: Final = "250 2.1.5 Delivered"
CANCELED: Final = "550 5.7.0 Taken back by its sender"
_CODE: Final = re.compile(r"[2-5][0-5][0-9](?=[ -]|\Z)")  # RFC 5321 §4.2
_MESSAGE_ID: Final = re.compile(rb"<[!-;=?-~]{3,900}>")
_WORST: Final = (
    "queued",
    "no",
    "unknown",
    "yes",
)  # of several copies for one recipient the first of these holds


class Delivery(msgspec.Struct, frozen=True, rename="camel"):
    """A DeliveryStatus."""

    smtp_reply: str
    delivered: str = "queued"
    displayed: str = "unknown"


class Submission(msgspec.Struct, frozen=True):
    """A submission. Times are unix microseconds; `release` 0: it was not held. `settled`: queue and journal have nothing more to say of it.

    `recipients` are in the order of the journey's numbers. `message_id` has its brackets. `before`: the account's modseq
    when it was not sent yet.
    """

    identity_id: str
    email_id: str
    thread_id: str
    envelope: Envelope
    send_at: int
    accept_id: int
    recipients: list[str]
    message_id: str
    before: int
    release: int = 0
    undo: str = "final"
    settled: bool = False
    deliveries: dict[str, Delivery] = {}
    dsn: list[str] = []
    mdn: list[str] = []


class Submitted(msgspec.Struct, frozen=True):
    """A submission with its record."""

    record_id: int
    what: Submission

    @property
    def sent(self) -> Sent:
        """The message: a record is made after its message was accepted."""
        return Sent(self.what.accept_id, self.record_id)

    @property
    def id(self) -> str:
        """The id."""
        return id_text(IdKind.RECORD, self.record_id)


def read(record: Record) -> Submitted:
    """A record."""
    what = msgspec.json.decode(record.data, type=Submission)
    return Submitted(record.record_id, what)


def written(what: Submission) -> bytes:
    """The data of a record."""
    return msgspec.json.encode(what)


def room_for_replies(what: Submission) -> int:
    """Octets that the record of a submission has for each of its replies, however the other values grow."""
    return (_ROOM - _without_replies(what)) // max(1, len(what.recipients))


def most_recipients(what: Submission) -> int:
    """How many recipients with addresses as long as these may have a record."""
    each = len(what.recipients)
    return _ROOM * each // (_without_replies(what) + LEAST_REPLY * each)


def _without_replies(what: Submission) -> int:
    bare = {address: Delivery("", "unknown") for address in what.recipients}
    return len(written(msgspec.structs.replace(what, deliveries=bare, dsn=[], mdn=[])))


def fitting(what: Submission) -> Submission:
    """With replies that are no longer than they may be; the same again for what fits."""
    room = room_for_replies(what)
    short = {
        address: msgspec.structs.replace(one, smtp_reply=_within(one.smtp_reply[:MAX_REPLY], room))
        for address, one in what.deliveries.items()
    }
    return msgspec.structs.replace(what, deliveries=short)


def _within(text: str, room: int) -> str:
    while (size := len(msgspec.json.encode(text)) - 2) > room:
        text = text[: len(text) * room // size]
    return text


async def submissions(call: Call, account_id: int) -> list[Submitted]:
    """All of an account's, by id, as they are now."""
    return [read(one) for one in await all_of(call, Kind(account_id, KIND))]


async def some(call: Call, account_id: int, numbers: Iterable[int]) -> dict[int, Submitted]:
    """Those of these that are there, by record id."""
    found = await records.some(call.reading, Kind(account_id, KIND), list(numbers))
    return {number: read(one) for number, one in found.items()}


async def follow(call: Call, account_id: int) -> bool:
    """Writes down what has become of the submissions of late; whether queue or journal have more to say of any of them."""
    kind = Kind(account_id, KIND)
    since = first_of(max(0, call.service.now() - FOLLOWED))
    recent = [read(one) for one in await all_of(call, kind, since)]
    if not recent:
        return False
    now = {one.record_id: await _looked_at(call, one) for one in recent}
    looked_at = await _read_reports(call, account_id, recent, now)
    if await _write_down(call, kind, recent, now) and looked_at:
        call.service.results.put((KIND, account_id), looked_at)
    return not all(what.settled for what in now.values())


async def follow_one(call: Call, account_id: int, number: int) -> Submitted:
    """The submission of that number, with what has become of it as far as queue and journal say."""
    one = (await some(call, account_id, [number]))[number]
    now = await _looked_at(call, one)
    await _write_down(call, Kind(account_id, KIND), [one], {number: now})
    return Submitted(number, now)


async def _write_down(
    call: Call, kind: Kind, former: Sequence[Submitted], now: Mapping[int, Submission]
) -> bool:
    """Whether all of it is written; what somebody else has written down since it was read stays, and the next look goes on from that."""
    before = {one.record_id: one.what for one in former}
    changed = {one.record_id: now[one.record_id] for one in former if now[one.record_id] != one.what}
    if not changed:
        return True

    async def work(tx: Transaction) -> list[Change]:
        await mailboxes.hold(tx, kind.account_id)
        there = await records.some(tx, kind, list(changed))
        return [
            await records.change(tx, kind, number, written(what))
            for number, what in changed.items()
            if number in there and read(there[number]).what == before[number]
        ]

    done = await call.write(work)
    call.publish(done)
    return len(done) == len(changed)


async def _looked_at(call: Call, one: Submitted) -> Submission:
    what = one.what
    if what.settled:
        return what
    pending = (
        what.undo == "pending"
        and call.service.now() < what.release
        and await recall.can(call.reading, one.sent)
    )
    waiting = await recall.waits(call.reading, one.sent)
    hops = [row.hop() for row in await journal.read(call.reading, what.accept_id)]
    told = deliveries([event for hop in hops for event in hop.events], what.recipients, waiting=waiting)
    merged = {address: _merged(what.deliveries.get(address), new) for address, new in told.items()}
    settled = not waiting and all(one.delivered != "queued" for one in merged.values())
    undo = "pending" if pending else "final"
    return fitting(msgspec.structs.replace(what, undo=undo, deliveries=merged, settled=settled))


def _merged(former: Delivery | None, new: Delivery) -> Delivery:
    """What a report has said of a copy that another system has taken is more than what the journey knows."""
    if former is None:
        return new
    if new.delivered == "unknown" and former.delivered in ("yes", "no"):
        return former
    return msgspec.structs.replace(new, displayed=former.displayed)


def deliveries(
    events: Sequence[JourneyEvent], recipients: Sequence[str], *, waiting: bool
) -> dict[str, Delivery]:
    """What a journey says of each recipient; of one who stands for several, the worst."""
    copies: dict[int, dict[str, Delivery]] = {}
    for event in events:
        if isinstance(event, Routed):
            copies.setdefault(event.rcpt, {}).setdefault(event.address, Delivery(QUEUED))
        elif isinstance(event, Outcome):
            copies.setdefault(event.rcpt, {})[event.address] = _outcome(event)
    return {
        address: _together(list(copies.get(number, {}).values()), waiting=waiting)
        for number, address in enumerate(recipients)
    }


def _together(found: list[Delivery], *, waiting: bool) -> Delivery:
    lost = Delivery(HANDED_ON, "unknown")
    if not waiting:  # what the journey has lost sight of
        found = [lost if one.delivered == "queued" else one for one in found]
    if not found:
        return Delivery(QUEUED) if waiting else lost
    return min(found, key=lambda one: _WORST.index(one.delivered))


_DONE: Final[Mapping[str, tuple[str, str]]] = {
    "filed": ("yes", "250"),
    "relayed": ("unknown", "250"),
    "delayed": ("queued", "451"),
    "failed": ("no", "550"),
    "refused": ("no", "550"),
}


def _outcome(event: Outcome) -> Delivery:
    delivered, code = _DONE.get(event.result, ("unknown", "250"))
    if delivered == "yes":
        return Delivery(DELIVERED, delivered)
    return Delivery(_reply(event, code), delivered)


def _reply(event: Outcome, code: str) -> str:
    """What the other system said, or words of ours in the form of a reply (RFC 8621 §7, smtpReply)."""
    text = event.text.partition(" said: ")[2] or event.text
    said = _CODE.match(text)
    if said:
        return one_line(re.split(rf" (?={said[0]}[ -])", text))
    status = event.status or f"{code[0]}.0.0"
    return f"{code} {status} {text or 'No more is known'}"


# ------------------------------------------------------------------------------------------------------------------------- reports


async def _read_reports(
    call: Call, account_id: int, recent: Sequence[Submitted], now: dict[int, Submission]
) -> list[int]:
    """Looks through what has come in since the last look; `now` is brought up to date. Gives what is to be remembered once that is written down."""
    looked_at, *known = call.service.results.get((KIND, account_id)) or [_LAST]
    # A report may be faster than the record: of one that was not looked for yet, all since before its sending is looked through.
    followed = frozenset(known)
    new = [one.what.before for one in recent if one.record_id not in followed]
    since = min([*new, looked_at])
    newest = await emails.newest(call.reading, account_id)
    if newest <= since and not new:
        return []
    by_message_id = {one.what.message_id: one.record_id for one in recent}
    for email_id in await _come_in(call, account_id, since):
        raw = await call.store.read_email(account_id, email_id)
        if raw is None:
            continue
        named = await asyncio.to_thread(_ids_in, raw)
        about = {by_message_id[found] for found in named if found in by_message_id}
        if len(about) == 1:
            (number,) = about
            now[number] = await asyncio.to_thread(with_report, now[number], str(BlobId(email_id)), raw)
    return [newest, *(one.record_id for one in recent)]


async def _come_in(call: Call, account_id: int, since: int) -> list[int]:
    """Emails that were made after `since` and may be reports."""
    reader = Reader(account_id, account_id)
    found: list[int] = []
    at: tuple[int, int] | None = (since, _LAST)
    while at is not None:
        some_changes, at = await emails.changes(call.reading, reader, at, _SLICE)
        new = [one.email_id for one in some_changes if one.created > since and not one.gone]
        contents = await emails.contents(call.reading, account_id, new)
        found += [
            number
            for number in new
            if number in contents and b"report" in (contents[number].summary or b"").lower()
        ]
    return found


def _ids_in(raw: bytes) -> set[str]:
    return {found.decode() for found in _MESSAGE_ID.findall(raw)}


def with_report(what: Submission, blob_id: str, raw: bytes) -> Submission:
    """The submission after a report about it came in; anything else leaves it as it is."""
    notice = parse_mdn(raw)
    if notice is not None:
        if blob_id in what.mdn or len(what.mdn) >= MAX_REPORTS:
            return what
        shown = {**what.deliveries}
        address = _named(shown, notice.address)
        if address and notice.disposition.type == "displayed":
            shown[address] = msgspec.structs.replace(shown[address], displayed="yes")
        return msgspec.structs.replace(what, mdn=[*what.mdn, blob_id], deliveries=shown)
    statuses = report_in(raw)
    if not statuses or blob_id in what.dsn or len(what.dsn) >= MAX_REPORTS:
        return what
    told = {**what.deliveries}
    for one in statuses:
        address = _named(told, one.recipient) or _named(told, one.final_recipient)
        delivered = {Action.DELIVERED: "yes", Action.FAILED: "no"}.get(one.action) if one.action else None
        if address and delivered and told[address].delivered == "unknown":  # our own knowledge is better
            words = one.diagnostic or told[address].smtp_reply
            told[address] = msgspec.structs.replace(
                told[address],
                delivered=delivered,
                smtp_reply=_told_reply(words, one.status, delivered),
            )
    return fitting(msgspec.structs.replace(what, dsn=[*what.dsn, blob_id], deliveries=told))


def _told_reply(words: str, status: object, delivered: str) -> str:
    if _CODE.match(words):
        return one_line([words])
    code = "250" if delivered == "yes" else "550"
    return f"{code} {status or code[0] + '.0.0'} {words or 'A report says so'}"


def _named(told: Mapping[str, Delivery], address: str) -> str:
    wanted = address.casefold()
    return next((one for one in told if one.casefold() == wanted), "")
