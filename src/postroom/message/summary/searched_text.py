"""The words of a message in which BODY, TEXT and HEADER look, decoded: exactly, and in the one form that the search index keeps.

RFC 9051 §6.4.4 (BODY is the body, TEXT the header and MIME header fields too; parts that are neither text nor messages may be left out), RFC 2045 §6,
RFC 2047. Of HTML its words are taken, without the markup but `alt` and `title`; headers of messages within the message are body. White space in a field is
one space, however it was folded. Not here: comparing (`message.encodings.casemap`), and the index itself.
"""

from __future__ import annotations

import re
import sys
from typing import Final

import msgspec

from postroom.message.encodings import encoded_words
from postroom.message.encodings.charset import header_text
from postroom.message.headers.address_list import Group, mailboxes, parse_address_list
from postroom.message.headers.header import Header, spaced
from postroom.message.mime.structure import Part, scan
from postroom.message.mime.text import part_text

MAX_INDEXED: Final = (
    1 << 19
)  # characters of one message that the index keeps; a message with more is read when it is searched
DIVIDER: Final = "\x1d"  # between header and body in the index's form; stands in no text
_OF_PEOPLE: Final = frozenset((b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc"))
# In most fields nothing is shown in other words than it is written in.
_OTHER_WORDS: Final = re.compile(rb'=\?|[\\(]|"@|[ \t][@.]|[@.][ \t]|"[ \t]++[^<\s,]|[^,:;\s][ \t]++"')
PARTLY: Final = "\x1cpartly indexed\x1c"  # begins the form of a message of which the index does not keep all


class Searched(msgspec.Struct, frozen=True):
    """Texts with LF line ends, of the header one field a line; `whole`: nothing was left out."""

    header: str
    body: str
    whole: bool = True


def searched(raw: bytes, most: int | None = None) -> Searched:
    """The words of a message; with `most`, about so many characters of them at most. Never raises."""
    structure = scan(raw)
    header: list[str] = []
    body: list[str] = []
    left = sys.maxsize if most is None else most
    for index, part in enumerate(structure.parts):
        head = fields(raw, part)
        (body if part.is_message and index else header).append(head)
        left -= len(head)
        if part.leaf and part.media_type in ("text", "message") and left > 0:
            words = part_text(raw, part, None if most is None else left + 1, attributes=True)
            body.append(words)
            left -= max(len(words), part.size if most is not None and part.size > left else 0)
        if left <= 0:
            return Searched("\n".join(header)[:most], "\n".join(body), whole=False)
    return Searched("\n".join(header), "\n".join(body))


def fields(raw: bytes, part: Part) -> str:
    """The header fields of a part, each on a line, decoded."""
    found = Header.parse(raw, part.header_start, stop=part.body_start)
    return "\n".join(
        [f"{field.name.decode('ascii', 'replace')}: {_told(field.name, field.value)}" for field in found]
    )


def values(raw: bytes, name: str) -> list[str]:
    """The values of the header fields of this name, decoded."""
    return [_told(name.encode(), value) for value in Header.parse(raw).all(name)] if name.isascii() else []


def _told(name: bytes, value: bytes) -> str:
    """A value decoded; of addresses also the names and addresses as they are shown, where these are other words: `a@b,=?utf-8?q?J=C3=B6rg?=<c@d>`."""
    decoded = spaced(encoded_words.decode(header_text(value)))
    if name.lower() not in _OF_PEOPLE or not _OTHER_WORDS.search(value):
        return decoded
    entries = parse_address_list(value)
    words = [entry.name for entry in entries if isinstance(entry, Group)]
    words += [word for spec in mailboxes(entries) for word in (spec.name, spec.email)]
    near = decoded[: encoded_words.MAX_DECODED]
    return " ".join([decoded, *[word for word in map(spaced, words) if word not in near]])


def plain(text: str) -> str:
    """Text without what divides the index's form."""
    return text.replace("\x1c", " ").replace(DIVIDER, " ")


def indexed_form(raw: bytes) -> str:
    """What the index keeps of a message."""
    found = searched(raw, MAX_INDEXED)
    form = f"{plain(found.header)}{DIVIDER}{plain(found.body)}"
    return form if found.whole else PARTLY + form
