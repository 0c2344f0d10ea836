"""A vCard as a JSContact Card.

RFC 9555 §2, RFC 9554. What has no counterpart is kept: properties in `vCardProps` (§2.14.1), parameters in `vCardParams` (§2.14.2); what only JSContact has
comes back out of JSPROP (§3.2.1). A line in another language than the card is an entry of its own here, not a localization. Not here: reading lines.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from postroom.message.contacts import counterparts as same
from postroom.message.contacts.dates import read_date, read_moment
from postroom.message.contacts.jscontact import OF_CONTACT_CARD
from postroom.message.contacts.json_properties import apply
from postroom.message.contacts.properties import Property, VCard, split, texts, unescaped
from postroom.message.contacts.structured import read_address, read_name, read_organization
from postroom.wire.numbers import decimal

MAX_SHARED: Final = (
    255  # characters of what one line says of several values: of a label, of the parameters of several names
)

Object = dict[str, Any]
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # begins with a scheme


def from_vcard(card: VCard) -> Object:
    """The Card. A vCard without a UID gets one that is always the same (RFC 9555 §2.1.1)."""
    making = _Making(card)
    for one in sorted(card.properties, key=lambda one: one.name != "KIND"):  # members are a group's alone
        if one.name == "X-ABLABEL" and one.group in making.labels:
            continue
        if not _READERS.get(one.name, _entry)(making, one):
            making.keep(one)
    making.places()
    making.keep_labels(card)
    made = making.card
    if "uid" not in made:
        made["uid"] = _uid(card)
    for pointer, value in making.patches:
        apply(made, pointer, value)
    return made


def _uid(card: VCard) -> str:
    """A UUID whose bits are a hash of the card (version 8, of the maker's own making)."""
    digits = hashlib.sha256(repr(card.properties).encode("utf-8", "replace")).hexdigest()
    return f"urn:uuid:{digits[:8]}-{digits[8:12]}-8{digits[12:15]}-8{digits[15:18]}-{digits[18:30]}"


class _Making:
    def __init__(self, card: VCard) -> None:
        self.card: Object = {"@type": "Card", "version": "1.0"}
        self.patches: list[tuple[str, str]] = []
        self.labels = _labels(card)
        self.labelled: set[str] = set()  # groups whose labels are those of objects
        self.lines = Counter(one.group for one in card.properties if one.name != "X-ABLABEL")
        self._count: dict[str, int] = {}
        self._waiting: list[Property] = []

    def keep(self, one: Property) -> None:
        """Into vCardProps, as jCard (RFC 7095 §3.3, §5.1) writes it."""
        params = _params(one.params)
        kind = str(params.pop("value", "unknown")).lower()
        if one.group:
            params["group"] = one.group
        value = unescaped(one.value) if kind == "text" else one.value
        self.card.setdefault("vCardProps", []).append([one.name.lower(), params, kind, value])

    def keep_labels(self, card: VCard) -> None:
        """Those of lines that are kept themselves."""
        alone = self.labels.keys() - self.labelled
        for one in card.properties:
            if one.name == "X-ABLABEL" and one.group in alone:
                self.keep(one)

    def add(self, of: str, one: Property, made: Object) -> None:
        """An object into one of the card's maps, under the id that PROP-ID gives, else the next free one."""
        entries = self.card.setdefault(of, {})
        key = one.param("prop-id")
        if key in entries or not _ID.fullmatch(key):
            key = self._next(of, entries)
        entries[key] = made

    def _next(self, of: str, entries: Object) -> str:
        number = self._count.get(of, 0)
        while True:
            number += 1
            if str(number) not in entries:
                self._count[of] = number
                return str(number)

    def later(self, one: Property) -> bool:
        """A place, which belongs to a date."""
        self._waiting.append(one)
        return True

    def places(self) -> None:
        """Places go to their dates."""
        dates: dict[str, list[Object]] = {}
        for date in self.card.get("anniversaries", {}).values():
            dates.setdefault(date["kind"], []).append(date)
        without = {kind: iter(found) for kind, found in dates.items()}
        for one in self._waiting:
            date = next(without.get(same.PLACES[one.name], iter(())), None)
            if date is None:
                self.keep(one)
            elif one.value[:4].lower() == "geo:":
                date["place"] = {"coordinates": one.value}
            else:
                date["place"] = {"full": unescaped(one.value)}


def _labels(card: VCard) -> dict[str, str]:
    """Labels of groups: X-ABLabel, which belongs to the other lines of its group."""
    used = {one.group for one in card.properties if one.group and one.name != "X-ABLABEL"}
    return {
        one.group: unescaped(one.value)
        for one in card.properties
        if one.name == "X-ABLABEL" and one.group in used and len(one.value) <= MAX_SHARED
    }


_TAKEN: Final = ("prop-id", "value", "pref", "type")


def common(
    making: _Making, one: Property, made: Object, words: Mapping[str, str], taken: tuple[str, ...]
) -> Object:
    """The properties that many objects have: contexts, pref, label, and what is left of the parameters."""
    left = {name: values for name, values in one.params.items() if name not in taken and name not in _TAKEN}
    kinds = [kind.lower() for kind in one.params.get("type", ())]
    contexts = {words[kind]: True for kind in kinds if kind in words}
    features = {same.FEATURES[kind]: True for kind in kinds if kind in same.FEATURES and one.name == "TEL"}
    if contexts:
        made["contexts"] = contexts
    if features:
        made["features"] = features
    others = [kind for kind in kinds if kind not in words and not (features and kind in same.FEATURES)]
    if others:
        left["type"] = tuple(others)
    pref = decimal(one.param("pref"), 3)
    if pref is not None and 1 <= pref <= 100:
        made["pref"] = pref
    if one.group in making.labels:
        made["label"] = making.labels[one.group]
        making.labelled.add(one.group)
    if one.group and (one.group not in making.labels or making.lines[one.group] > 1):
        left["group"] = (one.group,)
    if left:
        made["vCardParams"] = _params(left)
    return made


def _params(given: Mapping[str, tuple[str, ...]]) -> Object:
    """As jCard (RFC 7095 §3.4) writes them."""
    return {name: values[0] if len(values) == 1 else list(values) for name, values in given.items()}


def _entry(making: _Making, one: Property) -> bool:
    entry = same.ENTRIES.get(one.name)
    if entry is None:
        return False
    value = one.value.strip() if entry.uri else unescaped(one.value)
    if not value:
        return False
    written = one.param("value").lower() == "text"  # of a KEY: itself, and not where it is (RFC 6350 §6.8.1)
    field = "user" if one.name == "SOCIALPROFILE" and written else entry.field
    if field == "uri" and written and not _URI.match(value):
        return False
    made: Object = {field: unescaped(value) if field == "user" else value, **entry.fixed}
    taken = []
    for param, name in entry.params.items():
        if param in one.params and name not in made:
            found = _field(name, one)
            if found is not None:
                made[name] = found
                taken.append(param)
    if one.name == "NOTE":
        taken += _note(one, made)
    making.add(entry.of, one, common(making, one, made, same.CONTEXTS, tuple(taken)))
    return True


def _field(name: str, one: Property) -> Any:
    if name in same.NUMBERS:
        return decimal(one.param("index"), 9) or None
    if name == "level":
        level = one.param("level").lower()
        return same.LEVELS.get(level) if one.name == "EXPERTISE" else level
    return next(one.param(param) for param, field in same.ENTRIES[one.name].params.items() if field == name)


def _note(one: Property, made: Object) -> list[str]:
    taken = []
    author = {
        field: one.param(param)
        for param, field in (("author-name", "name"), ("author", "uri"))
        if one.param(param)
    }
    if author:
        made["author"] = author
        taken += ["author", "author-name"]
    created = read_moment(one.param("created"))
    if created:
        made["created"] = created
        taken.append("created")
    return taken


def _text(making: _Making, one: Property) -> bool:
    name, value = same.TEXTS[one.name], unescaped(one.value).strip()
    if name in making.card or not value or len(value) > 1_024:
        return False
    making.card[name] = value.lower() if name == "kind" else value
    return True


def _time(making: _Making, one: Property) -> bool:
    name, moment = same.TIMES[one.name], read_moment(one.value)
    if name in making.card or moment is None:
        return False
    making.card[name] = moment
    return True


def _full_name(making: _Making, one: Property) -> bool:
    name, value = making.card.get("name", {}), unescaped(one.value)
    if one.param("derived").lower() == "true" or not value:
        return True
    if "full" in name:
        return False
    making.card["name"] = {**name, "full": value}
    return not (
        set(one.params) - {"value"} or one.group
    )  # a Name has no room for these: the line is kept beside it


def _name(making: _Making, one: Property) -> bool:
    made = read_name(one)
    present = making.card.get("name", {})
    if made is None or "components" in present or one.group:
        return made is None and not one.params
    left = {name: values for name, values in one.params.items() if name not in ("sort-as", "value")}
    making.card["name"] = {**present, **made, **({"vCardParams": _params(left)} if left else {})}
    return True


def _address(making: _Making, one: Property) -> bool:
    made, taken = read_address(one)
    if not made:
        return False
    making.add("addresses", one, common(making, one, made, same.ADDRESS_CONTEXTS, taken))
    return True


def _organization(making: _Making, one: Property) -> bool:
    made = read_organization(one)
    if not made:
        return False
    making.add("organizations", one, common(making, one, made, same.CONTEXTS, ("sort-as",)))
    return True


def _nickname(making: _Making, one: Property) -> bool:
    names = texts(one.value)
    said = len(one.group) + sum(len(value) for values in one.params.values() for value in values)
    if len(names) > 1 and said > MAX_SHARED:
        return False
    for name in names:
        making.add("nicknames", one, common(making, one, {"name": name}, same.CONTEXTS, ()))
    return True


def _categories(making: _Making, one: Property) -> bool:
    if set(one.params) - {"value"} or one.group:
        return False
    making.card.setdefault("keywords", {}).update(dict.fromkeys(texts(one.value), True))
    return True


def _member(making: _Making, one: Property) -> bool:
    if making.card.get("kind") != "group" or set(one.params) - {"value"}:
        return False
    making.card.setdefault("members", {})[unescaped(one.value)] = True
    return True


def _related(making: _Making, one: Property) -> bool:
    value = unescaped(one.value)
    if set(one.params) - {"type", "value"} or not value or value in making.card.get("relatedTo", {}):
        return False
    kinds = {kind.lower(): True for kind in one.params.get("type", ())}
    making.card.setdefault("relatedTo", {})[value] = {"relation": kinds} if kinds else {}
    return True


def _date(making: _Making, one: Property) -> bool:
    date = read_date(one.value) if one.param("value") != "text" else None
    if date is None:
        return False
    made: Object = {"kind": same.DATES[one.name], "date": date}
    taken: tuple[str, ...] = ()
    if one.param("calscale") and "@type" not in date:
        date["calendarScale"] = one.param("calscale")
        taken = ("calscale",)
    making.add("anniversaries", one, common(making, one, made, {}, taken))
    return True


def _gender(making: _Making, one: Property) -> bool:
    speak = making.card.setdefault("speakToAs", {})
    if "grammaticalGender" in speak or not one.value or one.params:
        if not speak:
            making.card.pop("speakToAs")
        return False
    speak["grammaticalGender"] = unescaped(one.value).lower()
    return True


def _pronouns(making: _Making, one: Property) -> bool:
    value = unescaped(one.value)
    if not value:
        return False
    making.card.setdefault("speakToAs", {})
    kept = making.card
    making.card = kept["speakToAs"]
    making.add("pronouns", one, common(making, one, {"pronouns": value}, same.CONTEXTS, ()))
    making.card = kept
    return True


def _zone(making: _Making, one: Property) -> bool:
    if "/" not in one.value or one.params:
        return False
    making.add("addresses", one, {"timeZone": unescaped(one.value)})
    return True


def _geo(making: _Making, one: Property) -> bool:
    value = one.value
    if value[:4].lower() != "geo:":  # 3.0: two numbers
        parts = split(value, ";")
        value = f"geo:{parts[0].strip()},{parts[1].strip()}" if len(parts) == 2 else ""
    if not value or set(one.params) - {"value"}:
        return False
    making.add("addresses", one, {"coordinates": value})
    return True


def _json(making: _Making, one: Property) -> bool:
    pointer = one.param("jsptr")
    if not pointer:
        return False
    if (
        pointer.removeprefix("/").partition("/")[0] not in OF_CONTACT_CARD
    ):  # a file does not say where it goes
        making.patches.append((pointer, unescaped(one.value)))
    return True


Reader = Callable[[_Making, Property], bool]
_READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        **dict.fromkeys(same.TEXTS, _text),
        **dict.fromkeys(same.TIMES, _time),
        **dict.fromkeys(same.DATES, _date),
        **dict.fromkeys(same.PLACES, _Making.later),
        "FN": _full_name,
        "N": _name,
        "ADR": _address,
        "ORG": _organization,
        "NICKNAME": _nickname,
        "CATEGORIES": _categories,
        "MEMBER": _member,
        "RELATED": _related,
        "GRAMGENDER": _gender,
        "PRONOUNS": _pronouns,
        "TZ": _zone,
        "GEO": _geo,
        "JSPROP": _json,
    }
)
