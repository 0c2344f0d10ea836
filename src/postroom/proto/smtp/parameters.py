"""The parameters of MAIL and RCPT, one function each.

RFC 1870 §6 (SIZE), RFC 6152 §2 and RFC 3030 §3 (BODY), RFC 6531 §3.4 (SMTPUTF8), RFC 3461 §4 (RET, ENVID, NOTIFY, ORCPT), RFC 4954 §5
(AUTH), RFC 2852 §4 (BY), RFC 4865 §3 (HOLDFOR, HOLDUNTIL), RFC 6710 §3 (MT-PRIORITY). Each function reads a value into the envelope or raises
`BadCommand`. Not here: which of them a service offers (`extensions`), and how a client writes them (`client_parameters`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.encodings.xtext import MAX_ENVID, decode_envid, decode_orcpt, decode_xtext
from postroom.message.envelope import BodyKind, ByMode, DeliverBy, Envelope, Notify, Ret
from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.syntax import BadCommand, bad
from postroom.wire.numbers import decimal

_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_VALUE = re.compile(r"[^\x00-\x20=\x7f]+")  # not up to \U0010FFFF: such a class takes milliseconds to compile
_BY = re.compile(r"([+-]?)([0-9]{1,9});([NRnr])([Tt]?)")
_PRIORITY = re.compile(r"-?[1-9]|0")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ONCE = {"SUCCESS": Notify.SUCCESS, "FAILURE": Notify.FAILURE, "DELAY": Notify.DELAY}


class Terms(msgspec.Struct, frozen=True):
    """What a parameter is measured by: the service's limits and the time in unix seconds."""

    limits: Limits
    now: int


class RcptOptions(msgspec.Struct):
    """RCPT's parameters, before they become a recipient."""

    notify: Notify | None = None
    orcpt: str | None = None


MailParameter = Callable[[Envelope, str | None, Terms], None]
RcptParameter = Callable[[RcptOptions, str | None], None]


def split_parameters(text: str) -> list[tuple[str, str | None]]:
    """`SIZE=10 BODY=7BIT` as pairs, keywords in upper case; raises `BadCommand` for bad syntax and for one that comes twice."""
    pairs: dict[str, str | None] = {}
    for word in text.split():
        keyword, equals, value = word.partition("=")
        name = keyword.upper()
        if not _KEYWORD.fullmatch(keyword) or (equals and not _VALUE.fullmatch(value)):
            raise bad(501, "5.5.4", "Syntax error in parameters: KEYWORD or KEYWORD=value is expected")
        if name in pairs:
            raise bad(501, "5.5.4", f"The parameter {name} is given twice")
        pairs[name] = value if equals else None
    return list(pairs.items())


def _wrong(keyword: str, wanted: str) -> BadCommand:
    return bad(501, "5.5.4", f"Syntax error in {keyword}: {wanted}")


def _size(envelope: Envelope, value: str | None, terms: Terms) -> None:
    size = decimal(value.encode(), 20) if value is not None else None
    if size is None:
        raise _wrong("SIZE", "SIZE=octets, in decimal digits")
    if size > terms.limits.message:
        raise bad(552, "5.3.4", f"The message is too big, at most {terms.limits.message} octets are taken")
    envelope.size = size


