"""Email/import, Email/copy and Email/parse (RFC 8621 §4.7 to §4.9)."""

from __future__ import annotations

from typing import Any, Final

from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Header
from postroom.message.ids import IdKind
from postroom.proto.jmap.blob_ids import read_blob_id
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.errors import MethodError, Refused, invalid
from postroom.proto.jmap.standard import Copy, Set
from postroom.proto.jmap.types import Arguments, Id, IdOrCreated, Object, parse_utc_date
from postroom.serve.jmap.mail.arriving import Arrivals, Placing, keywords_given, mailboxes_given
from postroom.serve.jmap.mail.email import email_shown
from postroom.serve.jmap.mail.email_view import BodyArguments, View, wish
from postroom.serve.jmap.mail.thread import state_of
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import Setting, check_number
from postroom.serve.jmap.methods.octets import Octets, apart
from postroom.store.emails import emails
from postroom.store.emails.emails import keywords_of
from postroom.wire.dots import only_crlf

PARSED: Final = (
    "messageId", "inReplyTo", "references", "sender", "from", "to", "cc", "bcc", "replyTo", "subject", "sentAt", "hasAttachment",
    "preview", "bodyValues", "textBody", "htmlBody", "attachments",
)  # fmt: skip
MOST_PARSED: Final = 50  # blobs of one call


class EmailImport(Arguments, frozen=True, kw_only=True):
    """RFC 8621 §4.8."""

    account_id: Id
    emails: dict[Id, Object]
    if_in_state: str | None = None


class EmailParse(BodyArguments, frozen=True, kw_only=True):
    """RFC 8621 §4.9."""

    account_id: Id
    blob_ids: list[IdOrCreated]
    properties: list[str] | None = None


async def import_(call: Call, arguments: EmailImport) -> Object:
    """RFC 8621 §4.8. The same message may be there several times."""
    account_id = await call.writable(arguments.account_id)
    made = Set(account_id=arguments.account_id, if_in_state=arguments.if_in_state, create=arguments.emails)
    setting = Setting(call, made, await state_of(call, account_id))
    folders = await Folders.read(call, account_id)

    async def one(given: Object) -> Object:
        wrong = [name for name in given if name not in ("blobId", "mailboxIds", "keywords", "receivedAt")]
        if wrong:
            raise invalid(wrong, "there is no such property")
        boxes = mailboxes_given(call, folders, given.get("mailboxIds"))
        words = keywords_given(given.get("keywords"))
        raw = (
            await Octets(call, account_id).read(given["blobId"])
            if isinstance(given.get("blobId"), str)
            else None
        )
        if raw is None:
            raise invalid("blobId", "there is no such blob")
        raw = await apart(len(raw), _message, raw)
        return await Arrivals(call, folders).file(raw, Placing(boxes, words, _received(call, given, raw)))

    await setting.create(one)
    told = setting.answer(await state_of(call, account_id))
    return {name: told[name] for name in ("accountId", "oldState", "newState", "created", "notCreated")}


def _message(raw: bytes) -> bytes:
    """Octets as a message with CRLF line ends; raises `invalidEmail`."""
    if not len(Header.parse(raw)):
        raise Refused("invalidEmail", "the blob does not begin with a header field")
    return only_crlf(raw.replace(b"\0", b""))


def _received(call: Call, given: Object, raw: bytes) -> int:
    """What is given, else the time of the newest Received field, else now."""
    if given.get("receivedAt") is not None:
        moment = parse_utc_date(given["receivedAt"])
        if moment is None:
            raise invalid("receivedAt", "a UTCDate")
        return moment
    trace = Header.parse(raw).get("Received")
    found = parse_date(trace.rpartition(b";")[2]) if trace is not None else None
    return found.seconds * 1_000_000 if found is not None and found.seconds >= 0 else call.service.now()


