"""Ids of blobs: an object of the store, or what is in a part of the message that it is.

RFC 8620 §6, RFC 8621 §4.1.4 (a part's blob is its content, decoded). `B1a` is an object, `B1a_2_1` part 2.1 of the message in it, `B1a_2-1` part 1 of the
message that is attached as part 2. A part that lies so deep that its id would be too long is named by its place among all: `B1a_p17`. Not here: the octets.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from postroom.message.ids import IdKind, id_text, parse_id

MAX_WITHIN: Final = 10  # messages within each other that an id leads through

LONGEST: Final = 180  # characters of an id by the numbers of parts: those that lie within it have room up to 255 (RFC 8620 §1.2)

_WRITTEN: Final = re.compile(r"(B[0-9a-z]{1,13})((?:[_-]p?[0-9]{1,4})*)")
_NUMBER: Final = re.compile(r"[_-]p?[0-9]+")


class BlobId(msgspec.Struct, frozen=True):
    """`parts`: section numbers, the outermost message's first; none for the object itself."""

    number: int
    parts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return id_text(IdKind.BLOB, self.number) + "".join(
            ("-" if at else "_") + part.replace(".", "_") for at, part in enumerate(self.parts)
        )

    def part(self, section: str, place: int) -> BlobId:
        """What is in a part of the message that this is; `place`: which of all it is."""
        found = BlobId(self.number, (*self.parts, section))
        return found if len(str(found)) <= LONGEST else BlobId(self.number, (*self.parts, placed(place)))


def placed(place: int) -> str:
    """How a part is named by its place among all of its message, the first one being 0."""
    return f"p{place}"


def read_blob_id(text: str) -> BlobId | None:
    """An id as it is written here; None for any other text."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    number = parse_id(IdKind.BLOB, written[1])
    if number is None or id_text(IdKind.BLOB, number) != written[1]:
        return None
    parts: list[str] = []
    for piece in _NUMBER.findall(written[2]):
        if piece[0] == "-" or not parts:
            parts.append(piece[1:])
        else:
            parts[-1] += "." + piece[1:]
    found = BlobId(number, tuple(parts))
    return found if len(parts) <= MAX_WITHIN and str(found) == text else None
