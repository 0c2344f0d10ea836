"""A message as a milter sees it, and as it has changed it.

Fields go to the filter unfolded from CRLF to LF, and come back so; with LEADING_SPACE the space behind the colon is the filter's matter. Numbers
of fields stay what they were when one is taken out, as in Sendmail. Not here: the envelope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from postroom.message.headers.header import Field
from postroom.proto.milter.changes import BadMilter, BodyReplaced, Change, HeaderAdded, HeaderChanged
from postroom.proto.milter.client import c_strings

_NAME = re.compile(rb"[!-9;-~]{1,200}")
_LINE_END = re.compile(rb"(?<!\r)\r*+\n|\r")  # a run of CR is looked through once, from its beginning
_CONTINUED = re.compile(rb"\r\n(?![ \t])")
MOST_FIELD = 65_536  # octets of a field that a filter makes


def header_data(field: Field, *, leading_space: bool) -> bytes:
    """What HEADER says of a field."""
    value = field.raw.partition(b":")[2].rstrip(b"\r\n").replace(b"\r\n", b"\n")
    if not leading_space and value[:1] in {b" ", b"\t"}:
        value = value[1:]
    return c_strings([field.name, value])


def changed_fields(fields: Sequence[Field], changes: Iterable[Change], *, leading_space: bool) -> bytes:
    """All fields after these changes, in their order, each with its CRLF. Raises BadMilter."""
    # Beside each field its name; one that was taken out leaves its place, so that numbers stay.
    edited: list[tuple[bytes, bytes]] = [(field.name.lower(), _ended(field.raw)) for field in fields]
    edited.insert(0, (b"", b""))  # the server's Received, which comes later: numbers for insertion count it
    for change in changes:
        if isinstance(change, HeaderAdded):
            added = (change.name.lower(), _field(change.name, change.value, leading_space=leading_space))
            edited.insert(len(edited) if change.at is None else min(change.at, len(edited)), added)
        elif isinstance(change, HeaderChanged):
            _change(edited, change, leading_space=leading_space)
    return b"".join(raw for _, raw in edited)


def changed_body(changes: Iterable[Change]) -> bytes | None:
    """The new body, its lines ended by CRLF; None when it stays what it was."""
    pieces = [change.piece for change in changes if isinstance(change, BodyReplaced)]
    return _LINE_END.sub(b"\r\n", b"".join(pieces)) if pieces else None


def _change(edited: list[tuple[bytes, bytes]], change: HeaderChanged, *, leading_space: bool) -> None:
    name, left = change.name.lower(), change.nth
    raw = _field(change.name, change.value, leading_space=leading_space) if change.value else b""
    for place, (found, _) in enumerate(edited):
        if found == name:
            left -= 1
            if not left:
                edited[place] = (name, raw)
                return
    if raw:
        edited.append((name, raw))


def _field(name: bytes, value: bytes, *, leading_space: bool) -> bytes:
    if not _NAME.fullmatch(name):
        raise BadMilter("it named a field with octets that no name has")
    if len(value) > MOST_FIELD:
        raise BadMilter(f"it made a field of {len(value)} octets")
    folded = _LINE_END.sub(b"\r\n", value.rstrip(b"\r\n").replace(b"\0", b""))
    folded = _CONTINUED.sub(b"\r\n\t", folded)
    return name + (b":" if leading_space and folded[:1] in {b" ", b"\t"} else b": ") + folded + b"\r\n"


def _ended(raw: bytes) -> bytes:
    return raw if raw.endswith(b"\n") else raw + b"\r\n"
