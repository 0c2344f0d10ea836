"""Header fields as properties: `header:Subject:asText:all`, and the forms in which a field may be had.

RFC 8621 §4.1.2 (the forms, and which fields they suit), §4.1.3 (the properties). Not here: making fields (`writing_headers`).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import header_text
from postroom.message.headers.address_list import AddressSpec, Group, mailboxes, parse_address_list
from postroom.message.headers.comments import ANGLED, without_comments
from postroom.message.headers.dates import Moment, parse_date
from postroom.message.headers.header import Field
from postroom.message.headers.msgid import parse_message_ids

_NAME: Final = re.compile(r"header:([!-9;-~]{1,200})((?::as[A-Za-z]+)?)((?::all)?)")
_URL: Final = re.compile(r"<([^<>]*)>")
_QUOTED: Final = re.compile(r'"((?>(?:[^"\\]|\\.)*))"')
_PAIR: Final = re.compile(r"\\(.)")
_BETWEEN_URLS: Final = re.compile(r"[\s,]*+")

# Fields that RFC 5322 §3.6 and RFC 2369 §3 define; all others may be had in every form.
_ADDRESSES: Final = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "resent-")
    for name in ("from", "sender", "reply-to", "to", "cc", "bcc")
)
_IDS: Final = frozenset(("message-id", "in-reply-to", "references", "resent-message-id"))
_DATES: Final = frozenset(("date", "resent-date"))
_TEXTS: Final = frozenset(("subject", "comments", "keywords", "list-id"))
_URLS: Final = frozenset(
    f"list-{name}" for name in ("help", "unsubscribe", "subscribe", "post", "owner", "archive")
)
_DEFINED: Final = (
    _ADDRESSES | _IDS | _DATES | _URLS | {"subject", "comments", "keywords", "return-path", "received"}
)


class HeaderProperty(msgspec.Struct, frozen=True):
    """What a property's name asks for. `field` is in lower case, `form` "" for raw."""

    field: str
    form: str = ""
    every: bool = False

    def found(self, named: Named) -> Sequence[Field]:
        """The fields that it holds: all of that name, or the last."""
        there = named.get(self.field.encode(), ())
        return there if self.every else there[-1:]


Named = Mapping[bytes, Sequence[Field]]  # fields by name, in lower case


def by_name(fields: Iterable[Field]) -> Named:
    """The fields of a header, so that many properties need not go through it once each."""
    named: dict[bytes, list[Field]] = {}
    for field in fields:
        named.setdefault(field.name.lower(), []).append(field)
    return named


def weight(asked: Mapping[str, HeaderProperty], named: Named) -> int:
    """Octets of the fields that these properties hold, and of their names: one field may be asked for under many."""
    return sum(len(name) + sum(len(field.raw) for field in one.found(named)) for name, one in asked.items())


def read_property(name: str) -> HeaderProperty | None:
    """The property of that name; None when there is none, or the field cannot be had in that form."""
    written = _NAME.fullmatch(name)
    if written is None:
        return None
    field, form = written[1].lower(), written[2].removeprefix(":as")
    if form == "Raw":
        form = ""
    if form and (form not in FORMS or (field in _DEFINED and field not in FORMS[form].suits)):
        return None
    return HeaderProperty(field, form, bool(written[3]))


def value_of(wanted: HeaderProperty, named: Named) -> Any:
    """The property's value in a header: of the last field of that name, or a list of all."""
    form = FORMS[wanted.form].read if wanted.form else raw
    values = [form(field) for field in wanted.found(named)]
    if wanted.every:
        return values
    return values[0] if values else None


def headers(fields: Iterable[Field]) -> list[dict[str, str]]:
    """All fields as EmailHeader objects, in their order."""
    return [{"name": field.name.decode("ascii", "replace"), "value": raw(field)} for field in fields]


def raw(field: Field) -> str:
    """What stands behind the colon, RFC 8621 §4.1.2.1."""
    value = field.raw.partition(b":")[2]
    value = value.removesuffix(b"\n").removesuffix(b"\r").replace(b"\0", b"")
    return value.decode("utf-8", "replace")


def as_text(value: str) -> str:
    """RFC 8621 §4.1.2.2, of an unfolded value."""
    return unicodedata.normalize("NFC", encoded_words.decode(value).lstrip(" "))


def address(spec: AddressSpec) -> dict[str, str | None]:
    """EmailAddress of RFC 8621 §4.1.2.3."""
    return person(spec.name, spec.email)


def person(name: str, email: str) -> dict[str, str | None]:
    """The same of a name and an address; of a draft that is not finished, what stands before the brackets and in them."""
    if not name and email.endswith(">"):
        name, email = _half_finished(email)
    return {"name": unicodedata.normalize("NFC", name.strip()) or None, "email": email}


def _half_finished(text: str) -> tuple[str, str]:
    before, bracket, email = text[:-1].rpartition("<")
    phrase = before.strip()
    quoted = _QUOTED.fullmatch(phrase)
    if not bracket or re.search(r"[<>\s]", email) or (not quoted and re.search(r'[<>"]', phrase)):
        return "", text
    return _PAIR.sub(r"\1", quoted[1]) if quoted else encoded_words.decode(phrase), email


def as_date(moment: Moment | None) -> str | None:
    """A Date, with the offset that was written; None where there is none, or one of more than a day."""
    if moment is None:
        return None
    try:
        zone = dt.timezone(dt.timedelta(minutes=moment.offset or 0))
        written = dt.datetime.fromtimestamp(moment.seconds, zone)
    except (OverflowError, ValueError):
        return None
    return written.isoformat().replace("+00:00", "Z")


def _text(field: Field) -> str:
    return as_text(header_text(field.value))


def _addresses(field: Field) -> list[dict[str, str | None]]:
    return [address(spec) for spec in mailboxes(parse_address_list(field.value))]


def _grouped(field: Field) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    loose: list[dict[str, str | None]] | None = None
    for entry in parse_address_list(field.value):
        if isinstance(entry, Group):
            name = unicodedata.normalize("NFC", entry.name.strip())
            groups.append({"name": name, "addresses": [address(spec) for spec in entry.members]})
            loose = None
        elif loose is None:
            loose = [address(entry)]
            groups.append({"name": None, "addresses": loose})
        else:
            loose.append(address(entry))
    return groups


def _message_ids(field: Field) -> list[str] | None:
    return parse_message_ids(header_text(field.value)) or None


def _date(field: Field) -> str | None:
    return as_date(parse_date(field.value))


def _urls(field: Field) -> list[str] | None:
    text = without_comments(header_text(field.value), ANGLED, unclosed_stays=True)
    between = "".join(_URL.split(text)[::2])
    found: list[str] = [re.sub(r"\s", "", url) for url in _URL.findall(text)]
    return found if found and _BETWEEN_URLS.fullmatch(between) else None


class Form(msgspec.Struct, frozen=True):
    """How a field is read, and which of the fields that are defined elsewhere it suits."""

    read: Callable[[Field], Any]
    suits: frozenset[str]


FORMS: Final[Mapping[str, Form]] = {
    "Text": Form(_text, _TEXTS),
    "Addresses": Form(_addresses, _ADDRESSES),
    "GroupedAddresses": Form(_grouped, _ADDRESSES),
    "MessageIds": Form(_message_ids, _IDS),
    "Date": Form(_date, _DATES),
    "URLs": Form(_urls, _URLS),
}
