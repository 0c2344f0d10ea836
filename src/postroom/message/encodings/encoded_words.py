"""Encoded-words in header values, both ways.

RFC 2047 §2 to §6, RFC 2231 §5 (language suffix). Words are decoded only where §5 allows them: between white space, the ends, and the
parentheses of a comment. The caller knows where they may not stand: in an addr-spec and in a quoted-string they never reach this module.
"""

from __future__ import annotations

import binascii
import re

from postroom.message.encodings import charset as charsets

MAX_DECODED = 65536  # characters of one field that are looked at; the rest stays as it is
MAX_WORD = 75  # RFC 2047 §2: characters of an encoded-word that we make
MIN_FIRST = 24  # less room than this for the first word does not hold every character
_FRAME = len("=?utf-8?b??=")

_WORD = re.compile(r"(?<![^\s(])=\?([!->@-~]{1,75}+)\?([bBqQ])\?([!->@-~]*+)\?=(?![^\s)])")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*+={0,3}+")
_Q_SAFE = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
)  # RFC 2047 §5 (3): safe in a phrase too


def decode(text: str, limit: int = MAX_DECODED) -> str:
    """The text with its encoded-words decoded and the white space between two of them dropped (§6.2); control characters visible."""
    if "=?" not in text:
        return charsets.visible(text)
    head, tail = (text, "") if len(text) <= limit else (text[:limit], text[limit:])
    pieces: list[str] = []
    run: list[tuple[str, bytes]] = []  # adjacent words not decoded yet: (charset, octets)
    at = 0
    for match in _WORD.finditer(head):
        octets = _octets(match[2], match[3])
        charset = match[1].partition("*")[0]
        if octets is None or charsets.codec(charset) is None:
            continue
        between = head[at : match.start()]
        if not run or not between.isspace():
            pieces += (_text(run), between)
            run = []
        run.append((charset, octets))
        at = match.end()
    pieces += (_text(run), head[at:], tail)
    return charsets.visible("".join(pieces))


def _octets(encoding: str, encoded: str) -> bytes | None:
    if encoding in "qQ":
        return binascii.a2b_qp(encoded, header=True)
    if not _BASE64.fullmatch(encoded):
        return None
    encoded = encoded.rstrip("=")
    if len(encoded) % 4 == 1:
        encoded = encoded[:-1]
    return binascii.a2b_base64(encoded + "=" * (-len(encoded) % 4))


def _text(run: list[tuple[str, bytes]]) -> str:
    """Decodes adjacent words; those of one charset together, since some senders split characters between words."""
    pieces: list[str] = []
    at = 0
    while at < len(run):
        charset = run[at][0].lower()
        until = at
        while until < len(run) and run[until][0].lower() == charset:
            until += 1
        pieces.append(charsets.decode(b"".join([octets for _, octets in run[at:until]]), charset).text)
        at = until
    return "".join(pieces)


def encode(text: str, first: int = MAX_WORD) -> list[str]:
    """The text as encoded-words in UTF-8, B or Q, whichever is shorter, each of at most 75 characters and with whole characters only.

    `first` is how many characters the first word may take. Joined by spaces or folds (CRLF SP) they give back the text.
    """
    octets = text.encode("utf-8", "replace")
    as_base64 = (len(octets) + 2) // 3 * 4 < len(_q(octets))
    chunks = _chunks(text, as_base64=as_base64, first=max(first, MIN_FIRST) - _FRAME)
    return [f"=?utf-8?b?{_b(chunk)}?=" if as_base64 else f"=?utf-8?q?{_q(chunk)}?=" for chunk in chunks]


def _chunks(text: str, *, as_base64: bool, first: int) -> list[bytes]:
    chunks: list[bytes] = []
    chunk = bytearray()
    cost = 0
    room = first
    for char in text:
        octets = char.encode("utf-8", "replace")
        added = len(octets) if as_base64 else len(_q(octets))
        full = (cost + added + 2) // 3 * 4 > room if as_base64 else cost + added > room
        if full and chunk:
            chunks.append(bytes(chunk))
            chunk, cost, room = bytearray(), 0, MAX_WORD - _FRAME
        chunk += octets
        cost += added
    return [*chunks, bytes(chunk)] if chunk else chunks


def _b(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode("ascii")


def _q(octets: bytes) -> str:
    return "".join(
        [chr(octet) if octet in _Q_SAFE else "_" if octet == 0x20 else f"={octet:02X}" for octet in octets]
    )
