"""Content-Transfer-Encoding, both ways, and which one suits given octets.

RFC 2045 §6 (7bit, 8bit, binary), §6.7 (quoted-printable), §6.8 (base64). Decoding takes everything and says whether it had to guess;
nothing is hidden from who reads the decoded octets: base64 goes on after padding. Not here: uuencode, and what the octets mean.
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

from postroom.wire.dots import is_canonical, only_crlf

LONGEST_LINE = 998  # octets without CRLF, RFC 5322 §2.1.1
_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_WHITE = b" \t\r\n"
_DIGITS = re.compile(rb"[^=]++")
_BLOCK = 1 << 13  # octets of quoted-printable that are taken apart into lines at once
_NEEDS_QUOTING = bytes(set(range(256)) - set(range(0x20, 0x7F)) - set(b"\t\r\n")) + b"="


class Decoded(NamedTuple):
    """The octets, and whether the encoding was broken or unknown."""

    octets: bytes
    problem: bool = False


class Encoded(NamedTuple):
    """What goes into Content-Transfer-Encoding, and the body, with CRLF line ends where it has lines."""

    encoding: str
    body: bytes


def decode(body: bytes, encoding: str, limit: int | None = None) -> Decoded:
    """The content of an encoded body, at most about `limit` octets of it where given; never raises. An unknown encoding is left as it is."""
    if limit is not None and len(body) > 2 * limit:
        body = body[: 3 * limit] if encoding == "quoted-printable" else body[: 2 * limit]
    if encoding == "base64":
        decoded = _from_base64(body)
    elif encoding == "quoted-printable":
        decoded = Decoded(_from_quoted_printable(body))
    else:
        decoded = Decoded(body, encoding not in {"7bit", "8bit", "binary"})
    return decoded if limit is None else Decoded(decoded.octets[:limit], decoded.problem)


def _from_base64(body: bytes) -> Decoded:
    """Other characters are left out; what is padded is decoded piece by piece; a last single digit is dropped."""
    digits = body.translate(None, _WHITE)
    clean = digits.translate(None, _NOT_BASE64)
    problem = len(clean) != len(digits)
    pad = clean.find(b"=")
    if pad < 0 or (len(clean) % 4 == 0 and clean[pad:] in {b"=", b"=="}):
        whole = clean if len(clean) % 4 == 0 else _padded(clean)
        return Decoded(binascii.a2b_base64(whole), problem or whole is not clean)
    octets = bytearray()  # not a list of millions of pieces: each would take fifty octets
    for piece in _DIGITS.finditer(clean):
        octets += binascii.a2b_base64(_padded(piece[0]))
    return Decoded(bytes(octets), problem=True)


def _padded(digits: bytes) -> bytes:
    digits = digits.rstrip(b"=")
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return digits + b"=" * (-len(digits) % 4)


def _from_quoted_printable(body: bytes) -> bytes:
    """White space at the end of a line is not part of it (RFC 2045 §6.7 (3)); a wrong `=xx` stays as it is (its note (2))."""
    if b"==" in body:  # of which a2b_qp would keep one
        body = body.replace(b"==", b"=3D=3D")
    if (
        b" \r\n" in body
        or b"\t\r\n" in body
        or b" \n" in body
        or b"\t\n" in body
        or body[-1:] in {b" ", b"\t"}
    ):
        return _trimmed_blocks(body)
    return binascii.a2b_qp(body)


def _trimmed_blocks(body: bytes) -> bytes:
    octets = bytearray()
    at = 0
    while at < len(body):
        end = body.find(b"\n", at + _BLOCK) + 1 or len(body)
        octets += binascii.a2b_qp(b"\n".join([_trimmed(line) for line in body[at:end].split(b"\n")]))
        at = end
    return bytes(octets)


def _trimmed(line: bytes) -> bytes:
    return line[:-1].rstrip(b" \t") + b"\r" if line.endswith(b"\r") else line.rstrip(b" \t")


def encode_base64(octets: bytes) -> bytes:
    """Lines of 76 characters, the last one ended too."""
    digits = binascii.b2a_base64(octets, newline=False)
    return b"".join([digits[at : at + 76] + b"\r\n" for at in range(0, len(digits), 76)])


def encode_quoted_printable(text: bytes) -> bytes:
    """Text with CRLF line ends, any other octet quoted; lines of at most 76 characters.

    Besides what RFC 2045 §6.7 asks, a leading `From ` and a lone dot are quoted, which some relays would change.
    """
    return b"\r\n".join([_quoted_line(line) for line in text.split(b"\r\n")])


def _quoted_line(line: bytes) -> bytes:
    quoted = binascii.b2a_qp(line, istext=False).replace(b"=\r\n", b"").replace(b"=\n", b"")
    if quoted.startswith(b"From "):
        quoted = b"=46" + quoted[1:]
    elif quoted.startswith(b"."):
        quoted = b"=2E" + quoted[1:]
    return _folded(quoted)


def _folded(quoted: bytes) -> bytes:
    """Soft line breaks (RFC 2045 §6.7 rule 5): our own, since b2a_qp makes a line of 77 when LF is what follows the break."""
    pieces, at = [], 0
    while len(quoted) - at > 76:
        end = at + 75
        escape = quoted.find(b"=", end - 2, end)
        end = end if escape < 0 else escape
        pieces.append(quoted[at:end])
        at = end
    return b"=\r\n".join([*pieces, quoted[at:]])


def is_lines(octets: bytes) -> bool:
    """Whether these are lines as 7bit and 8bit have them (RFC 2045 §2.7, §2.8): CRLF at each end and nowhere else a half of it, no NUL, none too long."""
    return is_canonical(octets) and not _has_long_line(octets)


def _has_long_line(octets: bytes) -> bool:
    """Whether a line is longer than RFC 5322 §2.1.1 allows.

    It goes from one line end to the last one within reach: a pattern that is tried at each octet costs the square of the lines' length.
    """
    at, reach = 0, LONGEST_LINE + 2
    while len(octets) - at >= reach:
        end = octets.rfind(b"\n", at, at + reach)
        if end < 0:
            return True
        at = end + 1
    return octets.find(b"\n", at) < 0 and len(octets) - at > LONGEST_LINE


def encode(octets: bytes, *, text: bool, eight_bit: bool = False) -> Encoded:
    """The shortest encoding that is safe on any path; `eight_bit` where the path takes 8BITMIME (RFC 6152).

    Text has its line ends made CRLF. Anything else goes as base64 unless it is already lines that 7bit can carry unchanged.
    """
    body = only_crlf(octets) if text else octets
    lines_fit = is_lines(body)
    if lines_fit and body.isascii() and not _fragile(body):
        return Encoded("7bit", body)
    if lines_fit and eight_bit and text:
        return Encoded("8bit", body)
    special = len(body) - len(body.translate(None, _NEEDS_QUOTING))
    if text and len(body) + 2 * special <= len(body) * 4 // 3 + 4:
        return Encoded("quoted-printable", encode_quoted_printable(body))
    return Encoded("base64", encode_base64(body))


def _fragile(body: bytes) -> bool:
    """Whether a relay might change a line: `From ` at its start."""
    return body.startswith(b"From ") or b"\nFrom " in body
