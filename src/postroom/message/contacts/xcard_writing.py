"""xCards: vCards as XML.

RFC 6351 §4, §5. What a card holds is escaped, and what XML cannot carry is replaced. Not here: reading, and what stands in a card (`to_vcard`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

from postroom.message.contacts.properties import Property, VCard, split, unescaped
from postroom.message.contacts.xcard_names import (
    DEFAULTS,
    LEAST,
    LISTS,
    NAMESPACE,
    PARAMETERS,
    STRUCTURED,
    TYPES,
)
from postroom.message.xml_documents import xml_text

_NAME: Final = re.compile(r"[a-z_][a-z0-9_-]*")


def write(cards: Iterable[VCard]) -> bytes:
    """The document, in UTF-8."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<vcards xmlns="{NAMESPACE}">']
    for card in cards:
        lines.append("<vcard>")
        for one in card.properties:
            lines += _property(one)
        lines.append("</vcard>")
    lines.append("</vcards>\n")
    return "\n".join(lines).encode("utf-8", "replace")


def _property(one: Property) -> Iterator[str]:
    name = one.name.lower()
    if not _NAME.fullmatch(name):
        return
    if one.group:
        yield f'<group name="{xml_text(one.group)}">'
    yield f"<{name}>{''.join(_parameters(one))}{''.join(_values(one))}</{name}>"
    if one.group:
        yield "</group>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{xml_text(text)}</{name}>"


def _parameters(one: Property) -> Iterator[str]:
    named = [
        (name, values) for name, values in one.params.items() if name != "value" and _NAME.fullmatch(name)
    ]
    if not named:
        return
    yield "<parameters>"
    for name, values in named:
        kind = PARAMETERS.get(name, "text")
        yield f"<{name}>{''.join(_element(kind, value) for value in values)}</{name}>"
    yield "</parameters>"


def _values(one: Property) -> Iterator[str]:
    if one.name in STRUCTURED:
        names, parts = STRUCTURED[one.name], split(one.value, ";")
        for at, (name, part) in enumerate(zip_longest(names, parts[: len(names)], fillvalue="")):
            for value in split(part, ",") if part or at < LEAST.get(one.name, 0) else ():
                yield _element(name, unescaped(value))
    elif one.name == "ORG":
        yield from (_element("text", unescaped(value)) for value in split(one.value, ";"))
    elif one.name in LISTS:
        yield from (_element("text", unescaped(value)) for value in split(one.value, ","))
    else:
        yield _value(one)


def _value(one: Property) -> str:
    declared = one.param("value").lower() or DEFAULTS.get(one.name, "")
    if not declared:
        return _element("text" if not one.name.startswith("X-") else "unknown", _own(one))
    if declared == "date-and-or-time":
        return _element("date-time" if "T" in one.value else "date", one.value)
    if declared == "text":
        return _element("text", unescaped(one.value))
    return _element(declared if declared in TYPES else "unknown", one.value)


def _own(one: Property) -> str:
    return one.value if one.name.startswith("X-") else unescaped(one.value)
