"""The values of vCards that have components: N, ADR and ORG, and what they are in JSContact.

RFC 6350 §6.2.2, §6.3.1, §6.6.4, RFC 9554 §2.1, §2.2, RFC 9555 §2.5 to §2.9 and §3. The order of components (JSCOMPS) is not written; what is lost that way
comes back as JSPROP. Not here: values of one text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from postroom.message.contacts import counterparts as same
from postroom.message.contacts.properties import Property, escaped, joined, split, texts, unescaped

Object = dict[str, Any]
Params = dict[str, tuple[str, ...]]
_ADDRESS_PARAMS: Final = (
    ("label", "full"),
    ("tz", "timeZone"),
    ("geo", "coordinates"),
    ("cc", "countryCode"),
)


def _components(value: str, kinds: Sequence[str]) -> list[Object]:
    parts = split(value, ";")
    return [
        {"kind": kind, "value": text}
        for kind, part in zip(kinds, parts, strict=False)
        for text in texts(part)
    ]


def read_name(one: Property) -> Object | None:
    """The Name of an N; None when it is empty."""
    components = _components(one.value, same.NAME)
    later = {text["value"] for text in components if text["kind"] in ("surname2", "generation")}
    # RFC 9554 §2.2: what the new components say stands among the older ones, too
    parts = [
        text
        for text in components
        if not (text["kind"] in ("surname", "credential") and text["value"] in later)
    ]
    if not parts:
        return None
    made: Object = {"components": parts}
    sorted_as = one.params.get("sort-as", ())
    keys = split(sorted_as[0], ",") if len(sorted_as) == 1 else list(sorted_as)
    if keys:
        made["sortAs"] = {
            kind: key for kind, key in zip(("surname", "given"), map(unescaped, keys), strict=False) if key
        }
    return made


def write_name(name: Object) -> Property | None:
    """The N of a Name; None without components."""
    components = name.get("components")
    if not components:
        return None
    by_kind = _by_kind(components)
    surnames = by_kind.get("surname", []) + by_kind.get("surname2", [])
    credentials = by_kind.get("credential", []) + by_kind.get("generation", [])
    parts = [
        joined({"surname": surnames, "credential": credentials}.get(kind, by_kind.get(kind, [])))
        for kind in same.NAME
    ]
    if not any(parts[same.OLD_NAME :]):
        parts = parts[: same.OLD_NAME]
    keys = [name.get("sortAs", {}).get(kind, "") for kind in ("surname", "given")]
    params: Params = (
        {"sort-as": tuple(key for key in keys if key)}
        if keys[0] and set(name["sortAs"]) <= {"surname", "given"}
        else {}
    )
    return Property("N", ";".join(parts), params)


def _by_kind(components: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in components:
        found.setdefault(one["kind"], []).append(one["value"])
    return found


def derived_full(thing: Object, kinds: Sequence[str]) -> str:
    """The components of a name in a usual order, or in their own when they have one (RFC 9553 §2.2.1)."""
    components = thing.get("components", [])
    if thing.get("isOrdered"):
        between = thing.get("defaultSeparator", " ")
        pieces: list[str] = []
        after = ""  # what stands before the next component
        for one in components:
            if one["kind"] == "separator":
                pieces.append(one["value"])
                after = ""
            else:
                pieces += (after, one["value"])
                after = between
        return "".join(pieces).strip()
    by_kind = _by_kind(components)
    return " ".join(value for kind in kinds for value in by_kind.get(kind, ()))


def read_address(one: Property) -> tuple[Object, tuple[str, ...]]:
    """The Address of an ADR, and the parameters that it has used."""
    parts = split(one.value, ";")
    newer = any(part.strip() for part in parts[same.OLD_ADDRESS :])
    if newer:  # RFC 9554 §2.1: street and extended address say the same again
        parts[1:3] = ["", ""]
    components = _components(";".join(parts), same.ADDRESS)
    made: Object = {"components": components} if components else {}
    taken = []
    for param, field in _ADDRESS_PARAMS:
        value = one.param(param)
        if value and (field != "countryCode" or (len(value) == 2 and value.isascii() and value.isalpha())):
            if field == "coordinates" and value[:4].lower() != "geo:":
                continue
            made[field] = value
            taken.append(param)
    return made, tuple(taken)


def write_address(address: Object) -> Property:
    """The ADR of an Address."""
    components = address.get("components", [])
    by_kind = _by_kind(components)
    parts = [joined(by_kind.get(kind, [])) for kind in same.ADDRESS]
    if any(by_kind.get(kind) for kind in same.STREET):
        street = [one["value"] for one in components if one["kind"] in (*same.STREET, "name", "apartment")]
        parts[1], parts[2] = "", escaped(" ".join(street))
    else:
        parts = parts[: same.OLD_ADDRESS]
    params: Params = {param: (address[field],) for param, field in _ADDRESS_PARAMS if address.get(field)}
    return Property("ADR", ";".join(parts), params)


def read_organization(one: Property) -> Object:
    """The Organization of an ORG."""
    parts = [unescaped(part) for part in split(one.value, ";")]
    made: Object = {"name": parts[0]} if parts[0] else {}
    units = [{"name": part} for part in parts[1:] if part]
    if units:
        made["units"] = units
    if one.param("sort-as") and made:
        made["sortAs"] = one.param("sort-as")
    return made


def write_organization(organization: Object) -> Property:
    """The ORG of an Organization."""
    units = [unit["name"] for unit in organization.get("units", ())]
    params: Params = {"sort-as": (organization["sortAs"],)} if organization.get("sortAs") else {}
    return Property("ORG", joined([organization.get("name", ""), *units], ";"), params)
