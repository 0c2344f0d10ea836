"""Trace fields and the first hop's care for the header: what a server puts in front of a message, and where its header ends.

RFC 5321 §4.4 (Received, Return-Path), §6.3 (loops), RFC 6531 §4.3 (WITH protocol types), RFC 6409 §8 (repairs at submission),
RFC 6710 §7 (PRIORITY clause), RFC 5322 §2.2 (fields). Everything that a peer said is made harmless here, so that no value can forge a clause or a field.
Not here: parsing of fields that others wrote, and when a date is: it comes in ready-made.
"""

from __future__ import annotations

import re

import msgspec

from postroom.message.address import Address, fold

MAX_HOPS = 100  # RFC 5321 §6.3: a threshold of at least 100
MAX_HEADER = 1 << 20  # octets in which the end of the header is looked for
MAX_VALUE = 255  # characters of any one value from a peer
_WIDTH = 78  # RFC 5322 §2.1.1

_HOST = re.compile(rf"[A-Za-z0-9._:\-\[\]]{{1,{MAX_VALUE}}}").fullmatch
_NOT_HOST = re.compile(r"[^A-Za-z0-9._:\-\[\]]")
_COMMENT = re.compile(rf"[ !-'*-\[\]-~]{{0,{MAX_VALUE}}}").fullmatch
_NOT_COMMENT = re.compile(r"[^ !-'*-\[\]-~]")

# A line of the header that is neither a field nor the continuation of one. `Subject : x` is a field by RFC 5322 §4.5.
_FIELD = rb"[!-9;-~]++[ \t]*+:"
_STARTS_WITH_FIELD = re.compile(_FIELD).match
_STRAY_LINE = re.compile(rb"\r\n(?![ \t]|" + _FIELD + rb"|\Z)").search
_DELIVERED_TO = re.compile(rb"(?:\A|\r\n)delivered-to[ \t]*:[ \t]*([^\r\n]{1,998})")


class Origin(msgspec.Struct, frozen=True):
    """Whom a message came from, as one connection knows it. Made once per connection, again after EHLO, STARTTLS and AUTH.

    `user` is the login name of an authenticated client; with `local` it is the user of this machine who called sendmail.
    """

    helo: str = ""
    ip: str = ""
    reverse: str = ""
    tls_version: str = ""
    tls_cipher: str = ""
    tls_bits: int = 0
    user: str = ""
    local: bool = False


class Stamp(msgspec.Struct, frozen=True):
    """The receiving end's half of a Received field: own host name, protocol (see `with_protocol`), id, and the only recipient if there is one.

    A `priority` of 0 is every message's and not said (RFC 6710 §4.1). No protocol, no WITH clause: RFC 5321 §4.4 has it optional, and none is registered for what a program of this machine hands over.
    """

    by: str
    protocol: str
    id: str
    recipient: Address | None = None
    priority: int = 0


def with_protocol(
    *, esmtp: bool = True, tls: bool = False, auth: bool = False, utf8: bool = False, lmtp: bool = False
) -> str:
    """The registered name of the WITH clause: SMTP, ESMTPSA, LMTPS, UTF8SMTPA ... (RFC 3848, RFC 6531 §4.3)."""
    if not esmtp and not lmtp:
        return "SMTP"
    if utf8:
        name = "UTF8LMTP" if lmtp else "UTF8SMTP"
    else:
        name = "LMTP" if lmtp else "ESMTP"
    return name + ("S" if tls else "") + ("A" if auth else "")


def received_from(origin: Origin) -> str:
    """The first lines of a Received field, up to the BY clause: they are the same for all messages of a connection."""
    if origin.local:
        return f"Received: (from {_comment(origin.user)}@localhost)\r\n"
    helo = _host(origin.helo) or "unknown"
    literal = f"[IPv6:{_host(origin.ip)}]" if ":" in origin.ip else f"[{_host(origin.ip)}]"
    known = f"({_host(origin.reverse)} {literal})" if origin.reverse else f"({literal})"
    gap = " " if len(helo) + len(known) <= _WIDTH - 16 else "\r\n\t"
    text = f"Received: from {helo}{gap}{known}\r\n"
    if origin.tls_version:
        bits = f" ({origin.tls_bits} bits)" if origin.tls_bits else ""
        text += (
            f"\t(using {_comment(origin.tls_version)} with cipher {_comment(origin.tls_cipher)}{bits})\r\n"
        )
    if origin.user:
        text += f"\t(authenticated as {_comment(origin.user)})\r\n"
    return text


