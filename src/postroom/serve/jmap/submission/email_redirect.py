"""Email/redirect: emails are sent on to others as they are, and say by whom: an EmailSubmission whose message has the fields of RFC 5322 §3.6.6 above it.

Of the vendor's capability, for one's own account. The envelope and Resent-From are the user's own, From stays another's: who that may be, `serve.jmap.submission.provenance` decides. The door, its limits and
its holding are those of EmailSubmission/set, and so are the errors; it can be called back by EmailSubmission/set. What the author's server has signed stays signed, so DMARC passes by that at the next
server, and by nothing else: a message without a signature may be refused there. Not here: forwarding, which makes a message of one's own.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from postroom.message.address import Address
from postroom.message.composing.resending import Resending, resent_block
from postroom.message.headers.fields import FieldRefused, Mailbox
from postroom.message.headers.header import Header
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.envelopes import Endpoint, Envelope, read_recipients
from postroom.proto.jmap.errors import invalid
from postroom.proto.jmap.standard import Set
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.getting import Setting
from postroom.serve.jmap.methods.octets import apart
from postroom.serve.jmap.methods.recorded import state_of
from postroom.serve.jmap.submission.posting import post_of, prepare
from postroom.serve.jmap.submission.provenance import check_authors
from postroom.serve.jmap.submission.submission_records import KIND
from postroom.serve.jmap.submission.submission_set import About, Submitting
from postroom.store.emails import emails
from postroom.store.emails.emails import Reader, keywords_of
from postroom.store.records.records import Kind

_GIVEN: Final = ("identityId", "emailId", "to", "holdFor")


class EmailRedirect(Arguments, frozen=True, kw_only=True):
    """`create`: for each email `identityId`, `emailId`, `to` (EmailAddress[]) and, if it is to wait, `holdFor` (seconds)."""

    account_id: Id
    create: dict[Id, Object]


class Recipient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An EmailAddress (RFC 8621 §4.1.2.3)."""

    email: str
    name: str | None = None


async def redirect(call: Call, arguments: EmailRedirect) -> Object:
    """The submissions that were made, as EmailSubmission/set tells of them."""
    account_id = await call.own_account(arguments.account_id)
    kind = Kind(account_id, KIND)
    given = Set(account_id=arguments.account_id, create=arguments.create)
    setting = Setting(call, given, await state_of(call, kind))
    work = _Redirecting(call, kind)
    await setting.create(work.create)
    told = setting.answer(None)
    return {name: told[name] for name in ("accountId", "created", "notCreated")}


class _Redirecting:
    """What is done with one account's emails, one after the other."""

    def __init__(self, call: Call, kind: Kind) -> None:
        self._call = call
        self._kind = kind
        self._submitting = Submitting(call, kind)

    async def create(self, given: Object) -> Object:
        """Sends an email on."""
        wrong = [name for name in given if name not in _GIVEN]
        if wrong:
            raise invalid(wrong, "there is no such property")
        post = post_of(self._call)
        about = await self._submitting.about(given)
        await self._check_is_no_draft(about)
        people = _recipients(given.get("to"))
        addresses = read_recipients([Endpoint(one.email) for one in people], post.offer.limits.recipients)
        sender = self._submitting.sender(about.identity)
        named = [Mailbox(address, one.name or "") for one, address in zip(people, addresses, strict=True)]
        raw = self._block(about, sender, named) + about.raw
        envelope = Envelope(
            Endpoint(str(sender), _holding(given.get("holdFor"))),
            [Endpoint(str(address)) for address in addresses],
        )
        terms = (sender, envelope.mail_from.parameters, envelope.rcpt_to)
        letter = await apart(len(raw), prepare, self._call, post, raw, terms)
        await check_authors(self._call, about.email_id, Header.parse(about.raw), sender)
        letter = msgspec.structs.replace(letter, again=True)
        return await self._submitting.hand_in(about, letter, envelope, given)

    async def _check_is_no_draft(self, about: About) -> None:
        reader = Reader(self._kind.account_id, self._kind.account_id)
        copies = await emails.copies(self._call.reading, reader, [about.email_id])
        if "$draft" in keywords_of(copies.get(about.email_id, ())):
            raise invalid("emailId", "a draft is not sent on: send it")

    def _block(self, about: About, sender: Address, to: list[Mailbox]) -> bytes:
        call = self._call
        message_id = f"<{call.service.unique()}@{sender.domain}>"
        again = Resending(
            Mailbox(sender, about.identity.identity.name),
            to,
            call.service.now() // 1_000_000,
            message_id,
        )
        try:
            return resent_block(again)
        except FieldRefused as error:
            raise invalid("to" if error.field == "Resent-To" else "identityId", str(error)) from error


def _recipients(given: Any) -> list[Recipient]:
    try:
        return msgspec.convert(given, list[Recipient], strict=True)
    except msgspec.ValidationError as error:
        raise invalid("to", str(error)) from error


def _holding(given: Any) -> dict[str, str | None] | None:
    if given is None or given == 0:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise invalid("holdFor", "a number of seconds")
    return {"HOLDFOR": str(given)}


METHODS: Final[Methods] = {"Email/redirect": Method(WEBMAIL, EmailRedirect, redirect)}
