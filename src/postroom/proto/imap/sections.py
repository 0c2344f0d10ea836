"""Sections of a message as clients name them: `1.2.MIME`, `HEADER.FIELDS (DATE FROM)`, and which octets of one: `<0.2048>`.

RFC 9051 §6.4.5.1 and §9 (section, section-binary, partial). A section is written back to the client as it was understood. Not here: where a section
lies in a message (`serve.imap.sections`).
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from postroom.proto.imap import rendering
from postroom.proto.imap.grammar import ImapCursor, astring, number64, nz_number, parenthesized

MAX_PART_NUMBERS: Final = 200  # numbers of one part specifier, 1.2.3; a message has at most 100 levels
MAX_FIELD_NAMES: Final = 500  # names in one HEADER.FIELDS
_FIELDS: Final = frozenset({b"HEADER.FIELDS", b"HEADER.FIELDS.NOT"})


class Of(enum.Enum):
    """What of a message or part is meant."""

    ALL = b""
    HEADER = b"HEADER"
    FIELDS = b"HEADER.FIELDS"
    NOT_FIELDS = b"HEADER.FIELDS.NOT"
    TEXT = b"TEXT"
    MIME = b"MIME"


_MESSAGE_TEXTS: Final = {of.value: of for of in (Of.HEADER, Of.FIELDS, Of.NOT_FIELDS, Of.TEXT)}
_PART_TEXTS: Final = {**_MESSAGE_TEXTS, Of.MIME.value: Of.MIME}


class Section(msgspec.Struct, frozen=True):
    """`part` is "" for the message itself, else `1.2`; `fields` are the names of HEADER.FIELDS as they came, without repeats."""

    part: str = ""
    of: Of = Of.ALL
    fields: tuple[bytes, ...] = ()

    def render(self) -> bytes:
        """What stands between the brackets."""
        text = self.of.value
        if self.fields:
            text = b"%b (%b)" % (text, b" ".join(map(rendering.astring, self.fields)))
        return b".".join(filter(None, (self.part.encode(), text)))


WHOLE: Final = Section()


def section(c: ImapCursor) -> Section:
    """`[` [section-spec] `]`."""
    c.expect(b"[", "a section in brackets")
    if c.accept(b"]"):
        return WHOLE
    part = _part(c)
    if part and c.accept(b"]"):
        return Section(part)
    of = _text(c, _PART_TEXTS if part else _MESSAGE_TEXTS)
    fields: tuple[bytes, ...] = ()
    if of.value in _FIELDS:
        c.sp()
        fields = tuple(dict.fromkeys(parenthesized(c, _field, least=1)))
        if len(fields) > MAX_FIELD_NAMES:
            raise c.error(f"at most {MAX_FIELD_NAMES} names of fields")
    c.expect(b"]", "the ] of the section")
    return Section(part, of, fields)


def section_binary(c: ImapCursor) -> Section:
    """`[` [section-part] `]`."""
    c.expect(b"[", "a section in brackets")
    if c.accept(b"]"):
        return WHOLE
    start = c.position
    part = _part(c)
    if not part or not c.accept(b"]"):
        c.position = start
        raise c.error("numbers of a part, such as [1.2],")
    return Section(part)


def partial(c: ImapCursor) -> tuple[int, int] | None:
    """`<` offset `.` octets `>`; None when it does not follow."""
    if not c.accept(b"<"):
        return None
    offset = number64(c, "the first octet")
    c.expect(b".", "a dot and the number of octets")
    start = c.position
    count = number64(c, "the number of octets")
    if not count:
        c.position = start
        raise c.error("a number of octets from 1 on")
    c.expect(b">", "the > of the partial")
    return offset, count


def _part(c: ImapCursor) -> str:
    """Numbers; a dot behind them that a word follows is taken too."""
    numbers: list[str] = []
    while 0x30 <= c.peek_octet() <= 0x39:
        numbers.append(str(nz_number(c, "the number of a part, from 1 on,")))
        if len(numbers) > MAX_PART_NUMBERS:
            raise c.error(f"at most {MAX_PART_NUMBERS} numbers in one section")
        if not c.accept(b"."):
            if not c.peek(b"]"):
                raise c.error("a dot or ] behind the number of a part")
            break
    else:
        if numbers and not 0x41 <= c.peek_octet() & 0xDF <= 0x5A:
            raise c.error("a number or HEADER, TEXT, MIME behind the dot")
    return ".".join(numbers)


def _text(c: ImapCursor, known: dict[bytes, Of]) -> Of:
    start = c.position
    word = c.take_while(_LETTERS).upper()
    of = known.get(word)
    if of is None:
        c.position = start
        raise c.error("HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT, or MIME behind the number of a part,")
    return of


def _field(c: ImapCursor) -> bytes:
    return astring(c, "the name of a field")


_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.")
