"""The few values of a packed summary that searching, sorting and threading look at, without unpacking the rest.

RFC 5256 §2 and §3, RFC 5957 §3. What it leaves out stays packed, and `reader` leaves out all but what
one looks for: a thousand summaries take half a millisecond. Not here: what is made of a message
(`message.summary.summary`), of which this follows the order of values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast, get_type_hints

import msgspec

from postroom.message.headers.dates import Moment
from postroom.message.summary.summary import VERSION, Person

_PACKED = msgspec.Raw()


class Words(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """As `Summary`, from its first value to `references`."""

    version: int = VERSION
    size: msgspec.Raw = _PACKED
    header_size: msgspec.Raw = _PACKED
    flags: msgspec.Raw = _PACKED
    envelope: bytes = b""
    body_structure: msgspec.Raw = _PACKED
    sections: msgspec.Raw = _PACKED
    subject: str = ""
    base_subject: str = ""
    sender: msgspec.Raw = _PACKED
    from_: list[Person] = []
    reply_to: msgspec.Raw = _PACKED
    to: list[Person] = []
    cc: list[Person] = []
    bcc: list[Person] = []
    sent_at: Moment | None = None
    message_id: list[str] = []
    in_reply_to: list[str] = []
    references: list[str] = []


_NOTHING = Words()


def reader(*names: str) -> Callable[[Sequence[bytes]], list[Words | None]]:
    """What reads these values of packed summaries; None of what is no summary of this version. Other values may not be looked at."""
    types, order = get_type_hints(Words), Words.__struct_fields__
    fields = [
        (name, types[name] if name in names or name == "version" else msgspec.Raw, getattr(_NOTHING, name))
        for name in order[: 1 + max(map(order.index, names))]
    ]
    shape = msgspec.defstruct("Words", fields, frozen=True, array_like=True, gc=False)
    decode = msgspec.msgpack.Decoder(shape).decode

    def one(packed: bytes) -> Words | None:
        try:
            found = cast("Words", decode(packed))
        except msgspec.DecodeError:
            return None
        return found if found.version == VERSION else None

    def read(packed: Sequence[bytes]) -> list[Words | None]:
        try:
            found = [decode(octets) for octets in packed]
        except msgspec.DecodeError:
            return [one(octets) for octets in packed]
        return [words if words.version == VERSION else None for words in cast("list[Words]", found)]

    return read


def people(persons: list[Person]) -> str:
    """Mailboxes as they are looked through: `Alice <alice@crepes.test>, bob@hamburger.test`."""
    return ", ".join(
        [f"{person.name} <{person.email}>" if person.name else person.email for person in persons]
    )
