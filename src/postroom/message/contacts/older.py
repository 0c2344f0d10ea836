"""Between vCard 4.0 and the versions before it: how a property is written in one and the other.

RFC 2426 §3.3, §4, §5 (3.0: TYPE=pref, ENCODING=b), RFC 6350 appendix A.1 (what changed), and vCard 2.1 (quoted-printable, CHARSET). Not here: lines.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from postroom.message.contacts.properties import Property, clean, escaped, split
from postroom.message.encodings import charset

# What Apple's programs write in 3.0 for properties of 4.0, and everybody reads.
_OLD_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "X-ADDRESSBOOKSERVER-KIND": "KIND",
        "X-ADDRESSBOOKSERVER-MEMBER": "MEMBER",
        "X-ANNIVERSARY": "ANNIVERSARY",
    }
)
_NEW_NAMES: Final = MappingProxyType({new: old for old, new in _OLD_NAMES.items()})
_IMAGES: Final = MappingProxyType(
    {"PHOTO": "image/", "LOGO": "image/", "SOUND": "audio/", "KEY": "application/"}
)
_LISTS: Final = ("CATEGORIES", "NICKNAME")
_DATES: Final = ("BDAY", "ANNIVERSARY", "DEATHDATE")
_OMITTED: Final = "x-apple-omit-year"  # 3.0 has no date without a year: Apple's programs write one, and say here which it is
_NO_YEAR: Final = "1604"
_DAY: Final = re.compile(r"([0-9]{4})(-?[0-9]{2}-?[0-9]{2})")
_DAY_ALONE: Final = re.compile(r"--([0-9]{2})-?([0-9]{2})")
_NOT_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")
_DATA: Final = re.compile(r"data:([a-z]+)/([A-Za-z0-9.+-]+);base64,", re.IGNORECASE)


def newer(one: Property, version: str) -> Property:
    """A property of any version as 4.0 writes it."""
    params = dict(one.params)
    encoding = "".join(params.pop("encoding", ())).upper()
    declared = "".join(params.pop("charset", ()))
    value = one.value
    old = version != "4.0"
    if encoding == "QUOTED-PRINTABLE":
        octets = quopri.decodestring(value.encode("utf-8", "replace"))
        value = charset.decode(octets, declared or None).text.replace("\r\n", "\n").replace("\n", "\\n")
    elif encoding in ("B", "BASE64"):
        value = _data_uri(one.name, value, params)
    if version == "2.1" and encoding not in ("B", "BASE64") and one.name not in _LISTS:
        value = _commas(value)
    if old and "type" in params:
        _types(params)
    if [kind.lower() for kind in params.get("value", ())] == ["url"]:
        params["value"] = ("uri",)
    name = _OLD_NAMES.get(one.name, one.name) if old else one.name
    day = _DAY.fullmatch(value.strip()) if name in _DATES and _OMITTED in params else None
    if day is not None and params[_OMITTED] == (day[1],):
        del params[_OMITTED]
        value = f"--{day[2].removeprefix('-')}"
    return clean(Property(name, value, params, one.group))


def _commas(value: str) -> str:
    """In 2.1 a comma is a letter like others."""
    return re.sub(r"(?<!\\),", r"\\,", value) if "," in value else value


def _types(params: dict[str, tuple[str, ...]]) -> None:
    """TYPE=home,pref becomes TYPE=home;PREF=1."""
    kinds = [kind for one in params["type"] for kind in one.lower().split(",")]
    if "pref" in kinds:
        params.setdefault("pref", ("1",))
    left = tuple(dict.fromkeys(kind for kind in kinds if kind not in ("pref", "internet", "")))
    params.pop("type")
    if left:
        params["type"] = left


def _data_uri(name: str, value: str, params: dict[str, tuple[str, ...]]) -> str:
    kind = "".join(params.pop("type", ())[:1]).lower()
    params.pop("value", None)
    if not kind:
        media = "application/octet-stream"
    else:
        media = kind if "/" in kind else _IMAGES.get(name, "application/") + re.sub("[^a-z0-9.+-]", "", kind)
    packed = _NOT_BASE64.sub("", value)
    return f"data:{media};base64,{packed}{'=' * (-len(packed) % 4)}"


def as_3(properties: Sequence[Property]) -> list[Property]:
    """The properties of a card as 3.0 writes them, N and FN among them (RFC 2426 §3.1.1, §3.1.2)."""
    found = [_older(one) for one in properties]
    names = {one.name for one in found}
    if "FN" not in names:
        found.insert(0, Property("FN", _some_name(found)))
    if "N" not in names:
        found.insert(1, Property("N", ";;;;"))
    return found


def _some_name(found: Sequence[Property]) -> str:
    for name in ("ORG", "EMAIL", "TEL", "UID"):
        for one in found:
            if one.name == name and one.value.strip(";"):
                return one.value
    return "?"


def _older(one: Property) -> Property:
    params = dict(one.params)
    value = one.value
    if params.pop("pref", ("",))[0] == "1":
        params["type"] = (*params.get("type", ()), "pref")
    name = _NEW_NAMES.get(one.name, one.name) if one.name != "ANNIVERSARY" else one.name
    inline = _DATA.match(value) if one.name in _IMAGES else None
    if inline is not None and is_base64(value[inline.end() :]):
        params.pop("value", None)
        params.pop("mediatype", None)
        params["encoding"], params["type"] = ("b",), (inline[2].upper(),)
        value = value[inline.end() :]
    elif one.name in _IMAGES:
        params["value"] = ("uri",)
    elif one.name == "TEL" and params.get("value") == ("uri",) and value[:4].lower() == "tel:":
        params.pop("value")
        value = escaped(value[4:])
    elif one.name in _DATES and (day := _DAY_ALONE.fullmatch(value)) is not None:
        params[_OMITTED] = (_NO_YEAR,)
        value = f"{_NO_YEAR}-{day[1]}-{day[2]}"
    elif one.name in ("N", "ADR"):
        most = 5 if one.name == "N" else 7
        value = ";".join(split(value, ";")[:most])
    return Property(name, value, params, one.group)


def is_base64(text: str) -> bool:
    """Whether a text is base64."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
