"""Files of contacts, whatever they are written in: vCard, xCard or CSV, in and out of JSContact.

RFC 6350, RFC 2426, RFC 6351, RFC 4180. What a file is, its content says, since names and types of files do not. Not here: how each is written.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import msgspec

from postroom.message.contacts import csv_reading, csv_writing, vcard, vcard_writing, xcard, xcard_writing
from postroom.message.contacts.from_vcard import from_vcard
from postroom.message.contacts.to_vcard import to_vcard

Object = dict[str, Any]


class Format(enum.StrEnum):
    """Of a file that is written."""

    VCARD = "vcard"
    VCARD3 = "vcard3"
    XCARD = "xcard"
    CSV = "csv"
    CSV_OUTLOOK = "csv-outlook"

    @property
    def media_type(self) -> str:
        """What it is served as."""
        if self in (Format.VCARD, Format.VCARD3):
            return "text/vcard;charset=utf-8"
        return "application/vcard+xml" if self is Format.XCARD else "text/csv;charset=utf-8"

    @property
    def extension(self) -> str:
        """How a file's name ends."""
        if self in (Format.VCARD, Format.VCARD3):
            return "vcf"
        return "xml" if self is Format.XCARD else "csv"


class CardFile(msgspec.Struct, frozen=True):
    """`form` is what the file was: vcard, xcard or csv. `complaints`: what was left out."""

    form: Format
    cards: list[Object]
    complaints: list[str]


def read(octets: bytes) -> CardFile:
    """The cards of a file; raises `vcard.NotContacts`. They are not checked yet (`jscontact.problems`)."""
    begin = octets[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin[:1] == b"<":
        read = xcard.read(octets)
        return CardFile(Format.XCARD, [from_vcard(one) for one in read.cards], read.complaints)
    if b"BEGIN:VCARD" in begin.replace(b"\0", b"").upper():
        read = vcard.read(octets)
        return CardFile(Format.VCARD, [from_vcard(one) for one in read.cards], read.complaints)
    found = csv_reading.read(octets)
    return CardFile(Format.CSV, found.cards, found.complaints)


def write(cards: Sequence[Object], form: Format) -> bytes:
    """A file of valid cards."""
    if form in csv_writing.FORMS:
        return csv_writing.FORMS[form](cards)
    made = [to_vcard(card) for card in cards]
    if form is Format.XCARD:
        return xcard_writing.write(made)
    return vcard_writing.write(made, "3.0" if form is Format.VCARD3 else "4.0")
