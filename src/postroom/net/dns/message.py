"""A DNS message as it came: header, question, and records whose data is read when somebody wants it.

RFC 1035 §4.1 (the parts), §4.1.4 (pointers: only backwards, so that none leads in a circle), RFC 6891 §6.1.3 (the upper bits of the response code).
Whoever owns a name chooses what stands here: each place is read once, however many records point to it, so that no message costs more than its
length. (dnspython, which writes our questions, takes half a minute for 64 KiB of long names.) Not here: what a record means (`dns_reading`).
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

IN = 1  # the class
OPT = 41  # the record type of EDNS
QR, TC, AD = 0x8000, 0x0200, 0x0020  # flags of the header
MOST_OCTETS = 255  # of a name, RFC 1035 §2.3.4
MOST_POINTERS = 127  # on the way through one name: no more than it can have labels
_HEADER = struct.Struct("!6H")
_QUESTION = struct.Struct("!2H")
_RECORD = struct.Struct("!2HIH")
_POINTER = 0xC0
_PLAIN = re.compile(rb"[0-9a-z_-]*").fullmatch
_QUOTED = frozenset(b'"().;\\@$')


class Malformed(Exception):
    """The octets are no message, or no such record."""


class Question(NamedTuple):
    """What was asked."""

    name: str
    kind: int
    class_: int = IN


class Record(NamedTuple):
    """A record; its data stands in the message from `start` to before `end`."""

    name: str
    kind: int
    class_: int
    ttl: int
    start: int
    end: int


class _Name(NamedTuple):
    """As text, in lower case, without a final dot; and how many octets its labels have on the wire."""

    text: str = ""
    octets: int = 0

    def behind(self, labels: _Name) -> _Name:
        """The name that has these labels before those of this one."""
        octets = labels.octets + self.octets
        if octets >= MOST_OCTETS:
            raise Malformed("a name is too long")
        return _Name(f"{labels.text}{'.' * bool(labels.text and self.text)}{self.text}", octets)


class Message:
    """A message; raises `Malformed`. What stands behind its last record is not looked at."""

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self._names: dict[int, _Name] = {}
        try:
            counts: list[int]
            self.flags: int
            self.id, self.flags, *counts = _HEADER.unpack_from(wire)
            self._at = _HEADER.size
            self.questions = [self._question() for _ in range(counts[0])]
            self.answer, self.authority, further = (
                [self._record() for _ in range(count)] for count in counts[1:]
            )
        except (IndexError, struct.error) as error:
            raise Malformed("it ends too early") from error
        self.rcode = self.flags & 0xF
        for one in further:
            if one.kind == OPT:
                self.rcode |= one.ttl >> 24 << 4

    @property
    def opcode(self) -> int:
        """0 for a query's."""
        return self.flags >> 11 & 0xF

    def data(self, one: Record) -> bytes:
        """The data of one of its records."""
        return self._wire[one.start : one.end]

    def name(self, place: int) -> tuple[str, int]:
        """The name at a place, and where it ends there; raises `Malformed` or IndexError."""
        end = 0
        way: list[tuple[int, _Name]] = []
        found: _Name | None = None
        while found is None:
            labels, after, target = self._labels(place)
            way.append((place, labels))
            end = end or after
            if target is None:
                found = _Name()
            elif target >= place or len(way) > MOST_POINTERS:
                raise Malformed("a pointer leads nowhere")
            else:
                place, found = target, self._names.get(target)
        for passed, labels in reversed(way):
            found = self._names[passed] = found.behind(labels)
        return found.text, end

    def _labels(self, at: int) -> tuple[_Name, int, int | None]:
        """The labels at a place, where they end, and where a pointer goes on."""
        wire, start, labels = self._wire, at, []
        while 0 < (size := wire[at]) < 64 and at - start < MOST_OCTETS:
            labels.append(_label(wire[at + 1 : at + 1 + size]))
            at += 1 + size
        found = _Name(".".join(labels), at - start)
        if size == 0:
            return found, at + 1, None
        if size < _POINTER:
            raise Malformed("a name is too long, or of no known kind")
        return found, at + 2, (size & 0x3F) << 8 | wire[at + 1]

    def _question(self) -> Question:
        name, at = self.name(self._at)
        self._at = at + _QUESTION.size
        return Question(name, *_QUESTION.unpack_from(self._wire, at))

    def _record(self) -> Record:
        name, at = self.name(self._at)
        kind, class_, ttl, size = _RECORD.unpack_from(self._wire, at)
        start = at + _RECORD.size
        self._at = start + size
        if self._at > len(self._wire):
            raise Malformed("it ends too early")
        return Record(name, kind, class_, ttl, start, self._at)


def _label(octets: bytes) -> str:
    """A label as text (RFC 1035 §5.1)."""
    octets = octets.lower()
    if _PLAIN(octets):
        return octets.decode()
    return "".join(_printed(octet) for octet in octets)


def _printed(octet: int) -> str:
    if octet in _QUOTED:
        return "\\" + chr(octet)
    return chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"