def received_field(start: str, stamp: Stamp, date: str) -> bytes:
    """The whole field with its last CRLF. `start` is from `received_from`, `date` a date-time of RFC 5322 §3.3.

    A recipient that is not ASCII is named only in a message under SMTPUTF8 (RFC 6531 §3.7.3).
    """
    protocol = f" with {stamp.protocol}" if stamp.protocol else ""
    text = f"{start}\tby {stamp.by}{protocol} id {stamp.id}"
    recipient = stamp.recipient
    gap = "\r\n\t"
    if recipient is not None and (recipient.is_ascii or stamp.protocol.startswith("UTF8")):
        path = path_text(recipient)
        text += f"\r\n\tfor <{path}>"
        if len(path) + len(date) <= _WIDTH - 9:
            gap = " "
    if stamp.priority:
        text += f"\r\n\tPRIORITY {stamp.priority}"
        gap = " "
    return f"{text};{gap}{date}\r\n".encode()


def return_path(sender: Address | None) -> bytes:
    """`Return-Path:` for final delivery (RFC 5321 §4.4); `<>` for None."""
    return b"Return-Path: <%b>\r\n" % (path_text(sender).encode() if sender else b"")


def delivered_to(recipient: Address) -> bytes:
    """`Delivered-To:` with the mailbox that this copy was put into; it stops a second pass through the same mailbox."""
    return b"Delivered-To: %b\r\n" % path_text(recipient).encode()


def close_header(raw: bytes) -> bytes:
    """The message with an empty line where its header ends, the same object when it has one (or is all header).

    A message without any field begins with the empty line; text that follows the fields without one gets it before its first line.
    """
    if not _STARTS_WITH_FIELD(raw):
        return raw if not raw or raw[:2] == b"\r\n" else b"\r\n" + raw
    end = raw.find(b"\r\n\r\n", 0, MAX_HEADER)
    stray = _STRAY_LINE(raw, 0, end if end >= 0 else min(len(raw), MAX_HEADER))
    if stray is None:
        return raw
    at = stray.end()
    return raw[:at] + b"\r\n" + raw[at:]


def header_end(raw: bytes) -> int:
    """Where the header ends: the offset of the empty line, or the length when there is none (within the first MiB)."""
    if raw[:2] == b"\r\n":
        return 0
    end = raw.find(b"\r\n\r\n", 0, MAX_HEADER)
    return end + 2 if end >= 0 else min(len(raw), MAX_HEADER)


def hops(raw: bytes) -> int:
    """How many Received fields the header has (RFC 5321 §6.3); more than `MAX_HOPS` is a loop."""
    header = b"\r\n" + raw[: header_end(raw)].lower()
    return header.count(b"\r\nreceived:") + header.count(b"\r\nreceived :")


def already_delivered(raw: bytes, mailbox: Address) -> bool:
    """Whether a Delivered-To field of the header names this mailbox: the message comes round for the second time."""
    header = raw[: header_end(raw)].lower()
    if b"delivered-to" not in header:
        return False
    wanted = fold(str(mailbox)).encode()
    return any(value.strip(b" \t<>") == wanted for value in _DELIVERED_TO.findall(header))


def _host(value: str) -> str:
    return value if _HOST(value) else _NOT_HOST.sub("?", value[:MAX_VALUE])


def _comment(value: str) -> str:
    return value if _COMMENT(value) else _NOT_COMMENT.sub("?", value[:MAX_VALUE])


def path_text(address: Address) -> str:
    """The address as a field may hold it: whatever is unprintable in one that no parser has seen becomes `?`."""
    text = str(address)
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
