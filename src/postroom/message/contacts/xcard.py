"""Reading xCards: vCards as XML of anybody's making.

RFC 6351 §4, §5. What is too deep or too much is refused; elements of other namespaces are left out. Not here: XML (`message.xml_documents`), what properties
mean (`from_vcard`), writing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.contacts.properties import Property, VCard, escaped, joined
from postroom.message.contacts.vcard import MAX_CARDS, MAX_LINE, MAX_OCTETS, MAX_PROPERTIES, NotContacts, Read
from postroom.message.contacts.xcard_names import DEFAULTS, NAMESPACE, OF_DATES, STRUCTURED, TYPES
from postroom.message.printable import printable
from postroom.message.xml_documents import XmlReader

MAX_DEPTH: Final = (
    8  # elements inside one another: vcards, vcard, group, a property, parameters, one of them, its value
)
MAX_OPEN: Final = 32  # elements that are open together, those of others among them
MAX_ELEMENTS: Final = 200  # within one property


class _Element(msgspec.Struct):
    name: str
    texts: list[str] = []
    below: list[_Element] = []

    @property
    def text(self) -> str:
        return "".join(self.texts)


def read(octets: bytes) -> Read:
    """The cards of a document; raises `NotContacts`."""
    if len(octets) > MAX_OCTETS:
        raise NotContacts(f"there are more than {MAX_OCTETS >> 20} MiB: import it in parts")
    reading = _Reading()
    reading.read(octets)
    if not reading.cards:
        raise NotContacts("there is no vcard element in it")
    return Read(reading.cards, [])


class _Reading(XmlReader):
    """The cards that have ended, the properties of the one that is open, and the elements that are open below it."""

    def __init__(self) -> None:
        super().__init__(NotContacts, MAX_OPEN)
        self.cards: list[VCard] = []
        self._group = ""
        self._properties: list[Property] = []
        self._open: list[_Element] = []
        self._count = 0
        self._long = 0

    def root(self, namespace: str, name: str) -> None:
        """All cards, or one."""
        if namespace != NAMESPACE or name not in ("vcards", "vcard"):
            raise NotContacts(f"its root is {printable(name, 40)}, not vcards of {NAMESPACE}")

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        """A card, a group, a property, or an element of one."""
        if len(self.path) > MAX_DEPTH:
            raise NotContacts(f"its elements are more than {MAX_DEPTH} deep")
        if self._open:
            self._count += 1
            if self._count > MAX_ELEMENTS:
                raise NotContacts(f"a property has more than {MAX_ELEMENTS} elements")
            below = _Element(name, [], [])
            self._open[-1].below.append(below)
            self._open.append(below)
        elif name == "vcard":
            self._properties, self._group = [], ""
        elif name == "group" and "vcard" in self.path:
            self._group = attributes.get("name", "")[:100]
        elif "vcard" in self.path:
            self._open, self._count, self._long = [_Element(name, [], [])], 0, 0

    def says(self, text: str) -> None:
        """A piece of a value."""
        if self._open:
            self._long += len(text)
            if self._long > MAX_LINE:
                raise NotContacts(f"a property has more than {MAX_LINE >> 20} MiB")
            self._open[-1].texts.append(text)

    def ends(self) -> None:
        """It is whole."""
        name = self.path[-1]
        if self._open:
            done = self._open.pop()
            if not self._open:
                self._add(done)
        elif name == "group":
            self._group = ""
        elif name == "vcard":
            if len(self.cards) >= MAX_CARDS:
                raise NotContacts(f"there are more than {MAX_CARDS} cards: import them in parts")
            self.cards.append(VCard(tuple(self._properties)))

    def _add(self, element: _Element) -> None:
        found = _property(element, self._group)
        if found.name in ("VERSION", "BEGIN", "END"):
            return
        if len(self._properties) >= MAX_PROPERTIES:
            raise NotContacts(f"a card has more than {MAX_PROPERTIES} properties")
        self._properties.append(found)


def _property(element: _Element, group: str) -> Property:
    name = element.name.upper()
    params: dict[str, tuple[str, ...]] = {}
    values: list[_Element] = []
    for below in element.below:
        if below.name == "parameters":
            for one in below.below:
                found = tuple(value.text for value in one.below) or (one.text.strip(),)
                params[one.name.lower()] = (*params.get(one.name.lower(), ()), *found)
        else:
            values.append(below)
    params.pop("value", None)
    if name in STRUCTURED and not any(one.name == "text" for one in values):
        return Property(name, _structured(STRUCTURED[name], values), params, group)
    texts = [one.text for one in values if one.name == "text"]
    if not values:
        return Property(name, escaped(element.text), params, group)
    if texts:
        if name in DEFAULTS:
            params["value"] = ("text",)
        return Property(name, joined(texts, ";" if name == "ORG" else ","), params, group)
    kind = values[0].name
    usual = DEFAULTS.get(name, "")
    if (
        kind in TYPES
        and kind not in (usual, "unknown")
        and not (kind in OF_DATES and usual == "date-and-or-time")
    ):
        params["value"] = (kind,)
    value = values[0].text if kind == "unknown" else values[0].text.strip()  # nobody knows what counts in it
    return Property(name, value, params, group)


def _structured(components: tuple[str, ...], values: list[_Element]) -> str:
    by_name: dict[str, list[str]] = {}
    for one in values:
        by_name.setdefault(one.name.lower(), []).append(one.text)
    parts = [joined([text for text in by_name.get(name, ()) if text]) for name in components]
    while parts and not parts[-1]:
        parts.pop()
    return ";".join(parts)
