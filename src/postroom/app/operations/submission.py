"""The operation behind sendmail(1): a message from any user of this machine.

RFC 6409 §8 (what a submission server completes), RFC 3461 §4 (NOTIFY, RET, ENVID). The kernel says who calls; that name goes into the Received
field, whatever sender the message claims, as local mail has always had it. Not here: options, header recipients (`message.composing.sendmail_input`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from postroom.app.control import Caller, OperationError
from postroom.app.operations.aliases import only_domain
from postroom.app.operations.office import Office, Operation, Submission
from postroom.message.address import Address, parse_mailbox
from postroom.message.composing.modifications import with_domains
from postroom.message.encodings.xtext import decode_orcpt, encode_envid, encode_orcpt
from postroom.message.envelope import Notify, Recipient, Ret
from postroom.message.errors import BadAddress, BadContent, BadSenderAddress, MailboxDisabled, NoSuchUser
from postroom.message.headers.fields import FieldRefused, Mailbox, address_field
from postroom.message.headers.header import Header
from postroom.message.ids import IdKind, id_text
from postroom.store.blobs.spilled import Content, head_of, with_head
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Account

NULL_SENDER = "<>"


class Submit(msgspec.Struct, frozen=True):
    """A message with CRLF line ends and a closed header. `sender` "" is the caller, "<>" the null reverse-path.

    `notify` is the number of `message.envelope.Notify`, None when not said; `notifies` the same for each recipient, where they differ; `orcpts` their ORCPT
    as `type;address`, "" for none; `ret` FULL, HDRS or "". `name` is what people see of the
    sender where the message has no From.
    """

    recipients: list[str]
    content: Content = b""
    sender: str = ""
    notify: int | None = None
    ret: str = ""
    envid: str = ""
    name: str = ""
    notifies: list[int | None] = []
    orcpts: list[str] = []


class SubmitRecord(msgspec.Struct, frozen=True):
    """The journey id of the accepted message."""

    id: str


class Verify(msgspec.Struct, frozen=True):
    """A recipient that a message may be sent to."""

    recipient: str


class VerifyRecord(msgspec.Struct, frozen=True):
    """The address completed, and whether its domain is ours."""

    recipient: str
    local: bool


async def submit(office: Office, caller: Caller, wanted: Submit) -> AsyncIterator[SubmitRecord]:
    """Accepts a message."""
    accept_id = await office.submit(await submission(office, caller.name, wanted))
    yield SubmitRecord(id_text(IdKind.JOURNEY, accept_id))


async def verify(office: Office, _: Caller, wanted: Verify) -> AsyncIterator[VerifyRecord]:
    """Says what RCPT would say."""
    tx = office.engine.reading()
    who = parse_mailbox(wanted.recipient, unqualified=True)
    if who is None:
        raise BadAddress(f"{wanted.recipient!r} is not an address")
    if not who.domain:
        who = Address(who.local, await own_domain(office))
    local = await directory.domain(tx, who.domain) is not None
    found = await directory.resolve(tx, who) if local else None
    if local and found is None:
        raise NoSuchUser(f"No such user here: {who}")
    if isinstance(found, Account) and not found.enabled:
        raise MailboxDisabled
    yield VerifyRecord(str(who), local)


async def submission(office: Office, user: str, wanted: Submit) -> Submission:
    """The message with its addresses completed; raises `MailError`. `user` is the login name of who submits."""
    if not wanted.recipients:
        raise BadAddress("the message has no recipient")
    domain = await own_domain(office)
    notifies = [_notify(number) for number in wanted.notifies or [wanted.notify] * len(wanted.recipients)]
    if len(notifies) != len(wanted.recipients):
        raise OperationError(f"NOTIFY for {len(notifies)} of {len(wanted.recipients)} recipients")
    orcpts = [_orcpt(text) for text in wanted.orcpts or [""] * len(wanted.recipients)]
    if len(orcpts) != len(wanted.recipients):
        raise OperationError(f"ORCPT for {len(orcpts)} of {len(wanted.recipients)} recipients")
    recipients = [
        Recipient(_recipient(text, domain), notify, orcpt)
        for text, notify, orcpt in zip(wanted.recipients, notifies, orcpts, strict=True)
    ]
    sender = _sender(wanted.sender or user, domain)
    ascii_only = (sender is None or sender.is_ascii) and all(one.address.is_ascii for one in recipients)
    return Submission(
        user,
        sender,
        recipients,
        _completed(_with_author(wanted, sender), domain),
        _envid(wanted.envid),
        _ret(wanted.ret),
        smtputf8=not ascii_only,
    )


async def own_domain(office: Office) -> str:
    """What completes a bare local name: our domain where that is clear, else this host's name."""
    try:
        return await only_domain(office)
    except OperationError:
        return office.settings.server.hostname


def _with_author(wanted: Submit, sender: Address | None) -> Content:
    """The content, with a From that has the caller's name in it where there is none; without a name the door completes it."""
    head = head_of(wanted.content)
    if sender is None or not wanted.name or Header.parse(head).get("From") is not None:
        return wanted.content
    try:
        return with_head(wanted.content, address_field("From", [Mailbox(sender, wanted.name)]) + head)
    except FieldRefused as error:
        raise BadContent(f"the full name cannot be used: {error}") from None


def _completed(content: Content, domain: str) -> Content:
    """The content, whose header names nobody without a domain: elsewhere that is no address, or somebody else's."""
    head = head_of(content)
    return with_head(content, with_domains(head, domain))


def _recipient(text: str, domain: str) -> Address:
    found = parse_mailbox(text, unqualified=True)
    if found is None:
        raise BadAddress(f"{text!r} is not an address")
    return found if found.domain else Address(found.local, domain)


def _sender(text: str, domain: str) -> Address | None:
    if text == NULL_SENDER:
        return None
    found = parse_mailbox(text, unqualified=True)
    if found is None:
        raise BadSenderAddress(f"the sender {text!r} is not an address")
    return found if found.domain else Address(found.local, domain)


def _envid(text: str) -> str | None:
    if not text:
        return None
    try:
        encode_envid(text)
    except ValueError as error:
        raise OperationError(f"ENVID {text!r}: {error} (RFC 3461 §4.4)") from None
    return text


def _notify(number: int | None) -> Notify | None:
    if number is not None and not 0 <= number <= Notify.SUCCESS | Notify.FAILURE | Notify.DELAY:
        raise OperationError(f"NOTIFY {number}: it is the sum of 1 (success), 2 (failure) and 4 (delay)")
    return None if number is None else Notify(number)


def _orcpt(text: str) -> str | None:
    """Only what RCPT could have said: it goes into commands and reports."""
    if not text:
        return None
    try:
        good = decode_orcpt(encode_orcpt(text, utf8=True)) is not None
    except ValueError:
        good = False
    if not good:
        raise OperationError(f"ORCPT {text[:100]!r}: it is a type and an address (RFC 3461 §4.2)")
    return text


def _ret(text: str) -> Ret | None:
    if not text:
        return None
    try:
        return Ret(text.upper())
    except ValueError:
        raise OperationError(f"RET={text}: it is FULL or HDRS (RFC 3461 §4.3)") from None


SUBMIT = Operation("submit", Submit, SubmitRecord, submit, everybody=True)
VERIFY = Operation("verify", Verify, VerifyRecord, verify, everybody=True, reads=True)
