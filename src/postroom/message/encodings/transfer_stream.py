"""Content-Transfer-Encoding undone piece by piece, for contents that are too long for the memory.

RFC 2045 §6.7 and §6.8. What comes out is what `message.encodings.transfer` makes of the whole, however the pieces are cut; a line of quoted-printable without
end is kept up to a limit. Not here: encoding.
"""

from __future__ import annotations

import binascii
from typing import Final, Protocol

from postroom.message.encodings import transfer
from postroom.wire.dots import only_crlf

MAX_LINE: Final = 1 << 16  # octets of a line of quoted-printable that are kept while its end has not come
_NOT_BASE64: Final = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)


class Decoder(Protocol):
    """`feed` gives what is certain of the content, `finish` the rest."""

    def feed(self, piece: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


class Identity:
    """7bit, 8bit, binary."""

    def feed(self, piece: bytes) -> bytes:
        """The piece."""
        return piece

    def finish(self) -> bytes:
        """Nothing."""
        return b""


class Base64:
    """Other characters are left out; what is padded ends there, and what follows begins anew."""

    def __init__(self) -> None:
        self._digits = b""

    def feed(self, piece: bytes) -> bytes:
        """The octets of all whole groups of four digits."""
        clean = piece.translate(None, _NOT_BASE64)
        *ended, last = (self._digits + clean).split(b"=")
        whole = len(last) - len(last) % 4
        self._digits = last[whole:]
        found = [_group(digits) for digits in ended if digits]
        return b"".join([*found, binascii.a2b_base64(last[:whole])])

    def finish(self) -> bytes:
        """What is left over; a single digit is nothing."""
        return _group(self._digits)


def _group(digits: bytes) -> bytes:
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


class QuotedPrintable:
    """Line by line."""

    def __init__(self) -> None:
        self._kept = b""

    def feed(self, piece: bytes) -> bytes:
        """All lines that have ended, and the sure beginning of one that is very long."""
        data = self._kept + piece
        cut = data.rfind(b"\n") + 1
        if len(data) - cut > MAX_LINE:
            end = max(
                cut, len(data[cut:].rstrip(b" \t\r")) + cut
            )  # white space is kept or dropped by what follows
            escape = data.find(b"=", max(cut, end - 3), end)
            # of several signs in a row only the first tells which belong together
            sure = end if escape < 0 else len(data[cut : escape + 1].rstrip(b"=")) + cut
            cut = sure if sure > cut or len(data) - cut <= 2 * MAX_LINE else len(data)
        self._kept = data[cut:]
        return transfer.decode(data[:cut], "quoted-printable").octets if cut else b""

    def finish(self) -> bytes:
        """The line that did not end."""
        return transfer.decode(self._kept, "quoted-printable").octets


class LineEnds:
    """Every line end, CR and LF alone included, becomes CRLF."""

    def __init__(self, within: Decoder) -> None:
        self._within = within
        self._cr = b""

    def feed(self, piece: bytes) -> bytes:
        """What is certain."""
        return self._converted(self._within.feed(piece))

    def _converted(self, octets: bytes) -> bytes:
        data = self._cr + octets
        self._cr = b"\r" if data.endswith(b"\r") else b""
        return only_crlf(data[: len(data) - len(self._cr)])

    def finish(self) -> bytes:
        """The rest."""
        rest = self._converted(self._within.finish())
        return rest + only_crlf(self._cr)


def decoder(encoding: str) -> Decoder:
    """For `base64` and `quoted-printable`; with any other encoding octets stay as they are."""
    return (
        Base64()
        if encoding == "base64"
        else QuotedPrintable()
        if encoding == "quoted-printable"
        else Identity()
    )
