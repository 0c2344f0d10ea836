"""vCards as lists of properties: reading versions 2.1, 3.0 and 4.0 of anybody's making into the form of 4.0.

RFC 6350 §3 (lines, folding, escapes), RFC 6868 (what quotes cannot carry), RFC 2426 (3.0), and of vCard 2.1, which no RFC defines, bare parameters and
quoted-printable. Linear and bounded; a line that is none is left out and told of. Not here: what properties mean (`from_vcard`), writing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from postroom.message.contacts.older import newer
from postroom.message.contacts.properties import Property, VCard
from postroom.message.encodings import charset

MAX_OCTETS: Final = 64 << 20  # of what is read at once
MAX_LINE: Final = 4 << 20  # octets of one unfolded line
MAX_CARDS: Final = 20_000  # of one file
MAX_PROPERTIES: Final = 5_000  # of one card
MAX_VALUES: Final = (
    1_000_000  # of one file, lines and what stands in them: what is made of one is a hundred times as large
)
MAX_PARAMETERS: Final = 100  # values of parameters of one property
MAX_COMPLAINTS: Final = 100  # lines and cards left out that are told of

_SEVERAL: Final = frozenset(("N", "ADR", "ORG", "NICKNAME", "CATEGORIES"))  # have several values in a line
_HEAD: Final = 1_000  # octets of a line in which its encoding and charset are looked for
_NAME: Final = re.compile(r"(?:([A-Za-z0-9_-]+)\.)?([A-Za-z0-9_-]+)")
_PARAMETER: Final = re.compile(r"[ \t]*([A-Za-z0-9_-]+)[ \t]*(=?)")
_PLAIN: Final = re.compile(r'[^";:,]*')
_CHARSET: Final = re.compile(rb";CHARSET=\"?([A-Za-z0-9_.-]{1,40})", re.IGNORECASE)  # of 2.1
_CARETS: Final = re.compile(r"\^([n^'])")


class NotContacts(ValueError):
    """What was given cannot be read as contacts; the words say why."""


class Read(msgspec.Struct, frozen=True):
    """Cards, and what was left out."""

    cards: list[VCard]
    complaints: list[str]


def read(octets: bytes) -> Read:
    """The cards of a file; raises `NotContacts` when there is none, or too much."""
    if len(octets) > MAX_OCTETS:
        raise NotContacts(f"there are more than {MAX_OCTETS >> 20} MiB: import it in parts")
    reading = _Reading()
    for number, line in _lines(octets):
        reading.line(number, line)
    reading.end()
    if not reading.cards:
        raise NotContacts("there is no vCard in it (BEGIN:VCARD ... END:VCARD)")
    return Read(reading.cards, reading.complaints)


def _lines(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Unfolded lines with the numbers of their first ones. Octets are unfolded, since some fold within a character."""
    pieces: list[bytes] = []
    start, soft, quoted = 0, False, False
    for number, line in enumerate(octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        if pieces and soft:
            pieces[-1] = pieces[-1][:-1]  # a soft line break of quoted-printable, RFC 2045 §6.7: no folding
            pieces.append(line)
        elif pieces and line[:1] in (b" ", b"\t"):
            pieces.append(line[1:])
        else:
            if pieces:
                yield start, b"".join(pieces)
            pieces, start, soft = [line], number, False
            quoted = b"QUOTED-PRINTABLE" in line[:_HEAD].partition(b":")[0].upper()
        soft = quoted and pieces[-1].endswith(b"=")
    yield start, b"".join(pieces)


class _Reading:
    def __init__(self) -> None:
        self.cards: list[VCard] = []
        self.complaints: list[str] = []
        self._version = ""
        self._open = 0
        self._values = 0
        self._properties: list[Property] = []

    def line(self, number: int, line: bytes) -> None:
        self._count(1)
        if not line.strip():
            return
        if len(line) > MAX_LINE:
            self._complain(number, f"it has more than {MAX_LINE >> 20} MiB")
            return
        found = _property(line)
        if found is None:
            self._complain(number, "it is no line of a vCard")
            return
        what = (found.name, found.value.strip().upper())
        if what == ("BEGIN", "VCARD"):
            self._open += 1
            if self._open == 1:
                self._properties, self._version = [], ""
        elif what == ("END", "VCARD"):
            self._close(number)
        elif self._open == 1 and found.name == "VERSION":
            self._version = found.value.strip()
        elif self._open == 1:  # a card within another (AGENT of 2.1) is left out
            self._add(number, found)

    def _add(self, number: int, found: Property) -> None:
        if len(self._properties) >= MAX_PROPERTIES:
            self._complain(number, f"its card has more than {MAX_PROPERTIES} lines")
            return
        if found.name in _SEVERAL:
            self._count(sum(map(found.value.count, ",;")))
        self._properties.append(found)

    def _count(self, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise NotContacts(f"there are more than {MAX_VALUES} lines and values: import it in parts")

    def _close(self, number: int) -> None:
        if self._open != 1:
            self._open = max(0, self._open - 1)
            return
        self._open = 0
        if len(self.cards) >= MAX_CARDS:
            raise NotContacts(f"there are more than {MAX_CARDS} cards: import them in parts")
        if not self._properties:
            self._complain(number, "its card is empty")
            return
        card = [newer(one, self._version) for one in self._properties]
        self.cards.append(VCard(tuple(card)))

    def end(self) -> None:
        if self._open:
            self._complain(0, "its card does not end")

    def _complain(self, number: int, words: str) -> None:
        if len(self.complaints) < MAX_COMPLAINTS:
            self.complaints.append(
                f"line {number} was left out: {words}" if number else f"the last line: {words}"
            )


def _property(line: bytes) -> Property | None:
    declared = None if line.isascii() else _CHARSET.search(line[:_HEAD].partition(b":")[0])
    text = charset.decode(line, declared[1].decode() if declared else None).text
    name = _NAME.match(text)
    if name is None:
        return None
    params: dict[str, tuple[str, ...]] = {}
    at, count = name.end(), 0
    while text[at : at + 1] == ";":
        found = _PARAMETER.match(text, at + 1)
        if found is None:
            return None
        at = found.end()
        if found[2]:
            values, at = _values(text, at)
        else:  # a bare one of 2.1
            values = [found[1]]
        key = found[1].lower() if found[2] else _bare(found[1])
        count += len(values)
        if count > MAX_PARAMETERS:
            return None
        params[key] = (*params.get(key, ()), *values)
    if text[at : at + 1] != ":":
        return None
    return Property(name[2].upper(), text[at + 1 :], params, name[1] or "")


def _bare(word: str) -> str:
    upper = word.upper()
    if upper in ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"):
        return "encoding"
    return "value" if upper in ("URL", "INLINE", "CONTENT-ID") else "type"


def _values(text: str, at: int) -> tuple[list[str], int]:
    values: list[str] = []
    while True:
        if text[at : at + 1] == '"':
            end = text.find('"', at + 1)
            end = len(text) if end < 0 else end
            values.append(_CARETS.sub(_caret, text[at + 1 : end]))
            at = end + 1
        else:
            found = _PLAIN.match(text, at)
            assert found is not None, "it matches nothing, too"
            values.append(_CARETS.sub(_caret, found[0]))
            at = found.end()
        if text[at : at + 1] != ",":
            return values, at
        at += 1


def _caret(found: re.Match[str]) -> str:
    return {"n": "\n", "^": "^", "'": '"'}[found[1]]
