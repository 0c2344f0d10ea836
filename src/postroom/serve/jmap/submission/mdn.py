"""MDN/send and MDN/parse: receipts for what was read (RFC 9007, over RFC 8098)."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.errors import MailError
from postroom.message.headers.fields import FieldRefused, Mailbox
from postroom.message.headers.header import Header
from postroom.message.ids import IdKind, id_text
from postroom.message.notifications.mdn import (
    ACTION_MODES,
    SENDING_MODES,
    TYPES,
    Disposition,
    DispositionNotice,
    asking,
    compose_mdn,
    is_extension,
    original_message_id,
    original_recipient,
    typed,
)
from postroom.message.notifications.mdn_parse import ParsedNotice, parse_mdn
from postroom.proto.jmap import patch
from postroom.proto.jmap.capabilities import MDN
from postroom.proto.jmap.envelopes import Endpoint
from postroom.proto.jmap.errors import MethodError, Refused, SetError, invalid
from postroom.proto.jmap.types import Arguments, Id, IdOrCreated, Object
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.getting import check_number, record_number, set_error
from postroom.serve.jmap.methods.octets import Octets, apart
from postroom.serve.jmap.methods.post import Post
from postroom.serve.jmap.submission.identity import Shown, identities, may_use
from postroom.serve.jmap.submission.posting import Stamped, post_of, prepare, send
from postroom.serve.jmap.submission.submission_records import submissions
from postroom.store.changes import Change
from postroom.store.emails import emails
from postroom.store.emails.emails import Copy, Reader, keywords_of
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import mailboxes

MOST_PARSED: Final = 50  # blobs of one call
MAX_TEXT: Final = 100_000  # characters of textBody
MAX_EXTENSIONS: Final = 50  # extension fields of one notification
MDN_SENT: Final = "$mdnsent"


class MdnSend(Arguments, frozen=True, kw_only=True):
    """RFC 9007 §2.1."""

    account_id: Id
    identity_id: IdOrCreated
    send: dict[Id, Object]
    on_success_update_email: dict[IdOrCreated, Object] | None = None


class MdnParse(Arguments, frozen=True, kw_only=True):
    """RFC 9007 §2.2."""

    account_id: Id
    blob_ids: list[IdOrCreated]


class Given(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An MDN object as a client may send it."""

    for_email_id: str
    disposition: dict[str, str]
    subject: str | None = None
    text_body: str | None = None
    include_original_message: bool = False
    reporting_ua: str | None = msgspec.field(default=None, name="reportingUA")
    final_recipient: str | None = None
    extension_fields: dict[str, str] | None = None


async def send_(call: Call, arguments: MdnSend) -> Object:
    """RFC 9007 §2.1."""
    account_id = await _account(call, arguments.account_id)
    check_number(len(arguments.send), call.service.limits.max_objects_in_set, "notifications")
    there = await identities(call, account_id)
    identity = there.get(record_number("Identity", call.resolved(arguments.identity_id)) or 0)
    if identity is None:
        raise MethodError("invalidArguments", "there is no such identity", arguments=["identityId"])
    work = _Sending(call, account_id, identity, arguments.on_success_update_email or {})
    sent: dict[str, Object] = {}
    failed: dict[str, SetError] = {}
    update: dict[str, Object] = {}
    for creation_id, given in arguments.send.items():
        try:
            sent[creation_id], (email_id, changes) = await work.send(creation_id, given)
            update[email_id] = {**update.get(email_id, {}), **changes}
        except (Refused, MailError) as error:
            failed[creation_id] = set_error(error)
    if update:
        call.further.append(("Email/set", {"accountId": arguments.account_id, "update": update}))
    told = {name: error.told() for name, error in failed.items()}
    return {"accountId": arguments.account_id, "sent": sent or None, "notSent": told or None}


async def _account(call: Call, written: str) -> int:
    """RFC 9007 §2.1, §2.2: an unknown account is an invalid argument here."""
    try:
        return await call.own_account(written)
    except MethodError as error:
        if error.kind == "accountNotFound":
            raise MethodError(
                "invalidArguments", "there is no such account", arguments=["accountId"]
            ) from error
        raise


