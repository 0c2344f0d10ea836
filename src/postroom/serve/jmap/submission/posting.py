"""The way from JMAP to the door of submission: an email and an envelope in, what SMTP submission would have made of them out.

RFC 8621 §7 and §7.5, RFC 6409. The same door, guard, limits and parameters as on port 587; what they refuse becomes a SetError. Not here: what is recorded of a
submission (`serve.jmap.submission.submission_set`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.deliver.letter import Receipt
from postroom.intake.client import Account, Client, Incoming
from postroom.intake.door import Door, Parcel
from postroom.intake.guard.visit import Visit
from postroom.message.address import Address
from postroom.message.envelope import BodyKind, Envelope, Recipient
from postroom.message.errors import (
    BadContent,
    MailError,
    NotPermitted,
    RoutingLoop,
    TooFast,
    TryLater,
)
from postroom.message.headers.header import Header
from postroom.message.headers.trace import close_header
from postroom.message.journey.events import Authenticated, Hop, HopKind
from postroom.net.session import Peer
from postroom.proto.jmap.envelopes import Endpoint, Parameters, parameter_text, read_recipients
from postroom.proto.jmap.errors import Refused, invalid
from postroom.proto.smtp.extensions import Offer
from postroom.proto.smtp.parameters import RcptOptions
from postroom.proto.smtp.syntax import BadCommand
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.methods.post import Post
from postroom.wire.dots import only_crlf

LONGEST_LINE: Final = 998  # octets, RFC 5321 §4.5.3.1.6: a message with longer ones is binary


class Stamped(msgspec.Struct, frozen=True):
    """A message with its envelope, read and found to be well formed; `again`: it is another's that is sent once more."""

    raw: bytes
    envelope: Envelope
    recipients: list[Recipient]
    again: bool = False


def prepare(
    call: Call,
    post: Post,
    raw: bytes,
    addresses: tuple[Address | None, Parameters | None, Sequence[Endpoint]],
) -> Stamped:
    """Reads the envelope; raises `Refused`. Line ends that are none are made CRLF, as a mail program would."""
    sender, parameters, given = addresses
    offer = post.offer
    limits = offer.limits
    if len(raw) > limits.message:
        words = f"the message has {len(raw)} octets, at most {limits.message} are taken"
        raise Refused("tooLarge", words, maxSize=limits.message)
    content = only_crlf(close_header(raw))
    header = Header.parse(content)
    if header.get("Message-ID") is None:
        domain = call.visitor.address.rpartition("@")[2]
        content = b"Message-ID: <%b@%b>\r\n%b" % (call.service.unique().encode(), domain.encode(), content)
    envelope = Envelope(sender)
    recipients = [
        _recipient(offer, address, one)
        for address, one in zip(read_recipients(given, limits.recipients), given, strict=True)
    ]
    try:
        offer.read_mail_parameters(envelope, parameter_text(parameters))
    except (BadCommand, ValueError) as error:
        raise invalid("envelope", f"mailFrom: {error}") from error
    envelope.size = len(content)
    envelope.body = _kind(content)
    everybody = [*(one.address for one in recipients), *([sender] if sender is not None else [])]
    head = content[: header.end]
    envelope.smtputf8 = envelope.smtputf8 or not head.isascii() or not all(one.is_ascii for one in everybody)
    return Stamped(content, envelope, _each_once(recipients))


def _recipient(offer: Offer, address: Address, given: Endpoint) -> Recipient:
    options = RcptOptions()
    try:
        offer.read_rcpt_parameters(options, parameter_text(given.parameters))
    except (BadCommand, ValueError) as error:
        raise invalid("envelope", f"rcptTo {address}: {error}") from error
    return Recipient(address, options.notify, options.orcpt)


def _each_once(recipients: Sequence[Recipient]) -> list[Recipient]:
    return list({one.address.key: one for one in reversed(recipients)}.values())[::-1]


def _kind(content: bytes) -> BodyKind:
    """What a transport must be able to carry (RFC 6152 §2, RFC 3030 §3)."""
    if b"\0" in content or any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        return BodyKind.BINARY
    return BodyKind.SEVEN_BIT if content.isascii() else BodyKind.EIGHT_BIT


async def send(call: Call, post: Post, letter: Stamped, *, hold_for_undo: bool = True) -> int:
    """Hands a message in at the door; gives the id of its acceptance. Raises `Refused`, and then nothing is sent.

    What fails behind it, fails after something was done (RFC 8620 §3.6.2, serverPartialFail).
    """
    now = call.service.now()
    client = _client(call)
    envelope = letter.envelope
    if hold_for_undo and post.undo_seconds and envelope.hold_until is None:
        envelope.hold_until = -(-now // 1_000_000) + post.undo_seconds
    hop = Hop(HopKind.RECEIVED, now)
    hop.record(Authenticated(0, call.visitor.address, "jmap"))
    incoming = Incoming(envelope, hop, again=letter.again)
    visit = Visit(post.guard, post.door, client) if post.guard is not None else None
    door: Door = visit if visit is not None else post.door
    try:
        try:
            await door.mail(client, incoming)
        except MailError as error:
            raise _refused(error, "forbiddenMailFrom") from error
        await _name_recipients(door, client, incoming, letter.recipients)
        parcel = Parcel(call.service.ids.next(), letter.raw, [])
        receipt = await _take(door, client, incoming, parcel)
    finally:
        if visit is not None:
            visit.close()
    call.changed = True
    return receipt.accept_id


async def _name_recipients(
    door: Door, client: Client, incoming: Incoming, recipients: Sequence[Recipient]
) -> None:
    wrong: list[str] = []
    words = ""
    for recipient in recipients:
        try:
            await door.rcpt(client, incoming, recipient)
        except (TryLater, NotPermitted) as error:
            raise _refused(error, "forbiddenToSend") from error
        except MailError as error:
            wrong.append(str(recipient.address))
            words = words or error.public
        else:
            incoming.envelope.recipients.append(recipient)
    if wrong:
        raise Refused("invalidRecipients", words, invalidRecipients=wrong)


async def _take(door: Door, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
    try:
        return await door.message(client, incoming, parcel)
    except (BadContent, RoutingLoop) as error:
        raise Refused("invalidEmail", error.public) from error
    except MailError as error:
        raise _refused(error, "forbiddenFrom") from error


def _refused(error: MailError, not_permitted: str) -> Refused:
    """What the door says no with; `not_permitted`: the kind for what this user may not do."""
    if isinstance(error, TooFast):
        return Refused("rateLimit", error.public)
    return Refused(not_permitted if isinstance(error, NotPermitted) else "forbiddenToSend", error.public)


def _client(call: Call) -> Client:
    visitor = call.visitor
    ip = visitor.ip
    client = Client(
        Peer(ip), Peer(""), login=Account(visitor.account_id, visitor.address, "jmap"), other_protocol="jmap"
    )
    if ip:
        client.helo = f"[IPv6:{ip}]" if ":" in ip else f"[{ip}]"  # RFC 5321 §4.1.3, for want of a name
    return client


def post_of(call: Call) -> Post:
    """The server's; raises `Refused` where it sends nothing."""
    if call.service.post is None:
        raise Refused("forbiddenToSend", "this server takes no mail to be sent")
    return call.service.post
