"""The canonical forms of fields and of a body, and the streaming hash of a body.

RFC 6376 §3.4 (simple, relaxed), §3.7 (what is hashed), §5.4.2 (several fields of one name: from the bottom up). A line ends with CRLF and
nothing else; a CR or LF by itself is a character of the body. Not here: keys, and whether a hash is the right one.
"""

from __future__ import annotations

import enum
import hashlib

from postroom.message.headers.header import Field, Header

MOST_AT_ONCE = 1 << 18  # octets of a body made canonical in one go; a longer piece is cut
_BLANK_LINES = b"\r\n" * 4096


class Canon(enum.StrEnum):
    """The two algorithms."""

    SIMPLE = "simple"
    RELAXED = "relaxed"


def squeeze(octets: bytes) -> bytes:
    """Each run of spaces and tabs as one space; passes are few, since each halves the runs."""
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    return octets


def relaxed_field(name: bytes, value: bytes) -> bytes:
    """RFC 6376 §3.4.2, without the CRLF at the end; `value` is all behind the colon."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return name.lower() + b":" + squeeze(value).strip(b" ")


class SignedFields:
    """The fields of a header as signatures name them. Forms are made once, however many signatures there are."""

    __slots__ = ("_at", "_relaxed", "fields")

    def __init__(self, header: Header) -> None:
        self.fields = list(header)
        self._relaxed: dict[int, bytes] = {}
        self._at: dict[bytes, list[int]] = {}
        for place, field in enumerate(self.fields):
            self._at.setdefault(field.name.lower(), []).append(place)

    def places(self, name: bytes) -> list[int]:
        """Where the fields of a name (in lower case) stand, from the top."""
        return self._at.get(name, [])

    def chosen(self, names: tuple[bytes, ...], canon: Canon, own: int = -1) -> list[bytes]:
        """The canonical fields that `names` (in lower case) choose, each with CRLF; `own` is the place of the signature itself.

        A name that comes again chooses the next one above; one that finds no field left adds nothing (RFC 6376 §5.4.2, §3.5 of h=).
        """
        left: dict[bytes, list[int]] = {}
        found: list[bytes] = []
        for name in names:
            rest = left.get(name)
            if rest is None:
                rest = left[name] = [place for place in self._at.get(name, ()) if place != own]
            if rest:
                found.append(self.canonical(rest.pop(), canon))
        return found

    def canonical(self, place: int, canon: Canon) -> bytes:
        """One field, with CRLF."""
        field = self.fields[place]
        if canon is Canon.SIMPLE:
            return field.raw if field.raw.endswith(b"\r\n") else field.raw.rstrip(b"\r\n") + b"\r\n"
        made = self._relaxed.get(place)
        if made is None:
            made = relaxed_field(field.name, value_of(field)) + b"\r\n"
            self._relaxed[place] = made
        return made


def value_of(field: Field) -> bytes:
    """All octets behind the colon."""
    return field.raw[field.raw.index(b":") + 1 :]


class BodyHash:
    """SHA-256 over a canonical body that comes in pieces, cut anywhere, and over the beginnings of it that somebody wants (l= of RFC 6376 §3.5).

    Each octet is made canonical and hashed once, however many beginnings there are.
    """

    def __init__(self, canon: Canon) -> None:
        self._relaxed = canon is Canon.RELAXED
        self._hash = hashlib.sha256()
        self._blank = 0  # line ends that count only if something follows
        self._held = b""  # " ", "\r" or " \r" at the end of what came
        self.octets = 0  # of the canonical body so far
        self._lengths: list[int] = []  # of beginnings that are wanted and not complete, the shortest last
        self._beginnings: dict[int, bytes] = {}
        self._whole = b""

    def want(self, length: int) -> None:
        """Says, before anything is fed, that the hash of the first `length` octets will be asked for."""
        if length not in self._lengths:
            self._lengths.append(length)
            self._lengths.sort(reverse=True)

    def feed(self, piece: bytes) -> None:
        """Takes the next octets."""
        if len(piece) <= MOST_AT_ONCE:
            self._take(piece)
            return
        for start in range(0, len(piece), MOST_AT_ONCE):
            self._take(piece[start : start + MOST_AT_ONCE])

    def digest(self, length: int | None = None) -> bytes:
        """The hash of the whole body, or of a beginning, which is the whole where it is shorter; nothing may be fed after."""
        if not self._whole:
            self._finish()
            self._whole = self._hash.digest()
        return self._whole if length is None else self._beginnings.get(length, self._whole)

    def _take(self, piece: bytes) -> None:
        text = self._held + piece
        held = b""
        if text.endswith(b"\r"):
            text, held = text[:-1], b"\r"
        if self._relaxed:
            text = squeeze(text)
            if text.endswith(b" "):
                text, held = text[:-1], b" " + held
            if b" \r\n" in text:
                text = text.replace(b" \r\n", b"\r\n")
        self._held = held
        end = _before_blank_lines(text)
        blank = (len(text) - end) // 2
        if end:
            self._emit_blank_lines()
            self._emit(text[:end])
            self._blank = blank
        else:
            self._blank += blank

    def _finish(self) -> None:
        if self._held.endswith(b"\r"):  # one without LF is a character
            self._emit_blank_lines()
            self._emit(self._held)
        if (
            self.octets or not self._relaxed
        ):  # RFC 6376 §3.4.3: an empty simple body is CRLF; §3.4.4: a relaxed one is nothing
            self._emit(b"\r\n")

    def _emit_blank_lines(self) -> None:
        while self._blank:
            lines = min(self._blank, len(_BLANK_LINES) // 2)
            self._emit(_BLANK_LINES[: 2 * lines])
            self._blank -= lines

    def _emit(self, octets: bytes) -> None:
        begun, done = self.octets, 0
        self.octets += len(octets)
        while self._lengths and self._lengths[-1] <= self.octets:
            length = self._lengths.pop()
            self._hash.update(octets[done : length - begun])
            done = length - begun
            self._beginnings[length] = self._hash.digest()
        self._hash.update(octets[done:])


def _before_blank_lines(text: bytes) -> int:
    """Where the CRLFs at the end of `text` begin."""
    if not text.endswith(b"\r\n"):
        return len(text)
    tail = len(text.rstrip(b"\r\n"))
    broken = max(text.rfind(b"\n\n", tail), text.rfind(b"\r\r", tail))
    start = tail if broken < 0 else broken + 1
    return start + 1 if text[start] == 0x0A else start  # an LF without CR belongs to what is before
