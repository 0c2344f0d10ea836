"""The header of a message or of a MIME part, over its raw octets.

RFC 5322 §2.2 (fields), §2.2.3 (folding), §4.5 (space before the colon), RFC 6532 §3 (UTF-8 in values). What was parsed is written back
octet for octet; a header can be changed in two ways only: fields are prepended, or taken out. Not here: what a value means.

One rule says where a header ends: at the empty line, which belongs to it; else before the first line that is neither a field nor the
continuation of one; else at the end. Lines end with LF, with or without a CR before it; a CR elsewhere is a character like any other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

MAX_HEADER = 1 << 20  # octets looked at; what lies beyond is kept, as part of the header, and not parsed
MAX_FIELDS = 10_000  # fields told apart; the same

_NAME = rb"[!-9;-~]++[ \t]*+:"  # ftext, RFC 5322 §3.6.8; the space is obsolete syntax, §4.5
# All fields as group 1, and the empty line; a continuation of nothing begins no header.
_HEADER = re.compile(rb"(?![ \t])((?>(?:(?:" + _NAME + rb"|[ \t]).*+\n?+)*))(?>(?:\r?+\n)?)")
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:.*+(?>(?:\n[ \t].*+)*)\n?+")
_RUNS = re.compile(r"[ \t]+")
_EMPTY_LINE = re.compile(rb"\r?\n")
_END = re.compile(rb"\n\r?\n")


class Field(NamedTuple):
    """One field: its name as written, and all its octets, name, colon and last line end included."""

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        """The unfolded value without the white space around it."""
        return unfold(self.raw[self.raw.index(b":") + 1 :])


def unfold(value: bytes) -> bytes:
    """Takes out the line ends of folding (RFC 5322 §2.2.3) and the white space at both ends."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip(b" \t\r\n")


def spaced(text: str) -> str:
    """Each run of spaces and tabs as one space: what folding leaves is no part of what was written (RFC 5322 §3.2.2)."""
    return _RUNS.sub(" ", text) if "\t" in text or "  " in text else text


class Extent(NamedTuple):
    """Where a header lies: `[start, fields)` is parsed, `[fields, end)` is the empty line, or what was too much and then the empty line."""

    start: int
    fields: int
    end: int
    closed: bool
    truncated: bool


def extent(raw: bytes, start: int = 0, stop: int | None = None, limit: int = MAX_HEADER) -> Extent:
    """Finds the header that begins at `start` and does not reach beyond `stop` (the end of `raw`); linear, at most `limit` octets parsed."""
    stop = len(raw) if stop is None else stop
    most = start + limit
    match = _HEADER.match(raw, start, min(most, stop))
    if match is None:
        return Extent(start, start, start, False, False)
    fields, end = match.end(1), match.end()
    if end + 1 >= most < stop:
        return _cut(raw, start, fields, stop)
    return Extent(start, fields, end, end > fields, False)


def _cut(raw: bytes, start: int, fields: int, stop: int) -> Extent:
    fields = max(start, raw.rfind(b"\n", start, fields) + 1)
    while fields > start and raw[fields] in b" \t":  # the field that the limit cuts is left whole
        fields = max(start, raw.rfind(b"\n", start, fields - 1) + 1)
    end = _END.search(raw, max(start, fields - 1), stop)
    return Extent(start, fields, end.end() if end else stop, closed=bool(end), truncated=True)


