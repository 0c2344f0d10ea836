"""Which property of a vCard is which of a Card, where one object of a map is one line.

RFC 9555 §2 and §3, RFC 9554 (CREATED, INDEX, SERVICE-TYPE, USERNAME ...). Not here: names, addresses, dates and what else has rules of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """`of` is the Card's property, `field` where the value goes. `uri`: the value is no TEXT. `fixed`: what the vCard's name says.

    `params`: further fields by the parameters that hold them.
    """

    of: str
    field: str
    uri: bool = False
    fixed: dict[str, str] = {}
    params: dict[str, str] = {}


_MEDIA: Final = {"mediatype": "mediaType"}

ENTRIES: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "EMAIL": Entry("emails", "address"),
        "TEL": Entry("phones", "number"),
        "TITLE": Entry("titles", "name", fixed={"kind": "title"}),
        "ROLE": Entry("titles", "name", fixed={"kind": "role"}),
        "IMPP": Entry("onlineServices", "uri", uri=True, fixed={"vCardName": "impp"}, params={"service-type": "service", "username": "user"}),
        "SOCIALPROFILE": Entry("onlineServices", "uri", uri=True, params={"service-type": "service", "username": "user"}),
        "LANG": Entry("preferredLanguages", "language", uri=True),
        "CALURI": Entry("calendars", "uri", uri=True, fixed={"kind": "calendar"}, params=_MEDIA),
        "FBURL": Entry("calendars", "uri", uri=True, fixed={"kind": "freeBusy"}, params=_MEDIA),
        "CALADRURI": Entry("schedulingAddresses", "uri", uri=True),
        "KEY": Entry("cryptoKeys", "uri", uri=True, params=_MEDIA),
        "ORG-DIRECTORY": Entry("directories", "uri", uri=True, fixed={"kind": "directory"}, params={"index": "listAs", **_MEDIA}),
        "SOURCE": Entry("directories", "uri", uri=True, fixed={"kind": "entry"}, params=_MEDIA),
        "URL": Entry("links", "uri", uri=True, params=_MEDIA),
        "CONTACT-URI": Entry("links", "uri", uri=True, fixed={"kind": "contact"}, params=_MEDIA),
        "PHOTO": Entry("media", "uri", uri=True, fixed={"kind": "photo"}, params=_MEDIA),
        "LOGO": Entry("media", "uri", uri=True, fixed={"kind": "logo"}, params=_MEDIA),
        "SOUND": Entry("media", "uri", uri=True, fixed={"kind": "sound"}, params=_MEDIA),
        "NOTE": Entry("notes", "note"),
        "HOBBY": Entry("personalInfo", "value", fixed={"kind": "hobby"}, params={"index": "listAs", "level": "level"}),
        "INTEREST": Entry("personalInfo", "value", fixed={"kind": "interest"}, params={"index": "listAs", "level": "level"}),
        "EXPERTISE": Entry("personalInfo", "value", fixed={"kind": "expertise"}, params={"index": "listAs", "level": "level"}),
    }
)  # fmt: skip

NUMBERS: Final = frozenset(("listAs",))  # fields that are numbers
CONTEXTS: Final[Mapping[str, str]] = MappingProxyType({"home": "private", "work": "work"})
ADDRESS_CONTEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {**CONTEXTS, "billing": "billing", "delivery": "delivery"}
)
FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "voice": "voice", "fax": "fax", "cell": "mobile", "video": "video", "pager": "pager", "textphone": "textphone", "text": "text",
        "main-number": "main-number",
    }
)  # fmt: skip
LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {"beginner": "low", "average": "medium", "expert": "high"}
)
TEXTS: Final[Mapping[str, str]] = MappingProxyType(  # one text of a Card each
    {"UID": "uid", "KIND": "kind", "LANGUAGE": "language", "PRODID": "prodId"}
)
TIMES: Final[Mapping[str, str]] = MappingProxyType({"REV": "updated", "CREATED": "created"})
DATES: Final[Mapping[str, str]] = MappingProxyType(
    {"BDAY": "birth", "DEATHDATE": "death", "ANNIVERSARY": "wedding"}
)
PLACES: Final[Mapping[str, str]] = MappingProxyType({"BIRTHPLACE": "birth", "DEATHPLACE": "death"})
# The components of N and ADR in their order: RFC 6350 §6.2.2, §6.3.1, those behind them RFC 9554 §2.1, §2.2.
NAME: Final = ("surname", "given", "given2", "title", "credential", "surname2", "generation")
OLD_NAME: Final = 5
ADDRESS: Final = (
    "postOfficeBox", "apartment", "name", "locality", "region", "postcode", "country",
    "room", "apartment", "floor", "number", "name", "building", "block", "subdistrict", "district", "landmark", "direction",
)  # fmt: skip
OLD_ADDRESS: Final = 7
STREET: Final = (
    "room",
    "floor",
    "number",
    "building",
    "block",
    "subdistrict",
    "district",
    "landmark",
    "direction",
)
