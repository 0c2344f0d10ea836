"""Cards out of vCards, and through files of them."""

from __future__ import annotations

from typing import Any

from postroom.message.contacts import vcard, vcard_writing
from postroom.message.contacts.from_vcard import from_vcard
from postroom.message.contacts.jscontact import problems
from postroom.message.contacts.to_vcard import to_vcard


def card(*lines: str, version: str = "4.0") -> dict[str, Any]:
    """The Card of a vCard with these lines."""
    text = "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])
    (found,) = vcard.read(text.encode()).cards
    made = from_vcard(found)
    assert problems(made) == []
    return made


def again(made: dict[str, Any], version: str = "4.0") -> dict[str, Any]:
    """The Card that comes back out of a file."""
    written = vcard_writing.write([to_vcard(made)], version)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    (found,) = vcard.read(written).cards
    return from_vcard(found)
