"""A JSContact Card as a vCard.

RFC 9555 §3, RFC 9554. What a vCard cannot say goes into JSPROP (§3.2.1): the vCard is read back, and what differs is put there, so that nothing
is lost between the two. Not here: lines (`vcard_writing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from postroom.message.contacts import counterparts as same
from postroom.message.contacts.dates import write_date
from postroom.message.contacts.from_vcard import MAX_SHARED, from_vcard
from postroom.message.contacts.json_properties import differences, plain, written
from postroom.message.contacts.properties import Property, VCard, clean, escaped, joined
from postroom.message.contacts.structured import derived_full, write_address, write_name, write_organization

Object = dict[str, Any]

_FULL: Final = ("title", "given", "given2", "surname", "surname2", "generation", "credential")
_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {context: kind for kind, context in same.ADDRESS_CONTEXTS.items()}
)
_FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {feature: kind for kind, feature in same.FEATURES.items()}
)
_LEVELS: Final[Mapping[str, str]] = MappingProxyType({level: word for word, level in same.LEVELS.items()})
_TOKEN: Final = re.compile(r"[A-Za-z0-9-]{1,100}")


def to_vcard(card: Object) -> VCard:
    """The vCard of a valid Card (`jscontact.problems`)."""
    wanted = plain(card)
    found = [clean(one) for one in _lines(wanted)]
    for title in wanted.get("titles", {}).values():
        title.setdefault("kind", "title")
    there = plain(from_vcard(VCard(tuple(found))))
    for pointer, value in differences(wanted, there):
        text = escaped(written(value))
        found.append(Property("JSPROP", text, {"jsptr": (pointer,)}))
    return VCard(tuple(found))


def _lines(card: Object) -> Iterator[Property]:
    yield from _texts(card)
    yield from _names(card)
    for name, made in card.get("nicknames", {}).items():
        yield from _common(Property("NICKNAME", escaped(made["name"])), made, name)
    for name, made in card.get("organizations", {}).items():
        yield from _common(write_organization(made), made, name)
    for name, made in card.get("addresses", {}).items():
        yield from _common(write_address(made), made, name)
    yield from _entries(card)
    yield from _anniversaries(card)
    speak = card.get("speakToAs", {})
    if speak.get("grammaticalGender"):
        yield Property("GRAMGENDER", escaped(speak["grammaticalGender"]))
    for name, made in speak.get("pronouns", {}).items():
        yield from _common(Property("PRONOUNS", escaped(made["pronouns"])), made, name)
    if card.get("keywords"):
        yield Property("CATEGORIES", joined(list(card["keywords"])))
    for one in card.get("members", ()):
        yield Property("MEMBER", escaped(one))
    for one, relation in card.get("relatedTo", {}).items():
        kinds = tuple(kind for kind in relation.get("relation", ()) if _TOKEN.fullmatch(kind))
        params = {"type": kinds} if kinds else {}
        yield Property("RELATED", escaped(one), params if ":" in one else {"value": ("text",), **params})
    yield from _kept(card)


def _texts(card: Object) -> Iterator[Property]:
    for name, field in same.TEXTS.items():
        if card.get(field):
            yield Property(name, escaped(card[field]))
    for name, field in same.TIMES.items():
        if card.get(field):
            yield Property(name, re.sub("[-:]|[.][0-9]+", "", card[field]))


def _names(card: Object) -> Iterator[Property]:
    name = card.get("name", {})
    if name.get("full"):
        yield Property("FN", escaped(name["full"]))
    else:
        yield Property("FN", escaped(derived_full(name, _FULL)), {"derived": ("true",)})
    written = write_name(name)
    if written is not None:
        yield Property("N", written.value, {**dict(_kept_params(name)), **written.params})


def _entries(card: Object) -> Iterator[Property]:
    for of in dict.fromkeys(entry.of for entry in same.ENTRIES.values()):
        for key, made in card.get(of, {}).items():
            line = _entry(of, made)
            if line is not None:
                yield from _common(line, made, key)


def _entry(of: str, made: Object) -> Property | None:
    fitting = [
        (len(entry.fixed), name)
        for name, entry in same.ENTRIES.items()
        if entry.of == of
        and all(
            made.get(field, "title" if of == "titles" else None) == word
            for field, word in entry.fixed.items()
        )
    ]
    if not fitting:
        return None
    name = max(fitting)[1]
    entry = same.ENTRIES[name]
    params: dict[str, tuple[str, ...]] = {}
    for param, field in entry.params.items():
        if made.get(field):
            level = (
                _LEVELS.get(made[field], "") if (name, field) == ("EXPERTISE", "level") else str(made[field])
            )
            if level:
                params[param] = (level,)
    if name == "NOTE":
        params.update(_note(made))
    value = made.get(entry.field)
    if value is None and made.get("user"):  # RFC 9555 §3: a user name without a URI
        params.pop("username", None)
        return Property(name, escaped(made["user"]), {"value": ("text",), **params})
    if not value:
        return None
    if name == "TEL" and value[:4].lower() == "tel:":
        params["value"] = ("uri",)
    return Property(name, re.sub(r"[\r\n]", "", value) if entry.uri else escaped(value), params)


def _note(made: Object) -> dict[str, tuple[str, ...]]:
    author = made.get("author", {})
    found = {"author": author.get("uri"), "author-name": author.get("name"), "created": made.get("created")}
    return {name: (value,) for name, value in found.items() if value}


def _anniversaries(card: Object) -> Iterator[Property]:
    for key, made in card.get("anniversaries", {}).items():
        name = next((name for name, kind in same.DATES.items() if kind == made["kind"]), None)
        value = write_date(made["date"])
        if name is None or value is None:
            continue
        scale = made["date"].get("calendarScale")
        params: dict[str, tuple[str, ...]] = {"calscale": (scale,)} if scale else {}
        yield from _common(Property(name, value, params), made, key)
        place = made.get("place", {})
        at = next((one for one, kind in same.PLACES.items() if kind == made["kind"]), None)
        if at and place.get("full"):
            yield Property(at, escaped(place["full"]))
        elif at and place.get("coordinates"):
            yield Property(at, place["coordinates"], {"value": ("uri",)})


def _common(line: Property, made: Object, key: str) -> Iterator[Property]:
    """With the parameters that many lines have; a label is a line of its own in the same group."""
    params: dict[str, tuple[str, ...]] = {"prop-id": (key,), **line.params}
    kinds = [_TYPES[one] for one in made.get("contexts", ()) if one in _TYPES]
    kinds += [_FEATURES[one] for one in made.get("features", ()) if one in _FEATURES]
    group = ""
    for name, values in _kept_params(made):
        if name == "group":
            group = "".join(values)
        elif name == "type":
            kinds += values
        else:
            params.setdefault(name, values)
    if kinds:
        params["type"] = tuple(kinds)
    if "pref" in made:
        params["pref"] = (str(made["pref"]),)
    label = escaped(made.get("label", ""))
    if 0 < len(label) <= MAX_SHARED:
        group = group or f"{line.name}-{key.replace('-', '--').replace('_', '-u-')}"
        yield Property("X-ABLABEL", label, {}, group)
    yield Property(line.name, line.value, params, group)


def _kept_params(made: Object) -> Iterator[tuple[str, tuple[str, ...]]]:
    """RFC 9555 §2.14.2: what the line of another vCard has had."""
    kept = made.get("vCardParams")
    for name, value in kept.items() if isinstance(kept, dict) else ():
        if _TOKEN.fullmatch(name):
            yield name.lower(), tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _kept(card: Object) -> Iterator[Property]:
    """RFC 9555 §2.14.1: what another vCard has had."""
    for one in card.get("vCardProps", ()):
        if not (
            isinstance(one, list) and len(one) >= 4 and isinstance(one[0], str) and isinstance(one[1], dict)
        ):
            continue
        name, given, kind, *values = one
        if not _TOKEN.fullmatch(name) or name.lower() in ("begin", "end", "version", "jsprop"):
            continue
        params = {
            str(param): tuple(map(str, value)) if isinstance(value, list) else (str(value),)
            for param, value in given.items()
            if _TOKEN.fullmatch(str(param)) and param != "group"
        }
        if kind != "unknown":
            params["value"] = (str(kind),)
        raw = kind not in ("text", "unknown") or len(values) == 1
        text = str(values[0]) if raw and kind != "text" else joined([str(value) for value in values])
        yield Property(name.upper(), text.replace("\n", "\\n"), params, str(given.get("group", "")))