async def copy(call: Call, arguments: Copy) -> Object:
    """RFC 8621 §4.7: into another account."""
    source_id = await call.account(arguments.from_account_id, error="fromAccountNotFound")
    target_id = await call.writable(arguments.account_id)
    if source_id == target_id:
        raise MethodError("invalidArguments", "the two accounts are the same", arguments=["fromAccountId"])
    if arguments.if_from_in_state not in (None, str(await state_of(call, source_id))):
        raise MethodError("stateMismatch")
    made = Set(account_id=arguments.account_id, if_in_state=arguments.if_in_state, create=arguments.create)
    setting = Setting(call, made, await state_of(call, target_id))
    source, target = await Folders.read(call, source_id), await Folders.read(call, target_id)
    copied: list[str] = []

    async def one(given: Object) -> Object:
        if isinstance(given.get("id"), str):
            given = {**given, "id": call.resolved(given["id"])}
        found = await _copy_one(call, (source, target), given)
        copied.append(given["id"])
        return found

    await setting.create(one)
    if arguments.on_success_destroy_original and copied:
        destroyed = {"accountId": arguments.from_account_id, "destroy": copied}
        if arguments.destroy_from_if_in_state is not None:
            destroyed["ifInState"] = arguments.destroy_from_if_in_state
        call.further.append(("Email/set", destroyed))
    told = setting.answer(await state_of(call, target_id))
    named = ("accountId", "oldState", "newState", "created", "notCreated")
    return {"fromAccountId": arguments.from_account_id, **{name: told[name] for name in named}}


async def _copy_one(call: Call, between: tuple[Folders, Folders], given: Object) -> Object:
    source, target = between
    wrong = [name for name in given if name not in ("id", "mailboxIds", "keywords", "receivedAt")]
    if wrong:
        raise invalid(wrong, "a copy has the same message")
    if not isinstance(given.get("id"), str):
        raise invalid("id", "the id of the email that is copied")
    number = number_of(IdKind.EMAIL, given["id"])
    found = await emails.copies(call.reading, source.reader, [] if number is None else [number])
    if number is None or number not in found:
        raise Refused("notFound", "there is no such email in the account it is to come from")
    copies = found[number]
    words = keywords_given(given["keywords"]) if "keywords" in given else keywords_of(copies)
    boxes = mailboxes_given(call, target, given.get("mailboxIds"))
    received = min(one.internaldate for one in copies)
    if given.get("receivedAt") is not None:
        moment = parse_utc_date(given["receivedAt"])
        if moment is None:
            raise invalid("receivedAt", "a UTCDate")
        received = moment
    raw = await call.store.read_email(source.account_id, number)
    if raw is None:
        raise Refused("notFound")
    return await Arrivals(call, target).file(raw, Placing(boxes, words, received))


async def parse(call: Call, arguments: EmailParse) -> Object:
    """RFC 8621 §4.9."""
    account_id = await call.account(arguments.account_id)
    wished = wish(arguments.properties, PARSED, arguments)
    check_number(len(arguments.blob_ids), MOST_PARSED, "blobs")
    octets = Octets(call, account_id)
    parsed: dict[str, Any] = {}
    unparsable: list[str] = []
    missing: list[str] = []
    for written in dict.fromkeys(map(call.resolved, arguments.blob_ids)):
        blob = read_blob_id(written)
        raw = await octets.read(written)
        if blob is None or raw is None:
            missing.append(written)
        elif not len(Header.parse(raw)):
            unparsable.append(written)
        else:
            parsed[written] = await email_shown(call, View(blob, len(raw), None, raw), wished)
    return {
        "accountId": arguments.account_id,
        "parsed": parsed or None,
        "notParsable": unparsable or None,
        "notFound": missing or None,
    }


METHODS: Final[Methods] = {
    "Email/import": Method(MAIL, EmailImport, import_),
    "Email/copy": Method(MAIL, Copy, copy),
    "Email/parse": Method(MAIL, EmailParse, parse),
}
