"""Envelopes as JMAP writes them, and those that a message itself gives; replies of SMTP on one line.

RFC 8621 §7 (Envelope, Address, smtpReply). Pure. Not here: who may send what (`intake`), and what parameters mean (`proto.smtp.parameters`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.encodings.charset import header_text
from postroom.message.encodings.xtext import encode_envid, encode_orcpt, encode_xtext
from postroom.message.headers.address_list import AddressSpec, mailboxes, parse_address_list
from postroom.message.headers.dates import parse_date
from postroom.message.headers.header import Header
from postroom.message.headers.msgid import parse_message_ids
from postroom.proto.jmap.errors import Refused
from postroom.proto.jmap.header_forms import address as address_of

MOST_PARAMETERS: Final = 20  # of one address
MOST_READ: Final = 5_000  # addresses of one header field

Parameters = dict[str, str | None]


class Endpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An Address object."""

    email: str
    parameters: Parameters | None = None


class Envelope(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An Envelope object."""

    mail_from: Endpoint
    rcpt_to: list[Endpoint]


class Authors(msgspec.Struct, frozen=True):
    """Who a message says has written it: `sender` is whom its envelope comes from, None where the header names nobody, or too many; `wrong` then names the
    properties of the Email that say so."""

    sender: Address | None
    wrong: tuple[str, ...] = ()


def parameter_text(given: Parameters | None) -> str:
    """Parameters as a MAIL or RCPT command has them, values encoded again. Raises ValueError with words."""
    if len(given or ()) > MOST_PARAMETERS:
        raise ValueError(f"at most {MOST_PARAMETERS} parameters")
    words = []
    for name, value in (given or {}).items():
        words.append(name if value is None else f"{name}={_encoded(name.upper(), value)}")
    return " ".join(words)


def _encoded(name: str, value: str) -> str:
    if name == "ENVID":
        return encode_envid(value)
    if name == "ORCPT":
        return encode_orcpt(value if ";" in value else f"rfc822;{value}")
    return encode_xtext(value) if name == "AUTH" else value


def authors(header: Header) -> Authors:
    """The address of Sender, else of From; RFC 5322 §3.6.2: several authors need a sender."""
    found: dict[str, list[AddressSpec]] = {}
    wrong = []
    for name in ("From", "Sender"):
        values = header.all(name)
        found[name] = mailboxes(parse_address_list(values[0], MOST_READ)) if values else []
        if len(values) > 1 or any(one.address is None for one in found[name]):
            wrong.append(name.lower())
    if not found["From"] or (len(found["From"]) > 1 and not found["Sender"]):
        wrong.append("from")
    if len(found["Sender"]) > 1:
        wrong.append("sender")
    if wrong:
        return Authors(None, tuple(dict.fromkeys(wrong)))
    return Authors((found["Sender"] or found["From"])[0].address)


def _are_addresses(value: bytes) -> bool:
    return all(one.address is not None for one in mailboxes(parse_address_list(value, MOST_READ)))


def _is_date(value: bytes) -> bool:
    return parse_date(value) is not None


def _is_identifier(value: bytes) -> bool:
    return len(parse_message_ids(header_text(value))) == 1


# RFC 5322 §3.6: fields that are there once at most, besides those of the authors, by their properties; and what their values are.
_ONCE: Final[Mapping[str, tuple[str, Callable[[bytes], bool]]]] = {
    "replyTo": ("Reply-To", _are_addresses),
    "to": ("To", _are_addresses),
    "cc": ("Cc", _are_addresses),
    "bcc": ("Bcc", _are_addresses),
    "sentAt": ("Date", _is_date),
    "messageId": ("Message-ID", _is_identifier),
    "inReplyTo": ("In-Reply-To", lambda _: True),
    "references": ("References", lambda _: True),
    "subject": ("Subject", lambda _: True),
}


def misshapen(header: Header) -> tuple[str, ...]:
    """The properties of the Email whose fields are not as they must be when it is sent (RFC 8621 §4.6); the authors are apart."""
    return tuple(
        name
        for name, (label, is_well_formed) in _ONCE.items()
        if len(values := header.all(label)) > 1 or not all(map(is_well_formed, values))
    )


def recipients(header: Header) -> list[Endpoint]:
    """The addresses of To, Cc and Bcc, each once; one that is none stands as Email/get tells it."""
    found: dict[str, Endpoint] = {}
    for name in ("To", "Cc", "Bcc"):
        for value in header.all(name):
            for one in mailboxes(parse_address_list(value, MOST_READ)):
                address = one.address
                written = str(address) if address is not None else str(address_of(one)["email"])
                found.setdefault(address.key if address is not None else written, Endpoint(written))
    return list(found.values())


def read_recipients(given: Sequence[Endpoint], most: int) -> list[Address]:
    """The addresses of an envelope's rcptTo. Raises `Refused`: `noRecipients`, `tooManyRecipients`, `invalidRecipients`."""
    if not given:
        raise Refused("noRecipients", "nobody would get the message: name somebody in To, Cc or Bcc")
    if len(given) > most:
        raise Refused(
            "tooManyRecipients", f"{len(given)} recipients, at most {most} are taken", maxRecipients=most
        )
    found = [parse_mailbox(one.email) for one in given]
    wrong = [one.email for one, address in zip(given, found, strict=True) if address is None]
    if wrong:
        raise Refused("invalidRecipients", "not an address", invalidRecipients=wrong)
    return [address for address in found if address is not None]


def one_line(reply: Sequence[str]) -> str:
    """A reply of SMTP as one line: what its further lines have in common with the first is left out, and the hyphen is a space."""
    if not reply:
        return ""
    first = f"{reply[0][:3]} {reply[0][4:]}"
    words = [first]
    for line in reply[1:]:
        line = f"{line[:3]} {line[4:]}"
        shared = 0
        while shared < min(len(first), len(line)) and first[shared] == line[shared]:
            shared += 1
        words.append(line[line.rfind(" ", 0, shared) + 1 :])  # whole words
    return " ".join(words)