class _Sending:
    """One call's notifications, one after the other."""

    def __init__(self, call: Call, account_id: int, identity: Shown, updates: dict[str, Object]) -> None:
        self._call = call
        self._account_id = account_id
        self._identity = identity
        self._updates = updates

    async def send(self, creation_id: str, given: Object) -> tuple[Object, tuple[str, Object]]:
        """What the client does not know, and the change of the email that follows."""
        call = self._call
        wanted = _read(given)
        number = await self._email(wanted.for_email_id)
        changes = self._change(creation_id, wanted.for_email_id)
        original = await call.store.read_email(self._account_id, number)
        header = Header.parse(original or b"")
        asked = asking(header)
        if original is None or not asked:
            raise Refused("notFound", "nobody asks for a notification about this email")
        final = await self._final(wanted.final_recipient)
        raw = await apart(len(original), self._compose, wanted, final, original)
        ends = (None, None, [Endpoint(str(one)) for one in asked])
        post = post_of(call)
        letter = await apart(len(raw), prepare, call, post, raw, ends)
        await self._hand_in(number, post, letter)
        told: Object = {
            "finalRecipient": typed(final),
            "originalRecipient": original_recipient(header) or None,
            "originalMessageId": original_message_id(header) or None,
            "mdnGateway": None,
            "error": None,
        }
        told |= {name: value for name, value in _DEFAULTS.items() if given.get(name) is None}
        return told, (id_text(IdKind.EMAIL, number), changes)

    async def _hand_in(self, number: int, post: Post, letter: Stamped) -> None:
        """Sends it under the keyword, so that nobody else does at the same time; where the door refuses, that goes again."""
        call = self._call
        changed = call.changed
        await self._mark(number, Mode.ADD)
        call.changed = True
        try:
            await send(call, post, letter, hold_for_undo=False)
        except (Refused, MailError):
            await self._mark(number, Mode.REMOVE)
            call.changed = changed
            raise

    async def _mark(self, number: int, mode: Mode) -> None:
        call, account_id = self._call, self._account_id
        asked = FlagChange(mode, keywords=(MDN_SENT,))

        async def work(tx: Transaction) -> list[Change]:
            await mailboxes.hold(tx, account_id)
            copies = await self._copies(tx, number)
            if mode is Mode.ADD:
                _must_be_unsent(copies)
            boxes = [(call.ref(account_id, one.mailbox_id), [(one.uid, one.uid)]) for one in copies]
            return [(await store_flags(tx, box, uids, asked)).change for box, uids in boxes]

        call.publish(await call.write(work))

    def _compose(self, wanted: Given, final: Address, original: bytes) -> bytes:
        call = self._call
        unique = "".join(one for one in call.service.unique() if one.isalnum())[:40]
        own = parse_mailbox(self._identity.email)
        assert own is not None, "what is no address is no identity's"
        notice = DispositionNotice(
            Mailbox(own, self._identity.identity.name),
            final,
            _disposition(wanted.disposition),
            call.service.now() // 1_000_000,
            unique,
            wanted.subject or _DEFAULTS["subject"],
            wanted.text_body or _DEFAULTS["textBody"],
            wanted.reporting_ua or "",
            wanted.include_original_message,
            wanted.extension_fields or {},
        )
        try:
            return compose_mdn(notice, original)
        except FieldRefused as error:
            raise invalid("subject" if error.field == "Subject" else "identityId", str(error)) from error

    async def _email(self, written: str) -> int:
        number = number_of(IdKind.EMAIL, self._call.meant(written)) or 0
        _must_be_unsent(await self._copies(self._call.reading, number))
        return number

    async def _copies(self, tx: Transaction, number: int) -> list[Copy]:
        reader = Reader(self._account_id, self._account_id)
        return (await emails.copies(tx, reader, [number])).get(number, [])

    def _change(self, creation_id: str, email: str) -> Object:
        """What is to become of the email; it must set the keyword (RFC 9007 §2.1)."""
        changes = self._updates.get(f"#{creation_id}", self._updates.get(email))
        try:
            after = patch.apply(
                {"keywords": {}}, {k: v for k, v in (changes or {}).items() if k.startswith("keywords")}, {}
            )
        except Refused as refused:
            raise invalid("onSuccessUpdateEmail", refused.error.description) from refused
        words = after.get("keywords")
        if changes is None or not isinstance(words, dict) or words.get(MDN_SENT) is not True:
            raise invalid("onSuccessUpdateEmail", f"it must set the keyword {MDN_SENT}")
        return changes

    async def _final(self, written: str | None) -> Address:
        if written is None:
            own = parse_mailbox(self._identity.email)
            assert own is not None, "what is no address is no identity's"
            return own
        kind, semicolon, rest = written.partition(";")
        if semicolon and kind.strip().lower() not in ("rfc822", "utf-8"):
            raise invalid("finalRecipient", "an address of the type rfc822 is needed")
        address = parse_mailbox((rest if semicolon else written).strip())
        if address is None:
            raise invalid("finalRecipient", "not an address")
        if not await may_use(self._call, address):
            raise Refused("forbiddenFrom", f"{address} is not an address of {self._call.visitor.address}")
        return address


