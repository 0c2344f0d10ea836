"""A message whose header goes beyond ASCII, for a client that did not say UTF8: the same message with its header in ASCII.

RFC 6856 §2.1 demands a surrogate or a refusal, RFC 6855 §7 weighs them. Texts become encoded-words (RFC 2047 §5), MIME parameters the form of
RFC 2231 §4; an address outside ASCII is shown in words and replaced by one that nobody can send to; any other field outside ASCII is left
out. Bodies are not touched: octets above 127 in them are declared by their transfer encoding, and older clients have always got
them. The stored message stays as it is, with its signatures. Not here: when a surrogate is wanted.
"""

from __future__ import annotations

from collections.abc import Callable

from postroom.message.address import Address
from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import header_text
from postroom.message.headers.address_list import AddressSpec, Group, parse_address_list
from postroom.message.headers.fields import FieldRefused, Mailbox, address_field, text_field
from postroom.message.headers.header import Field, Header
from postroom.message.headers.parameters import decode_parameters, format_parameter, parse_parameters
from postroom.message.mime import structure as mime

NOBODY = Address("invalid", "internationalized-address.invalid")  # .invalid: RFC 2606 §2
MOST_PARTS = 200


def surrogate(message: bytes, *, whole: bool = True) -> bytes:
    """The message itself when all headers in it are ASCII. Linear; at most `MOST_PARTS` parts are looked into.

    Not `whole`: it is the beginning of one, and a header that reaches to its end stays as it is, since it goes on in what follows.
    """
    if message.isascii():
        return message
    parts = mime.scan(message, mime.Limits(parts=MOST_PARTS)).parts
    headers = sorted({(part.header_start, part.body_start) for part in parts})
    pieces: list[bytes] = []
    done = 0
    for start, end in headers:
        if start >= done and (whole or end < len(message)) and not message[start:end].isascii():
            pieces += (message[done:start], _in_ascii(message, start, end))
            done = end
    return b"".join((*pieces, message[done:])) if pieces else message


def _in_ascii(message: bytes, start: int, end: int) -> bytes:
    header = Header.parse(message, start, stop=end)
    fields = [field.raw if field.raw.isascii() else _rewritten(field) for field in header]
    rest = header.separator
    return b"".join(fields) + (rest if rest.isascii() else b"\r\n")


def _rewritten(field: Field) -> bytes:
    writer = _WRITERS.get(field.name.lower())
    if writer is None:
        return b""
    try:
        return writer(field.name.decode("ascii"), header_text(field.value))
    except FieldRefused:  # a control character, or far too long: nothing that a person would miss
        return b""


def _text(name: str, value: str) -> bytes:
    return text_field(name, encoded_words.decode(value))


def _addresses(name: str, value: str) -> bytes:
    mailboxes: list[Mailbox] = []
    for entry in parse_address_list(value):
        members = entry.members if isinstance(entry, Group) else [entry]
        mailboxes += [_mailbox(member) for member in members]
    return address_field(name, mailboxes) if mailboxes else b""


def _mailbox(spec: AddressSpec) -> Mailbox:
    address = spec.address
    if address is not None and address.is_ascii:
        return Mailbox(address, spec.name)
    return Mailbox(NOBODY, f"{spec.name} <{spec.email}>" if spec.name else spec.email)


def _parameters(name: str, value: str) -> bytes:
    parsed = parse_parameters(value)
    if not parsed.value.isascii():
        return b""
    lines = [f"{name}: {parsed.value}"]
    for key, decoded in decode_parameters(parsed.parameters).items():
        if key.isascii():
            lines += format_parameter(key, decoded)
    return ";\r\n ".join(lines).encode("ascii", "replace") + b"\r\n"


_ADDRESSES = "From Sender Reply-To To Cc Bcc Resent-From Resent-Sender Resent-To Resent-Cc Resent-Bcc Disposition-Notification-To"
_TEXTS = "Subject Comments Keywords Content-Description User-Agent X-Mailer Organization Thread-Topic"

_WRITERS: dict[bytes, Callable[[str, str], bytes]] = {
    **{name.lower().encode(): _addresses for name in _ADDRESSES.split()},
    **{name.lower().encode(): _text for name in _TEXTS.split()},
    b"content-type": _parameters,
    b"content-disposition": _parameters,
}
