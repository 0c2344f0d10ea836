"""Header fields out of properties of an Email: from `subject` as from `header:Subject:asText`, in the form that mail has.

RFC 8621 §4.1.2 and §4.1.3, RFC 5322 §2.2 (folding). A draft may be half finished, so addresses need not be such that mail could be sent there; but nothing
that is written becomes a field of its own. Not here: bodies (`writing`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from postroom.message.headers.address_list import parse_address_list
from postroom.message.headers.dates import format_date
from postroom.message.headers.fields import FieldRefused, check, check_name, fold, phrase, text_field
from postroom.proto.jmap.errors import invalid
from postroom.proto.jmap.header_forms import HeaderProperty, read_property
from postroom.proto.jmap.types import parse_date

MAX_FIELDS: Final = 500  # of one part
MAX_RAW: Final = 100_000  # characters of one raw field

CONVENIENT: Final[Mapping[str, tuple[str, HeaderProperty]]] = {
    "messageId": ("Message-ID", HeaderProperty("message-id", "MessageIds")),
    "inReplyTo": ("In-Reply-To", HeaderProperty("in-reply-to", "MessageIds")),
    "references": ("References", HeaderProperty("references", "MessageIds")),
    "sender": ("Sender", HeaderProperty("sender", "Addresses")),
    "from": ("From", HeaderProperty("from", "Addresses")),
    "to": ("To", HeaderProperty("to", "Addresses")),
    "cc": ("Cc", HeaderProperty("cc", "Addresses")),
    "bcc": ("Bcc", HeaderProperty("bcc", "Addresses")),
    "replyTo": ("Reply-To", HeaderProperty("reply-to", "Addresses")),
    "subject": ("Subject", HeaderProperty("subject", "Text")),
    "sentAt": ("Date", HeaderProperty("date", "Date")),
}
_RAW: Final = re.compile(r"(?:[^\r\n\0]|\r?\n(?=[ \t]))*")
_LINE_END: Final = re.compile(r"\r?\n")
_ID: Final = re.compile(r"[^<>()\s\x00-\x1f\x7f]{1,250}")
_SPEC: Final = re.compile(
    r'[^<>\s\x00-\x1f\x7f,;:]*|"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"@[^<>\s\x00-\x1f\x7f,;:]+'
)
_URL: Final = re.compile(r"[^<>\s\x00-\x1f\x7f]+")


class Fields:
    """The fields of one part, in the order in which they were given, no two of one name."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.written: set[str] = set()  # names in lower case of fields that have a line
        self.names: dict[str, str] = {}  # the property that gave a field, by the field's name in lower case

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.names

    def put(self, name: str, given: Any) -> bool:
        """A field by its property; False when the property is none of a header. Raises `Refused`."""
        if name in CONVENIENT:
            label, wanted = CONVENIENT[name]
        else:
            found = read_property(name)
            if found is None:
                if name.startswith("header:"):
                    raise invalid(name, "there is no such property, or the field has no such form")
                return False
            wanted, label = found, name.split(":")[1]
        if wanted.field in self.names:
            raise invalid([self.names[wanted.field], name], "both are the same header field")
        self.names[wanted.field] = name
        if given is None:
            return True
        values = given if wanted.every else [given]
        if isinstance(values, list):
            values = [value for value in values if value != []]  # no addresses, no ids: no field
        if not isinstance(values, list) or len(self.lines) + len(values) > MAX_FIELDS:
            raise invalid(name, f"a list of values, and at most {MAX_FIELDS} fields in all")
        for value in values:
            self.lines.append(_line(name, label, wanted.form, value))
            self.written.add(wanted.field)
        return True


def _line(name: str, label: str, form: str, value: Any) -> bytes:
    try:
        check_name(label)
        line = _FORMS[form](label, value)
    except (FieldRefused, TypeError, KeyError, ValueError, AttributeError) as error:
        raise invalid(
            name,
            str(error) if isinstance(error, FieldRefused) else "the value is not of this property's type",
        ) from error
    return line


def _raw(label: str, value: Any) -> bytes:
    if not isinstance(value, str) or len(value) > MAX_RAW or not _RAW.fullmatch(value):
        raise ValueError
    return f"{label}:{_LINE_END.sub(chr(13) + chr(10), value)}\r\n".encode()


def _text(label: str, value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return text_field(label, value)


def mailbox(label: str, given: Any) -> str:
    """An EmailAddress as it is written; raises FieldRefused, TypeError."""
    if (
        not isinstance(given, dict)
        or not set(given) <= {"name", "email"}
        or not isinstance(given["email"], str)
    ):
        raise TypeError
    name, spec = given.get("name"), check(label, given["email"]).strip()
    if not _SPEC.fullmatch(spec):
        raise FieldRefused(label, f"{spec[:80]!r} is no address")
    if name is None or not name.strip():
        written = spec if "@" in spec else f"<{spec}>"
    else:
        written = f"{phrase(check(label, name).strip())} <{spec}>"
    if len(parse_address_list(f"{written}, a@b".encode())) != 2:  # else it takes those behind it with it
        raise FieldRefused(label, f"{spec[:80]!r} has a quote or a bracket without its end")
    return written


def _addresses(label: str, value: Any) -> bytes:
    if not isinstance(value, list):
        raise TypeError
    return fold(label, ", ".join(mailbox(label, one) for one in value))


def _grouped(label: str, value: Any) -> bytes:
    parts = []
    for group in value:
        members = ", ".join(mailbox(label, one) for one in group["addresses"])
        name = group.get("name")
        if name is None:
            parts += [members] if members else []
        else:
            parts.append(f"{phrase(check(label, name).strip())}: {members};")
    return fold(label, ", ".join(parts))


def _message_ids(label: str, value: Any) -> bytes:
    if not isinstance(value, list) or not all(isinstance(one, str) and _ID.fullmatch(one) for one in value):
        raise TypeError
    return fold(label, " ".join(f"<{one}>" for one in value))


def _date(label: str, value: Any) -> bytes:
    if parse_date(value) is None:
        raise ValueError
    moment = dt.datetime.fromisoformat(value)
    offset = moment.utcoffset() or dt.timedelta()
    return f"{label}: {format_date(int(moment.timestamp()), int(offset.total_seconds()) // 60)}\r\n".encode()


def _urls(label: str, value: Any) -> bytes:
    if not isinstance(value, list) or not all(isinstance(one, str) and _URL.fullmatch(one) for one in value):
        raise TypeError
    return fold(label, ", ".join(f"<{one}>" for one in value))


_FORMS: Final[Mapping[str, Callable[[str, Any], bytes]]] = {
    "": _raw,
    "Text": _text,
    "Addresses": _addresses,
    "GroupedAddresses": _grouped,
    "MessageIds": _message_ids,
    "Date": _date,
    "URLs": _urls,
}