def _must_be_unsent(copies: list[Copy]) -> None:
    if not copies:
        raise Refused("notFound", "there is no such email")
    if MDN_SENT in keywords_of(copies):
        raise Refused("mdnAlreadySent", f"{MDN_SENT} is set already")


_DEFAULTS: Final[dict[str, Any]] = {
    "subject": "Disposition notification",
    "textBody": "This is a disposition notification: it says what was done with your message.",
    "includeOriginalMessage": False,
    "reportingUA": None,
    "extensionFields": None,
}


def _read(given: Object) -> Given:
    try:
        wanted = msgspec.convert(given, Given, strict=True)
    except msgspec.ValidationError as error:
        known = (field.encode_name for field in msgspec.structs.fields(Given))
        named = [
            one
            for one in dict.fromkeys((*known, *given))
            if f"`{one}`" in str(error) or f"$.{one}" in str(error)
        ]
        raise invalid(named, str(error)) from error
    _disposition(wanted.disposition)
    fields = wanted.extension_fields or {}
    if len(fields) > MAX_EXTENSIONS or not all(map(is_extension, fields)):
        raise invalid(
            "extensionFields", f"at most {MAX_EXTENSIONS}, with names that RFC 8098 does not use itself"
        )
    if len(wanted.text_body or "") > MAX_TEXT:
        raise invalid("textBody", f"at most {MAX_TEXT} characters")
    return wanted


def _disposition(given: dict[str, str]) -> Disposition:
    allowed = {"actionMode": ACTION_MODES, "sendingMode": SENDING_MODES, "type": TYPES}
    if set(given) != set(allowed) or any(given[name] not in words for name, words in allowed.items()):
        raise invalid("disposition", "actionMode, sendingMode and type, each with a word of RFC 9007 §2")
    return Disposition(given["actionMode"], given["sendingMode"], given["type"])


async def parse(call: Call, arguments: MdnParse) -> Object:
    """RFC 9007 §2.2."""
    account_id = await _account(call, arguments.account_id)
    check_number(len(arguments.blob_ids), MOST_PARSED, "blobs")
    not_parsable: list[str] = []
    missing: list[str] = []
    octets = Octets(call, account_id)
    notices: dict[str, ParsedNotice] = {}
    for blob_id in dict.fromkeys(map(call.resolved, arguments.blob_ids)):
        raw = await octets.read(blob_id)
        if raw is None:
            missing.append(blob_id)
            continue
        notice = await asyncio.to_thread(parse_mdn, raw)
        if notice is None:
            not_parsable.append(blob_id)
        else:
            notices[blob_id] = notice
    about = await _about(call, account_id, {one.original_message_id for one in notices.values()})
    parsed = {
        blob_id: _shown(notice, about.get(notice.original_message_id)) for blob_id, notice in notices.items()
    }
    return {
        "accountId": arguments.account_id,
        "parsed": parsed or None,
        "notParsable": not_parsable or None,
        "notFound": missing or None,
    }


def _shown(notice: ParsedNotice, about: str | None) -> Object:
    return {
        "forEmailId": about,
        "subject": notice.subject or None,
        "textBody": notice.text,
        "includeOriginalMessage": notice.returned,
        "reportingUA": notice.reporting_ua or None,
        "disposition": {
            "actionMode": notice.disposition.action_mode,
            "sendingMode": notice.disposition.sending_mode,
            "type": notice.disposition.type,
        },
        "mdnGateway": notice.gateway or None,
        "originalRecipient": notice.original_recipient or None,
        "finalRecipient": notice.final_recipient,
        "originalMessageId": notice.original_message_id or None,
        "error": list(notice.errors) or None,
        "extensionFields": notice.extensions or None,
    }


async def _about(call: Call, account_id: int, message_ids: set[str]) -> dict[str, str]:
    """The email that was sent under each message-id, as far as submissions know: none but one of the account's own can have asked."""
    sent: dict[str, set[str]] = {}
    for one in await submissions(call, account_id) if any(message_ids) else ():
        if one.what.message_id in message_ids:
            sent.setdefault(one.what.message_id, set()).add(one.what.email_id)
    numbers = {
        message_id: number
        for message_id, email_ids in sent.items()
        if message_id and len(email_ids) == 1 and (number := number_of(IdKind.EMAIL, *email_ids)) is not None
    }
    there = await emails.copies(call.reading, Reader(account_id, account_id), numbers.values())
    return {key: id_text(IdKind.EMAIL, number) for key, number in numbers.items() if number in there}


METHODS: Final[Methods] = {
    "MDN/send": Method(MDN, MdnSend, send_),
    "MDN/parse": Method(MDN, MdnParse, parse),
}