class Header:
    """The fields in their order. `end` is where the body starts in the octets that were parsed; `separator` is the empty line, or b""."""

    __slots__ = ("_fields", "end", "separator", "start", "truncated")

    def __init__(self, fields: list[Field], separator: bytes = b"\r\n") -> None:
        self._fields = fields
        self.separator = separator
        self.start = self.end = 0
        self.truncated = False

    @classmethod
    def parse(cls, raw: bytes, start: int = 0, *, stop: int | None = None, limit: int = MAX_HEADER) -> Header:
        """The header at `start`; never raises. One without any field has the length 0, and `end == start` when no empty line is there."""
        where = extent(raw, start, stop, limit)
        fields: list[Field] = []
        at = where.start
        for match in _FIELD.finditer(raw, where.start, where.fields):
            if len(fields) == MAX_FIELDS:
                break
            fields.append(Field(match[1], match[0]))
            at = match.end()
        header = cls(fields, raw[at : where.end])
        header.start, header.end = where.start, where.end
        header.truncated = at != where.fields or where.truncated
        return header

    @property
    def closed(self) -> bool:
        """Whether an empty line ends it, so that it does not run into the text."""
        return bool(_EMPTY_LINE.fullmatch(self.separator)) or bool(_END.search(self.separator))

    def close(self) -> None:
        """Ends the header with an empty line when it has none, and its last line with CRLF."""
        if not self.closed:
            tail = self.separator or (self._fields[-1].raw if self._fields else b"\n")
            self.separator += b"\r\n" if tail.endswith(b"\n") else b"\r\n\r\n"

    def get(self, name: str) -> bytes | None:
        """The unfolded value of the first field of that name (any case); None without one."""
        wanted = name.lower().encode()
        for field in self._fields:
            if field.name.lower() == wanted:
                return field.value
        return None

    def all(self, name: str) -> list[bytes]:
        """The unfolded values of all fields of that name, in their order."""
        wanted = name.lower().encode()
        return [field.value for field in self._fields if field.name.lower() == wanted]

    def count(self, name: str) -> int:
        """How many fields have that name."""
        wanted = name.lower().encode()
        return sum(field.name.lower() == wanted for field in self._fields)

    def prepend(self, field: bytes) -> None:
        """Puts one whole field, folded and with its CRLF, at the top. Raises ValueError when it is not exactly one field."""
        match = _FIELD.fullmatch(field)
        if not match or not field.endswith(b"\r\n"):
            raise ValueError(f"not one header field: {field[:80]!r}")
        self._fields.insert(0, Field(match[1], field))

    def remove(self, name: str) -> int:
        """Takes out all fields of that name; says how many there were."""
        wanted = name.lower().encode()
        kept = [field for field in self._fields if field.name.lower() != wanted]
        removed = len(self._fields) - len(kept)
        self._fields = kept
        return removed

    def discard(self, fields: Collection[Field]) -> int:
        """Takes out these fields, each wherever it stands with the same octets; says how many there were."""
        unwanted = frozenset(fields)
        kept = [field for field in self._fields if field not in unwanted]
        removed = len(self._fields) - len(kept)
        self._fields = kept
        return removed

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __bytes__(self) -> bytes:
        return b"".join([field.raw for field in self._fields]) + self.separator


class Wanted:
    """A set of field names that are looked for together, in one scan: made once, where a module says what it reads."""

    __slots__ = ("_pattern",)

    def __init__(self, *names: str) -> None:
        joined = b"|".join(re.escape(name.encode()) for name in names)
        first = "".join(
            sorted({name[0].lower() for name in names} | {name[0].upper() for name in names})
        ).encode()
        # The look-ahead is for speed alone: most lines are other fields, and it is cheaper than the alternatives one by one.
        self._pattern = re.compile(
            rb"\n(?=[" + first + rb"])((?i:" + joined + rb"))[ \t]*+:(.*+(?>(?:\n[ \t].*+)*))"
        )

    def find(self, raw: bytes, where: Extent) -> tuple[dict[bytes, bytes], frozenset[bytes]]:
        """The first unfolded value of each name that is there (names in lower case), and the names that are there more than once."""
        if where.start:
            found = self._pattern.findall(raw, where.start - 1, where.fields)
        else:
            found = self._pattern.findall(b"\n" + raw[: where.fields])
        found.reverse()
        values = {
            name.lower(): unfold(value) if b"\n" in value else value.strip(b" \t\r") for name, value in found
        }
        return values, frozenset() if len(values) == len(found) else _repeated(found)


def _repeated(found: list[tuple[bytes, bytes]]) -> frozenset[bytes]:
    names = [name.lower() for name, _ in found]
    return (
        frozenset(name for name in names if names.count(name) > 1) if len(names) < 100 else frozenset(names)
    )
