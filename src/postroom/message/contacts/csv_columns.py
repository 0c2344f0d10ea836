"""What the columns of a CSV file of contacts mean: those that Google and Outlook write, in all of their editions.

Of no RFC. A column's name, in lower case, leads to a `Column`; families of columns ("E-mail 2 - Value", "Home Postal Code") are found by their parts.
Not here: files (`csv_reading`, `csv_writing`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Column(msgspec.Struct, frozen=True):
    """`what` is said of the person (`given`, `email` ...); `group` tells apart what is there several times; `field` a part of it."""

    what: str
    group: str = ""
    field: str = ""
    context: str = ""
    feature: str = ""


NAME_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first name": "given", "given name": "given", "middle name": "given2", "additional name": "given2", "last name": "surname",
        "family name": "surname", "surname": "surname", "title": "title", "name prefix": "title", "suffix": "generation", "name suffix": "generation",
    }
)  # fmt: skip
_SINGLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "full", "display name": "full", "file as": "full", "full name": "full", "nickname": "nickname", "birthday": "birth",
        "anniversary": "wedding", "notes": "note", "note": "note", "labels": "keywords", "group membership": "keywords", "categories": "keywords",
        "web page": "link", "personal web page": "link", "photo": "photo", "email": "email", "phone": "phone", "website": "link",
    }
)  # fmt: skip
ORGANIZATION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "company": "name", "organization name": "name", "organization": "name", "organization 1 - name": "name", "department": "unit",
        "organization department": "unit", "organization 1 - department": "unit", "job title": "title", "organization title": "title",
        "organization 1 - title": "title",
    }
)  # fmt: skip
# Where each part of an address stands in JSContact (RFC 9553 §2.5.1.2).
PLACE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "street": "name", "street 2": "name", "street 3": "name", "city": "locality", "state": "region", "region": "region",
        "postal code": "postcode", "zip": "postcode", "country/region": "country", "country": "country", "po box": "postOfficeBox",
        "extended address": "apartment", "formatted": "full",
    }
)  # fmt: skip
_CONTEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {"home": "private", "business": "work", "other": "", "work": "work"}
)
_NUMBERED: Final = re.compile(r"(e-mail|phone|address|website) ([0-9]{1,2}) - ([a-z ]+)")
_PLACE: Final = re.compile(r"(home|business|other) (.+)")
_PHONE: Final = re.compile(
    r"(home|business|mobile|other|primary|company main|car|assistant's)? ?(phone|fax|pager)(?: (\d))?"
)
_MAIL: Final = re.compile(r"e-mail(?: ([0-9]))? ?(address|type|display name)?")
_FAMILIES: Final = MappingProxyType(
    {"e-mail": "email", "phone": "phone", "address": "address", "website": "link"}
)
_FEATURES: Final = MappingProxyType({"fax": "fax", "pager": "pager"})
_RECKONED: Final = tuple(
    "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
)  # with what a formula begins; the last four as wide letters
_NUMBER: Final = re.compile(r"[-+0-9 ()./]+")


def shown(text: str) -> str:
    """A value as a spreadsheet shows it, and does not reckon it out: strangers write into contacts, too. Numbers and dates are harmless."""
    return f"'{text}" if text.startswith(_RECKONED) and not _NUMBER.fullmatch(text) else text


def meant(text: str) -> str:
    """A value without the mark by which it is shown."""
    return text[1:] if text[:1] == "'" and text.startswith(_RECKONED, 1) else text


def column(name: str) -> Column | None:
    """What a column of this name says; None when it is not known."""
    name = " ".join(name.strip().lower().split())
    if name in NAME_PARTS:
        return Column("name", field=NAME_PARTS[name])
    if name in _SINGLE:
        return Column(_SINGLE[name], group=name)
    if name in ORGANIZATION:
        return Column("organization", field=ORGANIZATION[name])
    return _numbered(name) or _mail(name) or _phone(name) or _place(name)


def _numbered(name: str) -> Column | None:
    """Google's: "Phone 2 - Label", "Address 1 - City"."""
    found = _NUMBERED.fullmatch(name)
    if found is None:
        return None
    what, number, field = _FAMILIES[found[1]], found[2], found[3]
    if field in ("type", "label"):
        return Column(what, number, "label")
    if what == "address":
        return Column(what, number, PLACE[field]) if field in PLACE else None
    return Column(what, number, "value") if field == "value" else None


def _mail(name: str) -> Column | None:
    """Outlook's: "E-mail Address", "E-mail 2 Address"."""
    found = _MAIL.fullmatch(name)
    if found is None or found[2] not in (None, "address"):
        return None
    return Column("email", f"o{found[1] or 1}", "value")


def _phone(name: str) -> Column | None:
    """Outlook's: "Business Phone 2", "Mobile Phone", "Home Fax", "Pager"."""
    found = _PHONE.fullmatch(name)
    if found is None:
        return None
    feature = "mobile" if found[1] == "mobile" else _FEATURES.get(found[2], "")
    context = "work" if found[1] == "company main" else _CONTEXTS.get(found[1] or "", "")
    return Column("phone", name, "value", context, feature)


def _place(name: str) -> Column | None:
    """Outlook's: "Home Street", "Business Country/Region"."""
    found = _PLACE.fullmatch(name)
    if found is None or found[2] not in PLACE:
        return None
    return Column("address", found[1], PLACE[found[2]], _CONTEXTS[found[1]])