def _body(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001 - the shape of the table's functions
    kind = (value or "").upper()
    if kind not in {"7BIT", "8BITMIME", "BINARYMIME"}:
        raise _wrong("BODY", "BODY=7BIT, BODY=8BITMIME or BODY=BINARYMIME")
    envelope.body = BodyKind(kind)


def _smtputf8(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001
    if value is not None:
        raise _wrong("SMTPUTF8", "it has no value")
    envelope.smtputf8 = True


def _ret(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001
    kind = (value or "").upper()
    if kind not in {"FULL", "HDRS"}:
        raise _wrong("RET", "RET=FULL or RET=HDRS")
    envelope.ret = Ret(kind)


def _envid(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001
    envid = decode_envid(value or "")
    if not envid:
        raise _wrong("ENVID", f"xtext of at most {MAX_ENVID} characters that stands for printable ones")
    envelope.envid = envid


def _auth(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001
    identity = decode_xtext(value) if value else None
    if identity is None or (identity != "<>" and parse_mailbox(identity, unqualified=True) is None):
        raise _wrong("AUTH", "an address as xtext, or <>")
    envelope.auth = identity


def _by(envelope: Envelope, value: str | None, terms: Terms) -> None:
    matched = _BY.fullmatch(value or "")
    if not matched:
        raise _wrong("BY", "BY=seconds;R or BY=seconds;N, with T for a trace")
    sign, digits, letter, trace = matched.groups()
    seconds = -int(digits) if sign == "-" else int(digits)
    mode = ByMode(letter.upper())
    if mode is ByMode.RETURN:
        if seconds <= 0:  # RFC 2852 §4: not allowed with R
            raise _wrong("BY", "a time of zero or less cannot be met, only BY=...;N takes it")
        if seconds < terms.limits.deliver_by:
            raise bad(
                553,
                "5.4.7",
                f"Delivery within less than {terms.limits.deliver_by} seconds cannot be promised",
            )
    envelope.deliver_by = DeliverBy(terms.now + seconds, mode, bool(trace))
    _must_leave_in_time(envelope)


def _hold_for(envelope: Envelope, value: str | None, terms: Terms) -> None:
    seconds = decimal(value.encode(), 9) if value else None
    if not seconds:
        raise _wrong("HOLDFOR", "seconds, from 1 on")
    _hold(envelope, terms.now + seconds, terms)


def _hold_until(envelope: Envelope, value: str | None, terms: Terms) -> None:
    if value is None or not _DATE_TIME.fullmatch(value):
        raise _wrong("HOLDUNTIL", "a time like 2030-01-31T12:00:00Z")
    try:
        until = datetime.fromisoformat(value.upper())
    except ValueError:
        raise _wrong("HOLDUNTIL", "there is no such date or time") from None
    _hold(envelope, int(until.timestamp()), terms)


def _hold(envelope: Envelope, until: int, terms: Terms) -> None:
    if envelope.hold_until is not None:
        raise bad(501, "5.5.4", "HOLDFOR and HOLDUNTIL exclude each other")
    if until > terms.now + terms.limits.hold:
        raise bad(501, "5.5.4", f"The message may be held for at most {terms.limits.hold} seconds")
    envelope.hold_until = until
    _must_leave_in_time(envelope)


def _must_leave_in_time(envelope: Envelope) -> None:
    """What may not leave before it is to be returned would certainly come back (RFC 2852 §4)."""
    by = envelope.deliver_by
    if by and by.mode is ByMode.RETURN and envelope.hold_until and by.deadline <= envelope.hold_until:
        words = "The message would be held until its time for delivery is over: write a later BY, or hold it for less"
        raise bad(553, "5.4.7", words)


def _priority(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001
    if not _PRIORITY.fullmatch(value or ""):
        raise bad(501, "5.5.2", "Syntax error in MT-PRIORITY: a number from -9 to 9")
    envelope.priority = int(value or "")


def _require_tls(envelope: Envelope, value: str | None, terms: Terms) -> None:  # noqa: ARG001
    if value is not None:
        raise _wrong("REQUIRETLS", "it has no value")
    envelope.require_tls = True


def _notify(options: RcptOptions, value: str | None) -> None:
    words = (value or "").upper().split(",")
    if words == ["NEVER"]:
        options.notify = Notify.NEVER
        return
    if len(set(words)) < len(words) or not all(word in _ONCE for word in words):
        raise _wrong("NOTIFY", "NEVER, or a list of SUCCESS, FAILURE and DELAY")
    options.notify = Notify.NEVER
    for word in words:
        options.notify |= _ONCE[word]


def _orcpt(options: RcptOptions, value: str | None) -> None:
    original = decode_orcpt(value or "")
    if original is None or not all(original) or not original[1].isprintable():
        raise _wrong("ORCPT", "type;address, the address as xtext")
    kind, address = original
    if kind == "utf-8":  # RFC 6533 §3: kept as it came, its own escapes are ASCII and safe
        address = (value or "").partition(";")[2]
    options.orcpt = f"{kind};{address}"


MAIL_PARAMETERS: Mapping[str, MailParameter] = MappingProxyType(
    {
        "SIZE": _size,
        "BODY": _body,
        "SMTPUTF8": _smtputf8,
        "RET": _ret,
        "ENVID": _envid,
        "AUTH": _auth,
        "BY": _by,
        "HOLDFOR": _hold_for,
        "HOLDUNTIL": _hold_until,
        "MT-PRIORITY": _priority,
        "REQUIRETLS": _require_tls,
    }
)
RCPT_PARAMETERS: Mapping[str, RcptParameter] = MappingProxyType({"NOTIFY": _notify, "ORCPT": _orcpt})
