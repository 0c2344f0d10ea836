"""The elements of xCard: components of structured values, and the types of values.

RFC 6351 appendix A, RFC 6350 §6 (default types). The components behind the first seven of adr and five of n are those of RFC 9554 under the names that it gives
them. Not here: reading, writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NAMESPACE: Final = "urn:ietf:params:xml:ns:vcard-4.0"

STRUCTURED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "N": ("surname", "given", "additional", "prefix", "suffix", "surname2", "generation"),
        "ADR": (
            "pobox", "ext", "street", "locality", "region", "code", "country", "room", "apartment", "floor", "number", "name", "building",
            "block", "subdistrict", "district", "landmark", "direction",
        ),
        "GENDER": ("sex", "identity"),
        "CLIENTPIDMAP": ("sourceid", "uri"),
    }
)  # fmt: skip
LEAST: Final[Mapping[str, int]] = MappingProxyType({"N": 5, "ADR": 7})  # components that are always written
LISTS: Final = frozenset(("NICKNAME", "CATEGORIES"))
TYPES: Final = frozenset(
    (
        "text", "uri", "date", "time", "date-time", "date-and-or-time", "timestamp", "boolean", "integer", "float", "utc-offset",
        "language-tag", "unknown",
    )
)  # fmt: skip
_URIS: Final = (
    "SOURCE", "PHOTO", "IMPP", "GEO", "LOGO", "MEMBER", "RELATED", "SOUND", "UID", "URL", "KEY", "FBURL", "CALADRURI", "CALURI",
    "SOCIALPROFILE", "ORG-DIRECTORY", "CONTACT-URI",
)  # fmt: skip
_DATES: Final = ("BDAY", "ANNIVERSARY", "DEATHDATE")
DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(_URIS, "uri"),
        **dict.fromkeys(_DATES, "date-and-or-time"),
        "REV": "timestamp",
        "CREATED": "timestamp",
        "LANG": "language-tag",
        "LANGUAGE": "language-tag",
    }
)
OF_DATES: Final = frozenset(("date", "time", "date-time", "date-and-or-time"))
PARAMETERS: Final[Mapping[str, str]] = MappingProxyType(
    {"pref": "integer", "index": "integer", "language": "language-tag", "geo": "uri", "author": "uri"}
)
