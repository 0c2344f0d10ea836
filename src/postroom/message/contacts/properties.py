"""What a vCard is made of: properties with parameters, and texts with escapes.

RFC 6350 §3.3, §3.4. Not here: lines (`vcard`, `vcard_writing`), XML (`xcard`), what properties mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # RFC 6350 §3.3: no value has these
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


class Property(msgspec.Struct, frozen=True):
    """A line: the name in upper case, the value as it is written; parameters' names in lower case."""

    name: str
    value: str
    params: dict[str, tuple[str, ...]] = {}
    group: str = ""

    def param(self, name: str) -> str:
        """The first value of a parameter, "" without one."""
        return self.params.get(name, ("",))[0]


class VCard(msgspec.Struct, frozen=True):
    """A card without BEGIN, VERSION and END."""

    properties: tuple[Property, ...]


def unescaped(text: str) -> str:
    """A TEXT value as a person reads it, RFC 6350 §3.4."""
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text) if "\\" in text else text


def escaped(text: str, special: str = ",;") -> str:
    """A text as a TEXT value, `special` characters escaped; RFC 6350 §3.4."""
    text = text.replace("\\", "\\\\").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    for char in special:
        text = text.replace(char, "\\" + char)
    return text


def split(value: str, separator: str) -> list[str]:
    """The parts of a value between separators that are not escaped, as they are written."""
    if "\\" not in value:
        return value.split(separator)
    parts: list[str] = []
    start = at = 0
    while at < len(value):
        if value[at] == "\\":
            at += 1
        elif value[at] == separator:
            parts.append(value[start:at])
            start = at + 1
        at += 1
    return [*parts, value[start:]]


def texts(value: str) -> list[str]:
    """The texts of a list, without empty ones."""
    return [text for one in split(value, ",") if (text := unescaped(one).strip())]


def joined(values: Sequence[str], separator: str = ",") -> str:
    """Texts as a list, each escaped."""
    return separator.join(map(escaped, values))


def clean(one: Property) -> Property:
    """A property without control characters, which no vCard can carry."""
    params = {name: tuple(_CONTROL.sub("", value) for value in values) for name, values in one.params.items()}
    return Property(one.name, _CONTROL.sub("", one.value), params, _CONTROL.sub("", one.group))
