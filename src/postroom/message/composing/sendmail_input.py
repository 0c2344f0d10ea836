"""What sendmail(1) is given on standard input, made into a message and its recipients.

RFC 5322 §2.3 (lines end with CRLF), §3.6.3 and §3.6.6 (To, Cc, Bcc; the Resent- ones in their place when there are any). A custom of
programs that write to sendmail: a lone dot may end the input, and a `From ` line of an mbox may stand in front. Not here: options,
the envelope sender, and how the message gets to the server.
"""

from __future__ import annotations

import re

import msgspec

from postroom.message.address import Address, parse_mailbox
from postroom.message.composing.modifications import strip_fields
from postroom.message.headers.address_list import AddressSpec, mailboxes, parse_address_list
from postroom.message.headers.header import Header
from postroom.message.headers.trace import close_header

MAX_RECIPIENTS = 10_000  # of one message

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LONE_DOT = re.compile(rb"(?:\A|(?<=\n))\.\r?(?:\n|\Z)")
_MBOX_LINE = re.compile(rb">?From [^\n]*\n")


class HeaderRecipients(msgspec.Struct, frozen=True):
    """What `-t` found: the message without its Bcc, the recipients (unqualified ones with an empty domain), and what is no address."""

    raw: bytes
    recipients: list[Address]
    unusable: list[str]


def read_message(data: bytes, *, dot_ends: bool) -> bytes:
    """The message: CRLF line ends, the mbox line dropped, its header closed by an empty line.

    With `dot_ends` (neither `-i` nor `-oi` was given) a line that is a single dot ends it. Other dots are as they are: there is no stuffing.
    """
    if dot_ends and (dot := _LONE_DOT.search(data)):
        data = data[: dot.start()]
    mbox = _MBOX_LINE.match(data)
    if mbox:
        data = data[mbox.end() :]
    raw = _LINE_END.sub(b"\r\n", data) if b"\r" in data else data.replace(b"\n", b"\r\n")
    if raw and not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    return close_header(raw)


def header_recipients(raw: bytes) -> HeaderRecipients:
    """The recipients of a closed message for `-t`: To, Cc and Bcc, or, when it was resent, their Resent- forms alone.

    Each address comes once; Bcc and Resent-Bcc are taken out. Raises ValueError for more than `MAX_RECIPIENTS`, and
    for a header that is too long to be read whole.
    """
    header = Header.parse(raw)
    if header.truncated:
        raise ValueError("the header is too long to find all recipients; name them on the command line")
    values = [value for name in ("resent-to", "resent-cc", "resent-bcc") for value in header.all(name)]
    if not values:
        values = [value for name in ("to", "cc", "bcc") for value in header.all(name)]
    found: dict[str, Address] = {}
    unusable: list[str] = []
    for value in values:
        for spec in mailboxes(parse_address_list(value, MAX_RECIPIENTS + 1)):
            address = _address(spec)
            if address is None:
                unusable.append(spec.email)
            else:
                found.setdefault(address.key, address)
        if len(found) + len(unusable) > MAX_RECIPIENTS:
            raise ValueError(f"more than {MAX_RECIPIENTS} recipients in the header; send to fewer at a time")
    return HeaderRecipients(strip_fields(raw, ("bcc", "resent-bcc")), list(found.values()), unusable)


def _address(spec: AddressSpec) -> Address | None:
    """The address that mail can be sent to; a bare word is a user of this machine."""
    return parse_mailbox(spec.local, unqualified=True) if spec.defect else parse_mailbox(spec.email)
