"""MAIL and RCPT as a client says them to a server that offers this and that.

RFC 5321 §4.1.1.2 and §4.1.1.3, RFC 1870 §6, RFC 6152 §2, RFC 3030 §3, RFC 6531 §3.4, RFC 3461 §4, RFC 4954 §5, RFC 2852 §4, RFC 4865 §3,
RFC 6710 §4.2, RFC 8689 §4.2.1. A parameter whose extension is not offered is left out; what may not be left out is an obstacle. Not here: how a server reads
them (`parameters`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from postroom.message.address import Address
from postroom.message.encodings.xtext import encode_orcpt, encode_xtext
from postroom.message.envelope import BodyKind, ByMode, Envelope, Notify, Recipient
from postroom.message.errors import (
    BadAddress,
    ConversionRequired,
    Expired,
    MailError,
    MessageTooBig,
    NonAsciiAddress,
    RequireTlsUnsupported,
)
from postroom.proto.smtp.capabilities import Capabilities

BY_LONGEST = 999_999_999  # seconds, RFC 2852 §4
_CONTROL = re.compile("[\x00-\x1f\x7f]").search


class Letter(msgspec.Struct):
    """A message for one server. `content` is all of it, or its pieces (then `envelope.body` must say what it is, and `size` its octets)."""

    envelope: Envelope
    content: bytes | Iterable[bytes]
    size: int = 0

    @property
    def kind(self) -> BodyKind:
        """What the transport must be able to carry."""
        content, declared = self.content, self.envelope.body
        if declared is BodyKind.BINARY or not isinstance(content, bytes):
            return declared
        if b"\0" in content:
            return BodyKind.BINARY
        return BodyKind.SEVEN_BIT if content.isascii() else BodyKind.EIGHT_BIT

    @property
    def octets(self) -> int:
        """The size to declare."""
        return self.size or (len(self.content) if isinstance(self.content, bytes) else 0)


def obstacle(letter: Letter, capabilities: Capabilities, now: int) -> MailError | None:
    """Why the letter cannot be sent to such a server as it is; `now` in unix seconds. None when it can.

    `ConversionRequired` may be cured by another encoding; `NonAsciiAddress` by leaving out recipients, if only they need SMTPUTF8.
    """
    envelope = letter.envelope
    addresses = [recipient.address for recipient in envelope.recipients]
    if envelope.sender is not None:
        addresses.append(envelope.sender)
    if not all(_speakable(address) for address in addresses):
        return BadAddress()
    if not capabilities.has("SMTPUTF8") and (envelope.smtputf8 or not all(one.is_ascii for one in addresses)):
        return NonAsciiAddress()
    kind = letter.kind
    if kind is BodyKind.BINARY and not (capabilities.has("BINARYMIME") and capabilities.has("CHUNKING")):
        return ConversionRequired()
    if kind is BodyKind.EIGHT_BIT and not capabilities.has("8BITMIME"):
        return ConversionRequired()
    if capabilities.size and letter.octets > capabilities.size:
        return MessageTooBig(f"The next system takes at most {capabilities.size} octets")
    if envelope.require_tls and envelope.sender is not None and not capabilities.has("REQUIRETLS"):
        return RequireTlsUnsupported()  # a report goes on without it (RFC 8689 §5)
    by = envelope.deliver_by
    if by is not None and by.mode is ByMode.RETURN:
        if by.deadline <= now:
            return Expired()
        if not capabilities.has("DELIVERBY"):
            return Expired("The next system cannot promise delivery by a certain time")
    return None


def _speakable(address: Address) -> bool:
    return _CONTROL(str(address)) is None


def mail_command(letter: Letter, capabilities: Capabilities, now: int, kind: BodyKind) -> str:
    """MAIL with its CRLF; `now` in unix seconds, `kind` the letter's."""
    envelope = letter.envelope
    has = capabilities.keywords
    words = [f"MAIL FROM:<{envelope.sender or ''}>"]
    if "SIZE" in has and (octets := letter.octets):
        words.append(f"SIZE={octets}")
    if kind is not BodyKind.SEVEN_BIT:
        words.append(f"BODY={kind.value}")
    if "SMTPUTF8" in has and (envelope.smtputf8 or not _all_ascii(envelope)):
        words.append("SMTPUTF8")
    if "DSN" in has:
        if envelope.ret is not None:
            words.append(f"RET={envelope.ret.value}")
        if envelope.envid:
            words.append(f"ENVID={encode_xtext(envelope.envid)}")
    if envelope.auth and "AUTH" in has:
        words.append(f"AUTH={encode_xtext(envelope.auth)}")
    if envelope.priority and "MT-PRIORITY" in has:
        words.append(f"MT-PRIORITY={envelope.priority}")
    if envelope.require_tls and "REQUIRETLS" in has:
        words.append("REQUIRETLS")
    by = envelope.deliver_by
    if by is not None and "DELIVERBY" in has:
        seconds = max(-BY_LONGEST, min(BY_LONGEST, by.deadline - now))
        words.append(f"BY={seconds};{by.mode.value}{'T' if by.trace else ''}")
    if envelope.hold_until is not None and envelope.hold_until > now and "FUTURERELEASE" in has:
        words.append(f"HOLDFOR={min(BY_LONGEST, envelope.hold_until - now)}")
    return " ".join(words) + "\r\n"


def _all_ascii(envelope: Envelope) -> bool:
    sender = envelope.sender
    return (sender is None or sender.is_ascii) and all(one.address.is_ascii for one in envelope.recipients)


def rcpt_command(recipient: Recipient, capabilities: Capabilities) -> str:
    """RCPT with its CRLF."""
    command = f"RCPT TO:<{recipient.address}>"
    if (recipient.notify is not None or recipient.orcpt) and capabilities.has("DSN"):
        if recipient.notify is not None:
            command += f" NOTIFY={_notify(recipient.notify)}"
        if recipient.orcpt:
            command += f" ORCPT={encode_orcpt(recipient.orcpt, utf8=capabilities.has('SMTPUTF8'))}"
    return command + "\r\n"


def _notify(notify: Notify) -> str:
    return ",".join(kind.name or "" for kind in Notify if kind in notify and kind) or "NEVER"
