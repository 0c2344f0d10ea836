"""vCards as text, version 4.0 or 3.0.

RFC 6350 §3.2 (folding at 75 octets, never within a character), §3.3, RFC 6868 (parameters), RFC 2426 §2. Not here: what stands in a card (`to_vcard`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from postroom.message.contacts.older import as_3
from postroom.message.contacts.properties import Property, VCard, clean

LINE: Final = 75  # octets, CRLF not among them

_NEEDS_QUOTES: Final = re.compile(r'[;:,^"\n\r\t ]')
_NAME: Final = re.compile(r"[^A-Za-z0-9-]")


def write(cards: Iterable[VCard], version: str = "4.0") -> bytes:
    """A file of cards, in UTF-8. `version` is 4.0 or 3.0."""
    lines: list[bytes] = []
    for card in cards:
        properties = as_3(card.properties) if version == "3.0" else _with_name(card.properties)
        lines += [b"BEGIN:VCARD", b"VERSION:" + version.encode()]
        lines += [folded(_line(one, version)) for one in properties]
        lines.append(b"END:VCARD")
    return b"".join(line + b"\r\n" for line in lines)


def _with_name(properties: Sequence[Property]) -> Sequence[Property]:
    """RFC 6350 §6.2.1: there is an FN, be it empty."""
    return properties if any(one.name == "FN" for one in properties) else (Property("FN", ""), *properties)


def _line(one: Property, version: str) -> str:
    one = clean(one)
    params = "".join(
        f";{_NAME.sub('', name).upper()}={_values(values, version)}" for name, values in one.params.items()
    )
    group = _NAME.sub("", one.group)
    value = one.value.replace("\n", "\\n")
    return f"{group}.{one.name}{params}:{value}" if group else f"{one.name}{params}:{value}"


def _values(values: Iterable[str], version: str) -> str:
    return ",".join(_value(one, version) for one in values)


def _value(value: str, version: str) -> str:
    if not _NEEDS_QUOTES.search(value):
        return value
    if version == "3.0":  # it has no way to write a quote in a parameter
        value = value.replace('"', "'").replace("\r", "").replace("\n", " ")
    else:
        value = value.replace("^", "^^").replace('"', "^'").replace("\r", "").replace("\n", "^n")
    return f'"{value}"'


def folded(line: str) -> bytes:
    """A line in pieces of at most 75 octets."""
    octets = line.encode("utf-8", "replace")
    if len(octets) <= LINE:
        return octets
    pieces: list[bytes] = []
    start, room = 0, LINE
    while start < len(octets):
        end = min(start + room, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, LINE - 1
    return b"\r\n ".join(pieces)
